//! `persist`: puts the declared paths in place below a root, before the real init starts.

use std::path::Path;

use anyhow::{Context, Result};
use blankslate::config::Config;
use blankslate::path::{HostPath, escape};
use blankslate::persist::apply::{Outcome, apply};
use blankslate::persist::observe::{check_stores, observe};
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
        Ok(0) => FINE,
        Ok(_) => NOT_DONE,
        Err(error) => {
            for line in format!("{error:#}").lines() {
                tracing::error!("{line}");
            }
            TROUBLE
        }
    }
}

/// Returns how many entries are not in place.
fn place(config: &Path, root: &Path) -> Result<usize> {
    let config = Config::load(config)?;
    require_for_placing()?;
    let shown = escape(root.as_os_str().as_encoded_bytes());
    let mut sys = LinuxSys::below(root)
        .with_context(|| format!("cannot use {shown} as the root: it must be a directory"))?;
    let _lock = Lock::take(Path::new(RUN_DIR))
        .with_context(|| format!("cannot take the lock {RUN_DIR}/lock"))?;
    check_stores(&sys, &config)?;
    let mounts = mounts_under(root)?;
    let plans = plan(&observe(&sys, &config)?);
    let outcomes = apply(&mut sys, &plans);
    let missing = tell(&plans, &outcomes);
    let record = Record::new(&config.digest, mounts, &plans, &outcomes);
    let text = serde_json::to_string_pretty(&record).context("cannot write the record")?;
    write(Path::new(RUN_DIR), FILE, &text)
        .with_context(|| format!("cannot write {RUN_DIR}/{FILE}"))?;
    Ok(missing)
}

fn mounts_under(root: &Path) -> Result<Vec<String>> {
    let real = std::fs::canonicalize(root).context("cannot find the root's real path")?;
    let real = HostPath::new(real.as_os_str().as_encoded_bytes())?;
    let table = MountTable::read().context("cannot read the mount table")?;
    Ok(mounts_below(&real, &table))
}

fn tell(plans: &[EntryPlan], outcomes: &[Outcome]) -> usize {
    let mut missing = 0;
    for (plan, outcome) in plans.iter().zip(outcomes) {
        let target = &plan.entry.target;
        match outcome {
            Outcome::Unchanged | Outcome::Done => continue,
            Outcome::Refused(why) => tracing::error!("{target} is not in place: {why}"),
            Outcome::Failed(error) => tracing::error!("{target} is not in place: {error}"),
        }
        missing += 1;
    }
    tracing::info!("{} of {} entries are in place", plans.len() - missing, plans.len());
    missing
}
