//! A system in memory that keeps the contract of [`Sys`], and can fail at its n-th call.

mod aside;
mod copy;
pub mod errno;
mod state;
mod tree;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;

use blankslate::path::HostPath;
use blankslate::sys::{
    Care, Copied, Difference, FileId, Look, Meta, Place, Seen, Sys, SysError, Watch, Writer,
};

pub use state::{ASIDE, Item, UNBORN};
use tree::{At, Mount, Names, name_of};
pub use tree::{Body, Inode, ROOT, Tree, Walk};

/// When a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// From this one on: the process was killed there, and does nothing any more.
    Killed(usize),
    /// Only this one, with this error number.
    Once(usize, i32),
}

#[derive(Debug)]
pub struct FakeSys {
    /// What somebody does to the tree in the very moment before something is set aside.
    pub meddle: Option<fn(&mut Tree)>,
    pub tree: Tree,
    fault: Option<Fault>,
    calls: Cell<usize>,
    /// What happened, as `verb path`, without what only looks.
    pub log: RefCell<Vec<String>>,
    /// Who writes, from the n-th time on that somebody asks.
    pub writers: Vec<(usize, Writer)>,
    asked: RefCell<BTreeMap<HostPath, usize>>,
    /// The file systems that lie in memory, by their numbers.
    pub in_memory: Vec<u32>,
    /// Where unmounting fails: somebody works in it.
    pub busy: Vec<HostPath>,
    /// What is staged, and for which path.
    staged: Option<(HostPath, HostPath)>,
}

pub fn path(text: &str) -> HostPath {
    text.parse().unwrap()
}

impl FakeSys {
    pub fn new(tree: Tree) -> Self {
        Self {
            meddle: None,
            tree,
            fault: None,
            calls: Cell::default(),
            log: RefCell::default(),
            writers: Vec::new(),
            asked: RefCell::default(),
            in_memory: Vec::new(),
            busy: Vec::new(),
            staged: None,
        }
    }

    pub fn failing(tree: Tree, fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::new(tree) }
    }

    pub fn calls(&self) -> usize {
        self.calls.get()
    }

    /// Counts a call, and fails where it has to.
    fn count(&self, doing: &'static str, at: &HostPath) -> Result<(), SysError> {
        self.calls.set(self.calls.get() + 1);
        match self.fault {
            Some(Fault::Killed(n)) if self.calls.get() >= n => Err(failed(doing, at, errno::EINTR)),
            Some(Fault::Once(n, errno)) if self.calls.get() == n => Err(failed(doing, at, errno)),
            _ => Ok(()),
        }
    }

    fn is_killed(&self) -> bool {
        matches!(self.fault, Some(Fault::Killed(n)) if self.calls.get() >= n)
    }

    /// Counts a call that changes something.
    fn act(&self, doing: &'static str, at: &HostPath) -> Result<(), SysError> {
        self.count(doing, at)?;
        self.log.borrow_mut().push(format!("{doing} {at}"));
        Ok(())
    }

    fn there(&self, doing: &'static str, at: &HostPath) -> Result<At, SysError> {
        match self.tree.walk(at) {
            Walk::There(found) => Ok(found),
            Walk::Absent => Err(failed(doing, at, errno::ENOENT)),
            Walk::Blocked(_) => Err(failed(doing, at, errno::ENOTDIR)),
        }
    }

    /// The directory that is to hold `at`.
    fn above(&self, doing: &'static str, at: &HostPath) -> Result<At, SysError> {
        let above = self.there(doing, &at.parent().unwrap())?;
        match self.tree.names(above.inode) {
            Some(_) => Ok(above),
            None => Err(failed(doing, at, errno::ENOTDIR)),
        }
    }

    fn make(
        &mut self,
        doing: &'static str,
        at: &HostPath,
        meta: Meta,
        body: Body,
    ) -> Result<(), SysError> {
        self.act(doing, at)?;
        let above = self.above(doing, at)?;
        if self.tree.names_mut(above.inode).contains_key(&name_of(at)) {
            return Err(failed(doing, at, errno::EEXIST));
        }
        let device = self.tree.nodes[&above.inode].device;
        let inode = self.tree.add(meta, device, body);
        self.tree.names_mut(above.inode).insert(name_of(at), inode);
        Ok(())
    }

    fn is_empty(&self, inode: Inode) -> bool {
        match &self.tree.nodes[&inode].body {
            Body::Directory(names) => names.is_empty(),
            Body::File(text) => text.is_empty(),
            Body::Symlink(_) | Body::Fifo | Body::Socket => false,
        }
    }

    fn seen(&self, at: At) -> Seen {
        let node = &self.tree.nodes[&at.inode];
        Seen {
            id: FileId { device: (0, node.device), inode: at.inode },
            meta: node.meta,
            is_mount: self.tree.mount_at(at).is_some(),
            is_empty: self.is_empty(at.inode),
            is_untouched: node.is_ours && self.is_empty(at.inode),
        }
    }
}

