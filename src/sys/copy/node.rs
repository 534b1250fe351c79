//! One node of a tree: how it is opened, and what the kernel tells of it.

use std::ffi::{CStr, OsStr};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, ResolveFlags, Statx, StatxFlags, StatxTimestamp, Timespec,
    Timestamps,
};
use rustix::io::Errno;

use super::Fault;
use super::time::{Held, Time};

/// File system, inode and mount of a node.
pub(super) type Id = (u32, u32, u64, u64);

/// What the kernel tells of a node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stat(Statx);

/// Opens the directory `name` to read it.
pub(super) fn open_dir(at: BorrowedFd, name: &CStr) -> Result<OwnedFd, Fault> {
    open(at, name, OFlags::RDONLY | OFlags::DIRECTORY)
}

/// Opens `name`, which was a regular file when it was listed, to read it.
pub(super) fn open_file(at: BorrowedFd, name: &CStr) -> Result<(OwnedFd, Stat), Fault> {
    // By now it may be a fifo, which would block, or a terminal, which would become ours.
    let file = open(at, name, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
    let stat = Stat::of(file.as_fd()).map_err(Fault::reading)?;
    if stat.kind() == FileType::RegularFile { Ok((file, stat)) } else { Err(changed()) }
}

/// Takes hold of `name` without opening it: a device can act when it is opened.
pub(super) fn pin(at: BorrowedFd, name: &CStr) -> Result<(OwnedFd, Stat), Fault> {
    let node = open(at, name, OFlags::PATH)?;
    let stat = Stat::of(node.as_fd()).map_err(Fault::reading)?;
    Ok((node, stat))
}

/// Takes hold of `name` in a directory of our own.
pub(super) fn pin_own(at: BorrowedFd, name: &OsStr) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(at, name, flags, Mode::empty())?)
}

/// Opens the directory or regular file that `node` holds to read it. Which one that is cannot change
/// any more, so there is nothing to look at afterwards.
pub(super) fn reopen(node: BorrowedFd) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    match Stat::of(node)?.kind() {
        FileType::Directory => quietly(|quiet| {
            rustix::fs::openat(node, c".", flags | OFlags::DIRECTORY | quiet, Mode::empty())
        }),
        FileType::RegularFile => {
            quietly(|quiet| rustix::fs::open(proc_path(node), flags | quiet, Mode::empty()))
        }
        _ => Err(io::Error::other("it is neither a directory nor a regular file")),
    }
}

/// The name by which calls that know no descriptors reach what `node` holds; a symlink is not followed
/// by it.
pub(super) fn proc_path(node: BorrowedFd) -> String {
    format!("/proc/self/fd/{}", node.as_raw_fd())
}

fn open(at: BorrowedFd, name: &CStr, flags: OFlags) -> Result<OwnedFd, Fault> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH
        | ResolveFlags::NO_XDEV
        | ResolveFlags::NO_SYMLINKS
        | ResolveFlags::NO_MAGICLINKS;
    let open = |quiet| rustix::fs::openat2(at, name, flags | quiet, Mode::empty(), resolve);
    // Where nothing is read, openat2 takes no flag that is about reading.
    let is_pin = flags.contains(OFlags::PATH);
    let opened = if is_pin { open(OFlags::empty()).map_err(Into::into) } else { quietly(open) };
    opened.map_err(|cause| match Errno::from_io_error(&cause) {
        Some(Errno::XDEV) => Fault::reading(io::Error::other("something is mounted on it")),
        // It was listed a moment ago, as something else.
        Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NXIO) => changed(),
        _ => Fault::reading(cause),
    })
}

fn changed() -> Fault {
    Fault::reading(io::Error::other("it changed while it was read"))
}

/// Opens without leaving a time of access, where that is allowed: to the owner and to root.
fn quietly(open: impl Fn(OFlags) -> rustix::io::Result<OwnedFd>) -> io::Result<OwnedFd> {
    match open(OFlags::NOATIME) {
        Err(Errno::PERM) => Ok(open(OFlags::empty())?),
        opened => Ok(opened?),
    }
}

impl Stat {
    /// Looks at what `node` holds.
    pub(super) fn of(node: BorrowedFd) -> io::Result<Self> {
        Self::at(node, c"", AtFlags::EMPTY_PATH)
    }

    /// Looks at `name`, whatever it is.
    pub(super) fn named(at: BorrowedFd, name: &CStr) -> io::Result<Self> {
        Self::at(at, name, AtFlags::SYMLINK_NOFOLLOW)
    }

    fn at(at: BorrowedFd, name: &CStr, flags: AtFlags) -> io::Result<Self> {
        let wanted = StatxFlags::BASIC_STATS | StatxFlags::MNT_ID;
        Ok(Self(rustix::fs::statx(at, name, flags | AtFlags::NO_AUTOMOUNT, wanted)?))
    }

    pub(super) fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.0.stx_mode.into())
    }

    pub(super) fn id(&self) -> Id {
        (self.0.stx_dev_major, self.0.stx_dev_minor, self.0.stx_ino, self.0.stx_mnt_id)
    }

    /// Whether both are the same inode, by whatever mount it is seen.
    pub(super) fn is_same_inode(&self, other: &Self) -> bool {
        let inode = |s: &Statx| (s.stx_dev_major, s.stx_dev_minor, s.stx_ino);
        inode(&self.0) == inode(&other.0)
    }

    pub(super) fn uid(&self) -> u32 {
        self.0.stx_uid
    }

    pub(super) fn owner(&self) -> (u32, u32) {
        (self.0.stx_uid, self.0.stx_gid)
    }

    /// Permission bits, `0o7777` at the most.
    pub(super) fn mode(&self) -> u32 {
        u32::from(self.0.stx_mode) & 0o7777
    }

    pub(super) fn links(&self) -> u32 {
        self.0.stx_nlink
    }

    pub(super) fn size(&self) -> u64 {
        self.0.stx_size
    }

    pub(super) fn device(&self) -> (u32, u32) {
        (self.0.stx_rdev_major, self.0.stx_rdev_minor)
    }

    /// Whether the node is as it was at `before`. Its owner can set every time but that of the change.
    pub(super) fn is_as(&self, before: &Self) -> bool {
        let moment = |s: &Statx| (s.stx_ino, s.stx_size, pair(s.stx_mtime), pair(s.stx_ctime));
        moment(&self.0) == moment(&before.0)
    }

    /// What has become of its time of modification in `copy`.
    pub(super) fn held_by(&self, copy: &Self) -> Held {
        Held::of(pair(self.0.stx_mtime), pair(copy.0.stx_mtime))
    }

    /// Whether its time of modification tells that nobody has written to it since `copy` was made. It
    /// tells nothing where the copy could not hold it, and where it was written so shortly before that
    /// the clock of a file system, which may count whole seconds, gives the next write the same.
    pub(super) fn is_told_by_time(&self, copy: &Self) -> bool {
        let (written, _) = pair(self.0.stx_mtime);
        let (made, _) = pair(copy.0.stx_ctime);
        self.held_by(copy) == Held::Exactly && written.saturating_add(1) < made
    }

    /// The times of access and of modification.
    pub(super) fn times(&self) -> Timestamps {
        let time =
            |(tv_sec, nanoseconds): (i64, u32)| Timespec { tv_sec, tv_nsec: nanoseconds.into() };
        Timestamps {
            last_access: time(pair(self.0.stx_atime)),
            last_modification: time(pair(self.0.stx_mtime)),
        }
    }
}

fn pair(time: StatxTimestamp) -> Time {
    (time.tv_sec, time.tv_nsec)
}
