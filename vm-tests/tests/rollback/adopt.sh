
# Runs in the guest: what is declared and lies only on a root.

# The store of the fresh pool, or another; more keys may follow as arguments.
store() {
    printf '\n[[store]]\npath = "%s"\ndevice = "%s"\nfs = "zfs"\n' "${1:-/persist}" "${2:-rpool/safe/persist}"
    shift $(($# < 2 ? $# : 2))
    [ $# = 0 ] || printf '%s\n' "$@"
}

entry() { printf '\n[[store.entry]]\ntarget = "%s"\nkind = "%s"\n' "$1" "${2:-directory}"; }

# Mounts a dataset, runs the rest in it, unmounts it.
in_dataset() {
    local dataset=$1
    shift
    mkdir -p /run/d
    mount -t zfs "$dataset" /run/d
    (cd /run/d && "$@")
    umount /run/d
}

on_root() { in_dataset rpool/local/root "$@"; }
in_store() { in_dataset rpool/safe/persist "$@"; }

# A tree with everything that a copy can lose.
grow() {
    mkdir -p "$1/sub/deeper"
    echo plain >"$1/plain"
    chown 70:71 "$1/plain"
    chmod 4751 "$1/plain"
    setfattr -n user.note -v kept "$1/plain"
    ln "$1/plain" "$1/sub/hard"
    ln -s ../plain "$1/sub/soft"
    ln -s /nowhere "$1/dangling"
    echo odd >"$1/$(printf 'caf\351\n\001')"
    mknod "$1/null" c 1 3
    mkfifo "$1/fifo"
    truncate -s 30M "$1/sparse"
    echo end | dd of="$1/sparse" bs=1 seek=20000000 conv=notrunc 2>/dev/null
    head -c "${2:-300000}" /dev/urandom >"$1/sub/data"
    touch -h -d '2001-02-03 04:05:06' "$1/dangling"
    # Every time is set: a write that is replayed from the intent log has the time of the replay.
    touch -d '2002-02-03 04:05:06' "$1/plain" "$1/sub/data" "$1/null" "$1/sparse" "$1"/caf*
    chown -h 80:81 "$1/dangling" "$1/sub"
    chmod 2770 "$1/sub"
    setfattr -n trusted.note -v kept "$1/sub"
    touch -d '2003-02-03 04:05:06' "$1/sub" "$1"
}

# Names, types, modes, owners, links, devices, times, attributes and contents of a tree, and how much
# its holes save.
describe() {
    (
        cd "$1"
        find . -print0 | sort -z | xargs -0 stat -c '%n %F %a %u %g %h %t,%T %y %N'
        find . -print0 | sort -z | xargs -0 getfattr -h -d -m - -e hex
        find . -type f -print0 | sort -z | xargs -0 sha256sum
        [ ! -e sparse ] || echo "holes $(($(stat -c %b sparse) < 2000))"
    ) | cat -v
}

# All paths of a dataset.
paths() { in_dataset "$1" find . | sort; }

# Puts the entries in place as the initrd does, runs the rest there, and unmounts everything again.
placed() {
    rm -f /run/blankslate/persist.json
    mkdir -p /run/r
    mount -t zfs rpool/local/root /run/r
    mkdir -p /run/r/persist
    mount -t zfs rpool/safe/persist /run/r/persist
    /bin/blankslate-initrd persist --config /run/config.toml --root /run/r
    (cd /run/r && "$@")
    grep -o ' /run/r[^ ]*' /proc/mounts | sort -r | xargs -n 1 umount
}
