//! Looks at source, target and what lies around them, for every entry. Changes nothing.
//!
//! What costs much, such as comparing two trees or asking every process for its open files, is looked
//! at only where a plan depends on it.

mod stores;

pub use stores::{BadStore, StoreProblem, check_stores};

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::record::{Memory, Placed};
use crate::config::{Config, Entry, How, Kind, Store};
use crate::path::HostPath;
use crate::sys::{Care, Difference, FileId, Look, Meta, Sys, SysError, Writer};

/// Everything that a plan is made from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scene {
    /// The declared entries, in the order of their targets.
    pub entries: Vec<Observation>,
    /// What an earlier run put in place and nobody declares any more.
    pub undeclared: Vec<Undeclared>,
}

/// An entry and what lies at its two ends now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// What is declared.
    pub entry: Entry,
    /// The store that keeps it.
    pub store: HostPath,
    /// Where the store keeps it.
    pub source: HostPath,
    /// What lies at both; or why that cannot be told.
    pub ends: Result<Ends, String>,
}

/// What lies at source and target, and around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ends {
    /// What lies at the source.
    pub at_source: Look,
    /// What lies at the target.
    pub at_target: Look,
    /// The directories above the target, outermost first, the root itself among them.
    pub parents: Vec<Parent>,
    /// Whether the target is reached through the store, by an entry around it or by whatever else is
    /// mounted there, so that source and target are one.
    pub is_inside: bool,
    /// What an earlier run put in place here, and what its source is now.
    pub ours: Option<(Placed, Look)>,
    /// What has to be finished: made when its owner was not known, and since then not touched.
    pub unfinished: Vec<Unfinished>,
    /// What decides whether data at the target may be taken along or covered; none where there is
    /// none, or nothing to decide.
    pub data: Option<Data>,
    /// Where its data lies if it was moved from store to store; only where the source is missing.
    pub elsewhere: Option<HostPath>,
}

/// About data at a target that is no mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Data {
    /// How it compares with what the source holds.
    pub source: Against,
    /// Who may still write to it.
    pub writers: Vec<Writer>,
    /// Places below it where something is mounted. Nothing else is looked at then: a tree with mounts
    /// in it is neither copied nor compared.
    pub mounts: Vec<HostPath>,
    /// Which of these are entries.
    pub inner: Vec<HostPath>,
}

/// How data at a target compares with the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Against {
    /// The source holds nothing.
    Nothing,
    /// The source holds the same.
    Same,
    /// The source holds data too, and differs.
    Different(Difference),
}

/// A directory above a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parent {
    /// Its path as the host sees it.
    pub path: HostPath,
    /// What lies there.
    pub at_target: Look,
    /// The same place in the store.
    pub source: HostPath,
    /// What lies in the store: the pattern for owner and mode.
    pub at_source: Look,
    /// Whether it is an entry of the same store.
    pub is_entry: bool,
}

/// A directory or file that was made before its owner was known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// The path itself.
    pub path: HostPath,
    /// The same as the host sees it, if it lies in the store.
    pub as_seen: HostPath,
    /// Which one it is.
    pub id: FileId,
    /// Owner and mode that it was made with and still has.
    pub meta: Meta,
    /// Owner and mode of the directory that holds it.
    pub parent: Meta,
}

/// What was put in place and is not declared any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undeclared {
    /// What was put in place.
    pub placed: Placed,
    /// What lies at the target and at the source now; or why that cannot be told.
    pub ends: Result<(Look, Look), String>,
    /// The declared entry around it that shows the same once it is in place.
    pub inside: Option<HostPath>,
}

/// Looks at every entry of `config` for which `wanted` holds, and at what `memory` says is in place
/// without being declared. One that cannot be looked at, or whose store is bad, does not keep the
/// others from being looked at.
pub fn observe(
    sys: &dyn Sys,
    config: &Config,
    bad: &[BadStore],
    memory: &Memory,
    wanted: &dyn Fn(&Entry) -> bool,
) -> Scene {
    let eyes = Eyes::new(sys, config, memory);
    let one = |(store, entry): (&Store, &Entry)| {
        let source = store.source(entry);
        let ends = match bad.iter().find(|bad| bad.store == store.path) {
            Some(bad) => Err(bad.problem.to_string()),
            None => eyes.ends(store, entry, &source).map_err(|error| error.to_string()),
        };
        Observation { entry: entry.clone(), store: store.path.clone(), source, ends }
    };
    let wanted = config.entries().filter(|(_, entry)| wanted(entry));
    let mut entries: Vec<Observation> = wanted.map(one).collect();
    entries.sort_by(|a, b| a.entry.target.cmp(&b.entry.target));
    let declared: BTreeSet<&HostPath> = config.entries().map(|(_, entry)| &entry.target).collect();
    let gone = memory.placed.iter().filter(|placed| !declared.contains(&placed.target));
    let mut undeclared: Vec<Undeclared> = gone.map(|placed| eyes.undeclared(placed)).collect();
    // What lies further in was placed later and goes first.
    undeclared.sort_by(|a, b| b.placed.target.cmp(&a.placed.target));
    Scene { entries, undeclared }
}

