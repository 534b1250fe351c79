//! What became of one name: looked at on both sides, compared, and told.

use std::cell::OnceCell;
use std::ffi::{CStr, OsStr};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use super::compare;
use super::names::Sides;
use super::pair::{Inner, Level, Work};
use super::pool::{Event, Found, Task};
use super::sum::{Count, gap};
use super::{Hand, Scan, Summing};
use crate::loss::{Change, ChangeKind, Extent, FileType, Gap, Node, Sum};
use crate::path::HostPath;
use crate::sys::tree::{Changed, Dir, Stat};

/// How often something that changes while it is looked at is looked at again.
const TRIES: usize = 5;

/// What is done with two that have one name.
const COMPARE: &str = "compare it with the blank";

/// What could not be done, and why.
type Trouble = (&'static str, io::Error);

/// What lies at one name on either side.
struct Pair {
    now: Option<Stat>,
    blank: Option<Stat>,
}

/// A look at the names of a level.
pub(super) struct Look<'l, 's, 'h> {
    scan: &'l Scan<'s>,
    level: &'l Arc<Level>,
    /// The path of the level, put together when the first change is told.
    here: OnceCell<HostPath>,
    hand: &'h mut Hand,
    found: Found,
}

impl<'l, 's, 'h> Look<'l, 's, 'h> {
    pub(super) fn new(scan: &'l Scan<'s>, level: &'l Arc<Level>, hand: &'h mut Hand) -> Self {
        Self { scan, level, here: OnceCell::new(), hand, found: Found::default() }
    }

    /// What was found until now.
    pub(super) fn found(self) -> Found {
        self.found
    }

    /// Takes one name: tells what became of it, and has it entered where it is a directory.
    pub(super) fn visit(&mut self, name: &CStr, sides: Sides) {
        for _ in 0..TRIES {
            match self.try_visit(name, sides) {
                Err((_, cause)) if Changed::is_cause(&cause) => {}
                Err((doing, cause)) => return self.gap(name, doing, &cause),
                Ok(()) => return,
            }
        }
        self.gap(name, "look at it", &Changed::error());
    }

    /// Tells nothing where it returns an error.
    fn try_visit(&mut self, name: &CStr, sides: Sides) -> Result<(), Trouble> {
        let level = self.level;
        let stat = |dir: &Option<Arc<Dir>>, is_there: bool| {
            dir.as_ref().filter(|_| is_there).map_or(Ok(None), |dir| dir.stat(name))
        };
        let now = stat(&level.root, sides.root || level.partial.root);
        let now = now.map_err(|cause| ("look at it", cause))?;
        let blank = stat(&level.blank, sides.blank || level.partial.blank);
        let blank = blank.map_err(|cause| ("look at it in the blank", cause))?;
        if now.is_none() && level.partial.root {
            return Ok(());
        }
        match now {
            Some(stat) if stat.is_mount_point(self.scan.root_mount) => {
                self.mount_point(name, &stat, blank.is_some());
                Ok(())
            }
            _ => self.pair(name, &Pair { now, blank }),
        }
    }

    fn pair(&mut self, name: &CStr, pair: &Pair) -> Result<(), Trouble> {
        let node = |stat: &Option<Stat>| {
            let node = stat.as_ref().map(Stat::node).transpose();
            node.map_err(|cause| ("look at it", cause))
        };
        let (now, blank) = (node(&pair.now)?, node(&pair.blank)?);
        let is_dir = |node: Option<Node>| node.is_some_and(|n| n.file_type == FileType::Directory);
        let dirs = Sides { root: is_dir(now), blank: is_dir(blank) };
        let (kind, node) = match (now, blank) {
            (Some(now), Some(blank)) if now.file_type != blank.file_type => {
                (ChangeKind::TypeChanged, now)
            }
            (Some(now), Some(_)) => return self.both(name, pair, now, dirs),
            (Some(now), None) => (ChangeKind::Added, now),
            (None, Some(blank)) => (ChangeKind::Removed, blank),
            (None, None) => return Ok(()),
        };
        self.tell(name, kind, node, dirs);
        Ok(())
    }

