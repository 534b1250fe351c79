//! Who owns what is made, and that nothing that exists is loosened.

use blankslate::persist::record::Record;
use blankslate::sys::Meta;

use crate::fake::{FakeSys, ROOT, Tree, path};
use crate::layouts::placed;
use crate::setup::{config, ends, host, initrd, run};

const fn meta(uid: u32, gid: u32, mode: u32) -> Meta {
    Meta { uid, gid, mode }
}

fn meta_of(sys: &FakeSys, at: &str) -> Meta {
    sys.tree.items()[&path(at)].meta
}

#[test]
fn missing_directories_above_get_owner_and_mode_of_the_other_side_and_no_other_is_changed() {
    // Where they exist: on which side, and with what; then what is made on the other.
    let odd = meta(7, 8, 0o2750);
    for (there, made) in [("/persist", ""), ("", "/persist")] {
        let mut tree = Tree::new(&["/persist"]);
        tree.file(&format!("{there}/x/y/leaf/data"), ROOT, "data");
        tree.dir(&format!("{there}/x/y"), odd);
        tree.dir(&format!("{there}/x"), meta(0, 0, 0o711));
        let (sys, ends) = placed(tree, &config(&[("/persist", &["dir bind /x/y/leaf"])]));
        assert_eq!(ends, ["/x/y/leaf done"]);
        assert_eq!(meta_of(&sys, &format!("{made}/x")), meta(0, 0, 0o711), "{made}");
        assert_eq!(meta_of(&sys, &format!("{made}/x/y")), odd, "{made}");
        assert_eq!(meta_of(&sys, &format!("{there}/x/y")), odd, "{there}");
    }
}

#[test]
fn what_exists_is_neither_loosened_nor_given_away_whatever_is_declared() {
    let (secret, open) = (meta(5, 6, 0o700), meta(7, 8, 0o777));
    let mut tree = Tree::new(&["/persist"]);
    tree.dir("/persist/x/secret", secret);
    tree.dir("/x/secret", open);
    tree.dir("/x", meta(9, 9, 0o770));
    let entry = "dir bind /x/secret user=svc mode=0755";
    let (sys, _) = placed(tree, &config(&[("/persist", &[entry])]));
    assert_eq!(meta_of(&sys, "/persist/x/secret"), secret);
    assert_eq!(meta_of(&sys, "/x/secret"), open);
    assert_eq!(meta_of(&sys, "/x"), meta(9, 9, 0o770));
}

#[test]
fn a_new_source_has_owner_and_mode_of_the_empty_target_that_it_covers() {
    let own = meta(900, 901, 0o750);
    let table = [
        ("dir bind /x/state", own),
        ("dir sym /x/state", own),
        ("dir bind /x/state user=svc", own),
        ("dir bind /x/state mode=0711", meta(900, 901, 0o711)),
        ("dir bind /x/state user=alice", meta(1000, 100, 0o700)),
    ];
    for (entry, expected) in table {
        let mut tree = Tree::new(&["/persist"]);
        tree.dir("/x/state", own);
        let (sys, _) = placed(tree, &config(&[("/persist", &[entry])]));
        assert_eq!(meta_of(&sys, "/persist/x/state"), expected, "{entry}");
    }
}

#[test]
fn var_lib_private_is_closed_on_both_sides_however_it_comes_about() {
    for pattern in [None, Some(ROOT)] {
        let mut tree = Tree::new(&["/persist"]);
        if let Some(meta) = pattern {
            tree.dir("/persist/var/lib/private", meta);
        }
        let entry = "dir bind /var/lib/private/svc";
        let (sys, _) = placed(tree, &config(&[("/persist", &[entry])]));
        assert_eq!(meta_of(&sys, "/var/lib/private"), meta(0, 0, 0o700), "{pattern:?}");
        // What existed is the truth, and the report's business.
        let kept = pattern.unwrap_or(meta(0, 0, 0o700));
        assert_eq!(meta_of(&sys, "/persist/var/lib/private"), kept);
        assert_eq!(meta_of(&sys, "/persist/var/lib"), ROOT);
    }
}

