//! Hard links within a tree: the copy has the same ones.
//!
//! The first name of a file is copied, and the copy gets a second name, its inode number, in a
//! directory beside the tree; that is linked to from every further place, and goes when the walk is
//! through. So no file has to stay open, and no path is looked up a second time.

use std::collections::HashMap;
use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{AtFlags, IFlags, Mode, OFlags};
use rustix::io::Errno;

use super::Fault;
use super::discard::discard;
use super::file::{Rest, Settled};
use super::node::{self, Id, Stat};
use super::privilege::Standing;
use crate::path::HostPath;

/// The name of the directory beside the tree.
const BESIDE: &CStr = c".blankslate-links";

#[derive(Debug)]
pub(super) struct Links<'l> {
    into: BorrowedFd<'l>,
    beside: Option<OwnedFd>,
    met: HashMap<Id, Met>,
}

/// A file with several names.
#[derive(Debug)]
struct Met {
    links: u32,
    found: u32,
    is_strange: bool,
    rest: Rest,
    path: Option<HostPath>,
}

/// What has been done about a name.
#[derive(Debug)]
pub(super) enum Linked {
    /// Nothing: it is the first of its file.
    New,
    /// It leads to the copy.
    Again,
    /// It leads to the copy, and was the last one that there is.
    Last(Settled),
}

/// Where a name of a file was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'f> {
    pub(super) into: BorrowedFd<'f>,
    pub(super) name: &'f CStr,
    /// Whether the directory belongs to somebody else than the file.
    pub(super) is_strange: bool,
}

impl<'l> Links<'l> {
    pub(super) fn new(into: BorrowedFd<'l>) -> Self {
        Self { into, beside: None, met: HashMap::new() }
    }

    /// Puts the copy of the same file at the name, if there is one.
    pub(super) fn link(
        &mut self,
        stat: &Stat,
        found: Found,
        is_nosuid: bool,
    ) -> Result<Linked, Fault> {
        let Some(met) = self.met.get_mut(&stat.id()) else { return Ok(Linked::New) };
        let beside = self.beside.as_ref().ok_or(Errno::BADF).map_err(Fault::copying)?.as_fd();
        met.found += 1;
        met.is_strange |= found.is_strange;
        let key = key(stat.id())?;
        if met.found < met.links {
            rustix::fs::linkat(beside, &key, found.into, found.name, AtFlags::empty())
                .map_err(Fault::copying)?;
            return Ok(Linked::Again);
        }
        // More names than there were: somebody makes new ones meanwhile.
        if met.found > met.links {
            return Err(Fault::changed());
        }
        let file = met.open(beside, &key)?;
        // Moved, not linked: with one link more there could be more than the file system allows.
        rustix::fs::renameat(beside, &key, found.into, found.name).map_err(Fault::copying)?;
        met.finish(file, is_nosuid).map(Linked::Last)
    }

    /// Remembers the copy that lies at the name now. `path` is where it lies, if it has a rest.
    pub(super) fn remember(
        &mut self,
        stat: &Stat,
        found: Found,
        rest: Rest,
        path: Option<HostPath>,
    ) -> Result<(), Fault> {
        let beside = match &self.beside {
            Some(beside) => beside,
            None => self.beside.insert(make_beside(self.into).map_err(Fault::copying)?),
        };
        rustix::fs::linkat(found.into, found.name, beside, &key(stat.id())?, AtFlags::empty())
            .map_err(Fault::copying)?;
        let met = Met { links: stat.links(), found: 1, is_strange: found.is_strange, rest, path };
        self.met.insert(stat.id(), met);
        Ok(())
    }

    /// Gives the files that have more names outside the tree the rest that is due to them, passes each
    /// to `settled`, and takes the directory beside the tree away.
    pub(super) fn end(
        &mut self,
        is_nosuid: bool,
        settled: &mut dyn FnMut(Settled),
    ) -> Result<(), (Option<HostPath>, Fault)> {
        let Some(beside) = &self.beside else { return Ok(()) };
        for (id, met) in self.met.iter_mut().filter(|(_, met)| met.found < met.links) {
            let mut end = || {
                let key = key(*id)?;
                let file = met.open(beside.as_fd(), &key)?;
                rustix::fs::unlinkat(beside, &key, AtFlags::empty()).map_err(Fault::copying)?;
                met.finish(file, is_nosuid)
            };
            settled(end().map_err(|fault| (met.path.clone(), fault))?);
        }
        rustix::fs::unlinkat(self.into, BESIDE, AtFlags::REMOVEDIR)
            .map_err(|errno| (None, Fault::copying(errno)))
    }
}

impl Met {
    /// Opens the copy, if anything is left to be done to it.
    fn open(&self, beside: BorrowedFd, key: &CStr) -> Result<Option<OwnedFd>, Fault> {
        if self.rest.is_nothing() {
            return Ok(None);
        }
        node::open_file(beside, key).map(|(file, _)| Some(file))
    }

    fn finish(&mut self, file: Option<OwnedFd>, is_nosuid: bool) -> Result<Settled, Fault> {
        let standing = Standing {
            is_nosuid,
            has_links_outside: self.found < self.links,
            is_strange: self.is_strange,
        };
        let path = self.path.clone();
        match file {
            Some(file) => self.rest.settle(file.as_fd(), standing, path),
            None => Ok(Settled { unset: IFlags::empty(), is_unprivileged: false, path }),
        }
    }
}

/// Makes the directory beside the tree; one that a killed run has left goes first.
fn make_beside(into: BorrowedFd) -> io::Result<OwnedFd> {
    discard(into, OsStr::from_bytes(BESIDE.to_bytes()))?;
    rustix::fs::mkdirat(into, BESIDE, Mode::RWXU)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(into, BESIDE, flags, Mode::empty())?)
}

/// Takes away what a failed walk left beside the tree; what is still there then, goes with the
/// directory that both lie in.
pub(super) fn abandon(into: BorrowedFd) {
    if let Err(cause) = discard(into, OsStr::from_bytes(BESIDE.to_bytes())) {
        tracing::debug!("cannot remove the links of a failed copy: {cause}");
    }
}

/// The name of a file beside the tree: one tree can reach over several subvolumes.
fn key((major, minor, inode, _): Id) -> Result<CString, Fault> {
    CString::new(format!("{major}:{minor}:{inode}")).map_err(Fault::copying)
}
