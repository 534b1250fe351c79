//! How each entry is now: not what a record says, but what lies there.
//!
//! In: what was observed, what the plan would do about it, and what lies beneath a mount, where that
//! could be looked at. Out: one state for each entry, in a sentence that ends in the cure. Pure. What
//! could not be looked at is never called in place.

mod meta;
mod missing;
#[cfg(test)]
mod tests;

pub use meta::note_of_meta;
pub use missing::is_copied_at_boot;

use super::create::is_closed;
use super::observe::{Ends, Observation, Undeclared, is_left_by, is_same};
use super::paste::shell;
use super::plan::{EntryPlan, Refusal, Then};
use crate::config::How;
use crate::path::HostPath;
use crate::sys::Look;
use missing::{not_in_place, without_source};

/// How an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As declared.
    InPlace,
    /// Not in place, and nothing is off: it waits for somebody to make it, or for the next boot.
    Waiting,
    /// Nothing is in place: nothing lies there, what lies there lies only there, or the source is
    /// missing.
    Missing,
    /// Something else than the source is seen: what replaced a symlink, the old file behind a bind, or
    /// data that differs from the store's.
    Diverged,
    /// In place, and the mount hides data.
    Shadowed,
    /// In place, with an owner or mode that is not final or too open.
    WrongMode,
    /// Not in place, and `apply` would not touch it.
    Refused,
    /// It could not be looked at.
    Unseen,
}

impl State {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::InPlace => "in-place",
            Self::Waiting => "waiting",
            Self::Missing => "missing",
            Self::Diverged => "diverged",
            Self::Shadowed => "shadowed",
            Self::WrongMode => "wrong-mode",
            Self::Refused => "refused",
            Self::Unseen => "unseen",
        }
    }

    /// Whether nothing is to be done about it.
    #[must_use]
    pub fn is_fine(self) -> bool {
        matches!(self, Self::InPlace | Self::Waiting)
    }
}

/// What lies on the file system beneath what is mounted on a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beneath {
    /// It was not looked at, or could not be.
    Unknown,
    /// Nothing that would be lost.
    Nothing,
    /// Data; how to look at it, and what becomes of it, as a sentence.
    Data(String),
}

/// How one entry is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// In one word.
    pub state: State,
    /// What is off, and the cure, or what it waits for; empty where it is in place.
    pub sentence: String,
}

/// Returns how an entry is now. `plan` is what would be done about it.
#[must_use]
pub fn state(seen: &Observation, plan: &EntryPlan, beneath: &Beneath) -> Status {
    let ends = match &seen.ends {
        Ok(ends) => ends,
        Err(why) => return status(State::Unseen, why.clone()),
    };
    match (&plan.steps, &plan.then) {
        (Err(refusal), _) => refused(seen, ends, refusal),
        (Ok(_), Then::After(outer)) => {
            let what = format!("it waits for {outer} around it; {APPLY}");
            status(State::Missing, what)
        }
        (Ok(_), Then::Waits(wait)) => status(State::Waiting, wait.to_string()),
        (Ok(steps), then) => {
            if !is_in_place(seen, ends) {
                return not_in_place(seen, ends);
            }
            if ends.at_source == Look::Absent {
                return without_source(seen, ends, then);
            }
            match (beneath, steps.is_empty() && *then == Then::End) {
                (_, false) => {
                    status(State::WrongMode, format!("its owner was not known yet; {APPLY}"))
                }
                (Beneath::Data(what), true) => status(State::Shadowed, what.clone()),
                (Beneath::Unknown | Beneath::Nothing, true) => {
                    status(State::InPlace, String::new())
                }
            }
        }
    }
}

const APPLY: &str = "run `blankslate apply`";

fn status(state: State, sentence: String) -> Status {
    Status { state, sentence }
}

/// Whether the target is the source, by the declared way.
fn is_in_place(seen: &Observation, ends: &Ends) -> bool {
    ends.is_inside
        || match (&ends.at_target, seen.entry.how) {
            (Look::Symlink(text), How::Symlink) => text == seen.source.as_bytes(),
            (Look::Directory(there) | Look::File(there), How::Bind) => {
                there.is_mount && is_same(&ends.at_target, &ends.at_source)
            }
            _ => false,
        }
}

fn refused(seen: &Observation, ends: &Ends, refusal: &Refusal) -> Status {
    let (entry, source) = (&seen.entry, &seen.source);
    let target = shell(entry.target.as_bytes());
    match refusal {
        Refusal::Unseen { why } => status(State::Unseen, why.clone()),
        Refusal::WouldHide { difference, .. } => {
            let was_link = matches!(&ends.ours, Some((placed, _)) if placed.how == How::Symlink);
            let what = if was_link {
                format!("a {} replaced the symlink and differs from {source}", entry.kind)
            } else {
                format!("it differs from {source}")
            };
            let (at, part) = (&difference.path, difference.what);
            let first = if *at == entry.target {
                format!("in {part}")
            } else {
                format!("first in the {part} of {at}")
            };
            let cure = format!("keep one of the two, move the other away, {APPLY}");
            status(State::Diverged, format!("{what}, {first}; {cure}"))
        }
        Refusal::OldInode { .. } if ends.at_source == Look::Absent => {
            let what = format!("{source} is gone, and only the mount still shows what it held");
            let cure = format!(
                "copy that now, `cp -a {target} {}`, then `umount {target}` and {APPLY}",
                shell(source.as_bytes())
            );
            status(State::Missing, format!("{what}; {cure}"))
        }
        Refusal::OldInode { .. } => {
            let what = format!("it still shows what lay at {source} before that was replaced");
            let cure = format!("compare the two, then `umount {target}` and {APPLY}");
            status(State::Diverged, format!("{what}; {cure}"))
        }
        other => status(State::Refused, other.to_string()),
    }
}

/// Returns the directories of an entry that have to be closed and are open, with their modes: systemd
/// refuses services with `DynamicUser=` where `/var/lib/private` is not its owner's alone.
#[must_use]
pub fn open_directories(seen: &Observation) -> Vec<(HostPath, u32)> {
    let Ok(ends) = &seen.ends else { return Vec::new() };
    let above = ends.parents.iter().flat_map(|parent| {
        [
            (&parent.path, &parent.path, &parent.at_target),
            (&parent.path, &parent.source, &parent.at_source),
        ]
    });
    let target = &seen.entry.target;
    let own = [(target, target, &ends.at_target), (target, &seen.source, &ends.at_source)];
    let open = |(known, path, look): (&HostPath, &HostPath, &Look)| match look {
        Look::Directory(there) if is_closed(known) && there.meta.mode & 0o077 != 0 => {
            Some((path.clone(), there.meta.mode))
        }
        _ => None,
    };
    let mut found: Vec<_> = above.chain(own).filter_map(open).collect();
    // What is in place is seen twice; the store has it.
    if is_same(&ends.at_target, &ends.at_source) {
        found.retain(|(path, _)| path != target);
    }
    found
}

/// Says what is in place although nobody declares it any more; nothing where it is not in place.
#[must_use]
pub fn undeclared(seen: &Undeclared) -> Option<String> {
    let placed = &seen.placed;
    match &seen.ends {
        Ok((at_target, at_source)) if !is_left_by(placed, at_target, at_source) => None,
        Ok(_) => Some(format!(
            "it is in place and not declared any more; {APPLY}, which takes it out and leaves {} \
             as it is",
            placed.source
        )),
        Err(why) => Some(why.clone()),
    }
}
