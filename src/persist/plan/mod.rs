//! What has to be done to put every entry in place: pure, and without a step that removes data.
//!
//! In: what was observed, and who is known by name. Out: steps, parents first, and a refusal for every
//! entry that will not be touched, with the reason. Equal observations give equal plans.

pub(super) mod chain;
mod entry;
pub(super) mod machine_id;
mod placing;
mod refusal;
mod wait;

use std::collections::BTreeSet;
use std::fmt;

use super::accounts::Accounts;
use super::machine_id::Id;
use super::observe::{Observation, Scene, Undeclared, is_left_by};
use crate::config::How;
use crate::path::HostPath;
use crate::sys::{FileId, Look, Meta, Place};

pub use refusal::Refusal;
pub use wait::Wait;

/// One action on the system. There is none that removes or overwrites data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Makes a directory: above a source or a target, as the source, or as the place to mount on.
    MakeDirectory {
        /// Where.
        path: HostPath,
        /// Its owner and mode.
        meta: Meta,
        /// Whether a later run has to finish it, because its owner is not known yet.
        is_provisional: bool,
    },
    /// Makes an empty file as the source.
    MakeFile {
        /// Where.
        path: HostPath,
        /// Its owner and mode.
        meta: Meta,
        /// Whether a later run has to finish it, because its owner is not known yet.
        is_provisional: bool,
    },
    /// Makes an empty file to mount on.
    MakePlace {
        /// The path as the host sees it.
        target: HostPath,
        /// Its owner and mode.
        meta: Meta,
    },
    /// Makes the machine id in the store: where nothing lies, or an empty file. It is drawn then.
    MakeMachineId {
        /// The path in the store.
        path: HostPath,
        /// Its owner and mode.
        meta: Meta,
        /// Whether a later run has to finish it, because its owner is not known yet.
        is_provisional: bool,
    },
    /// Finishes what was made before its owner was known.
    Own {
        /// What.
        path: HostPath,
        /// Which one it was.
        id: FileId,
        /// Owner and mode that it was made with.
        from: Meta,
        /// Those it gets.
        to: Meta,
    },
    /// Copies data, whole or not at all, to where the store keeps it.
    Adopt {
        /// Where the data lies.
        from: HostPath,
        /// The path in the store.
        to: HostPath,
    },
    /// Renames what lies at the target, and puts an empty place or the symlink there.
    SetAside {
        /// The path as the host sees it.
        target: HostPath,
        /// What lies there.
        shows: FileId,
        /// What is put there.
        place: Place,
        /// Why it need not be seen any more.
        left: Left,
    },
    /// Mounts the source on the target.
    Bind {
        /// The path in the store.
        source: HostPath,
        /// The path as the host sees it.
        target: HostPath,
    },
    /// Makes the target a symlink to the source.
    Symlink {
        /// The path as the host sees it.
        target: HostPath,
        /// The path in the store.
        source: HostPath,
    },
    /// Unmounts what an earlier run mounted.
    Unbind {
        /// The path as the host sees it.
        target: HostPath,
        /// What is mounted there.
        shows: FileId,
    },
    /// Takes a symlink away that an earlier run made.
    Unlink {
        /// The path as the host sees it.
        target: HostPath,
        /// Where it leads.
        to: HostPath,
    },
}

/// Why what is set aside need not be seen any more. It is looked at once more when nobody can get at it
/// by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// It holds nothing.
    Nothing,
    /// The store has the same data, here.
    Copied(HostPath),
    /// It says this of the machine id, which is no more than is kept.
    MachineId(Id),
}

/// What is to be done for one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPlan {
    /// The path as the host sees it.
    pub target: HostPath,
    /// The path in the store.
    pub source: HostPath,
    /// How it is, or was, put in place.
    pub how: How,
    /// Whether it is declared; otherwise an earlier run put it in place, and it is taken out of place.
    pub is_declared: bool,
    /// The steps in their order, none when nothing is to be done; or why it is not touched.
    pub steps: Result<Vec<Step>, Refusal>,
    /// What comes after the steps.
    pub then: Then,
}

/// What comes after the steps of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// Nothing: it is as declared.
    End,
    /// It has to be looked at again: what lay beneath is not known yet.
    LookAgain,
    /// There are no steps before this entry, around it, is in place.
    After(HostPath),
    /// It is not put in place now, and nothing is off: it waits.
    Waits(Wait),
}

