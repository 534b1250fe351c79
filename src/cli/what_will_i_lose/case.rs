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
use crate::loss::text::Declared;
use crate::loss::unmounted::{Unmounted, unmounted};
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
        return (Declared::Unmounted, vec![Gap { path: HostPath::root(), error }]);
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

/// The system that the boot loader starts, after `nixos-rebuild boot` or `test` another than the one that
/// runs; and its configuration, which its initrd has as well.
const NEXT: &str = "/nix/var/nix/profiles/system";

/// A gap where the next boot goes by another configuration than this report, or nobody can tell.
fn other_configuration(host: &Files) -> Option<Gap> {
    let error = match difference(host) {
        Ok(None) => return None,
        Ok(Some(error)) => error,
        Err(cause) => {
            format!("cannot tell whether the next boot goes by this configuration: {cause}")
        }
    };
    Some(Gap { path: HostPath::root(), error })
}

/// What is another about the configuration of the next boot. Only what is missing is taken as missing.
fn difference(host: &Files) -> io::Result<Option<String>> {
    let path = |text: &str| HostPath::new(text.as_bytes()).map_err(io::Error::other);
    let (here, next) = (path(DEFAULT_FILE)?, path(NEXT)?);
    let there = here.below(&next);
    let (ours, theirs) = (host.read(&here)?, host.read(&there)?);
    if theirs.is_some() {
        let other = format!(
            "the next boot goes by another configuration; run what-will-i-lose --config {there} as well"
        );
        return Ok((ours != theirs).then_some(other));
    }
    // One that was written by hand is in no system.
    let is_of_system = host.link(&here)?.is_some_and(|text| text.starts_with(b"/etc/static/"));
    let is_gone = ours.is_some() && is_of_system && host.look(&next)?.is_some();
    let none = format!("the next boot starts {next}, which has no configuration of blankslate");
    Ok(is_gone.then_some(none))
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

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "makes the hosts that are read")]

    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    /// A host whose configuration is a file, a symlink to that of its system, or missing; and what the
    /// next system has.
    fn gap(ours: Option<(&str, bool)>, theirs: Option<&str>) -> Option<String> {
        let top = tempfile::tempdir().unwrap();
        let at = |path: &str| {
            let at = top.path().join(path.trim_start_matches('/'));
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            at
        };
        let system = format!("{NEXT}{DEFAULT_FILE}");
        fs::create_dir_all(at(NEXT)).unwrap();
        if let Some(text) = theirs {
            fs::write(at(&system), text).unwrap();
        }
        match ours {
            Some((text, true)) => {
                fs::write(at("/etc/static/blankslate/config.toml"), text).unwrap();
                symlink("/etc/static/blankslate/config.toml", at(DEFAULT_FILE)).unwrap();
            }
            Some((text, false)) => fs::write(at(DEFAULT_FILE), text).unwrap(),
            None => {}
        }
        other_configuration(&Files::of_host(top.path()).unwrap()).map(|gap| gap.error)
    }

    #[test]
    fn another_configuration_of_the_next_boot_is_a_gap_that_names_it() {
        let other = "the next boot goes by another configuration; run what-will-i-lose --config \
                     /nix/var/nix/profiles/system/etc/blankslate/config.toml as well";
        let none = "the next boot starts /nix/var/nix/profiles/system, which has no configuration of \
                    blankslate";
        let table = [
            (None, None, None),
            (Some(("a", true)), Some("a"), None),
            (Some(("a", false)), Some("a"), None),
            (Some(("a", true)), Some("b"), Some(other)),
            (None, Some("b"), Some(other)),
            (Some(("a", true)), None, Some(none)),
            (Some(("a", false)), None, None),
        ];
        for (ours, theirs, expected) in table {
            assert_eq!(gap(ours, theirs).as_deref(), expected, "{ours:?} {theirs:?}");
        }
        let long = "x".repeat((4 << 20) + 1);
        let said = gap(Some(("a", false)), Some(&long)).unwrap_or_default();
        let front = "cannot tell whether the next boot goes by this configuration: ";
        assert!(said.starts_with(front), "{said}");
    }
}
