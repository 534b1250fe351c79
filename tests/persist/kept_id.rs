//! Which machine id is the one that is kept, where several places have one or say that there is none.

use blankslate::persist::record::Record;
use blankslate::persist::rescue::{RescueEnd, rescue};

use crate::fake::{FakeSys, Fault, ROOT, Tree, errno};
use crate::machine_id::{
    ID, OTHER, READ_ONLY, SOURCE, TARGET, UNSET, declared, place, texts, transient, tree,
};
use crate::setup::{config, initrd, on_root};

/// The host would be another one in this boot than in the next, and nobody told.
#[test]
fn another_id_than_the_one_that_is_kept_is_refused_while_it_is_mounted() {
    for how in ["bind", "sym"] {
        let here = on_root(declared(how));
        let entry = format!("file {how} {TARGET}");
        let moved = on_root(config(&[("/persist", &[&entry]), ("/old", &[])]));
        let mut elsewhere = Tree::new(&["/persist", "/old"]);
        elsewhere.file("/old/etc/machine-id", ROOT, ID);
        elsewhere.file(TARGET, ROOT, "");
        elsewhere.file("/run/machine-id", READ_ONLY, OTHER);
        elsewhere.mount("/run/machine-id", TARGET);
        for (config, start) in [(here, transient(Some(ID))), (moved, elsewhere)] {
            let mut sys = FakeSys::new(start.clone());
            let (ends, record) = place(&mut sys, &config, &Record::default());
            let why = "something else is mounted on /etc/machine-id; unmount it and run `blankslate apply`";
            assert_eq!(ends, [format!("{TARGET} refused: {why}")]);
            assert!(sys.tree == start && !record.is_as_it_should());
            sys.tree.mounts.clear();
            let (ends, _) = place(&mut sys, &config, &record);
            assert_eq!(ends, [format!("{TARGET} done")]);
            assert_eq!(texts(&sys), [Some(ID.into()), Some(ID.into())]);
        }
    }
}

#[test]
fn an_id_moves_from_store_to_store_whatever_says_that_there_is_none() {
    for how in ["bind", "sym"] {
        let entry = format!("file {how} {TARGET}");
        let config = on_root(config(&[("/persist", &[&entry]), ("/old", &[])]));
        for target in UNSET {
            for source in UNSET {
                let mut start = Tree::new(&["/persist", "/old"]);
                let texts_of = [(TARGET, target), (SOURCE, source)];
                for (at, text) in texts_of.into_iter().chain([("/old/etc/machine-id", Some(OTHER))])
                {
                    if let Some(text) = text {
                        start.file(at, ROOT, text);
                    }
                }
                let mut sys = FakeSys::new(start);
                let (ends, record) = place(&mut sys, &config, &Record::default());
                assert_eq!(ends, [format!("{TARGET} done")], "{how} {target:?} {source:?}");
                assert_eq!(texts(&sys), [Some(OTHER.into()), Some(OTHER.into())]);
                let (ends, _) = place(&mut sys, &config, &record);
                assert_eq!(ends, [format!("{TARGET} unchanged")]);
            }
        }
        // Nor does one that says so elsewhere count as one.
        let mut start = Tree::new(&["/persist", "/old"]);
        start.file("/old/etc/machine-id", ROOT, "uninitialized\n");
        let mut sys = FakeSys::new(start);
        place(&mut sys, &config, &Record::default());
        assert_eq!(texts(&sys), [Some(ID.into()), Some(ID.into())]);
    }
}

#[test]
fn the_word_for_none_in_the_store_makes_room_for_the_id_of_the_root() {
    for how in ["bind", "sym"] {
        for source in ["uninitialized\n", "uninitialized"] {
            let config = on_root(declared(how));
            let mut sys = FakeSys::new(tree(Some(OTHER), Some(source)));
            let (ends, _) = place(&mut sys, &config, &Record::default());
            assert_eq!(ends, [format!("{TARGET} done")], "{how}");
            assert_eq!(texts(&sys), [Some(OTHER.into()), Some(OTHER.into())]);
            let aside = sys.tree.text("/persist/etc/.blankslate-adopted-0");
            assert_eq!(aside.as_deref(), Some(source));
            let mut sys = FakeSys::new(tree(Some(OTHER), Some(source)));
            let roots: Vec<_> = config.roots.iter().collect();
            let rescued = rescue(&mut sys, &config, &roots, &initrd(), &|_| ());
            assert!(matches!(rescued[..], [ref one] if matches!(one.end, RescueEnd::Adopted(_))));
            assert_eq!(texts(&sys), [Some(OTHER.into()), Some(OTHER.into())]);
        }
    }
}

#[test]
fn stopped_anywhere_on_the_way_to_it_no_id_is_lost_and_the_next_run_ends_the_same() {
    let (config, start) = (on_root(declared("bind")), tree(Some(OTHER), Some("uninitialized\n")));
    let mut good = FakeSys::new(start.clone());
    place(&mut good, &config, &Record::default());
    for n in 1..=good.calls() {
        for fault in [Fault::Killed(n), Fault::Once(n, errno::ENOSPC)] {
            let mut hurt = FakeSys::failing(start.clone(), fault);
            let (_, record) = place(&mut hurt, &config, &Record::default());
            let record = if matches!(fault, Fault::Once(..)) { record } else { Record::default() };
            let mut again = FakeSys::new(hurt.tree);
            place(&mut again, &config, &record);
            assert_eq!(texts(&again), [Some(OTHER.into()), Some(OTHER.into())], "{fault:?}");
        }
    }
}
