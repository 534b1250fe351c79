//! Names of datasets and snapshots, checked.
//!
//! In: text from a configuration or from the pool. Out: names that ZFS would take. Nothing that is not
//! one of these types is ever put into a channel program's arguments.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest name that ZFS takes is one byte shorter than `ZFS_MAX_DATASET_NAME_LEN` (256).
const LONGEST: usize = 255;

/// A dataset's full name, e.g. `rpool/local/root`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DatasetName(String);

/// A snapshot's name without its dataset: `blank` in `rpool/local/root@blank`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SnapshotName(String);

/// Why a text is no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameProblem {
    /// Nothing stands there, or nothing between two slashes.
    #[error("has an empty part; write pool/…/name without a leading, trailing or double slash")]
    Empty,
    /// A snapshot where a dataset is wanted.
    #[error("names a snapshot; write the dataset alone, the snapshot has its own key")]
    Snapshot,
    /// Nothing, or a dataset too, where a snapshot is wanted.
    #[error(
        "is no snapshot's name; write what stands behind the @ in `zfs list -t snapshot`, e.g. blank"
    )]
    NotSnapshot,
    /// A character that ZFS does not allow.
    #[error("has {0:?} in it; ZFS allows letters, digits, space and - _ . :")]
    Character(char),
    /// Longer than ZFS allows.
    #[error("is longer than {LONGEST} bytes, the most that ZFS takes")]
    TooLong,
    /// A pool's name that does not begin with a letter.
    #[error("has a pool name that does not begin with a letter")]
    Pool,
    /// A component `.` or `..`.
    #[error("has a part that is only dots; ZFS does not allow that")]
    Dots,
}

/// As `zfs_component_namecheck` in OpenZFS: letters, digits, space, and `-_.:`.
fn check_component(text: &str) -> Result<(), NameProblem> {
    if text.is_empty() {
        return Err(NameProblem::Empty);
    }
    if matches!(text, "." | "..") {
        return Err(NameProblem::Dots);
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || " -_.:".contains(c);
    match text.chars().find(|&c| !legal(c)) {
        Some(c) => Err(NameProblem::Character(c)),
        None => Ok(()),
    }
}

impl FromStr for DatasetName {
    type Err = NameProblem;

    fn from_str(text: &str) -> Result<Self, NameProblem> {
        if text.contains('@') {
            return Err(NameProblem::Snapshot);
        }
        text.split('/').try_for_each(check_component)?;
        if text.len() > LONGEST {
            return Err(NameProblem::TooLong);
        }
        if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Err(NameProblem::Pool);
        }
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for SnapshotName {
    type Err = NameProblem;

    fn from_str(text: &str) -> Result<Self, NameProblem> {
        if text.is_empty() || text.contains(['@', '/']) {
            return Err(NameProblem::NotSnapshot);
        }
        check_component(text)?;
        if text.len() > LONGEST {
            return Err(NameProblem::TooLong);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for SnapshotName {
    type Error = NameProblem;

    fn try_from(text: String) -> Result<Self, NameProblem> {
        text.parse()
    }
}

impl From<SnapshotName> for String {
    fn from(name: SnapshotName) -> Self {
        name.0
    }
}

impl DatasetName {
    /// The pool it lies in: all before the first slash.
    #[must_use]
    pub fn pool(&self) -> &str {
        self.0.split('/').next().unwrap_or(&self.0)
    }

    /// The full name as ZFS writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The full name of one of its snapshots, `dataset@snapshot`.
    #[must_use]
    pub fn at(&self, snapshot: &SnapshotName) -> String {
        format!("{}@{}", self.0, snapshot.0)
    }
}

impl SnapshotName {
    /// The name as ZFS writes it behind the `@`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DatasetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for SnapshotName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_zfs_takes_and_nothing_else() {
        let long = format!("p/{}", "x".repeat(254));
        let table: &[(&str, Result<(), NameProblem>)] = &[
            ("rpool", Ok(())),
            ("rpool/local/root", Ok(())),
            ("r/with space/a-b_c.d:e", Ok(())),
            ("r/...", Ok(())),
            ("", Err(NameProblem::Empty)),
            ("/rpool", Err(NameProblem::Empty)),
            ("rpool/", Err(NameProblem::Empty)),
            ("rpool//root", Err(NameProblem::Empty)),
            ("rpool/root@blank", Err(NameProblem::Snapshot)),
            ("rpool/root#mark", Err(NameProblem::Character('#'))),
            ("rpool/ro%ot", Err(NameProblem::Character('%'))),
            ("rpool/rö", Err(NameProblem::Character('ö'))),
            ("rpool/a\nb", Err(NameProblem::Character('\n'))),
            ("rpool/..", Err(NameProblem::Dots)),
            ("0pool/x", Err(NameProblem::Pool)),
            (&long, Err(NameProblem::TooLong)),
        ];
        for (text, expected) in table {
            assert_eq!(&text.parse::<DatasetName>().map(|_| ()), expected, "{text:?}");
        }
        for none in ["", "a/b", "@blank", "rpool/root@blank"] {
            assert_eq!(none.parse::<SnapshotName>(), Err(NameProblem::NotSnapshot), "{none}");
        }
        assert_eq!("a%b".parse::<SnapshotName>(), Err(NameProblem::Character('%')));
    }

    #[test]
    fn a_pool_is_all_before_the_first_slash() {
        let pool = |text: &str| text.parse::<DatasetName>().unwrap().pool().to_owned();
        assert_eq!(pool("rpool"), "rpool");
        assert_eq!(pool("rpool2/x"), "rpool2");
        let dataset: DatasetName = "rpool/local/root".parse().unwrap();
        assert_eq!(dataset.at(&"blank".parse().unwrap()), "rpool/local/root@blank");
    }
}
