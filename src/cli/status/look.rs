//! Looks at the declared entries as they are now.
//!
//! In: the root, the configuration, what earlier runs wrote down. Out: every entry with its state.
//! Reads, and changes nothing.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::beneath::Depths;
use crate::cli::place;
use crate::config::{Config, Entry, Root};
use crate::loss::facts::mounts_below;
use crate::loss::unmounted::{Unmounted, unmounted};
use crate::path::HostPath;
use crate::persist::accounts::Accounts;
use crate::persist::observe::{BadStore, Observation, StoreProblem, check_stores, observe};
use crate::persist::plan::{EntryPlan, plan};
use crate::persist::record::{Memory, Placed};
use crate::persist::state::{self, Beneath, State, Status};
use crate::sys::linux::LinuxSys;
use crate::sys::mounts::{Mount, MountTable};
use crate::sys::{Look, Sys};

/// A host that is looked at.
#[derive(Debug)]
pub struct Host<'c> {
    /// What it declares.
    pub config: &'c Config,
    /// The tree that is treated as `/`.
    pub root: PathBuf,
    /// The same, to be looked at.
    pub sys: LinuxSys,
    /// The stores that cannot be used.
    pub bad: Vec<BadStore>,
    /// Who is known by name; nobody where that cannot be read.
    pub accounts: Accounts,
    /// Why the users and groups could not be read.
    pub no_accounts: Option<String>,
    /// What earlier runs did.
    memory: Memory,
    /// The declared roots that are not what their place lies on.
    pub unmounted: Vec<Unmounted>,
    /// The file systems that the next boot erases, by their numbers.
    erased: Vec<((u32, u32), &'c Root)>,
    /// Those in the place of a declared root, which the next boot leaves behind.
    left: Vec<((u32, u32), Unmounted)>,
}

/// The file system that a target lies on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bed {
    /// A declared root: what lies there is adopted before it is rolled back.
    Root,
    /// One that is mounted in the place of a declared root: no boot looks there.
    Instead(Unmounted),
    /// One in memory: no boot finds anything there.
    Memory,
    /// Another one, which no boot erases.
    Disk,
}

/// One declared entry as it is now.
#[derive(Debug)]
pub struct Looked {
    /// What was seen.
    pub seen: Observation,
    /// What `apply` would do.
    pub plan: EntryPlan,
    /// How it is.
    pub status: Status,
    /// What it lies on.
    pub bed: Bed,
}

/// All entries as they are now.
#[derive(Debug, Default)]
pub struct Entries {
    /// The declared ones, in the order of their targets.
    pub declared: Vec<Looked>,
    /// What is in place although nobody declares it any more, and the sentence about it.
    pub undeclared: Vec<(Placed, String)>,
    /// Whether it was seen what lies beneath each mount.
    pub is_beneath_seen: bool,
}

impl<'c> Host<'c> {
    /// Opens the host below `root`.
    ///
    /// # Errors
    /// There is no such directory.
    pub fn open(root: &Path, config: &'c Config, memory: Memory) -> Result<Self> {
        let shown = crate::path::escape(root.as_os_str().as_encoded_bytes());
        let sys = LinuxSys::below(root).with_context(|| format!("cannot look at {shown}"))?;
        let bad = check_stores(&sys, config);
        let (accounts, no_accounts) = match place::accounts(root, config) {
            Ok(accounts) => (accounts, None),
            Err(error) => (Accounts::default(), Some(format!("{error:#}"))),
        };
        let mounts = mounts_at(root).unwrap_or_else(|cause| {
            tracing::warn!("cannot tell whether the declared roots are what is mounted: {cause}");
            Vec::new()
        });
        let unmounted = unmounted(config, &HostPath::root(), &mounts);
        let (mut erased, mut left) = (Vec::new(), Vec::new());
        for root in &config.roots {
            let Ok(Look::Directory(seen)) = sys.look(&root.mount) else { continue };
            match unmounted.iter().find(|other| other.mount == root.mount) {
                Some(other) => left.push((seen.id.device, other.clone())),
                None => erased.push((seen.id.device, root)),
            }
        }
        let root = root.to_owned();
        Ok(Self { config, root, sys, bad, accounts, no_accounts, memory, unmounted, erased, left })
    }

