//! Carries out a plan, entry by entry, and tells what became of each.

use super::plan::{EntryPlan, Refusal, Step};
use crate::sys::{Sys, SysError};

/// What became of one entry.
#[derive(Debug)]
pub enum Outcome {
    /// It was in place already; nothing was done.
    Unchanged,
    /// It was put in place now.
    Done,
    /// It was not touched.
    Refused(Refusal),
    /// A step failed; the steps before it were done, none after it was tried.
    Failed(SysError),
}

impl Outcome {
    /// Whether the entry is in place.
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        match self {
            Self::Unchanged | Self::Done => true,
            Self::Refused(_) | Self::Failed(_) => false,
        }
    }
}

/// Carries out the steps of every entry. One that is refused or fails does not stop the others.
///
/// Returns one outcome for each entry, in the plan's order.
pub fn apply(sys: &mut dyn Sys, plans: &[EntryPlan]) -> Vec<Outcome> {
    plans.iter().map(|plan| apply_one(sys, plan)).collect()
}

fn apply_one(sys: &mut dyn Sys, plan: &EntryPlan) -> Outcome {
    let steps = match &plan.steps {
        Err(refusal) => return Outcome::Refused(refusal.clone()),
        Ok(steps) if steps.is_empty() => return Outcome::Unchanged,
        Ok(steps) => steps,
    };
    for step in steps {
        tracing::debug!("{step}");
        if let Err(error) = carry_out(sys, step) {
            return Outcome::Failed(error);
        }
    }
    Outcome::Done
}

fn carry_out(sys: &mut dyn Sys, step: &Step) -> Result<(), SysError> {
    match step {
        Step::MakeDirectory { path, meta } => sys.make_dir(path, *meta),
        Step::MakeFile { path, meta } => sys.make_file(path, *meta),
        Step::Bind { source, target } => sys.bind(source, target),
        Step::Symlink { target, source } => sys.symlink(target, source),
    }
}
