//! `blankslate status`: what the initrd did in this boot, and how everything declared is now.
//!
//! In: what the steps of the boot wrote down, the configuration, and the host as it is. Out: problems
//! with their cures, for a person or a program. Reads, and changes nothing.

mod beneath;
pub mod json;
pub mod look;
pub mod text;

use std::io::{self, Write as _};

use anyhow::{Context, Result, bail};

use super::args::Format;
use super::commands::Status;
use super::exit::ExitStatus;
use super::place::{record, run_dir, unusable};
use crate::config::Config;
use crate::loss::unmounted::Unmounted;
use crate::path::HostPath;
use crate::persist::observe::StoreProblem;
use crate::persist::record::Record;
use crate::persist::rewriters::warnings;
use crate::persist::state::{State, note_of_meta, open_directories};
use crate::persist::strays::{Strays, find};
use crate::rollback::receipt::{self, Receipt};
use crate::sys::record::read;
use crate::sys::{Look, Sys, tree};
use look::{Entries, Host};

/// Everything that is known.
#[derive(Debug, Default)]
pub struct Now {
    /// What the step that rolls back wrote.
    pub boot: Option<Receipt>,
    /// What the steps that place entries wrote.
    pub persist: Option<Record>,
    /// Whether the initrd read the configuration that the host has now; none where that cannot be
    /// told.
    pub same_config: Option<bool>,
    /// Datasets of declared roots that the initrd did not try to roll back.
    pub roots_not_tried: Vec<String>,
    /// Declared roots that are not what their place lies on.
    pub unmounted: Vec<Unmounted>,
    /// Targets of declared entries that nothing tried to put in place.
    pub entries_not_tried: Vec<String>,
    /// The stores that cannot be used: what is wrong, and whether that could be told at all.
    pub stores: Vec<BadStore>,
    /// Every entry.
    pub entries: Entries,
    /// Directories that have to be closed and are open, with their modes.
    pub open: Vec<(HostPath, u32)>,
    /// What was moved aside and is still there.
    pub aside: Vec<Aside>,
    /// What lies in the stores and is no entry.
    pub strays: Strays,
    /// What is worth knowing and not off.
    pub notes: Vec<String>,
}

/// A store that cannot be used.
#[derive(Debug)]
pub struct BadStore {
    /// Its path.
    pub path: HostPath,
    /// What is wrong, and the cure.
    pub problem: String,
    /// Whether it could not even be looked at.
    pub is_unseen: bool,
}

/// What lay at a target before its data was copied into the store.
#[derive(Debug)]
pub struct Aside {
    /// The target.
    pub target: String,
    /// Where it lies now.
    pub path: HostPath,
    /// Whether the next boot erases it.
    pub is_erased: bool,
}

/// Prints how everything is.
///
/// # Errors
/// A record is damaged, or the configuration cannot be read.
pub fn run(args: &Status) -> Result<ExitStatus> {
    let run = run_dir(&args.root);
    let read_boot = read::<Receipt>(&run, receipt::FILE, receipt::VERSION);
    let anew = "the next boot writes it anew; move it away to see the rest";
    let boot = read_boot.map_err(|why| unusable(&why, anew))?;
    let persist = record(&args.root)?;
    let config = match Config::load(&args.config) {
        Ok(config) => config,
        Err(error) => {
            let why = error.to_string();
            // What is known all the same is not kept back.
            if matches!(args.format, Format::Text) {
                let columns = tree::columns(io::stdout());
                let known = Now { boot, persist, ..Now::default() };
                io::stdout().write_all(text::receipt(&known, Some(&why), columns).as_bytes())?;
            }
            bail!(why);
        }
    };
    let memory = persist.as_ref().map(Record::memory).unwrap_or_default();
    let host = Host::open(&args.root, &config, memory)?;
    let now = gather(&host, boot, persist);
    let printed = match args.format {
        Format::Json => json::render(&now)?,
        Format::Text => text::render(&now, tree::columns(io::stdout()), args.strays),
    };
    io::stdout().write_all(printed.as_bytes()).context("cannot write the status")?;
    Ok(now.verdict())
}

