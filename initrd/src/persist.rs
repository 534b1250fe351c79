//! `persist`: puts the declared paths in place below a root, before the real init starts.

use std::path::Path;

use anyhow::{Context, Result};
use blankslate::config::Config;
use blankslate::path::{HostPath, escape};
use blankslate::persist::apply::{Outcome, apply};
use blankslate::persist::observe::{BadStore, check_stores, observe};
use blankslate::persist::plan::{EntryPlan, plan};
use blankslate::persist::record::{FILE, Record, mounts_below};
use blankslate::sys::linux::LinuxSys;
use blankslate::sys::lock::Lock;
use blankslate::sys::mounts::MountTable;
use blankslate::sys::privilege::require_for_placing;
use blankslate::sys::record::{RUN_DIR, write};

use crate::{FINE, NOT_DONE, TROUBLE};

/// Runs the step and returns the exit status.
pub fn run(config: &Path, root: &Path) -> u8 {
    match place(config, root) {
        Ok(status) => status,
        Err(error) => {
            let trouble = format!("{error:#}");
            for line in trouble.lines() {
                tracing::error!("{line}");
            }
            if let Err(error) = file(&Record::of_trouble(trouble)) {
                tracing::error!("{error:#}");
            }
            TROUBLE
        }
    }
}

fn place(config: &Path, root: &Path) -> Result<u8> {
    let config = Config::load(config)?;
    require_for_placing()?;
    let shown = escape(root.as_os_str().as_encoded_bytes());
    let mut sys = LinuxSys::below(root)
        .with_context(|| format!("cannot use {shown} as the root: it must be a directory"))?;
    let _lock = Lock::take(Path::new(RUN_DIR))
        .with_context(|| format!("cannot take the lock {RUN_DIR}/lock"))?;
    let mounts = mounts_under(root).unwrap_or_else(|error| {
        tracing::warn!("cannot record the mounts: {error:#}");
        Vec::new()
    });
    let bad = check_stores(&sys, &config);
    let plans = plan(&observe(&sys, &config, &bad));
    let outcomes = apply(&mut sys, &plans);
    file(&Record::new(&config.digest, mounts, &plans, &outcomes))?;
    let missing = tell(&bad, &plans, &outcomes);
    Ok(match (bad.is_empty(), missing) {
        (false, _) => TROUBLE,
        (true, 0) => FINE,
        (true, _) => NOT_DONE,
    })
}

fn file(record: &Record) -> Result<()> {
    let text = serde_json::to_string_pretty(record).context("cannot write the record")?;
    write(Path::new(RUN_DIR), FILE, &text)
        .with_context(|| format!("cannot write {RUN_DIR}/{FILE}"))?;
    Ok(())
}

fn mounts_under(root: &Path) -> Result<Vec<String>> {
    let real = std::fs::canonicalize(root).context("cannot find the root's real path")?;
    let real = HostPath::new(real.as_os_str().as_encoded_bytes())?;
    let table = MountTable::read().context("cannot read the mount table")?;
    Ok(mounts_below(&real, &table))
}

/// Says what is wrong with the stores, once each, and which entries are not in place for a reason of
/// their own. Returns how many are not in place.
fn tell(bad: &[BadStore], plans: &[EntryPlan], outcomes: &[Outcome]) -> usize {
    for store in bad {
        tracing::error!("{}", store.problem);
    }
    let mut missing = 0;
    for (plan, outcome) in plans.iter().zip(outcomes) {
        let target = &plan.entry.target;
        missing += usize::from(!outcome.is_in_place());
        let in_bad_store = bad.iter().any(|bad| plan.source.starts_with(&bad.store));
        match outcome {
            Outcome::Refused(why) if !in_bad_store => {
                tracing::error!("{target} is not in place: {why}");
            }
            Outcome::Failed(error) => tracing::error!("{target} is not in place: {error}"),
            Outcome::Refused(_) | Outcome::Unchanged | Outcome::Done => {}
        }
    }
    tracing::info!("{} of {} entries are in place", plans.len() - missing, plans.len());
    missing
}
