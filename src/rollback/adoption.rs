//! What was saved from roots before they are rolled back, as values. Made by whoever can mount them,
//! used by [`decide`](super::decide::decide) and by the receipt.

use serde::{Deserialize, Serialize};

use crate::zfs::names::DatasetName;

/// What the search on one root came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Searched {
    /// The root.
    pub dataset: DatasetName,
    /// Every entry of which there is something to say.
    pub found: Vec<Found>,
    /// Why the root must not be rolled back, with the cure; none when nothing that is declared would
    /// be lost with it.
    pub failure: Option<String>,
}

impl Searched {
    /// Nothing was found on `dataset`.
    #[must_use]
    pub fn nothing(dataset: &DatasetName) -> Self {
        Self::of(dataset, Vec::new())
    }

    /// All that was found on `dataset` is safe.
    #[must_use]
    pub fn of(dataset: &DatasetName, found: Vec<Found>) -> Self {
        Self { dataset: dataset.clone(), found, failure: None }
    }

    /// Something on `dataset` is not safe.
    #[must_use]
    pub fn failed(dataset: &DatasetName, why: String) -> Self {
        Self { failure: Some(why), ..Self::nothing(dataset) }
    }
}

/// One entry with data on an old root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The path as the host sees it.
    pub target: String,
    /// Where in the store its data is now.
    pub to: String,
    /// What was done with it.
    pub how: Way,
    /// How many files, directories and all else were copied.
    pub files: u64,
    /// How many bytes of content were copied.
    pub bytes: u64,
    /// What there is to say about it.
    pub reason: Option<String>,
}

/// What was done with the data of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// The store held nothing; now it holds the old root's data.
    Adopted,
    /// The store holds other data; the old root's lies beside it.
    Beside,
    /// Nothing was copied: there may be data, but not where it was declared.
    NotLookedAt,
}

/// Whether the roots were searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search<'a> {
    /// Not yet. Nothing may be rolled back.
    Ahead,
    /// Yes; what became of each root that is to be rolled back.
    Over(&'a [Searched]),
}
