//! What a configuration has to be as a whole: pure rules over values that are each well formed.

use std::collections::BTreeMap;

use super::{Config, Entry, Fault, How, Kind, Store};
use crate::path::HostPath;

/// Returns everything that does not fit together.
pub(super) fn whole(config: &Config) -> Vec<Fault> {
    let mut faults = Vec::new();
    roots(config, &mut faults);
    stores(config, &mut faults);
    for (store, entry) in config.entries() {
        one_entry(config, store, entry, &mut faults);
    }
    pairs(config, &mut faults);
    faults
}

fn fault(line: usize, key: &str, what: String) -> Fault {
    Fault { line, key: key.to_owned(), what }
}

fn roots(config: &Config, faults: &mut Vec<Fault>) {
    let mut mounts = BTreeMap::new();
    let mut datasets = BTreeMap::new();
    for root in &config.roots {
        if let Some(line) = mounts.insert(&root.mount, root.line) {
            let what = format!("{} is a root already, in line {line}; drop one", root.mount);
            faults.push(fault(root.line, "root.mount", what));
        }
        if let Some(line) = datasets.insert(&root.dataset, root.line) {
            let what = format!("{} is a root already, in line {line}; drop one", root.dataset);
            faults.push(fault(root.line, "root.dataset", what));
        }
    }
}

fn stores(config: &Config, faults: &mut Vec<Fault>) {
    let mut seen: Vec<&Store> = Vec::new();
    for store in &config.stores {
        if store.path.is_root() || config.roots.iter().any(|root| root.mount == store.path) {
            let what =
                format!("{} is erased at boot; a store needs a file system of its own", store.path);
            faults.push(fault(store.line, "store.path", what));
        }
        if let Some(root) =
            config.roots.iter().find(|root| Some(root.dataset.as_str()) == store.device.as_deref())
        {
            let what = format!(
                "{} is the root of line {}, which is erased at boot; use another dataset",
                root.dataset, root.line
            );
            faults.push(fault(store.line, "store.device", what));
        }
        for other in &seen {
            if store.path.starts_with(&other.path) || other.path.starts_with(&store.path) {
                let what = format!(
                    "{} and the store {} of line {} lie in one another; keep one",
                    store.path, other.path, other.line
                );
                faults.push(fault(store.line, "store.path", what));
            }
        }
        seen.push(store);
    }
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
    for root in &config.roots {
        if root.mount.is_root() {
            continue;
        }
        if root.mount.starts_with(&entry.target) {
            bad(format!("{} would cover the root {}", entry.target, root.mount));
        }
    }
}

/// Entries that get in each other's way: the same target twice, or one inside a file or a symlink.
fn pairs(config: &Config, faults: &mut Vec<Fault>) {
    let mut seen: BTreeMap<&HostPath, &Entry> = BTreeMap::new();
    for (_, entry) in config.entries() {
        if let Some(first) = seen.insert(&entry.target, entry) {
            let what =
                format!("{} is declared already, in line {}; drop one", entry.target, first.line);
            faults.push(fault(entry.line, "store.entry.target", what));
        }
    }
    for (_, entry) in config.entries() {
        for above in entry.target.ancestors() {
            let Some(outer) = seen.get(&above) else { continue };
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
