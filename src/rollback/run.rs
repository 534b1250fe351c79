//! The boot step: asks every pool, decides, has what is declared saved from the roots, decides again,
//! acts, and writes down what became of each root.

use std::time::Duration;

use super::adoption::{Search, Searched};
use super::decide::{Decision, Order, PoolDecision, decide, decide_without_pool};
use super::facts::DatasetFacts;
use super::receipt::{Failure, Outcome, Phases, Receipt, RootReceipt, not_searched};
use super::situation::{Situation, Switch};
use crate::config::{Config, Root};
use crate::zfs::{Asked, Detail, Zfs, ZfsError};

/// Saves what is declared and lies only on these roots: copies it into the stores, and makes that last.
pub type Adopt<'a> = &'a mut dyn FnMut(&[&Root]) -> Vec<Searched>;

/// Rolls back every root that may be rolled back, pool by pool, and returns the receipt.
///
/// Refusals and failures are in the receipt; a pool that fails does not stop the next. `connect` is
/// called once, and not at all when the machine says that no pool is to be touched. `adopt` is called
/// at most once for each pool, with those of its roots that are about to be rolled back and on which
/// entries lie; when it returns, none of them may be mounted any more. `clock` tells how long ago some
/// fixed moment was.
pub fn run<Z: Zfs>(
    config: &Config,
    situation: &Situation,
    connect: impl FnOnce() -> Result<Z, ZfsError>,
    adopt: Adopt<'_>,
    clock: &dyn Fn() -> Duration,
) -> Receipt {
    let mut phases = Phases::default();
    let mut receipts = Vec::new();
    let zfs = decide_without_pool(situation).is_none().then(connect);
    for pool in pools(config) {
        let is_in = |root: &&Root| root.dataset.pool() == pool;
        let roots: Vec<&Root> = config.roots.iter().filter(is_in).collect();
        let act = Act { config, pool: &pool, roots: &roots, situation, clock };
        let turn = act.one_pool(zfs.as_ref(), adopt, &mut phases);
        for (at, root) in roots.iter().enumerate() {
            receipts.extend(turn.receipt(at, root, situation));
        }
    }
    // As they are declared, not pool by pool.
    let take = |root: &Root| {
        let is_its = |receipt: &RootReceipt| receipt.dataset == root.dataset.as_str();
        receipts.iter().position(is_its).map(|at| receipts.swap_remove(at))
    };
    let roots = config.roots.iter().filter_map(take).collect();
    Receipt::of_roots(config.digest.clone(), roots, phases)
}

/// The pools that roots lie in.
fn pools(config: &Config) -> Vec<String> {
    let mut pools: Vec<String> =
        config.roots.iter().map(|root| root.dataset.pool().to_owned()).collect();
    pools.sort_unstable();
    pools.dedup();
    pools
}

/// One pool's turn.
struct Act<'a> {
    config: &'a Config,
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
    /// What was saved from the roots that were to be rolled back.
    searched: Vec<Searched>,
    failure: Option<Failure>,
}

