//! Every combination of facts, and the sentence of every refusal.

mod combinations;

use super::*;
use crate::config::OnFailure;
use crate::rollback::adoption::Searched;

/// One world: what is declared, what the pool says, what the machine says.
#[derive(Debug, Clone)]
struct World {
    root: Root,
    facts: DatasetFacts,
    situation: Situation,
    searched: Vec<Searched>,
}

fn snapshot(name: &str, guid: u64, createtxg: u64) -> SnapshotFacts {
    let name = name.parse().unwrap();
    SnapshotFacts { name, guid, createtxg, holds: Vec::new(), clones: Vec::new() }
}

fn root(dataset: &str, line: usize) -> Root {
    Root {
        mount: format!("/{line}").parse().unwrap(),
        dataset: dataset.parse().unwrap(),
        snapshot: "blank".parse().unwrap(),
        snapshot_guid: None,
        newer_snapshots: NewerSnapshots::Destroy,
        on_failure: OnFailure::Continue,
        line,
    }
}

impl World {
    /// A root that was written to, its blank, one snapshot that is older and sorts behind.
    fn good() -> Self {
        let root = root("rpool/local/root", 1);
        let present = Present {
            kind: "filesystem".into(),
            guid: 7,
            written: Some(4096),
            snapshots: vec![snapshot("blank", 70, 20), snapshot("zeroth", 71, 10)],
            ..Present::default()
        };
        Self {
            facts: DatasetFacts { dataset: root.dataset.clone(), present: Some(present) },
            situation: Situation {
                switch: Switch::On,
                adopt: Switch::On,
                mounts: Ok(MountTable::default()),
                resume: None,
            },
            searched: vec![Searched::nothing(&root.dataset)],
            root,
        }
    }

    fn with(change: impl FnOnce(&mut Self)) -> Self {
        let mut world = Self::good();
        change(&mut world);
        world
    }

    fn present(&mut self) -> &mut Present {
        self.facts.present.as_mut().unwrap()
    }

    fn newer(&mut self, snapshots: impl IntoIterator<Item = SnapshotFacts>) {
        self.present().snapshots.extend(snapshots);
    }

    fn mount(&mut self, source: &str) {
        let line = format!("1 0 0:1 / /there rw - zfs {source} rw");
        self.situation.mounts = Ok(MountTable::parse(line.as_bytes()).unwrap());
    }

    fn decide(&self) -> PoolDecision {
        let facts = std::slice::from_ref(&self.facts);
        let search = Search::Over(&self.searched);
        decide("rpool", &[&self.root], Ok(facts), &self.situation, search)
    }
}

fn doomed(decision: &PoolDecision) -> Vec<String> {
    let orders = decision.order.iter().flat_map(Order::roots);
    orders.flat_map(|o| o.doomed.iter().map(|s| s.name.to_string())).collect()
}

#[test]
fn a_root_that_was_written_to_is_rolled_back() {
    let decision = World::good().decide();
    let order = decision.order.clone().unwrap();
    assert_eq!(order.pool(), "rpool");
    assert_eq!(order.roots().len(), 1);
    assert_eq!(order.roots()[0].guid, 7);
    assert_eq!(
        order.roots()[0].blank,
        Snapshot { name: "blank".parse().unwrap(), guid: 70, createtxg: 20 }
    );
    assert_eq!(decision.roots, [Decision::Proceed(order.roots()[0].clone())]);
}

#[test]
fn newer_is_by_transaction_group_and_never_by_name_or_place_in_the_list() {
    let world = World::with(|w| {
        w.newer([snapshot("zzz", 72, 40), snapshot("aaa", 73, 30), snapshot("b", 74, 5)]);
        w.present().snapshots.rotate_left(2);
    });
    assert_eq!(doomed(&world.decide()), ["aaa", "zzz"]);
}

