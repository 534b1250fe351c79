//! What the host says about its paths: which are put in place again at the next boot, where something
//! is mounted, what is accepted.
//!
//! Values only; `facts` collects them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::accept::Accept;
use super::machine_id::MachineIds;
use super::makers::{Maker, Makers};
use super::owner::{Owned, Owners};
use super::scan::{Guide, Summing};
use super::{Change, FileType};
use crate::config::{How, Kind};
use crate::path::HostPath;

/// An entry of the configuration, and how it stands with it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The path as the host sees it.
    pub target: HostPath,
    /// Where the store keeps it.
    pub source: HostPath,
    /// What it is.
    pub kind: Kind,
    /// How it is put in place.
    pub how: How,
    /// The line of the configuration.
    pub line: usize,
    /// Whether it is in place now.
    pub is_in_place: bool,
    /// What the store has for it.
    pub source_holds: Holds,
    /// Whether it lies on a declared root that is what is mounted, so that the next boot looks there for
    /// data to adopt.
    pub is_on_root: bool,
}

/// What a store has for an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// The entry's data.
    Data,
    /// Nothing yet, or an empty directory or file.
    Nothing,
    /// Nothing, and nobody has made the file: the next boot makes none either.
    Awaited,
    /// Something that cannot be put in place, or it cannot be told.
    Unusable,
}

/// What is mounted on a path of the root, or will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mounted {
    /// Something is mounted here now.
    pub now: bool,
    /// The next boot mounts it again: a file system of the kernel, a store, or recorded by the initrd.
    pub again: bool,
}

/// Everything that classifying needs beside the change. The paths are kept as bytes, so that a path
/// and the directories above it are looked up as pieces of one text, without copying any.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    placements: BTreeMap<Vec<u8>, Placement>,
    mounts: BTreeMap<Vec<u8>, Mounted>,
    /// The directories above what is put in place again: they are made again on the way.
    made_again: BTreeSet<Vec<u8>>,
    /// Every path of which something is known, and the directories above it.
    known: BTreeSet<Vec<u8>>,
    accept: Accept,
    makers: Makers,
    owners: Owners,
    machine_ids: Option<MachineIds>,
}

impl Rules {
    /// Puts together what was found out.
    #[must_use]
    pub fn new(
        placements: Vec<Placement>,
        mounts: &BTreeMap<HostPath, Mounted>,
        accept: Accept,
    ) -> Self {
        let again = placements.iter().filter(|p| p.comes_again()).map(|p| &p.target);
        let again = again.chain(mounts.iter().filter(|(_, m)| m.again).map(|(point, _)| point));
        let made_again = again.flat_map(|path| above(path).map(<[u8]>::to_vec)).collect();
        let known = placements.iter().map(|p| &p.target).chain(mounts.keys());
        let itself_and_above = |path| above(path).chain([path.as_bytes()]).map(<[u8]>::to_vec);
        let known = known.flat_map(itself_and_above).collect();
        let key = |path: &HostPath| path.as_bytes().to_vec();
        Self {
            placements: placements.into_iter().map(|p| (key(&p.target), p)).collect(),
            mounts: mounts.iter().map(|(point, mounted)| (key(point), *mounted)).collect(),
            made_again,
            known,
            accept,
            makers: Makers::default(),
            owners: Owners::default(),
            machine_ids: None,
        }
    }

    /// The same rules with what the host tells of who makes and who owns its paths.
    #[must_use]
    pub fn with_evidence(self, makers: Makers, owners: Owners) -> Self {
        Self { makers, owners, ..self }
    }

    /// The same rules with what is known of the machine id.
    #[must_use]
    pub fn with_machine_ids(self, machine_ids: Option<MachineIds>) -> Self {
        Self { machine_ids, ..self }
    }

    /// What is known of the machine id; nothing where that could not be read.
    #[must_use]
    pub fn machine_ids(&self) -> Option<MachineIds> {
        self.machine_ids
    }

    /// Whether an entry keeps `path` although the blank has it as well.
    #[must_use]
    pub fn is_unset_in_blank(&self, path: &HostPath) -> bool {
        self.machine_ids.is_some_and(|ids| ids.is_unset_in_blank(path))
    }

