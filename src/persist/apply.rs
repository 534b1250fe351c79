//! Carries out the plan of one entry, step by step, and tells what became of it.

use std::collections::BTreeSet;

use super::machine_id;
use super::observe::holds_data;
use super::plan::{EntryPlan, Left, Refusal, Step, Wait};
use super::record::Made;
use crate::path::HostPath;
use crate::sys::{Care, Copied, Look, Meta, Sys, SysError, Watch};

/// What became of one entry.
#[derive(Debug)]
pub enum Outcome {
    /// It was as declared already; nothing was done.
    Unchanged,
    /// It was put in place, or taken out of place, now.
    Done,
    /// It is not in place, and nothing is off; what could be done until then was done.
    Waiting(Wait),
    /// It was not touched.
    Refused(Refusal),
    /// A step failed; the steps before it were done, none after it was tried.
    Failed(SysError),
}

impl Outcome {
    /// Whether it is now as declared, as far as it can be.
    #[must_use]
    pub fn is_good(&self) -> bool {
        match self {
            Self::Unchanged | Self::Done | Self::Waiting(_) => true,
            Self::Refused(_) | Self::Failed(_) => false,
        }
    }

    /// The word for it in a record, and the reason where it is not as declared.
    #[must_use]
    pub fn in_words(&self) -> (&'static str, Option<String>) {
        match self {
            Self::Unchanged => ("unchanged", None),
            Self::Done => ("done", None),
            Self::Waiting(_) => ("waiting", None),
            Self::Refused(why) => ("refused", Some(why.to_string())),
            Self::Failed(error) => ("failed", Some(error.to_string())),
        }
    }
}

/// What was done for one entry.
#[derive(Debug)]
pub struct Turn {
    /// The plan.
    pub plan: EntryPlan,
    /// What became of it.
    pub outcome: Outcome,
    /// What was copied into the store, and from where.
    pub adopted: Vec<(HostPath, Copied)>,
    /// Where what lay at the target lies now.
    pub set_aside: Vec<HostPath>,
    /// What was made although its owner is not known yet.
    pub provisional: Vec<Made>,
    /// What was given to its owner now.
    pub finished: Vec<HostPath>,
    /// Whether what an earlier run had put at the target was taken away.
    pub took_out: bool,
}

impl Turn {
    /// A turn in which nothing was done.
    #[must_use]
    pub fn new(plan: EntryPlan, outcome: Outcome) -> Self {
        Self {
            plan,
            outcome,
            adopted: Vec::new(),
            set_aside: Vec::new(),
            provisional: Vec::new(),
            finished: Vec::new(),
            took_out: false,
        }
    }

    /// Whether it is in place now: for what nobody declares any more, whether it still is.
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        self.plan.is_declared == self.outcome.is_good() && !self.is_waiting()
    }

    /// Whether it is not in place, and nothing is off.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        matches!(self.outcome, Outcome::Waiting(_))
    }

    /// Goes on with what a later turn for the same entry did.
    pub(super) fn go_on(&mut self, later: Self) {
        self.adopted.extend(later.adopted);
        self.set_aside.extend(later.set_aside);
        self.provisional.extend(later.provisional);
        self.finished.extend(later.finished);
        self.took_out |= later.took_out;
        self.plan = later.plan;
        if !matches!((&self.outcome, &later.outcome), (Outcome::Done, Outcome::Unchanged)) {
            self.outcome = later.outcome;
        }
    }
}

/// One run over many entries.
pub(super) struct Run<'a> {
    pub(super) sys: &'a mut dyn Sys,
    pub(super) watch: Watch<'a>,
    /// Directories that this run made. Several plans may ask for the same one above their entries.
    pub(super) made: BTreeSet<HostPath>,
    /// Targets at which something was taken away, so that they had to be looked at again; as often as
    /// that was so.
    pub(super) looked: Vec<HostPath>,
}

