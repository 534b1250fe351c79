//! The missing directories above an entry, on either side: each gets the owner and mode of the same
//! directory on the other side.

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

impl Parent {
    /// What lies on a side, and what on the other.
    fn sides(&self, side: Side) -> [(&HostPath, &Look); 2] {
        let (target, store) = ((&self.path, &self.at_target), (&self.source, &self.at_source));
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
    let mut above = Meta { uid: 0, gid: 0, mode: 0o755 };
    for parent in parents {
        let [(path, here), (other_path, other)] = parent.sides(side);
        let new = match (here, other) {
            (Look::Directory(seen), _) => {
                above = seen.meta;
                continue;
            }
            (Look::Absent, Look::Directory(pattern)) => New::final_of(pattern.meta),
            (Look::Absent, _) => made_before(steps, other_path).unwrap_or_else(|| {
                let around = Around { path: &parent.path, parent: above, other: None };
                create::parent(entry, around, accounts)
            }),
            _ => return Err(Refusal::Blocked { blocker: path.clone() }),
        };
        let New { meta, is_provisional } = create::closed(&parent.path, new);
        steps.push(Step::MakeDirectory { path: path.clone(), meta, is_provisional });
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
