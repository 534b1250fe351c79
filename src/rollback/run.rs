//! The boot step: asks every pool, decides, acts, and writes down what became of each root.

use std::collections::BTreeMap;
use std::time::Duration;

use super::decide::{Order, PoolDecision, decide, decide_without_pool};
use super::facts::DatasetFacts;
use super::receipt::{Failure, Phases, Receipt, RootReceipt};
use super::situation::Situation;
use crate::config::{Config, Root};
use crate::zfs::{Asked, Detail, Zfs, ZfsError};

/// Rolls back every root that may be rolled back, pool by pool, and returns the receipt.
///
/// Refusals and failures are in the receipt; a pool that fails does not stop the next. `connect` is
/// called once, and not at all when the machine says that no pool is to be touched. `clock` tells how
/// long ago some fixed moment was.
pub fn run<Z: Zfs>(
    config: &Config,
    situation: &Situation,
    connect: impl FnOnce() -> Result<Z, ZfsError>,
    clock: &dyn Fn() -> Duration,
) -> Receipt {
    let mut phases = Phases::default();
    let mut receipts = BTreeMap::new();
    let zfs = decide_without_pool(situation).is_none().then(connect);
    for (pool, roots) in by_pool(config) {
        let act = Act { pool, roots: &roots, situation, clock };
        let turn = act.one_pool(zfs.as_ref(), &mut phases);
        for (at, (root, decision)) in roots.iter().zip(&turn.decision.roots).enumerate() {
            let failure = turn.failure.as_ref();
            let receipt = RootReceipt::new(root, turn.facts.get(at), decision, failure);
            receipts.insert(root.line, receipt);
        }
    }
    let roots = receipts.into_values().collect();
    Receipt::of_roots(config.digest.clone(), roots, phases)
}

fn by_pool(config: &Config) -> BTreeMap<&str, Vec<&Root>> {
    let mut pools: BTreeMap<&str, Vec<&Root>> = BTreeMap::new();
    for root in &config.roots {
        pools.entry(root.dataset.pool()).or_default().push(root);
    }
    pools
}

/// One pool's turn.
struct Act<'a> {
    pool: &'a str,
    roots: &'a [&'a Root],
    situation: &'a Situation,
    clock: &'a dyn Fn() -> Duration,
}

/// What came of it.
struct Turn {
    /// What the pool said before anything was done, where it answered.
    facts: Vec<DatasetFacts>,
    decision: PoolDecision,
    failure: Option<Failure>,
}

impl Turn {
    /// After a refusal or a failure the pool is asked everything, for the record. Where an act began,
    /// the answer tells how far it came.
    fn look_again(&mut self, error: Option<ZfsError>, now: Option<Vec<DatasetFacts>>) {
        if let Some(error) = error {
            let began = matches!(error, ZfsError::Broken(_) | ZfsError::NotUnderstood { .. });
            let left = now.clone().filter(|_| began);
            self.failure = Some(Failure { why: error.to_string(), left });
            if began {
                return;
            }
        }
        if let Some(now) = now {
            self.facts = now;
        }
    }
}

impl Act<'_> {
    /// Asks, decides, acts.
    fn one_pool<Z: Zfs>(&self, zfs: Option<&Result<Z, ZfsError>>, phases: &mut Phases) -> Turn {
        let asked: Vec<Asked> = self.roots.iter().map(|r| (&r.dataset, &r.snapshot)).collect();
        let facts = self.timed(&mut phases.facts, || match zfs {
            Some(Ok(zfs)) => {
                zfs.facts(self.pool, &asked, Detail::ForDeciding).map_err(|error| error.to_string())
            }
            Some(Err(error)) => Err(error.to_string()),
            None => Err("the pool was not asked".to_owned()),
        });
        let known = facts.as_deref().map_err(String::as_str);
        let decision =
            self.timed(&mut phases.decide, || decide(self.pool, self.roots, known, self.situation));
        let mut turn = Turn { facts: facts.unwrap_or_default(), decision, failure: None };
        if let Some(Ok(zfs)) = zfs {
            let act = |order: &Order| zfs.roll_back(order).err();
            let error = self.timed(&mut phases.run, || turn.decision.order.as_ref().and_then(act));
            if error.is_some() || turn.decision.refuses() && !turn.facts.is_empty() {
                turn.look_again(error, zfs.facts(self.pool, &asked, Detail::All).ok());
            }
        }
        turn
    }

    fn timed<T>(&self, phase: &mut u64, work: impl FnOnce() -> T) -> T {
        let start = (self.clock)();
        let done = work();
        let took = (self.clock)().saturating_sub(start);
        *phase = phase.saturating_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        done
    }
}
