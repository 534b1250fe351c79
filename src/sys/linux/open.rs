//! How a path becomes a descriptor: below the root or a view, through no symlink.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use rustix::mount::OpenTreeFlags;

use super::{LinuxSys, failed, node};
use crate::path::HostPath;
use crate::sys::SysError;

impl LinuxSys {
    /// Opens the directory that is treated as `/`.
    ///
    /// # Errors
    /// It is missing or no directory.
    pub fn below(root: &Path) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self::of(rustix::fs::open(root, flags, Mode::empty())?))
    }

    /// Treats an open directory as `/`, one on a detached mount as well.
    #[must_use]
    pub fn of(root: OwnedFd) -> Self {
        Self { root, views: Vec::new(), staged: None }
    }

    /// Shows the directory `top` at `at`, as if it were mounted there; there need not be a directory.
    /// So a host is put together from detached mounts that nobody else sees.
    #[must_use]
    pub fn with_view(mut self, at: HostPath, top: OwnedFd) -> Self {
        self.views.push((at, top));
        self
    }

    /// Returns the same root without what is mounted on directories below it, and without views: what
    /// these hide is seen there.
    ///
    /// # Errors
    /// Not privileged, or the mounts were locked in place by a user namespace.
    pub fn bare(&self) -> io::Result<Self> {
        let flags = OpenTreeFlags::OPEN_TREE_CLONE
            | OpenTreeFlags::OPEN_TREE_CLOEXEC
            | OpenTreeFlags::AT_EMPTY_PATH;
        Ok(Self::of(rustix::mount::open_tree(&self.root, c"", flags)?))
    }

    /// Reads a regular file of at most `limit` bytes.
    ///
    /// # Errors
    /// It is missing, is something else, is bigger, or cannot be read.
    pub fn read(&self, path: &HostPath, limit: usize) -> Result<Vec<u8>, SysError> {
        let file = self.open(path, OFlags::PATH).map_err(failed("open", path))?;
        read_whole(file.as_fd(), limit).map_err(failed("read", path))
    }

    /// The directory that `path` is opened below, where it lies, and what `path` is called there: of
    /// the views that hold it the innermost, of two at one place the later.
    pub(super) fn view<'s>(&'s self, path: &HostPath) -> (HostPath, BorrowedFd<'s>, HostPath) {
        let around = self.views.iter().filter_map(|(at, top)| Some((at, top, path.seen_from(at)?)));
        let innermost =
            around.max_by_key(|(at, ..)| if at.is_root() { 0 } else { at.as_bytes().len() });
        match innermost {
            Some((at, top, rest)) => (at.clone(), top.as_fd(), rest),
            None => (HostPath::root(), self.root.as_fd(), path.clone()),
        }
    }

    /// Opens `path` and follows no symlink, at no component. One that is the last component is opened
    /// itself, with `O_PATH`.
    pub(super) fn open(&self, path: &HostPath, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        let (_, top, rest) = self.view(path);
        let resolve =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        rustix::fs::openat2(top, rest.relative(), flags, Mode::empty(), resolve)
    }

    pub(super) fn open_dir(&self, path: &HostPath) -> rustix::io::Result<OwnedFd> {
        self.open(path, OFlags::PATH | OFlags::DIRECTORY)
    }

    /// Opens the directory that holds `path`. The top of a view has none: it cannot be renamed.
    pub(super) fn open_parent<'p>(
        &self,
        path: &'p HostPath,
    ) -> rustix::io::Result<(OwnedFd, &'p OsStr)> {
        if self.view(path).2.is_root() {
            return Err(Errno::ISDIR);
        }
        let parent = path.parent().ok_or(Errno::ISDIR)?;
        let name = path.name().ok_or(Errno::ISDIR)?;
        Ok((self.open_dir(&parent)?, name))
    }

    /// The first component above `path` that is no directory.
    pub(super) fn blocked_by(&self, path: &HostPath) -> HostPath {
        let is_dir = |p: &HostPath| self.open_dir(p).is_ok();
        path.ancestors().into_iter().find(|p| !is_dir(p)).unwrap_or_else(|| path.clone())
    }
}

fn read_whole(file: BorrowedFd, limit: usize) -> io::Result<Vec<u8>> {
    if node::kind(&node::stat(file)?) != FileType::RegularFile {
        return Err(io::Error::other("it is no regular file"));
    }
    // One more byte than may be read tells whether there are more.
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    File::from(node::reopen(file)?).take(most).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        return Err(io::Error::other(format!("it is bigger than {limit} bytes")));
    }
    Ok(bytes)
}
