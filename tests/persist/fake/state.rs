//! What a run left behind, by names: comparable, and readable when it is not as it should be.

use std::collections::BTreeMap;

use blankslate::path::HostPath;
use blankslate::sys::Meta;

use super::copy::STAGING;
use super::path;
use super::tree::{Body, Inode, Names, TOP, Tree, Walk};

/// How the names begin under which something is set aside.
pub const ASIDE: &str = ".blankslate-adopted-";

/// How the names begin under which something waits to appear, or was swapped out by who was killed then.
pub const UNBORN: &str = ".blankslate-new-";

/// What lies at a path beneath all mounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub inode: Inode,
    pub meta: Meta,
    /// A file's content, a symlink's text, or what it is.
    pub what: String,
    pub is_data: bool,
}

/// All there is and what each mount shows, a line each, sorted. Without the numbers of inodes, and of
/// what was set aside: a run that was stopped may set things aside in another order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State(Vec<String>);

impl State {
    /// The lines that only one of the two has.
    pub fn against(&self, other: &Self) -> Vec<String> {
        let only = |sign: char, one: &Self, other: &Self| -> Vec<String> {
            let lines = one.0.iter().filter(|line| !other.0.contains(line));
            lines.map(|line| format!("{sign}{line}")).collect()
        };
        let mut lines = only('-', self, other);
        lines.extend(only('+', other, self));
        if lines.is_empty() && self != other {
            lines.push(format!("{} lines against {}", self.0.len(), other.0.len()));
        }
        lines
    }
}

impl Tree {
    /// Everything that has a name, beneath all mounts.
    pub fn items(&self) -> BTreeMap<HostPath, Item> {
        let mut items = BTreeMap::new();
        self.add_items(&HostPath::root(), TOP, &mut items);
        items
    }

    fn add_items(&self, at: &HostPath, inode: Inode, items: &mut BTreeMap<HostPath, Item>) {
        let node = &self.nodes[&inode];
        let (what, is_data) = match &node.body {
            Body::Directory(_) => ("directory".to_owned(), false),
            Body::File(text) => (format!("file {text:?}"), !text.is_empty()),
            Body::Symlink(to) => (format!("link to {}", String::from_utf8_lossy(to)), true),
            Body::Fifo => ("fifo".to_owned(), true),
            Body::Socket => ("socket".to_owned(), false),
        };
        items.insert(at.clone(), Item { inode, meta: node.meta, what, is_data });
        for (name, &below) in self.names(inode).into_iter().flatten() {
            let at = at.join(std::os::unix::ffi::OsStrExt::from_bytes(name));
            self.add_items(&at, below, items);
        }
    }

    /// All of it, but for what a kill may leave empty: a staging place, which is root's alone and used
    /// by the next copy, and what was swapped out.
    pub fn state(&self) -> State {
        let items = self.items();
        let name = |inode| items.iter().find(|(_, item)| item.inode == inode);
        let shown = |inode| name(inode).map_or("nothing".to_owned(), |(at, _)| at.to_string());
        let seen = self.seen_below(&HostPath::root()).into_iter();
        let mounts = seen.filter_map(|(at, found)| {
            Some(format!("{at} shows {}", shown(self.mount_at(found)?.root)))
        });
        let is_left_empty = |at: &HostPath, item: &Item| {
            let name = at.name().map_or("", |name| name.to_str().unwrap());
            (name.as_bytes() == STAGING || name.starts_with(UNBORN))
                && self.names(item.inode).is_some_and(Names::is_empty)
        };
        let all = items.iter().filter(|(at, item)| !is_left_empty(at, item));
        let all = all.map(|(at, item)| format!("{at}, {}, {}", item.meta, item.what));
        let mut lines: Vec<String> = all.chain(mounts).map(|line| without_numbers(&line)).collect();
        lines.sort();
        State(lines)
    }

    /// What somebody who opens the path sees there: through mounts, and through symlinks.
    pub fn read(&self, at: &HostPath) -> Option<String> {
        self.read_through(at, 8)
    }

    fn read_through(&self, at: &HostPath, links: usize) -> Option<String> {
        let follow = |link: &HostPath, to: &[u8]| {
            let rest = at.seen_from(link)?;
            let to = HostPath::new(to).ok()?;
            self.read_through(&rest.below(&to), links.checked_sub(1)?)
        };
        match self.walk(at) {
            Walk::Absent => None,
            Walk::Blocked(link) => match self.walk(&link) {
                Walk::There(found) => match &self.nodes[&found.inode].body {
                    Body::Symlink(to) => follow(&link, to),
                    _ => None,
                },
                _ => None,
            },
            Walk::There(found) => match &self.nodes[&found.inode].body {
                Body::Directory(_) => Some("directory".to_owned()),
                Body::File(text) => Some(text.clone()),
                Body::Symlink(to) => follow(at, to),
                Body::Fifo => Some("fifo".to_owned()),
                Body::Socket => Some("socket".to_owned()),
            },
        }
    }

    pub fn text(&self, at: &str) -> Option<String> {
        self.read(&path(at))
    }
}

fn without_numbers(line: &str) -> String {
    let line = line.replace(UNBORN, ASIDE);
    let mut parts = line.split(ASIDE);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(ASIDE);
        text.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    text
}
