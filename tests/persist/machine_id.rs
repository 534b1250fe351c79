//! The machine id: made whole in the store where there is none, and never half.

use blankslate::config::Config;
use blankslate::path::HostPath;
use blankslate::persist::record::Record;
use blankslate::persist::rescue::rescue;
use blankslate::sys::Meta;

use crate::fake::{Body, FakeSys, Fault, ROOT, Tree, errno, path};
use crate::setup::{config, ends, host, initrd, on_root, planned, run};

pub const TARGET: &str = "/etc/machine-id";
pub const SOURCE: &str = "/persist/etc/machine-id";

/// What the fake's random bits make.
pub const ID: &str = "00000000000040008000000000000000\n";

/// Of another host, or of this one before.
pub const OTHER: &str = "08f2a1c57ad94a3c9e3f6d1b2c4e5f60\n";

pub const READ_ONLY: Meta = Meta { mode: 0o444, ..ROOT };

pub fn declared(how: &str) -> Config {
    config(&[("/persist", &[&format!("file {how} {TARGET}")])])
}

/// A tree with these contents at target and source.
pub fn tree(target: Option<&str>, source: Option<&str>) -> Tree {
    let mut tree = Tree::new(&["/persist"]);
    for (at, text) in [(TARGET, target), (SOURCE, source)] {
        if let Some(text) = text {
            tree.file(at, ROOT, text);
        }
    }
    tree
}

/// systemd mounted an id for this boot over an empty file.
pub fn transient(source: Option<&str>) -> Tree {
    let mut tree = tree(Some(""), source);
    tree.file("/run/machine-id", READ_ONLY, OTHER);
    tree.mount("/run/machine-id", TARGET);
    tree
}

pub fn place(sys: &mut FakeSys, config: &Config, record: &Record) -> (Vec<String>, Record) {
    let (turns, record) = run(sys, config, record, &host());
    (ends(&turns), record)
}

pub fn texts(sys: &FakeSys) -> [Option<String>; 2] {
    [TARGET, SOURCE].map(|at| sys.tree.text(at))
}

pub const UNSET: [Option<&str>; 4] =
    [None, Some(""), Some("uninitialized\n"), Some("uninitialized")];

