//! One run on a system: opens the root, takes the lock, reads what earlier runs did, and writes down
//! what this one did. The programs differ only in what they ask of it.

use std::io;
use std::path::{Path, PathBuf};

use super::accounts::Accounts;
use super::apply::Turn;
use super::forget;
use super::observe::{BadStore, check_stores};
use super::place::{Job, place, rehearse};
use super::plan::EntryPlan;
use super::record::{FILE, Memory, Record, VERSION, mounts_below};
use crate::config::{Config, Entry};
use crate::path::{HostPath, escape};
use crate::sys::linux::LinuxSys;
use crate::sys::lock::Lock;
use crate::sys::mounts::MountTable;
use crate::sys::record::{read, write};
use crate::sys::{SysError, Watch};

/// Why a run could not begin, or not be written down.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The root cannot be used.
    #[error("cannot use {root} as the root: {cause}; it must be a directory")]
    Root {
        /// The root.
        root: String,
        /// Why not.
        cause: io::Error,
    },
    /// The lock cannot be taken.
    #[error("cannot take the lock {dir}/lock: {cause}")]
    Lock {
        /// The directory that it lies in.
        dir: String,
        /// Why not.
        cause: io::Error,
    },
    /// What was done could not be written down. It was done all the same.
    #[error("cannot write {dir}/{FILE}: {cause}")]
    Record {
        /// The directory.
        dir: String,
        /// Why not.
        cause: io::Error,
    },
}

/// A root that is ready to be looked at or worked on.
#[derive(Debug)]
pub struct Session<'c> {
    /// The root.
    pub sys: LinuxSys,
    /// The stores that cannot be used.
    pub bad: Vec<BadStore>,
    config: &'c Config,
    run_dir: PathBuf,
    /// What earlier runs of this boot did, where there is a record of them.
    earlier: Option<Record>,
    /// Where something was mounted before the first of them.
    mounts: Vec<String>,
    /// Only who holds it may change anything.
    lock: Option<Lock>,
}

