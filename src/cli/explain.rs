//! `blankslate explain`: what becomes of one path and why, and the lines that keep it.
//!
//! In: a path as it was typed, the configuration, the host as it is. Out: an explanation, for a person
//! or a program. Reads, and changes nothing.

mod json;
mod keep;
mod loss;
mod resolve;
mod text;

use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::args::Format;
use super::exit::ExitStatus;
use super::place::{Printed, run_dir};
use super::status::look::{Host, Looked};
use super::what_will_i_lose::case;
use crate::config::{Config, DEFAULT_FILE, Entry, Root};
use crate::path::HostPath;
use crate::persist::paste::shell;
use crate::persist::record::{FILE, Record, VERSION};
use crate::persist::state::State;
use crate::sys::mounts::MountTable;
use crate::sys::record::read;
use crate::sys::{Look, Sys, SysError, tree};
use keep::Keep;
use loss::Loss;

/// What is asked for.
#[derive(Debug, clap::Args)]
pub struct Explain {
    /// The path, as the host sees it
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    #[command(flatten)]
    #[expect(missing_docs, reason = "it would be the text of --help")]
    pub printed: Printed,
}

/// Everything there is to say about a path.
#[derive(Debug)]
struct Explanation {
    /// As it was asked for, made absolute.
    asked: Vec<u8>,
    /// The first symlink on the way, where one leads elsewhere.
    through: Option<HostPath>,
    /// Where it really is.
    path: HostPath,
    /// What lies there.
    look: Result<Look, String>,
    relation: Relation,
    /// The entry that it has to do with, as it is now.
    entry: Option<Looked>,
    lies: Lies,
    /// What the loss report says about it, where it lies on a root and no entry keeps it.
    loss: Option<Loss>,
    /// Whether the configuration declares any root.
    has_roots: bool,
    /// How to keep it; none where it is kept, needs no keeping, or cannot be kept.
    keep: Option<Result<Keep, String>>,
}

/// What a path has to do with what is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Relation {
    /// It is the target of an entry.
    Entry,
    /// It lies in the target of an entry; where its data lies.
    Inside(HostPath),
    /// It is the source of an entry, or lies in it.
    Source,
    /// It lies in this store, and no entry declares it; or it is the store.
    Store(HostPath),
    /// These entries lie below it.
    Above(Vec<HostPath>),
    /// Nothing.
    None,
}

/// The file system that a path lies on.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Lies {
    /// On one that the next boot erases.
    OnRoot(Root),
    /// On the root, mounted here, and there is no configuration: it is taken as one that is erased.
    OnHost(HostPath),
    /// In memory: gone with every boot.
    InMemory(HostPath),
    /// On one that the kernel makes up.
    InKernel(HostPath),
    /// On another one, which nothing here touches: where it is mounted, and what.
    Elsewhere(HostPath, String),
    /// That cannot be told.
    Unknown,
}

/// Prints what becomes of a path.
///
/// # Errors
/// The path cannot be used, or the configuration or a record cannot be read.
pub fn run(args: &Explain) -> Result<ExitStatus> {
    let (root, file) = (&args.printed.place.root, &args.printed.place.config);
    let named = (file.as_path() != Path::new(DEFAULT_FILE)).then_some(file.as_path());
    let (config, config_file) = case::config(named)?;
    let has_config = config_file.is_some();
    let record = read::<Record>(&run_dir(root), FILE, VERSION).map_err(anyhow::Error::msg)?;
    let memory = record.as_ref().map(Record::memory).unwrap_or_default();
    let host = Host::open(root, &config, memory)?;
    let mut explanation = explain(&absolute(&args.path)?, &host)?;
    if explanation.may_be_lost(has_config) {
        explanation.loss = loss::loss(root, named, &explanation.path)?;
    }
    if let (false, Some(_), Lies::Elsewhere(point, _)) =
        (has_config, &explanation.loss, &explanation.lies)
    {
        explanation.lies = Lies::OnHost(point.clone());
    }
    explanation.keep = explanation.keep(&host);
    let printed = match args.printed.format {
        Format::Json => json::render(&explanation)?,
        Format::Text => text::render(&explanation, tree::columns(io::stdout())),
    };
    io::stdout().write_all(printed.as_bytes()).context("cannot write the explanation")?;
    Ok(explanation.verdict())
}

