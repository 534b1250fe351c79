//! `blankslate explain`: what becomes of one path and why, and the lines that keep it.
//!
//! In: a path as it was typed, the configuration, the host as it is. Out: an explanation, for a person
//! or a program. Reads, and changes nothing.

mod about;
mod hidden;
mod json;
mod keep;
mod loss;
mod resolve;
mod text;
mod verdict;

use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::args::Format;
use super::exit::ExitStatus;
use super::place::{Printed, record};
use super::status::look::{Host, Looked};
use super::typed::absolute;
use super::what_will_i_lose::case;
use crate::config::{Config, DEFAULT_FILE, Entry, Root};
use crate::loss::unmounted::Unmounted;
use crate::path::HostPath;
use crate::persist::observe::{Against, holds_data};
use crate::persist::record::Record;
use crate::persist::state::State;
use crate::sys::mounts::MountTable;
use crate::sys::{Look, Sys, SysError, tree};
use hidden::Hidden;
use keep::Keep;
use loss::Loss;

/// What a host of NixOS has, one or the other.
const NIXOS: [&str; 2] = ["/etc/NIXOS", "/run/current-system"];

/// How the sentence begins that it cannot be told who writes to a path.
const NO_WRITERS: &str = "cannot find who writes to ";

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
    /// What the mount of its entry hides, where that hides data.
    hidden: Option<Hidden>,
    /// Whether the store has it, where it lies in an entry.
    is_in_store: bool,
    /// The store of its entry, where nothing can be put in place from that now.
    bad_store: Option<HostPath>,
    /// How its entry compares with the store, where all that is not known is who writes to it now.
    at_boot: Option<Against>,
    /// Whether there is a configuration.
    has_config: bool,
    /// Whether the host is one of NixOS.
    is_nixos: bool,
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
    /// On one that is mounted in the place of a declared root: the next boot leaves it behind.
    Instead(Unmounted),
    /// On the root, mounted here, which no configuration declares: it is taken as one that is erased.
    OnHost(HostPath),
    /// In memory: gone with every boot.
    InMemory(HostPath),
    /// On one that the kernel makes up.
    InKernel(HostPath),
    /// On another one, which nothing here touches: where it is mounted, and what.
    Elsewhere(HostPath, String),
    /// On one that keeps its files on another, which may be a root: where it is mounted, and what.
    Layered(HostPath, String),
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
    let record = record(root)?;
    let memory = record.as_ref().map(Record::memory).unwrap_or_default();
    let host = Host::open(root, &config, memory)?;
    let asked = absolute(&args.path, root)?;
    let mut explanation = explain(asked.as_os_str().as_bytes(), &host)?;
    explanation.has_config = config_file.is_some();
    let has_root = config.roots.iter().any(|root| root.mount.is_root());
    if explanation.may_be_lost(has_root) {
        explanation.loss = loss::loss(root, named, &explanation.path)?;
    }
    if let (Some(_), Lies::Elsewhere(point, _)) = (&explanation.loss, &explanation.lies) {
        explanation.lies = Lies::OnHost(point.clone());
    }
    if let Some(entry) = explanation.shadowed() {
        explanation.hidden = hidden::hidden(root, named, entry, &explanation.path)?;
    }
    explanation.keep = explanation.keep(&host);
    let printed = match args.printed.format {
        Format::Json => json::render(&explanation)?,
        Format::Text => text::render(&explanation, tree::columns(io::stdout())),
    };
    io::stdout().write_all(printed.as_bytes()).context("cannot write the explanation")?;
    Ok(explanation.verdict())
}

fn explain(asked: &[u8], host: &Host<'_>) -> Result<Explanation> {
    let config = host.config;
    let found = resolve::resolve(asked, &|path| host.sys.look(path))?;
    let path = found.path;
    let look = host.sys.look(&path).map_err(|error: SysError| error.to_string());
    let (relation, target) = relate(config, &path);
    if let (Ok(Look::Blocked(blocker)), false) = (&look, relation == Relation::Entry) {
        bail!("{blocker} is no directory, so nothing can lie at {path}");
    }
    let entry = target.and_then(|target| {
        // What lies around it decides about it as well.
        let around = |entry: &Entry| target.starts_with(&entry.target);
        let entries = host.entries(&around).declared;
        entries.into_iter().find(|looked| looked.seen.entry.target == target)
    });
    let is_there = |path: &HostPath| {
        matches!(
            host.sys.look(path),
            Ok(Look::Directory(_) | Look::File(_) | Look::Symlink(_) | Look::Special(_))
        )
    };
    let is_in_store = matches!(&relation, Relation::Inside(data) if is_there(data));
    Ok(Explanation {
        asked: asked.to_vec(),
        through: found.through,
        look,
        relation,
        bad_store: entry.as_ref().and_then(|entry| bad_store(host, entry)),
        at_boot: entry.as_ref().and_then(|entry| at_boot(host, entry)),
        entry,
        lies: lies(host, &path),
        loss: None,
        hidden: None,
        is_in_store,
        has_config: true,
        is_nixos: NIXOS.iter().any(|path| path.parse().is_ok_and(|path| is_there(&path))),
        keep: None,
        path,
    })
}

fn bad_store(host: &Host<'_>, looked: &Looked) -> Option<HostPath> {
    let store = &looked.seen.store;
    host.bad.iter().any(|bad| bad.store == *store).then(|| store.clone())
}

/// How an entry compares with the store, where it could not be looked at only because nobody may tell
/// who writes to it now: that is asked for only where the store holds nothing for it, or the same, and
/// the boot, at which nobody writes, does not ask.
fn at_boot(host: &Host<'_>, looked: &Looked) -> Option<Against> {
    let why = looked.seen.ends.as_ref().err()?;
    if looked.status.state != State::Unseen || !why.starts_with(NO_WRITERS) {
        return None;
    }
    match host.sys.look(&looked.seen.source).ok()? {
        there if holds_data(&there) => Some(Against::Same),
        Look::Absent | Look::Directory(_) | Look::File(_) => Some(Against::Nothing),
        Look::Symlink(_) | Look::Special(_) | Look::Blocked(_) => None,
    }
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
    if let Some(root) = host.erased_with(path) {
        return Lies::OnRoot(root.clone());
    }
    if let Some(other) = host.left_with(path) {
        return Lies::Instead(other.clone());
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
            let is_on_another =
                fs == "overlay" || fs.starts_with("fuse") || source.starts_with("/dev/loop");
            let is_layered = is_on_another && !point.is_root();
            let what = format!("{source}, {fs}");
            if is_layered { Lies::Layered(point, what) } else { Lies::Elsewhere(point, what) }
        }
    }
}
