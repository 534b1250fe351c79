//! The walk that compares two trees, name by name.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::io;
use std::iter::Peekable;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Mutex;
use std::vec;

use rustix::fs::{FileType, IFlags, StatVfsMountFlags};

use super::descent::Descent;
use super::listing::{Entry, Trail};
use super::node::{self, Id};
use super::privilege::Standing;
use super::same::{self, Blocks, Privilege, Side, What};
use super::share::{lock, share};
use super::{Care, Difference, Fault, SysError};
use crate::path::HostPath;

/// Returns the first difference between two trees; of the file flags only those in `mask` count.
pub(super) fn compare(
    one: BorrowedFd,
    one_path: &HostPath,
    other: BorrowedFd,
    mask: IFlags,
    care: Care,
) -> Result<Option<Difference>, SysError> {
    let top = |cause: io::Error| Fault::reading(cause).at(one_path.clone());
    let mount = rustix::fs::fstatvfs(one).map_err(|errno| top(errno.into()))?.f_flag;
    let comparison = Comparison {
        is_nosuid: mount.contains(StatVfsMountFlags::NOSUID),
        mask,
        care,
        spare: Mutex::default(),
        linked: Mutex::default(),
    };
    let one = node::reopen(one).map_err(top)?;
    let other = node::reopen(other).map_err(top)?;
    match comparison.trees(one, one_path, other) {
        Ok(()) => Ok(comparison.end()),
        Err(Stop::Differs(difference)) => Ok(Some(difference)),
        Err(Stop::Failed(error)) => Err(error),
    }
}

struct Comparison {
    is_nosuid: bool,
    mask: IFlags,
    care: Care,
    /// Room that no thread uses now.
    spare: Mutex<Vec<Blocks>>,
    /// Privileged files with several names, of the first tree.
    linked: Mutex<HashMap<Id, Linked>>,
}

/// A privileged file with several names.
struct Linked {
    links: u32,
    found: u32,
    is_strange: bool,
    /// Where its copy lacks the privilege.
    lacking: Option<HostPath>,
}

/// Why the walk has come to its end.
enum Stop {
    Differs(Difference),
    Failed(SysError),
}

/// Why a pair is the last one that is compared.
enum Verdict {
    Differs(What),
    Failed(Fault),
}

impl From<io::Error> for Verdict {
    fn from(cause: io::Error) -> Self {
        Self::Failed(Fault::reading(cause))
    }
}

impl From<Fault> for Verdict {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

impl Verdict {
    fn at(self, path: HostPath) -> Stop {
        match self {
            Self::Differs(what) => Stop::Differs(Difference { path, what }),
            Self::Failed(fault) => Stop::Failed(fault.at(path)),
        }
    }
}

/// The directories in a directory.
type Level = vec::IntoIter<CString>;

/// Where a pair lies.
struct Spot<'s> {
    one: BorrowedFd<'s>,
    other: BorrowedFd<'s>,
    owner: u32,
    trail: &'s Trail<'s>,
}

impl Comparison {
    fn trees(&self, one: OwnedFd, one_path: &HostPath, other: OwnedFd) -> Result<(), Stop> {
        let mut descent = Descent::new(one_path);
        let sides = (Side::of(one.as_fd()), Side::of(other.as_fd()));
        let top = |verdict: Verdict| verdict.at(one_path.clone());
        let (first, second) = (
            sides.0.map_err(|cause| top(cause.into()))?,
            sides.1.map_err(|cause| top(cause.into()))?,
        );
        self.pair(&first, &second, IFlags::empty()).map_err(top)?;
        if first.stat.kind() != FileType::Directory {
            return self.privilege(&first, &second, None, &|| one_path.clone()).map_err(top);
        }
        enter(&mut descent, one, other).map_err(|cause| top(cause.into()))?;
        self.fill(&mut descent)?;
        while let Some(level) = descent.levels.last_mut() {
            if let Some(name) = level.next() {
                descent.trail.down(name.clone());
                self.down(&mut descent, &name)
                    .map_err(|verdict| verdict.at(descent.trail.here()))?;
                self.fill(&mut descent)?;
            } else {
                leave(&mut descent)
                    .map_err(|cause| Verdict::from(cause).at(descent.trail.here()))?;
                descent.trail.up();
            }
        }
        Ok(())
    }

    /// Goes down into a directory of both trees.
    fn down(&self, descent: &mut Descent<Level>, name: &CStr) -> Result<(), Verdict> {
        let one = node::open_dir(descent.one.lowest()?, name)?;
        let other = node::open_dir(descent.other.lowest()?, name)?;
        self.pair(&Side::of(one.as_fd())?, &Side::of(other.as_fd())?, self.mask)?;
        Ok(enter(descent, one, other)?)
    }

    /// Compares the lowest directories, but not what is in the directories in them.
    fn fill(&self, descent: &mut Descent<Level>) -> Result<(), Stop> {
        let Descent { one, other, trail, lister, levels } = descent;
        let here = |cause: io::Error| Verdict::from(cause).at(trail.here());
        let (one, other) = (one.lowest().map_err(here)?, other.lowest().map_err(here)?);
        let theirs = lister.list(one).map_err(here)?;
        let pairs = pairs(theirs, lister.list(other).map_err(here)?)
            .map_err(|(name, what)| Verdict::Differs(what).at(trail.path(&name)))?;
        let (below, pairs): (Vec<Entry>, Vec<Entry>) =
            pairs.into_iter().partition(|entry| entry.kind == FileType::Directory);
        let sides = (Side::of(one).map_err(here)?, Side::of(other).map_err(here)?);
        let spot = Spot { one, other, owner: sides.0.stat.uid(), trail };
        share(&pairs, |entry| self.entry(&spot, entry)).map_err(|(number, verdict)| {
            let path = pairs.get(number).map(|entry| trail.path(&entry.name));
            verdict.at(path.unwrap_or_else(|| trail.here()))
        })?;
        same::have_same_time(&sides.0, &sides.1)
            .map_err(|what| Verdict::Differs(what).at(trail.here()))?;
        if let Some(level) = levels.last_mut() {
            *level = below.into_iter().map(|entry| entry.name).collect::<Vec<_>>().into_iter();
        }
        Ok(())
    }

