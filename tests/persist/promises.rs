//! What has to hold at any moment of any run, also when it was killed there.

use std::collections::BTreeMap;

use blankslate::config::Config;
use blankslate::path::HostPath;
use blankslate::persist::record::Memory;

use crate::fake::{ASIDE, Body, Item, Tree, UNBORN, Walk};

/// A world before a run, and what is known about it.
pub struct Promises<'a> {
    pub before: &'a Tree,
    pub config: &'a Config,
    pub memory: &'a Memory,
}

/// An empty directory that was swapped out by who was killed then looks like nothing else.
fn is_aside(at: &HostPath) -> bool {
    [ASIDE, UNBORN].iter().any(|start| at.exact().contains(&format!("/{start}")))
}

type Kept = Result<(), String>;

fn must(holds: bool, what: impl FnOnce() -> String) -> Kept {
    if holds { Ok(()) } else { Err(what()) }
}

impl Promises<'_> {
    /// Holds at every moment.
    pub fn hold(&self, after: &Tree) -> Kept {
        self.nothing_is_lost_or_changed(after)?;
        self.nothing_is_hidden(after)?;
        self.no_mount_covers_anything(after)?;
        self.no_copy_is_partial(after)
    }

    fn in_store(&self, at: &HostPath) -> bool {
        self.config.stores.iter().any(|store| at.starts_with(&store.path))
    }

    fn is_ours(&self, at: &HostPath) -> bool {
        self.config.entries().any(|(_, entry)| entry.target == *at)
            || self.memory.placed.iter().any(|placed| placed.target == *at)
    }

    /// Wherever it lies: inside an entry of another store its place is in that.
    fn is_our_link(&self, body: &Body) -> bool {
        let Body::Symlink(text) = body else { return false };
        let placed = self.memory.placed.iter().map(|placed| placed.source.clone());
        let declared = self.config.entries().map(|(store, entry)| store.source(entry));
        placed.chain(declared).any(|source| source.as_bytes() == text)
    }

    /// Where an entry's data lies in the store of an entry around it: it is copied from there.
    fn is_in_other_store(&self, at: &HostPath) -> bool {
        self.config.entries().any(|(own, entry)| {
            let others = self.config.stores.iter().filter(|other| other.path != own.path);
            others.into_iter().any(|other| at.starts_with(&entry.target.below(&other.path)))
        })
    }

    /// In its own store, or in that of an entry around it.
    fn is_source(&self, at: &HostPath) -> bool {
        let is_below = |store: &HostPath| at.seen_from(store).is_some_and(|at| self.is_ours(&at));
        self.config.stores.iter().any(|store| is_below(&store.path))
    }

    /// Every inode is still there: in a store under its name, elsewhere under that or set aside; with
    /// its content, owner and mode. Only an empty one, or a symlink of ours, may be replaced.
    fn nothing_is_lost_or_changed(&self, after: &Tree) -> Kept {
        let now: BTreeMap<u64, (HostPath, Item)> =
            after.items().into_iter().map(|(at, item)| (item.inode, (at, item))).collect();
        for (at, was) in self.before.items() {
            let is_link = self.is_our_link(&self.before.nodes[&was.inode].body);
            let is_link_of_ours = |inode: &u64| self.is_our_link(&self.before.nodes[inode].body);
            let mut names = self.before.names(was.inode).into_iter().flat_map(|n| n.values());
            let is_empty = !was.is_data && names.all(is_link_of_ours);
            let Some((new_at, is)) = now.get(&was.inode) else {
                let may_go = is_link || is_empty && (self.is_source(&at) || self.is_ours(&at));
                let may_go = may_go || at.exact().contains("/.blankslate-adopting");
                must(may_go, || format!("{at} is gone"))?;
                continue;
            };
            must(was.what == is.what, || format!("{at} was {} and is {}", was.what, is.what))?;
            let made = self.memory.unfinished.iter().any(|made| made.path == at);
            must(was.meta == is.meta || made, || {
                format!("{at} was {} and is {}", was.meta, is.meta)
            })?;
            let may_move = is_aside(new_at) && (!self.in_store(&at) || self.is_in_other_store(&at));
            must(at == *new_at || may_move, || format!("{at} is now {new_at}"))?;
        }
        Ok(())
    }

    /// What could be read is read there still, or lies in a store: under its old name, or as the
    /// source of the entry that it belongs to.
    fn nothing_is_hidden(&self, after: &Tree) -> Kept {
        for (at, seen) in self.before.seen_below(&HostPath::root()) {
            let Body::File(text) = &self.before.nodes[&seen.inode].body else { continue };
            if text.is_empty() || after.read(&at).as_ref() == Some(text) {
                continue;
            }
            let items = after.items();
            let kept = items.iter().find(|(_, item)| item.inode == seen.inode);
            let in_store = kept.is_some_and(|(at, _)| self.in_store(at));
            let in_source = self.config.entries().any(|(store, entry)| {
                let rest = at.seen_from(&entry.target);
                let source = rest.map(|rest| rest.below(&store.source(entry)));
                source.and_then(|source| after.read(&source)).as_ref() == Some(text)
            });
            let staging = at.exact().contains("/.blankslate-adopting");
            must(in_store || in_source || staging, || {
                format!("{at} held {text:?}, which is now {:?}", after.read(&at))
            })?;
        }
        Ok(())
    }

    fn no_mount_covers_anything(&self, after: &Tree) -> Kept {
        let old = |id: usize| self.before.mounts.iter().any(|mount| mount.id == id);
        for mount in after.mounts.iter().filter(|mount| !old(mount.id) && mount.with == mount.id) {
            let is_empty = match &after.nodes[&mount.point].body {
                Body::Directory(names) => names.is_empty(),
                Body::File(text) => text.is_empty(),
                _ => false,
            };
            must(is_empty, || format!("{mount:?} covers something"))?;
        }
        Ok(())
    }

    /// A source that held nothing holds nothing still, or all that the target held, or the same path
    /// in another store.
    fn no_copy_is_partial(&self, after: &Tree) -> Kept {
        let files = |tree: &Tree, top: &HostPath| -> BTreeMap<HostPath, String> {
            let mut all = tree.seen_below(top);
            if let Walk::There(at) = tree.walk(top) {
                all.push((top.clone(), at));
            }
            let text = |at: u64| match &tree.nodes[&at].body {
                Body::File(text) if !text.is_empty() => Some(text.clone()),
                _ => None,
            };
            let named = all
                .into_iter()
                .filter_map(|(at, found)| Some((at.seen_from(top)?, text(found.inode)?)));
            named.collect()
        };
        for (store, entry) in self.config.entries() {
            let source = store.source(entry);
            let held = files(self.before, &source);
            let holds = files(after, &source);
            if !held.is_empty() || holds.is_empty() {
                continue;
            }
            let elsewhere = self.config.stores.iter().map(|store| store.source(entry));
            let mut whole =
                elsewhere.chain([entry.target.clone()]).map(|at| files(self.before, &at));
            let inner = |at: &HostPath| {
                let target = at.below(&entry.target);
                self.config.entries().any(|(_, e)| e != entry && target.starts_with(&e.target))
            };
            let beside_inner = |files: BTreeMap<HostPath, String>| -> BTreeMap<HostPath, String> {
                // What an entry in another store held is set aside where the outer one keeps it.
                files.into_iter().filter(|(at, _)| !inner(at) && !is_aside(at)).collect()
            };
            let holds = beside_inner(holds);
            let is_whole = whole.any(|files| beside_inner(files) == holds);
            must(is_whole || holds.is_empty(), || format!("{source} holds only {holds:?}"))?;
        }
        Ok(())
    }
}
