//! The looking itself, one entry at a time. Every path is looked at once.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::{
    Against, Data, Ends, Parent, Undeclared, Unfinished, holds_data, holds_nothing, is_brought,
    is_kind, is_mount, is_same, other_sources,
};
use crate::config::{Config, Entry, Kind, Store, Targets};
use crate::path::HostPath;
use crate::persist::machine_id::{self, Id, Ids};
use crate::persist::record::{Memory, Placed};
use crate::sys::{Care, Look, Sys, SysError};

pub(super) struct Eyes<'a> {
    sys: &'a dyn Sys,
    config: &'a Config,
    memory: &'a Memory,
    /// Many entries share the directories above them.
    seen: RefCell<BTreeMap<HostPath, Look>>,
    targets: Targets<'a>,
    /// What earlier runs put in place, in the order of the targets.
    placed: Vec<&'a Placed>,
}

impl<'a> Eyes<'a> {
    pub(super) fn new(sys: &'a dyn Sys, config: &'a Config, memory: &'a Memory) -> Self {
        let mut placed: Vec<&Placed> = memory.placed.iter().collect();
        placed.sort_unstable_by(|a, b| a.target.cmp(&b.target));
        let targets = Targets::of(config);
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

    pub(super) fn ends(
        &self,
        store: &Store,
        entry: &Entry,
        source: &HostPath,
    ) -> Result<Ends, SysError> {
        let parent = |path: HostPath| {
            let source = path.below(&store.path);
            let (at_target, at_source) = (self.look(&path)?, self.look(&source)?);
            let is_entry = self.targets.get(&path).is_some_and(|(of, _)| of.path == store.path);
            let is_target_unfinished = self.is_unfinished(&path, &at_target);
            let is_source_unfinished = self.is_unfinished(&source, &at_source);
            Ok(Parent {
                path,
                at_target,
                source,
                at_source,
                is_entry,
                is_target_unfinished,
                is_source_unfinished,
            })
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
            is_in_memory: false,
            machine_id: None,
            ours: self.ours(entry)?,
            unfinished: self.unfinished(store, entry)?,
            data: None,
            elsewhere: None,
        };
        if machine_id::is_of(entry) {
            ends.machine_id = Some(self.machine_ids(&entry.target, source, &ends)?);
        }
        if !ends.is_inside {
            ends.data = self.data(entry, source, &ends)?;
        }
        if ends.at_source == Look::Absent {
            ends.is_in_memory = entry.kind == Kind::File && self.sys.is_in_memory(&entry.target)?;
        }
        if ends.at_source == Look::Absent || ends.machine_id.is_some_and(Ids::lacks_source) {
            ends.elsewhere = self.elsewhere(store, entry, &ends)?;
        }
        if let (Some(ids), Some(elsewhere)) = (&mut ends.machine_id, &ends.elsewhere) {
            ids.kept = self.machine_id(elsewhere, &self.look(elsewhere)?)?;
        }
        Ok(ends)
    }

    /// What is in place is not read: whatever it says, it is what the store says.
    fn machine_ids(
        &self,
        target: &HostPath,
        source: &HostPath,
        ends: &Ends,
    ) -> Result<Ids, SysError> {
        if holds_data(&ends.at_source) && is_same(&ends.at_target, &ends.at_source) {
            return Ok(Ids { at_target: Id::Other, at_source: Id::Other, kept: Id::Other });
        }
        let at_source = self.machine_id(source, &ends.at_source)?;
        let at_target = self.machine_id(target, &ends.at_target)?;
        Ok(Ids { at_target, at_source, kept: at_source })
    }

    fn machine_id(&self, path: &HostPath, look: &Look) -> Result<Id, SysError> {
        match look {
            Look::Absent => Ok(Id::Unset),
            Look::File(seen) if seen.is_empty => Ok(Id::Unset),
            Look::File(_) => Ok(machine_id::parse(&self.sys.read(path, machine_id::LIMIT)?)),
            _ => Ok(Id::Other),
        }
    }

    fn ours(&self, entry: &Entry) -> Result<Option<(Placed, Look)>, SysError> {
        let at = self.placed.binary_search_by(|placed| placed.target.cmp(&entry.target));
        let Some(&placed) = at.ok().and_then(|at| self.placed.get(at)) else { return Ok(None) };
        Ok(Some((placed.clone(), self.look(&placed.source)?)))
    }

    /// Whether what was seen at `path` is what an earlier run made for some entry, and is as it made it.
    fn is_unfinished(&self, path: &HostPath, look: &Look) -> bool {
        let (Look::Directory(seen) | Look::File(seen)) = look else { return false };
        let mut made = self.memory.unfinished.iter().filter(|made| made.path == *path);
        made.any(|made| (made.id, made.meta) == (seen.id, seen.meta))
    }

    fn unfinished(&self, store: &Store, entry: &Entry) -> Result<Vec<Unfinished>, SysError> {
        let mut found = Vec::new();
        for made in self.memory.unfinished.iter().filter(|made| made.entry == entry.target) {
            let Some(parent) = made.path.parent() else { continue };
            let (at, above) = (self.look(&made.path)?, self.look(&parent)?);
            if !self.is_unfinished(&made.path, &at) {
                continue;
            }
            if let Look::Directory(above) = above {
                let as_seen = made.path.seen_from(&store.path).unwrap_or_else(|| made.path.clone());
                let (path, id, meta) = (made.path.clone(), made.id, made.meta);
                found.push(Unfinished { path, as_seen, id, meta, parent: above.meta });
            }
        }
        Ok(found)
    }

    /// What decides about what lies at the target; none where it is in place, or of another kind, or an
    /// empty directory. An empty file is nothing to compare, but somebody may be about to write to it.
    fn data(
        &self,
        entry: &Entry,
        source: &HostPath,
        ends: &Ends,
    ) -> Result<Option<Data>, SysError> {
        let there = &ends.at_target;
        if is_mount(there) || !is_kind(there, entry.kind) {
            return Ok(None);
        }
        if !holds_data(there) {
            return if entry.kind == Kind::File {
                self.unwritten(entry).map(Some)
            } else {
                Ok(None)
            };
        }
        let mounts = self.sys.mounts_below(&entry.target)?;
        if !mounts.is_empty() {
            let declared = |point: &&HostPath| self.targets.get(point).is_some();
            let inner = mounts.iter().filter(declared).cloned().collect();
            let source = Against::Nothing;
            return Ok(Some(Data { source, writers: Vec::new(), mounts, inner }));
        }
        let against = match &ends.at_source {
            Look::Absent => Against::Nothing,
            there if is_kind(there, entry.kind) && holds_nothing(ends) => Against::Nothing,
            _ if ends.machine_id.is_some_and(Ids::is_one) => Against::Same,
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

    fn unwritten(&self, entry: &Entry) -> Result<Data, SysError> {
        let writers = self.sys.writers(&entry.target)?;
        Ok(Data { source: Against::Nothing, writers, mounts: Vec::new(), inner: Vec::new() })
    }

    /// Where the entry's data may lie if it was moved from store to store: in another store, or where
    /// an earlier run put it in place from, even if that store is declared no more.
    fn elsewhere(
        &self,
        store: &Store,
        entry: &Entry,
        ends: &Ends,
    ) -> Result<Option<HostPath>, SysError> {
        let has_data = ends.data.is_some()
            && holds_data(&ends.at_target)
            && !ends.machine_id.is_some_and(|ids| ids.at_target == Id::Unset);
        // Data at the target itself is what was used last, unless it took the place of what was there.
        let others = other_sources(self.config, store, entry).filter(|_| !has_data);
        let ours = ends.ours.as_ref().map(|(placed, _)| placed.source.clone());
        let source = store.source(entry);
        for path in others.chain(ours.filter(|ours| *ours != source)) {
            let look = self.look(&path)?;
            let is_one = match ends.machine_id {
                Some(_) => self.machine_id(&path, &look)? != Id::Unset,
                None => holds_data(&look) || !has_data,
            };
            if is_one && is_brought(&look, entry.kind) {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    /// The declared entries, in the order of their targets.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&Store, &Entry)> {
        self.targets.iter()
    }

    /// What is in place and not declared. What lies further in was placed later and goes first.
    pub(super) fn undeclared(&self) -> impl Iterator<Item = Undeclared> {
        let gone = self.placed.iter().rev().filter(|one| self.targets.get(&one.target).is_none());
        gone.map(|placed| self.one_undeclared(placed))
    }

    fn one_undeclared(&self, placed: &Placed) -> Undeclared {
        let look = || Ok((self.look(&placed.target)?, self.look(&placed.source)?));
        let ends = look().map_err(|error: SysError| error.to_string());
        let holds = |(store, entry): &(&Store, &Entry)| {
            placed.target.is_below(&entry.target) && placed.source.is_below(&store.source(entry))
        };
        let inside = self.config.entries().find(holds).map(|(_, entry)| entry.target.clone());
        Undeclared { placed: placed.clone(), ends, inside }
    }
}