/// Plans every entry of a scene.
#[must_use]
pub fn plan(scene: &Scene, accounts: &Accounts) -> Vec<EntryPlan> {
    let mut plans: Vec<EntryPlan> = scene.undeclared.iter().map(take_out).collect();
    let mut unfinished: BTreeSet<HostPath> = BTreeSet::new();
    for seen in &scene.entries {
        let around = seen.entry.target.ancestors().into_iter().rev();
        let plan = match around.into_iter().find(|outer| unfinished.contains(outer)) {
            Some(outer) => EntryPlan::declared(seen, Ok(Vec::new()), Then::After(outer)),
            None => entry::plan_one(seen, accounts),
        };
        if plan.steps.is_ok() && !plan.is_done() {
            unfinished.insert(plan.target.clone());
        }
        plans.push(plan);
    }
    plans
}

impl EntryPlan {
    fn declared(seen: &Observation, steps: Result<Vec<Step>, Refusal>, then: Then) -> Self {
        Self {
            target: seen.entry.target.clone(),
            source: seen.source.clone(),
            how: seen.entry.how,
            is_declared: true,
            steps,
            then,
        }
    }

    /// Whether there is nothing to do, now or later; what waits, waits for somebody else.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self.then, Then::End | Then::Waits(_))
            && self.steps.as_ref().is_ok_and(Vec::is_empty)
    }

    /// What it waits for.
    #[must_use]
    pub fn waits(&self) -> Option<Wait> {
        match self.then {
            Then::Waits(wait) => Some(wait),
            Then::End | Then::LookAgain | Then::After(_) => None,
        }
    }
}

/// Takes out of place what nobody declares any more; the store is not touched.
fn take_out(seen: &Undeclared) -> EntryPlan {
    let placed = &seen.placed;
    let (target, to) = (placed.target.clone(), placed.source.clone());
    let is_left = |(at_target, at_source): &(Look, Look)| is_left_by(placed, at_target, at_source);
    let then = match &seen.inside {
        // Whoever uses it would find nothing until the entry around it is in place.
        Some(outer) if seen.ends.as_ref().is_ok_and(is_left) => Then::After(outer.clone()),
        Some(_) | None => Then::End,
    };
    let steps = match &seen.ends {
        Err(why) => Err(Refusal::Unseen { why: why.clone() }),
        // Somebody else was here since: what is there now is not ours to take away.
        Ok(ends) if !is_left(ends) => Ok(Vec::new()),
        Ok(_) if then != Then::End => Ok(Vec::new()),
        Ok((Look::Directory(seen) | Look::File(seen), _)) => {
            Ok(vec![Step::Unbind { target, shows: seen.id }])
        }
        Ok(_) => Ok(vec![Step::Unlink { target, to }]),
    };
    let (target, source) = (placed.target.clone(), placed.source.clone());
    EntryPlan { target, source, how: placed.how, is_declared: false, steps, then }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MakeDirectory { path, meta, .. } => {
                write!(f, "make the directory {path}, {meta}")
            }
            Self::MakeFile { path, meta, .. } | Self::MakePlace { target: path, meta } => {
                write!(f, "make the file {path}, {meta}")
            }
            Self::MakeMachineId { path, meta, .. } => {
                write!(f, "make a new machine id in {path}, {meta}")
            }
            Self::Own { path, to, .. } => write!(f, "give {path} to its owner: {to}"),
            Self::Adopt { from, to } => write!(f, "copy {from} to {to}"),
            Self::SetAside { target, place: Place::Symlink(to), .. } => {
                write!(f, "set {target} aside and link it to {to}")
            }
            Self::SetAside { target, place: Place::Directory(_) | Place::File(_), .. } => {
                write!(f, "set {target} aside")
            }
            Self::Bind { source, target } => write!(f, "bind {source} on {target}"),
            Self::Symlink { target, source } => write!(f, "link {target} to {source}"),
            Self::Unbind { target, .. } => write!(f, "unmount {target}"),
            Self::Unlink { target, .. } => write!(f, "remove the symlink {target}"),
        }
    }
}

impl fmt::Display for Meta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "owner {}:{}, mode {:04o}", self.uid, self.gid, self.mode)
    }
}
