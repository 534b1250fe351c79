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
use crate::persist::record::{self, Record};
use crate::rollback::receipt::{self, Receipt};
use crate::sys::record::RUN_DIR;

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
    /// What the step that rolls back wrote.
    boot: Option<Receipt>,
    /// What the step that places entries wrote.
    persist: Option<Record>,
}

/// Prints what the initrd did.
///
/// # Errors
/// A record is damaged, or there is neither a record nor a configuration.
pub fn run(args: &Status) -> Result<ExitStatus> {
    let run = args.root.join(RUN_DIR.trim_start_matches('/'));
    let boot: Option<Receipt> = read(&run, receipt::FILE, receipt::VERSION)?;
    let persist: Option<Record> = read(&run, record::FILE, record::VERSION)?;
    let config = Config::load(&args.config);
    if let (None, None, Err(error)) = (&boot, &persist, &config) {
        bail!("the initrd left no record of this boot, and {error}");
    }
    let known = weigh(boot, persist, config.as_ref().ok());
    let text = match args.format {
        Format::Json => serde_json::to_string_pretty(&known)? + "\n",
        Format::Text => render(&known, config.as_ref().ok()),
    };
    io::stdout().write_all(text.as_bytes()).context("cannot write the status")?;
    Ok(if known.ok { ExitStatus::Clean } else { ExitStatus::Loss })
}

/// Reads a record; none when the initrd wrote none.
#[expect(clippy::disallowed_methods, reason = "reads what the initrd wrote down")]
fn read<T: DeserializeOwned>(run: &Path, name: &str, version: u32) -> Result<Option<T>> {
    let file = run.join(name);
    let shown = crate::path::escape(file.as_os_str().as_encoded_bytes());
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(cause).with_context(|| format!("cannot read {shown}")),
    };
    let value: serde_json::Value =
        serde_json::from_str(&text).with_context(|| format!("cannot understand {shown}"))?;
    let found = value.get("version").and_then(serde_json::Value::as_u64);
    if found != Some(u64::from(version)) {
        bail!("cannot understand {shown}: another version of blankslate wrote it");
    }
    serde_json::from_value(value).map(Some).with_context(|| format!("cannot understand {shown}"))
}

/// A root that is declared and of which the initrd wrote nothing was not rolled back.
fn weigh(boot: Option<Receipt>, persist: Option<Record>, config: Option<&Config>) -> Known {
    let declares = |what: fn(&Config) -> bool| config.is_some_and(what);
    let rolled = match &boot {
        Some(receipt) => receipt.is_as_it_should(),
        None => !declares(|config| !config.roots.is_empty()),
    };
    let placed = match &persist {
        Some(record) => record.entries.iter().all(|entry| entry.reason.is_none()),
        None => !declares(|config| config.entries().next().is_some()),
    };
    let read = boot.as_ref().and_then(|receipt| receipt.config.clone());
    let read = read.or_else(|| persist.as_ref().map(|record| record.config.clone()));
    let same_config = read.zip(config).map(|(read, config)| read == config.digest);
    Known { version: 1, ok: rolled && placed, same_config, boot, persist }
}

fn render(known: &Known, config: Option<&Config>) -> String {
    let mut text = String::new();
    if let Some(receipt) = &known.boot {
        render_boot(&mut text, receipt);
    } else {
        for root in config.map(|config| config.roots.as_slice()).unwrap_or_default() {
            let _ = writeln!(text, "{} NOT rolled back: the initrd did not try", root.dataset);
        }
    }
    match &known.persist {
        Some(record) if record.entries.is_empty() => {}
        Some(record) => render_entries(&mut text, record),
        None if config.is_some_and(|config| config.entries().next().is_some()) => {
            text.push_str("no entry was put in place: the initrd did not try\n");
        }
        None => {}
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
    let missing = record.entries.iter().filter(|entry| entry.reason.is_some()).count();
    let all = record.entries.len();
    let _ = writeln!(text, "{} of {all} entries in place at boot", all - missing);
    for entry in &record.entries {
        if let Some(reason) = &entry.reason {
            let _ = writeln!(text, "{} is not in place: {reason}", entry.target);
        }
    }
}
