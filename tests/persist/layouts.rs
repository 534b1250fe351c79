//! Entries in one another, what lies around them, and what is in the way.

use blankslate::config::Config;
use blankslate::persist::observe::check_stores;
use blankslate::persist::record::Record;

use crate::fake::{FakeSys, ROOT, Tree, path};
use crate::setup::{config, ends, host, on_root, planned, run, writer};

/// Runs once on the host; returns the system, and what became of each entry.
pub fn placed(tree: Tree, config: &Config) -> (FakeSys, Vec<String>) {
    let mut sys = FakeSys::new(tree);
    let (turns, _) = run(&mut sys, config, &Record::default(), &host());
    (sys, ends(&turns))
}

#[test]
fn an_entry_inside_another_of_its_store_is_covered_and_its_source_is_made() {
    let mut tree = Tree::new(&["/persist"]);
    tree.file("/persist/a/x", ROOT, "x");
    let config = config(&[("/persist", &["dir bind /a/b/c user=svc", "dir bind /a"])]);
    let plans = planned(&FakeSys::new(tree.clone()), &config, &Record::default(), &host());
    assert_eq!(
        plans,
        "make the directory /a, owner 0:0, mode 0755; bind /persist/a on /a\nnothing, waits for /a"
    );
    let (sys, ends) = placed(tree, &config);
    assert_eq!(ends, ["/a done", "/a/b/c done"]);
    assert_eq!(sys.tree.mounts.len(), 1);
    let made = |at: &str| sys.tree.items()[&path(at)].meta.to_string();
    assert_eq!(made("/persist/a/b"), "owner 0:0, mode 0755");
    assert_eq!(made("/persist/a/b/c"), "owner 900:901, mode 0700");
    assert_eq!(sys.tree.text("/a/b/c").as_deref(), Some("directory"));
}

#[test]
fn an_entry_inside_another_of_another_store_is_mounted_over_it_when_that_is_in_place() {
    let mut tree = Tree::new(&["/persist", "/big"]);
    tree.file("/persist/a/x", ROOT, "x");
    tree.file("/big/a/b/y", ROOT, "y");
    let config = config(&[("/persist", &["dir bind /a"]), ("/big", &["dir bind /a/b"])]);
    let (sys, ends) = placed(tree, &config);
    assert_eq!(ends, ["/a done", "/a/b done"]);
    assert_eq!(sys.tree.text("/a/x").as_deref(), Some("x"));
    assert_eq!(sys.tree.text("/a/b/y").as_deref(), Some("y"));
    // What the inner one is mounted on lies in the outer one's store.
    assert_eq!(sys.tree.items()[&path("/persist/a/b")].what, "directory");
}

/// Found by the property test: setting aside what is seen through it would rename it in the store.
#[test]
fn a_target_that_is_seen_through_its_store_already_is_left_alone_whoever_mounted_it() {
    let mut tree = Tree::new(&["/persist"]);
    tree.file("/persist/home/alice/diary/page", ROOT, "page");
    tree.dir("/home", ROOT);
    tree.mount("/persist/home", "/home");
    let before = tree.clone();
    let config = config(&[("/persist", &["dir bind /home/alice/diary", "dir bind /home/alice"])]);
    let (sys, ends) = placed(tree, &config);
    assert_eq!(ends, ["/home/alice unchanged", "/home/alice/diary unchanged"]);
    assert_eq!(sys.tree, before);
}

