//! Where a scan begins: at the root, or at one path of it.

use std::ffi::{CStr, CString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use super::pair::{Level, opened};
use super::pool::Found;
use super::trail::Trail;
use super::{Hand, Scan, Seen};
use crate::loss::FileType;
use crate::path::HostPath;
use crate::sys::tree::{Dir, Tree};

/// What to walk.
#[derive(Debug)]
pub struct Trees<'t> {
    /// The root.
    pub root: &'t Tree,
    /// The blank; nothing is an empty one.
    pub blank: Option<&'t Tree>,
    /// How far the scan is; another thread may look at it.
    pub seen: Arc<Seen>,
    spot: Option<Spot>,
}

/// What the scan begins at, if not at the root: a name in a directory.
#[derive(Debug)]
struct Spot {
    root: Arc<Dir>,
    blank: Option<Arc<Dir>>,
    name: CString,
    above: HostPath,
}

/// Why no scan can begin at a path. `at` is where the way to it ends.
#[derive(Debug, thiserror::Error)]
pub enum Outside {
    /// There is nothing.
    #[error("there is no {at} on the root{}", if path == at { String::new() } else { format!(", and so no {path}") })]
    Missing {
        /// The path.
        path: HostPath,
        /// The path or a directory above it.
        at: HostPath,
    },
    /// Something above it is no directory. A symlink is not followed.
    #[error("{path} does not lie on the root: {at} is a {}", what.word())]
    NoDirectory {
        /// The path.
        path: HostPath,
        /// The path above it.
        at: HostPath,
        /// What lies there.
        what: FileType,
    },
    /// It lies on another file system.
    #[error("{path} does not lie on the root: something else is mounted at {at}")]
    Mounted {
        /// The path.
        path: HostPath,
        /// The mount point above it.
        at: HostPath,
    },
    /// It cannot be told.
    #[error("cannot look at {at}: {cause}")]
    Unreadable {
        /// The path or a directory above it.
        at: HostPath,
        /// Why.
        cause: io::Error,
    },
}

/// Prepares to scan the root from `path` on, which is told of itself if it is a change; `/` is all of
/// it. No symlink is followed and no mount crossed on the way.
///
/// # Errors
/// `path` does not lie on the root.
pub fn start<'t>(
    root: &'t Tree,
    blank: Option<&'t Tree>,
    path: &HostPath,
) -> Result<Trees<'t>, Outside> {
    let trees = Trees { root, blank, seen: Arc::default(), spot: None };
    let (Some(above), Some(name)) = (path.parent(), path.name()) else { return Ok(trees) };
    let name = c_string(name.as_bytes());
    let on_root = descend(root, path)?;
    let on_blank = match blank {
        Some(blank) => descend_in_blank(blank, &above)?,
        None => None,
    };
    let spot = Spot { root: Arc::new(on_root), blank: on_blank.map(Arc::new), name, above };
    Ok(Trees { spot: Some(spot), ..trees })
}

/// Opens the directory on the root in which `path` lies.
fn descend(root: &Tree, path: &HostPath) -> Result<Dir, Outside> {
    let unreadable = |at: &HostPath| {
        let at = at.clone();
        move |cause| Outside::Unreadable { at, cause }
    };
    let names = components(path);
    let names: Vec<(&CStr, HostPath)> =
        names.iter().map(|(name, at)| (&**name, at.clone())).collect();
    let bare: Vec<&CStr> = names.iter().map(|(name, _)| *name).collect();
    let mounted = root.first_mount_point(&bare).map_err(unreadable(path))?;
    let mut dir = root.top.open_dir(c".").map_err(unreadable(&HostPath::root()))?;
    for (number, (name, at)) in names.iter().enumerate() {
        let is_last = number + 1 == names.len();
        let stat = dir.stat(name).map_err(unreadable(at))?;
        let is_mounted =
            mounted == Some(number + 1) || stat.is_some_and(|stat| stat.is_mount_point(root.mount));
        if is_mounted && !is_last {
            return Err(Outside::Mounted { path: path.clone(), at: at.clone() });
        }
        let Some(stat) = stat else {
            return Err(Outside::Missing { path: path.clone(), at: at.clone() });
        };
        if is_last {
            break;
        }
        let what = stat.file_type().map_err(unreadable(at))?;
        if what != FileType::Directory {
            return Err(Outside::NoDirectory { path: path.clone(), at: at.clone(), what });
        }
        dir = dir.open_dir(name).map_err(unreadable(at))?;
    }
    Ok(dir)
}

/// Opens the directory `path` of the blank; nothing if there is none.
fn descend_in_blank(blank: &Tree, path: &HostPath) -> Result<Option<Dir>, Outside> {
    let unreadable = |at: &HostPath| {
        let at = at.clone();
        move |cause: io::Error| Outside::Unreadable {
            at,
            cause: io::Error::new(cause.kind(), format!("in the blank: {cause}")),
        }
    };
    let mut dir = blank.top.open_dir(c".").map_err(unreadable(&HostPath::root()))?;
    for (name, at) in components(path) {
        match dir.stat(&name).map_err(unreadable(&at))? {
            Some(stat) if stat.is_directory() => {}
            Some(_) | None => return Ok(None),
        }
        dir = dir.open_dir(&name).map_err(unreadable(&at))?;
    }
    Ok(Some(dir))
}

/// Every directory on the way to `path` and `path` itself, with its name.
fn components(path: &HostPath) -> Vec<(CString, HostPath)> {
    let on_the_way = path.ancestors().into_iter().chain([path.clone()]);
    on_the_way.filter_map(|at| Some((c_string(at.name()?.as_bytes()), at.clone()))).collect()
}

/// A path has no NUL in it.
fn c_string(name: &[u8]) -> CString {
    CString::new(name).unwrap_or_default()
}

impl Scan<'_> {
    /// Looks at what a scan begins with.
    pub(super) fn top(&self, trees: &Trees, hand: &mut Hand) -> Found {
        let Some(Spot { root, blank, name, above }) = &trees.spot else {
            return self.whole(trees, hand);
        };
        let level = Level::one(root, blank.as_ref(), name, Trail::top(above));
        self.part(&level, 0, hand)
    }

    fn whole(&self, trees: &Trees, hand: &mut Hand) -> Found {
        let trail = Trail::top(&HostPath::root());
        let mut found = Found::default();
        let root = Some(trees.root.top.open_dir(c"."));
        let root = opened(root, "read the directory", &trail, &mut found);
        let blank = trees.blank.map(|blank| blank.top.open_dir(c"."));
        let blank = opened(blank, "read the blank's directory", &trail, &mut found);
        // Without its directory the root is not known, and nothing of the blank is called removed.
        let blank = blank.filter(|_| root.is_some());
        self.enter(root, blank, trail, found, hand)
    }
}
