//! [`Sys`] on a real system: directory file descriptors, openat2 and the new mount calls.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat, openat2};
use nix::sys::stat::{Mode, SFlag, fchmod, fstat, mkdirat};
use nix::unistd::{Gid, Uid, fchown, geteuid, symlinkat};
use rustix::fs::{
    AtFlags, FileType, RenameFlags, StatxAttributes, StatxFlags, renameat_with, statx,
};
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};

use super::{FileId, Look, Meta, Seen, Sys, SysError};
use crate::path::HostPath;

/// How the names begin under which a directory is made before it appears.
const UNBORN: &str = ".blankslate-new";

/// How many such names are tried: whoever owns the directory above can occupy some.
const UNBORN_TRIES: usize = 32;

/// The system below one root directory.
#[derive(Debug)]
pub struct LinuxSys {
    root: OwnedFd,
}

impl LinuxSys {
    /// Opens the directory that is treated as `/`.
    ///
    /// # Errors
    /// It is missing or no directory.
    pub fn below(root: &Path) -> io::Result<Self> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        Ok(Self { root: open(root, flags, Mode::empty())? })
    }

    /// Opens `path` below the root, following no symlink. A symlink as the last component is opened
    /// itself, with `O_PATH | O_NOFOLLOW`.
    fn open(&self, path: &HostPath, flags: OFlag) -> nix::Result<OwnedFd> {
        let resolve = ResolveFlag::RESOLVE_BENEATH
            | ResolveFlag::RESOLVE_NO_SYMLINKS
            | ResolveFlag::RESOLVE_NO_MAGICLINKS;
        let how =
            OpenHow::new().flags(flags | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW).resolve(resolve);
        openat2(&self.root, path.relative(), how)
    }

    fn open_parent<'p>(&self, path: &'p HostPath) -> nix::Result<(OwnedFd, &'p OsStr)> {
        let parent = path.parent().ok_or(Errno::EISDIR)?;
        let name = path.name().ok_or(Errno::EISDIR)?;
        Ok((self.open(&parent, OFlag::O_PATH | OFlag::O_DIRECTORY)?, name))
    }

    /// The first component above `path` that is no directory.
    fn blocked_by(&self, path: &HostPath) -> HostPath {
        let is_dir = |p: &HostPath| self.open(p, OFlag::O_PATH | OFlag::O_DIRECTORY).is_ok();
        path.ancestors().into_iter().find(|p| !is_dir(p)).unwrap_or_else(|| path.clone())
    }

    fn seen(&self, path: &HostPath, node: &OwnedFd) -> nix::Result<Look> {
        let attributes = StatxFlags::BASIC_STATS | StatxFlags::MNT_ID;
        let stat = statx(node, "", AtFlags::EMPTY_PATH | AtFlags::NO_AUTOMOUNT, attributes)
            .map_err(|e| Errno::from_raw(e.raw_os_error()))?;
        let kind = FileType::from_raw_mode(stat.stx_mode.into());
        let mut seen = Seen {
            id: FileId { device: (stat.stx_dev_major, stat.stx_dev_minor), inode: stat.stx_ino },
            meta: Meta {
                uid: stat.stx_uid,
                gid: stat.stx_gid,
                mode: u32::from(stat.stx_mode) & 0o7777,
            },
            is_mount: stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT),
            is_empty: stat.stx_size == 0,
        };
        Ok(match kind {
            FileType::Directory => {
                let dir = self.open(path, OFlag::O_PATH | OFlag::O_DIRECTORY)?;
                seen.is_empty = is_empty(&dir)?;
                Look::Directory(seen)
            }
            FileType::RegularFile => Look::File(seen),
            FileType::Symlink => {
                Look::Symlink(nix::fcntl::readlinkat(node, "")?.as_bytes().to_vec())
            }
            FileType::Fifo => Look::Special("fifo"),
            FileType::Socket => Look::Special("socket"),
            FileType::BlockDevice | FileType::CharacterDevice => Look::Special("device"),
            FileType::Unknown => return Err(Errno::EINVAL),
        })
    }
}

/// Makes `error` a [`SysError`] about `path`.
fn failed(doing: &'static str, path: &HostPath) -> impl Fn(Errno) -> SysError {
    move |errno| SysError { doing, path: path.clone(), cause: errno.into() }
}

/// Owner first, then mode: a mode wider than before never meets the wrong owner, and chown clears the
/// set-user-id bit that the mode may carry.
fn own(fd: BorrowedFd, meta: Meta) -> nix::Result<()> {
    fchown(fd, Some(Uid::from_raw(meta.uid)), Some(Gid::from_raw(meta.gid)))?;
    fchmod(fd, Mode::from_bits_truncate(meta.mode))
}

/// A new directory that only root can enter, and the name under which it waits to appear.
///
/// What a killed run left is used again, but only what looks like nothing else: root's, closed to
/// everybody else, and empty. The owner of the directory above may have put anything there.
fn unborn_dir(parent: &OwnedFd) -> nix::Result<(String, OwnedFd)> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    for number in 0..UNBORN_TRIES {
        let name = format!("{UNBORN}-{number}");
        match mkdirat(parent, name.as_str(), Mode::S_IRWXU) {
            Ok(()) | Err(Errno::EEXIST) => {}
            Err(errno) => return Err(errno),
        }
        match openat(parent, name.as_str(), flags, Mode::empty()) {
            Ok(fd) if is_new(&fd)? => return Ok((name, fd)),
            Ok(_) | Err(Errno::ENOTDIR | Errno::ELOOP | Errno::ENOENT) => {}
            Err(errno) => return Err(errno),
        }
    }
    Err(Errno::EEXIST)
}

