//! `what-will-i-lose`: from arguments to a report on standard output.

pub(super) mod case;
mod next_boot;

use std::collections::BTreeSet;
use std::io::{self, BufWriter, IsTerminal, StdoutLock};
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow};

use super::args::{Report as Format, Shown, Size, Sort, WhatWillILose, When};
use super::exit::{ExitStatus, complain, look_only};
use super::progress::Tidy;
use super::typed::shown;
use crate::loss::groups::Order;
use crate::loss::json::Json;
use crate::loss::keep::{self, Desk, Language, Paste};
use crate::loss::ncdu::Ncdu;
use crate::loss::open::Opened;
use crate::loss::print0::Print0;
use crate::loss::text::{Setting, Text};
use crate::loss::{
    Class, FileType, Gap, Guide, Outside, Report, Sink, Summary, Unfolded, View, Writer,
    facts::Looker, scan, start,
};
use crate::persist::paste::shell;
use crate::sys::open_files::writers_on;
use crate::sys::{Sys, tree};
use case::{Case, case};

/// The program's name, before every sentence on standard error.
pub const NAME: &str = "what-will-i-lose";

const CANNOT_WRITE: &str = "cannot write the report";

type Out = BufWriter<StdoutLock<'static>>;

/// Makes the report that `args` ask for.
///
/// # Errors
/// A sentence on why there is no report, or that it could not be written.
pub fn run(args: &WhatWillILose) -> Result<ExitStatus> {
    args.check().map_err(|problem| anyhow!(problem))?;
    tree::raise_open_files();
    look_only(NAME);
    let tidy = Tidy::new();
    let case = case(args.into())?;
    let open = opened(args, &case);
    let look: Looker<'_> = &|path| case.sys.look(path);
    let host = keep::Host {
        desk: Desk { config: &case.config, accounts: &case.accounts, look },
        rules: &case.rules,
        presets: &case.presets,
        mounts: &case.mounts,
        place: &case.place,
    };
    let out = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    let summary = written(args, &case, host, &open, tidy, out)?;
    if summary.gaps.is_empty() {
        return Ok(if summary.loses_nothing() { ExitStatus::Clean } else { ExitStatus::Loss });
    }
    let why = match summary.gaps.len().saturating_sub(case.doubts.len()) {
        0 => "the next boot may do something else".to_owned(),
        1 => "1 place could not be read".to_owned(),
        gaps => format!("{gaps} places could not be read"),
    };
    complain(NAME, &format!("the report is incomplete: {why}"));
    Ok(ExitStatus::Trouble)
}

/// Writes the report in its format.
fn written(
    args: &WhatWillILose,
    case: &Case,
    host: keep::Host<'_>,
    open: &Opened,
    tidy: Tidy,
    out: Out,
) -> Result<Summary> {
    let view = view(args, case)?;
    if args.print0 {
        return make(case, view, tidy, Print0(out));
    }
    let root = case.root.as_os_str().as_bytes();
    match args.format {
        Format::Text => {
            let setting = setting(args, case, &view);
            make(case, view, tidy, Text::new(out, setting, host, open))
        }
        Format::Json => {
            let (accept, config) = (case.config.accept.clone(), case.config_file.as_deref());
            let writer = Json::begin(out, root, &case.blank.what, config, accept, open);
            make(case, view, tidy, writer.context(CANNOT_WRITE)?)
        }
        Format::Ncdu => {
            make(case, view, tidy, Ncdu::begin(out, root, now()).context(CANNOT_WRITE)?)
        }
        Format::Nix => make(case, view, tidy, Paste::new(out, host, Language::Nix)),
        Format::Toml => make(case, view, tidy, Paste::new(out, host, Language::Toml)),
    }
}

fn make<W: Writer<Error = io::Error>>(
    case: &Case,
    view: View,
    tidy: Tidy,
    writer: W,
) -> Result<Summary> {
    let trees = start(&case.tree, case.blank.tree.as_ref(), &case.start);
    let trees = trees.map_err(|outside| anyhow!("{outside}{}", elsewhere(&outside)))?;
    let guide: &dyn Guide = if view.every { &Unfolded } else { &case.rules };
    // Where lines run over the terminal, they tell how far it is.
    let is_quiet = view.every && io::stdout().is_terminal();
    let seen = Arc::clone(&trees.seen);
    let watch = tidy.watch(move || seen.names(), is_quiet);
    let mut report = Report::new(&case.rules, view, writer);
    let is_near =
        |gap: &&Gap| gap.path.starts_with(&case.start) || case.start.starts_with(&gap.path);
    let others = case.others.iter().filter(is_near);
    for gap in case.blank.gap.iter().chain(others).chain(&case.doubts) {
        report.gap(gap.clone()).context(CANNOT_WRITE)?;
    }
    scan(&trees, guide, &mut report).context(CANNOT_WRITE)?;
    drop(watch);
    report.finish().context(CANNOT_WRITE)
}

