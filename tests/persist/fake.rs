//! A system in memory: a tree of names, bind mounts over it, and a call at which it fails.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io;

use blankslate::path::HostPath;
use blankslate::sys::{FileId, Look, Meta, Seen, Sys, SysError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    Directory(Meta),
    File(Meta, String),
    Symlink(String),
    Fifo,
}

/// What a run left behind: comparable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    pub nodes: BTreeMap<HostPath, Node>,
    /// Target to source.
    pub mounts: BTreeMap<HostPath, HostPath>,
}

#[derive(Debug, Default)]
pub struct FakeSys {
    pub state: State,
    /// The store's path: it is a device of its own.
    store: Option<HostPath>,
    calls: Cell<usize>,
    fail_at: Option<usize>,
}

pub const ROOT: Meta = Meta { uid: 0, gid: 0, mode: 0o755 };

pub fn path(text: &str) -> HostPath {
    text.parse().unwrap()
}

impl FakeSys {
    /// `/` and the store, both empty.
    pub fn new(store: &str) -> Self {
        let mut sys = Self { store: Some(path(store)), ..Self::default() };
        sys.put("/", Node::Directory(ROOT));
        sys.dir(store, ROOT);
        sys
    }

    pub fn from_state(state: State, store: &str) -> Self {
        Self { state, store: Some(path(store)), ..Self::default() }
    }

    /// Makes the `n`th call from now on fail, and every one after it: the process was killed there.
    pub fn fail_at(mut self, n: usize) -> Self {
        self.fail_at = Some(n);
        self
    }

    pub fn calls(&self) -> usize {
        self.calls.get()
    }

    pub fn put(&mut self, at: &str, node: Node) {
        self.state.nodes.insert(path(at), node);
    }

    /// Makes a directory and those above it.
    pub fn dir(&mut self, at: &str, meta: Meta) {
        for above in path(at).ancestors() {
            self.state.nodes.entry(above).or_insert(Node::Directory(ROOT));
        }
        self.put(at, Node::Directory(meta));
    }

    pub fn file(&mut self, at: &str, meta: Meta, text: &str) {
        self.dir(&path(at).parent().unwrap().to_string(), ROOT);
        self.put(at, Node::File(meta, text.to_owned()));
    }

    fn count(&self, doing: &'static str, at: &HostPath) -> Result<(), SysError> {
        self.calls.set(self.calls.get() + 1);
        if self.fail_at.is_some_and(|n| self.calls.get() >= n) {
            return Err(failed(doing, at, io::ErrorKind::Other));
        }
        Ok(())
    }

    /// Where a path leads through the mounts, longest mount point first.
    fn resolve(&self, at: &HostPath) -> HostPath {
        let hit = self.state.mounts.iter().rev().find(|(target, _)| at.starts_with(target));
        let Some((target, source)) = hit else { return at.clone() };
        let rest = at.as_bytes()[target.as_bytes().len()..].to_vec();
        HostPath::new(&[source.as_bytes(), &rest].concat()).unwrap()
    }

    fn seen(&self, at: &HostPath, real: &HostPath, meta: Meta, is_empty: bool) -> Seen {
        let in_store = self.store.as_ref().is_some_and(|store| real.starts_with(store));
        let inode = self.state.nodes.keys().position(|key| key == real).unwrap();
        Seen {
            id: FileId { device: (0, u32::from(in_store)), inode: inode as u64 },
            meta,
            is_mount: self.state.mounts.contains_key(at),
            is_empty,
        }
    }

    fn make(&mut self, doing: &'static str, at: &HostPath, node: Node) -> Result<(), SysError> {
        self.count(doing, at)?;
        let real = self.resolve(at);
        match self.state.nodes.get(&real.parent().unwrap()) {
            Some(Node::Directory(_)) => {}
            _ => return Err(failed(doing, at, io::ErrorKind::NotFound)),
        }
        if self.state.nodes.contains_key(&real) {
            return Err(failed(doing, at, io::ErrorKind::AlreadyExists));
        }
        self.state.nodes.insert(real, node);
        Ok(())
    }
}

fn failed(doing: &'static str, at: &HostPath, kind: io::ErrorKind) -> SysError {
    SysError { doing, path: at.clone(), cause: kind.into() }
}

impl Sys for FakeSys {
    fn look(&self, at: &HostPath) -> Result<Look, SysError> {
        self.count("look at", at)?;
        for above in at.ancestors() {
            match self.state.nodes.get(&self.resolve(&above)) {
                Some(Node::Directory(_)) => {}
                None => return Ok(Look::Absent),
                Some(_) => return Ok(Look::Blocked(above)),
            }
        }
        let real = self.resolve(at);
        Ok(match self.state.nodes.get(&real) {
            None => Look::Absent,
            Some(Node::Directory(meta)) => {
                let empty = !self.state.nodes.keys().any(|key| key.is_below(&real));
                Look::Directory(self.seen(at, &real, *meta, empty))
            }
            Some(Node::File(meta, text)) => {
                Look::File(self.seen(at, &real, *meta, text.is_empty()))
            }
            Some(Node::Symlink(to)) => Look::Symlink(to.as_bytes().to_vec()),
            Some(Node::Fifo) => Look::Special("fifo"),
        })
    }

    fn make_dir(&mut self, at: &HostPath, meta: Meta) -> Result<(), SysError> {
        self.make("make the directory", at, Node::Directory(meta))
    }

    fn make_file(&mut self, at: &HostPath, meta: Meta) -> Result<(), SysError> {
        self.make("make the file", at, Node::File(meta, String::new()))
    }

    fn symlink(&mut self, at: &HostPath, to: &HostPath) -> Result<(), SysError> {
        self.make("make the symlink", at, Node::Symlink(to.to_string()))
    }

    fn bind(&mut self, source: &HostPath, target: &HostPath) -> Result<(), SysError> {
        self.count("mount on", target)?;
        let is_dir = |p: &HostPath| match self.state.nodes.get(&self.resolve(p)) {
            Some(Node::Directory(_)) => Some(true),
            Some(Node::File(..)) => Some(false),
            _ => None,
        };
        match (is_dir(source), is_dir(target)) {
            (Some(a), Some(b)) if a == b => {}
            _ => return Err(failed("mount on", target, io::ErrorKind::NotADirectory)),
        }
        self.state.mounts.insert(target.clone(), self.resolve(source));
        Ok(())
    }
}
