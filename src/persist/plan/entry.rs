//! The plan of one entry.

use super::chain::{self, Side};
use super::refusal::Word;
use super::{EntryPlan, Left, Refusal, Step, Then};
use crate::config::How;
use crate::persist::accounts::Accounts;
use crate::persist::create::{self, Around};
use crate::persist::machine_id::Id;
use crate::persist::observe::{
    Against, Data, Ends, Observation, Parent, holds_data, is_kind, is_left_by, is_only_flag,
    is_same,
};
use crate::sys::{FileId, Look, Meta, Seen};

/// The steps, and what comes after them.
type Steps = Result<(Vec<Step>, Then), Refusal>;

pub(super) fn plan_one(seen: &Observation, accounts: &Accounts) -> EntryPlan {
    let steps = match &seen.ends {
        Ok(ends) => Planner { seen, ends, accounts }.steps(),
        Err(why) => Err(Refusal::Unseen { why: why.clone() }),
    };
    match steps {
        Ok((steps, then)) => EntryPlan::declared(seen, Ok(steps), then),
        Err(refusal) => EntryPlan::declared(seen, Err(refusal), Then::End),
    }
}

pub(super) struct Planner<'a> {
    pub(super) seen: &'a Observation,
    pub(super) ends: &'a Ends,
    accounts: &'a Accounts,
}

/// What stands at the target.
pub(super) enum AtTarget {
    /// The source, by the declared way.
    InPlace,
    /// What an earlier run put there, by a way that is not declared any more; this takes it away.
    Former(Step),
    /// Nothing.
    Nothing,
    /// An empty directory, or an empty file that need not be kept.
    Empty(Seen),
    /// A file that says that there is no machine id yet.
    Unset(Seen),
    /// A directory or file with data, or a file of which its being there is all that it says.
    Data(Seen),
    /// An id for this boot only, mounted over what is there.
    Transient,
}

