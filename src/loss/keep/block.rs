//! Lost lines in, the entries that keep them out. What cannot be an entry is named with the reason.
//!
//! An entry that is offered never covers the root, a store, another root, a mount or another entry,
//! and a file that its program replaces is never offered alone.

use std::collections::{BTreeMap, BTreeSet};

use super::{Desk, Item};
use crate::config::{How, Kind};
use crate::loss::words::{blank_problem, unread};
use crate::loss::{
    Change, ChangeKind, Extent, FileType, Gap, Line, Remark, Rules, Verdict, escape_glob,
};
use crate::path::HostPath;
use crate::persist::rewriters::{self, Cure};
use crate::presets::{Place, Presets, Rank};
use crate::sys::Look;

/// What has to be known to offer entries.
#[derive(Debug, Clone, Copy)]
pub struct Host<'h> {
    /// Writes entries down.
    pub desk: Desk<'h>,
    /// Tells which directories hold what belongs to many.
    pub rules: &'h Rules,
    /// The presets that can be asked for.
    pub presets: &'h Presets,
    /// Where something is mounted, as paths of the report.
    pub mounts: &'h [HostPath],
    /// Where the root of the report lies on the host.
    pub place: &'h HostPath,
}

/// What keeps everything that is lost.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Block {
    /// The store that is to keep it; nothing where none is declared.
    pub store: Option<String>,
    /// The entries, in the order of their targets.
    pub items: Vec<Item>,
    /// Presets that keep some of these, each for a user or for the host.
    pub presets: BTreeSet<(Option<String>, String)>,
    /// The targets of the presets.
    covered: BTreeSet<HostPath>,
    /// Globs of caches, whose loss can as well be accepted.
    pub caches: BTreeSet<String>,
    /// Globs of what cannot be declared and whose loss can be accepted instead.
    pub acceptable: BTreeSet<String>,
    /// What cannot be declared, and why.
    pub cannot: Vec<(HostPath, String)>,
}

/// Gathers a block line by line.
#[derive(Debug)]
pub struct Hand<'h> {
    host: Host<'h>,
    /// By their targets; some may lie in others.
    items: BTreeMap<HostPath, Item>,
    /// Directories in which nothing was found.
    bare: BTreeSet<HostPath>,
    block: Block,
}

impl Block {
    /// Whether a preset keeps it.
    #[must_use]
    pub fn is_in_preset(&self, item: &Item) -> bool {
        self.covered.iter().any(|covered| item.entry.target.starts_with(covered))
    }
}

impl<'h> Hand<'h> {
    /// Begins with nothing.
    #[must_use]
    pub fn new(host: Host<'h>) -> Self {
        let store = host.desk.config.stores.first().map(|store| store.path.exact());
        let block = Block { store, ..Block::default() };
        Self { host, items: BTreeMap::new(), bare: BTreeSet::new(), block }
    }

    /// Takes a lost line.
    pub fn line(&mut self, line: &Line) {
        let Verdict::Lost(remark) = &line.judged.verdict else { return };
        let change = &line.judged.change;
        match self.take_in(line, remark) {
            Ok(()) => {}
            Err(why) => self.block.cannot.push((change.path.clone(), why)),
        }
    }

    fn take_in(&mut self, line: &Line, remark: &Remark) -> Result<(), String> {
        let change = &line.judged.change;
        match remark {
            // It is declared already; other sentences tell why that does not help.
            Remark::NotInPlace(_) | Remark::NoSource(_) => return Ok(()),
            Remark::Shadowed => {
                return Err("a mount hides it; unmount that, and move it or drop it".to_owned());
            }
            Remark::None | Remark::MountPoint => {}
        }
        self.in_blank(change)?;
        let is_directory = change.node.file_type == FileType::Directory;
        if is_directory && change.extent == Extent::Itself {
            return Err(self.bare(&change.path, remark));
        }
        if line.judged.owned.rank == Rank::Cache {
            return self.cache(&change.path, is_directory);
        }
        let kept = self.keep(&change.path, line.judged.owned.preset.as_deref());
        if kept.is_err() && change.node.file_type == FileType::Symlink {
            self.accept(&change.path);
            return kept.map_err(|why| format!("{why}; or accept the loss"));
        }
        kept
    }

    fn cache(&mut self, path: &HostPath, is_directory: bool) -> Result<(), String> {
        let target = self.host.target(path);
        let Ok(text) = std::str::from_utf8(target.as_bytes()) else {
            return Err("its name is not UTF-8, so no configuration can hold it".to_owned());
        };
        let below = if is_directory { "/**" } else { "" };
        self.block.caches.insert(format!("{}{below}", escape_glob(text)));
        Ok(())
    }

    /// What the blank has as well cannot be declared.
    fn in_blank(&mut self, change: &Change) -> Result<(), String> {
        let why = match change.kind {
            ChangeKind::Added => return Ok(()),
            ChangeKind::Modified | ChangeKind::Metadata(_)
                if self.host.rules.is_unset_in_blank(&change.path) =>
            {
                return Ok(());
            }
            ChangeKind::Removed => {
                "it is in the blank, and comes back; where it must not, remove it there"
            }
            ChangeKind::Modified | ChangeKind::TypeChanged | ChangeKind::Metadata(_) => {
                self.accept(&change.path);
                "the blank has it as well, and every boot brings that one back; change it in the \
                 blank, or accept the loss"
            }
        };
        Err(why.to_owned())
    }

    /// Why a directory in which nothing was found is no entry.
    fn bare(&mut self, path: &HostPath, remark: &Remark) -> String {
        self.accept(path);
        self.bare.insert(path.clone());
        let why = match remark {
            Remark::MountPoint => "something is mounted on it; whoever mounts that makes it",
            _ => "what lies in it needs no keeping; whoever uses it makes it",
        };
        format!("{why}, or accept the loss")
    }