fn gather(host: &Host<'_>, boot: Option<Receipt>, persist: Option<Record>) -> Now {
    let entries = host.entries(&|_| true);
    let mut open: Vec<(HostPath, u32)> =
        entries.declared.iter().flat_map(|entry| open_directories(&entry.seen)).collect();
    open.sort();
    open.dedup();
    let is_bad = |path: &HostPath| host.bad.iter().any(|bad| bad.store == *path);
    let strays = find(&host.root, host.config, &|store| !is_bad(&store.path));
    let stores = host.bad.iter().map(|bad| BadStore {
        path: bad.store.clone(),
        problem: bad.problem.to_string(),
        is_unseen: matches!(bad.problem, StoreProblem::Unreadable(_)),
    });
    let stores = stores.collect();
    let aside = persist.iter().flat_map(|record| set_aside(host, record)).collect();
    let notes = notes(host, &entries, &strays);
    let unmounted = host.unmounted.clone();
    let mut now = Now {
        boot,
        persist,
        unmounted,
        stores,
        entries,
        open,
        aside,
        strays,
        notes,
        ..Now::default()
    };
    now.weigh(host.config);
    now
}

fn set_aside(host: &Host<'_>, record: &Record) -> Vec<Aside> {
    let mut found = Vec::new();
    for entry in &record.entries {
        for path in entry.set_aside.iter().filter_map(|path| path.parse::<HostPath>().ok()) {
            if matches!(host.sys.look(&path), Ok(Look::Absent | Look::Blocked(_))) {
                continue;
            }
            let is_erased = host.erased_with(&path).is_some();
            found.push(Aside { target: entry.target.clone(), path, is_erased });
        }
    }
    found
}

fn notes(host: &Host<'_>, entries: &Entries, strays: &Strays) -> Vec<String> {
    let mut notes = warnings(host.config);
    let metas = entries.declared.iter().filter_map(|e| note_of_meta(&e.seen, &host.accounts));
    notes.extend(metas);
    notes.extend(strays.staging.iter().map(|left| {
        format!(
            "{} was left by a copy that was interrupted; what it was copied from is untouched, and \
             the next copy to that place throws it away",
            left.path
        )
    }));
    notes.extend(strays.mounts.iter().map(|point| {
        format!("{point} is another file system; it was not searched for what nobody declares")
    }));
    if let Some(why) = &host.no_accounts {
        notes.push(format!("{why}, so owners were not compared"));
    }
    if !entries.is_beneath_seen && !entries.declared.is_empty() {
        notes.push("what lies hidden beneath the mounts was not seen; run it as root".to_owned());
    }
    notes
}

impl Now {
    /// What is declared and of which nothing was written down was not tried.
    fn weigh(&mut self, config: &Config) {
        let tried_root = |name: &str| {
            self.boot.iter().flat_map(|boot| &boot.roots).any(|root| root.dataset == name)
        };
        let tried_entry = |path: &str| {
            self.persist.iter().flat_map(|record| &record.entries).any(|e| e.target == path)
        };
        let roots = config.roots.iter().map(|root| root.dataset.to_string());
        let roots_not_tried = roots.filter(|name| !tried_root(name)).collect();
        let entries = config.entries().map(|(_, entry)| entry.target.exact());
        let entries_not_tried = entries.filter(|path| !tried_entry(path)).collect();
        // What rolled the root back is what the boot was made with; a later apply may have read more.
        let read = self.boot.as_ref().and_then(|boot| boot.config.clone());
        let read = read.or_else(|| self.persist.as_ref().and_then(|record| record.config.clone()));
        self.same_config = read.map(|read| read == config.digest);
        self.roots_not_tried = roots_not_tried;
        self.entries_not_tried = entries_not_tried;
    }

    /// Whether everything could be looked at.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.verdict() != ExitStatus::Trouble
            && self.strays.gaps.is_empty()
            && (self.entries.is_beneath_seen || self.entries.declared.is_empty())
    }

    /// Whether all is as it should be, something is off, or it cannot be told.
    #[must_use]
    pub fn verdict(&self) -> ExitStatus {
        let has = |wanted: &dyn Fn(State) -> bool| {
            self.entries.declared.iter().any(|entry| wanted(entry.status.state))
        };
        if self.stores.iter().any(|store| store.is_unseen) || has(&|state| state == State::Unseen) {
            return ExitStatus::Trouble;
        }
        let is_fine = self.boot.as_ref().is_none_or(Receipt::is_as_it_should)
            && self.persist.as_ref().is_none_or(|record| record.trouble.is_none())
            && self.roots_not_tried.is_empty()
            && self.unmounted.is_empty()
            && self.stores.is_empty()
            && !has(&|state| !state.is_fine())
            && self.entries.undeclared.is_empty()
            && self.open.is_empty()
            && self.strays.conflicts.is_empty()
            && self.strays.gaps.is_empty();
        if is_fine { ExitStatus::Clean } else { ExitStatus::Loss }
    }
}
