//! The record of what was put in place, at `/run/blankslate/persist.json`: what really happened, for
//! the loss report, for `status`, and for a later run, which knows by it its own work from others'.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::apply::Turn;
use crate::config::{Config, How, Targets};
use crate::path::HostPath;
use crate::sys::mounts::MountTable;
use crate::sys::{FileId, Meta};

/// The file's name below `/run/blankslate`.
pub const FILE: &str = "persist.json";

/// The version of the record's shape.
pub const VERSION: u32 = 1;

/// What the steps that place entries did in this boot. Its schema is `docs/schema/persist-1.json`.
/// Names that are not UTF-8 cannot be declared, so none is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The version of this shape.
    pub version: u32,
    /// The version of the program that wrote it.
    pub program: String,
    /// SHA-256 of the configuration it read; none when that could not be read.
    pub config: Option<String>,
    /// Why nothing could even be tried; none where it could.
    pub trouble: Option<String>,
    /// Where something was mounted below the root before any entry was placed, as the host sees it.
    /// The same boot will mount it again. Names that are not UTF-8 are left out.
    pub mounts: Vec<String>,
    /// Every declared entry, and what is still in place of earlier ones.
    pub entries: Vec<EntryRecord>,
    /// What was made before its owner was known, and has to be finished.
    pub unfinished: Vec<UnfinishedRecord>,
}

/// What became of one entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryRecord {
    /// The path as the host sees it.
    pub target: String,
    /// The path in the store.
    pub source: String,
    /// `bind` or `symlink`.
    pub how: String,
    /// Whether it was declared in the configuration of this record.
    pub declared: bool,
    /// `unchanged`, `done`, `waiting`, `refused` or `failed`.
    pub outcome: String,
    /// Why it is not as declared.
    pub reason: Option<String>,
    /// Whether it is in place, by this run or an earlier one.
    pub in_place: bool,
    /// What was at the target before its data was copied into the store, and lies beside it now.
    pub set_aside: Vec<String>,
}

/// A directory or file that was made before its owner was known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnfinishedRecord {
    /// Where.
    pub path: String,
    /// The target of the entry that it was made for.
    pub entry: String,
    /// The owner's number it was made with.
    pub uid: u32,
    /// The group's number it was made with.
    pub gid: u32,
    /// The permission bits it was made with.
    pub mode: u32,
    /// The number of its file system.
    pub device: (u32, u32),
    /// Its inode number.
    pub inode: u64,
}

/// What an earlier run did, as a later one uses it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    /// What it left in place.
    pub placed: Vec<Placed>,
    /// What has to be finished.
    pub unfinished: Vec<Made>,
}

/// An entry that was put in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The path as the host sees it.
    pub target: HostPath,
    /// The path in the store.
    pub source: HostPath,
    /// How.
    pub how: How,
}

/// A directory or file that was made before its owner was known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Where.
    pub path: HostPath,
    /// The target of the entry that it was made for.
    pub entry: HostPath,
    /// Owner and mode it was made with.
    pub meta: Meta,
    /// Which one it is.
    pub id: FileId,
}

impl Record {
    /// Writes down what became of the entries. `mounts` are the mount points below the root, `earlier`
    /// is what the record of this boot said until now: of entries that had no turn it stays true.
    #[must_use]
    pub fn new(config: &Config, mounts: Vec<String>, turns: &[Turn], earlier: &Self) -> Self {
        // None for what is taken out of place.
        let mut entries: BTreeMap<String, Option<EntryRecord>> = BTreeMap::new();
        let declared = Targets::of(config);
        for entry in &earlier.entries {
            let target = entry.target.parse::<HostPath>();
            let is_declared = target.is_ok_and(|target| declared.get(&target).is_some());
            if is_declared || entry.in_place {
                let entry = EntryRecord { declared: is_declared, ..entry.clone() };
                entries.insert(entry.target.clone(), Some(entry));
            }
        }
        for turn in turns {
            let target = turn.plan.target.exact();
            let earlier = entries.get(&target).and_then(Option::as_ref);
            let is_kept = turn.plan.is_declared || turn.is_in_place();
            let entry = is_kept.then(|| EntryRecord::new(turn, earlier));
            entries.insert(target, entry);
        }
        Self {
            version: VERSION,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            config: Some(config.digest.clone()),
            trouble: None,
            mounts,
            entries: entries.into_values().flatten().collect(),
            unfinished: unfinished(turns, earlier),
        }
    }

