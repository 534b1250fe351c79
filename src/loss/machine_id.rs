//! `/etc/machine-id`, of which the content decides what becomes of it: one that says that there is none
//! yet is as good as nothing. It neither is lost nor, in the blank, stands in the way of the store's.
//!
//! In: what the root, its blank and the store have. Out: what brings the path back. What cannot be told
//! is judged as every other file.

use std::io;

use super::classify::Keeper;
use super::rules::Placement;
use super::{Change, ChangeKind, FileType};
use crate::config::{Config, Kind};
use crate::path::HostPath;
use crate::persist::machine_id::{Id, is_of, parse};
use crate::sys::files::Files;

/// Where it lies.
const TARGET: &[u8] = b"/etc/machine-id";

/// What the places of the machine id say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MachineIds {
    /// On the root, beneath what may be mounted there.
    pub on_root: Id,
    /// In the blank.
    pub in_blank: Id,
    /// In the store; unset where no entry declares it.
    pub in_store: Id,
}

impl MachineIds {
    /// Reads them: `host` is seen with all its mounts, `on_root` and `blank` without; nothing is an empty
    /// blank.
    ///
    /// # Errors
    /// One cannot be read.
    pub fn read(
        config: &Config,
        host: &Files,
        on_root: &Files,
        blank: Option<&Files>,
    ) -> io::Result<Self> {
        let target = HostPath::new(TARGET).map_err(io::Error::other)?;
        let declared = config.entries().find(|(_, entry)| is_of(entry));
        let source = declared.map(|(store, entry)| store.source(entry));
        Ok(Self {
            on_root: id(on_root, &target)?,
            in_blank: blank.map_or(Ok(Id::Unset), |blank| id(blank, &target))?,
            in_store: source.map_or(Ok(Id::Unset), |source| id(host, &source))?,
        })
    }

    /// Whether `path` is a machine id for which an entry is enough although the blank has the file too.
    #[must_use]
    pub fn is_unset_in_blank(self, path: &HostPath) -> bool {
        path.as_bytes() == TARGET && self.in_blank == Id::Unset
    }

    /// What brings back the id that `change` tells of, the target of `entry`; nothing where that is to be
    /// judged as of every other file.
    pub(super) fn keeper(self, change: &Change, entry: &Placement) -> Option<Keeper> {
        let is_file = change.node.file_type == FileType::Regular
            && entry.kind == Kind::File
            && matches!(
                change.kind,
                ChangeKind::Added | ChangeKind::Modified | ChangeKind::Metadata(_)
            );
        if !is_file || !entry.comes_again() || !self.is_unset_in_blank(&change.path) {
            return None;
        }
        match (self.on_root, self.in_store) {
            (Id::Unset, _) => Some(Keeper::Entry(entry.target.clone())),
            (Id::Set(here), Id::Set(there)) if here == there => {
                Some(Keeper::Entry(entry.target.clone()))
            }
            (Id::Set(_) | Id::Other, Id::Unset) if entry.is_on_root => {
                Some(Keeper::Adopted(entry.target.clone()))
            }
            (Id::Set(_) | Id::Other, _) => None,
        }
    }
}

fn id(files: &Files, path: &HostPath) -> io::Result<Id> {
    Ok(match files.look(path)? {
        None => Id::Unset,
        Some((FileType::Regular, _)) => files.read(path)?.map_or(Id::Unset, |text| parse(&text)),
        Some(_) => Id::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::How;
    use crate::loss::rules::Holds;
    use crate::loss::{Aspect, Extent, Node, Time};

    const ONE: Id = Id::Set([b'1'; 32]);
    const TWO: Id = Id::Set([b'2'; 32]);

    fn change(kind: ChangeKind, file_type: FileType) -> Change {
        let mtime = Time { seconds: 0, nanoseconds: 0 };
        let node = Node { file_type, size: 33, allocated: 0, mtime };
        let path = HostPath::new(TARGET).unwrap();
        Change { path, kind, node, extent: Extent::Itself }
    }

    fn entry(source_holds: Holds, is_on_root: bool) -> Placement {
        let target = HostPath::new(TARGET).unwrap();
        let source = target.below(&"/persist".parse().unwrap());
        let (kind, how, line, is_in_place) = (Kind::File, How::Bind, 1, false);
        Placement { target, source, kind, how, line, is_in_place, source_holds, is_on_root }
    }

    /// What brings it back, in a word.
    fn word(keeper: Option<&Keeper>) -> &'static str {
        match keeper {
            Some(Keeper::Entry(_)) => "entry",
            Some(Keeper::Adopted(_)) => "adopted",
            Some(Keeper::Mount | Keeper::Parent) => "other",
            None => "",
        }
    }

    #[test]
    fn an_id_comes_again_unless_another_one_is_kept_or_the_blank_has_one() {
        for (on_root, in_blank, in_store, expected) in [
            (ONE, Id::Unset, Id::Unset, "adopted"),
            (Id::Other, Id::Unset, Id::Unset, "adopted"),
            (ONE, Id::Unset, ONE, "entry"),
            (ONE, Id::Unset, TWO, ""),
            (ONE, Id::Unset, Id::Other, ""),
            (Id::Other, Id::Unset, Id::Other, ""),
            (Id::Unset, Id::Unset, Id::Unset, "entry"),
            (Id::Unset, Id::Unset, TWO, "entry"),
            (ONE, TWO, Id::Unset, ""),
            (ONE, TWO, ONE, ""),
            (Id::Unset, TWO, TWO, ""),
            (ONE, Id::Other, Id::Unset, ""),
        ] {
            let ids = MachineIds { on_root, in_blank, in_store };
            for kind in
                [ChangeKind::Added, ChangeKind::Modified, ChangeKind::Metadata(Aspect::Mode)]
            {
                let change = change(kind, FileType::Regular);
                let keeper = ids.keeper(&change, &entry(Holds::Data, true));
                assert_eq!(word(keeper.as_ref()), expected, "{ids:?} {kind:?}");
            }
        }
    }

    #[test]
    fn only_a_file_that_the_boot_can_put_in_place_comes_again() {
        let ids = |on_root| MachineIds { on_root, in_blank: Id::Unset, in_store: Id::Unset };
        let (added, file) = (ChangeKind::Added, FileType::Regular);
        for (on_root, kind, file_type, holds, is_on_root, expected) in [
            (ONE, added, file, Holds::Nothing, true, "adopted"),
            // No boot looks there.
            (ONE, added, file, Holds::Nothing, false, ""),
            (Id::Unset, added, file, Holds::Nothing, false, "entry"),
            (ONE, added, file, Holds::Unusable, true, ""),
            (Id::Unset, added, file, Holds::Unusable, true, ""),
            (ONE, added, FileType::Symlink, Holds::Nothing, true, ""),
            (ONE, ChangeKind::TypeChanged, file, Holds::Nothing, true, ""),
            (Id::Unset, ChangeKind::Removed, file, Holds::Data, true, ""),
        ] {
            let change = change(kind, file_type);
            let keeper = ids(on_root).keeper(&change, &entry(holds, is_on_root));
            assert_eq!(word(keeper.as_ref()), expected, "{change:?} {holds:?} {is_on_root}");
        }
        assert!(!ids(ONE).is_unset_in_blank(&"/etc/machine-id2".parse().unwrap()));
    }
}