impl<'c> Session<'c> {
    /// Opens `root` to look at it. `run_dir` is where the records of that root lie.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn look(root: &Path, run_dir: &Path, config: &'c Config) -> Result<Self, SessionError> {
        Self::open(root, run_dir, config, None)
    }

    /// Opens `root` to work on it. Waits while another run holds the lock.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn work(root: &Path, run_dir: &Path, config: &'c Config) -> Result<Self, SessionError> {
        let lock = Lock::take(run_dir).map_err(|cause| SessionError::Lock {
            dir: escape(run_dir.as_os_str().as_encoded_bytes()),
            cause,
        })?;
        Self::open(root, run_dir, config, Some(lock))
    }

    fn open(
        root: &Path,
        run_dir: &Path,
        config: &'c Config,
        lock: Option<Lock>,
    ) -> Result<Self, SessionError> {
        let shown = escape(root.as_os_str().as_encoded_bytes());
        let sys =
            LinuxSys::below(root).map_err(|cause| SessionError::Root { root: shown, cause })?;
        let bad = check_stores(&sys, config);
        // Without its record what is in place is somebody else's work: nothing of it is undone.
        let earlier = read::<Record>(run_dir, FILE, VERSION).unwrap_or_else(|why| {
            tracing::warn!("{why}; what earlier runs put in place is left as it is");
            None
        });
        let mounts = match &earlier {
            // A run that could not even try did not look.
            Some(record) if record.trouble.is_none() => record.mounts.clone(),
            Some(_) | None => mounts_under(root).unwrap_or_else(|cause| {
                tracing::warn!("cannot record the mounts: {cause}");
                Vec::new()
            }),
        };
        Ok(Self { sys, bad, config, run_dir: run_dir.to_owned(), earlier, mounts, lock })
    }

    /// What earlier runs of this boot did.
    #[must_use]
    pub fn memory(&self) -> Memory {
        self.earlier.as_ref().map(Record::memory).unwrap_or_default()
    }

    /// Plans every entry, and touches nothing.
    #[must_use]
    pub fn rehearse(&self, accounts: &Accounts) -> Vec<EntryPlan> {
        let memory = self.memory();
        let (config, bad) = (self.config, self.bad.as_slice());
        rehearse(&self.sys, Job { config, bad, memory: &memory, accounts })
    }

    /// Puts every entry in place, takes out of place what nobody declares any more, and writes that
    /// down.
    ///
    /// # Errors
    /// It could not be written down. What was done is done.
    pub fn place_all(
        &mut self,
        accounts: &Accounts,
        watch: Watch<'_>,
    ) -> Result<Vec<Turn>, SessionError> {
        let memory = self.memory();
        self.place(&memory, accounts, &|_| true, watch)
    }

    /// The same for some entries; everything else is left as it is.
    ///
    /// # Errors
    /// It could not be written down. What was done is done.
    pub fn place_some(
        &mut self,
        targets: &[HostPath],
        accounts: &Accounts,
        watch: Watch<'_>,
    ) -> Result<Vec<Turn>, SessionError> {
        let mut memory = self.memory();
        memory.placed.retain(|placed| targets.contains(&placed.target));
        self.place(&memory, accounts, &|entry| targets.contains(&entry.target), watch)
    }

    fn place(
        &mut self,
        memory: &Memory,
        accounts: &Accounts,
        wanted: &dyn Fn(&Entry) -> bool,
        watch: Watch<'_>,
    ) -> Result<Vec<Turn>, SessionError> {
        let job = Job { config: self.config, bad: &self.bad, memory, accounts };
        let turns = place(&mut self.sys, job, wanted, watch);
        self.write_down(&turns)?;
        Ok(turns)
    }

    /// Takes a path that nobody declares out of the store again, and writes that down.
    ///
    /// # Errors
    /// It cannot be told what lies there, or it could not be written down.
    pub fn forget(
        &mut self,
        target: &HostPath,
        source: &HostPath,
        watch: Watch<'_>,
    ) -> Result<Result<Turn, SysError>, SessionError> {
        let turn = forget::forget(&mut self.sys, self.config, target, source, watch);
        if let Ok(turn) = &turn {
            self.write_down(std::slice::from_ref(turn))?;
        }
        Ok(turn)
    }

    fn write_down(&mut self, turns: &[Turn]) -> Result<(), SessionError> {
        debug_assert!(self.lock.is_some(), "who changes anything holds the lock");
        let earlier = self.earlier.take().unwrap_or_default();
        let record = Record::new(self.config, self.mounts.clone(), turns, &earlier);
        let written = file(&self.run_dir, &record);
        self.earlier = Some(record);
        written
    }
}

/// Writes down that a run could not even begin.
///
/// # Errors
/// The record cannot be written.
pub fn record_trouble(run_dir: &Path, trouble: String) -> Result<(), SessionError> {
    let earlier = read::<Record>(run_dir, FILE, VERSION).ok().flatten().unwrap_or_default();
    file(run_dir, &Record::of_trouble(trouble, &earlier))
}

fn file(run_dir: &Path, record: &Record) -> Result<(), SessionError> {
    let text = serde_json::to_string_pretty(record).map_err(io::Error::other);
    let written = text.and_then(|text| write(run_dir, FILE, &text));
    let dir = || escape(run_dir.as_os_str().as_encoded_bytes());
    written.map(|_| ()).map_err(|cause| SessionError::Record { dir: dir(), cause })
}

fn mounts_under(root: &Path) -> io::Result<Vec<String>> {
    let real = std::fs::canonicalize(root)?;
    let real = HostPath::new(real.as_os_str().as_encoded_bytes()).map_err(io::Error::other)?;
    Ok(mounts_below(&real, &MountTable::read()?))
}