impl Turn {
    /// Writes down what became of the root at this place.
    fn receipt(&self, at: usize, root: &Root, situation: &Situation) -> Option<RootReceipt> {
        let decision = self.decision.roots.get(at)?;
        let failure = self.failure.as_ref();
        let mut receipt = RootReceipt::new(root, self.facts.get(at), decision, failure);
        let searched = self.searched.iter().filter(|searched| searched.dataset == root.dataset);
        receipt.adopted = searched.flat_map(|searched| searched.found.clone()).collect();
        if receipt.outcome == Outcome::RolledBack && situation.adopt == Switch::Off {
            receipt.reason = Some(not_searched());
        }
        Some(receipt)
    }

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
    /// Asks, decides, has the roots searched, decides again, acts.
    fn one_pool<Z: Zfs>(
        &self,
        zfs: Option<&Result<Z, ZfsError>>,
        adopt: Adopt<'_>,
        phases: &mut Phases,
    ) -> Turn {
        let asked: Vec<Asked> = self.roots.iter().map(|r| (&r.dataset, &r.snapshot)).collect();
        let facts = self.timed(&mut phases.facts, || match zfs {
            Some(Ok(zfs)) => {
                zfs.facts(self.pool, &asked, Detail::ForDeciding).map_err(|error| error.to_string())
            }
            Some(Err(error)) => Err(error.to_string()),
            None => Err("the pool was not asked".to_owned()),
        });
        let known = facts.as_deref().map_err(String::as_str);
        let decide = |search| decide(self.pool, self.roots, known, self.situation, search);
        let first = self.timed(&mut phases.decide, || decide(Search::Ahead));
        let searched = self.timed(&mut phases.adopt, || self.search(&first, adopt));
        // Where nothing is to be rolled back anyway, what was decided first says why.
        let decision = if first.proceeds() {
            self.timed(&mut phases.decide, || decide(Search::Over(&searched)))
        } else {
            first
        };
        let mut turn = Turn { facts: facts.unwrap_or_default(), decision, searched, failure: None };
        if let Some(Ok(zfs)) = zfs {
            let act = |order: &Order| zfs.roll_back(order).err();
            let error = self.timed(&mut phases.run, || turn.decision.order.as_ref().and_then(act));
            if error.is_some() || turn.decision.refuses() && !turn.facts.is_empty() {
                turn.look_again(error, zfs.facts(self.pool, &asked, Detail::All).ok());
            }
        }
        turn
    }

    /// Has every root searched that is about to be rolled back. Most boots have nothing to look for on
    /// a root, and then nobody is called.
    fn search(&self, decision: &PoolDecision, adopt: Adopt<'_>) -> Vec<Searched> {
        let each = self.roots.iter().zip(&decision.roots);
        let going = each.filter(|(_, decision)| matches!(decision, Decision::Proceed(_)));
        let (held, free): (Vec<&Root>, Vec<&Root>) =
            going.map(|(root, _)| *root).partition(|root| self.is_worth_a_search(root));
        let mut searched: Vec<Searched> =
            free.into_iter().map(|root| Searched::nothing(&root.dataset)).collect();
        if !held.is_empty() {
            searched.extend(adopt(&held));
        }
        searched
    }

    fn is_worth_a_search(&self, root: &Root) -> bool {
        let lies_on = |on: Option<&Root>| on.is_some_and(|on| on.dataset == root.dataset);
        self.situation.adopt == Switch::On
            && self.config.entries().any(|(_, entry)| lies_on(self.config.root_of(&entry.target)))
    }

    fn timed<T>(&self, phase: &mut u64, work: impl FnOnce() -> T) -> T {
        let start = (self.clock)();
        let done = work();
        let took = (self.clock)().saturating_sub(start);
        *phase = phase.saturating_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct NoPool;

    impl Zfs for NoPool {
        fn facts(&self, _: &str, _: &[Asked], _: Detail) -> Result<Vec<DatasetFacts>, ZfsError> {
            Err(ZfsError::NoAnswer("none".to_owned()))
        }

        fn roll_back(&self, _: &Order) -> Result<(), ZfsError> {
            Err(ZfsError::NoAnswer("none".to_owned()))
        }
    }

    #[test]
    fn every_root_has_a_receipt_in_the_order_of_the_configuration_even_if_they_share_a_line() {
        let root = |mount: &str, dataset: &str| {
            format!("{{ mount = '{mount}', kind = 'zfs', dataset = '{dataset}', snapshot = 'b' }}")
        };
        let roots = [root("/", "z/root"), root("/srv", "a/srv"), root("/home", "z/home")];
        let config =
            Config::parse(&format!("version = 1\nroot = [{}]\n", roots.join(", "))).unwrap();
        let (switch, adopt, mounts) = (Switch::Off, Switch::On, Err("not read".to_owned()));
        let situation = Situation { switch, adopt, mounts, resume: None };
        let adopt = &mut |_: &[&Root]| Vec::new();
        let receipt = run(&config, &situation, || Ok(NoPool), adopt, &|| Duration::ZERO);
        let datasets: Vec<&str> = receipt.roots.iter().map(|root| root.dataset.as_str()).collect();
        assert_eq!(datasets, ["z/root", "a/srv", "z/home"]);
    }
}