/// What systemd made for a service is the service's, also where the store holds nothing of it yet.
#[test]
fn who_or_what_stands_in_the_way_is_named_with_the_cure() {
    type Put = fn(&mut FakeSys);
    let table: [(&str, Put, &str); 6] = [
        (
            "dir bind /x user=nobody-there",
            |_| {},
            "there is no user nobody-there; mend user in line 4",
        ),
        (
            "dir bind /x group=nobody-there",
            |_| {},
            "there is no group nobody-there; mend group in line 4",
        ),
        (
            "dir bind /x",
            |sys| sys.writers = vec![(1, writer("/x/db", Some("db.service")))],
            "/x/db is open for writing by sqlited (pid 812) of db.service; run `systemctl stop \
             db.service` and then `blankslate apply`, or reboot: the next boot adopts it before the \
             root is rolled back",
        ),
        (
            "dir bind /x",
            |sys| sys.writers = vec![(2, writer("/x/db", None)), (2, writer("/x/log", None))],
            "/x/db is open for writing by sqlited (pid 812), and 1 more like it; end it and then \
             `blankslate apply`, or reboot: the next boot adopts it before the root is rolled back",
        ),
        (
            "dir bind /x",
            |sys| {
                sys.tree.file("/foreign/y", ROOT, "y");
                sys.tree.dir("/x/sub", ROOT);
                sys.tree.mount("/foreign", "/x/sub");
            },
            "/x/sub below it is a mount point, which it would cover; unmount that, or declare \
             /x/sub as well",
        ),
        (
            "dir bind /x/db",
            |sys| {
                sys.tree.dir("/elsewhere/db", ROOT);
                sys.tree.link("/x", "/elsewhere");
            },
            "/x is a symlink or no directory, and is not followed; declare the path that it leads to",
        ),
    ];
    for (entry, put, expected) in table {
        let mut tree = Tree::new(&["/persist"]);
        if !expected.starts_with("there is") {
            tree.file("/x/db", ROOT, "db");
        }
        let mut sys = FakeSys::new(tree);
        put(&mut sys);
        let before = sys.tree.state();
        let config = config(&[("/persist", &[entry])]);
        let (turns, _) = run(&mut sys, &config, &Record::default(), &host());
        let target = entry.split(' ').nth(2).unwrap();
        assert_eq!(ends(&turns), [format!("{target} refused: {expected}")]);
        assert_eq!(sys.tree.state().against(&before), [""; 0], "{entry}");
        // Only who came while it was copied is found out by the copy.
        let is_late = sys.writers.first().is_some_and(|(from, _)| *from == 2);
        let done =
            if is_late { vec!["stage /persist/x", "discard /persist/x"] } else { Vec::new() };
        assert_eq!(*sys.log.borrow(), done);
    }
}

#[test]
fn what_the_store_holds_already_is_not_covered_while_somebody_writes_to_it() {
    let mut tree = Tree::new(&["/persist"]);
    tree.file("/x/db", ROOT, "db");
    tree.file("/persist/x/db", ROOT, "db");
    let before = tree.clone();
    let mut sys = FakeSys::new(tree);
    sys.writers = vec![(1, writer("/x/db", None))];
    let config = config(&[("/persist", &["dir bind /x"])]);
    let (turns, _) = run(&mut sys, &config, &Record::default(), &host());
    assert!(ends(&turns)[0].starts_with("/x refused: /x/db is open for writing by sqlited"));
    assert_eq!(sys.tree, before);
}

/// Found by the fault test: the next boot would find the inner one in the store, and keep what the
/// outer one holds beside it for good.
#[test]
fn an_entry_inside_one_that_could_not_be_adopted_waits_for_it() {
    let mut tree = Tree::new(&["/persist", "/big"]);
    tree.file("/x/db", ROOT, "db");
    tree.file("/x/cache/blob", ROOT, "blob");
    tree.file("/x/big/blob", ROOT, "big");
    let mut sys = FakeSys::new(tree);
    sys.writers = vec![(1, writer("/x/db", None))];
    let inner = ["dir bind /x", "dir bind /x/cache"];
    let config = config(&[("/persist", &inner), ("/big", &["dir bind /x/big"])]);
    let (turns, record) = run(&mut sys, &config, &Record::default(), &host());
    let ends_now = ends(&turns);
    assert!(ends_now[0].starts_with("/x refused: /x/db is open for writing"), "{ends_now:?}");
    assert_eq!(
        ends_now[1..],
        [
            "/x/big done",
            "/x/cache refused: the entry /x around it holds data that is not in the store yet; see \
             to that one first"
        ]
    );
    assert_eq!(sys.tree.text("/persist/x"), None);
    assert!(!record.is_as_it_should());
}

#[test]
fn an_entry_that_moves_to_another_store_takes_its_data_with_it_and_leaves_it_there_too() {
    for how in ["bind", "sym"] {
        let mut tree = Tree::new(&["/old", "/new"]);
        tree.file("/old/x/data", ROOT, "data");
        let entry = format!("dir {how} /x");
        let before = config(&[("/old", &[&entry]), ("/new", &[])]);
        let after = config(&[("/old", &[]), ("/new", &[&entry])]);
        let mut sys = FakeSys::new(tree);
        let (_, record) = run(&mut sys, &before, &Record::default(), &host());
        // On the running host, by the record; and at the next boot, without one.
        for (record, is_booted) in [(record, false), (Record::default(), true)] {
            let mut sys = FakeSys::new(sys.tree.clone());
            if is_booted {
                sys.tree.mounts.clear();
                sys.tree.names_mut(0).remove(b"x".as_slice());
            }
            let (turns, record) = run(&mut sys, &after, &record, &host());
            assert_eq!(ends(&turns), ["/x done"], "{how} {is_booted}");
            for side in ["", "/old", "/new"] {
                let data = sys.tree.text(&format!("{side}/x/data"));
                assert_eq!(data.as_deref(), Some("data"), "{how} {is_booted} {side}");
            }
            assert_eq!(record.entries[0].source, "/new/x");
        }
    }
}

