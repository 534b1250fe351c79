//! Making directories, files and symlinks: each is finished under a name that nobody looks for, and
//! then appears in one step.
//!
//! The directory above may belong to somebody who renames and swaps what is in it all the while. He
//! gains nothing: what he can have renamed or removed by this lies in that directory and is empty, or
//! is his to rename anyway; owner and mode are set through the descriptor of what was made.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, Timespec, Timestamps};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::{LinuxSys, node, strange};
use crate::path::HostPath;
use crate::sys::acl;
use crate::sys::{Meta, Place};

/// How the names begin under which something waits to appear.
const UNBORN: &str = ".blankslate-new";

/// How many such names are tried: whoever owns the directory above can occupy some.
const UNBORN_TRIES: usize = 32;

/// What tells an empty file that this program made to mount on from one that somebody made to say
/// something by its being there: the time is long past, and whoever writes to the file changes it. The
/// nanoseconds are any that nobody else writes: an archive may hold the first second of all, and so may a
/// copy of it. Where a file system keeps no nanoseconds the file passes for somebody's, and is kept.
pub(super) const UNTOUCHED: Timespec = Timespec { tv_sec: 0, tv_nsec: 730_419_653 };

/// Something that was made and has its final owner and mode, but not its name yet.
#[derive(Debug)]
pub(super) struct Unborn {
    /// What it is called in the meantime.
    pub(super) name: OsString,
    /// The thing itself.
    pub(super) node: OwnedFd,
}

impl LinuxSys {
    pub(super) fn new_dir(&self, path: &HostPath, meta: Meta) -> io::Result<()> {
        let (parent, name) = self.open_parent(path)?;
        absent(&parent, name)?;
        let unborn = unborn_dir(parent.as_fd(), meta)?;
        if let Err(errno) = node::rename_new(&parent, &unborn.name, &parent, name) {
            unborn.take_back(parent.as_fd());
            return Err(errno.into());
        }
        self.is_there(path, &unborn.node)
    }

    pub(super) fn new_file(&self, path: &HostPath, meta: Meta) -> io::Result<()> {
        self.named(path, |parent| nameless_file(parent, meta))
    }

    pub(super) fn new_place(&self, path: &HostPath, meta: Meta) -> io::Result<()> {
        self.named(path, |parent| nameless_place(parent, meta))
    }

    /// Gives what `make` makes without a name the one of `path`.
    fn named(
        &self,
        path: &HostPath,
        make: impl Fn(BorrowedFd) -> rustix::io::Result<OwnedFd>,
    ) -> io::Result<()> {
        let (parent, name) = self.open_parent(path)?;
        let file = make(parent.as_fd())?;
        rustix::fs::linkat(&file, c"", &parent, name, AtFlags::EMPTY_PATH)?;
        self.is_there(path, &file)
    }

    pub(super) fn new_symlink(&self, path: &HostPath, to: &HostPath) -> io::Result<()> {
        let (parent, name) = self.open_parent(path)?;
        Ok(rustix::fs::symlinkat(AsRef::<OsStr>::as_ref(to), &parent, name)?)
    }

    /// Who owns a directory above may have swapped it under its name, or moved that directory.
    pub(super) fn is_there(&self, path: &HostPath, made: &OwnedFd) -> io::Result<()> {
        let born = self.open(path, OFlags::PATH).map_err(|_| strange())?;
        if node::is_same(born, made)? { Ok(()) } else { Err(strange()) }
    }
}

impl Unborn {
    /// Makes `place` in `parent` under a name that is free.
    pub(super) fn make(parent: BorrowedFd, place: &Place) -> io::Result<Self> {
        match place {
            Place::Directory(meta) => unborn_dir(parent, *meta),
            Place::File(meta) => {
                let file = nameless_place(parent, *meta)?;
                let name = under_free_name(|name| {
                    rustix::fs::linkat(&file, c"", parent, name, AtFlags::EMPTY_PATH)
                })?;
                Ok(Self { name, node: file })
            }
            Place::Symlink(to) => {
                let text: &OsStr = to.as_ref();
                let name = under_free_name(|name| rustix::fs::symlinkat(text, parent, name))?;
                let node = node::pin(parent, &name)?;
                Ok(Self { name, node })
            }
        }
    }

