//! An open directory: the names in it, and what lies at them.

use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType as Kernel, Mode, OFlags, RawDir, StatxFlags};
use rustix::io::Errno;

use super::held::Held;
use super::stat::{self, Stat};
use crate::loss::{FileType, Node};

/// The inode number of the directory through which ZFS shows snapshots (`ZFSCTL_INO_ROOT`). With
/// `snapdir=visible` it is listed like any other.
const ZFSCTL_INO_ROOT: u64 = 0x0000_ffff_ffff_ffff;

/// How much of a directory the kernel lists at once.
const LISTING: usize = 64 * 1024;

/// An open directory.
#[derive(Debug)]
pub struct Dir(pub(in crate::sys) OwnedFd);

/// Room for what the kernel lists of one directory at a time; used again for every directory.
#[derive(Debug)]
pub struct ListBuffer(Vec<MaybeUninit<u8>>);

impl Default for ListBuffer {
    fn default() -> Self {
        Self(vec![MaybeUninit::uninit(); LISTING])
    }
}

impl Dir {
    pub(super) fn new(dir: OwnedFd) -> Self {
        Self(dir)
    }

    /// Passes every name in the directory to `each`, in no order; without `.` and `..`.
    ///
    /// # Errors
    /// The directory could not be read to its end; the names until then were passed.
    pub fn names(&self, buffer: &mut ListBuffer, each: &mut dyn FnMut(&CStr)) -> io::Result<()> {
        self.list(buffer, |name, _| each(name))
    }

    /// Passes every name in the directory to `each`, and whether the directory says that it is a
    /// symlink; in no order, without `.` and `..`. A name may come twice while somebody renames.
    ///
    /// # Errors
    /// The directory could not be read to its end; the names until then were passed.
    pub fn list(
        &self,
        buffer: &mut ListBuffer,
        mut each: impl FnMut(&CStr, bool),
    ) -> io::Result<()> {
        let mut listing = RawDir::new(&self.0, &mut buffer.0);
        while let Some(entry) = listing.next() {
            let entry = entry?;
            let name = entry.file_name();
            let is_zfs_control = entry.ino() == ZFSCTL_INO_ROOT && name == c".zfs";
            if name != c"." && name != c".." && !is_zfs_control {
                each(name, entry.file_type() == Kernel::Symlink);
            }
        }
        Ok(())
    }

    /// Returns what lies at `name`; nothing when there is nothing (any more).
    ///
    /// # Errors
    /// It cannot be told.
    pub fn stat(&self, name: &CStr) -> io::Result<Option<Stat>> {
        self.statx(name, stat::ALL)
    }

    /// Returns type, size and time of what lies at `name`, and whether something is mounted there,
    /// seen from a directory on the mount `around`; nothing when there is nothing (any more).
    ///
    /// # Errors
    /// It cannot be told.
    pub fn measure(&self, name: &CStr, around: u64) -> io::Result<Option<(Node, bool)>> {
        let Some(stat) = self.statx(name, stat::MEASURES)? else { return Ok(None) };
        Ok(Some((stat.node()?, stat.is_mount_point(around))))
    }

    fn statx(&self, name: &CStr, wanted: StatxFlags) -> io::Result<Option<Stat>> {
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
        match rustix::fs::statx(&self.0, name, flags, wanted) {
            Ok(stat) => Ok(Some(Stat(stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(cause) => Err(cause.into()),
        }
    }

    pub(super) fn stat_self(&self) -> io::Result<Stat> {
        stat::of(self.0.as_fd())
    }

    /// Opens the directory `name`.
    ///
    /// # Errors
    /// It is not there, is no directory, or may not be read.
    pub fn open_dir(&self, name: &CStr) -> io::Result<Dir> {
        open_dir_at(self.0.as_fd(), name)
    }

    /// Takes hold of the directory `name`, without opening it.
    pub(super) fn pin_dir(&self, name: &CStr) -> io::Result<Dir> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(Dir(rustix::fs::openat(&self.0, name, flags, Mode::empty())?))
    }

    /// Returns the text of the symlink `name`.
    ///
    /// # Errors
    /// It is not there or is no symlink.
    pub fn read_link(&self, name: &CStr) -> io::Result<Vec<u8>> {
        Ok(rustix::fs::readlinkat(&self.0, name, Vec::new())?.into_bytes())
    }

    /// Takes hold of what lies at `name`: a directory or regular file is opened to be read, anything
    /// else is never opened.
    ///
    /// # Errors
    /// It is not there, may not be read, or is another one than `seen` ([`Changed`](super::Changed)).
    pub fn hold(&self, name: &CStr, seen: &Stat) -> io::Result<Held> {
        let flags = match seen.file_type()? {
            FileType::Directory => OFlags::DIRECTORY,
            // Not blocking: it may have become a fifo since it was looked at.
            FileType::Regular => OFlags::NONBLOCK | OFlags::NOCTTY,
            _ => OFlags::PATH,
        };
        Held::new(open_quietly(self.0.as_fd(), name, flags)?, seen)
    }

    /// Takes hold of this directory itself.
    ///
    /// # Errors
    /// It cannot be looked at.
    pub fn hold_self(&self) -> io::Result<Held> {
        Held::new(self.0.try_clone()?, &self.stat_self()?)
    }
}

/// Opens the directory `name` in the directory `at`.
pub(super) fn open_dir_at(at: BorrowedFd, name: &CStr) -> io::Result<Dir> {
    Ok(Dir(open_quietly(at, name, OFlags::DIRECTORY)?))
}

/// Opens for reading without leaving a time of access, where that is allowed: to the owner and to root.
fn open_quietly(at: BorrowedFd, name: &CStr, flags: OFlags) -> io::Result<OwnedFd> {
    let flags = flags | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    if flags.contains(OFlags::PATH) {
        return Ok(rustix::fs::openat(at, name, flags, Mode::empty())?);
    }
    match rustix::fs::openat(at, name, flags | OFlags::NOATIME, Mode::empty()) {
        Err(Errno::PERM) => Ok(rustix::fs::openat(at, name, flags, Mode::empty())?),
        opened => Ok(opened?),
    }
}
