//! What a pool says about a root, as values. Made by [`program::facts`](crate::zfs::program::facts),
//! used by [`decide`](super::decide::decide).

use crate::zfs::names::{DatasetName, SnapshotName};

/// One dataset as the pool describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetFacts {
    /// Which one was asked about.
    pub dataset: DatasetName,
    /// What is known of it; none when there is no such dataset.
    pub present: Option<Present>,
}

/// A dataset that exists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Present {
    /// `filesystem`, `volume`, or a word that is not known here.
    pub kind: String,
    /// Its identity.
    pub guid: u64,
    /// The snapshot it is a clone of.
    pub origin: Option<String>,
    /// Its property `readonly`.
    pub is_readonly: bool,
    /// `available` or `unavailable` for an encrypted one; none otherwise.
    pub key_status: Option<String>,
    /// Bytes written since its newest snapshot; none when the pool does not say.
    pub written: Option<u64>,
    /// Datasets below it. They are not the root and are not touched.
    pub children: Vec<String>,
    /// Its bookmarks. When they were made cannot be read in a channel program.
    pub bookmarks: Vec<String>,
    /// Its snapshots, in no order that means anything.
    pub snapshots: Vec<SnapshotFacts>,
}

/// One snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotFacts {
    /// Its name behind the `@`.
    pub name: SnapshotName,
    /// Its identity: a snapshot made again under the same name has another.
    pub guid: u64,
    /// The transaction group in which it was made. This alone tells which of two is newer.
    pub createtxg: u64,
    /// Tags of the holds on it.
    pub holds: Vec<String>,
    /// Datasets cloned from it.
    pub clones: Vec<String>,
}