/// The path as it was typed, from the root; symlinks and dots are still in it.
fn absolute(path: &Path) -> Result<Vec<u8>> {
    if path.is_absolute() {
        return Ok(path.as_os_str().as_bytes().to_vec());
    }
    let here =
        std::env::current_dir().context("cannot tell where this is; write the whole path")?;
    Ok(here.join(path).as_os_str().as_bytes().to_vec())
}

fn explain(asked: &[u8], host: &Host<'_>) -> Result<Explanation> {
    let config = host.config;
    let found = resolve::resolve(asked, &|path| host.sys.look(path))?;
    let path = found.path;
    let look = host.sys.look(&path).map_err(|error: SysError| error.to_string());
    let (relation, target) = relate(config, &path);
    let entry = target.and_then(|target| {
        // What lies around it decides about it as well.
        let around = |entry: &Entry| target.starts_with(&entry.target);
        let entries = host.entries(&around).declared;
        entries.into_iter().find(|looked| looked.seen.entry.target == target)
    });
    let lies = lies(host, &path);
    let has_roots = !config.roots.is_empty();
    let (asked, through) = (asked.to_vec(), found.through);
    let (loss, keep) = (None, None);
    Ok(Explanation { asked, through, path, look, relation, entry, lies, loss, has_roots, keep })
}

/// What `path` has to do with what is declared, and the entry that it has to do with.
fn relate(config: &Config, path: &HostPath) -> (Relation, Option<HostPath>) {
    let innermost = |path: &HostPath| {
        let around = config.entries().filter(|(_, entry)| path.starts_with(&entry.target));
        around.max_by_key(|(_, entry)| entry.target.as_bytes().len())
    };
    if let Some((store, entry)) = innermost(path) {
        let target = entry.target.clone();
        let relation = if target == *path {
            Relation::Entry
        } else {
            Relation::Inside(path.below(&store.path))
        };
        return (relation, Some(target));
    }
    for store in &config.stores {
        let Some(inside) = path.seen_from(&store.path) else { continue };
        let of_store = store.entries.iter().filter(|entry| inside.starts_with(&entry.target));
        return match of_store.max_by_key(|entry| entry.target.as_bytes().len()) {
            Some(entry) => (Relation::Source, Some(entry.target.clone())),
            None => (Relation::Store(store.path.clone()), None),
        };
    }
    let below = config.entries().map(|(_, entry)| &entry.target);
    let mut below: Vec<HostPath> = below.filter(|target| target.is_below(path)).cloned().collect();
    below.sort();
    if below.is_empty() { (Relation::None, None) } else { (Relation::Above(below), None) }
}

/// The file system that `path` lies on. By its number and not by its mount: a bind mount of a root's
/// own file system is erased too.
fn lies(host: &Host<'_>, path: &HostPath) -> Lies {
    // What is mounted on the path itself hides what is asked for, unless it is looked at in there.
    if let Some(root) = host.device_of(path).and_then(|device| host.erased_with(device)) {
        return Lies::OnRoot(root.clone());
    }
    let (Ok(top), Ok(table)) = (host.root.canonicalize(), MountTable::read()) else {
        return Lies::Unknown;
    };
    let Ok(top) = HostPath::new(top.as_os_str().as_bytes()) else { return Lies::Unknown };
    let around = |point: &HostPath| path.below(&top).starts_with(point);
    let mounts = table.mounts.iter().filter(|mount| around(&mount.point));
    // Of two on one path the later is seen.
    let Some(mount) = mounts.max_by_key(|mount| mount.point.as_bytes().len()) else {
        return Lies::Unknown;
    };
    let point = mount.point.seen_from(&top).unwrap_or_else(HostPath::root);
    match mount.fs_type.as_str() {
        "tmpfs" | "ramfs" => Lies::InMemory(point),
        "proc" | "sysfs" | "devtmpfs" | "devpts" | "cgroup2" | "mqueue" | "efivarfs"
        | "debugfs" | "tracefs" | "securityfs" | "bpf" | "configfs" | "pstore" | "hugetlbfs" => {
            Lies::InKernel(point)
        }
        fs => {
            let source = crate::path::escape(&mount.source);
            Lies::Elsewhere(point, format!("{source}, {fs}"))
        }
    }
}