#[test]
fn a_mount_of_what_was_replaced_in_the_store_is_told_and_left() {
    let mut tree = Tree::new(&["/persist"]);
    tree.file("/persist/etc/id", ROOT, "v1");
    let config = config(&[("/persist", &["file bind /etc/id"])]);
    let mut sys = FakeSys::new(tree);
    let (_, record) = run(&mut sys, &config, &Record::default(), &host());
    // A backup is restored over it, by rename: what is mounted has no name any more.
    sys.tree.file("/persist/etc/id", ROOT, "v3");
    let (turns, record) = run(&mut sys, &config, &record, &host());
    assert_eq!(
        ends(&turns),
        ["/etc/id refused: /etc/id still shows what lay at /persist/etc/id before that was \
          replaced or removed; copy out of /etc/id what you need, then run `umount /etc/id` and \
          `blankslate apply`"]
    );
    assert_eq!(sys.tree.text("/etc/id").as_deref(), Some("v1"));
    assert!(record.entries[0].in_place);
}

const MOUNTED: &str =
    "is its file system mounted? In NixOS: fileSystems.\"/other\".neededForBoot = true";

#[test]
fn a_store_that_is_missing_or_no_directory_or_on_a_root_is_named() {
    let mut config = on_root(config(&[("/persist", &[])]));
    let mut tree = Tree::new(&["/persist"]);
    let problem = |tree: &Tree, config: &Config| -> Vec<String> {
        let bad = check_stores(&FakeSys::new(tree.clone()), config);
        bad.iter().map(|bad| bad.problem.to_string()).collect()
    };
    assert_eq!(problem(&tree, &config), [""; 0]);
    config.stores[0].path = path("/other");
    assert_eq!(problem(&tree, &config), [format!("the store /other is not there; {MOUNTED}")]);
    tree.dir("/other", ROOT);
    let on_root = "the store /other lies on the root /, which is erased at boot";
    assert_eq!(problem(&tree, &config), [format!("{on_root}; {MOUNTED}")]);
    tree.link("/other", "/persist");
    assert_eq!(
        problem(&tree, &config),
        ["the store /other is not a directory of its own: /other is a symlink or no directory"]
    );
}

#[test]
fn what_is_written_until_the_last_moment_is_never_set_aside_behind_an_older_copy() {
    let config = config(&[("/persist", &["dir bind /x"])]);
    for has_copy in [false, true] {
        let mut tree = Tree::new(&["/persist"]);
        tree.file("/x/data", ROOT, "old");
        if has_copy {
            tree.file("/persist/x/data", ROOT, "old");
        }
        let mut sys = FakeSys::new(tree);
        sys.meddle = Some(|tree| _ = tree.file("/x/data", ROOT, "newer"));
        let (turns, record) = run(&mut sys, &config, &Record::default(), &host());
        assert_eq!(
            ends(&turns),
            ["/x refused: /x changed while it was put in place; run `blankslate apply` again"],
            "{has_copy}"
        );
        assert_eq!(sys.tree.text("/x/data").as_deref(), Some("newer"));
        assert_eq!(sys.tree.text("/.blankslate-adopted-0/data"), None);
        assert_eq!(record.entries[0].set_aside, Vec::<String>::new());
        let (turns, _) = run(&mut sys, &config, &record, &host());
        assert!(ends(&turns)[0].contains("both hold data and differ"), "{:?}", ends(&turns));
        assert_eq!(sys.tree.text("/x/data").as_deref(), Some("newer"));
    }
}

#[test]
fn an_empty_place_that_is_filled_in_the_last_moment_does_not_become_a_symlink() {
    let config = config(&[("/persist", &["dir sym /x"])]);
    let mut tree = Tree::new(&["/persist"]);
    tree.dir("/x", ROOT);
    let mut sys = FakeSys::new(tree);
    sys.meddle = Some(|tree| _ = tree.file("/x/data", ROOT, "new"));
    let (turns, record) = run(&mut sys, &config, &Record::default(), &host());
    assert!(!turns[0].outcome.is_good());
    assert_eq!(sys.tree.text("/x/data").as_deref(), Some("new"));
    sys.meddle = None;
    let (turns, _) = run(&mut sys, &config, &record, &host());
    assert_eq!(ends(&turns), ["/x done"]);
    assert_eq!(sys.tree.text("/persist/x/data").as_deref(), Some("new"));
}
