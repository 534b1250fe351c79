//! Looks at source, target and what lies around them, for every entry. Changes nothing.
//!
//! What costs much, such as comparing two trees or asking every process for its open files, is looked
//! at only where a plan depends on it.

mod eyes;
mod stores;

pub use stores::{BadStore, StoreProblem, check_stores};

use self::eyes::Eyes;
use super::machine_id::Ids;
use super::record::{Memory, Placed};
use crate::config::{Config, Entry, How, Kind, Store};
use crate::path::HostPath;
use crate::sys::{Difference, FileId, Look, Meta, Sys, Writer};

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
    /// Whether what somebody makes at the target is gone after a boot, because its file system lies in
    /// memory; looked at only where nobody has made the file yet.
    pub is_in_memory: bool,
    /// What is known of the host's machine id; none for every other entry.
    pub machine_id: Option<Ids>,
    /// What an earlier run put in place here, and what its source is now.
    pub ours: Option<(Placed, Look)>,
    /// What has to be finished: made when its owner was not known, and since then not touched.
    pub unfinished: Vec<Unfinished>,
    /// What decides whether what lies at the target may be taken along or covered; none where there is
    /// neither data nor an empty file, or nothing to decide.
    pub data: Option<Data>,
    /// Where its data lies if it was moved from store to store; only where the source is missing, or is a
    /// machine id that is not set.
    pub elsewhere: Option<HostPath>,
}

/// About data, or an empty file, at a target that is no mount.
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
    /// Whether what lies at the target was made before its owner was known, and has to be finished.
    pub is_target_unfinished: bool,
    /// The same of what lies in the store.
    pub is_source_unfinished: bool,
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
    let wanted = eyes.entries().filter(|(_, entry)| wanted(entry));
    Scene { entries: wanted.map(one).collect(), undeclared: eyes.undeclared().collect() }
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

/// Whether the store has nothing to lose at the source: it is empty, or the word for no machine id.
#[must_use]
pub fn holds_nothing(ends: &Ends) -> bool {
    !holds_data(&ends.at_source) || ends.machine_id.is_some_and(Ids::lacks_source)
}

/// Whether it is an empty file of which its being there may be all that it says: one that this program
/// made to mount on says nothing.
#[must_use]
pub fn is_flag(look: &Look) -> bool {
    matches!(look, Look::File(seen) if seen.is_empty && !seen.is_untouched)
}

/// Whether an empty file is all there is of an entry: then its being there is what it says, and it is kept
/// as data is. Of a machine id it says that there is none.
#[must_use]
pub fn is_only_flag(entry: &Entry, ends: &Ends) -> bool {
    let is_nowhere_else = ends.at_source == Look::Absent && ends.elsewhere.is_none();
    entry.kind == Kind::File
        && is_flag(&ends.at_target)
        && is_nowhere_else
        && ends.machine_id.is_none()
}

/// The places in other stores where the data of an entry may lie that was moved from store to store. What
/// another store holds around or below one of its own entries is that entry's.
pub fn other_sources<'c>(
    config: &'c Config,
    store: &'c Store,
    entry: &'c Entry,
) -> impl Iterator<Item = HostPath> + 'c {
    let is_free = |other: &&Store| {
        other.path != store.path
            && !other
                .entries
                .iter()
                .any(|one| one.target.is_below(&entry.target) || entry.target.is_below(&one.target))
    };
    config.stores.iter().filter(is_free).map(|other| entry.target.below(&other.path))
}

/// Whether it is what is brought from another store: data, or a file that says something by being there.
#[must_use]
pub fn is_brought(look: &Look, kind: Kind) -> bool {
    is_kind(look, kind) && (holds_data(look) || is_flag(look))
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
