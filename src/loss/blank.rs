//! Finds the blank: what the root is compared with.

use std::io;
use std::path::Path;

use super::Gap;
use super::unmounted::Unmounted;
use crate::config::{Config, Root};
use crate::path::{HostPath, escape};
use crate::sys::tree::{self, Tree};

/// The blank that was found.
#[derive(Debug)]
pub struct Blank {
    /// Its tree; nothing is an empty one.
    pub tree: Option<Tree>,
    /// What it is, in words that continue "compared with".
    pub what: String,
    /// It was declared and could not be opened, so that everything on the root counts as added.
    pub gap: Option<Gap>,
}

/// A directory that was named as the blank and cannot be one.
#[derive(Debug, thiserror::Error)]
pub enum BadBlank {
    /// It cannot be opened.
    #[error("cannot read the blank {directory}: {cause}")]
    Unreadable {
        /// The directory, escaped.
        directory: String,
        /// Why.
        cause: io::Error,
    },
    /// Compared with itself nothing is ever lost.
    #[error(
        "the blank {directory} is the root itself; name the directory that the root goes back to"
    )]
    IsRoot {
        /// The directory, escaped.
        directory: String,
    },
}

/// Returns where the tree at `scanned` belongs, as the configuration calls it: what is scanned is one
/// of the declared roots if it lies where that is mounted, and `/` of a host otherwise.
#[must_use]
pub fn place(scanned: &HostPath, config: &Config) -> HostPath {
    let is_declared = config.roots.iter().any(|root| root.mount == *scanned);
    if is_declared { scanned.clone() } else { HostPath::root() }
}

/// Tells the roots below the one that is scanned: the boot erases them too, and a scan never enters
/// them. In the place of one that is `unmounted` lies something that it does not erase. `scanned` is where
/// the tree lies, `place` where it belongs.
#[must_use]
pub fn other_roots(
    scanned: &HostPath,
    place: &HostPath,
    config: &Config,
    unmounted: &[Unmounted],
) -> Vec<Gap> {
    let gap = |root: &Root| {
        let path = root.mount.seen_from(place).filter(|path| !path.is_root())?;
        let instead = unmounted.iter().find(|other| other.mount == root.mount);
        let error = instead.map_or_else(
            || {
                let there = path.below(scanned);
                format!(
                    "it is a root of its own, which is erased too, and it was not scanned; \
                     run what-will-i-lose --root {there} --blank DIR for it"
                )
            },
            Unmounted::sentence,
        );
        Some(Gap { path, error })
    };
    config.roots.iter().filter_map(gap).collect()
}

/// Opens the blank of the root seen at `root`: `directory` if one is named, otherwise the snapshot
/// that the configuration declares for `place`, otherwise nothing. The snapshot of a root that is
/// `unmounted` is no blank of what is mounted in its place.
///
/// # Errors
/// `directory` cannot be opened. A snapshot that cannot be opened is a gap.
pub fn find(
    root: &Path,
    place: &HostPath,
    directory: Option<&Path>,
    config: &Config,
    unmounted: &[Unmounted],
) -> Result<Blank, BadBlank> {
    if let Some(directory) = directory {
        let name = escape(directory.as_os_str().as_encoded_bytes());
        let unreadable = |cause| BadBlank::Unreadable { directory: name.clone(), cause };
        let tree = tree::open_bare(directory).map_err(unreadable)?;
        if directory.canonicalize().map_err(unreadable)? == root {
            return Err(BadBlank::IsRoot { directory: name });
        }
        return Ok(Blank { tree: Some(tree), what: format!("the directory {name}"), gap: None });
    }
    if let Some(other) = unmounted.iter().find(|other| other.mount == *place) {
        let what = format!("nothing, because {} is not what is mounted", other.dataset);
        return Ok(Blank { tree: None, what, gap: None });
    }
    Ok(match config.roots.iter().find(|declared| declared.mount == *place) {
        Some(declared) => snapshot(root, declared),
        None => Blank { tree: None, what: "nothing: an empty blank".to_owned(), gap: None },
    })
}

/// Opens the snapshot without mounting it anywhere, or through the directory in which ZFS shows it.
fn snapshot(root: &Path, declared: &Root) -> Blank {
    let name = declared.dataset.at(&declared.snapshot);
    let opened = tree::open_zfs_snapshot(&name).or_else(|first| {
        match tree::open_snapshot_dir(root, declared.snapshot.as_str()) {
            Ok(tree) => Ok(tree),
            Err(second) => Err((first, second)),
        }
    });
    match opened {
        Ok(tree) => Blank { tree: Some(tree), what: format!("the snapshot {name}"), gap: None },
        Err((first, second)) => Blank {
            tree: None,
            what: format!("nothing, because the snapshot {name} cannot be read"),
            gap: Some(Gap {
                path: HostPath::root(),
                error: format!(
                    "cannot read the snapshot {name}, so everything counts as added: \
                     cannot mount it: {first}; cannot open .zfs/snapshot/{}: {second}",
                    declared.snapshot
                ),
            }),
        },
    }
}
