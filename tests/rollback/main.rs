//! The boot step on pools in memory: what is asked, what is done, what is written down.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::type_complexity,
    reason = "tests"
)]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

mod adopting;

use blankslate::config::{Config, Root};
use blankslate::rollback::adoption::Searched;
use blankslate::rollback::decide::Order;
use blankslate::rollback::facts::{DatasetFacts, Present, SnapshotFacts};
use blankslate::rollback::receipt::{Outcome, Receipt, RootReceipt};
use blankslate::rollback::run::run;
use blankslate::rollback::situation::{Situation, Switch};
use blankslate::sys::mounts::MountTable;
use blankslate::zfs::names::DatasetName;
use blankslate::zfs::{Asked, Detail, Zfs, ZfsError};

/// Pools in memory: dataset to its facts. A rollback makes what it says true, or fails whole.
#[derive(Default)]
struct FakeZfs {
    datasets: RefCell<BTreeMap<DatasetName, Present>>,
    calls: RefCell<Vec<String>>,
    fail_at: Option<usize>,
    /// Stops after it has destroyed the first snapshot.
    breaks: bool,
}

impl FakeZfs {
    fn count(&self, call: String) -> Result<(), ZfsError> {
        self.calls.borrow_mut().push(call);
        match self.fail_at {
            Some(n) if self.calls.borrow().len() == n => {
                Err(ZfsError::Unreadable { pool: "it".into(), cause: "the disk is gone".into() })
            }
            _ => Ok(()),
        }
    }
}

impl Zfs for &FakeZfs {
    fn facts(
        &self,
        pool: &str,
        roots: &[Asked],
        detail: Detail,
    ) -> Result<Vec<DatasetFacts>, ZfsError> {
        self.count(format!(
            "{} {pool}",
            if detail == Detail::All { "all facts" } else { "facts" }
        ))?;
        let all = self.datasets.borrow();
        let one = |(dataset, _): &Asked| DatasetFacts {
            dataset: (*dataset).clone(),
            present: all.get(dataset).cloned(),
        };
        Ok(roots.iter().map(one).collect())
    }

    fn roll_back(&self, order: &Order) -> Result<(), ZfsError> {
        self.count(format!("roll back {}", order.pool()))?;
        for root in order.roots() {
            if self.breaks {
                let mut all = self.datasets.borrow_mut();
                let present = all.get_mut(&root.dataset).unwrap();
                present.snapshots.retain(|s| s.guid != root.doomed[0].guid);
                return Err(ZfsError::Broken("a signal came".into()));
            }
            let mut all = self.datasets.borrow_mut();
            let present = all.get_mut(&root.dataset).unwrap();
            assert_eq!(present.guid, root.guid);
            present.snapshots.retain(|s| !root.doomed.iter().any(|d| d.guid == s.guid));
            let newest = present.snapshots.iter().max_by_key(|s| s.createtxg).unwrap();
            assert_eq!(
                newest.guid, root.blank.guid,
                "the blank is the newest when it is rolled back to"
            );
            present.written = Some(0);
        }
        Ok(())
    }
}

fn snapshot(name: &str, guid: u64, createtxg: u64) -> SnapshotFacts {
    let name = name.parse().unwrap();
    SnapshotFacts { name, guid, createtxg, holds: vec![], clones: vec![] }
}

fn present(snapshots: Vec<SnapshotFacts>) -> Present {
    let kind = "filesystem".into();
    Present { kind, guid: 7, written: Some(1), snapshots, ..Present::default() }
}

/// Two roots in the pool `a`, one in `b`.
fn pools() -> FakeZfs {
    let zfs = FakeZfs::default();
    for name in ["a/root", "a/tmp", "b/root"] {
        let snapshots =
            vec![snapshot("new", 3, 30), snapshot("blank", 2, 20), snapshot("old", 1, 10)];
        zfs.datasets.borrow_mut().insert(name.parse().unwrap(), present(snapshots));
    }
    zfs
}

fn config() -> Config {
    Config::parse(&roots()).unwrap()
}

