//! Why a root is not rolled back. Every sentence ends in the cure.

use crate::rollback::situation::ADOPT;
use crate::zfs::names::DatasetName;

/// Why a root was not rolled back although it should have been, and the cure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant is explained by its sentence")]
pub enum Refusal {
    #[error(
        "{name}={value} is on the kernel's command line and is not understood; write {name}=no or =yes"
    )]
    Parameter { name: &'static str, value: String },
    #[error("a hibernated system may be waiting: {0}; resume it, or boot once with noresume")]
    Resume(String),
    #[error("the mounts cannot be read: {0}; mount /proc before this step")]
    MountsUnknown(String),
    #[error("{0}")]
    PoolUnreadable(String),
    #[error(
        "there is no dataset {0}; see `zfs list` for the name of the root, and mend root.dataset"
    )]
    DatasetMissing(DatasetName),
    #[error("{dataset} is a {kind}, not a file system; mend root.dataset")]
    NotAFilesystem { dataset: DatasetName, kind: String },
    #[error("{dataset} is mounted on {point}; unmount it, or order this step before its mount")]
    Mounted { dataset: DatasetName, point: String },
    #[error("there is no snapshot {0}; make it with `zfs snapshot {0}` while the root is empty")]
    BlankMissing(String),
    #[error(
        "{name} has the guid {found}, not {pinned}: it is not the blank that was meant; see `zfs get guid {name}` and mend root.snapshot-guid"
    )]
    OtherBlank { name: String, pinned: u64, found: u64 },
    #[error(
        "{count} snapshots of {dataset} are newer than the blank, {first} the first of them, and newer-snapshots is \"refuse\"; destroy them, or write newer-snapshots = \"destroy\""
    )]
    NewerSnapshots { dataset: DatasetName, count: usize, first: String },
    #[error(
        "{snapshot} is newer than the blank and held; release it with `zfs release {} {snapshot}`",
        quoted(tag)
    )]
    Held { snapshot: String, tag: String },
    #[error(
        "{snapshot} is newer than the blank and {clone} is cloned from it; destroy the clone, or `zfs promote {clone}`"
    )]
    Cloned { snapshot: String, clone: String },
    #[error(
        "{bookmark} is a bookmark and may be newer than the blank, which stops a rollback; destroy it with `zfs destroy {bookmark}`"
    )]
    Bookmarked { bookmark: String },
    #[error("{0}, or boot once with {ADOPT}=no, which erases what was not adopted")]
    NotAdopted(String),
    #[error("nobody searched {0} for what is declared; report this, and boot once with {ADOPT}=no")]
    NotSearched(DatasetName),
    #[error(
        "{beside} in the same pool is not rolled back, and a pool is rolled back whole or not at all"
    )]
    Beside { beside: DatasetName },
}

impl Refusal {
    /// Whether the configuration names something that is not there, so that no later boot will do
    /// better.
    #[must_use]
    pub fn is_misdeclared(&self) -> bool {
        matches!(self, Self::DatasetMissing(_) | Self::NotAFilesystem { .. })
    }
}

/// A tag as a shell takes it.
fn quoted(tag: &str) -> String {
    format!("'{}'", tag.replace('\'', "'\\''"))
}
