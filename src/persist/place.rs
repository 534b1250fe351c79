//! The whole flow: looks, plans and applies, again where what lay beneath could not be known before.

use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet};

use super::accounts::Accounts;
use super::apply::{Outcome, Run, Turn};
use super::observe::{BadStore, observe};
use super::plan::{EntryPlan, Refusal, Then, plan};
use super::record::Memory;
use crate::config::{Config, Entry};
use crate::path::HostPath;
use crate::sys::{Sys, Watch};

/// How often something is taken away at one target in one run.
const LOOKS: usize = 3;

/// What is to be put in place, and what is known about it.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// What the host declares.
    pub config: &'a Config,
    /// The stores that cannot be used.
    pub bad: &'a [BadStore],
    /// What earlier runs did. What it holds and the configuration does not is taken out of place.
    pub memory: &'a Memory,
    /// Who is known by name.
    pub accounts: &'a Accounts,
}

/// Puts every entry in place for which `wanted` holds. One that is refused or fails does not stop the
/// others.
///
/// Returns what became of each, in the order of the targets; what was taken out of place comes first.
pub fn place(
    sys: &mut dyn Sys,
    job: Job<'_>,
    wanted: &dyn Fn(&Entry) -> bool,
    watch: Watch<'_>,
) -> Vec<Turn> {
    let entries = job.config.entries().map(|(_, entry)| entry);
    let mut left = BTreeSet::new();
    left.extend(entries.filter(|entry| wanted(entry)).map(|entry| entry.target.clone()));
    let mut memory = job.memory.clone();
    let mut gone = Vec::new();
    let mut turns: BTreeMap<HostPath, Turn> = BTreeMap::new();
    let mut run = Run { sys, watch, made: BTreeSet::new(), looked: Vec::new() };
    // It is gone before anything else is looked at: an entry may be declared around it now.
    let undeclared = observe(run.sys, job.config, job.bad, &memory, &|_| false);
    // Of what waits for the entry around it the record stays as it is.
    let plans = plan(&undeclared, job.accounts).into_iter();
    gone.extend(plans.filter(|plan| plan.then == Then::End).map(|plan| run.apply(plan)));
    memory.placed.retain(|placed| left.contains(&placed.target));
    loop {
        let before = left.len();
        let wanted = |entry: &Entry| left.contains(&entry.target);
        let scene = observe(run.sys, job.config, job.bad, &memory, &wanted);
        let has_looked_beneath = run.one_round(plan(&scene, job.accounts), &mut left, &mut turns);
        // What this round made for one entry, another may take as its pattern.
        memory.unfinished.clone_from(&job.memory.unfinished);
        memory.unfinished.extend(turns.values().flat_map(|turn| turn.provisional.iter().cloned()));
        // What was taken away is no longer in place.
        memory.placed.retain(|placed| left.contains(&placed.target));
        if left.is_empty() || (left.len() == before && !has_looked_beneath) {
            break;
        }
    }
    gone.extend(turns.into_values());
    gone.extend(left.into_iter().filter_map(|target| stuck(job.config, &target)));
    gone
}

impl Run<'_> {
    /// Applies every plan that does not have to wait, and crosses off what needs no further look.
    /// Returns whether something was taken away, so that what lay beneath is seen now.
    fn one_round(
        &mut self,
        plans: Vec<EntryPlan>,
        left: &mut BTreeSet<HostPath>,
        turns: &mut BTreeMap<HostPath, Turn>,
    ) -> bool {
        let mut has_looked_beneath = false;
        for plan in plans {
            let (then, target) = (plan.then.clone(), plan.target.clone());
            if matches!(then, Then::After(_)) {
                continue;
            }
            let turn = match failed_around(&plan, turns) {
                Some(outer) => refused(plan, Refusal::OuterFirst { outer }),
                None => self.apply(plan),
            };
            let looks_again = then == Then::LookAgain && turn.outcome.is_good();
            if looks_again && self.may_look_again(&target) {
                has_looked_beneath = true;
            } else {
                left.remove(&target);
            }
            let turn = match turns.entry(target.clone()) {
                Slot::Vacant(new) => new.insert(turn),
                Slot::Occupied(earlier) => {
                    let earlier = earlier.into_mut();
                    earlier.go_on(turn);
                    earlier
                }
            };
            if looks_again && !left.contains(&target) {
                turn.outcome = Outcome::Refused(comes_again(&target));
            }
        }
        has_looked_beneath
    }

    /// A few times: whoever owns the directory could put something there again for ever.
    fn may_look_again(&mut self, target: &HostPath) -> bool {
        self.looked.push(target.clone());
        self.looked.iter().filter(|looked| *looked == target).count() <= LOOKS
    }
}

fn refused(plan: EntryPlan, refusal: Refusal) -> Turn {
    let plan = EntryPlan { steps: Err(refusal.clone()), ..plan };
    Turn::new(plan, Outcome::Refused(refusal))
}

fn comes_again(target: &HostPath) -> Refusal {
    let why = format!("something is put at {target} again and again; stop that, and try again");
    Refusal::Unseen { why }
}

/// Whether the next run may well put it in place without anybody's doing.
fn may_do_better(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Failed(_)
            | Outcome::Refused(
                Refusal::Unseen { .. } | Refusal::OuterFirst { .. } | Refusal::Busy { .. }
            )
    )
}

/// The entry of the same store around this one that could not be put in place now. This one would lie
/// on what the next run has to take along.
fn failed_around(plan: &EntryPlan, turns: &BTreeMap<HostPath, Turn>) -> Option<HostPath> {
    let outer = plan.target.ancestors().into_iter().filter_map(|outer| turns.get(&outer));
    let failed = outer
        .into_iter()
        .find(|turn| may_do_better(&turn.outcome) && plan.source.is_below(&turn.plan.source));
    failed.map(|turn| turn.plan.target.clone())
}

/// Plans every entry without touching anything.
#[must_use]
pub fn rehearse(sys: &dyn Sys, job: Job<'_>) -> Vec<EntryPlan> {
    let scene = observe(sys, job.config, job.bad, job.memory, &|_| true);
    plan(&scene, job.accounts)
}

/// What still waits when nothing moves any more.
fn stuck(config: &Config, target: &HostPath) -> Option<Turn> {
    let (store, entry) = config.entries().find(|(_, entry)| entry.target == *target)?;
    let why = "an entry around it could not be settled; run `blankslate apply` again".to_owned();
    let refusal = Refusal::Unseen { why };
    let plan = EntryPlan {
        target: entry.target.clone(),
        source: store.source(entry),
        how: entry.how,
        is_declared: true,
        steps: Err(refusal.clone()),
        then: Then::End,
    };
    Some(Turn::new(plan, Outcome::Refused(refusal)))
}
