//! What becomes of a change at the next boot. Pure: a change and the rules of the host in, one verdict
//! out.
//!
//! When in doubt a change is lost: a report that is wrong in this direction costs a look, one that is
//! wrong in the other costs the data.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::makers::Maker;
use super::owner::Owned;
use super::rules::{Holds, Placement, Rules};
use super::scan::{Guide as _, Summing};
use super::{Change, ChangeKind, Extent, FileType};
use crate::config::{How, Kind};
use crate::path::HostPath;

/// A change with what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The change.
    pub change: Change,
    /// What becomes of it.
    pub verdict: Verdict,
    /// Whose it is.
    pub owned: Arc<Owned>,
}

/// What becomes of a change at the next boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is there again.
    Kept(Keeper),
    /// It is gone, and then made again as it is now, by this.
    Recreated(Maker),
    /// It is gone, and the admin said that this is well: the number of the rule.
    Accepted(usize),
    /// It is gone.
    Lost(Remark),
}

/// What brings a path back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keeper {
    /// The entry with this target.
    Entry(HostPath),
    /// A mount on it, which the next boot makes again.
    Mount,
    /// Something below it that comes again; the directory is made on the way.
    Parent,
    /// The entry with this target: the store holds nothing for it yet, so the next boot copies what
    /// lies there into the store before it rolls back.
    Adopted(HostPath),
}

/// What there is to say about something lost.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remark {
    /// Nothing.
    None,
    /// It is only the place on which something is mounted now.
    MountPoint,
    /// It lies below a mount that hides it.
    Shadowed,
    /// It is the target of the entry with this target, or lies below it; but the entry is not in
    /// place, and the store holds other data.
    NotInPlace(HostPath),
    /// The same, and the store holds something that cannot be put in place, or nobody can tell.
    NoSource(HostPath),
}

/// Says what becomes of `change`.
#[must_use]
pub fn classify(change: Change, rules: &Rules) -> Judged {
    let maker = match change.extent {
        Extent::Contents(_) => None,
        Extent::Itself | Extent::Tree(_) => rules.maker(&change),
    };
    let verdict = if let Some(keeper) = keeper(&change, rules) {
        Verdict::Kept(keeper)
    } else if let Some(maker) = maker {
        Verdict::Recreated(maker.clone())
    } else if let Some(rule) = rules.accepted(&change.path) {
        Verdict::Accepted(rule)
    } else {
        Verdict::Lost(remark(&change, rules))
    };
    let owned = rules.owned(&change.path);
    Judged { change, verdict, owned }
}

/// Judges the changes of one scan in their order, and looks up only once what all that lies in one
/// directory has in common.
#[derive(Debug)]
pub struct Judge<'r> {
    rules: &'r Rules,
    /// The directory that was entered last of those in which all comes to the same, and what that is.
    common: Option<(HostPath, Verdict, Arc<Owned>)>,
}

impl<'r> Judge<'r> {
    /// A judge by these rules.
    #[must_use]
    pub fn new(rules: &'r Rules) -> Self {
        Self { rules, common: None }
    }

    /// Says what becomes of `change`, as [`classify`] does.
    pub fn judge(&mut self, change: Change) -> Judged {
        if let Some((directory, verdict, owned)) = &self.common
            && change.kind == ChangeKind::Added
            // The one type that is judged in another way than what lies beside it.
            && change.node.file_type != FileType::Socket
            && change.path.is_below(directory)
        {
            return Judged { change, verdict: verdict.clone(), owned: Arc::clone(owned) };
        }
        let judged = classify(change, self.rules);
        let Judged { change, verdict, owned } = &judged;
        if change.kind == ChangeKind::Added && change.extent == Extent::Itself {
            self.common = self.common_in(change, verdict, owned);
        }
        judged
    }

    fn common_in(
        &self,
        change: &Change,
        verdict: &Verdict,
        owned: &Arc<Owned>,
    ) -> Option<(HostPath, Verdict, Arc<Owned>)> {
        if change.node.file_type != FileType::Directory {
            return None;
        }
        let verdict = match self.rules.summing(&change.path) {
            Summing::Not => return None,
            Summing::Tree => verdict.clone(),
            Summing::Contents => {
                let extent = Extent::Contents(super::Sum::default());
                classify(Change { extent, ..change.clone() }, self.rules).verdict
            }
        };
        Some((change.path.clone(), verdict, Arc::clone(owned)))
    }
}

/// What brings the path back: only the thing itself, as an empty place, and never what lies below it,
/// unless that is copied into the store first.
fn keeper(change: &Change, rules: &Rules) -> Option<Keeper> {
    let ids = rules.machine_ids().zip(rules.placement(&change.path));
    if let Some(keeper) = ids.and_then(|(ids, entry)| ids.keeper(change, entry)) {
        return Some(keeper);
    }
    // What is in the blank goes back to what it is there; where that is something else, it stands in
    // the way of what the boot would make.
    if change.kind != ChangeKind::Added {
        return None;
    }
    if let Some(entry) = rules.placement(&change.path)
        && is_place_of(change, entry)
    {
        return Some(Keeper::Entry(entry.target.clone()));
    }
    let entry = rules.placement(&change.path).or_else(|| rules.placement_above(&change.path));
    if let Some(entry) = entry.filter(|entry| entry.adopts(change)) {
        return Some(Keeper::Adopted(entry.target.clone()));
    }
    let mounted = rules.mounted(&change.path);
    if mounted.is_some_and(|mounted| mounted.again) && is_empty_place(change) {
        return Some(Keeper::Mount);
    }
    let is_directory = change.node.file_type == FileType::Directory;
    (is_directory && rules.is_made_again(&change.path)).then_some(Keeper::Parent)
}

/// Whether this is the empty place that the entry takes, or its symlink.
fn is_place_of(change: &Change, entry: &Placement) -> bool {
    match (entry.how, entry.kind, change.node.file_type) {
        // Another symlink holds a text that the store does not have.
        (How::Symlink, _, FileType::Symlink) => entry.is_in_place && entry.comes_again(),
        (How::Bind, Kind::Directory, FileType::Directory) => entry.comes_again(),
        (How::Bind, Kind::File, FileType::Regular) => entry.comes_again() && change.node.size == 0,
        (How::Bind | How::Symlink, Kind::Directory | Kind::File, _) => false,
    }
}

fn is_empty_place(change: &Change) -> bool {
    match change.node.file_type {
        FileType::Directory => true,
        FileType::Regular => change.node.size == 0,
        FileType::Symlink
        | FileType::Fifo
        | FileType::Socket
        | FileType::BlockDevice
        | FileType::CharacterDevice => false,
    }
}

fn remark(change: &Change, rules: &Rules) -> Remark {
    let mounted_here = rules.mounted(&change.path).is_some_and(|mounted| mounted.now);
    if rules.is_hidden(&change.path) || mounted_here && !is_empty_place(change) {
        return Remark::Shadowed;
    }
    let entry = rules.placement(&change.path).or_else(|| rules.placement_above(&change.path));
    match entry.map(|entry| (entry, entry.source_holds)) {
        Some((entry, Holds::Unusable)) => return Remark::NoSource(entry.target.clone()),
        Some((entry, Holds::Data | Holds::Nothing)) if !entry.is_in_place => {
            return Remark::NotInPlace(entry.target.clone());
        }
        // Nobody misses what was never there.
        Some((_, Holds::Data | Holds::Nothing | Holds::Awaited)) | None => {}
    }
    if mounted_here { Remark::MountPoint } else { Remark::None }
}
