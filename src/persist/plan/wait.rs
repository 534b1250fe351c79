//! What an entry waits for that is not put in place and of which nothing is off.

use std::fmt;

use super::entry::{AtTarget, Planner};
use crate::config::Kind;
use crate::sys::Look;

/// What an entry waits for, as a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// For somebody to make the file at its target.
    Made,
    /// For somebody to make the file in an entry around it.
    MadeInside,
    /// For the next boot: the running system has an id for this boot, and holds on to it.
    Boot,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Made => {
                "nothing has made it yet; as soon as something has, `blankslate apply` or the next boot \
                 keeps it"
            }
            Self::MadeInside => {
                "nothing has made it yet; as soon as something has, it lies in the store"
            }
            Self::Boot => {
                "another id is mounted over it, by systemd for this boot only unless you did; reboot, \
                 and the one in the store is there to stay"
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
        let is_nowhere = self.seen.entry.kind == Kind::File
            && ends.at_source == Look::Absent
            && ends.elsewhere.is_none()
            && ends.machine_id.is_none();
        match at_target {
            AtTarget::Transient => Some(Wait::Boot),
            AtTarget::InPlace if is_nowhere && ends.is_inside => Some(Wait::MadeInside),
            AtTarget::Nothing if is_nowhere && !ends.is_in_memory => Some(Wait::Made),
            // An earlier run made it to mount on.
            AtTarget::Empty(there) if is_nowhere && !ends.is_in_memory && there.is_untouched => {
                Some(Wait::Made)
            }
            _ => None,
        }
    }
}
