//! Single files that exist nowhere yet: nothing is made for them, and what somebody makes is kept.

use blankslate::config::Config;
use blankslate::persist::record::Record;
use blankslate::persist::rescue::{RescueEnd, rescue};
use blankslate::sys::Meta;

use crate::fake::{FakeSys, ROOT, Tree, path};
use crate::setup::{config, ends, host, initrd, on_root, run};

const KEY: &str = "/etc/ssh/key";

fn declared(how: &str) -> Config {
    on_root(config(&[("/persist", &[&format!("file {how} {KEY} mode=0600")])]))
}

/// Places once with this record; the system, what became of each, and the new record.
fn placed(tree: Tree, config: &Config, record: &Record) -> (FakeSys, Vec<String>, Record) {
    let mut sys = FakeSys::new(tree);
    let (turns, record) = run(&mut sys, config, record, &host());
    (sys, ends(&turns), record)
}

/// As after a power cut, with nothing of `/` but what lies in the stores.
fn rescued(tree: Tree, config: &Config) -> (FakeSys, Vec<String>) {
    let mut sys = FakeSys::new(tree);
    let roots: Vec<_> = config.roots.iter().collect();
    let rescued = rescue(&mut sys, config, &roots, &initrd(), &|_| ());
    let is_adopted = |end: &RescueEnd| matches!(end, RescueEnd::Adopted(_));
    let words = rescued.iter().map(|one| format!("{} {}", one.target, is_adopted(&one.end)));
    let words = words.collect();
    (sys, words)
}

#[test]
fn a_file_that_exists_nowhere_waits_and_nothing_is_made_for_it_not_even_what_is_above() {
    for how in ["bind", "sym"] {
        let (config, tree) = (declared(how), Tree::new(&["/persist"]));
        let mut record = Record::default();
        for _ in 0..2 {
            let (sys, ends, now) = placed(tree.clone(), &config, &record);
            assert_eq!(ends, [format!("{KEY} waiting")]);
            assert_eq!(sys.tree, tree);
            let [entry] = &now.entries[..] else { panic!("{now:?}") };
            assert_eq!((entry.outcome.as_str(), &entry.reason), ("waiting", &None));
            assert!(!entry.in_place && now.is_as_it_should());
            record = now;
        }
    }
}

#[test]
fn what_somebody_makes_then_is_kept_by_apply_and_by_the_next_boot() {
    for how in ["bind", "sym"] {
        let (config, mut tree) = (declared(how), Tree::new(&["/persist"]));
        tree.file(KEY, Meta { mode: 0o600, ..ROOT }, "key");
        let (sys, ends, _) = placed(tree.clone(), &config, &Record::default());
        assert_eq!(ends, [format!("{KEY} done")]);
        assert_eq!(sys.tree.text(KEY).as_deref(), Some("key"));
        assert_eq!(sys.tree.text("/persist/etc/ssh/key").as_deref(), Some("key"));
        let (sys, ends) = rescued(tree, &config);
        assert_eq!(ends, [format!("{KEY} true")]);
        assert_eq!(sys.tree.text("/persist/etc/ssh/key").as_deref(), Some("key"));
    }
}

/// Nothing is erased there, so whatever somebody makes is there to be adopted.
#[test]
fn without_a_root_and_on_another_file_system_it_waits_as_well() {
    let without = config(&[("/persist", &["file bind /home/key mode=0600"])]);
    let elsewhere = on_root(without.clone());
    for (devices, config) in [(&["/persist"][..], without), (&["/persist", "/home"], elsewhere)] {
        let mut tree = Tree::new(devices);
        let (sys, ends, record) = placed(tree.clone(), &config, &Record::default());
        assert_eq!(ends, ["/home/key waiting"]);
        assert_eq!(sys.tree, tree);
        tree.file("/home/key", Meta { mode: 0o600, ..ROOT }, "key");
        let (sys, ends, _) = placed(tree, &config, &record);
        assert_eq!(ends, ["/home/key done"]);
        assert_eq!(sys.tree.text("/persist/home/key").as_deref(), Some("key"));
    }
}

/// Nobody would find there what was made since: who makes it has to write into the store.
#[test]
fn in_memory_an_empty_one_is_made_whatever_is_declared() {
    let on_disk = config(&[("/persist", &["file bind /home/key mode=0600"])]);
    let root = on_root(on_disk.clone());
    // The second file system is that of `/home`.
    let worlds = [(0, &["/persist"][..], &on_disk), (0, &["/persist"], &root)];
    for (in_memory, devices, config) in
        worlds.into_iter().chain([(2, &["/persist", "/home"][..], &root)])
    {
        let mut sys = FakeSys::new(Tree::new(devices));
        sys.in_memory = vec![in_memory];
        let (turns, record) = run(&mut sys, config, &Record::default(), &host());
        assert_eq!(ends(&turns), ["/home/key done"]);
        assert_eq!(sys.tree.text("/persist/home/key").as_deref(), Some(""));
        let meta = sys.tree.items()[&path("/persist/home/key")].meta;
        assert_eq!(meta, Meta { mode: 0o600, ..ROOT });
        let (turns, _) = run(&mut sys, config, &record, &host());
        assert_eq!(ends(&turns), ["/home/key unchanged"]);
    }
}

