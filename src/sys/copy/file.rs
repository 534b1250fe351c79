//! Copying one regular file, and what directories and files have beside their content.
//!
//! Everything is narrow until it is complete: what is made belongs to root and is open to nobody else.
//! Then comes the owner, then attributes and ACL (a change of the owner clears capabilities), then the
//! mode (a change of the owner clears the set-user-ID bit, and an ACL changes the mode), then the
//! times, and last the flags, which can forbid all that.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Gid, IFlags, Mode, OFlags, Uid};

use super::Fault;
use super::attributes::{self, CAPABILITY, Reach};
use super::content::Contents;
use super::flags;
use super::node::Stat;
use super::privilege::{self, Standing};
use super::time::Held;
use crate::path::HostPath;

/// What a copied file gets last, when it is known how it stands.
#[derive(Debug)]
pub(super) struct Rest {
    mode: u32,
    capability: Option<Vec<u8>>,
    flags: IFlags,
}

impl Rest {
    pub(super) fn none() -> Self {
        Self { mode: 0, capability: None, flags: IFlags::empty() }
    }

    /// Whether the file lets whoever starts it act as somebody else.
    pub(super) fn is_privileged(&self) -> bool {
        privilege::has(self.mode) || self.capability.is_some()
    }

    pub(super) fn is_nothing(&self) -> bool {
        !self.is_privileged() && self.flags.is_empty()
    }

    /// Gives the file that, as it stands, and the flags. `path` is where it lies.
    pub(super) fn settle(
        &self,
        file: BorrowedFd,
        standing: Standing,
        path: Option<HostPath>,
    ) -> Result<Settled, Fault> {
        let is_unprivileged = self.is_privileged() && !standing.keeps();
        if !is_unprivileged {
            if let Some(capability) = &self.capability {
                Reach::Open(file).set(CAPABILITY, capability)?;
            }
            if privilege::has(self.mode) {
                rustix::fs::fchmod(file, privilege::mode(self.mode)).map_err(Fault::copying)?;
            }
        }
        let unset = flags::set(file, self.flags).map_err(Fault::copying)?;
        Ok(Settled { unset, is_unprivileged, path })
    }
}

/// A regular file that is there, but for the rest.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) file: OwnedFd,
    pub(super) rest: Rest,
    /// What has become of its time.
    pub(super) held: Held,
}

/// What a copied file could not have.
#[derive(Debug)]
pub(super) struct Settled {
    /// The flags that it cannot have.
    pub(super) unset: IFlags,
    /// Whether it lost what let whoever starts it act as somebody else.
    pub(super) is_unprivileged: bool,
    /// Where it lies, if that was told.
    pub(super) path: Option<HostPath>,
}

/// A regular file that is copied.
#[derive(Debug)]
pub(super) struct Original<'o> {
    pub(super) file: BorrowedFd<'o>,
    pub(super) stat: Stat,
    pub(super) is_top: bool,
}

impl Original<'_> {
    /// Copies to the new name `name`; what the rest is about is left out as yet.
    pub(super) fn copy(
        &self,
        into: BorrowedFd,
        name: &CStr,
        contents: &Contents,
        told: &dyn Fn(u64),
    ) -> Result<Made, Fault> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let narrow = Mode::RUSR | Mode::WUSR;
        let copy = rustix::fs::openat(into, name, flags, narrow).map_err(Fault::copying)?;
        if self.is_top {
            strip(copy.as_fd())?;
        }
        let inode_flags = flags::of(self.file).map_err(Fault::reading)?;
        keep_in_place(copy.as_fd(), inode_flags);
        contents.copy(self.file, copy.as_fd(), self.stat.size(), told)?;
        let mode = self.stat.mode();
        let plain = privilege::without(mode);
        let (capability, held) = settle(self.file, &self.stat, copy.as_fd(), plain)?;
        // Whoever wrote to it until here has changed its time of change.
        let after = Stat::of(self.file).map_err(Fault::reading)?;
        if !after.is_as(&self.stat) {
            return Err(Fault::changed());
        }
        let kept = if self.is_top { IFlags::empty() } else { inode_flags & flags::KEPT };
        Ok(Made { file: copy, rest: Rest { mode, capability, flags: kept }, held })
    }
}

/// Gives a complete directory or regular file the owner, attributes and times of the original, and
/// `mode`. Returns the capability, which it does not set, and what has become of the time.
pub(super) fn settle(
    from: BorrowedFd,
    stat: &Stat,
    to: BorrowedFd,
    mode: u32,
) -> Result<(Option<Vec<u8>>, Held), Fault> {
    let (uid, gid) = stat.owner();
    rustix::fs::fchown(to, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))
        .map_err(Fault::copying)?;
    let capability = attributes::copy(&Reach::Open(from), &Reach::Open(to))?;
    rustix::fs::fchmod(to, privilege::mode(mode)).map_err(Fault::copying)?;
    rustix::fs::futimens(to, &stat.times()).map_err(Fault::copying)?;
    Ok((capability, held_time(stat, to)?))
}

/// What has become of the time of `original` on `copy`, which has just got it.
pub(super) fn held_time(original: &Stat, copy: BorrowedFd) -> Result<Held, Fault> {
    match original.held_by(&Stat::of(copy).map_err(Fault::copying)?) {
        Held::Not => {
            let text = "its time of modification cannot be kept there";
            Err(Fault::copying(io::Error::other(text)))
        }
        held => Ok(held),
    }
}

/// Takes away what the new topmost directory or file has from the directory above it. From there on
/// there is nothing to inherit: what is below gets its own before what it lies in does.
pub(super) fn strip(to: BorrowedFd) -> Result<(), Fault> {
    attributes::strip_inherited_acls(to)?;
    flags::set(to, IFlags::empty()).map(drop).map_err(Fault::copying)
}

/// Has `to` be written in place, as a database on btrfs asks for: only while it is empty that works.
/// How a file is stored is no part of it, so it is no failure where it does not.
pub(super) fn keep_in_place(to: BorrowedFd, flags: IFlags) {
    if !flags.contains(IFlags::NOCOW) {
        return;
    }
    let set = rustix::fs::ioctl_getflags(to)
        .and_then(|now| rustix::fs::ioctl_setflags(to, now | IFlags::NOCOW));
    if let Err(cause) = set {
        tracing::debug!("cannot have a copy written in place: {cause}");
    }
}
