//! `persist`: puts the declared paths in place below a root, before the real init starts.

use std::path::Path;

use anyhow::Result;
use blankslate::config::Config;
use blankslate::persist::session::{Session, record_trouble};
use blankslate::persist::tell::{Weight, count_bad, sentences, summary};
use blankslate::sys::accounts::of_stores;
use blankslate::sys::privilege::{Need, drop_others, require};
use blankslate::sys::record::RUN_DIR;

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
            if let Err(error) = record_trouble(Path::new(RUN_DIR), trouble) {
                tracing::error!("{error}");
            }
            TROUBLE
        }
    }
}

fn place(config: &Path, root: &Path) -> Result<u8> {
    let config = Config::load(config)?;
    require(Need::Place)?;
    if let Err(error) = drop_others(Need::Place) {
        tracing::warn!("{error}");
    }
    let mut session = Session::work(root, Path::new(RUN_DIR), &config)?;
    let accounts = of_stores(&session.sys, &config);
    let turns = session.place_all(&accounts, &|_| {})?;
    for (weight, sentence) in sentences(&session.bad, &turns) {
        match weight {
            Weight::Error => tracing::error!("{sentence}"),
            Weight::Warning => tracing::warn!("{sentence}"),
            Weight::News => tracing::info!("{sentence}"),
            // Dozens of entries are placed in every boot.
            Weight::Detail => tracing::debug!("{sentence}"),
        }
    }
    tracing::info!("{}", summary(&turns));
    Ok(match (session.bad.is_empty(), count_bad(&turns)) {
        (false, _) => TROUBLE,
        (true, 0) => FINE,
        (true, _) => NOT_DONE,
    })
}
