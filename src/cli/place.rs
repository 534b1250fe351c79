//! `plan`, `apply`, `adopt`, `forget`: what is declared is put in place on the running host.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};

use super::args::Format;
use super::commands::NAME;
use super::exit::{ExitStatus, complain};
use super::progress::Meter;
use super::status::look::Host;
use super::typed::{host_path, shown};
use crate::config::{Config, DEFAULT_FILE, Principal, Store};
use crate::path::HostPath;
use crate::persist::accounts::Accounts;
use crate::persist::apply::{Outcome, Turn};
use crate::persist::paste::shell;
use crate::persist::record::{self, Record};
use crate::persist::rewriters::warnings;
use crate::persist::session::{Session, SessionError};
use crate::persist::tell::{Weight, count_bad, is_left, sentences, summary};
use crate::sys::accounts::of_host;
use crate::sys::linux::LinuxSys;
use crate::sys::privilege::{Need, drop_others, require};
use crate::sys::record::{RUN_DIR, read};
use crate::sys::tree::raise_open_files;
use crate::sys::{Look, Sys};

/// Where a command works.
#[derive(Debug, clap::Args)]
pub struct Place {
    /// The tree that is treated as /
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE)]
    pub config: PathBuf,
}

/// A command with some paths.
#[derive(Debug, clap::Args)]
pub struct Paths {
    /// The paths as the host sees them
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "it would be the text of --help")]
    pub place: Place,
}

