//! Everything that a report is made from, as it is read from the host.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::next_boot::other_configuration;
use crate::cli::args::WhatWillILose;
use crate::cli::place::{accounts, run_dir, unusable};
use crate::cli::typed::{host_path, shown};
use crate::config::{Config, ConfigError, DEFAULT_FILE};
use crate::loss::blank::{self, Blank};
use crate::loss::facts::{self, Recorded};
use crate::loss::text::Declared;
use crate::loss::unmounted::{Unmounted, unmounted};
use crate::loss::view::refuse_everything;
use crate::loss::{Accept, Evidence, Gap, MachineIds, Rules, gather};
use crate::path::HostPath;
use crate::persist::accounts::Accounts;
use crate::presets::Presets;
use crate::sys::files::Files;
use crate::sys::linux::LinuxSys;
use crate::sys::mounts::MountTable;
use crate::sys::tree::{self, Tree};
use crate::sys::{Look, Sys};

/// Everything that a report is made from.
pub(in crate::cli) struct Case {
    pub root: PathBuf,
    /// Where the report starts, below the root.
    pub start: HostPath,
    /// Where the root lies on the host.
    pub place: HostPath,
    pub sys: LinuxSys,
    pub tree: Tree,
    pub blank: Blank,
    /// Declared roots in this one: a scan does not enter them.
    pub others: Vec<Gap>,
    /// Why the next boot may do something else than this report says: it goes by another configuration,
    /// or what is mounted is not the declared root.
    pub doubts: Vec<Gap>,
    pub declared: Declared,
    pub is_nixos: bool,
    pub config: Config,
    pub config_file: Option<String>,
    pub accounts: Accounts,
    pub presets: Presets,
    pub mounts: Vec<HostPath>,
    pub rules: Rules,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct Asked<'a> {
    /// The tree that is treated as `/`.
    pub root: &'a Path,
    /// The configuration; the host's, if it has one, where none is named.
    pub config: Option<&'a Path>,
    /// The directory that is compared with.
    pub blank: Option<&'a Path>,
    /// Where the report starts.
    pub path: Option<&'a Path>,
}

impl<'a> From<&'a WhatWillILose> for Asked<'a> {
    fn from(args: &'a WhatWillILose) -> Self {
        let (config, blank) = (args.config.as_deref(), args.blank.as_deref());
        Self { root: &args.root, config, blank, path: args.path.as_deref() }
    }
}

/// Reads the configuration and the state of the host, and opens both trees.
pub(in crate::cli) fn case(asked: Asked<'_>) -> Result<Case> {
    let (mut config, config_file) = config(asked.config)?;
    let file = config_file.clone().unwrap_or_default();
    let cannot_scan = || format!("cannot scan {}", shown(asked.root));
    let sys = LinuxSys::below(asked.root).with_context(cannot_scan)?;
    let recorded = recorded(asked.root)?;
    let cannot_use = "cannot use the configuration";
    refuse_everything(&config.accept, &file).context(cannot_use)?;
    config.accept.extend(recorded.accept_rules(&|path| sys.look(path)));
    let mut accept = Accept::new(&config.accept, &file).context(cannot_use)?;
    let tree = tree::open_bare(asked.root).with_context(cannot_scan)?;
    let root = asked.root.canonicalize().with_context(cannot_scan)?;
    let path = HostPath::new(root.as_os_str().as_bytes()).with_context(cannot_scan)?;
    let table = MountTable::read().context("cannot read the mount table")?;
    let mounts = facts::mounts_below(table, &path);
    let mount_points = mounts.iter().map(|mount| mount.point.clone());
    let mount_points = mount_points.filter(|point| !point.is_root()).collect();
    let place = blank::place(&path, &config);
    // Rules and evidence speak of the paths of the host, and this report of those below its root.
    let is_host = place.is_root();
    if !is_host {
        accept = Accept::default();
    }
    let unmounted = unmounted(&config, &place, &mounts);
    let look = |path: &HostPath| sys.look(path);
    let rules = facts::facts(&config, accept, &mounts, &unmounted, &recorded.mounts, &look);
    let blank = blank::find(&root, &place, asked.blank, &config, &unmounted)?;
    let others = blank::other_roots(&path, &place, &config, &unmounted);
    let (declared, mut doubts) = declared(&place, &config, &unmounted);
    // Whoever is not known by name is written down by number.
    let accounts = accounts(&root, &config).unwrap_or_else(|problem| {
        tracing::warn!("cannot tell whose homes there are: {problem:#}");
        Accounts::default()
    });
    let presets = Presets::builtin().context("cannot use the presets")?;
    let host = Files::of_host(&root).with_context(cannot_scan)?;
    if asked.config.is_none() && root == Path::new("/") {
        doubts.extend(other_configuration(&host));
    }
    let evidence =
        if is_host { evidence(&host, &tree, &presets, &accounts) } else { Evidence::default() };
    let ids = if is_host { machine_ids(&config, &host, &tree, &blank) } else { None };
    let rules = rules.with_evidence(evidence.makers, evidence.owners).with_machine_ids(ids);
    let is_nixos = is_nixos(&sys);
    let start = asked.path.map_or(Ok(HostPath::root()), |path| host_path(path, asked.root))?;
    Ok(Case {
        root,
        start,
        place,
        sys,
        tree,
        blank,
        others,
        doubts,
        declared,
        is_nixos,
        config,
        config_file,
        accounts,
        presets,
        mounts: mount_points,
        rules,
    })
}

