//! Reading a tree, and only reading: a root without what is mounted on it, its directories, its files.
//!
//! Every name is opened relative to the directory that holds it, and no symlink is ever followed, so
//! nobody who may write below the root can lead the reader away from it. Nothing here changes
//! anything; where the kernel allows it, not even a time of access.

mod aspect;
mod dir;
mod held;
mod stat;

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::mount::OpenTreeFlags;
use rustix::process::{Resource, Rlimit};

pub use aspect::aspect;
pub use dir::{Dir, ListBuffer};
pub use held::{Changed, Held};
pub use stat::Stat;

/// The top of a tree to be read.
#[derive(Debug)]
pub struct Tree {
    /// The directory itself.
    pub top: Dir,
    /// The number of the mount it lies on. Whatever lies on another is not part of the tree.
    pub mount: u64,
    /// Whether it is seen without what is mounted on it.
    pub is_bare: bool,
    /// A detached mount lives as long as this.
    _mount: Option<OwnedFd>,
    /// The same directory as everybody sees it, where that is known: to tell what is mounted.
    seen: Option<Place>,
}

/// A directory as everybody sees it. It is only held, so that nobody is kept from unmounting it
/// longer than has to be, and nothing is read by it.
#[derive(Debug)]
pub struct Place {
    dir: Dir,
    mount: u64,
}

/// Opens `root` as it is on disk, without what is mounted on directories below it, when this process
/// may ask for that; otherwise as everybody sees it ([`Tree::is_bare`] tells). Leaves nothing behind.
///
/// # Errors
/// It is missing, is no directory, or cannot be opened.
pub fn open_bare(root: &Path) -> io::Result<Tree> {
    let path = open_path(root)?;
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_EMPTY_PATH;
    match rustix::mount::open_tree(&path, c"", flags) {
        Ok(mount) => Ok(Tree { seen: Some(Place::new(path)?), ..tree(mount, true)? }),
        // Not privileged, an old kernel, or mounts that a user namespace has locked in place: the
        // tree is then read as it is seen, and the reader says what it could not see.
        Err(cause) => {
            tracing::debug!("cannot clone the mount of the root: {cause}");
            tree(path, false)
        }
    }
}

/// Opens `root` as everybody sees it, with what is mounted below it.
///
/// # Errors
/// It is missing, is no directory, or cannot be opened.
pub fn open_seen(root: &Path) -> io::Result<Tree> {
    tree(open_path(root)?, false)
}

/// Mounts a ZFS snapshot detached and read-only: nobody else sees it, and it is gone with the value.
///
/// # Errors
/// Not privileged, no ZFS, or no such snapshot.
pub fn open_zfs_snapshot(snapshot: &str) -> io::Result<Tree> {
    tree(super::detached::mount(snapshot, "zfs", "", true)?, true)
}

/// Opens the directory through which ZFS shows a snapshot of the file system mounted at `root`.
///
/// # Errors
/// The file system is not ZFS, has no such snapshot, or it cannot be reached.
pub fn open_snapshot_dir(root: &Path, name: &str) -> io::Result<Tree> {
    let path = format!(".zfs/snapshot/{name}");
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = rustix::fs::openat2(open_path(root)?, path, flags, Mode::empty(), resolve)?;
    let top = Dir::new(opened);
    let mount = top.stat_self()?.mount();
    Ok(Tree { top, mount, is_bare: true, _mount: None, seen: None })
}

/// The directory that the user named, by whatever symlinks the user named it.
fn open_path(root: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(root, flags, Mode::empty())?)
}

fn tree(mount: OwnedFd, is_bare: bool) -> io::Result<Tree> {
    let top = dir::open_dir_at(mount.as_fd(), c".")?;
    let number = top.stat_self()?.mount();
    Ok(Tree { top, mount: number, is_bare, _mount: Some(mount), seen: None })
}

impl Tree {
    /// Whether something is mounted on `path`, which lies on the tree or would: the path of the
    /// topmost mount point on the way to it, as the number of its components. Nothing if there is
    /// none, or if only the bare tree is known.
    ///
    /// # Errors
    /// A directory on the way cannot be looked at.
    pub fn first_mount_point(&self, path: &[&std::ffi::CStr]) -> io::Result<Option<usize>> {
        self.seen.as_ref().map_or(Ok(None), |seen| seen.first_mount_point(path))
    }
}

impl Place {
    fn new(dir: OwnedFd) -> io::Result<Self> {
        let dir = Dir::new(dir);
        Ok(Self { mount: dir.stat_self()?.mount(), dir })
    }

    fn first_mount_point(&self, path: &[&std::ffi::CStr]) -> io::Result<Option<usize>> {
        let mut inner: Option<Dir> = None;
        for (number, name) in path.iter().enumerate() {
            let dir = inner.as_ref().unwrap_or(&self.dir);
            match dir.stat(name)? {
                Some(stat) if stat.is_mount_point(self.mount) => return Ok(Some(number + 1)),
                Some(stat) if stat.is_directory() => inner = Some(dir.pin_dir(name)?),
                Some(_) | None => return Ok(None),
            }
        }
        Ok(None)
    }
}

/// Lets this process hold as many directories open as it may: one is open for each level of a tree.
pub fn raise_open_files() {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    // Without it a deep tree becomes a gap that is reported.
    if let Err(cause) = rustix::process::setrlimit(Resource::Nofile, raised) {
        tracing::debug!("cannot raise the number of open files: {cause}");
    }
}

/// Returns the width of a terminal in columns; nothing when it is none.
#[must_use]
pub fn columns(terminal: impl AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(terminal).ok()?;
    Some(usize::from(size.ws_col)).filter(|&columns| columns > 0)
}
