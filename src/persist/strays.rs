//! What lies in a store and no entry declares, by size.
//!
//! In: the sources of the entries, and the directories of a store. Out: the largest trees that hold no
//! source, what a boot kept beside a source because the two differed, and what an unfinished copy left.
//! Never enters a source, never crosses a mount, never follows a symlink, and changes nothing. Memory
//! does not grow with the number of files in a stray.

mod walk;

pub use walk::find;

use std::collections::BTreeSet;
use std::ffi::OsStr;

use crate::config::{Config, Store};
use crate::path::HostPath;

/// How the names begin under which an unfinished copy lies.
const STAGING: &[u8] = b".blankslate-adopting";

/// What stands between the name of a source and a number where a boot kept the old root's data beside
/// it: the store held other data.
const BESIDE: &[u8] = b".from-old-root";

/// How much lies at a path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// What it takes up on disk.
    pub bytes: u64,
    /// Files, and everything else that is no directory.
    pub files: u64,
}

/// Something in a store that is no source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// The path in the store.
    pub path: HostPath,
    /// Whether it is a directory.
    pub is_directory: bool,
    /// How much it is.
    pub amount: Amount,
}

/// Data of an old root that a boot kept beside a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The data.
    pub stray: Stray,
    /// The source that it lies beside.
    pub source: HostPath,
}

/// A place that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Where.
    pub path: HostPath,
    /// Why not.
    pub error: String,
}

/// Everything that was found in the stores.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Strays {
    /// What no entry declares, largest first.
    pub strays: Vec<Stray>,
    /// What boots kept beside sources, in the order of the paths.
    pub conflicts: Vec<Conflict>,
    /// What an unfinished copy left.
    pub staging: Vec<Stray>,
    /// Directories above sources that were not entered, because another file system is mounted there.
    pub mounts: Vec<HostPath>,
    /// What could not be looked at.
    pub gaps: Vec<Gap>,
}

impl Strays {
    /// Puts everything into its order.
    fn sort(&mut self) {
        self.strays.sort_by(|a, b| (b.amount.bytes, &a.path).cmp(&(a.amount.bytes, &b.path)));
        self.conflicts.sort_by(|a, b| a.stray.path.cmp(&b.stray.path));
        self.staging.sort_by(|a, b| a.path.cmp(&b.path));
        self.mounts.sort();
        self.gaps.sort_by(|a, b| a.path.cmp(&b.path));
    }
}

/// The sum of some strays.
#[must_use]
pub fn sum(strays: &[Stray]) -> Amount {
    strays.iter().fold(Amount::default(), |sum, stray| sum.plus(stray.amount))
}

impl Amount {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            files: self.files.saturating_add(other.files),
        }
    }
}

/// The sources in one store, and the directories above them.
#[derive(Debug, Clone)]
struct Sources {
    sources: BTreeSet<HostPath>,
    above: BTreeSet<HostPath>,
}

/// What a path in a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Role {
    /// An entry's source: kept, with everything in it.
    Source,
    /// Above a source.
    Above,
    /// What a boot kept beside this source.
    Beside(HostPath),
    /// An unfinished copy.
    Staging,
    /// None of these.
    Stray,
}

impl Sources {
    fn of(config: &Config, store: &Store) -> Self {
        // A store inside another one is not possible, an entry of another store in this one neither.
        debug_assert!(config.stores.contains(store));
        let sources: BTreeSet<HostPath> =
            store.entries.iter().map(|entry| store.source(entry)).collect();
        let above = sources.iter().flat_map(HostPath::ancestors);
        let above = above.filter(|path| path.is_below(&store.path)).collect();
        Self { sources, above }
    }

    fn role(&self, path: &HostPath) -> Role {
        if self.sources.contains(path) {
            return Role::Source;
        }
        let name = path.name().map(OsStr::as_encoded_bytes).unwrap_or_default();
        if name.starts_with(STAGING) {
            return Role::Staging;
        }
        if let Some(source) = beside(path)
            && self.sources.contains(&source)
        {
            return Role::Beside(source);
        }
        if self.above.contains(path) { Role::Above } else { Role::Stray }
    }
}

/// The source beside which a path of this name was made.
fn beside(path: &HostPath) -> Option<HostPath> {
    let bytes = path.as_bytes();
    let at = bytes.windows(BESIDE.len()).rposition(|window| window == BESIDE)?;
    let number = bytes.get(at + BESIDE.len()..)?;
    let is_number = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let is_ours = number.is_empty() || number.strip_prefix(b"-").is_some_and(is_number);
    if is_ours { HostPath::new(bytes.get(..at)?).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_of_a_store_has_its_role() {
        let text = "version = 1\n[[store]]\npath = \"/persist\"\n\
            [[store.entry]]\nkind = \"file\"\ntarget = \"/etc/machine-id\"\n\
            [[store.entry]]\nkind = \"directory\"\ntarget = \"/var/lib/x\"\n";
        let config = Config::parse(text).unwrap();
        let sources = Sources::of(&config, &config.stores[0]);
        let path = |text: &str| -> HostPath { text.parse().unwrap() };
        let beside = || Role::Beside(path("/persist/etc/machine-id"));
        for (at, role) in [
            ("/persist/etc", Role::Above),
            ("/persist/var/lib", Role::Above),
            ("/persist/var/lib/x", Role::Source),
            ("/persist/var/lib/xy", Role::Stray),
            ("/persist/etc/machine-id.from-old-root", beside()),
            ("/persist/etc/machine-id.from-old-root-12", beside()),
            ("/persist/etc/machine-id.from-old-root-", Role::Stray),
            ("/persist/etc/machine-id.from-old-root.bak", Role::Stray),
            ("/persist/etc/other.from-old-root", Role::Stray),
            ("/persist/etc/.blankslate-adopting-0", Role::Staging),
            ("/persist/srv", Role::Stray),
        ] {
            assert_eq!(sources.role(&path(at)), role, "{at}");
        }
    }
}
