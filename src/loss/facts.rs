//! Finds out what is in place on the host now: the rules by which changes are judged.
//!
//! In: the configuration, the mount table, the root. Out: [`Rules`]. Reads, and changes nothing.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use super::accept::{Accept, escape_glob};
use super::rules::{Holds, Mounted, Placement, Rules};
use super::unmounted::Unmounted;
use crate::config::{AcceptRule, Config, Entry, How, Kind, Store};
use crate::path::HostPath;
use crate::persist::machine_id;
use crate::persist::observe::{holds_data, is_brought, other_sources};
use crate::persist::record::{FILE, Record, VERSION};
use crate::sys::mounts::{Mount, MountTable};
use crate::sys::{Look, SysError, memory, record};

/// The file systems that every boot mounts: where, and of which types (a container's `/dev` is a
/// tmpfs).
const KERNEL: [(&str, &[&str]); 4] = [
    ("/proc", &["proc"]),
    ("/sys", &["sysfs"]),
    ("/dev", &["devtmpfs", "tmpfs"]),
    ("/run", &["tmpfs", "ramfs"]),
];

/// A record of this boot that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RecordError(String);

/// Tells what lies at a path, as [`Sys::look`](crate::sys::Sys::look).
pub type Looker<'l> = &'l dyn Fn(&HostPath) -> Result<Look, SysError>;

/// Returns the rules for the root that is read through `look`, on which `mounts` are mounted. Nothing is
/// adopted from what is mounted in the place of a root that is `unmounted`.
pub fn facts(
    config: &Config,
    accept: Accept,
    mounts: &[Mount],
    unmounted: &[Unmounted],
    recorded: &[HostPath],
    look: Looker<'_>,
) -> Rules {
    let mut points: BTreeMap<HostPath, Mounted> = BTreeMap::new();
    for mount in mounts.iter().filter(|mount| !mount.point.is_root()) {
        let kernel = is_kernel(mount);
        points.entry(mount.point.clone()).or_insert(Mounted { now: true, again: false }).again |=
            kernel;
    }
    // A store or a recorded mount that is not there now is there again after the next boot.
    for point in config.stores.iter().map(|store| &store.path).chain(recorded) {
        let missing = Mounted { now: false, again: true };
        points.entry(point.clone()).or_insert(missing).again = true;
    }
    let is_on_root = |target: &HostPath| {
        let root = config.root_of(target);
        root.is_some_and(|root| !unmounted.iter().any(|other| other.mount == root.mount))
    };
    let placed = |(store, entry): (&Store, &Entry)| {
        let bed = Bed {
            is_on_root: is_on_root(&entry.target),
            is_in_memory: is_in_memory(&entry.target, mounts),
        };
        let others: Vec<HostPath> = other_sources(config, store, entry).collect();
        placement((store, entry), &others, bed, &points, look)
    };
    let placements = config.entries().map(placed).collect();
    Rules::new(placements, &points, accept)
}

fn is_kernel(mount: &Mount) -> bool {
    let is = |(point, types): &(&str, &[&str])| {
        point.as_bytes() == mount.point.as_bytes() && types.contains(&mount.fs_type.as_str())
    };
    KERNEL.iter().any(is)
}

/// Whether what is written at `path` is gone after a boot, by the file system there. What cannot be told
/// is taken for a disk: then the boot makes nothing, and the way to it counts as lost.
fn is_in_memory(path: &HostPath, mounts: &[Mount]) -> bool {
    let around = mounts.iter().filter(|mount| path.starts_with(&mount.point));
    let innermost = around.max_by_key(|mount| mount.point.as_bytes().len());
    innermost.is_some_and(|mount| memory::is_in_memory(&mount.fs_type))
}

/// The file system that a target lies on.
#[derive(Debug, Clone, Copy)]
struct Bed {
    /// Whether it is a declared root, and that is what is mounted.
    is_on_root: bool,
    is_in_memory: bool,
}

