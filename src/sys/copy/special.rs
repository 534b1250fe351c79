//! Copying what has no content: symlinks, fifos and devices. None of them is ever opened.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Gid, Mode, Uid, makedev};

use super::Fault;
use super::attributes::{self, Reach};
use super::file::held_time;
use super::node::{self, Stat};
use super::privilege;
use super::time::Held;

/// A symlink, fifo or device that is copied.
#[derive(Debug)]
pub(super) struct Special {
    pub(super) node: OwnedFd,
    pub(super) stat: Stat,
    /// Devices do nothing on its mount.
    pub(super) is_nodev: bool,
}

impl Special {
    /// Copies to the new name `name`; returns what has become of the time. Until it is complete it is open
    /// to nobody.
    pub(super) fn copy(&self, into: BorrowedFd, name: &CStr) -> Result<Held, Fault> {
        let kind = self.stat.kind();
        self.make(kind, into, name)?;
        let (uid, gid) = self.stat.owner();
        let (uid, gid) = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
        rustix::fs::chownat(into, name, uid, gid, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(Fault::copying)?;
        let copy = node::pin(into, name)?.0;
        attributes::copy(&Reach::pinned(self.node.as_fd()), &Reach::pinned(copy.as_fd()))?;
        // This call follows symlinks; but what was made just now is none, and nobody else is here.
        if kind != FileType::Symlink {
            let mode = privilege::mode(self.stat.mode());
            rustix::fs::chmodat(into, name, mode, AtFlags::empty()).map_err(Fault::copying)?;
        }
        rustix::fs::utimensat(into, name, &self.stat.times(), AtFlags::SYMLINK_NOFOLLOW)
            .map_err(Fault::copying)?;
        held_time(&self.stat, copy.as_fd())
    }

    fn make(&self, kind: FileType, into: BorrowedFd, name: &CStr) -> Result<(), Fault> {
        match kind {
            FileType::Symlink => {
                let text = rustix::fs::readlinkat(&self.node, c"", Vec::new());
                let text = text.map_err(Fault::reading)?;
                rustix::fs::symlinkat(text, into, name).map_err(Fault::copying)
            }
            FileType::Fifo => {
                rustix::fs::mknodat(into, name, kind, Mode::empty(), 0).map_err(Fault::copying)
            }
            FileType::CharacterDevice | FileType::BlockDevice if self.is_nodev => {
                // In the copy it would come alive, whoever made it.
                let text = "it is a device where devices are switched off (nodev)";
                Err(Fault::copying(io::Error::other(text)))
            }
            FileType::CharacterDevice | FileType::BlockDevice => {
                let (major, minor) = self.stat.device();
                rustix::fs::mknodat(into, name, kind, Mode::empty(), makedev(major, minor))
                    .map_err(Fault::copying)
            }
            FileType::RegularFile | FileType::Directory | FileType::Socket | FileType::Unknown => {
                Err(Fault::changed())
            }
        }
    }
}