/// How the root at `place` is declared, and the gap where that is not what is mounted.
fn declared(place: &HostPath, config: &Config, unmounted: &[Unmounted]) -> (Declared, Vec<Gap>) {
    if let Some(other) = unmounted.iter().find(|other| other.mount == *place) {
        let error = format!("this report is of what is mounted now: {}", other.sentence());
        let declared = if other.is_erased { Declared::Yes } else { Declared::Unmounted };
        return (declared, vec![Gap { path: HostPath::root(), error }]);
    }
    let is_declared = config.roots.iter().any(|root| root.mount == *place);
    (if is_declared { Declared::Yes } else { Declared::No }, Vec::new())
}

/// What the host tells of who makes and owns its paths; nothing where that cannot be read.
fn evidence(host: &Files, tree: &Tree, presets: &Presets, accounts: &Accounts) -> Evidence {
    match Files::on(tree) {
        Ok(on_root) => gather(host, &on_root, presets, accounts),
        Err(cause) => {
            tracing::warn!("cannot tell what is made again or whose it is: {cause}");
            Evidence::default()
        }
    }
}

/// What is known of the machine id; nothing where that cannot be read.
fn machine_ids(config: &Config, host: &Files, tree: &Tree, blank: &Blank) -> Option<MachineIds> {
    let read = || {
        let (on_root, blank) = (Files::on(tree)?, blank.tree.as_ref().map(Files::on).transpose()?);
        MachineIds::read(config, host, &on_root, blank.as_ref())
    };
    read().inspect_err(|cause| tracing::warn!("cannot read the machine id: {cause}")).ok()
}

fn is_nixos(sys: &LinuxSys) -> bool {
    let is_there = |path: &str| {
        let path = path.parse::<HostPath>().ok();
        let look = path.map(|path| sys.look(&path));
        matches!(look, Some(Ok(Look::File(_) | Look::Directory(_) | Look::Symlink(_))))
    };
    is_there("/etc/NIXOS") || is_there("/run/current-system")
}

/// What the boot that made this root wrote down.
fn recorded(root: &Path) -> Result<Recorded> {
    let recorded = facts::recorded(&run_dir(root));
    recorded.map_err(|why| unusable(&why.to_string(), "`blankslate apply` writes it anew"))
}

/// The configuration that was named, the host's if none was, an empty one if the host has none.
pub(in crate::cli) fn config(named: Option<&Path>) -> Result<(Config, Option<String>)> {
    let file = named.unwrap_or(Path::new(DEFAULT_FILE));
    match Config::load(file) {
        Ok(config) => Ok((config, Some(shown(file)))),
        Err(ConfigError::Unreadable { cause, .. })
            if named.is_none() && cause.kind() == io::ErrorKind::NotFound =>
        {
            Ok((Config::default(), None))
        }
        Err(error @ ConfigError::Unreadable { .. }) => Err(error.into()),
        Err(error @ ConfigError::Faulty { .. }) => {
            Err(anyhow::Error::new(error).context("cannot use the configuration"))
        }
    }
}
