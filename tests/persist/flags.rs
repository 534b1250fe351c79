//! Empty files of which their being there is all that they say: kept as data is.

use blankslate::config::Config;
use blankslate::persist::record::Record;
use blankslate::sys::Meta;

use crate::fake::{Body, FakeSys, ROOT, Tree, path};
use crate::setup::{config, ends, host, on_root, run, writer};

const FLAG: &str = "/etc/flag";
const KEPT: &str = "/persist/etc/flag";
const OWN: Meta = Meta { uid: 900, gid: 901, mode: 0o600 };

fn declared(how: &str) -> Config {
    on_root(config(&[("/persist", &[&format!("file {how} {FLAG} mode=0644")])]))
}

fn flag() -> Tree {
    let mut tree = Tree::new(&["/persist"]);
    tree.file(FLAG, OWN, "");
    tree
}

fn place(sys: &mut FakeSys, config: &Config, record: &Record) -> (Vec<String>, Record) {
    let (turns, record) = run(sys, config, record, &host());
    (ends(&turns), record)
}

#[test]
fn the_store_gets_the_very_file_and_no_new_one() {
    for how in ["bind", "sym"] {
        let (mut sys, config) = (FakeSys::new(flag()), declared(how));
        let (ends, record) = place(&mut sys, &config, &Record::default());
        assert_eq!(ends, [format!("{FLAG} done")]);
        assert_eq!(sys.tree.items()[&path(KEPT)].meta, OWN);
        let log = sys.log.borrow().clone();
        assert!(log.contains(&format!("publish {KEPT}")), "{log:?}");
        assert!(!log.contains(&format!("make the file {KEPT}")), "{log:?}");
        let (ends, _) = place(&mut sys, &config, &record);
        assert_eq!(ends, [format!("{FLAG} unchanged")]);
    }
}

/// Whatever the store holds: what is written from then on would lie beneath the mount.
#[test]
fn an_empty_file_that_is_open_for_writing_is_not_covered() {
    let stores: [&[(&str, &str)]; 3] = [&[], &[(KEPT, "")], &[(KEPT, "data")]];
    for how in ["bind", "sym"] {
        for store in stores {
            let mut tree = flag();
            for (at, text) in store {
                tree.file(at, ROOT, text);
            }
            let mut sys = FakeSys::new(tree.clone());
            sys.writers = vec![(1, writer(FLAG, Some("app.service")))];
            let (ends, _) = place(&mut sys, &declared(how), &Record::default());
            let why = format!("{FLAG} refused: {FLAG} is open for writing by sqlited (pid 812)");
            assert!(ends[0].starts_with(&why), "{ends:?}");
            assert_eq!(sys.tree, tree, "{how} {store:?}");
        }
    }
}

#[test]
fn who_opens_it_while_it_is_copied_keeps_it_where_it_is() {
    let mut sys = FakeSys::new(flag());
    sys.writers = vec![(2, writer(FLAG, None))];
    let (ends, _) = place(&mut sys, &declared("bind"), &Record::default());
    assert!(ends[0].starts_with(&format!("{FLAG} refused: {FLAG} is open for writing")));
    assert_eq!(sys.tree.items().get(&path(KEPT)), None);
}

/// What the store got from this program is a file as any other, and may come back by the admin's hand.
#[test]
fn what_was_made_in_the_store_is_no_place_to_mount_on() {
    let config = declared("bind");
    let mut sys = FakeSys::new(Tree::new(&["/persist"]));
    sys.in_memory = vec![0];
    let (ends, _) = place(&mut sys, &config, &Record::default());
    assert_eq!(ends, [format!("{FLAG} done")]);
    let (kept, there) = (sys.tree.items()[&path(KEPT)].inode, sys.tree.items()[&path(FLAG)].inode);
    assert!(!sys.tree.nodes[&kept].is_ours && sys.tree.nodes[&there].is_ours);
}

#[test]
fn an_empty_file_moves_from_store_to_store_as_any_other() {
    for how in ["bind", "sym"] {
        let entry = format!("file {how} {FLAG}");
        let old = on_root(config(&[("/persist", &[&entry]), ("/new", &[])]));
        let new = on_root(config(&[("/persist", &[]), ("/new", &[&entry])]));
        let mut tree = Tree::new(&["/persist", "/new"]);
        tree.file(FLAG, OWN, "");
        let mut sys = FakeSys::new(tree);
        let (_, record) = place(&mut sys, &old, &Record::default());
        let mut after_boot = FakeSys::new(sys.tree.clone());
        let (ends, _) = place(&mut sys, &new, &record);
        assert_eq!(ends, [format!("{FLAG} done")], "{how}");
        assert_eq!(sys.tree.items()[&path("/new/etc/flag")].meta, OWN);
        // Without a record, on the blank root.
        after_boot.tree.mounts.clear();
        after_boot.tree.names_mut(0).remove(b"etc".as_slice());
        let (ends, _) = place(&mut after_boot, &new, &Record::default());
        assert_eq!(ends, [format!("{FLAG} done")], "{how}");
        assert_eq!(after_boot.tree.items()[&path("/new/etc/flag")].meta, OWN);
    }
}

/// A program put a file with data in the place of the symlink: an old empty one is no second copy.
#[test]
fn an_empty_file_elsewhere_does_not_stand_against_data_at_the_target() {
    let entry = format!("file sym {FLAG}");
    let old = on_root(config(&[("/persist", &[&entry]), ("/new", &[])]));
    let new = on_root(config(&[("/persist", &[]), ("/new", &[&entry])]));
    let mut tree = Tree::new(&["/persist", "/new"]);
    tree.file(KEPT, OWN, "");
    let mut sys = FakeSys::new(tree);
    let (_, record) = place(&mut sys, &old, &Record::default());
    sys.tree.put(&path(FLAG), OWN, Body::File("data".to_owned()));
    let (ends, _) = place(&mut sys, &new, &record);
    assert_eq!(ends, [format!("{FLAG} done")]);
    assert_eq!(sys.tree.text("/new/etc/flag").as_deref(), Some("data"));
}
