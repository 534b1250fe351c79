//! A file that is held while it is compared, so that it stays the same one.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::stat::{self, Stat};
use crate::loss::FileType;
use crate::sys::copy::attributes::Reach;

/// A file that was looked at and has become another one since.
#[derive(Debug, thiserror::Error)]
#[error("it changed while it was looked at")]
pub struct Changed;

/// A file that is held: a directory or regular file open to be read, anything else without being
/// opened, because a device can act when it is.
#[derive(Debug)]
pub struct Held {
    fd: OwnedFd,
    /// What it was when it was taken hold of.
    pub stat: Stat,
}

impl Held {
    /// `seen` is what was looked at by its name.
    pub(super) fn new(fd: OwnedFd, seen: &Stat) -> io::Result<Self> {
        let stat = stat::of(fd.as_fd())?;
        let is_same = stat.is_same_file(seen) && stat.file_type()? == seen.file_type()?;
        if is_same { Ok(Self { fd, stat }) } else { Err(Changed::error()) }
    }

    /// Reads a piece of a regular file, from `at`. Returns how many bytes that were; none at its end.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        Ok(rustix::io::pread(&self.fd, buffer, at)?)
    }

    /// Returns the text of a symlink.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn text(&self) -> io::Result<Vec<u8>> {
        Ok(rustix::fs::readlinkat(&self.fd, c"", Vec::new())?.into_bytes())
    }

    /// Whether nobody has changed it since it was taken hold of.
    ///
    /// # Errors
    /// It cannot be looked at.
    pub fn is_untouched(&self) -> io::Result<bool> {
        Ok(stat::of(self.fd.as_fd())?.is_as(&self.stat))
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Whether it is open, and not only held.
    pub(super) fn is_open(&self) -> bool {
        let is_open = |kind| matches!(kind, FileType::Directory | FileType::Regular);
        self.stat.file_type().is_ok_and(is_open)
    }

    pub(super) fn reach(&self) -> Reach<'_> {
        if self.is_open() { Reach::Open(self.fd()) } else { Reach::pinned(self.fd()) }
    }
}

impl Changed {
    /// As the cause of something that went wrong.
    #[must_use]
    pub fn error() -> io::Error {
        io::Error::other(Self)
    }

    /// Whether this is why something went wrong.
    #[must_use]
    pub fn is_cause(error: &io::Error) -> bool {
        error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<Self>)
    }
}