    /// Offers to accept the loss of `path` itself.
    fn accept(&mut self, path: &HostPath) {
        if let Ok(text) = std::str::from_utf8(self.host.target(path).as_bytes()) {
            self.block.acceptable.insert(escape_glob(text));
        }
    }

    fn keep(&mut self, path: &HostPath, preset: Option<&str>) -> Result<(), String> {
        self.host.check(path)?;
        let target = self.host.target(path);
        let look = (self.host.desk.look)(path).map_err(|error| error.to_string())?;
        let item = self.host.desk.item(path, &target, Some(&look));
        let mut item = item.map_err(|why| self.with_directory(path, &why))?;
        if let Some(rewriter) = rewriters::warning(&item.entry) {
            match rewriter.cure {
                Cure::Directory(directory) => return self.directory(path, directory),
                Cure::Symlink => item.entry.how = How::Symlink,
                Cure::Other(cure) => {
                    // The cures are for whoever has declared it already.
                    let cure = ["drop the entry and ", "drop the entry: "]
                        .iter()
                        .find_map(|front| cure.strip_prefix(front))
                        .unwrap_or(cure);
                    return Err(format!("it is replaced by {}; {cure}", rewriter.program));
                }
            }
        }
        if let Some(preset) = preset {
            self.preset(preset, &item);
        }
        self.push(item);
        Ok(())
    }

    /// Declares the directory that is to be kept instead of the file `path`.
    fn directory(&mut self, path: &HostPath, directory: &str) -> Result<(), String> {
        let tail = format!("/{}", directory.trim_start_matches('/'));
        let is_it = |above: &HostPath| {
            if directory.starts_with('/') {
                self.host.target(above).as_bytes() == directory.as_bytes()
            } else {
                above.as_bytes().ends_with(tail.as_bytes())
            }
        };
        let replaced = "its program replaces it, so only its directory could be kept";
        let Some(at) = path.ancestors().into_iter().rev().find(is_it) else {
            return Err(format!("{replaced}, and that is {directory}"));
        };
        self.host.check(&at).map_err(|why| format!("{replaced}, but {at}: {why}"))?;
        let look = (self.host.desk.look)(&at).map_err(|error| error.to_string())?;
        let item = self.host.desk.item(&at, &self.host.target(&at), Some(&look))?;
        self.push(item);
        Ok(())
    }

    fn push(&mut self, item: Item) {
        self.items.insert(item.entry.target.clone(), item);
    }

    /// Names the preset that keeps `item`, if asking for it declares nothing a second time.
    fn preset(&mut self, name: &str, item: &Item) {
        let Some(preset) = self.host.presets.get(name) else { return };
        let desk = &self.host.desk;
        let user =
            item.home.as_ref().map(|(user, _)| user.clone()).filter(|_| preset.is_of_homes());
        let home = user.as_ref().and_then(|user| desk.accounts.users.get(user)?.home.clone());
        let target = |place: &Place| match (place, &home) {
            (Place::Host(path), _) => Some(path.clone()),
            (Place::Home(_), Some(home)) => Some(place.of_home(home)),
            (Place::Home(_), None) => None,
        };
        let Some(targets) =
            preset.entries().map(|path| target(&path.place)).collect::<Option<Vec<_>>>()
        else {
            return;
        };
        // The whole preset would be declared, also those of its paths that are not lost.
        let is_harmful = |target: &HostPath| {
            target.seen_from(self.host.place).is_none_or(|path| self.host.check(&path).is_err())
        };
        if targets.iter().any(is_harmful)
            || !targets.iter().any(|target| item.entry.target.starts_with(target))
        {
            return;
        }
        self.block.presets.insert((user, name.to_owned()));
        self.block.covered.extend(targets);
    }

    /// A sentence that names the directory around `path`, where that can be declared instead.
    fn with_directory(&self, path: &HostPath, why: &str) -> String {
        let why = why.trim_end_matches('.');
        let is_safe = |above: &HostPath| {
            let is_directory = matches!((self.host.desk.look)(above), Ok(Look::Directory(_)));
            is_directory && !self.host.rules.is_structure(above) && self.host.check(above).is_ok()
        };
        match path.parent().filter(is_safe) {
            Some(above) => format!("{why}; the directory {above} can be one"),
            None => why.to_owned(),
        }
    }

    /// Of a directory in which something could not be read nothing is said but that.
    fn own_up(&mut self, block: &mut Block, gaps: &[Gap]) {
        let bare = std::mem::take(&mut self.bare);
        for (path, why) in block.cannot.iter_mut().filter(|(path, _)| bare.contains(path)) {
            let is_in = |gap: &&Gap| gap.path.starts_with(path) && blank_problem(gap).is_none();
            if let Some(gap) = gaps.iter().find(is_in) {
                let target = self.host.target(path);
                block.acceptable.remove(&escape_glob(&target.exact()));
                *why = unread(gap);
            }
        }
    }

    /// What was gathered, without entries that lie in another one; nothing is left. Of what could
    /// not be read nothing is said but that.
    #[must_use]
    pub fn take(&mut self, gaps: &[Gap]) -> Block {
        let items = std::mem::take(&mut self.items);
        let is_directory = |target: &HostPath| {
            items.get(target).is_some_and(|item| item.entry.kind == Kind::Directory)
        };
        let is_covered = |item: &Item| item.entry.target.ancestors().iter().any(is_directory);
        let mut block = std::mem::take(&mut self.block);
        self.own_up(&mut block, gaps);
        block.items = items.values().filter(|item| !is_covered(item)).cloned().collect();
        block
    }
}
