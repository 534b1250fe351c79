//! Who owns what is made, and that nothing that exists is loosened.

use blankslate::persist::record::Record;
use blankslate::sys::Meta;

use crate::fake::{FakeSys, ROOT, Tree, path};
use crate::layouts::placed;
use crate::setup::{config, ends, host, initrd, planned, run};

const fn meta(uid: u32, gid: u32, mode: u32) -> Meta {
    Meta { uid, gid, mode }
}

const SSH: &str = "dir bind /home/alice/.ssh user=alice";

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
    let config = config(&[("/persist", &["file bind /home/alice/.ssh/known_hosts"])]);
    // On a disk a file waits for whoever makes it.
    let mut sys = FakeSys::new(tree);
    sys.in_memory = vec![0];
    let (turns, _) = run(&mut sys, &config, &Record::default(), &host());
    assert_eq!(ends(&turns), ["/home/alice/.ssh/known_hosts done"]);
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

/// `/home` is mounted after the initrd: what that made lies beneath, and the way is made once more.
#[test]
fn a_home_that_is_mounted_later_belongs_to_its_owner_from_the_first_run_on() {
    let entries = |who| [format!("dir bind /home/alice/.config/app {who}"), SSH.to_owned()];
    // What the first entry made has to be finished; where that one is refused, another run does it.
    for (who, word) in [("user=alice", "done"), ("user=ghost", "refused")] {
        let entries = entries(who);
        let config = config(&[("/persist", &entries.each_ref().map(String::as_str))]);
        let mut sys = FakeSys::new(Tree::new(&["/persist", "/disk"]));
        let (_, record) = run(&mut sys, &config, &Record::default(), &initrd());
        assert_eq!(meta_of(&sys, "/persist/home/alice"), ROOT);
        sys.tree.mount("/disk", "/home");
        if word == "done" {
            let plan = planned(&sys, &config, &record, &host());
            let way = "give /persist/home/alice to its owner: owner 1000:100, mode 0700; ";
            let made = "; make the directory /home/alice, owner 1000:100, mode 0700; ";
            assert!(plan.contains(way) && plan.contains(made), "{plan}");
        }
        let (turns, record) = run(&mut sys, &config, &record, &host());
        let words: Vec<&str> = turns.iter().map(|turn| turn.outcome.in_words().0).collect();
        assert_eq!(words, [word, "done"]);
        assert_eq!(meta_of(&sys, "/disk/alice"), meta(1000, 100, 0o700), "{who}");
        assert_eq!(meta_of(&sys, "/disk/alice/.ssh"), meta(1000, 100, 0o700), "beneath the mount");
        let before = sys.tree.state();
        run(&mut sys, &config, &record, &host());
        assert_eq!(sys.tree.state(), before);
    }
}

#[test]
fn what_is_unfinished_is_a_pattern_whoever_owns_the_place_where_it_is_made_again() {
    let config = config(&[("/persist", &["dir bind /data/way/x user=alice"])]);
    let mut sys = FakeSys::new(Tree::new(&["/persist", "/disk"]));
    let (_, record) = run(&mut sys, &config, &Record::default(), &initrd());
    sys.tree.dir("/disk", meta(1000, 100, 0o755));
    sys.tree.mount("/disk", "/data");
    let (turns, _) = run(&mut sys, &config, &record, &host());
    assert_eq!(ends(&turns), ["/data/way/x done"]);
    assert_eq!(meta_of(&sys, "/persist/data/way"), ROOT);
    assert_eq!(meta_of(&sys, "/disk/way"), ROOT);
}

/// One of two stores gets its directories from those that were made for the other: by an earlier run, or
/// by the same one, which places an entry before those inside it.
#[test]
fn what_is_made_after_an_unfinished_pattern_is_unfinished_as_well() {
    for (inner, has_earlier_run) in [("/home/alice/b", true), ("/home/alice/a/b", false)] {
        let entry = format!("dir bind {inner} user=alice");
        let stores: [(&str, &[&str]); 2] =
            [("/one", &["dir bind /home/alice/a"]), ("/two", &[entry.as_str()])];
        let (first, both) = (config(&stores[..1]), config(&stores));
        let mut sys = FakeSys::new(Tree::new(&["/one", "/two"]));
        let mut record = Record::default();
        if has_earlier_run {
            (_, record) = run(&mut sys, &first, &record, &initrd());
        }
        let (_, record) = run(&mut sys, &both, &record, &initrd());
        assert_eq!(meta_of(&sys, "/two/home/alice"), ROOT);
        let (_, record) = run(&mut sys, &both, &record, &host());
        for at in ["/home/alice", "/one/home/alice", "/two/home/alice"] {
            assert_eq!(meta_of(&sys, at), meta(1000, 100, 0o700), "{at} {inner}");
        }
        let (turns, _) = run(&mut sys, &both, &record, &host());
        let unchanged = format!("{inner} unchanged");
        assert_eq!(ends(&turns), ["/home/alice/a unchanged", &unchanged]);
    }
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
