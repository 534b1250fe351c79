//! The walk that copies: a directory is made, filled, and gets what it is to have when all below it is
//! complete.

use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::Mutex;
use std::vec;

use rustix::fs::{FileType, IFlags, Mode, OFlags, StatVfsMountFlags};

use super::content::Contents;
use super::descent::Descent;
use super::file::{self, Made, Original, Rest};
use super::links::{self, Found, Linked, Links};
use super::listing::{Entry, Trail};
use super::node::{self, Stat};
use super::privilege::Standing;
use super::share::{lock, share};
use super::special::Special;
use super::tally::Tally;
use super::{Copied, Fault, SysError, Watch, flags};
use crate::path::HostPath;

/// Copies `from` to `name` in `into`; returns also the file flags that could not be set somewhere.
pub(super) fn copy(
    from: BorrowedFd,
    from_path: &HostPath,
    into: BorrowedFd,
    name: &OsStr,
    watch: Watch<'_>,
) -> Result<(Copied, IFlags), SysError> {
    let top = |fault: Fault| fault.at(from_path.clone());
    let name = CString::new(name.as_bytes()).map_err(Fault::copying).map_err(top)?;
    let mount = rustix::fs::fstatvfs(from).map_err(Fault::reading).map_err(top)?.f_flag;
    let walk = Walk {
        is_nosuid: mount.contains(StatVfsMountFlags::NOSUID),
        is_nodev: mount.contains(StatVfsMountFlags::NODEV),
        contents: Contents::default(),
        links: Mutex::new(Links::new(into)),
        tally: Tally::new(watch),
    };
    let walked = walk.tree(from, from_path, into, &name);
    let linked = walked.and_then(|()| {
        let mut note = |settled| walk.tally.settled(settled, walk.is_nosuid);
        let ended = lock(&walk.links).end(walk.is_nosuid, &mut note);
        ended.map_err(|(path, fault)| fault.at(path.unwrap_or_else(|| from_path.clone())))
    });
    match linked {
        Ok(()) => Ok(walk.tally.end()),
        Err(error) => {
            links::abandon(into);
            Err(error)
        }
    }
}

struct Walk<'w> {
    is_nosuid: bool,
    is_nodev: bool,
    contents: Contents,
    links: Mutex<Links<'w>>,
    tally: Tally<'w>,
}

/// A directory that the walk is in.
struct Level {
    stat: Stat,
    flags: IFlags,
    below: vec::IntoIter<Entry>,
}

/// Where an entry lies and is copied to.
struct Spot<'s> {
    from: BorrowedFd<'s>,
    into: BorrowedFd<'s>,
    /// Who owns the directory; unknown of the topmost one.
    owner: Option<u32>,
    trail: &'s Trail<'s>,
}

impl Spot<'_> {
    /// The path of the entry `name`.
    fn path(&self, name: &CStr) -> HostPath {
        // The name of the topmost one in the copy says nothing.
        if self.owner.is_some() { self.trail.path(name) } else { self.trail.here() }
    }
}