/// Who tells of what does not lie on the root.
fn elsewhere(outside: &Outside) -> String {
    let path = match outside {
        Outside::Mounted { path, .. }
        | Outside::NoDirectory { path, what: FileType::Symlink, .. } => path,
        Outside::NoDirectory { .. } | Outside::Missing { .. } | Outside::Unreadable { .. } => {
            return String::new();
        }
    };
    format!("; `blankslate explain {}` tells what becomes of it", shell(path.as_bytes()))
}

/// What of the report is shown.
fn view(args: &WhatWillILose, case: &Case) -> Result<View> {
    let classes = if args.verdict.is_empty() {
        match args.format {
            Format::Json => BTreeSet::from(Class::ALL),
            Format::Text | Format::Ncdu | Format::Nix | Format::Toml => {
                BTreeSet::from([Class::Lost])
            }
        }
    } else {
        args.verdict.iter().flat_map(|shown| classes(*shown)).copied().collect()
    };
    let newer_than = match args.newer_than {
        None => None,
        Some(When::At(at)) => Some(at),
        Some(When::Ago(seconds)) => Some(now().saturating_sub(seconds)),
        Some(When::Boot) => Some(boot()?),
    };
    let is_for_people = matches!(args.format, Format::Text | Format::Nix | Format::Toml);
    Ok(View {
        every: args.every || args.format == Format::Ncdu,
        with_ways: args.format == Format::Json,
        gathers: is_for_people && !args.every && !args.print0,
        classes,
        min_size: args.min_size.map_or(0, |Size(bytes)| bytes),
        newer_than,
        depth: args.depth,
        start: case.start.clone(),
    })
}

fn classes(shown: Shown) -> &'static [Class] {
    match shown {
        Shown::Lost => &[Class::Lost],
        Shown::Kept => &[Class::Kept],
        Shown::Accepted => &[Class::Accepted],
        Shown::Recreated => &[Class::Recreated],
        Shown::Gap => &[],
        Shown::All => &Class::ALL,
    }
}

fn setting(args: &WhatWillILose, case: &Case, view: &View) -> Setting {
    let root = match (case.start.is_root(), shown(&case.root)) {
        (true, root) => root,
        (false, root) if root == "/" => case.start.to_string(),
        (false, root) => format!("{} in {root}", case.start),
    };
    Setting {
        root,
        blank: case.blank.what.clone(),
        config: case.config_file.clone(),
        declared: case.declared,
        accept: case.config.accept.clone(),
        missing: case.rules.missing().cloned().collect(),
        now: now(),
        width: tree::columns(io::stdout()),
        is_coloured: is_coloured() && !args.every,
        is_every: args.every,
        classes: view.classes.clone(),
        has_depth: view.depth.is_some(),
        order: match args.sort {
            Sort::Rank => Order::Rank,
            Sort::Size => Order::Size,
            Sort::Age => Order::Age,
            Sort::Files => Order::Files,
            Sort::Path => Order::Path,
        },
        language: if case.is_nixos { Language::Nix } else { Language::Toml },
    }
}

/// Whether standard output is a terminal that has colours, and nobody asked for none.
#[expect(clippy::disallowed_methods, reason = "the one place that asks for colours")]
fn is_coloured() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb" || term.is_empty());
    io::stdout().is_terminal() && !is_set("NO_COLOR") && !is_dumb
}

/// Who holds files on the root open for writing; nobody, where that is not asked for or cannot be told.
fn opened(args: &WhatWillILose, case: &Case) -> Opened {
    let mut opened = Opened::default();
    if !args.open {
        return opened;
    }
    match writers_on(&case.root) {
        Ok(found) => {
            for file in found.files {
                opened.insert(&file.path, file.command, file.unit);
            }
            found.gaps.iter().for_each(|gap| complain(NAME, gap));
        }
        Err(error) => complain(NAME, &format!("cannot tell who holds files open: {error}")),
    }
    opened
}

#[expect(clippy::disallowed_methods, reason = "the one place that asks for the time")]
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// When this kernel started, in seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "the one place that asks for the time of the boot")]
fn boot() -> Result<i64> {
    let text = std::fs::read_to_string("/proc/stat").context("cannot tell when the boot was")?;
    let seconds = text.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok());
    seconds.context("cannot tell when the boot was: /proc/stat has no btime")
}
