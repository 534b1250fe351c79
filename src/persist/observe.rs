//! Looks at source, target and what lies above them, for every entry. Changes nothing.

use crate::config::{Config, Entry, Store};
use crate::path::HostPath;
use crate::sys::{Look, Sys, SysError};

/// An entry and what lies at its two ends now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// What is declared.
    pub entry: Entry,
    /// Where the store keeps it.
    pub source: HostPath,
    /// What lies there.
    pub at_source: Look,
    /// What lies at the target.
    pub at_target: Look,
    /// The directories above the target, outermost first, without the root itself.
    pub parents: Vec<Parent>,
}

/// A directory above a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parent {
    /// Its path as the host sees it.
    pub path: HostPath,
    /// What lies there.
    pub at_target: Look,
    /// What lies at the same place in the store: the pattern for owner and mode.
    pub at_source: Look,
}

/// A store that nothing can be put in place from.
#[derive(Debug, thiserror::Error)]
pub enum StoreProblem {
    /// It cannot be looked at.
    #[error(transparent)]
    Unreadable(#[from] SysError),
    /// There is no such directory.
    #[error(
        "the store {0} is not there; is its file system mounted? In NixOS: fileSystems.\"{0}\".neededForBoot = true"
    )]
    Missing(HostPath),
    /// Something else than a directory.
    #[error(
        "the store {store} is not a directory of its own: {blocker} is a symlink or no directory"
    )]
    NotADirectory {
        /// The store.
        store: HostPath,
        /// What stands in the way.
        blocker: HostPath,
    },
    /// It lies on a root.
    #[error(
        "the store {store} lies on the root {root}, which is erased at boot; is its file system mounted? In NixOS: fileSystems.\"{store}\".neededForBoot = true"
    )]
    OnRoot {
        /// The store.
        store: HostPath,
        /// The root it lies on.
        root: HostPath,
    },
}

/// Checks that every store is there, and on a file system that is not erased.
///
/// # Errors
/// The first store that cannot be used.
pub fn check_stores(sys: &dyn Sys, config: &Config) -> Result<(), StoreProblem> {
    for store in &config.stores {
        let device = match sys.look(&store.path)? {
            Look::Directory(seen) => seen.id.device,
            Look::Absent => return Err(StoreProblem::Missing(store.path.clone())),
            Look::Blocked(blocker) => {
                return Err(StoreProblem::NotADirectory { store: store.path.clone(), blocker });
            }
            Look::File(_) | Look::Symlink(_) | Look::Special(_) => {
                let (store, blocker) = (store.path.clone(), store.path.clone());
                return Err(StoreProblem::NotADirectory { store, blocker });
            }
        };
        for root in &config.roots {
            // By device and not by mount: a bind mount of the root's own file system is erased too.
            if let Look::Directory(seen) = sys.look(&root.mount)?
                && seen.id.device == device
            {
                let (store, root) = (store.path.clone(), root.mount.clone());
                return Err(StoreProblem::OnRoot { store, root });
            }
        }
    }
    Ok(())
}

/// Looks at every entry, in the order of their targets.
///
/// # Errors
/// Something could not be looked at; then nothing is known and nothing may be planned.
pub fn observe(sys: &dyn Sys, config: &Config) -> Result<Vec<Observation>, SysError> {
    let mut observations = config
        .entries()
        .map(|(store, entry)| observe_one(sys, store, entry))
        .collect::<Result<Vec<_>, _>>()?;
    observations.sort_by(|a, b| a.entry.target.cmp(&b.entry.target));
    Ok(observations)
}

fn observe_one(sys: &dyn Sys, store: &Store, entry: &Entry) -> Result<Observation, SysError> {
    let source = store.source(entry);
    let parent = |path: HostPath| {
        let (at_target, at_source) = (sys.look(&path)?, sys.look(&path.below(&store.path))?);
        Ok(Parent { path, at_target, at_source })
    };
    let above = entry.target.ancestors().into_iter().filter(|path| !path.is_root());
    Ok(Observation {
        at_source: sys.look(&source)?,
        at_target: sys.look(&entry.target)?,
        parents: above.map(parent).collect::<Result<_, SysError>>()?,
        source,
        entry: entry.clone(),
    })
}
