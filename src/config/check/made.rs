//! Paths that no boot gets from the disk as they were, or that none can do without.

use super::fault;
use crate::config::{Config, Entry, Fault};
use crate::path::HostPath;

/// What the kernel and systemd mount anew at every boot, below which nothing can be kept or erased.
const MADE: [&str; 4] = ["/dev", "/proc", "/run", "/sys"];

/// What a host boots from.
const NEEDED: [&str; 2] = ["/boot", "/nix"];

pub(super) fn roots(config: &Config, faults: &mut Vec<Fault>) {
    for root in &config.roots {
        let what = match (above(&MADE, &root.mount), above(&NEEDED, &root.mount)) {
            (Some(made), _) => format!("{made} is made anew by every boot; drop the root"),
            (_, Some(needed)) => {
                format!("a host boots from {needed}, which must not be erased; drop the root")
            }
            (None, None) => continue,
        };
        faults.push(fault(root.line, "root.mount", what));
    }
}

pub(super) fn entry(entry: &Entry, faults: &mut Vec<Fault>) {
    let target = &entry.target;
    let what = if let Some(made) = above(&MADE, target) {
        let lies = if target.as_bytes() == made.as_bytes() { "is" } else { "lies in what is" };
        format!("{target} {lies} made anew by every boot; drop the entry")
    } else if let Some(nix) = above(&["/nix"], target) {
        format!(
            "{target} has to be there before any entry is put in place; give {nix} a file system of its own \
             and drop the entry"
        )
    } else {
        return;
    };
    faults.push(fault(entry.line, "store.entry.target", what));
}

fn above(known: &[&'static str], path: &HostPath) -> Option<&'static str> {
    let is_above = |known: &&&str| {
        let rest = path.as_bytes().strip_prefix(known.as_bytes());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    };
    known.iter().find(is_above).copied()
}