    /// The entry whose target is `path`.
    #[must_use]
    pub fn placement(&self, path: &HostPath) -> Option<&Placement> {
        self.placements.get(path.as_bytes())
    }

    /// The entries that are not in place.
    pub fn missing(&self) -> impl Iterator<Item = &Placement> {
        self.placements.values().filter(|entry| !entry.is_in_place)
    }

    /// What is mounted on `path`.
    #[must_use]
    pub fn mounted(&self, path: &HostPath) -> Option<Mounted> {
        self.mounts.get(path.as_bytes()).copied()
    }

    /// Whether `path` is a directory that the next boot makes on the way to something below it.
    #[must_use]
    pub fn is_made_again(&self, path: &HostPath) -> bool {
        self.made_again.contains(path.as_bytes())
    }

    /// The nearest directory above `path` that is an entry's target, as its entry.
    #[must_use]
    pub fn placement_above(&self, path: &HostPath) -> Option<&Placement> {
        above(path).find_map(|above| self.placements.get(above))
    }

    /// Whether something is mounted on a directory above `path` and hides it.
    #[must_use]
    pub fn is_hidden(&self, path: &HostPath) -> bool {
        above(path).any(|above| self.mounts.get(above).is_some_and(|mounted| mounted.now))
    }

    /// The rule that accepts the loss of `path`, by its number.
    #[must_use]
    pub fn accepted(&self, path: &HostPath) -> Option<usize> {
        self.accept.find(path)
    }

    /// What makes the thing itself again at every boot.
    #[must_use]
    pub fn maker(&self, change: &Change) -> Option<&Maker> {
        self.makers.of(change)
    }

    /// Whose `path` is.
    #[must_use]
    pub fn owned(&self, path: &HostPath) -> Arc<Owned> {
        self.owners.of(path)
    }

    /// Whether `path` only holds what belongs to many, so that it is never told as a whole.
    #[must_use]
    pub fn is_structure(&self, path: &HostPath) -> bool {
        self.owners.is_structure(path)
    }
}

/// The directories above `path`, the nearest first, as bytes.
pub(super) fn above(path: &HostPath) -> impl Iterator<Item = &[u8]> {
    let bytes = path.as_bytes();
    let ends = bytes.iter().enumerate().rev().filter(|&(_, &byte)| byte == b'/');
    let ends = ends.filter(move |_| bytes != b"/");
    ends.filter_map(move |(at, _)| bytes.get(..at.max(1)))
}

impl Placement {
    /// Whether the next boot puts it in place. What the store does not hold it makes, but for a file that
    /// nobody made yet; where something else lies in the store it refuses.
    #[must_use]
    pub fn comes_again(&self) -> bool {
        matches!(self.source_holds, Holds::Data | Holds::Nothing)
    }

    /// Whether the next boot copies a change into the store, at or below the target. It takes what is
    /// of the declared kind, and no sockets.
    #[must_use]
    pub fn adopts(&self, change: &Change) -> bool {
        let is_kind = match (change.path == self.target, self.kind) {
            (false, kind) => kind == Kind::Directory,
            (true, Kind::Directory) => change.node.file_type == FileType::Directory,
            (true, Kind::File) => change.node.file_type == FileType::Regular,
        };
        let is_copied = match self.source_holds {
            Holds::Nothing => true,
            // Where nobody made the file, an empty one is what was made to mount on.
            Holds::Awaited => change.node.size > 0,
            Holds::Data | Holds::Unusable => false,
        };
        self.is_on_root && is_copied && is_kind && change.node.file_type != FileType::Socket
    }
}

impl Guide for Rules {
    fn summing(&self, directory: &HostPath) -> Summing {
        let is_uniform = !self.known.contains(directory.as_bytes())
            && self.accept.is_uniform(directory)
            && self.owners.is_uniform(directory)
            && !self.makers.has_below(directory);
        match is_uniform {
            false => Summing::Not,
            true if self.makers.makes(directory) => Summing::Contents,
            true => Summing::Tree,
        }
    }
}

/// The same rules for a report that lists every path: nothing is summed up.
#[derive(Debug)]
pub struct Unfolded;

impl Guide for Unfolded {
    fn summing(&self, _: &HostPath) -> Summing {
        Summing::Not
    }
}
