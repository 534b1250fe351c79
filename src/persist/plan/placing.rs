//! The last steps of an entry's plan: what is in the store is put at the target.

use super::entry::Planner;
use super::{Left, Refusal, Step};
use crate::config::{How, Kind};
use crate::path::HostPath;
use crate::persist::create;
use crate::sys::{Meta, Place, Seen};

impl Planner<'_> {
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
                let new = create::New { meta: source.unwrap_or(closed), is_provisional: false };
                steps.push(made(self.seen.entry.kind, target.clone(), new));
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

/// Makes the source, or the place to mount on.
pub(super) fn made(kind: Kind, path: HostPath, new: create::New) -> Step {
    let create::New { meta, is_provisional } = new;
    match kind {
        Kind::Directory => Step::MakeDirectory { path, meta, is_provisional },
        Kind::File => Step::MakeFile { path, meta, is_provisional },
    }
}