    fn entry(&self, spot: &Spot, entry: &Entry) -> Result<(), Verdict> {
        let name = &entry.name;
        let open = |at| match entry.kind {
            FileType::RegularFile => node::open_file(at, name),
            _ => node::pin(at, name),
        };
        let ((one, stat), (other, other_stat)) = (open(spot.one)?, open(spot.other)?);
        let one = Side { fd: one.as_fd(), stat };
        let other = Side { fd: other.as_fd(), stat: other_stat };
        self.pair(&one, &other, self.mask)?;
        self.privilege(&one, &other, Some(spot.owner), &|| spot.trail.path(name))
    }

    /// Compares two nodes, but of directories neither what is in them nor the time, which says only
    /// that.
    fn pair(&self, one: &Side, other: &Side, mask: IFlags) -> Result<(), Verdict> {
        if let Some(what) = same::difference(one, other)? {
            return Err(Verdict::Differs(what));
        }
        if !same::have_same_flags(one, other, mask)? {
            return Err(Verdict::Differs("file flags"));
        }
        let is_told = self.care == Care::Stamps && one.stat.is_told_by_time(&other.stat);
        if one.stat.kind() == FileType::RegularFile && !is_told {
            let mut blocks = lock(&self.spare).pop().unwrap_or_default();
            let is_same = same::have_same_bytes(one, other, &mut blocks)?;
            lock(&self.spare).push(blocks);
            if !is_same {
                return Err(Verdict::Differs("content"));
            }
        }
        if one.stat.kind() == FileType::Directory {
            return Ok(());
        }
        same::have_same_time(one, other).map_err(Verdict::Differs)
    }

    /// Compares the privileges of two files, by the rules by which a copy keeps them. `owner` is whose
    /// the directory of the first one is.
    fn privilege(
        &self,
        one: &Side,
        other: &Side,
        owner: Option<u32>,
        path: &dyn Fn() -> HostPath,
    ) -> Result<(), Verdict> {
        if one.stat.kind() != FileType::RegularFile {
            return Ok(());
        }
        let lacks = match same::privileges(one, other)?.map_err(Verdict::Differs)? {
            Privilege::None => return Ok(()),
            Privilege::Kept => false,
            Privilege::Lacking => true,
        };
        if one.stat.links() > 1 {
            let links = one.stat.links();
            let mut linked = lock(&self.linked);
            let new = Linked { links, found: 0, is_strange: false, lacking: None };
            let file = linked.entry(one.stat.id()).or_insert(new);
            file.found += 1;
            file.is_strange |= owner != Some(one.stat.uid());
            if lacks {
                file.lacking.get_or_insert_with(path);
            }
        } else if lacks && !self.is_nosuid {
            return Err(Verdict::Differs("mode"));
        }
        Ok(())
    }

    /// What is known only when the whole tree was seen.
    fn end(self) -> Option<Difference> {
        let linked = self.linked.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let missed = linked.into_values().filter_map(|file| {
            let standing = Standing {
                is_nosuid: self.is_nosuid,
                has_links_outside: file.found < file.links,
                is_strange: file.is_strange,
            };
            file.lacking.filter(|_| standing.keeps())
        });
        missed.min().map(|path| Difference { path, what: "mode" })
    }
}

fn enter(descent: &mut Descent<Level>, one: OwnedFd, other: OwnedFd) -> io::Result<()> {
    descent.one.down(one)?;
    descent.other.down(other)?;
    descent.levels.push(Vec::new().into_iter());
    Ok(())
}

fn leave(descent: &mut Descent<Level>) -> io::Result<()> {
    descent.levels.pop();
    descent.one.up()?;
    descent.other.up()?;
    Ok(())
}

/// Puts the names of two directories beside each other; sockets do not count.
fn pairs(one: Vec<Entry>, other: Vec<Entry>) -> Result<Vec<Entry>, (CString, What)> {
    let (mut one, mut other) = (sorted(one), sorted(other));
    let mut pairs = Vec::with_capacity(one.len());
    loop {
        let order = match (one.peek(), other.peek()) {
            (None, None) => return Ok(pairs),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(first), Some(second)) => first.name.cmp(&second.name),
        };
        let first = one.next_if(|_| order.is_le());
        match (first, other.next_if(|_| order.is_ge())) {
            (Some(first), Some(second)) if first.kind == second.kind => pairs.push(first),
            (Some(first), Some(_)) => return Err((first.name, "type")),
            (Some(alone), None) | (None, Some(alone)) => return Err((alone.name, "presence")),
            (None, None) => return Ok(pairs),
        }
    }
}

fn sorted(mut entries: Vec<Entry>) -> Peekable<vec::IntoIter<Entry>> {
    entries.retain(|entry| entry.kind != FileType::Socket);
    entries.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    entries.into_iter().peekable()
}
