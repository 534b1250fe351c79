//! The open directories from the top of a tree down to where a walk is.
//!
//! Only the lowest ones are kept open: a tree may be deeper than a process may have files open, and
//! whoever owns it decides how deep. Those further up are opened again on the way back, through `..`,
//! and have to be the same that they were.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::node::{Id, Stat};

/// How many directories of one tree are open at most.
const OPEN: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Ladder(Vec<Rung>);

#[derive(Debug)]
struct Rung {
    id: Id,
    dir: Option<OwnedFd>,
}

impl Ladder {
    /// Goes down into `dir`, which lies in the lowest directory.
    pub(super) fn down(&mut self, dir: OwnedFd) -> io::Result<()> {
        let id = Stat::of(dir.as_fd())?.id();
        self.0.push(Rung { id, dir: Some(dir) });
        let far = self.0.len().checked_sub(OPEN + 1);
        if let Some(far) = far.and_then(|far| self.0.get_mut(far)) {
            far.dir = None;
        }
        Ok(())
    }

    /// The directory where the walk is.
    pub(super) fn lowest(&self) -> io::Result<BorrowedFd<'_>> {
        let dir = self.0.last().and_then(|rung| rung.dir.as_ref());
        Ok(dir.ok_or(Errno::BADF)?.as_fd())
    }

    /// Goes back up, and returns the directory that it leaves.
    ///
    /// # Errors
    /// The directory lies in another one by now.
    pub(super) fn up(&mut self) -> io::Result<OwnedFd> {
        let left = self.0.pop().and_then(|rung| rung.dir).ok_or(Errno::BADF)?;
        if let Some(rung) = self.0.last_mut().filter(|rung| rung.dir.is_none()) {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let above = rustix::fs::openat(&left, c"..", flags, Mode::empty())?;
            if Stat::of(above.as_fd())?.id() != rung.id {
                return Err(io::Error::other("it was moved away while it was read"));
            }
            rung.dir = Some(above);
        }
        Ok(left)
    }
}
