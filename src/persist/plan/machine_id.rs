//! The plan of the one file that is made with content: see [`crate::persist::machine_id`].

use super::chain::Side;
use super::entry::Planner;
use super::{Left, Refusal, Step};
use crate::persist::create::{Around, New};
use crate::persist::machine_id::{Id, Ids, MODE};
use crate::persist::observe::{Ends, is_left_by, is_same};
use crate::sys::{FileId, Look, Meta, Place};

/// The file in the store that holds the word for no id, and what is put in its place before an id is.
pub(crate) fn word_at_source(ends: &Ends) -> Option<(FileId, Place)> {
    match &ends.at_source {
        Look::File(there) if !there.is_empty && ends.machine_id.is_some_and(Ids::lacks_source) => {
            Some((there.id, Place::File(there.meta)))
        }
        _ => None,
    }
}

impl Planner<'_> {
    /// Whether systemd mounted an id for this boot over the file. It holds on to it until the end. What
    /// lies on the store's own file system is no such thing: it was the source, and was replaced. Another
    /// id than the one that is kept has to go, whoever mounted it: the host would be two.
    pub(super) fn is_transient_id(&self) -> bool {
        let ends = self.ends;
        let store = ends.parents.iter().rev().find_map(|parent| match &parent.at_source {
            Look::Directory(there) => Some(there.id.device),
            _ => None,
        });
        let is_ours = ends
            .ours
            .as_ref()
            .is_some_and(|(placed, there)| is_left_by(placed, &ends.at_target, there));
        let is_foreign = matches!(&ends.at_target, Look::File(there) if there.is_mount
            && Some(there.id.device) != store);
        let is_its = |ids: Ids| {
            let is_set = matches!(ids.at_target, Id::Set(_));
            is_set && (ids.kept == Id::Unset || ids.kept == ids.at_target)
        };
        ends.machine_id.is_some_and(is_its) && is_foreign && !is_ours
    }

    /// The id of the running system is the one that stays, where the store has none: so the journal
    /// of this boot and those of the next ones are of one host. An empty file in the store may be what
    /// lies beneath, mounted: then nothing can be put in its place before the next boot.
    pub(super) fn take_transient_id(&self, steps: &mut Vec<Step>) -> Result<(), Refusal> {
        if self.ends.at_source == Look::Absent {
            self.make_above(Side::Store, steps)?;
            let (from, to) = (self.seen.entry.target.clone(), self.seen.source.clone());
            steps.push(Step::Adopt { from, to });
        }
        Ok(())
    }

    /// Whether the target says that there is no id yet.
    pub(super) fn is_unset_id(&self) -> bool {
        self.ends.machine_id.is_some_and(|ids| ids.at_target == Id::Unset)
    }

    /// The word for no id in the store makes room for an id.
    pub(super) fn clear_source(&self, steps: &mut Vec<Step>) {
        if let Some((shows, place)) = word_at_source(self.ends) {
            let target = self.seen.source.clone();
            steps.push(Step::SetAside { target, shows, place, left: Left::MachineId(Id::Unset) });
        }
    }

    /// Whether the source is mounted on the target.
    pub(super) fn is_bound(&self) -> bool {
        !self.ends.is_inside && is_same(&self.ends.at_target, &self.ends.at_source)
    }

    /// Whether the store has no id. An empty file there is nobody's data; the word for none somebody
    /// wrote on purpose. What is mounted now goes on showing the old file, and is left to the next boot.
    pub(super) fn lacks_id(&self) -> bool {
        match &self.ends.at_source {
            Look::Absent => true,
            Look::File(there) => there.is_empty && !self.is_bound(),
            _ => false,
        }
    }

    /// Makes an id in the store. Of an empty file there the owner and mode stay.
    pub(super) fn make_id(&self, steps: &mut Vec<Step>) -> Result<(), Refusal> {
        let New { meta, is_provisional } = if let Look::File(there) = &self.ends.at_source {
            New::final_of(there.meta)
        } else {
            let above = self.make_above(Side::Store, steps)?;
            self.new_id(above)?
        };
        let path = self.seen.source.clone();
        steps.push(Step::MakeMachineId { path, meta, is_provisional });
        Ok(())
    }

    fn new_id(&self, above: Meta) -> Result<New, Refusal> {
        let entry = &self.seen.entry;
        let around = Around { path: &entry.target, parent: above, other: None };
        let mut new = self.new_entry(around)?;
        if entry.mode.is_none() && !new.is_provisional {
            new.meta.mode = MODE;
        }
        Ok(new)
    }
}
