//! One directory of the root beside that of the blank: name by name, what became of it.

use std::ffi::{CStr, CString};
use std::io;
use std::sync::Arc;

use super::compare;
use super::look::Look;
use super::names::{Names, Sides};
use super::pool::{Event, Found, Task};
use super::sum::gap;
use super::trail::Trail;
use super::{Hand, Scan};
use crate::loss::{Change, Extent};
#[cfg(test)]
use crate::path::HostPath;
use crate::sys::tree::Dir;

/// How many names are looked at in one go. A larger directory is more than one thread's work, and what
/// it comes to need not be held all at once.
const PART: usize = 512;

/// A directory that the walk is in, on either side or on both, with the names in it.
#[derive(Debug)]
pub(super) struct Level {
    pub(super) root: Option<Arc<Dir>>,
    pub(super) blank: Option<Arc<Dir>>,
    /// Whose names are not all known: one that is missing may be there all the same.
    pub(super) partial: Sides,
    names: Names,
    pub(super) trail: Arc<Trail>,
}

/// What is to be looked at.
#[derive(Debug)]
pub(super) enum Work {
    /// A directory that has to be opened.
    Directory(Inner),
    /// The names of a level from this one on.
    Part(Arc<Level>, usize),
}

/// A directory in a level.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) level: Arc<Level>,
    pub(super) name: CString,
    /// Where it is a directory.
    pub(super) sides: Sides,
    /// It is on both sides, and not as it was at the time of the blank.
    pub(super) is_touched: bool,
}

#[cfg(test)]
impl Work {
    /// A part of an empty directory.
    pub(super) fn nothing() -> Self {
        let (partial, names) = (Sides::default(), Names::default());
        let trail = Trail::top(&HostPath::root());
        Self::Part(Arc::new(Level { root: None, blank: None, partial, names, trail }), 0)
    }
}

impl Level {
    /// One name in two directories.
    pub(super) fn one(
        root: &Arc<Dir>,
        blank: Option<&Arc<Dir>>,
        name: &CStr,
        trail: Arc<Trail>,
    ) -> Arc<Self> {
        let (root, blank) = (Some(Arc::clone(root)), blank.cloned());
        let mut names = Names::default();
        names.push(name, Sides { root: true, blank: blank.is_some() });
        Arc::new(Self { root, blank, partial: Sides::default(), names, trail })
    }
}

impl Scan<'_> {
    /// Looks at a directory, or at a part of one.
    pub(super) fn look(&self, work: Work, hand: &mut Hand) -> Found {
        match work {
            Work::Directory(inner) => self.directory(inner, hand),
            Work::Part(level, from) => self.part(&level, from, hand),
        }
    }

    fn directory(&self, inner: Inner, hand: &mut Hand) -> Found {
        let Inner { level, name, sides, is_touched } = inner;
        let open = |dir: &Option<Arc<Dir>>, is_there: bool| {
            dir.as_ref().filter(|_| is_there).map(|dir| dir.open_dir(&name))
        };
        let (root, blank) = (open(&level.root, sides.root), open(&level.blank, sides.blank));
        let trail = level.trail.down(name);
        drop(level);
        let mut found = Found::default();
        let root = opened(root, "read the directory", &trail, &mut found);
        // A directory that was not opened is a gap or has vanished. To go on in its blank alone would
        // tell of everything in it as removed.
        let blank = if sides.root && root.is_none() {
            None
        } else {
            opened(blank, "read the blank's directory", &trail, &mut found)
        };
        if is_touched && let (Some(root), Some(blank)) = (&root, &blank) {
            found.events.extend(itself(root, blank, &trail));
        }
        self.enter(root, blank, trail, found, hand)
    }

    /// Lists two directories, and looks at what lies in them.
    pub(super) fn enter(
        &self,
        root: Option<Dir>,
        blank: Option<Dir>,
        trail: Arc<Trail>,
        mut found: Found,
        hand: &mut Hand,
    ) -> Found {
        let mut names = Names::default();
        let mut broke_off = |listed: Option<io::Result<()>>, doing: &str| {
            let Some(Err(cause)) = listed else { return false };
            found.events.push(Event::Gap(gap(trail.path(), doing, &cause)));
            true
        };
        let buffer = &mut hand.buffer;
        let on_root =
            root.as_ref().map(|dir| dir.list(buffer, |name, _| names.push(name, Sides::ROOT)));
        let in_blank = blank.as_ref().map(|dir| dir.list(buffer, |name, _| names.push_blank(name)));
        let partial = Sides {
            root: broke_off(on_root, "list the directory"),
            blank: broke_off(in_blank, "list the blank's directory"),
        };
        names.sort();
        let (root, blank) = (root.map(Arc::new), blank.map(Arc::new));
        let level = Arc::new(Level { root, blank, partial, names, trail });
        if level.names.len() <= PART {
            let here = self.part(&level, 0, hand);
            found.events.extend(here.events);
            found.sums.extend(here.sums);
        } else {
            let parts = (0..level.names.len()).step_by(PART);
            let task = |from| Event::Inner(Task::new(Work::Part(Arc::clone(&level), from)));
            found.events.extend(parts.map(task));
        }
        found
    }

    /// Looks at the names of a level from one on.
    pub(super) fn part(&self, level: &Arc<Level>, from: usize, hand: &mut Hand) -> Found {
        let mut look = Look::new(self, level, hand);
        let names = (from..from.saturating_add(PART)).map_while(|at| level.names.get(at));
        let mut seen = 0;
        for (name, sides) in names {
            look.visit(name, sides);
            seen += 1;
        }
        self.seen.add(seen);
        look.found()
    }
}

/// What was opened; nothing if it has vanished, nothing and a gap if it could not be opened.
pub(super) fn opened(
    dir: Option<io::Result<Dir>>,
    doing: &str,
    trail: &Trail,
    found: &mut Found,
) -> Option<Dir> {
    match dir? {
        Ok(dir) => Some(dir),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => None,
        Err(cause) => {
            found.events.push(Event::Gap(gap(trail.path(), doing, &cause)));
            None
        }
    }
}

/// How a directory itself differs from its blank, beside what is in it.
fn itself(root: &Dir, blank: &Dir, trail: &Trail) -> Option<Event> {
    let compare = || {
        let (now, blank) = (root.hold_self()?, blank.hold_self()?);
        Ok(compare::metadata(&now, &blank)?.map(|kind| (kind, now)))
    };
    let change = |kind, node| {
        Event::Change(Change { path: trail.path(), kind, node, extent: Extent::Itself })
    };
    match compare() {
        Ok(None) => None,
        Ok(Some((kind, now))) => Some(match now.stat.node() {
            Ok(node) => change(kind, node),
            Err(cause) => Event::Gap(gap(trail.path(), "look at it", &cause)),
        }),
        Err(cause) => Some(Event::Gap(gap(trail.path(), "compare it with the blank", &cause))),
    }
}
