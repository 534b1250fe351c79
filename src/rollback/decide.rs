//! Whether roots may be rolled back: pure, total, and the only maker of an [`Order`].
//!
//! In: what is declared, what the pool says, what the machine says, what was saved from the roots. Out:
//! for every root of the pool proceed, skip or refuse, and one order for all of them or none. What is
//! not understood is refused, and before the roots were searched there is no order at all.

mod refusal;

pub use refusal::Refusal;

use serde::{Deserialize, Serialize};

use super::adoption::Search;
use super::facts::{DatasetFacts, Present, SnapshotFacts};
use super::situation::{ADOPT, PARAMETER, Situation, Switch};
use crate::config::{NewerSnapshots, Root};
use crate::sys::mounts::MountTable;
use crate::zfs::names::{DatasetName, SnapshotName};

/// What becomes of one root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is rolled back.
    Proceed(RootOrder),
    /// It need not or must not be rolled back this time, and that is as it should be.
    Skip(SkipReason),
    /// It should be rolled back, and is not.
    Refuse(Refusal),
}

/// What is done to one root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootOrder {
    /// The dataset.
    pub dataset: DatasetName,
    /// Its guid.
    pub guid: u64,
    /// What it is rolled back to.
    pub blank: Snapshot,
    /// The snapshots newer than the blank: they go.
    pub doomed: Vec<Snapshot>,
}

/// A snapshot, known by name, guid and age.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Its name behind the `@`.
    pub name: SnapshotName,
    /// Its identity.
    #[serde(with = "super::guid")]
    pub guid: u64,
    /// The transaction group in which it was made.
    pub createtxg: u64,
}

/// What is done to one pool, all of it or nothing. Only [`decide`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pool: String,
    roots: Vec<RootOrder>,
}

impl Order {
    /// The pool.
    #[must_use]
    pub fn pool(&self) -> &str {
        &self.pool
    }

    /// The roots in it.
    #[must_use]
    pub fn roots(&self) -> &[RootOrder] {
        &self.roots
    }
}

/// Why a root was left alone, as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SkipReason {
    /// The admin said so at the boot menu.
    #[error("{PARAMETER}=no is on the kernel's command line")]
    KernelParameter,
    /// Nothing was written since the blank.
    #[error("it is blank already")]
    AlreadyBlank,
}

/// What becomes of the roots of one pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolDecision {
    /// One decision for each root, in the order of the roots.
    pub roots: Vec<Decision>,
    /// What is done, if anything is; none before the roots were searched.
    pub order: Option<Order>,
}

impl PoolDecision {
    /// Whether a root may be rolled back, as far as is known.
    #[must_use]
    pub fn proceeds(&self) -> bool {
        self.roots.iter().any(|decision| matches!(decision, Decision::Proceed(_)))
    }

    /// Whether a root is refused.
    #[must_use]
    pub fn refuses(&self) -> bool {
        self.roots.iter().any(|decision| matches!(decision, Decision::Refuse(_)))
    }

    /// The same decision for every one of `count` roots.
    fn all(decision: &Decision, count: usize) -> Self {
        Self { roots: vec![decision.clone(); count], order: None }
    }
}

/// Decides without the pool, where that can be: then the pool must not even be asked.
#[must_use]
pub fn decide_without_pool(situation: &Situation) -> Option<Decision> {
    match &situation.switch {
        Switch::On => {}
        Switch::Off => return Some(Decision::Skip(SkipReason::KernelParameter)),
        Switch::NotUnderstood(value) => return Some(odd(PARAMETER, value)),
    }
    if let Switch::NotUnderstood(value) = &situation.adopt {
        return Some(odd(ADOPT, value));
    }
    situation.resume.clone().map(|why| Decision::Refuse(Refusal::Resume(why)))
}

/// A kernel parameter that is not understood.
fn odd(name: &'static str, value: &str) -> Decision {
    Decision::Refuse(Refusal::Parameter { name, value: value.to_owned() })
}

/// Decides about all roots of one pool.
///
/// `facts` is the pool's answer about exactly these roots in this order; anything else is refused.
/// Called twice: what proceeds while the search is ahead is what has to be searched.
#[must_use]
pub fn decide(
    pool: &str,
    roots: &[&Root],
    facts: Result<&[DatasetFacts], &str>,
    situation: &Situation,
    search: Search<'_>,
) -> PoolDecision {
    if let Some(decision) = decide_without_pool(situation) {
        return PoolDecision::all(&decision, roots.len());
    }
    let refuse = |refusal| PoolDecision::all(&Decision::Refuse(refusal), roots.len());
    let mounts = match &situation.mounts {
        Ok(mounts) => mounts,
        Err(why) => return refuse(Refusal::MountsUnknown(why.clone())),
    };
    let facts = match facts {
        Ok(facts) => facts,
        Err(why) => return refuse(Refusal::PoolUnreadable(why.to_owned())),
    };
    let about = |(root, facts): (&&Root, &DatasetFacts)| root.dataset == facts.dataset;
    if facts.len() != roots.len() || !roots.iter().zip(facts).all(about) {
        return refuse(Refusal::PoolUnreadable(format!("{pool} answered about other datasets")));
    }
    let each = roots.iter().zip(facts);
    let one = |(root, facts): (&&Root, &DatasetFacts)| decide_one(root, facts, mounts, search);
    let mut decision = whole_or_nothing(pool, roots, each.map(one).collect());
    if search == Search::Ahead {
        decision.order = None;
    }
    decision
}

