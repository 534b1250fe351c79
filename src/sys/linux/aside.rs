//! Setting aside what lies at a target: it changes places with what is put there, and gets a name of
//! its own. It is never opened, and only an empty directory is removed.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;

use super::make::Unborn;
use super::{LinuxSys, node, strange};
use crate::path::HostPath;
use crate::sys::{FileId, Place};

/// How the names begin under which things are set aside.
const ASIDE: &str = ".blankslate-adopted";

/// How many such names are tried.
const ASIDE_TRIES: usize = 1000;

impl LinuxSys {
    pub(super) fn put_aside(
        &self,
        target: &HostPath,
        shows: FileId,
        place: &Place,
    ) -> io::Result<Option<HostPath>> {
        let (parent, name) = self.open_parent(target)?;
        let old = node::pin(&parent, name)?;
        let stat = node::stat(&old)?;
        if node::is_mount(&stat) {
            return Err(Errno::BUSY.into());
        }
        // A program may have renamed a newer file over the one that was looked at.
        if node::id(&stat) != shows {
            return Err(strange());
        }
        let unborn = Unborn::make(parent.as_fd(), place)?;
        let swap = Swap { parent: &parent, name, unborn: &unborn, old: &old };
        // From here to the end, a kill leaves what lay there under the name of the unborn: nobody
        // removes that, nor takes it for a directory of his own unless it is empty.
        if let Err(errno) = node::exchange(&parent, &unborn.name, name) {
            unborn.take_back(parent.as_fd());
            return Err(errno.into());
        }
        // Who owns a directory above may have moved it meanwhile: then it is not the target any more.
        let is_done = swap.checked().and_then(|()| self.is_there(target, &unborn.node));
        let away = is_done.and_then(|()| swap.away()).map_err(|cause| swap.undo(cause))?;
        let above = target.parent().ok_or(Errno::ISDIR)?;
        Ok(away.map(|away| above.join(&away)))
    }

    pub(super) fn put_back(&self, target: &HostPath, aside: &HostPath) -> io::Result<()> {
        let (parent, name) = self.open_parent(target)?;
        let away = aside.name().ok_or(Errno::ISDIR)?;
        if aside.parent() != target.parent() {
            return Err(strange());
        }
        let place = node::pin(&parent, name)?;
        let kind = node::kind(&node::stat(&place)?);
        if kind != FileType::Symlink {
            node::holds_nothing(&place)?;
        }
        node::exchange(&parent, away, name)?;
        if !node::is_at(&parent, away, &place) {
            return Err(strange());
        }
        // Who was quicker than the exchange wrote into the place: then it stays beside the target.
        if kind != FileType::Symlink {
            node::holds_nothing(&place)?;
        }
        let is_dir = kind == FileType::Directory;
        let flags = if is_dir { AtFlags::REMOVEDIR } else { AtFlags::empty() };
        Ok(rustix::fs::unlinkat(&parent, away, flags)?)
    }
}

/// What changed places.
struct Swap<'s> {
    parent: &'s OwnedFd,
    name: &'s OsStr,
    unborn: &'s Unborn,
    old: &'s OwnedFd,
}

impl Swap<'_> {
    /// Fails unless exactly these two changed places: a program may have put a newer file at the
    /// target after it was looked at, and who owns the directory may swap whatever is in it.
    fn checked(&self) -> io::Result<()> {
        let is_swapped = node::is_at(self.parent, &self.unborn.name, self.old)
            && node::is_at(self.parent, self.name, &self.unborn.node);
        if is_swapped { Ok(()) } else { Err(strange()) }
    }

    /// Gives what lay at the target the first name that is free, and returns it; an empty directory is
    /// removed instead.
    fn away(&self) -> io::Result<Option<OsString>> {
        if node::kind(&node::stat(self.old)?) == FileType::Directory {
            // The kernel removes none that is not empty; so there is no need to look.
            match rustix::fs::unlinkat(self.parent, &self.unborn.name, AtFlags::REMOVEDIR) {
                Ok(()) => return Ok(None),
                Err(Errno::NOTEMPTY | Errno::EXIST) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        for number in 0..ASIDE_TRIES {
            let name = OsString::from(format!("{ASIDE}-{number}"));
            match node::rename_new(self.parent, &self.unborn.name, self.parent, &name) {
                Ok(()) => return Ok(Some(name)),
                Err(Errno::EXIST) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Err(io::Error::other(format!("all names from {ASIDE}-0 on are taken; look at them")))
    }

    /// Lets them change places again. Where that fails too, nothing is lost, and the error says where
    /// it is.
    fn undo(&self, cause: io::Error) -> io::Error {
        // Unless the place lies at the target, it is not for this program to say what belongs there.
        let undone = if node::is_at(self.parent, self.name, &self.unborn.node) {
            node::exchange(self.parent, &self.unborn.name, self.name).map_err(Into::into)
        } else {
            Err(strange())
        };
        match undone {
            Ok(()) => {
                self.unborn.take_back(self.parent.as_fd());
                cause
            }
            Err(also) => {
                let beside = crate::path::escape(self.unborn.name.as_encoded_bytes());
                io::Error::other(format!(
                    "{cause}; what lay there may lie beside it as {beside}: {also}"
                ))
            }
        }
    }
}
