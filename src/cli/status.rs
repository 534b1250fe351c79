//! `blankslate status`: what the initrd wrote down, for a person or a program.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::args::Format;
use super::commands::Status;
use super::exit::ExitStatus;
use crate::config::Config;
use crate::path::escape;
use crate::persist::record::{self, Record};
use crate::rollback::receipt::{self, Receipt};
use crate::sys::record::{RUN_DIR, parse};

/// What is known about this boot. Its schema is `docs/schema/status-1.json`.
#[derive(Debug, Serialize)]
struct Known {
    /// The version of this shape.
    version: u32,
    /// Whether all is as it should be.
    ok: bool,
    /// Whether the initrd read the configuration that the host has now; none where that cannot be
    /// told.
    same_config: Option<bool>,
    /// Datasets of declared roots that the initrd did not try to roll back.
    roots_not_tried: Vec<String>,
    /// Targets of declared entries that the initrd did not try to put in place.
    entries_not_tried: Vec<String>,
    /// What the step that rolls back wrote.
    boot: Option<Receipt>,
    /// What the step that places entries wrote.
    persist: Option<Record>,
}

/// Prints what the initrd did.
///
/// # Errors
/// A record is damaged, or one is missing and there is no configuration that tells whether it should
/// be there.
pub fn run(args: &Status) -> Result<ExitStatus> {
    let run = args.root.join(RUN_DIR.trim_start_matches('/'));
    let boot: Option<Receipt> = read(&run, receipt::FILE, receipt::VERSION)?;
    let persist: Option<Record> = read(&run, record::FILE, record::VERSION)?;
    let config = match Config::load(&args.config) {
        Ok(config) => Some(config),
        Err(error) if boot.is_none() || persist.is_none() => {
            let step = if boot.is_none() { "boot" } else { "persist" };
            bail!("there is no record of blankslate-initrd {step} in this boot, and {error}");
        }
        Err(_) => None,
    };
    let known = weigh(boot, persist, config.as_ref());
    let text = match args.format {
        Format::Json => serde_json::to_string_pretty(&known)? + "\n",
        Format::Text => render(&known),
    };
    io::stdout().write_all(text.as_bytes()).context("cannot write the status")?;
    Ok(if known.ok { ExitStatus::Clean } else { ExitStatus::Loss })
}

/// Reads a record; none when the initrd wrote none.
#[expect(clippy::disallowed_methods, reason = "reads what the initrd wrote down")]
fn read<T: DeserializeOwned>(run: &Path, name: &str, version: u32) -> Result<Option<T>> {
    let file = run.join(name);
    let shown = crate::path::escape(file.as_os_str().as_encoded_bytes());
    match std::fs::read(&file) {
        Ok(text) => match parse(&text, version) {
            Ok(record) => Ok(Some(record)),
            Err(why) => bail!("cannot understand {shown}: {why}"),
        },
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(cause).with_context(|| format!("cannot read {shown}")),
    }
}

/// What is declared and of which the initrd wrote nothing was not done.
fn weigh(boot: Option<Receipt>, persist: Option<Record>, config: Option<&Config>) -> Known {
    let tried_root = |name: &str| {
        boot.iter().flat_map(|receipt| &receipt.roots).any(|root| root.dataset == name)
    };
    let tried_entry = |path: &str| {
        persist.iter().flat_map(|record| &record.entries).any(|entry| entry.target == path)
    };
    let roots = config.iter().flat_map(|config| &config.roots).map(|root| root.dataset.to_string());
    let roots_not_tried: Vec<String> = roots.filter(|name| !tried_root(name)).collect();
    let entries = config.iter().flat_map(|config| config.entries());
    let entries = entries.map(|(_, entry)| entry.target.exact());
    let entries_not_tried: Vec<String> = entries.filter(|path| !tried_entry(path)).collect();
    let rolled = boot.as_ref().is_none_or(Receipt::is_as_it_should) && roots_not_tried.is_empty();
    let placed =
        persist.as_ref().is_none_or(Record::is_as_it_should) && entries_not_tried.is_empty();
    let read = boot.as_ref().and_then(|receipt| receipt.config.clone());
    let read = read.or_else(|| persist.as_ref().and_then(|record| record.config.clone()));
    let same_config = read.zip(config).map(|(read, config)| read == config.digest);
    let ok = rolled && placed;
    Known { version: 1, ok, same_config, roots_not_tried, entries_not_tried, boot, persist }
}

fn render(known: &Known) -> String {
    let mut text = String::new();
    if let Some(receipt) = &known.boot {
        render_boot(&mut text, receipt);
    }
    for dataset in &known.roots_not_tried {
        let _ = writeln!(text, "{dataset} NOT rolled back: the initrd did not try");
    }
    if let Some(record) = &known.persist {
        render_entries(&mut text, record);
    }
    for target in &known.entries_not_tried {
        let target = escape(target.as_bytes());
        let _ = writeln!(text, "{target} is not in place: the initrd did not try");
    }
    if known.same_config == Some(false) {
        text.push_str("the initrd read another configuration than the host has now\n");
    }
    if text.is_empty() {
        text.push_str("nothing is declared, and nothing was done\n");
    }
    text
}

fn render_boot(text: &mut String, receipt: &Receipt) {
    for line in receipt.trouble.iter().flat_map(|trouble| trouble.lines()) {
        let _ = writeln!(text, "nothing was rolled back: {line}");
    }
    for root in &receipt.roots {
        let _ = writeln!(text, "{}", root.sentence());
    }
}

fn render_entries(text: &mut String, record: &Record) {
    for line in record.trouble.iter().flat_map(|trouble| trouble.lines()) {
        let _ = writeln!(text, "nothing was put in place: {line}");
    }
    let missing = record.entries.iter().filter(|entry| entry.reason.is_some()).count();
    let all = record.entries.len();
    if all > 0 {
        let _ = writeln!(text, "{} of {all} entries in place at boot", all - missing);
    }
    for entry in &record.entries {
        if let Some(reason) = &entry.reason {
            let target = escape(entry.target.as_bytes());
            let _ = writeln!(text, "{target} is not in place: {reason}");
        }
    }
}
