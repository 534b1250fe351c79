//! The last steps of an entry's plan: the store gets what it lacks, and that is put at the target.

use super::chain::Side;
use super::entry::Planner;
use super::{Left, Refusal, Step};
use crate::config::{How, Kind};
use crate::path::HostPath;
use crate::persist::create::{self, Around};
use crate::sys::{Look, Meta, Place, Seen};

impl Planner<'_> {
    /// Makes the source if it is missing, with what is above it.
    fn hold(&self, steps: &mut Vec<Step>) -> Result<(), Refusal> {
        if self.ends.machine_id.is_some() && self.lacks_id() {
            return self.make_id(steps);
        }
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
    pub(super) fn hold_or_fetch(&self, steps: &mut Vec<Step>) -> Result<Option<Meta>, Refusal> {
        if let Some(elsewhere) = self.ends.elsewhere.as_ref().filter(|_| !self.is_bound()) {
            self.make_above(Side::Store, steps)?;
            self.clear_source(steps);
            let (from, to) = (elsewhere.clone(), self.seen.source.clone());
            steps.push(Step::Adopt { from, to });
            return Ok(None);
        }
        self.hold(steps)?;
        Ok(match (&self.ends.at_source, steps.last()) {
            (Look::Directory(there) | Look::File(there), _) => {
                let own = steps.iter().find_map(|step| match step {
                    Step::Own { path, to, .. } if *path == self.seen.source => Some(*to),
                    _ => None,
                });
                Some(own.unwrap_or(there.meta))
            }
            (
                _,
                Some(
                    Step::MakeDirectory { meta, .. }
                    | Step::MakeFile { meta, .. }
                    | Step::MakeMachineId { meta, .. },
                ),
            ) => Some(*meta),
            _ => None,
        })
    }

    /// Makes sure that the store holds it, where what lies at the target is nothing that anybody misses.
    pub(super) fn hold_and_place(
        &self,
        there: Seen,
        left: Left,
        steps: &mut Vec<Step>,
    ) -> Result<(), Refusal> {
        self.hold_or_fetch(steps)?;
        self.place_on_something(there, left, steps);
        Ok(())
    }

    /// The mount hides the place. It still gets the source's owner and mode: should the mount ever be
    /// missing, nobody can read or write more than with it.
    pub(super) fn place_on_nothing(&self, source: Option<Meta>, steps: &mut Vec<Step>) {
        let (target, path) = (self.seen.entry.target.clone(), self.seen.source.clone());
        match self.seen.entry.how {
            How::Symlink => steps.push(Step::Symlink { target, source: path }),
            How::Bind => {
                let closed = Meta { uid: 0, gid: 0, mode: 0o700 };
                let (meta, place) = (source.unwrap_or(closed), target.clone());
                steps.push(match self.seen.entry.kind {
                    Kind::Directory => {
                        Step::MakeDirectory { path: place, meta, is_provisional: false }
                    }
                    Kind::File => Step::MakePlace { target: place, meta },
                });
                steps.push(Step::Bind { source: path, target });
            }
        }
    }

    pub(super) fn place_on_something(&self, there: Seen, left: Left, steps: &mut Vec<Step>) {
        let (target, source) = (self.seen.entry.target.clone(), self.seen.source.clone());
        let place = match (self.seen.entry.how, self.seen.entry.kind) {
            (How::Symlink, _) => Some(Place::Symlink(source.clone())),
            (How::Bind, _) if left == Left::Nothing => None,
            (How::Bind, Kind::Directory) => Some(Place::Directory(there.meta)),
            (How::Bind, Kind::File) => Some(Place::File(there.meta)),
        };
        if let Some(place) = place {
            let target = target.clone();
            steps.push(Step::SetAside { target, shows: there.id, place, left });
        }
        if self.seen.entry.how == How::Bind {
            steps.push(Step::Bind { source, target });
        }
    }
}

/// Makes the source.
pub(super) fn made(kind: Kind, path: HostPath, new: create::New) -> Step {
    let create::New { meta, is_provisional } = new;
    match kind {
        Kind::Directory => Step::MakeDirectory { path, meta, is_provisional },
        Kind::File => Step::MakeFile { path, meta, is_provisional },
    }
}