/// A command that prints a table.
#[derive(Debug, clap::Args)]
pub struct Printed {
    #[command(flatten)]
    #[expect(missing_docs, reason = "it would be the text of --help")]
    pub place: Place,
    /// How to print it
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Puts every entry in place.
///
/// # Errors
/// It could not even be tried.
pub fn apply(args: &Place) -> Result<ExitStatus> {
    let config = prepare(args)?;
    let mut session = Session::work(&args.root, &run_dir(&args.root), &config)?;
    let accounts = accounts(&args.root, &config)?;
    let meter = Meter::new();
    let turns = session.place_all(&accounts, &|progress| meter.tell(progress))?;
    drop(meter);
    tell(&session, &turns)
}

/// Copies what lies at some paths into the store, and puts them in place.
///
/// # Errors
/// A path is not declared, or it could not even be tried.
pub fn adopt(args: &Paths) -> Result<ExitStatus> {
    let config = prepare(&args.place)?;
    let root = &args.place.root;
    let targets = args.paths.iter().map(|path| host_path(path, root));
    let targets = targets.collect::<Result<Vec<_>>>()?;
    targets.iter().try_for_each(|target| check_declared(&config, target))?;
    let mut session = Session::work(root, &run_dir(root), &config)?;
    let accounts = accounts(root, &config)?;
    let meter = Meter::new();
    let turns = session.place_some(&targets, &accounts, &|progress| meter.tell(progress))?;
    drop(meter);
    tell(&session, &turns)
}

/// Only what is declared has a place in a store.
fn check_declared(config: &Config, target: &HostPath) -> Result<()> {
    if config.entries().any(|(_, entry)| entry.target == *target) {
        return Ok(());
    }
    let command = |path: &HostPath| shell(path.as_bytes());
    if let Some((_, entry)) = config.entries().find(|(_, entry)| target.is_below(&entry.target)) {
        let outer = &entry.target;
        bail!(
            "{target} lies in the entry {outer}, which is kept as a whole; run `{NAME} adopt {}`",
            command(outer)
        );
    }
    if let Some(seen) = outside(config, target) {
        bail!("{target} lies in a store; run `{NAME} adopt {}`", command(&seen));
    }
    bail!(
        "{target} is not declared; `{NAME} explain {}` prints the lines that declare it",
        command(target)
    )
}

/// What a path in a store is called on the host; none where it lies in none.
fn outside(config: &Config, path: &HostPath) -> Option<HostPath> {
    let seen = |store: &Store| path.seen_from(&store.path).filter(|seen| !seen.is_root());
    config.stores.iter().find_map(seen)
}

/// Takes some paths out of the store again.
///
/// # Errors
/// A path is declared, no store holds it, or it could not even be tried.
pub fn forget(args: &Paths) -> Result<ExitStatus> {
    let config = prepare(&args.place)?;
    let root = &args.place.root;
    let mut session = Session::work(root, &run_dir(root), &config)?;
    let mut turns = Vec::new();
    let mut pairs = Vec::new();
    for path in &args.paths {
        let target = host_path(path, root)?;
        pairs.push((target.clone(), find_source(&session, &config, &target)?));
    }
    let meter = Meter::new();
    let mut failure = None;
    for (target, source) in &pairs {
        match session.forget(target, source, &|progress| meter.tell(progress))? {
            Ok(turn) => turns.push(turn),
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    drop(meter);
    let status = say(&session, &turns)?;
    let host = Host::open(root, &config, session.memory())?;
    let mut out = io::stdout();
    for ((target, source), _) in pairs.iter().zip(&turns).filter(|(_, turn)| turn.outcome.is_good())
    {
        let erased =
            if host.erased_with(target).is_some() { ", where the next boot erases it" } else { "" };
        writeln!(out, "{target} lies on the root again{erased}; the store still holds {source}")?;
    }
    if let Some(error) = failure {
        return Err(error.into());
    }
    Ok(status)
}

/// Where a store holds what nobody declares.
fn find_source(session: &Session<'_>, config: &Config, target: &HostPath) -> Result<HostPath> {
    if let Some((_, entry)) = config.entries().find(|(_, entry)| entry.target == *target) {
        bail!(
            "{target} is declared in line {}; drop that first, or the next run would adopt it again",
            entry.line
        );
    }
    if let Some((_, entry)) = config.entries().find(|(_, entry)| target.is_below(&entry.target)) {
        let outer = &entry.target;
        bail!(
            "{target} lies in the entry {outer}, which is kept as a whole; nothing is to be forgotten"
        );
    }
    if let Some(seen) = outside(config, target) {
        bail!("{target} lies in a store; run `{NAME} forget {}`", shell(seen.as_bytes()));
    }
    let placed = session.memory().placed.into_iter().find(|placed| placed.target == *target);
    let mut found = match placed {
        Some(placed) => vec![placed.source],
        None => Vec::new(),
    };
    if found.is_empty() {
        for store in &config.stores {
            let source = target.below(&store.path);
            if !matches!(session.sys.look(&source)?, Look::Absent) {
                found.push(source);
            }
        }
    }
    match found.as_slice() {
        [source] => Ok(source.clone()),
        [] => bail!("no store holds {target}; `{NAME} status` lists what lies in the stores"),
        [one, other, ..] => {
            bail!("{one} and {other} both hold {target}; move one of them away and try again")
        }
    }
}

pub(super) fn load(place: &Place) -> Result<Config> {
    let config = Config::load(&place.config)?;
    for warning in warnings(&config) {
        complain(NAME, &warning);
    }
    Ok(config)
}

/// What has to be right before anything may be changed.
fn prepare(place: &Place) -> Result<Config> {
    require(Need::Place)?;
    raise_open_files();
    if let Err(problem) = drop_others(Need::Place) {
        complain(NAME, &problem.to_string());
    }
    let config = load(place)?;
    // Taking the lock makes the directory that it lies in, below whatever root was named.
    LinuxSys::below(&place.root)
        .map_err(|cause| SessionError::Root { root: shown(&place.root), cause })?;
    Ok(config)
}

pub(super) fn accounts(root: &Path, config: &Config) -> Result<Accounts> {
    let name = |who: &Principal| match who {
        Principal::Name(name) => Some(name.clone()),
        Principal::Id(_) => None,
    };
    let names = |who: &dyn Fn(&crate::config::Entry) -> Option<Principal>| -> Vec<String> {
        config.entries().filter_map(|(_, entry)| who(entry)).filter_map(|who| name(&who)).collect()
    };
    let (users, groups) = (names(&|entry| entry.user.clone()), names(&|entry| entry.group.clone()));
    of_host(root, &users, &groups).context("cannot read the users and groups")
}

/// What earlier runs on the host below `root` wrote down.
pub(super) fn record(root: &Path) -> Result<Option<Record>> {
    let record = read::<Record>(&run_dir(root), record::FILE, record::VERSION);
    record.map_err(|why| unusable(&why, "`blankslate apply` writes it anew"))
}

/// A record that cannot be used; where it is not understood, with the `cure`.
pub(super) fn unusable(why: &str, cure: &str) -> anyhow::Error {
    let is_damaged = why.starts_with("cannot understand ");
    if is_damaged { anyhow!("{why}; {cure}") } else { anyhow!("{why}") }
}

pub(super) fn run_dir(root: &Path) -> PathBuf {
    root.join(RUN_DIR.trim_start_matches('/'))
}

/// Says what became of every entry, and sums it up.
fn tell(session: &Session<'_>, turns: &[Turn]) -> Result<ExitStatus> {
    let status = say(session, turns)?;
    writeln!(io::stdout(), "{}", summary(turns)).context("cannot write the summary")?;
    Ok(status)
}

fn say(session: &Session<'_>, turns: &[Turn]) -> Result<ExitStatus> {
    let mut out = io::stdout().lock();
    for (weight, sentence) in sentences(&session.bad, turns) {
        match weight {
            Weight::Error | Weight::Warning => complain(NAME, &sentence),
            Weight::News | Weight::Detail => {
                writeln!(out, "{sentence}").context("cannot write what was done")?;
            }
        }
    }
    let failed = |turn: &Turn| matches!(&turn.outcome, Outcome::Failed(_)) && !is_left(turn);
    Ok(match (session.bad.is_empty() && !turns.iter().any(failed), count_bad(turns)) {
        (false, _) => ExitStatus::Trouble,
        (true, 0) => ExitStatus::Clean,
        (true, _) => ExitStatus::Loss,
    })
}