struct Eyes<'a> {
    sys: &'a dyn Sys,
    config: &'a Config,
    memory: &'a Memory,
    /// Many entries share the directories above them.
    seen: RefCell<BTreeMap<HostPath, Look>>,
    /// The targets of each store.
    targets: BTreeSet<(&'a HostPath, &'a HostPath)>,
    /// What earlier runs put in place, by its target.
    placed: BTreeMap<&'a HostPath, &'a Placed>,
}

impl<'a> Eyes<'a> {
    fn new(sys: &'a dyn Sys, config: &'a Config, memory: &'a Memory) -> Self {
        let targets = config.entries().map(|(store, entry)| (&store.path, &entry.target)).collect();
        let placed = memory.placed.iter().map(|placed| (&placed.target, placed)).collect();
        Self { sys, config, memory, seen: RefCell::default(), targets, placed }
    }
}

impl Eyes<'_> {
    fn look(&self, path: &HostPath) -> Result<Look, SysError> {
        if let Some(look) = self.seen.borrow().get(path) {
            return Ok(look.clone());
        }
        let look = self.sys.look(path)?;
        self.seen.borrow_mut().insert(path.clone(), look.clone());
        Ok(look)
    }

    fn ends(&self, store: &Store, entry: &Entry, source: &HostPath) -> Result<Ends, SysError> {
        let parent = |path: HostPath| {
            let source = path.below(&store.path);
            let (at_target, at_source) = (self.look(&path)?, self.look(&source)?);
            let is_entry = self.targets.contains(&(&store.path, &path));
            Ok(Parent { path, at_target, source, at_source, is_entry })
        };
        let parents = entry.target.ancestors().into_iter().map(parent);
        let parents: Vec<Parent> = parents.collect::<Result<_, SysError>>()?;
        let mut ends = Ends {
            at_source: self.look(source)?,
            at_target: self.look(&entry.target)?,
            // By what is there and not by what is declared: whoever mounted it, what would be set
            // aside here lies in the store.
            is_inside: parents.iter().any(|above| is_same(&above.at_target, &above.at_source)),
            parents,
            ours: self.ours(entry)?,
            unfinished: self.unfinished(store, entry)?,
            data: None,
            elsewhere: None,
        };
        if !ends.is_inside && holds_data(&ends.at_target) {
            ends.data = self.data(entry, source, &ends)?;
        }
        if ends.at_source == Look::Absent {
            let has_data = ends.data.is_some();
            ends.elsewhere = self.elsewhere(store, entry, ends.ours.as_ref(), has_data)?;
        }
        Ok(ends)
    }

    fn ours(&self, entry: &Entry) -> Result<Option<(Placed, Look)>, SysError> {
        let Some(placed) = self.placed.get(&entry.target) else { return Ok(None) };
        Ok(Some(((*placed).clone(), self.look(&placed.source)?)))
    }

    fn unfinished(&self, store: &Store, entry: &Entry) -> Result<Vec<Unfinished>, SysError> {
        let mut found = Vec::new();
        for made in self.memory.unfinished.iter().filter(|made| made.entry == entry.target) {
            let Some(parent) = made.path.parent() else { continue };
            let (at, above) = (self.look(&made.path)?, self.look(&parent)?);
            let (Look::Directory(seen) | Look::File(seen), Look::Directory(above)) = (at, above)
            else {
                continue;
            };
            if seen.meta == made.meta && seen.id == made.id {
                let as_seen = made.path.seen_from(&store.path).unwrap_or_else(|| made.path.clone());
                let (path, id, meta) = (made.path.clone(), made.id, made.meta);
                found.push(Unfinished { path, as_seen, id, meta, parent: above.meta });
            }
        }
        Ok(found)
    }

    /// What decides about data at the target; none where it is in place, or of another kind.
    fn data(
        &self,
        entry: &Entry,
        source: &HostPath,
        ends: &Ends,
    ) -> Result<Option<Data>, SysError> {
        if is_mount(&ends.at_target) || !is_kind(&ends.at_target, entry.kind) {
            return Ok(None);
        }
        let mounts = self.sys.mounts_below(&entry.target)?;
        if !mounts.is_empty() {
            let declared =
                |point: &&HostPath| self.config.entries().any(|(_, other)| other.target == **point);
            let inner = mounts.iter().filter(declared).cloned().collect();
            let source = Against::Nothing;
            return Ok(Some(Data { source, writers: Vec::new(), mounts, inner }));
        }
        let against = match &ends.at_source {
            Look::Absent => Against::Nothing,
            there if is_kind(there, entry.kind) && !holds_data(there) => Against::Nothing,
            there if is_kind(there, entry.kind) => {
                let difference = self.sys.compare(&entry.target, source, Care::EveryByte)?;
                difference.map_or(Against::Same, Against::Different)
            }
            _ => return Ok(None),
        };
        let writers = match against {
            Against::Different(_) => Vec::new(),
            Against::Nothing | Against::Same => self.sys.writers(&entry.target)?,
        };
        Ok(Some(Data { source: against, writers, mounts, inner: Vec::new() }))
    }

    /// Where the entry's data may lie if it was moved from store to store: in another store, or where
    /// an earlier run put it in place from, even if that store is declared no more.
    fn elsewhere(
        &self,
        store: &Store,
        entry: &Entry,
        ours: Option<&(Placed, Look)>,
        has_data: bool,
    ) -> Result<Option<HostPath>, SysError> {
        // What another store holds around or below one of its own entries is that entry's.
        let is_free = |other: &&Store| {
            other.path != store.path
                && !other.entries.iter().any(|one| {
                    one.target.is_below(&entry.target) || entry.target.is_below(&one.target)
                })
        };
        // Data at the target itself is what was used last, unless it took the place of what was there.
        let others = self.config.stores.iter().filter(|other| !has_data && is_free(other));
        let others = others.map(|other| entry.target.below(&other.path));
        let ours = ours.map(|(placed, _)| placed.source.clone());
        let source = store.source(entry);
        for path in others.chain(ours.filter(|ours| *ours != source)) {
            let look = self.look(&path)?;
            if is_kind(&look, entry.kind) && holds_data(&look) {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    fn undeclared(&self, placed: &Placed) -> Undeclared {
        let look = || Ok((self.look(&placed.target)?, self.look(&placed.source)?));
        let ends = look().map_err(|error: SysError| error.to_string());
        let holds = |(store, entry): &(&Store, &Entry)| {
            placed.target.is_below(&entry.target) && placed.source.is_below(&store.source(entry))
        };
        let inside = self.config.entries().find(holds).map(|(_, entry)| entry.target.clone());
        Undeclared { placed: placed.clone(), ends, inside }
    }
}

/// Whether both are the same file or directory.
#[must_use]
pub fn is_same(one: &Look, other: &Look) -> bool {
    match (one, other) {
        (Look::Directory(one), Look::Directory(other)) | (Look::File(one), Look::File(other)) => {
            one.id == other.id
        }
        _ => false,
    }
}

/// Whether it is what an entry of this kind is made of.
#[must_use]
pub fn is_kind(look: &Look, kind: Kind) -> bool {
    matches!((look, kind), (Look::Directory(_), Kind::Directory) | (Look::File(_), Kind::File))
}

/// Whether something would be lost with it: a directory with entries, a file with bytes.
#[must_use]
pub fn holds_data(look: &Look) -> bool {
    matches!(look, Look::Directory(seen) | Look::File(seen) if !seen.is_empty)
}

fn is_mount(look: &Look) -> bool {
    matches!(look, Look::Directory(seen) | Look::File(seen) if seen.is_mount)
}

/// Whether the target is what a run that placed `placed` left there.
#[must_use]
pub fn is_left_by(placed: &Placed, at_target: &Look, at_source: &Look) -> bool {
    match placed.how {
        How::Bind => is_mount(at_target) && is_same(at_target, at_source),
        How::Symlink => {
            matches!(at_target, Look::Symlink(text) if text == placed.source.as_bytes())
        }
    }
}
