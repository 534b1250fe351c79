//! The record of what was put in place, at `/run/blankslate/persist.json`: what really happened, for
//! the loss report and for a later run.

use serde::{Deserialize, Serialize};

use super::apply::Outcome;
use super::plan::EntryPlan;
use crate::path::HostPath;
use crate::sys::mounts::MountTable;

/// The file's name below `/run/blankslate`.
pub const FILE: &str = "persist.json";

/// The version of the record's shape.
pub const VERSION: u32 = 1;

/// What the step that places entries did in this boot. Its schema is `docs/schema/persist-1.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Every declared entry, in the order of the targets.
    pub entries: Vec<EntryRecord>,
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
    /// `unchanged`, `done`, `refused` or `failed`.
    pub outcome: String,
    /// Why it is not in place.
    pub reason: Option<String>,
}

impl Record {
    /// Writes down what became of every entry. `mounts` are the mount points below the root.
    #[must_use]
    pub fn new(
        config: &str,
        mounts: Vec<String>,
        plans: &[EntryPlan],
        outcomes: &[Outcome],
    ) -> Self {
        let entries =
            plans.iter().zip(outcomes).map(|(plan, outcome)| EntryRecord::new(plan, outcome));
        Self {
            version: VERSION,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            config: Some(config.to_owned()),
            trouble: None,
            mounts,
            entries: entries.collect(),
        }
    }
}

impl Record {
    /// Whether every entry is in place.
    #[must_use]
    pub fn is_as_it_should(&self) -> bool {
        self.trouble.is_none() && self.entries.iter().all(|entry| entry.reason.is_none())
    }

    /// A record of a step that could not even try.
    #[must_use]
    pub fn of_trouble(trouble: String) -> Self {
        let nothing = Self::new("", Vec::new(), &[], &[]);
        Self { config: None, trouble: Some(trouble), ..nothing }
    }
}

impl EntryRecord {
    fn new(plan: &EntryPlan, outcome: &Outcome) -> Self {
        let (word, reason) = match outcome {
            Outcome::Unchanged => ("unchanged", None),
            Outcome::Done => ("done", None),
            Outcome::Refused(why) => ("refused", Some(why.to_string())),
            Outcome::Failed(error) => ("failed", Some(error.to_string())),
        };
        Self {
            target: plan.entry.target.exact(),
            source: plan.source.exact(),
            how: plan.entry.how.word().to_owned(),
            outcome: word.to_owned(),
            reason,
        }
    }
}

/// The mount points strictly below `root` in a mount table, as a host whose `/` is `root` sees them.
#[must_use]
pub fn mounts_below(root: &HostPath, table: &MountTable) -> Vec<String> {
    let below = table.mounts.iter().filter(|mount| mount.point.is_below(root));
    let relative = below.filter_map(|mount| {
        let bytes = mount.point.as_bytes();
        let rest = if root.is_root() { Some(bytes) } else { bytes.strip_prefix(root.as_bytes()) };
        rest.and_then(|rest| String::from_utf8(rest.to_vec()).ok())
    });
    let mut points: Vec<String> = relative.collect();
    points.sort();
    points.dedup();
    points
}
