//! Walks the root beside its blank and tells every difference.
//!
//! In: two open trees. Out, one by one into a [`Sink`]: changes and gaps. Nothing is opened by more
//! than one name, nothing is followed, nothing is changed. The walk keeps one level of the tree open
//! per level of depth and holds names only of the directories that it is in.

use std::ffi::{CStr, OsStr};
use std::io;
use std::os::unix::ffi::OsStrExt;

use super::compare::{self, Side};
use super::level::{Level, Listed, Pair};
use super::names::Names;
use super::{Change, ChangeKind, FileType, Gap, Node, Sink, Sum};
use crate::path::HostPath;
use crate::sys::tree::{Dir, ListBuffer, Stat, Tree};

/// What to walk.
#[derive(Debug)]
pub struct Trees<'t> {
    /// The root.
    pub root: &'t Tree,
    /// The blank; nothing is an empty one.
    pub blank: Option<&'t Tree>,
}

/// What the walk has to know of the host.
pub trait Guide {
    /// Whether everything below a new directory comes to the same as the directory itself, so that
    /// it can be summed up.
    fn is_uniform(&self, directory: &HostPath) -> bool;
}

/// Tells `sink` every difference between the root and its blank, and every place that it could not
/// read. The root directory itself is never told of.
///
/// # Errors
/// Only those of `sink`: whatever cannot be read is a gap.
pub fn scan<S: Sink>(trees: &Trees, guide: &dyn Guide, sink: &mut S) -> Result<(), S::Error> {
    let mut walk = Walk {
        trees,
        guide,
        sink,
        path: Vec::new(),
        stack: Vec::new(),
        buffer: ListBuffer::default(),
    };
    walk.enter_top()?;
    while let Some(level) = walk.stack.last_mut() {
        match level.next() {
            Some(name) => walk.visit(&name)?,
            None => walk.leave(),
        }
    }
    Ok(())
}

pub(super) struct Walk<'w, 't, S> {
    trees: &'w Trees<'t>,
    guide: &'w dyn Guide,
    pub(super) sink: &'w mut S,
    /// The path of what is looked at, without its leading slash.
    pub(super) path: Vec<u8>,
    stack: Vec<Level>,
    pub(super) buffer: ListBuffer,
}

impl<S: Sink> Walk<'_, '_, S> {
    fn enter_top(&mut self) -> Result<(), S::Error> {
        let root = self.trees.root.top.open_dir(c".");
        let root = self.opened(root, "read the directory")?;
        let blank = match self.trees.blank {
            Some(blank) => {
                let opened = blank.top.open_dir(c".");
                self.opened(opened, "read the blank's directory")?
            }
            None => None,
        };
        self.enter(root, blank)
    }

    /// Takes one name: tells what became of it, and goes into it where it is a directory.
    fn visit(&mut self, name: &CStr) -> Result<(), S::Error> {
        let Some(level) = self.stack.last() else { return Ok(()) };
        self.path.truncate(level.path);
        push_name(&mut self.path, name);
        let (is_partial, now) =
            (level.is_partial, level.root.as_ref().map_or(Ok(None), |(dir, _)| dir.stat(name)));
        let blank = level.blank.as_ref().map_or(Ok(None), |(dir, _)| dir.stat(name));
        let Some(now) = self.known(now, "look at it")? else { return Ok(()) };
        let Some(blank) = self.known(blank, "look at it in the blank")? else { return Ok(()) };
        if now.is_none() && is_partial {
            return Ok(());
        }
        let pair = Pair { now, blank };
        if let Some(stat) = &pair.now
            && stat.is_mount_point(self.trees.root.mount)
        {
            return self.mount_point(stat, pair.blank.is_some());
        }
        self.pair(name, &pair)
    }

    fn pair(&mut self, name: &CStr, pair: &Pair) -> Result<(), S::Error> {
        let nodes =
            (pair.now.map(|s| s.node()).transpose(), pair.blank.map(|s| s.node()).transpose());
        let (now, blank) = match nodes {
            (Ok(now), Ok(blank)) => (now, blank),
            (Err(cause), _) | (_, Err(cause)) => return self.gap("look at it", &cause),
        };
        let (kind, node) = match (now, blank) {
            (Some(now), Some(blank)) if now.file_type != blank.file_type => {
                (Some(ChangeKind::TypeChanged), now)
            }
            (Some(now), Some(_)) => (self.compared(name, pair)?, now),
            (Some(now), None) => (Some(ChangeKind::Added), now),
            (None, Some(blank)) => (Some(ChangeKind::Removed), blank),
            (None, None) => return Ok(()),
        };
        let is_dir = |node: Option<Node>| node.is_some_and(|n| n.file_type == FileType::Directory);
        let root = if is_dir(now) { self.open(name, Side::Root)? } else { None };
        let blank = if is_dir(blank) { self.open(name, Side::Blank)? } else { None };
        // A directory that was not opened is a gap or has vanished. To go on in its blank alone would
        // tell of everything in it as removed.
        let blank = if is_dir(now) && root.is_none() { None } else { blank };
        match kind {
            Some(kind) => self.tell(kind, node, root, blank),
            None => self.enter(root, blank),
        }
    }