fn roots() -> String {
    let root = |mount: &str, dataset: &str, more: &str| {
        format!(
            "[[root]]\nmount = \"{mount}\"\nkind = \"zfs\"\ndataset = \"{dataset}\"\nsnapshot = \"blank\"\n{more}\n"
        )
    };
    let text = root("/srv", "b/root", "")
        + &root("/", "a/root", "on-failure = \"emergency\"")
        + &root("/tmp", "a/tmp", "");
    format!("version = 1\n{text}")
}

fn situation(switch: Switch) -> Situation {
    let adopt = Switch::On;
    Situation { switch, adopt, mounts: Ok(MountTable::default()), resume: None }
}

/// No entry is declared, so nobody may be asked to adopt.
fn nobody(roots: &[&Root]) -> Vec<Searched> {
    panic!("asked to adopt from {roots:?}")
}

fn boot(zfs: &FakeZfs, situation: &Situation) -> Receipt {
    boot_with(&config(), zfs, situation, &mut nobody)
}

fn boot_with(
    config: &Config,
    zfs: &FakeZfs,
    situation: &Situation,
    adopt: &mut dyn FnMut(&[&Root]) -> Vec<Searched>,
) -> Receipt {
    let ticks = Cell::new(0);
    let clock = || {
        ticks.set(ticks.get() + 1);
        Duration::from_micros(ticks.get())
    };
    run(config, situation, || Ok(zfs), adopt, &clock)
}

fn outcomes(receipt: &Receipt) -> Vec<(&str, Outcome)> {
    receipt.roots.iter().map(|root| (root.dataset.as_str(), root.outcome)).collect()
}

#[test]
fn every_pool_is_asked_once_and_rolled_back_once_and_the_receipt_says_so() {
    let zfs = pools();
    let receipt = boot(&zfs, &situation(Switch::On));
    assert_eq!(*zfs.calls.borrow(), ["facts a", "roll back a", "facts b", "roll back b"]);
    let done = Outcome::RolledBack;
    assert_eq!(outcomes(&receipt), [("b/root", done), ("a/root", done), ("a/tmp", done)]);
    assert_eq!(receipt.roots[0].destroyed.len(), 1);
    assert_eq!(receipt.roots[0].destroyed[0].name.as_str(), "new");
    assert_eq!(
        receipt.roots[0].sentence(),
        "b/root rolled back to b/root@blank, 1 newer snapshot destroyed"
    );
    assert_eq!(receipt.config.as_deref(), Some(config().digest.as_str()));
    assert_eq!((receipt.microseconds.facts, receipt.microseconds.run), (2, 2));
    assert!(receipt.is_as_it_should() && !receipt.is_trouble());
}

/// Validates a receipt against the schema in the tree.
fn assert_fits_the_schema(receipt: &Receipt) {
    let schema = include_str!("../../docs/schema/boot-1.json");
    let schema = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    let value = serde_json::to_value(receipt).unwrap();
    let faults: Vec<String> = schema.iter_errors(&value).map(|fault| fault.to_string()).collect();
    assert_eq!(faults, Vec::<String>::new());
    let text = serde_json::to_string(receipt).unwrap();
    assert_eq!(&serde_json::from_str::<Receipt>(&text).unwrap(), receipt);
}

#[test]
fn every_receipt_fits_its_schema_and_is_read_back_the_same() {
    let zfs = pools();
    assert_fits_the_schema(&boot(&zfs, &situation(Switch::On)));
    assert_fits_the_schema(&boot(&zfs, &situation(Switch::Off)));
    let failing = FakeZfs { fail_at: Some(2), ..pools() };
    assert_fits_the_schema(&boot(&failing, &situation(Switch::On)));
    let empty = FakeZfs::default();
    assert_fits_the_schema(&boot(&empty, &situation(Switch::On)));
    assert_fits_the_schema(&Receipt::of_trouble(None, "no configuration".into()));
}