fn failed(doing: &'static str, at: &HostPath, errno: i32) -> SysError {
    SysError { doing, path: at.clone(), cause: io::Error::from_raw_os_error(errno) }
}

impl Sys for FakeSys {
    fn look(&self, at: &HostPath) -> Result<Look, SysError> {
        self.count("look at", at)?;
        let found = match self.tree.walk(at) {
            Walk::There(found) => found,
            Walk::Absent => return Ok(Look::Absent),
            Walk::Blocked(blocker) => return Ok(Look::Blocked(blocker)),
        };
        Ok(match &self.tree.nodes[&found.inode].body {
            Body::Directory(_) => Look::Directory(self.seen(found)),
            Body::File(_) => Look::File(self.seen(found)),
            Body::Symlink(text) => Look::Symlink(text.clone()),
            Body::Fifo => Look::Special("fifo"),
            Body::Socket => Look::Special("socket"),
        })
    }

    fn is_in_memory(&self, at: &HostPath) -> Result<bool, SysError> {
        self.count("find the file system of", at)?;
        let above = std::iter::successors(Some(at.clone()), HostPath::parent);
        let there = above.into_iter().find_map(|at| match self.tree.walk(&at) {
            Walk::There(found) => Some(self.tree.nodes[&found.inode].device),
            Walk::Absent | Walk::Blocked(_) => None,
        });
        Ok(there.is_some_and(|device| self.in_memory.contains(&device)))
    }

    fn mounts_below(&self, at: &HostPath) -> Result<Vec<HostPath>, SysError> {
        self.count("list the mounts below", at)?;
        let below = self.tree.seen_below(at).into_iter();
        let mounts = below.filter(|(_, found)| self.tree.mount_at(*found).is_some());
        Ok(mounts.map(|(at, _)| at).collect())
    }

    fn compare(
        &self,
        one: &HostPath,
        other: &HostPath,
        _: Care,
    ) -> Result<Option<Difference>, SysError> {
        self.count("compare", one)?;
        let (a, b) = (self.there("compare", one)?, self.there("compare", other)?);
        self.difference(one, a, b)
    }

    fn writers(&self, at: &HostPath) -> Result<Vec<Writer>, SysError> {
        self.count("find who writes to", at)?;
        let mut asked = self.asked.borrow_mut();
        let time = asked.entry(at.clone()).or_default();
        *time += 1;
        let now = self.writers.iter().filter(|(from, _)| *from <= *time);
        Ok(now.map(|(_, w)| w.clone()).filter(|writer| writer.path.starts_with(at)).collect())
    }

    fn make_dir(&mut self, at: &HostPath, meta: Meta) -> Result<(), SysError> {
        self.make("make the directory", at, meta, Body::Directory(Names::new()))
    }

    fn make_file(&mut self, at: &HostPath, meta: Meta) -> Result<(), SysError> {
        self.make("make the file", at, meta, Body::File(String::new()))
    }

    fn make_place(&mut self, at: &HostPath, meta: Meta) -> Result<(), SysError> {
        self.make("make the file", at, meta, Body::File(String::new()))?;
        let made = self.there("make the file", at)?.inode;
        self.tree.nodes.get_mut(&made).unwrap().is_ours = true;
        Ok(())
    }

    fn read(&self, at: &HostPath, limit: usize) -> Result<Vec<u8>, SysError> {
        self.count("read", at)?;
        let found = self.there("read", at)?;
        match &self.tree.nodes[&found.inode].body {
            Body::File(text) if text.len() <= limit => Ok(text.clone().into_bytes()),
            _ => Err(failed("read", at, errno::EINVAL)),
        }
    }

    fn random(&self, at: &HostPath) -> Result<[u8; 16], SysError> {
        self.count("draw random bits for", at)?;
        Ok([0; 16])
    }