    /// Looks at every entry for which `wanted` holds.
    #[must_use]
    pub fn entries(&self, wanted: &dyn Fn(&Entry) -> bool) -> Entries {
        let scene = observe(&self.sys, self.config, &self.bad, &self.memory, wanted);
        let mut plans = plan(&scene, &self.accounts).into_iter();
        let _taken_out = plans.by_ref().take(scene.undeclared.len()).count();
        let undeclared = scene
            .undeclared
            .iter()
            .filter_map(|seen| Some((seen.placed.clone(), state::undeclared(seen)?)));
        let undeclared = undeclared.collect();
        let mut depths = Depths::new(self);
        let mut declared = Vec::new();
        for (seen, plan) in scene.entries.into_iter().zip(plans) {
            let beneath = match state::state(&seen, &plan, &Beneath::Unknown).state {
                State::InPlace => depths.beneath(&seen),
                _ => Beneath::Unknown,
            };
            let status = self.of_store(&seen, state::state(&seen, &plan, &beneath));
            let bed = self.bed(&seen.entry.target);
            declared.push(Looked { seen, plan, status, bed });
        }
        Entries { declared, undeclared, is_beneath_seen: depths.is_all_seen() }
    }

    /// In a store that is not there an entry is missing; it was not merely not looked at.
    fn of_store(&self, seen: &Observation, status: Status) -> Status {
        match self.bad.iter().find(|bad| bad.store == seen.store).map(|bad| &bad.problem) {
            None | Some(StoreProblem::Unreadable(_)) => status,
            Some(
                StoreProblem::Missing(_)
                | StoreProblem::NotADirectory { .. }
                | StoreProblem::OnRoot { .. },
            ) => Status { state: State::Missing, ..status },
        }
    }

    /// The root with which the next boot erases what lies, or would lie, at `path`.
    #[must_use]
    pub fn erased_with(&self, path: &HostPath) -> Option<&'c Root> {
        self.erased_on(self.device_of(path)?, path)
    }

    /// The same of what lies at `path` on a file system that may be hidden there. Where a root is no mount
    /// of its own, as in a tree that somebody looks at, its file system is that of everything around it,
    /// and only what lies below it is its.
    pub(super) fn erased_on(&self, device: (u32, u32), path: &HostPath) -> Option<&'c Root> {
        let (_, root) = self.erased.iter().find(|(erased, _)| *erased == device)?;
        let there = self.sys.look(&root.mount);
        let is_mount = matches!(there, Ok(Look::Directory(seen)) if seen.is_mount);
        if is_mount { Some(root) } else { self.config.root_of(path) }
    }

    /// What the place of a declared root lies on instead, if `path` lies there.
    #[must_use]
    pub fn left_with(&self, path: &HostPath) -> Option<&Unmounted> {
        self.left_on(self.device_of(path)?, path)
    }

    fn left_on(&self, device: (u32, u32), path: &HostPath) -> Option<&Unmounted> {
        let around = self.left.iter().filter(|(left, _)| *left == device).map(|(_, other)| other);
        let around = around.filter(|other| path.starts_with(&other.mount));
        around.max_by_key(|other| other.mount.as_bytes().len())
    }

    /// What `target` lies on, beneath what is mounted on it.
    fn bed(&self, target: &HostPath) -> Bed {
        let above = target.parent().and_then(|above| self.device_of(&above));
        let root = self.config.root_of(target);
        let other = above.and_then(|device| self.left_on(device, target));
        let other = other.filter(|other| root.is_some_and(|root| root.mount == other.mount));
        match (other, above.and_then(|device| self.erased_on(device, target))) {
            (Some(other), _) => Bed::Instead(other.clone()),
            (None, Some(_)) => Bed::Root,
            (None, None) if self.sys.is_in_memory(target).unwrap_or(false) => Bed::Memory,
            (None, None) => Bed::Disk,
        }
    }

    /// The number of the file system that `path` lies on, or would lie on if it were there.
    fn device_of(&self, path: &HostPath) -> Option<(u32, u32)> {
        let above = std::iter::successors(Some(path.clone()), HostPath::parent);
        above.into_iter().find_map(|path| match self.sys.look(&path) {
            Ok(Look::Directory(seen) | Look::File(seen)) => Some(seen.id.device),
            _ => None,
        })
    }
}

/// What is mounted at and below the root, as the host sees it.
fn mounts_at(root: &Path) -> io::Result<Vec<Mount>> {
    let root = root.canonicalize()?;
    let root = HostPath::new(root.as_os_str().as_bytes()).map_err(io::Error::other)?;
    Ok(mounts_below(MountTable::read()?, &root))
}