/// Whether a directory is as one that was made just now.
fn is_new(fd: &OwnedFd) -> nix::Result<bool> {
    let stat = fstat(fd)?;
    // Below a directory with the set-group-id bit a new one has that bit as well.
    let own = stat.st_uid == geteuid().as_raw() && stat.st_mode & 0o5777 == 0o700;
    Ok(own && is_empty(fd)?)
}

/// Whether a directory has no entries.
fn is_empty(dir: &OwnedFd) -> nix::Result<bool> {
    // A descriptor of its own: reading moves the place where the next reader would begin.
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let dir = openat(dir, ".", flags, Mode::empty())?;
    let mut dir = rustix::fs::Dir::new(dir).map_err(to_errno)?;
    let dots = |name: &[u8]| matches!(name, b"." | b"..");
    for entry in &mut dir {
        if !dots(entry.map_err(to_errno)?.file_name().to_bytes()) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether two descriptors are of the same file.
fn same_file(one: &OwnedFd, other: &OwnedFd) -> nix::Result<bool> {
    let (one, other) = (fstat(one)?, fstat(other)?);
    Ok((one.st_dev, one.st_ino) == (other.st_dev, other.st_ino))
}

/// Fails unless a mount on it would hide nothing: an empty directory, or a file without bytes.
fn hides_nothing(place: &OwnedFd) -> nix::Result<()> {
    let stat = fstat(place)?;
    let is_dir = SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits()) == SFlag::S_IFDIR;
    let is_empty = if is_dir { is_empty(place)? } else { stat.st_size == 0 };
    if is_empty { Ok(()) } else { Err(Errno::ENOTEMPTY) }
}

fn to_errno(errno: rustix::io::Errno) -> Errno {
    Errno::from_raw(errno.raw_os_error())
}

impl Sys for LinuxSys {
    fn look(&self, path: &HostPath) -> Result<Look, SysError> {
        let node = match self.open(path, OFlag::O_PATH) {
            Ok(node) => node,
            Err(Errno::ENOENT) => return Ok(Look::Absent),
            Err(Errno::ELOOP | Errno::ENOTDIR) => return Ok(Look::Blocked(self.blocked_by(path))),
            Err(errno) => return Err(failed("look at", path)(errno)),
        };
        self.seen(path, &node).map_err(failed("look at", path))
    }

    fn make_dir(&mut self, path: &HostPath, meta: Meta) -> Result<(), SysError> {
        let make = || {
            let (parent, name) = self.open_parent(path)?;
            let (unborn, fd) = unborn_dir(&parent)?;
            own(fd.as_fd(), meta)?;
            renameat_with(&parent, unborn.as_str(), &parent, name, RenameFlags::NOREPLACE)
                .map_err(to_errno)?;
            // Who owns the directory above may have swapped it under its name meanwhile.
            let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            let born = openat(&parent, name, flags, Mode::empty())?;
            if same_file(&born, &fd)? { Ok(()) } else { Err(Errno::ESTALE) }
        };
        make().map_err(failed("make the directory", path))
    }

    fn make_file(&mut self, path: &HostPath, meta: Meta) -> Result<(), SysError> {
        let make = || {
            let (parent, name) = self.open_parent(path)?;
            let flags = OFlag::O_TMPFILE | OFlag::O_WRONLY | OFlag::O_CLOEXEC;
            let fd = openat(&parent, ".", flags, Mode::S_IRUSR | Mode::S_IWUSR)?;
            own(fd.as_fd(), meta)?;
            rustix::fs::linkat(&fd, "", &parent, name, AtFlags::EMPTY_PATH).map_err(to_errno)
        };
        make().map_err(failed("make the file", path))
    }

    fn symlink(&mut self, path: &HostPath, to: &HostPath) -> Result<(), SysError> {
        let make = || {
            let (parent, name) = self.open_parent(path)?;
            symlinkat(AsRef::<OsStr>::as_ref(to), &parent, name)
        };
        make().map_err(failed("make the symlink", path))
    }

    fn bind(&mut self, source: &HostPath, target: &HostPath) -> Result<(), SysError> {
        let from = self.open(source, OFlag::O_PATH).map_err(failed("open", source))?;
        let onto = self.open(target, OFlag::O_PATH).map_err(failed("open", target))?;
        // Once more, on what is really mounted over: since the look somebody may have written there.
        hides_nothing(&onto).map_err(failed("mount on", target))?;
        // Built detached and attached in one step: there is no moment with half a mount. Recursive,
        // because what is mounted below the source would otherwise hide behind the bind.
        let flags = OpenTreeFlags::OPEN_TREE_CLONE
            | OpenTreeFlags::OPEN_TREE_CLOEXEC
            | OpenTreeFlags::AT_EMPTY_PATH
            | OpenTreeFlags::AT_RECURSIVE;
        let tree =
            open_tree(&from, "", flags).map_err(to_errno).map_err(failed("clone", source))?;
        let flags =
            MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
        move_mount(&tree, "", &onto, "", flags)
            .map_err(to_errno)
            .map_err(failed("mount on", target))
    }
}