#[test]
fn a_second_boot_step_finds_the_roots_blank_and_does_nothing() {
    let zfs = pools();
    boot(&zfs, &situation(Switch::On));
    let after = zfs.datasets.borrow().clone();
    let receipt = boot(&zfs, &situation(Switch::On));
    assert_eq!(zfs.calls.borrow()[4..], ["facts a", "facts b"]);
    assert!(receipt.roots.iter().all(|root| root.outcome == Outcome::Skipped));
    assert_eq!(receipt.roots[1].sentence(), "a/root left as it is: it is blank already");
    assert_eq!(*zfs.datasets.borrow(), after);
}

#[test]
fn with_the_kernel_parameter_or_a_resume_image_no_pool_is_even_connected_to() {
    let hibernated = Situation { resume: Some("an image".into()), ..situation(Switch::On) };
    for (situation, outcome) in
        [(situation(Switch::Off), Outcome::Skipped), (hibernated, Outcome::Refused)]
    {
        let connect = || -> Result<&FakeZfs, ZfsError> { panic!("connected") };
        let receipt = run(&config(), &situation, connect, &mut nobody, &|| Duration::ZERO);
        assert!(receipt.roots.iter().all(|root| root.outcome == outcome), "{receipt:?}");
    }
}

#[test]
fn a_pool_that_refuses_or_fails_does_not_stop_the_next_and_is_named() {
    let zfs = pools();
    zfs.datasets.borrow_mut().remove(&"a/tmp".parse().unwrap());
    let receipt = boot(&zfs, &situation(Switch::On));
    assert_eq!(
        outcomes(&receipt),
        [
            ("b/root", Outcome::RolledBack),
            ("a/root", Outcome::Refused),
            ("a/tmp", Outcome::Misdeclared)
        ]
    );
    assert_eq!(*zfs.calls.borrow(), ["facts a", "all facts a", "facts b", "roll back b"]);
    for (fail_at, a) in [(1, Outcome::Refused), (2, Outcome::Failed)] {
        let zfs = FakeZfs { fail_at: Some(fail_at), ..pools() };
        let receipt = boot(&zfs, &situation(Switch::On));
        assert_eq!(
            outcomes(&receipt),
            [("b/root", Outcome::RolledBack), ("a/root", a), ("a/tmp", a)]
        );
        assert_eq!(
            receipt.roots[1].reason.as_deref(),
            Some("cannot ask the pool it: the disk is gone")
        );
        assert!(receipt.is_trouble(), "a/root has on-failure = emergency");
    }
}

#[test]
fn an_act_that_stops_half_way_is_told_with_what_went() {
    let zfs = FakeZfs { breaks: true, ..pools() };
    let receipt = boot(&zfs, &situation(Switch::On));
    let [_, root, tmp] = receipt.roots.as_slice() else { panic!("{receipt:?}") };
    assert_eq!((root.outcome, tmp.outcome), (Outcome::Failed, Outcome::Failed));
    let names = |root: &RootReceipt| -> Vec<String> {
        root.destroyed.iter().map(|snapshot| snapshot.name.to_string()).collect()
    };
    assert_eq!(names(root), ["new"]);
    assert_eq!(names(tmp), Vec::<String>::new());
    assert_eq!(root.facts.as_ref().unwrap().snapshots.len(), 3, "the facts are those of before");
    assert_eq!(
        root.sentence(),
        "a/root NOT rolled back, it failed: the rollback may have stopped half way: a signal came; \
         compare `zfs list -t snapshot` with this receipt"
    );
}

#[test]
fn zfs_that_does_not_answer_is_a_refusal_with_a_sentence() {
    let connect =
        || -> Result<&FakeZfs, ZfsError> { Err(ZfsError::NoAnswer("no /dev/zfs".into())) };
    let receipt = run(&config(), &situation(Switch::On), connect, &mut nobody, &|| Duration::ZERO);
    assert!(receipt.roots.iter().all(|root| root.outcome == Outcome::Refused));
    assert_eq!(
        receipt.roots[0].sentence(),
        "b/root NOT rolled back: ZFS does not answer: no /dev/zfs; load the zfs module, of the version that libzfs has"
    );
}
