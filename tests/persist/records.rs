//! What is written down, what a later run makes of it, and that it fits its schema.

use blankslate::persist::record::{EntryRecord, Record, UnfinishedRecord, mounts_below};
use blankslate::sys::mounts::MountTable;

use crate::fake::{FakeSys, ROOT, Tree, path};
use crate::faults::rich;
use crate::setup::{config, host, run};

fn faults(record: &Record) -> Vec<String> {
    let schema = include_str!("../../docs/schema/persist-1.json");
    let schema = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    let value = serde_json::to_value(record).unwrap();
    schema.iter_errors(&value).map(|fault| fault.to_string()).collect()
}

#[test]
fn every_record_fits_its_schema_and_is_read_back_as_it_was_written() {
    let mut all = vec![Record::of_trouble("no store".into(), &Record::default())];
    for (_, scenario) in rich() {
        let mut sys = FakeSys::new(scenario.tree.clone());
        let (_, record) = run(&mut sys, &scenario.config, &scenario.record, &scenario.accounts);
        assert!(record.entries.iter().any(|entry| !entry.set_aside.is_empty()));
        assert!(record.entries.iter().any(|entry| entry.reason.is_some()));
        all.push(Record::of_trouble("the configuration is faulty".into(), &record));
        all.push(record);
    }
    assert!(all.iter().any(|record| !record.unfinished.is_empty()));
    for record in &all {
        assert_eq!(faults(record), [""; 0]);
        let text = serde_json::to_vec(record).unwrap();
        let read: Record = blankslate::sys::record::parse(&text, 1).unwrap();
        assert_eq!(read, *record);
    }
}

fn entry(target: &str, in_place: bool) -> EntryRecord {
    EntryRecord {
        target: target.into(),
        source: format!("/persist{target}"),
        how: "bind".into(),
        declared: true,
        outcome: "done".into(),
        reason: None,
        in_place,
        set_aside: vec![format!("{target}.aside")],
    }
}

#[test]
fn what_had_no_turn_stays_as_it_was_and_what_is_gone_is_left_out() {
    let config = config(&[("/persist", &["dir bind /kept"])]);
    let entries = vec![entry("/gone", false), entry("/kept", true), entry("/stays", true)];
    let unfinished = vec![UnfinishedRecord {
        path: "/persist/kept".into(),
        entry: "/kept".into(),
        uid: 0,
        gid: 0,
        mode: 0o700,
        device: (0, 1),
        inode: 7,
    }];
    let earlier = Record { entries, unfinished, ..Record::default() };
    let record = Record::new(&config, vec!["/home".into()], &[], &earlier);
    let undeclared = EntryRecord { declared: false, ..entry("/stays", true) };
    assert_eq!(record.entries, [entry("/kept", true), undeclared]);
    assert_eq!(record.unfinished, earlier.unfinished);
    assert_eq!((record.config.as_deref(), record.mounts.len()), (Some(&*config.digest), 1));
}

#[test]
fn what_a_record_says_that_cannot_be_understood_is_nobodys_work() {
    let odd = |change: fn(&mut EntryRecord)| {
        let mut entry = entry("/x", true);
        change(&mut entry);
        entry
    };
    let entries = vec![
        odd(|e| e.how = "copy".into()),
        odd(|e| e.target = "relative".into()),
        odd(|e| e.source = "/persist/../etc".into()),
        odd(|e| e.in_place = false),
        odd(|_| {}),
    ];
    let memory = Record { entries, ..Record::default() }.memory();
    let [placed] = &memory.placed[..] else { panic!("{memory:?}") };
    assert_eq!((&placed.target, &placed.source), (&path("/x"), &path("/persist/x")));
}

#[test]
fn a_run_that_is_refused_keeps_what_an_earlier_one_left_in_place_and_set_aside() {
    let mut tree = Tree::new(&["/persist"]);
    tree.file("/x/data", ROOT, "data");
    let mut sys = FakeSys::new(tree);
    let good = config(&[("/persist", &["dir bind /x"])]);
    let (_, first) = run(&mut sys, &good, &Record::default(), &host());
    assert_eq!(first.entries[0].set_aside, ["/.blankslate-adopted-0"]);
    let other = config(&[("/persist", &["file bind /x"])]);
    let (_, second) = run(&mut sys, &other, &first, &host());
    let entry = &second.entries[0];
    assert_eq!((entry.outcome.as_str(), entry.in_place), ("refused", true));
    assert_eq!(entry.set_aside, ["/.blankslate-adopted-0"]);
    assert!(!second.is_as_it_should() && first.is_as_it_should());
    let trouble = Record::of_trouble("the configuration is faulty".into(), &second);
    assert_eq!(trouble.memory(), second.memory());
    assert!(!trouble.is_as_it_should());
}

#[test]
fn mount_points_below_the_root_are_told_as_the_host_sees_them() {
    let text = "1 0 0:1 / / rw - tmpfs t rw\n\
                2 1 0:2 / /sysroot rw - zfs r rw\n\
                3 2 0:3 / /sysroot/persist rw - zfs p rw\n\
                4 2 0:4 / /sysroot/with\\040space rw - zfs s rw\n\
                5 4 0:5 / /sysroot/with\\040space rw - zfs over rw\n\
                6 1 0:6 / /sysrootx rw - zfs x rw\n";
    let table = MountTable::parse(text.as_bytes()).unwrap();
    assert_eq!(mounts_below(&path("/sysroot"), &table), ["/persist", "/with space"]);
}