impl Explanation {
    /// Whether the loss report has something to say about it.
    fn may_be_lost(&self, has_config: bool) -> bool {
        let is_kept = !matches!(self.relation, Relation::Above(_) | Relation::None);
        let is_on_disk = matches!(self.lies, Lies::Elsewhere(..));
        !is_kept && (matches!(self.lies, Lies::OnRoot(_)) || !has_config && is_on_disk)
    }

    /// The lines that declare it, where there should be some.
    fn keep(&self, host: &Host<'_>) -> Option<Result<Keep, String>> {
        let declared = match &self.relation {
            Relation::Store(store) => self.path.seen_from(store),
            _ => None,
        };
        if self.loss.as_ref().is_some_and(|loss| loss.is_of_many) && self.wants_keeping() {
            let path = shell(self.path.as_bytes());
            return Some(Err(format!(
                "It holds what belongs to many, so it is too much for one entry: \
                 `what-will-i-lose {path}` lists what lies in it."
            )));
        }
        let preset = self.loss.as_ref().and_then(|loss| loss.preset.as_ref());
        let look = self.look.as_ref().ok();
        self.wants_keeping().then(|| keep::lines(host, &self.path, declared.as_ref(), look, preset))
    }

    fn wants_keeping(&self) -> bool {
        match &self.relation {
            Relation::Entry | Relation::Inside(_) | Relation::Source => false,
            Relation::Store(store) => self.path != *store,
            Relation::Above(_) | Relation::None => match (&self.loss, &self.lies) {
                (Some(loss), _) => loss.loses(),
                (None, lies) => matches!(lies, Lies::OnRoot(_) | Lies::InMemory(_)),
            },
        }
    }

    /// Whether its entry is in place, so that what is seen is what is kept.
    fn is_in_place(&self) -> bool {
        let state = self.entry.as_ref().map(|entry| entry.status.state);
        matches!(state, Some(State::InPlace | State::Shadowed | State::WrongMode))
    }

    /// What becomes of it, in a word; none where that cannot be told.
    fn fate(&self) -> Option<&'static str> {
        if let (Some(loss), ExitStatus::Clean) = (&self.loss, self.verdict()) {
            return Some(loss.word());
        }
        match (self.verdict(), &self.relation) {
            (ExitStatus::Trouble, _) => None,
            (ExitStatus::Loss, Relation::Entry | Relation::Inside(_)) => Some("not-in-place"),
            (ExitStatus::Loss, _) => Some("erased"),
            (ExitStatus::Clean, Relation::Above(_) | Relation::None) => Some("untouched"),
            (ExitStatus::Clean, _) => Some("kept"),
        }
    }

    fn verdict(&self) -> ExitStatus {
        let state = self.entry.as_ref().map(|entry| entry.status.state);
        match &self.relation {
            Relation::Entry | Relation::Inside(_) if self.is_in_place() => ExitStatus::Clean,
            Relation::Entry | Relation::Inside(_) if state == Some(State::Unseen) => {
                ExitStatus::Trouble
            }
            Relation::Entry | Relation::Inside(_) => ExitStatus::Loss,
            Relation::Source | Relation::Store(_) => ExitStatus::Clean,
            Relation::Above(_) | Relation::None => match (&self.loss, &self.lies) {
                (Some(loss), _) => loss.verdict(),
                (None, Lies::OnRoot(_) | Lies::OnHost(_) | Lies::InMemory(_)) => ExitStatus::Loss,
                (None, Lies::InKernel(_) | Lies::Elsewhere(..)) => ExitStatus::Clean,
                (None, Lies::Unknown) => ExitStatus::Trouble,
            },
        }
    }
}