#[test]
fn what_is_made_in_a_home_is_its_owners_alone() {
    let mut tree = Tree::new(&["/persist"]);
    tree.dir("/home/alice", meta(1000, 100, 0o700));
    let entry = "file bind /home/alice/.ssh/known_hosts";
    let (sys, ends) = placed(tree, &config(&[("/persist", &[entry])]));
    assert_eq!(ends, ["/home/alice/.ssh/known_hosts done"]);
    for side in ["", "/persist"] {
        let at = |at: &str| meta_of(&sys, &format!("{side}/home/{at}"));
        assert_eq!(at("alice"), meta(1000, 100, 0o700), "{side}");
        assert_eq!(at("alice/.ssh"), meta(1000, 100, 0o700), "{side}");
        assert_eq!(at("alice/.ssh/known_hosts"), meta(1000, 100, 0o600), "{side}");
        assert_eq!(at(""), ROOT);
    }
}

#[test]
fn what_the_initrd_cannot_give_to_its_owner_is_closed_and_finished_on_the_host() {
    let tree = Tree::new(&["/persist"]);
    let config = config(&[("/persist", &["dir bind /home/alice/.ssh user=alice"])]);
    let mut sys = FakeSys::new(tree);
    let (turns, record) = run(&mut sys, &config, &Record::default(), &initrd());
    assert_eq!(ends(&turns), ["/home/alice/.ssh done"]);
    let source = "/persist/home/alice/.ssh";
    assert_eq!(meta_of(&sys, source), meta(0, 0, 0o700));
    assert!(record.unfinished.iter().any(|made| made.path == source));
    // The initrd again: nobody is known still, and nothing is forgotten.
    let (turns, record) = run(&mut sys, &config, &record, &initrd());
    assert_eq!(ends(&turns), ["/home/alice/.ssh unchanged"]);
    assert!(record.unfinished.iter().any(|made| made.path == source));
    let (turns, record) = run(&mut sys, &config, &record, &host());
    assert_eq!(ends(&turns), ["/home/alice/.ssh done"]);
    for side in ["", "/persist"] {
        assert_eq!(meta_of(&sys, &format!("{side}/home/alice")), meta(1000, 100, 0o700), "{side}");
        assert_eq!(meta_of(&sys, &format!("{side}/home")), ROOT, "{side}");
    }
    assert_eq!(meta_of(&sys, source), meta(1000, 100, 0o700));
    let (turns, again) = run(&mut sys, &config, &record, &host());
    assert_eq!(ends(&turns), ["/home/alice/.ssh unchanged"]);
    assert_eq!(again.unfinished, record.unfinished);
}

#[test]
fn what_somebody_changed_meanwhile_is_finished_already() {
    let config = config(&[("/persist", &["dir bind /srv/x user=svc"])]);
    let mut sys = FakeSys::new(Tree::new(&["/persist"]));
    let (_, record) = run(&mut sys, &config, &Record::default(), &initrd());
    sys.tree.dir("/persist/srv/x", meta(900, 55, 0o710));
    let (turns, _) = run(&mut sys, &config, &record, &host());
    assert_eq!(meta_of(&sys, "/persist/srv/x"), meta(900, 55, 0o710));
    assert_eq!(ends(&turns), ["/srv/x unchanged"]);
}

#[test]
fn what_was_put_in_the_place_of_what_was_made_is_not_given_away() {
    let config = config(&[("/persist", &["dir bind /srv/x user=svc"])]);
    let mut sys = FakeSys::new(Tree::new(&["/persist"]));
    let (_, mut record) = run(&mut sys, &config, &Record::default(), &initrd());
    // Another directory of root's, with the very owner and mode, under the same name.
    record.unfinished.iter_mut().for_each(|made| made.inode += 1000);
    let (turns, _) = run(&mut sys, &config, &record, &host());
    assert_eq!(meta_of(&sys, "/persist/srv/x"), meta(0, 0, 0o700));
    assert_eq!(ends(&turns), ["/srv/x unchanged"]);
}
