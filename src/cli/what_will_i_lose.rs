//! `what-will-i-lose`: from arguments to a report on standard output.

use std::io::{self, BufWriter};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use super::args::{Format, WhatWillILose};
use super::exit::{ExitStatus, complain, look_only};
use crate::config::{Config, ConfigError, DEFAULT_FILE};
use crate::loss::blank::{self, Blank};
use crate::loss::facts::Recorded;
use crate::loss::json::Json;
use crate::loss::text::{Setting, Text};
use crate::loss::{
    Accept, Gap, Guide, Report, Rules, Sink, Summary, Trees, Unfolded, Writer, facts, scan,
};
use crate::path::{HostPath, escape};
use crate::sys::Sys;
use crate::sys::linux::LinuxSys;
use crate::sys::mounts::MountTable;
use crate::sys::record::RUN_DIR;
use crate::sys::tree::{self, Tree};

/// The program's name, before every sentence on standard error.
pub const NAME: &str = "what-will-i-lose";

/// Everything that a report is made from.
struct Case {
    root: PathBuf,
    tree: Tree,
    blank: Blank,
    /// Declared roots in this one, which a scan does not enter.
    others: Vec<Gap>,
    is_declared: bool,
    config: Config,
    config_file: Option<String>,
    rules: Rules,
}

/// Makes the report that `args` ask for.
///
/// # Errors
/// A sentence on why there is no report, or that it could not be written.
pub fn run(args: &WhatWillILose) -> Result<ExitStatus> {
    tree::raise_open_files();
    look_only(NAME);
    let case = case(args)?;
    let out = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    let root = case.root.as_os_str().as_bytes().to_vec();
    let summary = match args.format {
        Format::Text => {
            let setting = setting(&case);
            let writer = Text::begin(out, setting).context(CANNOT_WRITE)?;
            make(case, args.every, writer)?
        }
        Format::Json => {
            let accept = case.config.accept.clone();
            let config = case.config_file.as_deref();
            let writer = Json::begin(out, &root, &case.blank.what, config, accept);
            make(case, args.every, writer.context(CANNOT_WRITE)?)?
        }
    };
    if summary.gaps.is_empty() {
        return Ok(if summary.lost_lines == 0 { ExitStatus::Clean } else { ExitStatus::Loss });
    }
    let gaps = summary.gaps.len();
    let places = if gaps == 1 { "1 place".to_owned() } else { format!("{gaps} places") };
    complain(NAME, &format!("the report is incomplete: {places} could not be read"));
    Ok(ExitStatus::Trouble)
}

const CANNOT_WRITE: &str = "cannot write the report";

fn make<W: Writer<Error = io::Error>>(case: Case, every: bool, writer: W) -> Result<Summary> {
    let Case { tree, blank, others, rules, .. } = case;
    let trees = Trees { root: &tree, blank: blank.tree.as_ref() };
    let unfolded = Unfolded(&rules);
    let guide: &dyn Guide = if every { &unfolded } else { &rules };
    let mut report = Report::new(&rules, every, writer);
    for gap in blank.gap.into_iter().chain(others) {
        report.gap(gap).context(CANNOT_WRITE)?;
    }
    scan(&trees, guide, &mut report).context(CANNOT_WRITE)?;
    report.finish().context(CANNOT_WRITE)
}

/// Reads the configuration and the state of the host, and opens both trees.
fn case(args: &WhatWillILose) -> Result<Case> {
    let (mut config, config_file) = config(args.config.as_deref())?;
    let file = config_file.clone().unwrap_or_default();
    let cannot_scan = || format!("cannot scan {}", shown(&args.root));
    let sys = LinuxSys::below(&args.root).with_context(cannot_scan)?;
    let recorded = recorded(&args.root)?;
    config.accept.extend(recorded.accept_rules(&|path| sys.look(path)));
    let accept = Accept::new(&config.accept, &file).context("cannot use the configuration")?;
    let tree = tree::open_bare(&args.root).with_context(cannot_scan)?;
    let root = args.root.canonicalize().with_context(cannot_scan)?;
    let path = HostPath::new(root.as_os_str().as_bytes()).with_context(cannot_scan)?;
    let table = MountTable::read().context("cannot read the mount table")?;
    let mounts = facts::mounts_below(table, &path);
    let rules = facts::facts(&config, accept, mounts, &recorded.mounts, &|path| sys.look(path));
    let place = blank::place(&path, &config);
    let blank = blank::find(&root, &place, args.blank.as_deref(), &config)?;
    let others = blank::other_roots(&path, &place, &config);
    let is_declared = config.roots.iter().any(|declared| declared.mount == place);
    Ok(Case { root, tree, blank, others, is_declared, config, config_file, rules })
}

/// What the boot that made this root wrote down.
fn recorded(root: &Path) -> Result<Recorded> {
    Ok(facts::recorded(&root.join(RUN_DIR.trim_start_matches('/')))?)
}

/// The configuration that was named, the host's if none was, an empty one if the host has none.
fn config(named: Option<&Path>) -> Result<(Config, Option<String>)> {
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

fn setting(case: &Case) -> Setting {
    Setting {
        root: shown(&case.root),
        blank: case.blank.what.clone(),
        config: case.config_file.clone(),
        is_root_declared: case.is_declared,
        accept: case.config.accept.clone(),
        missing: case.rules.missing().cloned().collect(),
        now: now(),
        width: width(),
    }
}

/// The width of the terminal; nothing when standard output is none.
fn width() -> Option<usize> {
    tree::columns(io::stdout())
}

#[expect(clippy::disallowed_methods, reason = "the one place that asks for the time")]
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_bytes())
}