    /// A record of a step that could not even try. What an earlier run left in place stays known.
    #[must_use]
    pub fn of_trouble(trouble: String, earlier: &Self) -> Self {
        let program = env!("CARGO_PKG_VERSION").to_owned();
        let trouble = Some(trouble);
        Self { version: VERSION, program, config: None, trouble, ..earlier.clone() }
    }

    /// Whether every entry is as declared.
    #[must_use]
    pub fn is_as_it_should(&self) -> bool {
        self.trouble.is_none() && self.entries.iter().all(|entry| entry.reason.is_none())
    }

    /// What a later run has to know. What cannot be understood is left out: it is then somebody
    /// else's work, and nothing is undone.
    #[must_use]
    pub fn memory(&self) -> Memory {
        let placed = self.entries.iter().filter(|entry| entry.in_place).filter_map(|entry| {
            let how = [How::Bind, How::Symlink].into_iter().find(|how| how.word() == entry.how)?;
            let (target, source) = (entry.target.parse().ok()?, entry.source.parse().ok()?);
            Some(Placed { target, source, how })
        });
        let unfinished = self.unfinished.iter().filter_map(|made| {
            let meta = Meta { uid: made.uid, gid: made.gid, mode: made.mode };
            let id = FileId { device: made.device, inode: made.inode };
            Some(Made { path: made.path.parse().ok()?, entry: made.entry.parse().ok()?, meta, id })
        });
        Memory { placed: placed.collect(), unfinished: unfinished.collect() }
    }
}

impl EntryRecord {
    fn new(turn: &Turn, earlier: Option<&Self>) -> Self {
        let plan = &turn.plan;
        let (word, reason) = turn.outcome.in_words();
        let (source, how) = (plan.source.exact(), plan.how.word().to_owned());
        // What an earlier run left in place is still there where this one could not do its part. What
        // waits was looked at, and is not there.
        let is_left = !turn.is_in_place() && !turn.is_waiting();
        let left = earlier.filter(|earlier| earlier.in_place && is_left);
        let (source, how) = match left {
            Some(left) if !turn.took_out => (left.source.clone(), left.how.clone()),
            _ => (source, how),
        };
        let mut set_aside = earlier.map(|earlier| earlier.set_aside.clone()).unwrap_or_default();
        set_aside.extend(turn.set_aside.iter().map(HostPath::exact));
        Self {
            target: plan.target.exact(),
            source,
            how,
            declared: plan.is_declared,
            outcome: word.to_owned(),
            reason,
            in_place: turn.is_in_place() || left.is_some() && !turn.took_out,
            set_aside,
        }
    }
}

fn unfinished(turns: &[Turn], earlier: &Record) -> Vec<UnfinishedRecord> {
    let finished: Vec<String> =
        turns.iter().flat_map(|turn| &turn.finished).map(HostPath::exact).collect();
    let still = earlier.unfinished.iter().filter(|made| !finished.contains(&made.path)).cloned();
    let new = turns.iter().flat_map(|turn| &turn.provisional).map(UnfinishedRecord::of);
    still.chain(new).collect()
}

impl UnfinishedRecord {
    fn of(made: &Made) -> Self {
        let Meta { uid, gid, mode } = made.meta;
        let FileId { device, inode } = made.id;
        Self { path: made.path.exact(), entry: made.entry.exact(), uid, gid, mode, device, inode }
    }
}

/// The mount points strictly below `root` in a mount table, as a host whose `/` is `root` sees them.
#[must_use]
pub fn mounts_below(root: &HostPath, table: &MountTable) -> Vec<String> {
    let below = table.mounts.iter().filter(|mount| mount.point.is_below(root));
    let relative = below.filter_map(|mount| mount.point.seen_from(root));
    let text = relative.filter_map(|point| String::from_utf8(point.as_bytes().to_vec()).ok());
    let mut points: Vec<String> = text.collect();
    points.sort_unstable();
    points.dedup();
    points
}
