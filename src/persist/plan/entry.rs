//! The plan of one entry.

use super::chain::{self, Side};
use super::refusal::Word;
use super::{EntryPlan, Refusal, Step, Then};
use crate::config::{How, Kind};
use crate::path::HostPath;
use crate::persist::accounts::Accounts;
use crate::persist::create::{self, Around};
use crate::persist::observe::{
    Against, Data, Ends, Observation, Parent, holds_data, is_kind, is_left_by, is_same,
};
use crate::sys::{FileId, Look, Meta, Place, Seen};

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

struct Planner<'a> {
    seen: &'a Observation,
    ends: &'a Ends,
    accounts: &'a Accounts,
}

/// What stands at the target.
enum AtTarget {
    /// The source, by the declared way.
    InPlace,
    /// What an earlier run put there, by a way that is not declared any more; this takes it away.
    Former(Step),
    /// Nothing.
    Nothing,
    /// An empty directory or file.
    Empty(Seen),
    /// A directory or file with data.
    Data(Seen),
}

impl Planner<'_> {
    fn steps(&self) -> Steps {
        let mut steps = self.finish()?;
        self.check_source()?;
        self.check_outer()?;
        let then = match self.at_target()? {
            AtTarget::Former(step) => {
                steps.push(step);
                return Ok((steps, Then::LookAgain));
            }
            AtTarget::InPlace => self.hold(&mut steps),
            AtTarget::Nothing => {
                let source = self.hold_or_fetch(&mut steps)?;
                self.make_above(Side::Target, &mut steps)?;
                self.place_on_nothing(source, &mut steps);
                Ok(())
            }
            AtTarget::Empty(there) => {
                self.hold_or_fetch(&mut steps)?;
                self.place_on_something(there, false, &mut steps);
                Ok(())
            }
            AtTarget::Data(there) => {
                self.take_along(&mut steps)?;
                self.place_on_something(there, true, &mut steps);
                Ok(())
            }
        };
        then.map(|()| (steps, Then::End))
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

    fn new_entry(&self, around: Around<'_>) -> Result<create::New, Refusal> {
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
        if self.ends.is_inside {
            return Ok(AtTarget::InPlace);
        }
        match at_target {
            Look::Absent => Ok(AtTarget::Nothing),
            Look::Blocked(blocker) => Err(Refusal::Blocked { blocker: blocker.clone() }),
            Look::Symlink(text) => self.at_symlink(text),
            Look::Directory(there) | Look::File(there) if there.is_mount => self.at_mount(there.id),
            Look::Directory(there) | Look::File(there) if is_kind(at_target, entry.kind) => {
                Ok(if there.is_empty { AtTarget::Empty(*there) } else { AtTarget::Data(*there) })
            }
            other => Err(Refusal::InTheWay { target, found: Word(other).to_string() }),
        }
    }

    fn at_symlink(&self, text: &[u8]) -> Result<AtTarget, Refusal> {
        let (entry, source_path) = (&self.seen.entry, self.seen.source.clone());
        let is_right = text == source_path.as_bytes();
        let target = entry.target.clone();
        if is_right && entry.how == How::Symlink {
            return Ok(AtTarget::InPlace);
        }
        // A link to the source holds nothing of its own, whoever made it.
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

    fn make_above(&self, side: Side, steps: &mut Vec<Step>) -> Result<Meta, Refusal> {
        chain::make(&self.seen.entry, &self.ends.parents, self.accounts, side, steps)
    }

    /// Makes the source if it is missing, with what is above it.
    fn hold(&self, steps: &mut Vec<Step>) -> Result<(), Refusal> {
        if self.ends.at_source != Look::Absent {
            return Ok(());
        }
        let above = self.make_above(Side::Store, steps)?;
        let other = match &self.ends.at_target {
            Look::Directory(there) | Look::File(there) if !there.is_mount => Some(there.meta),
            _ => None,
        };
        let around = Around { path: &self.seen.entry.target, parent: above, other };
        let new = self.new_entry(around)?;
        steps.push(made(self.seen.entry.kind, self.seen.source.clone(), new));
        Ok(())
    }

    /// Makes the source if it is missing; where another store holds it, with what lies there. Returns
    /// the source's owner and mode, where they are known beforehand.
    fn hold_or_fetch(&self, steps: &mut Vec<Step>) -> Result<Option<Meta>, Refusal> {
        if let Some(elsewhere) = &self.ends.elsewhere {
            self.make_above(Side::Store, steps)?;
            let (from, to) = (elsewhere.clone(), self.seen.source.clone());
            steps.push(Step::Adopt { from, to });
            return Ok(None);
        }
        self.hold(steps)?;
        Ok(match (&self.ends.at_source, steps.last()) {
            (Look::Directory(there) | Look::File(there), _) => Some(there.meta),
            (_, Some(Step::MakeDirectory { meta, .. } | Step::MakeFile { meta, .. })) => {
                Some(*meta)
            }
            _ => None,
        })
    }

    /// Data at the target goes into the store, or is there already; otherwise nothing is touched.
    fn take_along(&self, steps: &mut Vec<Step>) -> Result<(), Refusal> {
        let (target, source_path) = (self.seen.entry.target.clone(), self.seen.source.clone());
        let Some(Data { source, writers, mounts, inner }) = &self.ends.data else {
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
        if !writers.is_empty() {
            return Err(Refusal::Busy { writers: writers.clone() });
        }
        if *source == Against::Nothing {
            self.make_above(Side::Store, steps)?;
            steps.push(Step::Adopt { from: target, to: source_path });
        }
        Ok(())
    }

    /// The mount hides the place. It still gets the source's owner and mode: should the mount ever be
    /// missing, nobody can read or write more than with it.
    fn place_on_nothing(&self, source: Option<Meta>, steps: &mut Vec<Step>) {
        let (target, path) = (self.seen.entry.target.clone(), self.seen.source.clone());
        match self.seen.entry.how {
            How::Symlink => steps.push(Step::Symlink { target, source: path }),
            How::Bind => {
                let closed = Meta { uid: 0, gid: 0, mode: 0o700 };
                let new = create::New { meta: source.unwrap_or(closed), is_provisional: false };
                steps.push(made(self.seen.entry.kind, target.clone(), new));
                steps.push(Step::Bind { source: path, target });
            }
        }
    }

    fn place_on_something(&self, there: Seen, has_data: bool, steps: &mut Vec<Step>) {
        let (target, source) = (self.seen.entry.target.clone(), self.seen.source.clone());
        let place = match (self.seen.entry.how, self.seen.entry.kind) {
            (How::Symlink, _) => Some(Place::Symlink(source.clone())),
            (How::Bind, _) if !has_data => None,
            (How::Bind, Kind::Directory) => Some(Place::Directory(there.meta)),
            (How::Bind, Kind::File) => Some(Place::File(there.meta)),
        };
        if let Some(place) = place {
            let target = target.clone();
            let copy = has_data.then(|| source.clone());
            steps.push(Step::SetAside { target, shows: there.id, place, copy });
        }
        if self.seen.entry.how == How::Bind {
            steps.push(Step::Bind { source, target });
        }
    }
}

fn made(kind: Kind, path: HostPath, new: create::New) -> Step {
    let create::New { meta, is_provisional } = new;
    match kind {
        Kind::Directory => Step::MakeDirectory { path, meta, is_provisional },
        Kind::File => Step::MakeFile { path, meta, is_provisional },
    }
}
