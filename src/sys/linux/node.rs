//! One thing that is held by a descriptor, whatever happens to its name.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::{
    AtFlags, Dir, FileType, Gid, Mode, OFlags, RenameFlags, Statx, StatxAttributes, StatxFlags, Uid,
};
use rustix::io::Errno;

use crate::sys::{FileId, Meta};

/// Looks at what `node` holds; no automount is started, no server is asked.
pub(super) fn stat(node: impl AsFd) -> rustix::io::Result<Statx> {
    let flags = AtFlags::EMPTY_PATH | AtFlags::NO_AUTOMOUNT;
    rustix::fs::statx(node, c"", flags, StatxFlags::BASIC_STATS | StatxFlags::MNT_ID)
}

/// Which file it is.
pub(super) fn id(stat: &Statx) -> FileId {
    FileId { device: (stat.stx_dev_major, stat.stx_dev_minor), inode: stat.stx_ino }
}

/// Its type.
pub(super) fn kind(stat: &Statx) -> FileType {
    FileType::from_raw_mode(stat.stx_mode.into())
}

/// Its owner and mode.
pub(super) fn meta(stat: &Statx) -> Meta {
    Meta { uid: stat.stx_uid, gid: stat.stx_gid, mode: u32::from(stat.stx_mode) & 0o7777 }
}

/// Whether something is mounted on exactly this path.
pub(super) fn is_mount(stat: &Statx) -> bool {
    stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT)
}

/// Whether two descriptors hold the same file.
pub(super) fn is_same(one: impl AsFd, other: impl AsFd) -> io::Result<bool> {
    Ok(id(&stat(one)?) == id(&stat(other)?))
}

/// Takes hold of `name` in `at` without opening it; a symlink is held itself.
pub(super) fn pin(at: impl AsFd, name: &OsStr) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(at, name, flags, Mode::empty())
}

/// Whether `name` in `at` is what `node` holds. What cannot be told is not it.
pub(super) fn is_at(at: impl AsFd, name: &OsStr, node: impl AsFd) -> bool {
    pin(at, name).is_ok_and(|there| is_same(there, node).unwrap_or(false))
}

/// Opens the directory or regular file that `node` holds to read it; which one that is cannot change
/// any more. Nothing else is opened: a device or a fifo can act on it.
pub(super) fn reopen(node: BorrowedFd) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    Ok(match kind(&stat(node)?) {
        FileType::Directory => {
            rustix::fs::openat(node, c".", flags | OFlags::DIRECTORY, Mode::empty())?
        }
        FileType::RegularFile => rustix::fs::open(proc_path(node), flags, Mode::empty())?,
        _ => return Err(io::Error::other("it is neither a directory nor a regular file")),
    })
}

/// The name by which calls that know no descriptors reach what `node` holds.
pub(super) fn proc_path(node: BorrowedFd) -> String {
    format!("/proc/self/fd/{}", node.as_raw_fd())
}

/// Owner first, then mode: a mode wider than before never meets the wrong owner, and chown clears the
/// set-user-id bit that the mode may carry.
pub(super) fn own(fd: BorrowedFd, meta: Meta) -> rustix::io::Result<()> {
    rustix::fs::fchown(fd, Some(Uid::from_raw(meta.uid)), Some(Gid::from_raw(meta.gid)))?;
    rustix::fs::fchmod(fd, Mode::from_raw_mode(meta.mode))
}

/// Whether a directory has no entries.
pub(super) fn is_empty_dir(dir: impl AsFd) -> rustix::io::Result<bool> {
    // A descriptor of its own: reading moves the place where the next reader would begin.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut dir = Dir::new(rustix::fs::openat(dir, c".", flags, Mode::empty())?)?;
    for entry in &mut dir {
        if !matches!(entry?.file_name().to_bytes(), b"." | b"..") {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Fails unless what `place` holds can be covered or replaced without loss: an empty directory, or a
/// regular file without bytes.
pub(super) fn holds_nothing(place: impl AsFd) -> io::Result<()> {
    let stat = stat(place.as_fd())?;
    let is_empty = match kind(&stat) {
        FileType::Directory => is_empty_dir(place)?,
        FileType::RegularFile => stat.stx_size == 0,
        _ => false,
    };
    if is_empty { Ok(()) } else { Err(Errno::NOTEMPTY.into()) }
}

/// Renames to a name that is free: nothing is ever replaced.
pub(super) fn rename_new(
    from: impl AsFd,
    name: &OsStr,
    to: impl AsFd,
    new: &OsStr,
) -> rustix::io::Result<()> {
    rustix::fs::renameat_with(from, name, to, new, RenameFlags::NOREPLACE)
}

/// Swaps two names of one directory in one step.
pub(super) fn exchange(at: impl AsFd, one: &OsStr, other: &OsStr) -> rustix::io::Result<()> {
    rustix::fs::renameat_with(at.as_fd(), one, at.as_fd(), other, RenameFlags::EXCHANGE)
}
