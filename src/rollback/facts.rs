//! What a pool says about a root, as values. Made by [`program::facts`](crate::zfs::program::facts),
//! used by [`decide`](super::decide::decide).

use serde::{Deserialize, Serialize};

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
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Present {
    /// `filesystem`, `volume`, or a word that is not known here.
    pub kind: String,
    /// Its identity.
    #[serde(with = "super::guid")]
    pub guid: u64,
    /// The snapshot it is a clone of. This and what follows down to the children is asked about only
    /// when a root is refused ([`Detail::All`](crate::zfs::Detail::All)).
    pub origin: Option<String>,
    /// Its property `readonly`; none when it was not asked about.
    pub readonly: Option<bool>,
    /// `available` or `unavailable` for an encrypted one; none otherwise.
    pub key_status: Option<String>,
    /// Bytes written since its newest snapshot. A decision asks only when that is the blank.
    pub written: Option<u64>,
    /// Datasets below it. They are not the root and are not touched.
    pub children: Vec<String>,
    /// Its bookmarks; asked about as well when a snapshot is newer than the blank. When they were
    /// made cannot be read in a channel program.
    pub bookmarks: Vec<String>,
    /// Its snapshots, in no order that means anything.
    pub snapshots: Vec<SnapshotFacts>,
}

/// One snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotFacts {
    /// Its name behind the `@`.
    pub name: SnapshotName,
    /// Its identity: a snapshot made again under the same name has another.
    #[serde(with = "super::guid")]
    pub guid: u64,
    /// The transaction group in which it was made. This alone tells which of two is newer.
    pub createtxg: u64,
    /// Tags of the holds on it; asked about only when it is newer than the blank.
    pub holds: Vec<String>,
    /// Datasets cloned from it; likewise.
    pub clones: Vec<String>,
}