    fn own(&mut self, at: &HostPath, id: FileId, from: Meta, to: Meta) -> Result<(), SysError> {
        self.act("own", at)?;
        let found = self.there("own", at)?;
        if found.inode != id.inode {
            return Err(failed("own", at, errno::ESTALE));
        }
        let node = self.tree.nodes.get_mut(&found.inode).unwrap();
        let is_ours = matches!(node.body, Body::Directory(_) | Body::File(_)) && node.meta == from;
        if !is_ours {
            return Err(failed("own", at, errno::ESTALE));
        }
        node.meta = to;
        Ok(())
    }

    fn symlink(&mut self, at: &HostPath, to: &HostPath) -> Result<(), SysError> {
        self.make("make the symlink", at, ROOT, Body::Symlink(to.as_bytes().to_vec()))
    }

    fn unlink(&mut self, at: &HostPath, to: &HostPath) -> Result<(), SysError> {
        self.act("unlink", at)?;
        let (above, found) = (self.above("unlink", at)?, self.there("unlink", at)?);
        if self.tree.nodes[&found.inode].body != Body::Symlink(to.as_bytes().to_vec()) {
            return Err(failed("unlink", at, errno::ESTALE));
        }
        self.tree.names_mut(above.inode).remove(&name_of(at));
        Ok(())
    }

    fn bind(&mut self, source: &HostPath, target: &HostPath) -> Result<(), SysError> {
        self.act("mount on", target)?;
        let (from, onto) = (self.there("open", source)?, self.there("open", target)?);
        let is_dir = |at: At| self.tree.names(at.inode).is_some();
        let is_file = |at: At| matches!(self.tree.nodes[&at.inode].body, Body::File(_));
        if !(is_dir(from) && is_dir(onto) || is_file(from) && is_file(onto)) {
            return Err(failed("mount on", target, errno::ENOTDIR));
        }
        if !self.is_empty(onto.inode) {
            return Err(failed("mount on", target, errno::ENOTEMPTY));
        }
        let id = self.tree.next_mount();
        let (parent, point, root) = (onto.mount, onto.inode, from.inode);
        self.tree.mounts.push(Mount { id, parent, point, root, with: id });
        self.clone_below(from, id, id);
        Ok(())
    }

    fn unbind(&mut self, target: &HostPath, shows: FileId) -> Result<(), SysError> {
        self.act("unmount", target)?;
        let found = self.there("unmount", target)?;
        let Some(mount) = self.tree.mount_at(found).cloned() else {
            return Err(failed("unmount", target, errno::EINVAL));
        };
        if self.seen(found).id != shows {
            return Err(failed("unmount", target, errno::ESTALE));
        }
        let is_inner = |m: &Mount| m.parent == mount.id;
        if self.busy.contains(target) || self.tree.mounts.iter().any(is_inner) {
            return Err(failed("unmount", target, errno::EBUSY));
        }
        self.tree.mounts.retain(|m| m.id != mount.id);
        Ok(())
    }

    fn stage(
        &mut self,
        from: &HostPath,
        to: &HostPath,
        watch: Watch<'_>,
    ) -> Result<Copied, SysError> {
        let staged = self.stage_all(from, to, watch);
        // The contract: nothing is left of a copy that failed. Who is killed cannot keep it.
        if staged.is_err() && !self.is_killed() {
            self.drop_staging(to);
        }
        staged
    }

    fn stage_new(&mut self, content: &[u8], meta: Meta, to: &HostPath) -> Result<(), SysError> {
        let staged = self.stage_text(content, meta, to);
        if staged.is_err() && !self.is_killed() {
            self.drop_staging(to);
        }
        staged
    }

    fn publish(&mut self, to: &HostPath) -> Result<(), SysError> {
        self.publish_staged(to)
    }

    fn discard(&mut self, to: &HostPath) -> Result<(), SysError> {
        self.act("discard", to)?;
        self.drop_staging(to);
        Ok(())
    }

    fn set_aside(
        &mut self,
        target: &HostPath,
        shows: FileId,
        place: &Place,
    ) -> Result<Option<HostPath>, SysError> {
        self.swap_out(target, shows, place)
    }

    fn set_back(&mut self, target: &HostPath, aside: &HostPath) -> Result<(), SysError> {
        self.swap_in(target, aside)
    }
}
