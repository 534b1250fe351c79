//! The table of scenarios: how the pool is prepared, what is declared, what has to come of it.

/// What has to become of a root. A reason that ends in … has to begin so.
#[derive(Debug)]
pub enum End {
    /// It is blank; so many newer snapshots went with it.
    RolledBack(usize),
    /// Left alone, as it should be, for this reason.
    Skipped(&'static str),
    /// Not touched, for this reason.
    Refused(&'static str),
    /// Not touched, because the configuration is wrong in this way.
    Misdeclared(&'static str),
    /// Tried, and the kernel did nothing, for this reason.
    Failed(&'static str),
}

/// One scenario, written in the functions of guest.sh.
#[derive(Debug)]
pub struct Scenario {
    pub name: &'static str,
    /// What is done to a fresh pool.
    pub prepare: &'static str,
    /// What is declared; empty for the root of the fresh pool.
    pub config: &'static str,
    /// Shows what must not change when nothing is rolled back.
    pub look: &'static str,
    /// The exit status of the boot step.
    pub status: i32,
    /// One end for each declared root.
    pub ends: &'static [End],
}

const PLAIN: Scenario = Scenario {
    name: "a root that was written to",
    prepare: "",
    config: "",
    look: "holds rpool/local/root",
    status: 0,
    ends: &[End::RolledBack(0)],
};

const HELD: &str = "rpool/local/root@z1 is newer than the blank and held; release it with `zfs release 'it'\\''s mine' rpool/local/root@z1`";
const CLONED: &str = "rpool/local/root@a0 is newer than the blank and rpool/clone is cloned from it; destroy the clone, or `zfs promote rpool/clone`";
const MOUNTED: &str =
    "rpool/local/root is mounted on /run/mounted; unmount it, or order this step before its mount";
const MISSING: &str = "there is no snapshot rpool/local/root@blank; make it with `zfs snapshot rpool/local/root@blank` while the root is empty";

pub const SCENARIOS: &[Scenario] = &[
    PLAIN,
    Scenario { name: "1 newer snapshot", prepare: "newer 1", ends: &[End::RolledBack(1)], ..PLAIN },
    Scenario {
        name: "20 newer snapshots",
        prepare: "newer 20",
        ends: &[End::RolledBack(20)],
        ..PLAIN
    },
    Scenario {
        name: "100 newer snapshots",
        prepare: "newer 100",
        ends: &[End::RolledBack(100)],
        ..PLAIN
    },
    Scenario {
        name: "older snapshots with names behind the blank's",
        prepare: "zfs destroy rpool/local/root@blank; zfs snapshot rpool/local/root@zz; zfs snapshot rpool/local/root@blank; newer 2; zfs rollback -r rpool/local/root@older; zfs snapshot rpool/local/root@zz; zfs snapshot rpool/local/root@blank; newer 2",
        ends: &[End::RolledBack(2)],
        ..PLAIN
    },
    Scenario {
        name: "the blank is missing",
        prepare: "zfs destroy rpool/local/root@blank",
        status: 1,
        ends: &[End::Refused(MISSING)],
        ..PLAIN
    },
    Scenario {
        name: "the blank is pinned",
        config: "root / rpool/local/root blank; echo snapshot-guid = \\\"$(zfs get -H -p -o value guid rpool/local/root@blank)\\\"",
        ..PLAIN
    },
    Scenario {
        name: "the blank was made again under its name",
        prepare: "zfs get -H -p -o value guid rpool/local/root@blank >/run/guid; zfs destroy rpool/local/root@blank; zfs snapshot rpool/local/root@blank",
        config: "root / rpool/local/root blank; echo snapshot-guid = \\\"$(cat /run/guid)\\\"",
        status: 1,
        ends: &[End::Refused("rpool/local/root@blank has the guid …")],
        ..PLAIN
    },
    Scenario {
        name: "mounted",
        prepare: "mkdir -p /run/mounted; mount -t zfs rpool/local/root /run/mounted",
        look: "ls -A /run/mounted",
        status: 1,
        ends: &[End::Refused(MOUNTED)],
        ..PLAIN
    },
    Scenario {
        name: "mounted in another mount namespace",
        prepare: "unshare -m sh -c 'mkdir -p /run/t; mount -t zfs rpool/local/root /run/t; touch /run/there; sleep 100000' >/dev/null 2>&1 & while ! [ -e /run/there ]; do usleep 10000; done; rm /run/there",
        look: "true",
        status: 1,
        ends: &[End::Failed(
            "nothing was done, because rpool/local/root cannot be rolled back: it is busy: held (`zfs holds`), or mounted (look for it in /proc/*/mountinfo)",
        )],
        ..PLAIN
    },
    Scenario {
        name: "newer-snapshots = refuse",
        prepare: "newer 2",
        config: "root / rpool/local/root blank; echo 'newer-snapshots = \"refuse\"'",
        status: 1,
        ends: &[End::Refused(
            "2 snapshots of rpool/local/root are newer than the blank, rpool/local/root@a0 the first of them, and newer-snapshots is \"refuse\"; destroy them, or write newer-snapshots = \"destroy\"",
        )],
        ..PLAIN
    },
    Scenario {
        name: "newer-snapshots = refuse, and there are none",
        config: "root / rpool/local/root blank; echo 'newer-snapshots = \"refuse\"'",
        ..PLAIN
    },
    Scenario {
        name: "a newer snapshot is held, and on-failure is emergency",
        prepare: "newer 2; zfs hold \"it's mine\" rpool/local/root@z1",
        config: "root / rpool/local/root blank; echo 'on-failure = \"emergency\"'",
        status: 2,
        ends: &[End::Refused(HELD)],
        ..PLAIN
    },
    Scenario {
        name: "the blank is held",
        prepare: "zfs hold keep rpool/local/root@blank",
        ..PLAIN
    },
    Scenario {
        name: "a newer snapshot is cloned",
        prepare: "newer 2; zfs clone rpool/local/root@a0 rpool/clone",
        status: 1,
        ends: &[End::Refused(CLONED)],
        ..PLAIN
    },
    Scenario {
        name: "the blank is cloned",
        prepare: "zfs clone rpool/local/root@blank rpool/clone; newer 1",
        ends: &[End::RolledBack(1)],
        ..PLAIN
    },
    Scenario {
        name: "bookmarks, and newer snapshots: what no check shows",
        prepare: "newer 2; zfs bookmark rpool/local/root@a0 rpool/local/root#mark",
        status: 1,
        ends: &[End::Refused(
            "rpool/local/root#mark is a bookmark and may be newer than the blank, which stops a rollback; destroy it with `zfs destroy rpool/local/root#mark`",
        )],
        ..PLAIN
    },
    Scenario {
        name: "a bookmark newer than the blank and no newer snapshot",
        prepare: "newer 1; zfs bookmark rpool/local/root@a0 rpool/local/root#mark; zfs destroy rpool/local/root@a0",
        status: 1,
        ends: &[End::Failed(
            "nothing was done, because rpool/local/root has a bookmark newer than the blank; destroy it: `zfs destroy rpool/local/root#mark`",
        )],
        ..PLAIN
    },
    Scenario {
        name: "a bookmark older than the blank",
        prepare: "zfs bookmark rpool/local/root@older rpool/local/root#mark",
        ..PLAIN
    },
    Scenario {
        name: "datasets below the root are not the root",
        prepare: "dataset rpool/local/root/child; write rpool/local/root/child kept; zfs snapshot rpool/local/root/child@blank; write rpool/local/root/child kept2; zfs snapshot -r rpool/local/root@all; zfs snapshot rpool/local/root/child@last; write rpool/local/root/child live",
        ends: &[End::RolledBack(1)],
        ..PLAIN
    },
    Scenario {
        name: "encrypted, with its key",
        prepare: "zfs destroy -r rpool/local/root; encrypted; newer 2",
        ends: &[End::RolledBack(2)],
        ..PLAIN
    },
    Scenario {
        name: "encrypted, without its key",
        prepare: "zfs destroy -r rpool/local/root; encrypted; newer 2; zfs unload-key rpool/local/root",
        look: "true",
        ends: &[End::RolledBack(2)],
        ..PLAIN
    },
    Scenario {
        name: "a volume",
        prepare: "zfs create -V 8M rpool/volume; zfs snapshot rpool/volume@blank",
        config: "root / rpool/volume blank",
        status: 2,
        ends: &[End::Misdeclared("rpool/volume is a volume, not a file system; mend root.dataset")],
        ..PLAIN
    },
    Scenario {
        name: "no such dataset",
        config: "root / rpool/local/rot blank",
        status: 2,
        ends: &[End::Misdeclared(
            "there is no dataset rpool/local/rot; see `zfs list` for the name of the root, and mend root.dataset",
        )],
        ..PLAIN
    },
    Scenario {
        name: "no such pool",
        config: "root / tank/local/root blank",
        status: 1,
        ends: &[End::Refused(
            "cannot ask the pool tank: it is not imported; import it, or mend root.dataset",
        )],
        ..PLAIN
    },
    Scenario {
        name: "a read-only pool",
        prepare: "zpool export rpool; zpool import -N -o readonly=on -d /dev rpool",
        status: 1,
        ends: &[End::Refused(
            "cannot ask the pool rpool: it is imported read-only; import it without readonly=on",
        )],
        ..PLAIN
    },
    Scenario {
        name: "two roots in one pool",
        prepare: "newer 2",
        config: "root / rpool/local/root blank; root /tmp rpool/local/root2 blank",
        ends: &[End::RolledBack(2), End::RolledBack(1)],
        ..PLAIN
    },
    Scenario {
        name: "two roots in one pool, one of them refused",
        prepare: "newer 2; zfs hold keep rpool/local/root2@newer",
        config: "root / rpool/local/root blank; root /tmp rpool/local/root2 blank",
        status: 1,
        ends: &[
            End::Refused(
                "rpool/local/root2 in the same pool is not rolled back, and a pool is rolled back whole or not at all",
            ),
            End::Refused(
                "rpool/local/root2@newer is newer than the blank and held; release it with `zfs release 'keep' rpool/local/root2@newer`",
            ),
        ],
        ..PLAIN
    },
    Scenario {
        name: "two pools, the name of one a prefix of the other's",
        prepare: "pool rpool2 /dev/vdb1; newer 2",
        ends: &[End::RolledBack(2)],
        ..PLAIN
    },
    Scenario {
        name: "two pools, one of them refuses",
        prepare: "pool rpool2 /dev/vdb1; zfs destroy rpool2/local/root@blank",
        config: "root / rpool/local/root blank; root /tmp rpool2/local/root blank",
        status: 1,
        ends: &[
            End::RolledBack(0),
            End::Refused(
                "there is no snapshot rpool2/local/root@blank; make it with `zfs snapshot rpool2/local/root@blank` while the root is empty",
            ),
        ],
        ..PLAIN
    },
    Scenario {
        name: "a dataset with every legal odd character",
        prepare: "zfs create \"rpool/a b-C_9.d:e\"; dataset \"rpool/a b-C_9.d:e/...\"; zfs snapshot \"rpool/a b-C_9.d:e/...@x y-Z_0.:\"; write \"rpool/a b-C_9.d:e/...\" darling; zfs snapshot \"rpool/a b-C_9.d:e/...@ newer\"",
        config: "root / 'rpool/a b-C_9.d:e/...' 'x y-Z_0.:'",
        look: "holds 'rpool/a b-C_9.d:e/...'",
        ends: &[End::RolledBack(1)],
        ..PLAIN
    },
    Scenario {
        name: "the kernel parameter says no",
        prepare: "newer 2; cmdline quiet blankslate.rollback=no",
        ends: &[End::Skipped("blankslate.rollback=no is on the kernel's command line")],
        ..PLAIN
    },
    Scenario {
        name: "the kernel parameter says something else",
        prepare: "cmdline blankslate.rollback=perhaps",
        status: 1,
        ends: &[End::Refused(
            "blankslate.rollback=perhaps is on the kernel's command line and is not understood; write blankslate.rollback=no or =yes",
        )],
        ..PLAIN
    },
    Scenario {
        name: "the kernel parameter about adopting says something else",
        prepare: "cmdline blankslate.adopt=",
        status: 1,
        ends: &[End::Refused(
            "blankslate.adopt= is on the kernel's command line and is not understood; write blankslate.adopt=no or =yes",
        )],
        ..PLAIN
    },
    Scenario {
        name: "a hibernated system waits",
        prepare: "dd if=/dev/zero of=/run/swap bs=4086 count=1 2>/dev/null; printf 'S1SUSPEND\\0' >>/run/swap; cmdline resume=/run/swap",
        status: 1,
        ends: &[End::Refused(
            "a hibernated system may be waiting: an image lies on /run/swap; resume it, or boot once with noresume",
        )],
        ..PLAIN
    },
    Scenario {
        name: "it cannot be told whether a hibernated system waits",
        prepare: "cmdline resume=UUID=none",
        status: 1,
        ends: &[End::Refused(
            "a hibernated system may be waiting: cannot look for an image on /dev/disk/by-uuid/none: No such file or directory (os error 2); resume it, or boot once with noresume",
        )],
        ..PLAIN
    },
    Scenario {
        name: "an empty swap device is named for resuming",
        prepare: "dd if=/dev/zero of=/run/swap bs=4086 count=1 2>/dev/null; printf 'SWAPSPACE2' >>/run/swap; cmdline resume=/run/swap",
        ..PLAIN
    },
];