impl Planner<'_> {
    fn steps(&self) -> Steps {
        let mut steps = self.finish()?;
        self.check_source()?;
        self.check_outer()?;
        let at_target = self.at_target()?;
        let then = self.waits(&at_target).map_or(Then::End, Then::Waits);
        let placed = match at_target {
            AtTarget::Transient => self.take_transient_id(&mut steps),
            _ if then != Then::End => Ok(()),
            AtTarget::Former(step) => {
                steps.push(step);
                return Ok((steps, Then::LookAgain));
            }
            AtTarget::InPlace => self.hold_or_fetch(&mut steps).map(drop),
            AtTarget::Nothing => {
                let source = self.hold_or_fetch(&mut steps)?;
                self.make_above(Side::Target, &mut steps)?;
                self.place_on_nothing(source, &mut steps);
                Ok(())
            }
            AtTarget::Empty(there) => {
                self.check_writers()?;
                self.hold_and_place(there, Left::Nothing, &mut steps)
            }
            AtTarget::Unset(there) => {
                self.hold_and_place(there, Left::MachineId(Id::Unset), &mut steps)
            }
            AtTarget::Data(there) => {
                self.take_along(&mut steps)?;
                let left = match self.ends.machine_id {
                    Some(ids) if ids.is_one() => Left::MachineId(ids.at_target),
                    _ => Left::Copied(self.seen.source.clone()),
                };
                self.place_on_something(there, left, &mut steps);
                Ok(())
            }
        };
        placed.map(|()| (steps, then))
    }

    /// Steps for what was made before its owner was known.
    fn finish(&self) -> Result<Vec<Step>, Refusal> {
        let mut steps = Vec::new();
        for made in &self.ends.unfinished {
            let around = Around { path: &made.as_seen, parent: made.parent, other: None };
            let new = if made.as_seen == self.seen.entry.target {
                self.new_entry(around)?
            } else {
                create::parent(&self.seen.entry, around, self.accounts)
            };
            if !new.is_provisional && new.meta != made.meta {
                let (path, id, from) = (made.path.clone(), made.id, made.meta);
                steps.push(Step::Own { path, id, from, to: new.meta });
            }
        }
        Ok(steps)
    }

    pub(super) fn new_entry(&self, around: Around<'_>) -> Result<create::New, Refusal> {
        create::entry(&self.seen.entry, around, self.accounts).map_err(|unknown| {
            let (key, name) = (unknown.key, unknown.name);
            Refusal::NoSuchName { key, name, line: self.seen.entry.line }
        })
    }

    fn check_source(&self) -> Result<(), Refusal> {
        let kind = self.seen.entry.kind;
        match &self.ends.at_source {
            Look::Absent => Ok(()),
            there if is_kind(there, kind) => Ok(()),
            Look::Blocked(blocker) => Err(Refusal::Blocked { blocker: blocker.clone() }),
            other => {
                let (source_path, line) = (self.seen.source.clone(), self.seen.entry.line);
                let found = Word(other).to_string();
                Err(Refusal::SourceIsOther { source_path, found, kind, line })
            }
        }
    }

    /// An entry around this one whose data is not in the store yet, because it is refused or failed:
    /// what was made in the store for this one would stand where all of that has to go.
    fn check_outer(&self) -> Result<(), Refusal> {
        let waits = |outer: &&Parent| {
            let has_data = matches!(&outer.at_target, Look::Directory(there) if !there.is_empty && !there.is_mount);
            outer.is_entry && has_data && !holds_data(&outer.at_source)
        };
        match self.ends.parents.iter().find(waits) {
            Some(outer) => Err(Refusal::OuterFirst { outer: outer.path.clone() }),
            None => Ok(()),
        }
    }

    fn at_target(&self) -> Result<AtTarget, Refusal> {
        let (entry, at_target) = (&self.seen.entry, &self.ends.at_target);
        let target = entry.target.clone();
        if self.is_transient_id() {
            return Ok(AtTarget::Transient);
        }
        if self.ends.is_inside {
            return Ok(AtTarget::InPlace);
        }
        match at_target {
            Look::Absent => Ok(AtTarget::Nothing),
            Look::Blocked(blocker) => Err(Refusal::Blocked { blocker: blocker.clone() }),
            Look::Symlink(text) => self.at_symlink(text),
            Look::Directory(there) | Look::File(there) if there.is_mount => self.at_mount(there.id),
            Look::Directory(there) | Look::File(there) if is_kind(at_target, entry.kind) => {
                Ok(match (there.is_empty, self.is_unset_id()) {
                    (true, _) if is_only_flag(entry, self.ends) => AtTarget::Data(*there),
                    (true, _) => AtTarget::Empty(*there),
                    (false, true) => AtTarget::Unset(*there),
                    (false, false) => AtTarget::Data(*there),
                })
            }
            other => Err(Refusal::InTheWay { target, found: Word(other).to_string() }),
        }
    }

    fn at_symlink(&self, text: &[u8]) -> Result<AtTarget, Refusal> {
        let (entry, source_path) = (&self.seen.entry, self.seen.source.clone());
        let is_right = text == source_path.as_bytes();
        let target = entry.target.clone();
        if is_right && entry.how == How::Symlink && !self.is_awaited() {
            return Ok(AtTarget::InPlace);
        }
        // A link to the source holds nothing of its own, whoever made it. One that leads nowhere keeps
        // who makes the file from putting it there.
        if is_right {
            return Ok(AtTarget::Former(Step::Unlink { target, to: source_path }));
        }
        if let Some((placed, there)) = &self.ends.ours
            && is_left_by(placed, &self.ends.at_target, there)
        {
            return Ok(AtTarget::Former(Step::Unlink { target, to: placed.source.clone() }));
        }
        if entry.how == How::Bind {
            let found = format!("symlink to {}", crate::path::escape(text));
            return Err(Refusal::InTheWay { target, found });
        }
        let to = crate::path::escape(text);
        Err(Refusal::OtherLink { target, to, source_path })
    }

    fn at_mount(&self, shows: FileId) -> Result<AtTarget, Refusal> {
        let (entry, ends) = (&self.seen.entry, self.ends);
        let target = entry.target.clone();
        match (is_same(&ends.at_target, &ends.at_source), entry.how) {
            (true, How::Bind) => return Ok(AtTarget::InPlace),
            (true, How::Symlink) => {
                return Ok(AtTarget::Former(Step::Unbind { target, shows }));
            }
            (false, _) => {}
        }
        match &ends.ours {
            Some((placed, there)) if is_left_by(placed, &ends.at_target, there) => {
                Ok(AtTarget::Former(Step::Unbind { target, shows }))
            }
            // Unmounting it could free the last trace of what was written since.
            Some((placed, _)) if placed.how == How::Bind && placed.source == self.seen.source => {
                Err(Refusal::OldInode { target, source_path: placed.source.clone() })
            }
            Some(_) | None => Err(Refusal::OtherMount { target }),
        }
    }

    pub(super) fn make_above(&self, side: Side, steps: &mut Vec<Step>) -> Result<Meta, Refusal> {
        chain::make(&self.seen.entry, &self.ends.parents, self.accounts, side, steps)
    }

    /// What somebody goes on writing would lie beneath what is mounted, or beside the symlink.
    fn check_writers(&self) -> Result<(), Refusal> {
        match &self.ends.data {
            Some(Data { writers, .. }) if !writers.is_empty() => {
                Err(Refusal::Busy { writers: writers.clone() })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Data at the target goes into the store, or is there already; otherwise nothing is touched.
    fn take_along(&self, steps: &mut Vec<Step>) -> Result<(), Refusal> {
        let (target, source_path) = (self.seen.entry.target.clone(), self.seen.source.clone());
        let Some(Data { source, mounts, inner, .. }) = &self.ends.data else {
            let why = format!("it cannot be told what {target} holds");
            return Err(Refusal::Unseen { why });
        };
        if let Some(elsewhere) = &self.ends.elsewhere {
            return Err(Refusal::TwoCopies { target, elsewhere: elsewhere.clone() });
        }
        if let Some(inner) = mounts.iter().find(|mount| !inner.contains(mount)) {
            return Err(Refusal::CoversMount { inner: inner.clone() });
        }
        if let Some(inner) = inner.first() {
            return Err(Refusal::CoversEntry { target, inner: inner.clone() });
        }
        if let Against::Different(difference) = source {
            let difference = difference.clone();
            return Err(Refusal::WouldHide { target, source_path, difference });
        }
        self.check_writers()?;
        if *source == Against::Nothing {
            self.make_above(Side::Store, steps)?;
            self.clear_source(steps);
            steps.push(Step::Adopt { from: target, to: source_path });
        }
        Ok(())
    }
}