    /// Removes it again, if it still lies there and holds nothing. What is left is said, not an error:
    /// there is a first error, and that is the one to be told.
    pub(super) fn take_back(&self, parent: BorrowedFd) {
        if let Err(cause) = self.try_take_back(parent) {
            let name = crate::path::escape(self.name.as_encoded_bytes());
            tracing::warn!("cannot remove {name}, which was made for nothing: {cause}");
        }
    }

    fn try_take_back(&self, parent: BorrowedFd) -> io::Result<()> {
        if !node::is_at(parent, &self.name, &self.node) {
            return Err(strange());
        }
        let flags = match node::kind(&node::stat(&self.node)?) {
            // The kernel removes none that is not empty.
            FileType::Directory => AtFlags::REMOVEDIR,
            FileType::Symlink => AtFlags::empty(),
            _ => {
                node::holds_nothing(&self.node)?;
                AtFlags::empty()
            }
        };
        Ok(rustix::fs::unlinkat(parent, &self.name, flags)?)
    }
}

/// The names under which something may wait to appear.
pub(super) fn unborn_names() -> impl Iterator<Item = OsString> {
    (0..UNBORN_TRIES).map(|number| format!("{UNBORN}-{number}").into())
}

/// Passes names to `take` until one is free, and returns that one.
pub(super) fn under_free_name(
    take: impl Fn(&OsStr) -> rustix::io::Result<()>,
) -> rustix::io::Result<OsString> {
    for name in unborn_names() {
        match take(&name) {
            Ok(()) => return Ok(name),
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno),
        }
    }
    Err(Errno::EXIST)
}

/// Fails early where something lies at `name`: then nothing is made that would have to go again.
fn absent(parent: &OwnedFd, name: &OsStr) -> rustix::io::Result<()> {
    match node::pin(parent, name) {
        Ok(_) => Err(Errno::EXIST),
        Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno),
    }
}

/// A new empty file without a name; it vanishes with its descriptor unless it is given one.
fn nameless_file(parent: BorrowedFd, meta: Meta) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    let file = rustix::fs::openat(parent, c".", flags, Mode::RUSR | Mode::WUSR)?;
    acl::strip(file.as_fd())?;
    node::own(file.as_fd(), meta)?;
    Ok(file)
}

/// The same to mount on.
fn nameless_place(parent: BorrowedFd, meta: Meta) -> rustix::io::Result<OwnedFd> {
    let file = nameless_file(parent, meta)?;
    let times = Timestamps { last_access: UNTOUCHED, last_modification: UNTOUCHED };
    rustix::fs::futimens(&file, &times)?;
    Ok(file)
}

/// A new directory, and the name under which it waits to appear.
///
/// What a killed run left is used again, but only what is as that run can have left it: empty, and
/// root's and closed to everybody else, or with the very owner and mode that is wanted. The owner of
/// the directory above may have put anything there, and what somebody had at a target may wait there
/// to be set aside: what has an entry is not touched.
fn unborn_dir(parent: BorrowedFd, meta: Meta) -> io::Result<Unborn> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_XDEV | ResolveFlags::NO_SYMLINKS;
    for name in unborn_names() {
        match rustix::fs::mkdirat(parent, &name, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno.into()),
        }
        // Whatever cannot be opened, or lies on another mount, was put there by somebody else.
        let Ok(node) = rustix::fs::openat2(parent, &name, flags, Mode::empty(), resolve) else {
            continue;
        };
        if is_as_left(&node, meta)? {
            acl::strip(node.as_fd())?;
            node::own(node.as_fd(), meta)?;
            return Ok(Unborn { name, node });
        }
    }
    Err(Errno::EXIST.into())
}

fn is_as_left(dir: &OwnedFd, meta: Meta) -> rustix::io::Result<bool> {
    Ok((is_private(dir)? || node::meta(&node::stat(dir)?) == meta) && node::is_empty_dir(dir)?)
}

/// Whether a directory is this program's own and closed to everybody else.
pub(super) fn is_private(dir: &OwnedFd) -> rustix::io::Result<bool> {
    let meta = node::meta(&node::stat(dir)?);
    // Below a directory with the set-group-id bit a new one has that bit as well.
    Ok(meta.uid == geteuid().as_raw() && meta.mode & 0o5777 == 0o700)
}
