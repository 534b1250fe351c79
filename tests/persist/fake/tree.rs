//! Inodes, names and mounts in memory, as a kernel has them: an inode stays the same whatever it is
//! called, and a mount lies on an inode and not on a name.

use std::collections::BTreeMap;

use blankslate::path::HostPath;
use blankslate::sys::Meta;

use super::path;

pub const ROOT: Meta = Meta { uid: 0, gid: 0, mode: 0o755 };

pub type Inode = u64;
pub type Names = BTreeMap<Vec<u8>, Inode>;

/// The inode of `/`.
pub const TOP: Inode = 0;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub meta: Meta,
    pub device: u32,
    pub body: Body,
    /// An empty file that the program made.
    pub is_ours: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    Directory(Names),
    File(String),
    Symlink(Vec<u8>),
    Fifo,
    Socket,
}

/// A mount: of the root of what it shows, on a point seen in another one. The first is `/` itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    pub id: usize,
    pub parent: usize,
    pub point: Inode,
    pub root: Inode,
    /// The mount with which it came.
    pub with: usize,
}

/// Where a walk ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    pub mount: usize,
    pub inode: Inode,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Walk {
    There(At),
    Absent,
    Blocked(HostPath),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    pub nodes: BTreeMap<Inode, Node>,
    pub mounts: Vec<Mount>,
    next: Inode,
}

impl Tree {
    /// An empty `/`, and directories on file systems of their own.
    pub fn new(stores: &[&str]) -> Self {
        let body = Body::Directory(Names::new());
        let top = Node { meta: ROOT, device: 0, body, is_ours: false };
        let mut tree =
            Self { nodes: BTreeMap::from([(TOP, top)]), mounts: Vec::new(), next: TOP + 1 };
        for (device, store) in (1..).zip(stores) {
            let inode = tree.dir(store, ROOT);
            tree.nodes.get_mut(&inode).unwrap().device = device;
        }
        tree
    }

    // What tests put into it.

    /// Makes a directory and those above it; one that is there already only gets the owner and mode.
    pub fn dir(&mut self, at: &str, meta: Meta) -> Inode {
        let inode = self.dir_above(&path(at));
        self.nodes.get_mut(&inode).unwrap().meta = meta;
        inode
    }

    fn dir_above(&mut self, at: &HostPath) -> Inode {
        if let Walk::There(found) = self.walk(at) {
            return found.inode;
        }
        self.put(at, ROOT, Body::Directory(Names::new()))
    }

    /// Puts something at a path, over what was there, and makes the directories above it.
    pub fn put(&mut self, at: &HostPath, meta: Meta, body: Body) -> Inode {
        let parent = self.dir_above(&at.parent().unwrap());
        let inode = self.add(meta, self.nodes[&parent].device, body);
        self.names_mut(parent).insert(name_of(at), inode);
        inode
    }

    pub fn file(&mut self, at: &str, meta: Meta, text: &str) -> Inode {
        self.put(&path(at), meta, Body::File(text.to_owned()))
    }

    pub fn link(&mut self, at: &str, to: &str) -> Inode {
        self.put(&path(at), ROOT, Body::Symlink(to.into()))
    }

    /// Mounts without asking.
    pub fn mount(&mut self, source: &str, target: &str) {
        let (root, target) = (self.at(source).inode, self.at(target));
        let id = self.next_mount();
        let (parent, point) = (target.mount, target.inode);
        self.mounts.push(Mount { id, parent, point, root, with: id });
    }

    pub fn at(&self, at: &str) -> At {
        match self.walk(&path(at)) {
            Walk::There(found) => found,
            other => panic!("{at}: {other:?}"),
        }
    }

    // How a kernel sees it.

    pub fn add(&mut self, meta: Meta, device: u32, body: Body) -> Inode {
        self.next += 1;
        self.nodes.insert(self.next, Node { meta, device, body, is_ours: false });
        self.next
    }

    pub fn next_mount(&self) -> usize {
        self.mounts.iter().map(|mount| mount.id).max().unwrap_or(0) + 1
    }

    /// Follows no symlink.
    pub fn walk(&self, wanted: &HostPath) -> Walk {
        let (mut at, mut done) = (self.cross(At { mount: 0, inode: TOP }), HostPath::root());
        for name in wanted.as_bytes().split(|&b| b == b'/').filter(|name| !name.is_empty()) {
            let Body::Directory(names) = &self.nodes[&at.inode].body else {
                return Walk::Blocked(done);
            };
            let Some(&inode) = names.get(name) else { return Walk::Absent };
            at = self.cross(At { inode, ..at });
            done = done.join(std::os::unix::ffi::OsStrExt::from_bytes(name));
        }
        Walk::There(at)
    }

    fn cross(&self, mut at: At) -> At {
        while let Some(mount) = self.mounted_on(at) {
            at = At { mount: mount.id, inode: mount.root };
        }
        at
    }

    pub fn mounted_on(&self, at: At) -> Option<&Mount> {
        self.mounts.iter().rev().find(|m| (m.parent, m.point) == (at.mount, at.inode))
    }

    /// The mount whose topmost directory or file this is.
    pub fn mount_at(&self, at: At) -> Option<&Mount> {
        self.mounts.iter().find(|mount| mount.id == at.mount && mount.root == at.inode)
    }

    pub fn names(&self, inode: Inode) -> Option<&Names> {
        match &self.nodes[&inode].body {
            Body::Directory(names) => Some(names),
            _ => None,
        }
    }

    pub fn names_mut(&mut self, inode: Inode) -> &mut Names {
        match &mut self.nodes.get_mut(&inode).unwrap().body {
            Body::Directory(names) => names,
            other => panic!("{other:?} has no names"),
        }
    }

    /// Everything below a path that can be seen, itself not among it.
    pub fn seen_below(&self, top: &HostPath) -> Vec<(HostPath, At)> {
        let Walk::There(at) = self.walk(top) else { return Vec::new() };
        let mut found = Vec::new();
        for (name, &inode) in self.names(at.inode).into_iter().flatten() {
            let below = top.join(std::os::unix::ffi::OsStrExt::from_bytes(name));
            found.push((below.clone(), self.cross(At { inode, ..at })));
            found.extend(self.seen_below(&below));
        }
        found
    }
}

pub fn name_of(at: &HostPath) -> Vec<u8> {
    at.name().unwrap().as_encoded_bytes().to_vec()
}
