//! What makes a path again at every boot, and how that is known. Values only; `evidence` collects them.

use std::collections::{HashMap, HashSet};

use super::rules::above;
use super::{Change, ChangeKind, FileType};
use crate::path::HostPath;

/// What makes a path again at every boot: the evidence for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Maker {
    /// The system's own `/etc` holds the same.
    Etc,
    /// A rule in this file of tmpfiles.d(5).
    Tmpfiles(String),
    /// A unit that every boot starts, and the setting that names the directory.
    Unit(String, &'static str),
    /// Something that happens at every boot of NixOS; what that is, as the rest of a sentence.
    Boot(&'static str),
    /// home-manager's service for this user.
    HomeManager(String),
}

/// Something that is made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// As what. Whoever says that has seen that the text of a symlink or the content of a file on the
    /// root is what will be made.
    pub what: FileType,
    /// By what.
    pub maker: Maker,
}

/// Everything that is made again at every boot, by its path.
#[derive(Debug, Clone, Default)]
pub struct Makers {
    made: HashMap<Vec<u8>, Made>,
    /// The directories above all of these.
    above: HashSet<Vec<u8>>,
    /// How long the longest of all these paths is; a longer one need not be looked up.
    longest: usize,
}

impl Makers {
    /// Says that `path` is made again, and the directories above it on the way. What was said first
    /// counts.
    pub fn insert(&mut self, path: &HostPath, made: Made) {
        for outer in above(path).filter(|outer| *outer != b"/") {
            self.above.insert(outer.to_vec());
            let directory = Made { what: FileType::Directory, maker: made.maker.clone() };
            self.made.entry(outer.to_vec()).or_insert(directory);
        }
        self.above.insert(b"/".to_vec());
        self.longest = self.longest.max(path.as_bytes().len());
        self.made.entry(path.as_bytes().to_vec()).or_insert(made);
    }

    /// What makes the added thing again, if something does: it itself, and never what lies below it.
    #[must_use]
    pub fn of(&self, change: &Change) -> Option<&Maker> {
        let made = self.made_at(&change.path)?;
        let is_it = change.kind == ChangeKind::Added && change.node.file_type == made.what;
        is_it.then_some(&made.maker)
    }

    /// Whether `path` is made again.
    #[must_use]
    pub fn makes(&self, path: &HostPath) -> bool {
        self.made_at(path).is_some()
    }

    fn made_at(&self, path: &HostPath) -> Option<&Made> {
        let is_short = path.as_bytes().len() <= self.longest;
        is_short.then(|| self.made.get(path.as_bytes())).flatten()
    }

    /// Whether something below `directory` is made again.
    #[must_use]
    pub fn has_below(&self, directory: &HostPath) -> bool {
        directory.as_bytes().len() <= self.longest && self.above.contains(directory.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::{Extent, Node, Time};

    fn change(at: &str, file_type: FileType, kind: ChangeKind) -> Change {
        let mtime = Time { seconds: 0, nanoseconds: 0 };
        let node = Node { file_type, size: 0, allocated: 0, mtime };
        Change { path: at.parse().unwrap(), kind, node, extent: Extent::Itself }
    }

    #[test]
    fn a_thing_is_made_again_as_what_it_is_with_the_directories_above_it_and_nothing_below() {
        use FileType::{Directory, Regular, Symlink};
        let mut makers = Makers::default();
        let made = |what, maker| Made { what, maker };
        makers.insert(&"/etc/a/b".parse().unwrap(), made(Symlink, Maker::Etc));
        makers.insert(&"/etc/a".parse().unwrap(), made(Directory, Maker::Boot("never said")));
        makers.insert(&"/etc/a/b".parse().unwrap(), made(Regular, Maker::Boot("never said")));
        let table = [
            ("/etc/a/b", Symlink, true),
            ("/etc/a/b", Regular, false),
            ("/etc/a/b/c", Symlink, false),
            ("/etc/a", Directory, true),
            ("/etc/a", Symlink, false),
            ("/etc", Directory, true),
            ("/", Directory, false),
            ("/etc/ab", Directory, false),
        ];
        for (at, file_type, is_made) in table {
            let maker = is_made.then_some(&Maker::Etc);
            assert_eq!(makers.of(&change(at, file_type, ChangeKind::Added)), maker, "{at}");
            assert_eq!(makers.of(&change(at, file_type, ChangeKind::Modified)), None, "{at}");
        }
        let has_below = |at: &str| makers.has_below(&at.parse().unwrap());
        assert!(has_below("/") && has_below("/etc/a") && !has_below("/etc/a/b"));
    }
}
