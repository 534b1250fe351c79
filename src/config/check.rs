//! What a configuration has to be as a whole: pure rules over values that are each well formed.

mod device;
mod made;

use std::fmt::Display;

use super::{Config, Entry, Fault, How, Kind, Root, Store, Targets};
use crate::path::HostPath;

/// Returns everything that does not fit together.
pub(super) fn whole(config: &Config) -> Vec<Fault> {
    let mut faults = Vec::new();
    roots(config, &mut faults);
    made::roots(config, &mut faults);
    stores(config, &mut faults);
    for (store, entry) in config.entries() {
        one_entry(config, store, entry, &mut faults);
        made::entry(entry, &mut faults);
    }
    pairs(config, &mut faults);
    faults
}

fn fault(line: usize, key: &str, what: String) -> Fault {
    Fault { line, key: key.to_owned(), what }
}

fn roots(config: &Config, faults: &mut Vec<Fault>) {
    for (at, root) in config.roots.iter().enumerate() {
        let mut bad = |key, name: &dyn Display, first: &Root| {
            let what = format!("{name} is a root already, in line {}; drop one", first.line);
            faults.push(fault(root.line, key, what));
        };
        let mut before = config.roots.iter().take(at);
        if let Some(first) = before.clone().rfind(|other| other.mount == root.mount) {
            bad("root.mount", &root.mount, first);
        }
        if let Some(first) = before.rfind(|other| other.dataset == root.dataset) {
            bad("root.dataset", &root.dataset, first);
        }
    }
}

fn stores(config: &Config, faults: &mut Vec<Fault>) {
    let mut seen: Vec<&Store> = Vec::new();
    for store in &config.stores {
        let mut bad = |key, what| faults.push(fault(store.line, key, what));
        if let Some(erased) = erased_above(config, store) {
            let what =
                format!("{erased} is erased at boot; a store needs a file system of its own");
            bad("store.path", what);
        }
        for other in &seen {
            if store.path.starts_with(&other.path) || other.path.starts_with(&store.path) {
                let what = format!(
                    "{} and the store {} of line {} lie in one another; keep one",
                    store.path, other.path, other.line
                );
                bad("store.path", what);
            }
        }
        device::check(config, store, &seen, faults);
        seen.push(store);
    }
}

/// The root that the store would lie on: one that is mounted between where its file system is and
/// where the store is.
fn erased_above<'c>(config: &'c Config, store: &'c Store) -> Option<&'c HostPath> {
    let between = |at: &&HostPath| at.starts_with(&store.mount) && store.path.starts_with(at);
    let root = config.roots.iter().map(|root| &root.mount).find(between);
    root.or_else(|| store.path.is_root().then_some(&store.path))
}

fn one_entry(config: &Config, store: &Store, entry: &Entry, faults: &mut Vec<Fault>) {
    let mut bad = |what: String| faults.push(fault(entry.line, "store.entry.target", what));
    if entry.target.is_root() {
        bad("/ cannot be an entry; declare the directories below it".into());
        return;
    }
    for other in config.stores.iter().filter(|store| !store.path.is_root()) {
        if entry.target.starts_with(&other.path) {
            let inner = if other.path == store.path { "its own store" } else { "the store" };
            bad(format!(
                "{} lies in {inner} {}; write the path as the host sees it",
                entry.target, other.path
            ));
        } else if other.path.is_below(&entry.target) {
            bad(format!(
                "{} holds the store {}, which it would cover; declare what is beside it",
                entry.target, other.path
            ));
        }
    }
    if let Some(at) = store_mount_above(config, entry) {
        bad(format!(
            "{} lies on the file system of the store at {at}, which is not erased; drop the entry",
            entry.target
        ));
    }
    for root in &config.roots {
        if root.mount.is_root() {
            continue;
        }
        if root.mount.starts_with(&entry.target) {
            bad(format!("{} would cover the root {}", entry.target, root.mount));
        }
    }
}

/// Where the file system of a store hides the root at an entry's target: what lies there survives, and
/// would be taken for what the root holds.
fn store_mount_above<'c>(config: &'c Config, entry: &Entry) -> Option<&'c HostPath> {
    let root = config.root_of(&entry.target)?;
    let hides = |store: &&Store| {
        store.mount.is_below(&root.mount)
            && entry.target.starts_with(&store.mount)
            && !entry.target.starts_with(&store.path)
    };
    config.stores.iter().find(hides).map(|store| &store.mount)
}

/// Entries that get in each other's way: the same target twice, or one inside a file or a symlink.
fn pairs(config: &Config, faults: &mut Vec<Fault>) {
    let targets = Targets::of(config);
    for ((_, first), (_, entry)) in targets.iter().zip(targets.iter().skip(1)) {
        if first.target == entry.target {
            let what =
                format!("{} is declared already, in line {}; drop one", entry.target, first.line);
            faults.push(fault(entry.line, "store.entry.target", what));
        }
    }
    for (_, entry) in config.entries() {
        for above in entry.target.ancestors() {
            let Some((_, outer)) = targets.get(&above) else { continue };
            let reason = match (outer.kind, outer.how) {
                (Kind::File, _) => "which is a file",
                (_, How::Symlink) => "which is a symlink, so both would be one path in the store",
                (Kind::Directory, How::Bind) => continue,
            };
            let what = format!(
                "{} lies in {} of line {}, {reason}; drop one",
                entry.target, outer.target, outer.line
            );
            faults.push(fault(entry.line, "store.entry.target", what));
        }
    }
}