/// One refusal refuses every root beside it.
fn whole_or_nothing(pool: &str, roots: &[&Root], mut decisions: Vec<Decision>) -> PoolDecision {
    let refused = decisions.iter().position(|d| matches!(d, Decision::Refuse(_)));
    if let Some(beside) = refused.and_then(|at| roots.get(at)) {
        for decision in &mut decisions {
            if matches!(decision, Decision::Proceed(_)) {
                let beside = beside.dataset.clone();
                *decision = Decision::Refuse(Refusal::Beside { beside });
            }
        }
    }
    let proceeding = decisions.iter().filter_map(|decision| match decision {
        Decision::Proceed(order) => Some(order.clone()),
        Decision::Skip(_) | Decision::Refuse(_) => None,
    });
    let orders: Vec<RootOrder> = proceeding.collect();
    let order = (!orders.is_empty()).then(|| Order { pool: pool.to_owned(), roots: orders });
    PoolDecision { roots: decisions, order }
}

fn decide_one(
    root: &Root,
    facts: &DatasetFacts,
    mounts: &MountTable,
    search: Search<'_>,
) -> Decision {
    let safe = |decision| match decision {
        Decision::Proceed(order) => is_safe(root, search).map(|()| Decision::Proceed(order)),
        Decision::Skip(_) | Decision::Refuse(_) => Ok(decision),
    };
    weigh(root, facts, mounts).and_then(safe).unwrap_or_else(Decision::Refuse)
}

/// Whether nothing that is declared would be lost with the root. The data is worth more than the
/// blank, so an answer that is missing is a refusal too.
fn is_safe(root: &Root, search: Search<'_>) -> Result<(), Refusal> {
    let Search::Over(roots) = search else { return Ok(()) };
    let mut answers = roots.iter().filter(|searched| searched.dataset == root.dataset).peekable();
    if answers.peek().is_none() {
        return Err(Refusal::NotSearched(root.dataset.clone()));
    }
    match answers.find_map(|searched| searched.failure.clone()) {
        Some(why) => Err(Refusal::NotAdopted(why)),
        None => Ok(()),
    }
}

fn weigh(root: &Root, facts: &DatasetFacts, mounts: &MountTable) -> Result<Decision, Refusal> {
    let dataset = &root.dataset;
    let Some(present) = &facts.present else {
        return Err(Refusal::DatasetMissing(dataset.clone()));
    };
    if present.kind != "filesystem" {
        let kind = present.kind.clone();
        return Err(Refusal::NotAFilesystem { dataset: dataset.clone(), kind });
    }
    if let Some(mount) = mounts.of_dataset(dataset.as_str()).next() {
        let point = mount.point.to_string();
        return Err(Refusal::Mounted { dataset: dataset.clone(), point });
    }
    let blank = find_blank(root, present)?;
    let newer = newer_than(blank, present);
    if newer.is_empty() && present.written == Some(0) {
        return Ok(Decision::Skip(SkipReason::AlreadyBlank));
    }
    may_go(root, present, &newer)?;
    let known = |s: &SnapshotFacts| {
        let (name, guid, createtxg) = (s.name.clone(), s.guid, s.createtxg);
        Snapshot { name, guid, createtxg }
    };
    Ok(Decision::Proceed(RootOrder {
        dataset: dataset.clone(),
        guid: present.guid,
        blank: known(blank),
        doomed: newer.into_iter().map(known).collect(),
    }))
}

fn find_blank<'p>(root: &Root, present: &'p Present) -> Result<&'p SnapshotFacts, Refusal> {
    let name = || root.dataset.at(&root.snapshot);
    let blank = present.snapshots.iter().find(|snapshot| snapshot.name == root.snapshot);
    let blank = blank.ok_or_else(|| Refusal::BlankMissing(name()))?;
    match root.snapshot_guid {
        Some(pinned) if pinned != blank.guid => {
            Err(Refusal::OtherBlank { name: name(), pinned, found: blank.guid })
        }
        _ => Ok(blank),
    }
}

/// The snapshots made after the blank, oldest first. The list's own order is by name.
fn newer_than<'p>(blank: &SnapshotFacts, present: &'p Present) -> Vec<&'p SnapshotFacts> {
    let mut newer: Vec<&SnapshotFacts> =
        present.snapshots.iter().filter(|s| s.createtxg > blank.createtxg).collect();
    newer.sort_unstable_by_key(|snapshot| snapshot.createtxg);
    newer
}

/// Whether every newer snapshot may be destroyed.
fn may_go(root: &Root, present: &Present, newer: &[&SnapshotFacts]) -> Result<(), Refusal> {
    let Some(first) = newer.first() else { return Ok(()) };
    let full = |snapshot: &SnapshotFacts| root.dataset.at(&snapshot.name);
    if root.newer_snapshots == NewerSnapshots::Refuse {
        let (dataset, count) = (root.dataset.clone(), newer.len());
        return Err(Refusal::NewerSnapshots { dataset, count, first: full(first) });
    }
    for snapshot in newer {
        if let Some(tag) = snapshot.holds.first() {
            return Err(Refusal::Held { snapshot: full(snapshot), tag: tag.clone() });
        }
        if let Some(clone) = snapshot.clones.first() {
            return Err(Refusal::Cloned { snapshot: full(snapshot), clone: clone.clone() });
        }
    }
    // A bookmark newer than the blank stops a rollback (EEXIST) only once the newer snapshots are
    // gone, so no check beforehand shows it, and no channel program can tell how old a bookmark is.
    match present.bookmarks.first() {
        Some(bookmark) => Err(Refusal::Bookmarked { bookmark: bookmark.clone() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
