# Runs in the guest: pools, what is in them, and the boot step.
export ZPOOL_IMPORT_UDEV_TIMEOUT_MS=0

# A fresh pool: a root with its blank, written to since; beside it what must not change, written to
# since its last snapshot too: a rollback of it to any of them would show.
fresh() {
    for pool in $(zpool list -H -o name); do remove_pool "$pool"; done
    rm -rf /run/blankslate
    pool rpool /dev/vda1
}

# A mount namespace that has just gone may hold a dataset for a moment more.
remove_pool() {
    local i=0
    until zpool destroy -f "$1" || zpool export "$1"; do
        i=$((i + 1))
        [ $i -lt 300 ]
        usleep 100000
    done
}

# Waits until no mount namespace has a dataset any more, if that comes.
let_go() {
    local i=0
    while [ $i -lt 3000 ] && grep -q ' - zfs ' /proc/[0-9]*/mountinfo 2>/dev/null; do
        i=$((i + 1))
        usleep 10000
    done
}

pool() {
    local name=$1
    # Nothing but a write changes what `written` says: listing a mounted root would.
    zpool create -f -O mountpoint=none -O atime=off "$@"
    zfs create "$name/local"
    zfs create "$name/safe"
    dataset "$name/local/root"
    zfs snapshot "$name/local/root@older"
    zfs snapshot "$name/local/root@blank"
    write "$name/local/root" darling
    # Its name begins like the root's, and it has a snapshot newer than its own blank.
    dataset "$name/local/root2"
    zfs snapshot "$name/local/root2@blank"
    write "$name/local/root2" kept
    zfs snapshot "$name/local/root2@newer"
    write "$name/local/root2" live
    dataset "$name/safe/persist"
    write "$name/safe/persist" kept
    zfs snapshot "$name/safe/persist@kept"
    write "$name/safe/persist" live
}

dataset() { zfs create -o mountpoint=legacy "$@"; }

# Writes a file into a dataset that is not mounted.
write() {
    mkdir -p /run/t
    mount -t zfs "$1" /run/t
    echo "$2" >"/run/t/$2"
    umount /run/t
}

# A root that is encrypted, and its blank.
encrypted() {
    echo password >/run/key
    dataset -o encryption=on -o keyformat=passphrase -o keylocation=file:///run/key rpool/local/root
    zfs snapshot rpool/local/root@blank
}

# The newer snapshots of a root: their names sort before and after the blank's.
newer() {
    local i=0
    while [ $i -lt "$1" ]; do
        [ $i -gt 2 ] || write rpool/local/root "darling$i"
        if [ $((i % 2)) = 0 ]; then zfs snapshot "rpool/local/root@a$i"; else zfs snapshot "rpool/local/root@z$i"; fi
        i=$((i + 1))
    done
}

# Everything in every pool, a line each: name, guid, transaction group, what was written since the
# snapshot before; for every snapshot of what is not rolled back, what it would send; and for every
# file system beside the root that can be mounted, the files it holds now.
witness() {
    zfs list -H -p -t all -o name,guid,createtxg,written | sort
    zfs list -H -t snapshot -o name | grep -v '^rpool/local/root@' | sort | while read -r snapshot; do
        echo "$snapshot sends $(zfs send -w "$snapshot" | sha256sum)"
    done
    mkdir -p /run/w
    zfs list -H -t filesystem -o mountpoint,mounted,keystatus,name | sort | while read -r at mounted key name; do
        case "$at $mounted $key" in "legacy no -" | "legacy no available") ;; *) continue ;; esac
        [ "$name" != rpool/local/root ] || continue
        mount -t zfs -o ro "$name" /run/w
        printf '%s\tlive\t%s\n' "$name" "$(cd /run/w && find . -type f | sort | xargs -r sha256sum | sha256sum)"
        umount /run/w
    done
}

# What a root holds now.
holds() {
    mkdir -p /run/t
    if [ "$(zfs get -H -o value keystatus "$1")" = unavailable ]; then zfs load-key "$1"; fi
    mount -t zfs -o ro "$1" /run/t
    ls -A /run/t
    umount /run/t
}

root() {
    printf '\n[[root]]\nmount = "%s"\nkind = "zfs"\ndataset = "%s"\nsnapshot = "%s"\n' "$1" "$2" "$3"
}

# Says something else than the kernel's command line, for the programs in this guest.
cmdline() {
    echo "$*" >/run/cmdline
    mount --bind /run/cmdline /proc/cmdline
}
