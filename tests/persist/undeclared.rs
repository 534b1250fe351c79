//! What an earlier run put in place and nobody declares any more, or declares otherwise.

use blankslate::persist::record::Record;

use crate::fake::{FakeSys, ROOT, Tree, path};
use crate::setup::{config, ends, host, run};

/// `/x` in place by `how`, and the record of it.
fn in_place(how: &str) -> (FakeSys, Record) {
    let mut tree = Tree::new(&["/persist"]);
    tree.file("/persist/x/data", ROOT, "data");
    let entry = format!("dir {how} /x");
    let mut sys = FakeSys::new(tree);
    let (turns, record) =
        run(&mut sys, &config(&[("/persist", &[&entry])]), &Record::default(), &host());
    assert_eq!(ends(&turns), ["/x done"]);
    (sys, record)
}

#[test]
fn what_is_undeclared_is_taken_out_of_place_and_its_source_stays() {
    for how in ["bind", "sym"] {
        let (mut sys, record) = in_place(how);
        let nothing = config(&[("/persist", &[])]);
        let (turns, record) = run(&mut sys, &nothing, &record, &host());
        assert_eq!(ends(&turns), ["/x done"], "{how}");
        assert_eq!(sys.tree.text("/x/data"), None);
        assert_eq!(sys.tree.text("/persist/x/data").as_deref(), Some("data"));
        assert_eq!(record.entries, []);
        let (turns, _) = run(&mut sys, &nothing, &record, &host());
        assert_eq!(ends(&turns), [""; 0]);
    }
}

#[test]
fn without_a_record_nothing_is_taken_out_of_place() {
    for how in ["bind", "sym"] {
        let (mut sys, _) = in_place(how);
        let before = sys.tree.clone();
        run(&mut sys, &config(&[("/persist", &[])]), &Record::default(), &host());
        assert_eq!(sys.tree, before);
    }
}

#[test]
fn somebody_elses_thing_at_an_undeclared_target_is_left_alone() {
    type Put = fn(&mut Tree);
    let table: [Put; 3] = [
        |tree| _ = tree.link("/x", "/elsewhere"),
        |tree| _ = tree.file("/x", ROOT, "theirs"),
        |tree| {
            tree.dir("/x", ROOT);
            tree.file("/theirs/data", ROOT, "theirs");
            tree.mount("/theirs", "/x");
        },
    ];
    for (row, put) in table.into_iter().enumerate() {
        for how in ["bind", "sym"] {
            let (mut sys, record) = in_place(how);
            sys.tree.mounts.clear();
            sys.tree.names_mut(0).remove(b"x".as_slice());
            put(&mut sys.tree);
            let before = sys.tree.clone();
            let (turns, record) = run(&mut sys, &config(&[("/persist", &[])]), &record, &host());
            assert_eq!(ends(&turns), ["/x unchanged"], "{row} {how}");
            assert_eq!(sys.tree, before);
            assert_eq!(record.entries, []);
        }
    }
}

#[test]
fn what_is_busy_stays_in_place_and_in_the_record_until_it_is_free() {
    let (mut sys, record) = in_place("bind");
    let nothing = config(&[("/persist", &[])]);
    sys.busy = vec![path("/x")];
    let (turns, record) = run(&mut sys, &nothing, &record, &host());
    assert_eq!(
        ends(&turns),
        ["/x failed: cannot unmount /x: Device or resource busy (os error 16)"]
    );
    assert_eq!(sys.tree.text("/x/data").as_deref(), Some("data"));
    let [entry] = &record.entries[..] else { panic!("{record:?}") };
    assert!(!entry.declared && entry.in_place && entry.outcome == "failed");
    sys.busy.clear();
    let (turns, record) = run(&mut sys, &nothing, &record, &host());
    assert_eq!(ends(&turns), ["/x done"]);
    assert_eq!(record.entries, []);
}