impl Walk<'_> {
    fn tree(
        &self,
        from: BorrowedFd,
        from_path: &HostPath,
        into: BorrowedFd,
        name: &CStr,
    ) -> Result<(), SysError> {
        let mut descent = Descent::new(from_path);
        let original = node::reopen(from).map_err(|e| descent.failed(Fault::reading(e)))?;
        self.top(&mut descent, original, into, name).map_err(|fault| descent.failed(fault))?;
        if !descent.levels.is_empty() {
            self.fill(&mut descent)?;
        }
        while let Some(level) = descent.levels.last_mut() {
            if let Some(entry) = level.below.next() {
                descent.trail.down(entry.name.clone());
                Self::down(&mut descent, &entry.name).map_err(|fault| descent.failed(fault))?;
                self.fill(&mut descent)?;
            } else {
                self.leave(&mut descent).map_err(|fault| descent.failed(fault))?;
                descent.trail.up();
            }
        }
        Ok(())
    }

    fn top(
        &self,
        descent: &mut Descent<Level>,
        original: OwnedFd,
        into: BorrowedFd,
        name: &CStr,
    ) -> Result<(), Fault> {
        let stat = Stat::of(original.as_fd()).map_err(Fault::reading)?;
        if stat.kind() == FileType::Directory {
            let made = make_dir(into, name)?;
            file::strip(made.as_fd())?;
            return enter(descent, original, made);
        }
        let from = original.as_fd();
        let original = Original { file: from, stat, is_top: true };
        self.file(&Spot { from, into, owner: None, trail: &descent.trail }, name, &original)
    }

    /// Goes down into the directory `name`.
    fn down(descent: &mut Descent<Level>, name: &CStr) -> Result<(), Fault> {
        let dir = node::open_dir(descent.one.lowest().map_err(Fault::reading)?, name)?;
        let made = make_dir(descent.other.lowest().map_err(Fault::copying)?, name)?;
        enter(descent, dir, made)
    }

    /// Copies everything in the lowest directory but the directories.
    fn fill(&self, descent: &mut Descent<Level>) -> Result<(), SysError> {
        let Descent { one, other, trail, lister, levels } = descent;
        let here = |cause: io::Error| Fault::reading(cause).at(trail.here());
        let Some(level) = levels.last_mut() else { return Ok(()) };
        let (from, into) = (one.lowest().map_err(here)?, other.lowest().map_err(here)?);
        let entries = lister.list(from).map_err(here)?;
        let (below, mut entries): (Vec<Entry>, Vec<Entry>) =
            entries.into_iter().partition(|entry| entry.kind == FileType::Directory);
        // As they are likely to lie on the disk.
        entries.sort_unstable_by_key(|entry| entry.inode);
        let spot = Spot { from, into, owner: Some(level.stat.uid()), trail };
        share(&entries, |entry| self.entry(&spot, entry)).map_err(|(number, fault)| {
            let path = entries.get(number).map(|entry| trail.path(&entry.name));
            fault.at(path.unwrap_or_else(|| trail.here()))
        })?;
        level.below = below.into_iter();
        Ok(())
    }

    /// Widens the lowest directory, which is complete, and goes back up.
    fn leave(&self, descent: &mut Descent<Level>) -> Result<(), Fault> {
        let dir = descent.one.up().map_err(Fault::reading)?;
        let made = descent.other.up().map_err(Fault::copying)?;
        let Some(level) = descent.levels.pop() else { return Ok(()) };
        let (_, held) = file::settle(dir.as_fd(), &level.stat, made.as_fd(), level.stat.mode())?;
        self.tally.time(held, || descent.trail.here());
        if !Stat::of(dir.as_fd()).map_err(Fault::reading)?.is_as(&level.stat) {
            return Err(Fault::changed());
        }
        if !descent.levels.is_empty() {
            let unset = flags::set(made.as_fd(), level.flags & flags::KEPT);
            self.tally.leave_out(unset.map_err(Fault::copying)?, || descent.trail.here());
        }
        self.tally.tell(1, 0);
        Ok(())
    }

    fn entry(&self, spot: &Spot, entry: &Entry) -> Result<(), Fault> {
        let name = &entry.name;
        match entry.kind {
            FileType::RegularFile => {
                let (file, stat) = node::open_file(spot.from, name)?;
                self.file(spot, name, &Original { file: file.as_fd(), stat, is_top: false })
            }
            FileType::Socket => {
                self.tally.socket(spot.path(name));
                Ok(())
            }
            FileType::Symlink
            | FileType::Fifo
            | FileType::CharacterDevice
            | FileType::BlockDevice
            | FileType::Directory
            | FileType::Unknown => {
                let (node, stat) = node::pin(spot.from, name)?;
                let special = Special { node, stat, is_nodev: self.is_nodev };
                self.special(spot, name, &special)
            }
        }
    }

    fn file(&self, spot: &Spot, name: &CStr, original: &Original) -> Result<(), Fault> {
        let told = |bytes| self.tally.tell(0, bytes);
        let copy = || {
            let made = original.copy(spot.into, name, &self.contents, &told)?;
            self.tally.time(made.held, || spot.path(name));
            Ok(made)
        };
        if original.stat.links() > 1 {
            return self.linked(spot, name, &original.stat, || Ok(copy()?.rest));
        }
        let Made { file, rest, .. } = copy()?;
        if !rest.is_nothing() {
            let standing = Standing { is_nosuid: self.is_nosuid, ..Standing::default() };
            let settled = rest.settle(file.as_fd(), standing, Some(spot.path(name)))?;
            self.tally.settled(settled, self.is_nosuid);
        }
        self.tally.tell(1, 0);
        Ok(())
    }

    fn special(&self, spot: &Spot, name: &CStr, special: &Special) -> Result<(), Fault> {
        let copy = || {
            let held = special.copy(spot.into, name)?;
            self.tally.time(held, || spot.path(name));
            Ok(Rest::none())
        };
        if special.stat.links() > 1 {
            return self.linked(spot, name, &special.stat, copy);
        }
        copy()?;
        self.tally.tell(1, 0);
        Ok(())
    }

    /// Links to the copy of a file that was met before, or copies it now.
    fn linked(
        &self,
        spot: &Spot,
        name: &CStr,
        stat: &Stat,
        copy: impl FnOnce() -> Result<Rest, Fault>,
    ) -> Result<(), Fault> {
        let is_strange = spot.owner != Some(stat.uid());
        let found = Found { into: spot.into, name, is_strange };
        // Locked until it is complete, or the other thread could meet the file meanwhile.
        let mut links = lock(&self.links);
        match links.link(stat, found, self.is_nosuid)? {
            Linked::New => {
                let rest = copy()?;
                let path = (!rest.is_nothing()).then(|| spot.path(name));
                links.remember(stat, found, rest, path)?;
            }
            Linked::Again => {}
            Linked::Last(settled) => self.tally.settled(settled, self.is_nosuid),
        }
        self.tally.tell(1, 0);
        Ok(())
    }
}

/// Makes a directory that only root can enter. Nobody else can put another in its place: the one above
/// is closed as well.
fn make_dir(into: BorrowedFd, name: &CStr) -> Result<OwnedFd, Fault> {
    rustix::fs::mkdirat(into, name, Mode::RWXU).map_err(Fault::copying)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(into, name, flags, Mode::empty()).map_err(Fault::copying)
}

/// Goes down into a directory and the one that was made for it.
fn enter(descent: &mut Descent<Level>, dir: OwnedFd, made: OwnedFd) -> Result<(), Fault> {
    let stat = Stat::of(dir.as_fd()).map_err(Fault::reading)?;
    let flags = flags::of(dir.as_fd()).map_err(Fault::reading)?;
    file::keep_in_place(made.as_fd(), flags);
    descent.one.down(dir).map_err(Fault::reading)?;
    descent.other.down(made).map_err(Fault::copying)?;
    descent.levels.push(Level { stat, flags, below: Vec::new().into_iter() });
    Ok(())
}