#[test]
fn a_blank_root_is_left_alone_and_only_when_that_is_certain() {
    let skipped = [Decision::Skip(SkipReason::AlreadyBlank)];
    let blank = World::with(|w| w.present().written = Some(0));
    assert_eq!(blank.decide(), PoolDecision { roots: skipped.to_vec(), order: None });
    let unsure = World::with(|w| w.present().written = None);
    assert!(unsure.decide().order.is_some());
    let newer = World::with(|w| {
        w.present().written = Some(0);
        w.newer([snapshot("new", 72, 30)]);
    });
    assert_eq!(doomed(&newer.decide()), ["new"]);
}

#[test]
fn every_refusal_is_a_sentence_that_names_the_thing_and_the_cure() {
    let newer = || snapshot("new", 72, 30);
    let table: Vec<(World, &str)> = vec![
        (
            World::with(|w| w.situation.switch = Switch::NotUnderstood("nope".into())),
            "blankslate.rollback=nope is on the kernel's command line and is not understood; write blankslate.rollback=no or =yes",
        ),
        (
            World::with(|w| w.situation.adopt = Switch::NotUnderstood("nope".into())),
            "blankslate.adopt=nope is on the kernel's command line and is not understood; write blankslate.adopt=no or =yes",
        ),
        (
            World::with(|w| w.searched[0].failure = Some("the store is full; free space".into())),
            "the store is full; free space, or boot once with blankslate.adopt=no, which erases what was not adopted",
        ),
        (
            World::with(|w| w.searched.clear()),
            "nobody searched rpool/local/root for what is declared; report this, and boot once with blankslate.adopt=no",
        ),
        (
            World::with(|w| w.situation.resume = Some("an image on /dev/sda2".into())),
            "a hibernated system may be waiting: an image on /dev/sda2; resume it, or boot once with noresume",
        ),
        (
            World::with(|w| w.situation.mounts = Err("no /proc".into())),
            "the mounts cannot be read: no /proc; mount /proc before this step",
        ),
        (
            World::with(|w| w.facts.present = None),
            "there is no dataset rpool/local/root; see `zfs list` for the name of the root, and mend root.dataset",
        ),
        (
            World::with(|w| w.present().kind = "volume".into()),
            "rpool/local/root is a volume, not a file system; mend root.dataset",
        ),
        (
            World::with(|w| w.mount("rpool/local/root")),
            "rpool/local/root is mounted on /there; unmount it, or order this step before its mount",
        ),
        (
            World::with(|w| w.root.snapshot = "empty".parse().unwrap()),
            "there is no snapshot rpool/local/root@empty; make it with `zfs snapshot rpool/local/root@empty` while the root is empty",
        ),
        (
            World::with(|w| w.root.snapshot_guid = Some(69)),
            "rpool/local/root@blank has the guid 70, not 69: it is not the blank that was meant; see `zfs get guid rpool/local/root@blank` and mend root.snapshot-guid",
        ),
        (
            World::with(|w| {
                w.root.newer_snapshots = NewerSnapshots::Refuse;
                w.newer([newer(), snapshot("newest", 73, 40)]);
            }),
            "2 snapshots of rpool/local/root are newer than the blank, rpool/local/root@new the first of them, and newer-snapshots is \"refuse\"; destroy them, or write newer-snapshots = \"destroy\"",
        ),
        (
            World::with(|w| w.newer([SnapshotFacts { holds: vec!["it's".into()], ..newer() }])),
            "rpool/local/root@new is newer than the blank and held; release it with `zfs release 'it'\\''s' rpool/local/root@new`",
        ),
        (
            World::with(|w| w.newer([SnapshotFacts { clones: vec!["rpool/c".into()], ..newer() }])),
            "rpool/local/root@new is newer than the blank and rpool/c is cloned from it; destroy the clone, or `zfs promote rpool/c`",
        ),
        (
            World::with(|w| {
                w.newer([newer()]);
                w.present().bookmarks.push("rpool/local/root#b".into());
            }),
            "rpool/local/root#b is a bookmark and may be newer than the blank, which stops a rollback; destroy it with `zfs destroy rpool/local/root#b`",
        ),
    ];
    for (world, sentence) in table {
        let decision = world.decide();
        let [Decision::Refuse(refusal)] = decision.roots.as_slice() else {
            panic!("not refused: {world:?}");
        };
        assert_eq!(refusal.to_string(), sentence);
        assert_eq!(decision.order, None);
    }
}

