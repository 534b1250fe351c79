//! The missing directories above an entry, on either side: each gets the owner and mode of the same
//! directory on the other side, or those it is about to get.

use super::{Refusal, Step};
use crate::config::Entry;
use crate::path::HostPath;
use crate::persist::accounts::Accounts;
use crate::persist::create::{self, Around, New};
use crate::persist::observe::Parent;
use crate::sys::{Look, Meta};

/// Where directories are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// In the store.
    Store,
    /// On the root.
    Target,
}

/// What lies at one path: on which side is told by [`Parent::sides`].
struct There<'p> {
    path: &'p HostPath,
    look: &'p Look,
    is_unfinished: bool,
}

impl Parent {
    /// What lies on a side, and what on the other.
    fn sides(&self, side: Side) -> [There<'_>; 2] {
        let target = There {
            path: &self.path,
            look: &self.at_target,
            is_unfinished: self.is_target_unfinished,
        };
        let store = There {
            path: &self.source,
            look: &self.at_source,
            is_unfinished: self.is_source_unfinished,
        };
        match side {
            Side::Store => [store, target],
            Side::Target => [target, store],
        }
    }
}

/// Adds steps for the directories above an entry that are missing on `side`, outermost first. `steps`
/// holds what is made before. Returns owner and mode of the innermost.
pub(crate) fn make(
    entry: &Entry,
    parents: &[Parent],
    accounts: &Accounts,
    side: Side,
    steps: &mut Vec<Step>,
) -> Result<Meta, Refusal> {
    let roots = Meta { uid: 0, gid: 0, mode: 0o755 };
    // Owner and mode of the directory that holds this one, here and on the other side.
    let (mut above, mut beside) = (roots, roots);
    for parent in parents {
        let [here, other] = parent.sides(side);
        let fresh = |parent_meta| {
            let around = Around { path: &parent.path, parent: parent_meta, other: None };
            create::parent(entry, around, accounts)
        };
        let held_by = beside;
        if let Look::Directory(seen) = other.look {
            beside = seen.meta;
        }
        let new = match (here.look, other.look) {
            (Look::Directory(seen), _) => {
                above = seen.meta;
                continue;
            }
            // Not what it has but what it is about to get: this run finishes it, or a later one does.
            (Look::Absent, Look::Directory(_)) if other.is_unfinished => fresh(held_by),
            (Look::Absent, Look::Directory(pattern)) => New::final_of(pattern.meta),
            (Look::Absent, _) => made_before(steps, other.path).unwrap_or_else(|| fresh(above)),
            _ => return Err(Refusal::Blocked { blocker: here.path.clone() }),
        };
        let New { meta, is_provisional } = create::closed(&parent.path, new);
        steps.push(Step::MakeDirectory { path: here.path.clone(), meta, is_provisional });
        above = meta;
    }
    Ok(above)
}

fn made_before(steps: &[Step], wanted: &HostPath) -> Option<New> {
    steps.iter().find_map(|step| match step {
        Step::MakeDirectory { path, meta, is_provisional } if path == wanted => {
            Some(New { meta: *meta, is_provisional: *is_provisional })
        }
        _ => None,
    })
}
