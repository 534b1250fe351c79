//! ZFS behind one narrow trait: what the pool says, and the one act on it.
//!
//! The most dangerous verb of the program is [`Zfs::roll_back`]. It takes an
//! [`Order`](crate::rollback::decide::Order), which only `decide` can make.

#[cfg(feature = "zfs")]
mod lzc;
pub mod names;
pub mod program;

#[cfg(feature = "zfs")]
pub use lzc::Lzc;

use crate::rollback::decide::Order;
use crate::rollback::facts::DatasetFacts;
use names::{DatasetName, SnapshotName};

/// A dataset, and its blank.
pub type Asked<'a> = (&'a DatasetName, &'a SnapshotName);

/// How much is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// What a decision needs: every question costs, in every boot.
    ForDeciding,
    /// Everything, for the record of a root that was not rolled back.
    All,
}

/// A pool, as far as a rollback needs it.
pub trait Zfs {
    /// Returns what the pool says about some of its datasets, read in one program that changes
    /// nothing.
    ///
    /// # Errors
    /// The pool does not answer, or not in a way that is understood.
    fn facts(
        &self,
        pool: &str,
        roots: &[Asked],
        detail: Detail,
    ) -> Result<Vec<DatasetFacts>, ZfsError>;

    /// Carries out an order in one transaction group, after checking inside the kernel that the pool
    /// is still as the order says. It cannot be undone.
    ///
    /// # Errors
    /// [`ZfsError::Changed`] and [`ZfsError::Unreadable`]: nothing was done. [`ZfsError::Broken`]: it
    /// began and may not have ended.
    fn roll_back(&self, order: &Order) -> Result<(), ZfsError>;
}

/// Checks that a module of this version understands the channel programs: those of OpenZFS 2 do.
///
/// # Errors
/// It is another one, or the text is no version.
pub fn speaks_with(version: &str) -> Result<(), ZfsError> {
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major == Some(2) {
        return Ok(());
    }
    Err(ZfsError::OtherVersion(crate::path::escape(version.as_bytes())))
}

/// What ZFS does not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ZfsError {
    /// `libzfs_core` or the kernel module does not answer at all.
    #[error("ZFS does not answer: {0}; load the zfs module, of the version that libzfs has")]
    NoAnswer(String),
    /// A kernel module of another version.
    #[error("the zfs module has version {0} and this program speaks with 2.x; update blankslate")]
    OtherVersion(String),
    /// The pool cannot be asked.
    #[error("cannot ask the pool {pool}: {cause}")]
    Unreadable {
        /// The pool.
        pool: String,
        /// Why not.
        cause: String,
    },
    /// An answer that is not understood.
    #[error("cannot understand what the pool {pool} says: {text}")]
    NotUnderstood {
        /// The pool.
        pool: String,
        /// What it said.
        text: String,
    },
    /// The pool is not as the order says; nothing was done.
    #[error("nothing was done, because {0}")]
    Changed(String),
    /// An act failed after its check had passed, or the program was stopped: what came before is done.
    #[error(
        "the rollback may have stopped half way: {0}; compare `zfs list -t snapshot` with this receipt"
    )]
    Broken(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_module_of_openzfs_2_is_spoken_with() {
        let table = [
            ("2.3.2-2~bpo12+2", true),
            ("2.0.0", true),
            ("0.8.6", false),
            ("3.0", false),
            ("", false),
            ("20.1", false),
        ];
        for (version, good) in table {
            assert_eq!(speaks_with(version).is_ok(), good, "{version}");
        }
    }
}