impl Run<'_> {
    /// Carries out the steps of one plan.
    pub(super) fn apply(&mut self, plan: EntryPlan) -> Turn {
        let steps = match &plan.steps {
            Err(refusal) => {
                let outcome = Outcome::Refused(refusal.clone());
                return Turn::new(plan, outcome);
            }
            Ok(steps) => steps.clone(),
        };
        let outcome = match plan.waits() {
            Some(wait) => Outcome::Waiting(wait),
            None if steps.is_empty() => Outcome::Unchanged,
            None => Outcome::Done,
        };
        let mut turn = Turn::new(plan, outcome);
        for step in &steps {
            tracing::debug!("{step}");
            match self.carry_out(step, &mut turn) {
                Ok(None) => {}
                Ok(Some(refusal)) => {
                    turn.outcome = Outcome::Refused(refusal);
                    break;
                }
                Err(error) => {
                    turn.outcome = Outcome::Failed(error);
                    break;
                }
            }
        }
        turn
    }

    fn carry_out(&mut self, step: &Step, turn: &mut Turn) -> Result<Option<Refusal>, SysError> {
        match step {
            Step::MakeDirectory { path, meta, is_provisional } => {
                if self.made.contains(path) {
                    return Ok(None);
                }
                self.sys.make_dir(path, *meta)?;
                self.made.insert(path.clone());
                self.note_provisional(turn, path, *meta, *is_provisional)?;
            }
            Step::MakeFile { path, meta, is_provisional } => {
                self.sys.make_file(path, *meta)?;
                self.note_provisional(turn, path, *meta, *is_provisional)?;
            }
            Step::MakePlace { target, meta } => self.sys.make_place(target, *meta)?,
            Step::MakeMachineId { path, meta, is_provisional } => {
                self.make_machine_id(path, *meta)?;
                self.note_provisional(turn, path, *meta, *is_provisional)?;
            }
            Step::Own { path, id, from, to } => {
                self.sys.own(path, *id, *from, *to)?;
                turn.finished.push(path.clone());
            }
            Step::Adopt { from, to } => return self.adopt(from, to, turn),
            Step::SetAside { target, shows, place, left } => {
                let Some(aside) = self.sys.set_aside(target, *shows, place)? else {
                    return Ok(None);
                };
                return self.check_aside(target, aside, left, turn);
            }
            Step::Bind { source, target } => self.sys.bind(source, target)?,
            Step::Symlink { target, source } => self.sys.symlink(target, source)?,
            Step::Unbind { target, shows } => {
                self.sys.unbind(target, *shows)?;
                turn.took_out = true;
            }
            Step::Unlink { target, to } => {
                self.sys.unlink(target, to)?;
                turn.took_out = true;
            }
        }
        Ok(None)
    }

    /// Who opened something for writing while it was copied would go on writing to what is set aside:
    /// that is asked last, when only a rename is left to be done.
    fn adopt(
        &mut self,
        from: &HostPath,
        to: &HostPath,
        turn: &mut Turn,
    ) -> Result<Option<Refusal>, SysError> {
        let copied = self.sys.stage(from, to, self.watch)?;
        let writers = self.sys.writers(from);
        if !matches!(&writers, Ok(none) if none.is_empty()) {
            self.throw_away(to);
            return writers.map(|writers| Some(Refusal::Busy { writers }));
        }
        self.publish(to)?;
        turn.adopted.push((from.clone(), copied));
        Ok(None)
    }

    /// It appears whole or not at all: a part of an id would be taken for none, or for one.
    fn make_machine_id(&mut self, path: &HostPath, meta: Meta) -> Result<(), SysError> {
        let content = machine_id::content(self.sys.random(path)?);
        self.sys.stage_new(content.as_bytes(), meta, path)?;
        self.publish(path)
    }

    fn publish(&mut self, to: &HostPath) -> Result<(), SysError> {
        self.sys.publish(to).inspect_err(|_| self.throw_away(to))
    }

    /// The first error is the one to be told.
    fn throw_away(&mut self, to: &HostPath) {
        if let Err(also) = self.sys.discard(to) {
            tracing::warn!("{also}");
        }
    }

    /// Since it was looked at, compared or copied, somebody may have written. Nobody gets there by its
    /// name any more, so what is the same now stays the same; otherwise all is put back.
    fn check_aside(
        &mut self,
        target: &HostPath,
        aside: HostPath,
        left: &Left,
        turn: &mut Turn,
    ) -> Result<Option<Refusal>, SysError> {
        let unless = |is_so: bool| (!is_so).then(|| changed(target));
        let found = match left {
            Left::Copied(copy) => self.is_as_copied(target, &aside, copy),
            Left::Nothing => self.sys.look(&aside).map(|there| unless(!holds_data(&there))),
            Left::MachineId(id) => {
                let content = self.sys.read(&aside, machine_id::LIMIT);
                content.map(|content| unless(machine_id::parse(&content) == *id))
            }
        };
        match found {
            Ok(None) => {
                turn.set_aside.push(aside);
                Ok(None)
            }
            found => {
                self.sys.set_back(target, &aside)?;
                found
            }
        }
    }

    fn is_as_copied(
        &self,
        target: &HostPath,
        aside: &HostPath,
        copy: &HostPath,
    ) -> Result<Option<Refusal>, SysError> {
        let mut writers = self.sys.writers(aside)?;
        if !writers.is_empty() {
            for writer in &mut writers {
                let inside = writer.path.seen_from(aside);
                writer.path = inside.map_or_else(|| target.clone(), |path| path.below(target));
            }
            return Ok(Some(Refusal::Busy { writers }));
        }
        let difference = self.sys.compare(aside, copy, Care::Stamps)?;
        Ok(difference.map(|_| changed(target)))
    }

    /// Which one it is, is noted as well: whoever owns the directory above could put another there.
    fn note_provisional(
        &self,
        turn: &mut Turn,
        path: &HostPath,
        meta: Meta,
        is_provisional: bool,
    ) -> Result<(), SysError> {
        if is_provisional && let Look::Directory(seen) | Look::File(seen) = self.sys.look(path)? {
            let entry = turn.plan.target.clone();
            turn.provisional.push(Made { path: path.clone(), entry, meta, id: seen.id });
        }
        Ok(())
    }
}

fn changed(target: &HostPath) -> Refusal {
    let why = format!("{target} changed while it was put in place; run `blankslate apply` again");
    Refusal::Unseen { why }
}

#[cfg(test)]
mod tests;