fn placement(
    (store, entry): (&Store, &Entry),
    others: &[HostPath],
    Bed { is_on_root, is_in_memory }: Bed,
    mounts: &BTreeMap<HostPath, Mounted>,
    look: Looker<'_>,
) -> Placement {
    let source = store.source(entry);
    let is_in_place = match entry.how {
        How::Bind => mounts.get(&entry.target).is_some_and(|mounted| mounted.now),
        How::Symlink => match look(&entry.target) {
            Ok(Look::Symlink(text)) => text == source.as_bytes(),
            // What cannot be looked at is not known to be in place.
            Ok(_) | Err(_) => false,
        },
    };
    let source_holds = match (entry.kind, look(&source)) {
        (Kind::Directory, Ok(Look::Directory(seen))) | (Kind::File, Ok(Look::File(seen))) => {
            if seen.is_empty { Holds::Nothing } else { Holds::Data }
        }
        (Kind::Directory | Kind::File, Ok(Look::Absent)) if is_directory(&look(&store.path)) => {
            if !is_in_memory && is_awaited(entry, others, look) {
                Holds::Awaited
            } else {
                Holds::Nothing
            }
        }
        // Without the privilege to look, what is in place is taken to be held.
        (Kind::Directory | Kind::File, Err(_)) if is_in_place => Holds::Data,
        (Kind::Directory | Kind::File, Ok(_) | Err(_)) => Holds::Unusable,
    };
    let (target, kind, how, line) = (entry.target.clone(), entry.kind, entry.how, entry.line);
    Placement { target, source, kind, how, line, is_in_place, source_holds, is_on_root }
}

/// Whether the file is nowhere, in no other store either, so that the next boot makes none where it could
/// be found afterwards. What cannot be told is lost.
fn is_awaited(entry: &Entry, others: &[HostPath], look: Looker<'_>) -> bool {
    let is_there = |there: &Look| {
        matches!(there, Look::File(seen) if !seen.is_mount) && is_brought(there, entry.kind)
    };
    let is_brought = |at: &HostPath| look(at).is_ok_and(|there| is_brought(&there, entry.kind));
    entry.kind == Kind::File
        && !machine_id::is_of(entry)
        && !look(&entry.target).is_ok_and(|there| is_there(&there))
        && !others.iter().any(is_brought)
}

fn is_directory(look: &Result<Look, SysError>) -> bool {
    matches!(look, Ok(Look::Directory(_)))
}

/// Returns the mounts on and below `root`, an absolute path without symlinks, as paths below it.
#[must_use]
pub fn mounts_below(table: MountTable, root: &HostPath) -> Vec<Mount> {
    let below = |mount: Mount| mount.point.seen_from(root).map(|point| Mount { point, ..mount });
    table.mounts.into_iter().filter_map(below).collect()
}

/// What the record of this boot tells a report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Where something was mounted before any entry was placed: the same boot mounts it again.
    pub mounts: Vec<HostPath>,
    /// What was set aside when its data had been copied into the store, with the copy.
    pub set_aside: Vec<(HostPath, HostPath)>,
}

impl Recorded {
    /// Rules for what need not be reported as lost: the store has a copy of it, and still holds it.
    pub fn accept_rules(&self, look: Looker<'_>) -> impl Iterator<Item = AcceptRule> {
        // Of an empty file an empty one is the copy.
        let is_empty = |there: &Look| matches!(there, Look::File(seen) if seen.is_empty);
        let is_held = move |(aside, copy): &&(HostPath, HostPath)| match look(copy) {
            Ok(there) if is_empty(&there) => look(aside).is_ok_and(|old| is_empty(&old)),
            Ok(there) => holds_data(&there),
            Err(_) => false,
        };
        let held = self.set_aside.iter().filter(is_held);
        held.map(|(aside, copy)| AcceptRule {
            glob: format!("{}/**", escape_glob(&aside.exact())),
            because: Some(format!("set aside when it was copied to {copy}")),
            line: 0,
        })
    }
}

/// Reads what was recorded in this boot; nothing when there is no record.
///
/// # Errors
/// There is a record and it cannot be used.
pub fn recorded(run_dir: &Path) -> Result<Recorded, RecordError> {
    let record = record::read::<Record>(run_dir, FILE, VERSION).map_err(RecordError)?;
    record.map_or_else(|| Ok(Recorded::default()), |record| understand(&record))
}

fn understand(record: &Record) -> Result<Recorded, RecordError> {
    let path = |text: &String| -> Result<HostPath, RecordError> {
        text.parse().map_err(|problem| {
            let shown = crate::path::escape(text.as_bytes());
            RecordError(format!("cannot understand {FILE}: \"{shown}\" {problem}"))
        })
    };
    let mut set_aside = Vec::new();
    for entry in &record.entries {
        for aside in &entry.set_aside {
            set_aside.push((path(aside)?, path(&entry.source)?));
        }
    }
    Ok(Recorded { mounts: record.mounts.iter().map(path).collect::<Result<_, _>>()?, set_aside })
}
