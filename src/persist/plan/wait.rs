//! What an entry waits for that is not put in place and of which nothing is off.

use std::fmt;

use super::entry::{AtTarget, Planner};
use crate::config::Kind;
use crate::persist::observe::holds_nothing;
use crate::sys::Look;

/// What an entry waits for, as a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// For somebody to make the file at its target. What erases it there can be known only of a declared
    /// root, and that is searched before.
    Made,
    /// For somebody to make the file in an entry around it.
    MadeInside,
    /// For the next boot: the running system holds on to the mount, which shows the id that is kept.
    Boot,
    /// For the next boot to make the machine id: the running system has one for this boot only.
    BootMakes,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Made => {
                "nothing has made it yet; as soon as something has, `blankslate apply` or the next boot \
                 keeps it, unless something else erases it before"
            }
            Self::MadeInside => {
                "nothing has made it yet; as soon as something has, it lies in the store"
            }
            Self::Boot => {
                "systemd mounted it over what lies there, for this boot only; the store has the same id, \
                 and the next boot puts that in place"
            }
            Self::BootMakes => {
                "systemd mounted an id over it for this boot only, and the store has none; the next boot \
                 makes one"
            }
        })
    }
}

impl Planner<'_> {
    /// A file that exists nowhere is not made. Most programs take an empty one for a broken one, and
    /// cannot put theirs in its place: over a mount nothing can be renamed, and it cannot be removed.
    /// What they make, `apply` or the next boot adopts. In memory no boot would find it: there an empty
    /// one is made, so that they write into the store.
    pub(super) fn waits(&self, at_target: &AtTarget) -> Option<Wait> {
        let ends = self.ends;
        match at_target {
            AtTarget::Transient if ends.at_source != Look::Absent && holds_nothing(ends) => {
                Some(Wait::BootMakes)
            }
            AtTarget::Transient => Some(Wait::Boot),
            AtTarget::InPlace if self.is_nowhere() && ends.is_inside => Some(Wait::MadeInside),
            AtTarget::Nothing if self.is_awaited() => Some(Wait::Made),
            // An earlier run made it to mount on.
            AtTarget::Empty(there) if self.is_awaited() && there.is_untouched => Some(Wait::Made),
            _ => None,
        }
    }

    /// Whether it is a file that no store has and that somebody else makes.
    fn is_nowhere(&self) -> bool {
        let ends = self.ends;
        self.seen.entry.kind == Kind::File
            && ends.at_source == Look::Absent
            && ends.elsewhere.is_none()
            && ends.machine_id.is_none()
    }

    /// The same, where what somebody makes is there after the next boot, or adopted before it.
    pub(super) fn is_awaited(&self) -> bool {
        self.is_nowhere() && !self.ends.is_in_memory
    }
}
