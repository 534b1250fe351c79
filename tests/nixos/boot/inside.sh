#!/bin/bash
# Becomes systemd as PID 1 of an initrd, or of a host if there is a file TOP/host, in namespaces that
# `unshare` has just made: a root of its own in memory, the machine's /usr to read, and nothing else of
# the machine.
#
# inside.sh TOP: TOP/units goes into /etc/systemd/system, TOP/bin into /opt; programs write what happens
# to TOP/log, which is /out/log for them.
set -euo pipefail
top=$1
root=$top/root

mount --make-rprivate /
mount -t tmpfs tmpfs "$root"
cd "$root"
mkdir -p dev etc/systemd/system old opt out proc run sys sysroot tmp usr var
mount --bind /usr usr
mount -o remount,bind,ro usr
mount --bind "$top" out
for directory in bin lib lib64 sbin; do
  ln -s "usr/$directory" "$directory"
done
cp -r "$top/bin/." opt
cp -r "$top/units/." etc/systemd/system

echo ID=test >etc/os-release
# The file by which systemd knows an initrd.
[[ -e $top/host ]] || cp etc/os-release etc/initrd-release
: >etc/machine-id
echo root:x:0:0::/root:/bin/sh >etc/passwd
echo root:x:0: >etc/group

mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs dev
for node in full null random urandom zero; do
  : >"dev/$node"
  mount --bind "/dev/$node" "dev/$node"
done
ln -s /proc/self/fd dev/fd

pivot_root . old
umount -l /old
exec env -i container=test PATH=/bin:/sbin \
  setpriv --bounding-set=-sys_module,-sys_rawio,-sys_time,-mknod,-syslog \
  /lib/systemd/systemd --log-target=journal --show-status=no </dev/null
