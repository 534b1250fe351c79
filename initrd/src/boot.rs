//! `boot`: saves what is declared and lies only on a root, rolls the roots back before they are
//! mounted, and writes the receipt.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use blankslate::config::Config;
use blankslate::rollback::receipt::{FILE, Receipt};
use blankslate::rollback::run;
use blankslate::sys::lock::Lock;
use blankslate::sys::machine::situation;
use blankslate::sys::privilege::{Need, drop_others, require};
use blankslate::sys::record::{Level, RUN_DIR, write};
use blankslate::sys::signals::hold_all;
use blankslate::zfs::Lzc;

use crate::adopt::adopt;
use crate::log::announce;
use crate::{FINE, NOT_DONE, TROUBLE};

/// Runs the boot step and returns the exit status.
pub fn run(config: &Path) -> u8 {
    let receipt = match Config::load(config) {
        Ok(config) => roll_back(&config),
        Err(error) => Receipt::of_trouble(None, error.to_string()),
    };
    tell(&receipt);
    if let Err(error) = file(&receipt) {
        tracing::error!("{error:#}");
        return TROUBLE;
    }
    match (receipt.is_trouble(), receipt.is_as_it_should()) {
        (true, _) => TROUBLE,
        (false, false) => NOT_DONE,
        (false, true) => FINE,
    }
}

/// Looks at the machine only once the lock is held: what another run mounted or rolled back is seen.
fn roll_back(config: &Config) -> Receipt {
    let trouble = |what: String| Receipt::of_trouble(Some(config.digest.clone()), what);
    if let Err(missing) = require(Need::RollBack) {
        return trouble(missing.to_string());
    }
    if let Err(error) = drop_others(Need::RollBack) {
        tracing::warn!("{error}");
    }
    let _lock = match Lock::take(Path::new(RUN_DIR)) {
        Ok(lock) => lock,
        Err(cause) => return trouble(format!("cannot take the lock {RUN_DIR}/lock: {cause}")),
    };
    if let Err(cause) = hold_all() {
        return trouble(format!("cannot hold back signals: {cause}"));
    }
    let situation = match situation() {
        Ok(situation) => situation,
        Err(cause) => return trouble(format!("cannot read /proc/cmdline: {cause}")),
    };
    #[expect(clippy::disallowed_methods, reason = "the clock starts here, once")]
    let start = Instant::now();
    let clock = || start.elapsed();
    run::run(config, &situation, Lzc::connect, &mut |roots| adopt(config, roots, &clock), &clock)
}

/// Says what became of every root: on stderr, and one line each in the kernel log, loud when a root is
/// not blank.
fn tell(receipt: &Receipt) {
    if let Some(trouble) = &receipt.trouble {
        for line in trouble.lines() {
            announce(Level::Error, &format!("nothing was rolled back: {line}"));
        }
    }
    for root in &receipt.roots {
        announce(root.level(), &root.sentence());
    }
}

fn file(receipt: &Receipt) -> Result<()> {
    let text = serde_json::to_string_pretty(receipt).context("cannot write the receipt")?;
    let path = write(Path::new(RUN_DIR), FILE, &text);
    path.with_context(|| format!("cannot write {RUN_DIR}/{FILE}"))?;
    Ok(())
}