#[test]
fn what_belongs_to_the_blank_or_to_older_snapshots_stops_nothing() {
    let world = World::with(|w| {
        for snapshot in &mut w.present().snapshots {
            snapshot.holds.push("keep".into());
            snapshot.clones.push("rpool/clone".into());
        }
        w.present().bookmarks.push("rpool/local/root#old".into());
        w.present().children.push("rpool/local/root/child".into());
        w.present().origin = Some("rpool/x@y".into());
        w.present().key_status = Some("unavailable".into());
        w.root.snapshot_guid = Some(70);
        w.mount("rpool/local/root/child");
    });
    assert!(world.decide().order.is_some());
}

#[test]
fn one_refusal_in_a_pool_refuses_every_root_in_it() {
    let good = World::good();
    let bad = root("rpool/local/other", 2);
    let missing = DatasetFacts { dataset: bad.dataset.clone(), present: None };
    let facts = [good.facts.clone(), missing];
    let search = Search::Over(&good.searched);
    let decision = decide("rpool", &[&good.root, &bad], Ok(&facts), &good.situation, search);
    let beside = Refusal::Beside { beside: bad.dataset.clone() };
    assert_eq!(
        decision.roots,
        [Decision::Refuse(beside), Decision::Refuse(Refusal::DatasetMissing(bad.dataset))]
    );
    assert_eq!(decision.order, None);
}

#[test]
fn before_the_search_there_is_no_order_and_after_it_one_failure_refuses_all() {
    let good = World::good();
    let other = World::with(|w| {
        w.root = root("rpool/local/other", 2);
        w.facts.dataset = w.root.dataset.clone();
    });
    let facts = [good.facts.clone(), other.facts.clone()];
    let decide =
        |search| decide("rpool", &[&good.root, &other.root], Ok(&facts), &good.situation, search);
    let ahead = decide(Search::Ahead);
    assert_eq!(ahead.order, None);
    assert!(ahead.roots.iter().all(|decision| matches!(decision, Decision::Proceed(_))));
    let fine = Searched::nothing(&good.root.dataset);
    let both = [fine.clone(), Searched::nothing(&other.root.dataset)];
    assert_eq!(decide(Search::Over(&both)).order.unwrap().roots().len(), 2);
    let failed = [fine, Searched::failed(&other.root.dataset, "it is full; empty it".into())];
    let decision = decide(Search::Over(&failed));
    assert_eq!(decision.order, None);
    let beside = Refusal::Beside { beside: other.root.dataset.clone() };
    let full = Refusal::NotAdopted("it is full; empty it".into());
    assert_eq!(decision.roots, [Decision::Refuse(beside), Decision::Refuse(full)]);
}

#[test]
fn an_answer_about_something_else_is_refused() {
    let world = World::good();
    let other = DatasetFacts { dataset: "rpool/x".parse().unwrap(), ..world.facts.clone() };
    for facts in [vec![], vec![other], vec![world.facts.clone(), world.facts.clone()]] {
        let search = Search::Over(&world.searched);
        let decision = decide("rpool", &[&world.root], Ok(&facts), &world.situation, search);
        assert_eq!(decision.order, None, "{facts:?}");
        assert!(matches!(&decision.roots[0], Decision::Refuse(Refusal::PoolUnreadable(_))));
    }
    let search = Search::Over(&world.searched);
    let decision = decide("rpool", &[&world.root], Err("it is gone"), &world.situation, search);
    assert_eq!(decision.roots, [Decision::Refuse(Refusal::PoolUnreadable("it is gone".into()))]);
}