#[test]
fn inside_an_entry_it_is_never_made_and_lies_in_the_store_as_soon_as_it_is_there() {
    for is_on_root in [true, false] {
        let mut tree = Tree::new(&["/persist"]);
        tree.file("/persist/srv/x", ROOT, "x");
        let entries = ["dir bind /srv", "file bind /srv/sub/key"];
        let config = config(&[("/persist", &entries)]);
        let config = if is_on_root { on_root(config) } else { config };
        let (mut sys, ends_now, record) = placed(tree, &config, &Record::default());
        assert_eq!(ends_now, ["/srv done", "/srv/sub/key waiting"]);
        assert_eq!(sys.tree.text("/persist/srv/sub"), None);
        sys.tree.file("/srv/sub/key", ROOT, "key");
        assert_eq!(sys.tree.text("/persist/srv/sub/key").as_deref(), Some("key"));
        let (turns, _) = run(&mut sys, &config, &record, &host());
        assert_eq!(ends(&turns), ["/srv unchanged", "/srv/sub/key unchanged"]);
    }
}

/// Most programs cannot make a file behind a symlink that leads nowhere: the directory is missing there.
#[test]
fn a_symlink_that_leads_nowhere_is_taken_away_and_then_it_waits() {
    let (config, mut tree) = (declared("sym"), Tree::new(&["/persist"]));
    tree.link(KEY, "/persist/etc/ssh/key");
    for is_in_memory in [false, true] {
        let mut sys = FakeSys::new(tree.clone());
        sys.in_memory = if is_in_memory { vec![0] } else { Vec::new() };
        let mut record = Record::default();
        for _ in 0..2 {
            let (turns, now) = run(&mut sys, &config, &record, &host());
            let is_there = sys.tree.items().contains_key(&path(KEY));
            assert_eq!((is_there, now.entries[0].in_place), (is_in_memory, is_in_memory));
            let is_waiting = ends(&turns) == [format!("{KEY} waiting")];
            assert_eq!(is_waiting, !is_in_memory, "{:?}", ends(&turns));
            record = now;
        }
        let made = sys.tree.text("/persist/etc/ssh/key");
        assert_eq!(made.as_deref(), is_in_memory.then_some(""));
    }
    // What another store holds is brought here.
    let config = on_root(config_of_two());
    tree = Tree::new(&["/persist", "/old"]);
    tree.link(KEY, "/persist/etc/ssh/key");
    tree.file("/old/etc/ssh/key", ROOT, "key");
    let (sys, ends, _) = placed(tree, &config, &Record::default());
    assert_eq!(ends, [format!("{KEY} done")]);
    assert_eq!(sys.tree.text(KEY).as_deref(), Some("key"));
}

fn config_of_two() -> Config {
    config(&[("/persist", &[&format!("file sym {KEY}")]), ("/old", &[])])
}

#[test]
fn an_empty_file_that_somebody_made_says_something_and_is_kept() {
    for how in ["bind", "sym"] {
        let (config, mut tree) = (declared(how), Tree::new(&["/persist"]));
        let own = Meta { uid: 900, gid: 901, mode: 0o640 };
        tree.file(KEY, own, "");
        let (sys, ends) = rescued(tree.clone(), &config);
        assert_eq!(ends, [format!("{KEY} true")]);
        assert_eq!(sys.tree.items()[&path("/persist/etc/ssh/key")].meta, own);
        let (sys, ends, _) = placed(tree, &config, &Record::default());
        assert_eq!(ends, [format!("{KEY} done")]);
        assert_eq!(sys.tree.text("/persist/etc/ssh/key").as_deref(), Some(""));
    }
}

/// Who removes it from the store wants a new one, and a file to mount on would keep him from it.
#[test]
fn what_an_earlier_run_made_to_mount_on_says_nothing() {
    for data in ["", "key"] {
        let (config, mut tree) = (declared("bind"), Tree::new(&["/persist"]));
        tree.file("/persist/etc/ssh/key", ROOT, "key");
        tree.file(KEY, ROOT, data);
        if data.is_empty() {
            tree.names_mut(0).remove(b"etc".as_slice());
        }
        let (mut sys, _, record) = placed(tree, &config, &Record::default());
        sys.tree.mounts.clear();
        sys.tree.dir("/persist/etc", ROOT);
        let above = sys.tree.at("/persist/etc/ssh").inode;
        sys.tree.names_mut(above).clear();
        let before = sys.tree.clone();
        assert_eq!(sys.tree.text(KEY).as_deref(), Some(""));
        let (sys, ends, record) = placed(sys.tree, &config, &record);
        assert_eq!(ends, [format!("{KEY} waiting")], "{data}");
        assert!(!record.entries[0].in_place);
        assert_eq!(sys.tree, before);
        let (sys, ends) = rescued(sys.tree, &config);
        assert_eq!((ends, sys.tree), (Vec::new(), before));
    }
}

#[test]
fn an_empty_file_on_the_old_root_does_not_hide_data_that_moves_from_store_to_store() {
    let config = on_root(config(&[("/new", &[&format!("file bind {KEY}")]), ("/old", &[])]));
    let mut tree = Tree::new(&["/new", "/old"]);
    tree.file("/old/etc/ssh/key", ROOT, "key");
    tree.file(KEY, ROOT, "");
    let (sys, ends) = rescued(tree, &config);
    assert_eq!(ends, [""; 0]);
    let (sys, ends, _) = placed(sys.tree, &config, &Record::default());
    assert_eq!(ends, [format!("{KEY} done")]);
    assert_eq!(sys.tree.text(KEY).as_deref(), Some("key"));
}