#[test]
fn another_way_is_taken_by_the_next_run() {
    for (before, after) in [("bind", "sym"), ("sym", "bind")] {
        for has_record in [true, false] {
            let (mut sys, record) = in_place(before);
            let record = if has_record { record } else { Record::default() };
            let entry = format!("dir {after} /x");
            let config = config(&[("/persist", &[&entry])]);
            let (turns, record) = run(&mut sys, &config, &record, &host());
            assert_eq!(ends(&turns), ["/x done"], "{before} to {after}");
            assert_eq!(sys.tree.text("/x/data").as_deref(), Some("data"));
            assert_eq!(sys.tree.mounts.len(), usize::from(after == "bind"));
            let how = if after == "sym" { "symlink" } else { "bind" };
            assert_eq!((record.entries[0].how.as_str(), record.entries[0].in_place), (how, true));
        }
    }
}

/// Busy where the way changes: the record goes on saying what really is in place.
#[test]
fn where_the_old_way_cannot_be_ended_the_record_says_that_it_is_in_place() {
    let (mut sys, record) = in_place("bind");
    sys.busy = vec![path("/x")];
    let config = config(&[("/persist", &["dir sym /x"])]);
    let (_, record) = run(&mut sys, &config, &record, &host());
    let entry = &record.entries[0];
    assert_eq!((entry.how.as_str(), entry.in_place, entry.declared), ("bind", true, true));
    assert_eq!(entry.outcome, "failed");
}

/// The old way was ended, and what lies beneath keeps the new one from being taken: nothing is in place.
#[test]
fn what_was_taken_away_is_out_of_the_record_although_the_second_look_is_refused() {
    let (mut sys, record) = in_place("bind");
    sys.tree.mounts.clear();
    sys.tree.file("/x/beneath", ROOT, "only here");
    sys.tree.mount("/persist/x", "/x");
    let config = config(&[("/persist", &["dir sym /x"])]);
    let (turns, record) = run(&mut sys, &config, &record, &host());
    assert!(ends(&turns)[0].starts_with("/x refused: "), "{:?}", ends(&turns));
    assert_eq!(sys.tree.text("/x/beneath").as_deref(), Some("only here"));
    let entry = &record.entries[0];
    assert_eq!((entry.how.as_str(), entry.in_place), ("symlink", false));
}

/// What was declared inside is gone first, so that one run is enough.
#[test]
fn an_entry_around_what_was_declared_before_is_placed_in_the_same_run() {
    let mut tree = Tree::new(&["/persist", "/big"]);
    tree.file("/big/x/inner/data", ROOT, "data");
    tree.file("/x/own", ROOT, "own");
    let mut sys = FakeSys::new(tree);
    let inner = config(&[("/persist", &[]), ("/big", &["dir bind /x/inner"])]);
    let (_, record) = run(&mut sys, &inner, &Record::default(), &host());
    let outer = config(&[("/persist", &["dir bind /x"]), ("/big", &[])]);
    let (turns, _) = run(&mut sys, &outer, &record, &host());
    assert_eq!(ends(&turns), ["/x/inner done", "/x done"]);
    assert_eq!(sys.tree.text("/x/own").as_deref(), Some("own"));
    assert_eq!(sys.tree.text("/big/x/inner/data").as_deref(), Some("data"));
}

#[test]
fn an_entry_that_a_wider_one_takes_the_place_of_stays_until_that_is_in_place() {
    let mut tree = Tree::new(&["/persist"]);
    tree.file("/persist/srv/www/data", ROOT, "data");
    let mut sys = FakeSys::new(tree);
    let narrow = config(&[("/persist", &["dir bind /srv/www"])]);
    let (_, record) = run(&mut sys, &narrow, &Record::default(), &host());
    let wide = config(&[("/persist", &["dir bind /srv"])]);
    for _ in 0..2 {
        let (turns, record) = run(&mut sys, &wide, &record, &host());
        assert_eq!(turns.len(), 1, "nothing is done to what is inside");
        assert!(!turns[0].outcome.is_good());
        assert_eq!(sys.tree.text("/srv/www/data").as_deref(), Some("data"));
        assert!(record.entries.iter().any(|entry| entry.target == "/srv/www" && entry.in_place));
    }
    // The next boot begins with an empty root.
    let mut tree = Tree::new(&["/persist"]);
    tree.file("/persist/srv/www/data", ROOT, "data");
    let mut sys = FakeSys::new(tree);
    let (turns, record) = run(&mut sys, &wide, &Record::default(), &host());
    assert_eq!(ends(&turns), ["/srv done"]);
    assert_eq!(sys.tree.text("/srv/www/data").as_deref(), Some("data"));
    assert_eq!(record.entries.len(), 1);
}