    /// Tells of a change, with what lies below it summed up where that is all the same.
    fn tell(
        &mut self,
        kind: ChangeKind,
        node: Node,
        root: Option<Dir>,
        blank: Option<Dir>,
    ) -> Result<(), S::Error> {
        let mut change = Change { path: host_path(&self.path), kind, node, below: None };
        if !change.is_new_directory() || !self.guide.is_uniform(&change.path) {
            self.sink.change(change)?;
            return self.enter(root, blank);
        }
        let mut sum = Sum::default();
        match (root, blank) {
            (Some(dir), None) => self.sum(dir, Side::Root, &mut sum)?,
            (None, Some(dir)) => self.sum(dir, Side::Blank, &mut sum)?,
            (None, None) => {}
            (Some(root), Some(blank)) => {
                self.sink.change(change)?;
                return self.enter(Some(root), Some(blank));
            }
        }
        change.below = Some(sum);
        self.sink.change(change)
    }

    /// Compares two of one type: the change there is, if there is one.
    fn compared(&mut self, name: &CStr, pair: &Pair) -> Result<Option<ChangeKind>, S::Error> {
        let Some(Level { root: Some((root, _)), blank: Some((blank, _)), .. }) = self.stack.last()
        else {
            return Ok(None);
        };
        let (Some(now), Some(then)) = (&pair.now, &pair.blank) else { return Ok(None) };
        match compare::compare(name, (root, now), (blank, then)) {
            Ok(kind) => Ok(kind),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => self.gap("compare it with the blank", &cause).map(|()| None),
        }
    }

    /// Something is mounted here and hides what the root has here. That is a gap on every mount point,
    /// also on those that are empty by custom: what was left there is erased all the same.
    fn mount_point(&mut self, stat: &Stat, is_in_blank: bool) -> Result<(), S::Error> {
        let path = host_path(&self.path);
        if !is_in_blank {
            match stat.node() {
                // Its owner, times and size are those of what is mounted.
                Ok(node) => {
                    let node = Node { size: 0, ..node };
                    self.sink.change(Change {
                        path,
                        kind: ChangeKind::Added,
                        node,
                        below: None,
                    })?;
                }
                Err(cause) => self.gap("look at it", &cause)?,
            }
        }
        let what = "something is mounted here; run as root to see what it hides";
        self.sink.gap(Gap { path: host_path(&self.path), error: what.to_owned() })
    }

    fn open(&mut self, name: &CStr, side: Side) -> Result<Option<Dir>, S::Error> {
        let Some(level) = self.stack.last() else { return Ok(None) };
        let (above, doing) = match side {
            Side::Root => (&level.root, "read the directory"),
            Side::Blank => (&level.blank, "read the blank's directory"),
        };
        let Some((above, _)) = above else { return Ok(None) };
        let opened = above.open_dir(name);
        self.opened(opened, doing)
    }

    /// What was opened; nothing if it has vanished, nothing and a gap if it could not be opened.
    fn opened(&mut self, dir: io::Result<Dir>, doing: &str) -> Result<Option<Dir>, S::Error> {
        match dir {
            Ok(dir) => Ok(Some(dir)),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => self.gap(doing, &cause).map(|()| None),
        }
    }

    fn enter(&mut self, root: Option<Dir>, blank: Option<Dir>) -> Result<(), S::Error> {
        if root.is_none() && blank.is_none() {
            return Ok(());
        }
        let (root, is_partial) = self.listed(root, "list the directory")?;
        let (blank, _) = self.listed(blank, "list the blank's directory")?;
        self.stack.push(Level { root, blank, is_partial, path: self.path.len() });
        Ok(())
    }

    /// Lists a directory, and says whether that broke off.
    fn listed(&mut self, dir: Option<Dir>, doing: &str) -> Result<(Listed, bool), S::Error> {
        let Some(dir) = dir else { return Ok((None, false)) };
        let mut names = Names::default();
        let listed = dir.names(&mut self.buffer, &mut |name| names.push(name));
        if let Err(cause) = &listed {
            self.gap(doing, cause)?;
        }
        names.sort();
        Ok((Some((dir, names)), listed.is_err()))
    }

    fn leave(&mut self) {
        self.stack.pop();
        let above = self.stack.last().map_or(0, |level| level.path);
        self.path.truncate(above);
    }

    fn known<T>(&mut self, known: io::Result<T>, doing: &str) -> Result<Option<T>, S::Error> {
        match known {
            Ok(value) => Ok(Some(value)),
            Err(cause) => self.gap(doing, &cause).map(|()| None),
        }
    }

    pub(super) fn gap(&mut self, doing: &str, cause: &io::Error) -> Result<(), S::Error> {
        self.sink
            .gap(Gap { path: host_path(&self.path), error: format!("cannot {doing}: {cause}") })
    }

    pub(super) fn mount_of(&self, side: Side) -> u64 {
        match side {
            Side::Root => self.trees.root.mount,
            Side::Blank => self.trees.blank.map_or(0, |tree| tree.mount),
        }
    }
}

/// `path` goes without its leading slash.
pub(super) fn host_path(path: &[u8]) -> HostPath {
    HostPath::root().join(OsStr::from_bytes(path))
}

pub(super) fn push_name(path: &mut Vec<u8>, name: &CStr) {
    if !path.is_empty() {
        path.push(b'/');
    }
    path.extend_from_slice(name.to_bytes());
}