#[test]
fn where_there_is_none_a_new_one_is_made_in_the_store_and_put_in_place() {
    for how in ["bind", "sym"] {
        for target in UNSET {
            for source in [None, Some("")] {
                for config in [declared(how), on_root(declared(how))] {
                    let what = format!("{how} {target:?} {source:?}");
                    let mut sys = FakeSys::new(tree(target, source));
                    let (ends, record) = place(&mut sys, &config, &Record::default());
                    assert_eq!(ends, [format!("{TARGET} done")], "{what}");
                    assert_eq!(texts(&sys), [Some(ID.into()), Some(ID.into())], "{what}");
                    let meta = sys.tree.items()[&path(SOURCE)].meta;
                    // Of what is there the owner and mode stay.
                    assert_eq!(meta, if source.is_none() { READ_ONLY } else { ROOT }, "{what}");
                    let once = sys.tree.clone();
                    for record in [record, Record::default()] {
                        let (ends, _) = place(&mut sys, &config, &record);
                        assert_eq!(ends, [format!("{TARGET} unchanged")], "{what}");
                        assert_eq!(sys.tree, once, "{what}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_plan_says_that_it_will_be_new_and_has_no_id_in_it() {
    let sys = FakeSys::new(tree(Some("uninitialized\n"), None));
    assert_eq!(
        planned(&sys, &declared("bind"), &Record::default(), &host()),
        "make the directory /persist/etc, owner 0:0, mode 0755; make a new machine id in \
         /persist/etc/machine-id, owner 0:0, mode 0444; set /etc/machine-id aside; bind \
         /persist/etc/machine-id on /etc/machine-id"
    );
    let entry = format!("file bind {TARGET} mode=0644");
    let config = config(&[("/persist", &[&entry])]);
    let planned = planned(&FakeSys::new(tree(None, None)), &config, &Record::default(), &initrd());
    assert!(planned.contains("machine id in /persist/etc/machine-id, owner 0:0, mode 0644"));
}

#[test]
fn an_id_that_is_there_is_the_one() {
    let table = [
        (Some(OTHER), None, OTHER),
        (Some(OTHER), Some(""), OTHER),
        (None, Some(OTHER), OTHER),
        (Some(""), Some(OTHER), OTHER),
        (Some("uninitialized\n"), Some(OTHER), OTHER),
        // The same one, written by somebody else.
        (Some(OTHER.trim_end()), Some(OTHER), OTHER),
        // Somebody wrote it there on purpose.
        (None, Some("uninitialized\n"), "uninitialized\n"),
        (Some(""), Some("uninitialized\n"), "uninitialized\n"),
    ];
    for how in ["bind", "sym"] {
        for (target, source, expected) in table {
            let mut sys = FakeSys::new(tree(target, source));
            let (ends, _) = place(&mut sys, &on_root(declared(how)), &Record::default());
            assert_eq!(ends, [format!("{TARGET} done")], "{how} {target:?} {source:?}");
            let expected = Some(expected.to_owned());
            assert_eq!(texts(&sys), [expected.clone(), expected], "{how} {target:?} {source:?}");
        }
    }
}

#[test]
fn an_empty_one_that_is_in_place_is_left_until_the_next_boot_can_fill_it() {
    let mut sys = FakeSys::new(tree(Some(""), Some("")));
    sys.tree.mount(SOURCE, TARGET);
    let (ends, _) = place(&mut sys, &declared("bind"), &Record::default());
    assert_eq!(ends, [format!("{TARGET} unchanged")]);
    sys.tree.mounts.clear();
    let (ends, _) = place(&mut sys, &declared("bind"), &Record::default());
    assert_eq!(ends, [format!("{TARGET} done")]);
    assert_eq!(texts(&sys), [Some(ID.into()), Some(ID.into())]);
}

/// systemd found an empty file, made an id for this boot, and holds on to it.
#[test]
fn an_id_for_this_boot_only_goes_into_the_store_and_is_in_place_after_the_next() {
    for how in ["bind", "sym"] {
        // An empty one may be mounted beneath: only the next boot can fill it.
        for (source, kept, after) in
            [(None, OTHER, OTHER), (Some(""), "", ID), (Some(OTHER), OTHER, OTHER)]
        {
            let (config, mut sys) = (on_root(declared(how)), FakeSys::new(transient(source)));
            let mut record = Record::default();
            for _ in 0..2 {
                let (ends, now) = place(&mut sys, &config, &record);
                assert_eq!(ends, [format!("{TARGET} waiting")], "{how} {source:?}");
                assert_eq!(texts(&sys), [Some(OTHER.into()), Some(kept.into())]);
                assert!(!now.entries[0].in_place && now.is_as_it_should());
                record = now;
            }
            sys.tree.mounts.clear();
            let (ends, _) = place(&mut sys, &config, &Record::default());
            assert_eq!(ends, [format!("{TARGET} done")], "{how} {source:?}");
            assert_eq!(texts(&sys), [Some(after.into()), Some(after.into())]);
        }
    }
}

/// The empty source of an old version is mounted, and systemd's id on top of it.
#[test]
fn over_an_empty_source_that_is_mounted_it_waits_and_nothing_fails() {
    let mut start = tree(Some(""), Some(""));
    start.mount(SOURCE, TARGET);
    start.file("/run/machine-id", READ_ONLY, OTHER);
    start.mount("/run/machine-id", TARGET);
    let mut sys = FakeSys::new(start.clone());
    let config = on_root(declared("bind"));
    let planned = planned(&sys, &config, &Record::default(), &host());
    assert_eq!(
        planned,
        "nothing, waits: systemd mounted an id over it for this boot only, and the store has none; \
         the next boot makes one"
    );
    let (ends, _) = place(&mut sys, &config, &Record::default());
    assert_eq!(ends, [format!("{TARGET} waiting")]);
    assert_eq!(sys.tree, start);
}

#[test]
fn an_id_that_was_replaced_in_the_store_is_told_as_any_other_file() {
    let (config, mut sys) = (on_root(declared("bind")), FakeSys::new(tree(None, Some(ID))));
    let (_, record) = place(&mut sys, &config, &Record::default());
    sys.tree.file(SOURCE, ROOT, OTHER);
    let (ends, _) = place(&mut sys, &config, &record);
    let why =
        format!("{TARGET} refused: {TARGET} still shows what lay at {SOURCE} before that was");
    assert!(ends[0].starts_with(&why), "{ends:?}");
    assert_eq!(texts(&sys), [Some(ID.into()), Some(OTHER.into())]);
}

/// A program that makes one itself in the very moment before the word for none is set aside.
#[test]
fn an_id_that_somebody_writes_meanwhile_stays_where_it_is() {
    let mut sys = FakeSys::new(tree(Some("uninitialized\n"), None));
    sys.meddle = Some(|tree| {
        let there = tree.at(TARGET).inode;
        tree.nodes.get_mut(&there).unwrap().body = Body::File(OTHER.to_owned());
    });
    let (ends, _) = place(&mut sys, &declared("bind"), &Record::default());
    let why = format!("{TARGET} changed while it was put in place; run `blankslate apply` again");
    assert_eq!(ends, [format!("{TARGET} refused: {why}")]);
    assert_eq!(texts(&sys), [Some(OTHER.into()), Some(ID.into())]);
}

#[test]
fn inside_an_entry_it_is_made_where_that_lies() {
    let mut tree = tree(None, None);
    tree.file("/persist/etc/passwd", ROOT, "root");
    let entries = ["dir bind /etc", &format!("file bind {TARGET}")];
    let mut sys = FakeSys::new(tree);
    let (ends, _) = place(&mut sys, &config(&[("/persist", &entries)]), &Record::default());
    assert_eq!(ends, ["/etc done", "/etc/machine-id done"]);
    assert_eq!(texts(&sys), [Some(ID.into()), Some(ID.into())]);
}

#[test]
fn the_word_for_none_is_not_adopted_from_an_old_root() {
    let config = on_root(declared("bind"));
    for target in UNSET {
        for source in [None, Some(""), Some(OTHER)] {
            let before = tree(target, source);
            let mut sys = FakeSys::new(before.clone());
            let roots: Vec<_> = config.roots.iter().collect();
            let rescued = rescue(&mut sys, &config, &roots, &initrd(), &|_| ());
            assert_eq!(rescued.len(), 0, "{target:?} {source:?}");
            assert_eq!(sys.tree, before);
        }
    }
}

/// No source, or the empty one that was there; or a whole id.
fn is_whole(sys: &FakeSys, source: Option<&str>) -> bool {
    let now = sys.tree.text(SOURCE);
    now.as_deref() == source || now.as_deref() == Some(ID)
}

#[test]
fn stopped_anywhere_there_is_none_or_a_whole_one_and_the_next_run_ends_as_if_nothing_had_happened()
{
    for (target, source) in [(None, None), (Some(""), Some("")), (Some("uninitialized\n"), None)] {
        let config = on_root(declared("bind"));
        let mut good = FakeSys::new(tree(target, source));
        place(&mut good, &config, &Record::default());
        assert!(good.calls() > 10, "{}", good.calls());
        for n in 1..=good.calls() {
            for fault in [Fault::Killed(n), Fault::Once(n, errno::ENOSPC)] {
                let what = format!("{target:?} {source:?} {fault:?}");
                let mut hurt = FakeSys::failing(tree(target, source), fault);
                let (_, record) = place(&mut hurt, &config, &Record::default());
                assert!(is_whole(&hurt, source), "{what}: {:?}", hurt.tree.text(SOURCE));
                let is_left = |at: HostPath| at.exact().contains("/.blankslate-adopting/");
                let is_killed = matches!(fault, Fault::Killed(_));
                assert!(is_killed || !hurt.tree.items().into_keys().any(is_left), "{what}");
                let record =
                    if matches!(fault, Fault::Once(..)) { record } else { Record::default() };
                let mut again = FakeSys::new(hurt.tree);
                place(&mut again, &config, &record);
                assert_eq!(again.tree.state().against(&good.tree.state()), [""; 0], "{what}");
            }
        }
    }
}
