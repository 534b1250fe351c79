//! Whether the stores are there, on a file system that is not erased.

use crate::config::{Config, Store};
use crate::path::HostPath;
use crate::sys::{Look, Sys, SysError};

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
    // Its own directory may be there although its file system is not.
    let mount = &store.mount;
    let is_mounted = |look: &Look| matches!(look, Look::Directory(seen) if seen.is_mount);
    if store.device.is_some() && !mount.is_root() && !is_mounted(&sys.look(mount)?) {
        return Err(StoreProblem::Missing(mount.clone()));
    }
    Ok(())
}
