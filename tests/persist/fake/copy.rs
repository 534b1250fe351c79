//! Copying and comparing trees in memory, in steps that can fail one by one.

use blankslate::path::HostPath;
use blankslate::sys::{Copied, Difference, Meta, Progress, SysError, Watch};

use super::tree::{At, Body, Inode, Mount, Names, Node, Tree, Walk, name_of};
use super::{FakeSys, ROOT, errno, failed};

/// What the staging place is called, on the file system of what is staged.
pub const STAGING: &[u8] = b".blankslate-adopting";

impl FakeSys {
    pub(super) fn difference(
        &self,
        path: &HostPath,
        one: At,
        other: At,
    ) -> Result<Option<Difference>, SysError> {
        let (a, b) = (&self.tree.nodes[&one.inode], &self.tree.nodes[&other.inode]);
        let differs = |what| Ok(Some(Difference { path: path.clone(), what }));
        if a.meta != b.meta {
            return differs(if a.meta.mode == b.meta.mode { "owner" } else { "mode" });
        }
        let (Body::Directory(names), Body::Directory(others)) = (&a.body, &b.body) else {
            return if a.body == b.body { Ok(None) } else { differs("content") };
        };
        let all: std::collections::BTreeSet<_> = names.keys().chain(others.keys()).collect();
        for name in all {
            let path = path.join(std::os::unix::ffi::OsStrExt::from_bytes(name));
            let seen = |names: &Names, at: At| -> Result<Option<At>, SysError> {
                let Some(&inode) = names.get(name) else { return Ok(None) };
                let at = At { inode, ..at };
                self.no_mount(at, &path)?;
                let is_socket = self.tree.nodes[&inode].body == Body::Socket;
                Ok((!is_socket).then_some(at))
            };
            let found = match (seen(names, one)?, seen(others, other)?) {
                (Some(one), Some(other)) => self.difference(&path, one, other)?,
                (None, None) => None,
                _ => Some(Difference { path, what: "existence" }),
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn no_mount(&self, at: At, path: &HostPath) -> Result<(), SysError> {
        match self.tree.mounted_on(at) {
            Some(_) => Err(failed("read", path, errno::EXDEV)),
            None => Ok(()),
        }
    }

    /// The topmost directory of the file system that holds `to`, and the staging place in it.
    fn staging(&self, to: &HostPath) -> (Inode, Option<Inode>) {
        let device = |path: &HostPath| match self.tree.walk(path) {
            Walk::There(at) => Some((self.tree.nodes[&at.inode].device, at.inode)),
            _ => None,
        };
        let above = to.parent().unwrap();
        let (wanted, _) = device(&above).unwrap();
        let mut all = above.ancestors();
        all.push(above);
        let is_on = |path: &HostPath| device(path).filter(|(device, _)| *device == wanted);
        let (_, top) = all.iter().find_map(is_on).unwrap();
        (top, self.tree.names(top).unwrap().get(STAGING).copied())
    }

    pub(super) fn drop_staging(&mut self, to: &HostPath) {
        let (top, _) = self.staging(to);
        self.tree.names_mut(top).remove(STAGING);
        self.staged = None;
    }

    pub(super) fn stage_all(
        &mut self,
        from: &HostPath,
        to: &HostPath,
        watch: Watch<'_>,
    ) -> Result<Copied, SysError> {
        self.act("stage", to)?;
        let original = self.there("copy", from)?;
        let (place, device) = self.new_staging(to)?;
        self.count("copy half of", from)?;
        let mut copied = Copied::default();
        let half = self.copy(original, from, device, true, &mut copied)?;
        self.tree.names_mut(place).insert(name_of(to), half);
        self.count("copy the rest of", from)?;
        copied = Copied::default();
        let whole = self.copy(original, from, device, false, &mut copied)?;
        self.tree.names_mut(place).insert(name_of(to), whole);
        watch(copied.total);
        self.count("compare the copy of", from)?;
        self.staged = Some((from.clone(), to.clone()));
        Ok(copied)
    }

    fn new_staging(&mut self, to: &HostPath) -> Result<(Inode, u32), SysError> {
        self.above("stage", to)?;
        self.drop_staging(to);
        let (top, _) = self.staging(to);
        let device = self.tree.nodes[&top].device;
        let closed = Meta { mode: 0o700, ..ROOT };
        let place = self.tree.add(closed, device, Body::Directory(Names::new()));
        self.tree.names_mut(top).insert(STAGING.to_vec(), place);
        Ok((place, device))
    }

    pub(super) fn stage_text(
        &mut self,
        content: &[u8],
        meta: Meta,
        to: &HostPath,
    ) -> Result<(), SysError> {
        self.act("stage", to)?;
        let (place, device) = self.new_staging(to)?;
        let text = String::from_utf8(content.to_vec()).unwrap();
        let half = self.tree.add(meta, device, Body::File(text[..text.len() / 2].to_owned()));
        self.tree.names_mut(place).insert(name_of(to), half);
        self.count("write the rest of", to)?;
        let whole = self.tree.add(meta, device, Body::File(text));
        self.tree.names_mut(place).insert(name_of(to), whole);
        self.staged = Some((to.clone(), to.clone()));
        Ok(())
    }

    fn copy(
        &mut self,
        at: At,
        path: &HostPath,
        device: u32,
        is_half: bool,
        copied: &mut Copied,
    ) -> Result<Inode, SysError> {
        let Node { meta, body, .. } = self.tree.nodes[&at.inode].clone();
        copied.total.things += 1;
        let body = match body {
            Body::Directory(names) => {
                let some = if is_half { names.len() / 2 } else { names.len() };
                let mut made = Names::new();
                for (name, inode) in names.into_iter().take(some) {
                    let path = path.join(std::os::unix::ffi::OsStrExt::from_bytes(&name));
                    let at = At { inode, ..at };
                    self.no_mount(at, &path)?;
                    if self.tree.nodes[&inode].body == Body::Socket {
                        copied.sockets.push(path);
                        continue;
                    }
                    made.insert(name, self.copy(at, &path, device, is_half, copied)?);
                }
                Body::Directory(made)
            }
            Body::File(text) if is_half => Body::File(text[..text.len() / 2].to_owned()),
            Body::File(text) => {
                let Progress { bytes, .. } = &mut copied.total;
                *bytes += text.len() as u64;
                Body::File(text)
            }
            other => other,
        };
        Ok(self.tree.add(meta, device, body))
    }

    pub(super) fn publish_staged(&mut self, to: &HostPath) -> Result<(), SysError> {
        self.act("publish", to)?;
        let above = self.above("publish", to)?;
        let staged = self.staged.as_ref().filter(|(_, staged)| staged == to);
        let (_, Some(place)) = self.staging(to) else {
            return Err(failed("publish", to, errno::ENOENT));
        };
        let whole = self.tree.names(place).unwrap().get(&name_of(to)).copied();
        let (Some(_), Some(whole)) = (staged, whole) else {
            return Err(failed("publish", to, errno::ENOENT));
        };
        if let Some(&there) = self.tree.names(above.inode).unwrap().get(&name_of(to)) {
            let is_dir = |inode| self.tree.names(inode).is_some();
            let is_free = self.is_empty(there)
                && is_dir(there) == is_dir(whole)
                && self.tree.mounted_on(At { inode: there, ..above }).is_none();
            if !is_free {
                return Err(failed("publish", to, errno::ENOTEMPTY));
            }
        }
        self.tree.names_mut(above.inode).insert(name_of(to), whole);
        self.tree.names_mut(place).clear();
        // The name lasts by now: that the staging place is left is no failure.
        if self.count("remove the staging place of", to).is_ok() {
            self.drop_staging(to);
        }
        Ok(())
    }

    /// What is mounted below a source is seen at the target too.
    pub(super) fn clone_below(&mut self, from: At, parent: usize, with: usize) {
        let inner: Vec<Mount> = self.tree.mounts.clone();
        for mount in inner.iter().filter(|m| m.parent == from.mount && m.id != parent) {
            if is_below(&self.tree, from.inode, mount.point) {
                let id = self.tree.next_mount();
                self.tree.mounts.push(Mount { id, parent, with, ..mount.clone() });
                self.clone_below(At { mount: mount.id, inode: mount.root }, id, with);
            }
        }
    }
}

fn is_below(tree: &Tree, top: Inode, wanted: Inode) -> bool {
    let below = |&inode: &Inode| inode == wanted || is_below(tree, inode, wanted);
    tree.names(top).into_iter().flat_map(Names::values).any(below)
}
