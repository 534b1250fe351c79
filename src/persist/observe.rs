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
    /// What lies at both; or why that cannot be told.
    pub ends: Result<Ends, String>,
}

/// What lies at source and target, and above the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ends {
    /// What lies at the source.
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

/// A store and what is wrong with it.
#[derive(Debug)]
pub struct BadStore {
    /// The store's path.
    pub store: HostPath,
    /// What is wrong.
    pub problem: StoreProblem,
}

/// Checks that every store is there, and on a file system that is not erased. Returns those of which
/// nothing can be used.
pub fn check_stores(sys: &dyn Sys, config: &Config) -> Vec<BadStore> {
    let check = |store: &Store| check_store(sys, config, store).err();
    let bad = |store: &Store| Some(BadStore { store: store.path.clone(), problem: check(store)? });
    config.stores.iter().filter_map(bad).collect()
}

fn check_store(sys: &dyn Sys, config: &Config, store: &Store) -> Result<(), StoreProblem> {
    let path = store.path.clone();
    let device = match sys.look(&path)? {
        Look::Directory(seen) => seen.id.device,
        Look::Absent => return Err(StoreProblem::Missing(path)),
        Look::Blocked(blocker) => return Err(StoreProblem::NotADirectory { store: path, blocker }),
        Look::File(_) | Look::Symlink(_) | Look::Special(_) => {
            return Err(StoreProblem::NotADirectory { store: path.clone(), blocker: path });
        }
    };
    for root in &config.roots {
        // By device and not by mount: a bind mount of the root's own file system is erased too.
        if let Look::Directory(seen) = sys.look(&root.mount)?
            && seen.id.device == device
        {
            return Err(StoreProblem::OnRoot { store: path, root: root.mount.clone() });
        }
    }
    Ok(())
}

/// Looks at every entry, in the order of their targets. One that cannot be looked at, or whose store
/// is bad, does not keep the others from being looked at.
pub fn observe(sys: &dyn Sys, config: &Config, bad: &[BadStore]) -> Vec<Observation> {
    let one = |(store, entry): (&Store, &Entry)| {
        let source = store.source(entry);
        let ends = match bad.iter().find(|bad| bad.store == store.path) {
            Some(bad) => Err(bad.problem.to_string()),
            None => ends(sys, store, entry, &source).map_err(|error| error.to_string()),
        };
        Observation { entry: entry.clone(), source, ends }
    };
    let mut observations: Vec<Observation> = config.entries().map(one).collect();
    observations.sort_by(|a, b| a.entry.target.cmp(&b.entry.target));
    observations
}

fn ends(sys: &dyn Sys, store: &Store, entry: &Entry, source: &HostPath) -> Result<Ends, SysError> {
    let parent = |path: HostPath| {
        let (at_target, at_source) = (sys.look(&path)?, sys.look(&path.below(&store.path))?);
        Ok(Parent { path, at_target, at_source })
    };
    let above = entry.target.ancestors().into_iter().filter(|path| !path.is_root());
    Ok(Ends {
        at_source: sys.look(source)?,
        at_target: sys.look(&entry.target)?,
        parents: above.map(parent).collect::<Result<_, SysError>>()?,
    })
}
