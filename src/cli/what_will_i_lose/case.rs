//! Everything that a report is made from, as it is read from the host.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cli::args::WhatWillILose;
use crate::cli::place::accounts;
use crate::config::{Config, ConfigError, DEFAULT_FILE};
use crate::loss::blank::{self, Blank};
use crate::loss::facts::{self, Recorded};
use crate::loss::view::refuse_everything;
use crate::loss::{Accept, Evidence, Gap, Rules, gather};
use crate::path::{HostPath, escape};
use crate::persist::accounts::Accounts;
use crate::presets::Presets;
use crate::sys::files::Files;
use crate::sys::linux::LinuxSys;
use crate::sys::mounts::MountTable;
use crate::sys::record::RUN_DIR;
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
    /// Declared roots in this one, which a scan does not enter.
    pub others: Vec<Gap>,
    pub is_declared: bool,
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
    let accept = Accept::new(&config.accept, &file).context(cannot_use)?;
    let tree = tree::open_bare(asked.root).with_context(cannot_scan)?;
    let root = asked.root.canonicalize().with_context(cannot_scan)?;
    let path = HostPath::new(root.as_os_str().as_bytes()).with_context(cannot_scan)?;
    let table = MountTable::read().context("cannot read the mount table")?;
    let mounts = facts::mounts_below(table, &path);
    let mount_points = mounts.iter().map(|mount| mount.point.clone());
    let mount_points = mount_points.filter(|point| !point.is_root()).collect();
    let rules = facts::facts(&config, accept, mounts, &recorded.mounts, &|path| sys.look(path));
    let place = blank::place(&path, &config);
    let blank = blank::find(&root, &place, asked.blank, &config)?;
    let others = blank::other_roots(&path, &place, &config);
    let is_declared = config.roots.iter().any(|declared| declared.mount == place);
    // Whoever is not known by name is written down by number.
    let accounts = accounts(&root, &config).unwrap_or_default();
    let presets = Presets::builtin().context("cannot use the presets")?;
    let evidence = evidence(&root, &tree, &presets, &accounts);
    let rules = rules.with_evidence(evidence.makers, evidence.owners);
    let is_nixos = is_nixos(&sys);
    let start = start(asked.path)?;
    Ok(Case {
        root,
        start,
        place,
        sys,
        tree,
        blank,
        others,
        is_declared,
        is_nixos,
        config,
        config_file,
        accounts,
        presets,
        mounts: mount_points,
        rules,
    })
}

/// What the host tells of who makes and owns its paths; nothing where that cannot be read.
fn evidence(root: &Path, tree: &Tree, presets: &Presets, accounts: &Accounts) -> Evidence {
    match (Files::of_host(root), Files::on(tree)) {
        (Ok(host), Ok(on_root)) => gather(&host, &on_root, presets, accounts),
        (Err(cause), _) | (_, Err(cause)) => {
            tracing::warn!("cannot tell what is made again or whose it is: {cause}");
            Evidence::default()
        }
    }
}

/// The path as the host sees it; a relative one is one below where this is.
fn start(path: Option<&Path>) -> Result<HostPath> {
    let Some(path) = path else { return Ok(HostPath::root()) };
    let absolute = std::path::absolute(path)
        .with_context(|| format!("cannot tell where {} is; write the whole path", shown(path)))?;
    HostPath::new(absolute.as_os_str().as_bytes()).with_context(|| shown(path))
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
    Ok(facts::recorded(&root.join(RUN_DIR.trim_start_matches('/')))?)
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

pub(super) fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_bytes())
}
