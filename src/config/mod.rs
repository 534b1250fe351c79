//! What the host declares: `/etc/blankslate/config.toml` as values.
//!
//! In: the text of a configuration. Out: a [`Config`] that was checked whole, or every fault found in
//! it, each with its line, its key and the cure. A `Config` that breaks a rule cannot be made outside
//! this module's parser, so nothing after it checks again.

mod check;
mod error;
mod read;
mod section;
mod targets;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::path::HostPath;
use crate::zfs::names::{DatasetName, SnapshotName};
pub use error::{ConfigError, Fault};
pub(crate) use targets::Targets;

/// Where the configuration lies, on the host and in the initrd.
pub const DEFAULT_FILE: &str = "/etc/blankslate/config.toml";

/// The version of the format that this program reads.
pub const VERSION: i64 = 1;

/// A whole configuration, checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Config {
    /// The ephemeral file systems.
    pub roots: Vec<Root>,
    /// The places that survive, with what is kept in them.
    pub stores: Vec<Store>,
    /// What the admin accepts to lose.
    pub accept: Vec<AcceptRule>,
    /// SHA-256 of the text, in hex: tells whether the initrd read what the host reads.
    pub digest: String,
}

/// One ephemeral file system: it is rolled back to its blank at boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Where it is mounted on the running host.
    pub mount: HostPath,
    /// The dataset that is rolled back.
    pub dataset: DatasetName,
    /// The blank: the snapshot of that dataset to which it is rolled back.
    pub snapshot: SnapshotName,
    /// The blank's guid, where the admin pins it: a snapshot made again under the same name has
    /// another.
    pub snapshot_guid: Option<u64>,
    /// What to do about snapshots that are newer than the blank.
    pub newer_snapshots: NewerSnapshots,
    /// What the boot does when the rollback is refused or fails.
    pub on_failure: OnFailure,
    /// The line of the configuration that declares it.
    pub line: usize,
}

/// What a rollback does about snapshots newer than the blank. They cannot outlive it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NewerSnapshots {
    /// Destroy them, as `zfs rollback -r` does.
    #[default]
    Destroy,
    /// Refuse to roll back while there are any.
    Refuse,
}

impl NewerSnapshots {
    /// The word for it in a configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Destroy => "destroy",
            Self::Refuse => "refuse",
        }
    }
}

/// What the boot does when a root was not rolled back although it should have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFailure {
    /// Boot on with the old root and say so.
    #[default]
    Continue,
    /// Stop in emergency mode.
    Emergency,
}

impl OnFailure {
    /// The word for it in a configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Continue => "continue",
            Self::Emergency => "emergency",
        }
    }
}

/// A place that survives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// The directory below which everything is kept, as the running host sees it.
    pub path: HostPath,
    /// Where its file system is mounted on the running host: at the path, or above it.
    pub mount: HostPath,
    /// What the initrd mounts by itself when it has to adopt something before a rollback; none only
    /// where it never has to.
    pub device: Option<Device>,
    /// What is kept in it.
    pub entries: Vec<Entry>,
    /// The line of the configuration that declares it.
    pub line: usize,
}

impl Store {
    /// Returns where the store keeps `entry`: the target's path below the store.
    #[must_use]
    pub fn source(&self, entry: &Entry) -> HostPath {
        entry.target.below(&self.path)
    }
}

/// A file system that can be mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// What is mounted, as mount(8) takes it; of ZFS a dataset.
    pub name: String,
    /// The file system's type.
    pub fs: String,
    /// Mount options, separated by commas.
    pub options: Option<String>,
}

/// One declared path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path as the host sees it, on the root.
    pub target: HostPath,
    /// What it is.
    pub kind: Kind,
    /// How it is put in place.
    pub how: How,
    /// Owner when something has to be created; otherwise what exists is the truth.
    pub user: Option<Principal>,
    /// Group, likewise.
    pub group: Option<Principal>,
    /// Permission bits, likewise.
    pub mode: Option<u32>,
    /// Why it is kept, in the admin's words.
    pub because: Option<String>,
    /// The line of the configuration that declares it.
    pub line: usize,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A directory with everything in it.
    Directory,
    /// One regular file.
    File,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Directory => "directory",
            Self::File => "file",
        })
    }
}

/// The way an entry is put in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum How {
    /// The source is bind-mounted on the target.
    #[default]
    Bind,
    /// The target is a symlink to the source.
    Symlink,
}

impl How {
    /// The word for it in a configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Bind => "bind",
            Self::Symlink => "symlink",
        }
    }
}

/// A user or group as it was declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// By number; known everywhere.
    Id(u32),
    /// By name; not known in the initrd.
    Name(String),
}

/// What the admin accepts to lose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptRule {
    /// Which paths: `*` and `?` within a component, `**` across components.
    pub glob: String,
    /// Why, in the admin's words.
    pub because: Option<String>,
    /// The line of the configuration that declares it.
    pub line: usize,
}

impl Config {
    /// Reads a configuration from its text.
    ///
    /// # Errors
    /// Returns every fault that was found, in the order of their lines.
    pub fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        let (config, mut faults) = read::config(text);
        if faults.is_empty() {
            faults = check::whole(&config);
        }
        if faults.is_empty() {
            return Ok(config);
        }
        faults.sort_by_key(|fault| fault.line);
        Err(faults)
    }

    /// Reads a configuration from a file.
    ///
    /// # Errors
    /// The file cannot be read, or has faults.
    #[expect(clippy::disallowed_methods, reason = "the one place where the configuration is read")]
    pub fn load(file: &std::path::Path) -> Result<Self, ConfigError> {
        let name = crate::path::escape(file.as_os_str().as_encoded_bytes());
        let text = std::fs::read_to_string(file)
            .map_err(|cause| ConfigError::Unreadable { file: name.clone(), cause })?;
        Self::parse(&text).map_err(|faults| ConfigError::Faulty { file: name, faults })
    }

    /// Whether it was read from a text. Where a host has no configuration, the default stands for it.
    #[must_use]
    pub fn is_written(&self) -> bool {
        !self.digest.is_empty()
    }

    /// The root that `path` lies on; of roots mounted in one another the innermost.
    #[must_use]
    pub fn root_of(&self, path: &HostPath) -> Option<&Root> {
        let above = self.roots.iter().filter(|root| path.starts_with(&root.mount));
        above.max_by_key(|root| root.mount.as_bytes().len())
    }

    /// Every entry with the store that keeps it.
    pub fn entries(&self) -> impl Iterator<Item = (&Store, &Entry)> {
        self.stores.iter().flat_map(|store| store.entries.iter().map(move |entry| (store, entry)))
    }
}