    /// Compares two of one type.
    fn both(&mut self, name: &CStr, pair: &Pair, node: Node, dirs: Sides) -> Result<(), Trouble> {
        let level = self.level;
        let (Some(root), Some(blank)) = (&level.root, &level.blank) else { return Ok(()) };
        let (Some(now), Some(then)) = (&pair.now, &pair.blank) else { return Ok(()) };
        if dirs.root {
            self.inner(name, dirs, !now.is_unchanged_since(then));
            return Ok(());
        }
        let kind = compare::compare(name, (root, now), (blank, then), &mut self.hand.pieces);
        match kind {
            Ok(Some(kind)) => self.tell(name, kind, node, dirs),
            Ok(None) => {}
            // It is looked at again, and then it is removed.
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                return Err((COMPARE, Changed::error()));
            }
            Err(cause) => return Err((COMPARE, cause)),
        }
        Ok(())
    }

    /// Tells of a change, with what lies below it summed up where that is all the same.
    fn tell(&mut self, name: &CStr, kind: ChangeKind, node: Node, dirs: Sides) {
        let change = Change { path: self.path(name), kind, node, extent: Extent::Itself };
        let side = match dirs {
            Sides { root: true, blank: false } => &self.level.root,
            Sides { root: false, blank: true } => &self.level.blank,
            _ => &None,
        };
        let summing = match side {
            Some(_) if change.is_new_directory() => self.scan.guide.summing(&change.path),
            _ => Summing::Not,
        };
        match (side, summing) {
            (Some(dir), Summing::Tree) => self.sum(change, Extent::Tree, dir, name, dirs),
            (Some(dir), Summing::Contents) => {
                self.found.events.push(Event::Change(change.clone()));
                self.sum(change, Extent::Contents, dir, name, dirs);
            }
            (_, Summing::Not) | (None, _) => {
                self.found.events.push(Event::Change(change));
                if dirs.root || dirs.blank {
                    self.inner(name, dirs, false);
                }
            }
        }
    }

    fn sum(
        &mut self,
        change: Change,
        extent: fn(Sum) -> Extent,
        dir: &Arc<Dir>,
        name: &CStr,
        dirs: Sides,
    ) {
        let mount = if dirs.root { self.scan.root_mount } else { self.scan.blank_mount };
        let (count, top) = Count::begin(dir, name, &self.level.trail, mount);
        self.found.events.push(Event::Sum(change, extent, count));
        self.found.sums.push(top);
    }

    /// Has a directory looked at.
    fn inner(&mut self, name: &CStr, sides: Sides, is_touched: bool) {
        let (level, name) = (Arc::clone(self.level), name.to_owned());
        let task = Task::new(Work::Directory(Inner { level, name, sides, is_touched }));
        self.found.events.push(Event::Inner(task));
    }

    /// Something is mounted here and hides what the root has here. That is a gap on every mount point,
    /// also on those that are empty by custom: what was left there is erased all the same.
    fn mount_point(&mut self, name: &CStr, stat: &Stat, is_in_blank: bool) {
        let path = self.path(name);
        if !is_in_blank {
            match stat.node() {
                // Its owner, times and size are those of what is mounted.
                Ok(node) => {
                    let node = Node { size: 0, allocated: 0, ..node };
                    let (path, kind) = (path.clone(), ChangeKind::Added);
                    let change = Change { path, kind, node, extent: Extent::Itself };
                    self.found.events.push(Event::Change(change));
                }
                Err(cause) => self.gap(name, "look at it", &cause),
            }
        }
        let what = "something is mounted here; run as root to see what it hides";
        self.found.events.push(Event::Gap(Gap { path, error: what.to_owned() }));
    }

    fn gap(&mut self, name: &CStr, doing: &str, cause: &io::Error) {
        let path = self.path(name);
        self.found.events.push(Event::Gap(gap(path, doing, cause)));
    }

    fn path(&self, name: &CStr) -> HostPath {
        let here = self.here.get_or_init(|| self.level.trail.path());
        here.join(OsStr::from_bytes(name.to_bytes()))
    }
}
