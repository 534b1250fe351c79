#!/bin/bash
# Starts inside.sh in namespaces and a control group of its own, and takes the group away afterwards: two
# systemds in one group would take each other's services for leftovers.
#
# run.sh TOP, in a mount namespace of its own. Ends when the machine inside does, at the latest after two
# minutes.
set -euo pipefail
top=$1

mkdir "$top/groups"
mount --make-rprivate /
mount -t cgroup2 cgroup2 "$top/groups"
group=$top/groups/blankslate-test-$BASHPID
mkdir "$group"
trap 'find "$group" -depth -type d -exec rmdir {} +' EXIT

(
  echo "$BASHPID" >"$group/cgroup.procs"
  exec timeout --signal=KILL 120 unshare --mount --pid --fork --cgroup --uts --ipc --net --kill-child \
    "${BASH_SOURCE[0]%/*}/inside.sh" "$top"
) || true
