//! `blankslate`: the commands for admins.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use clap::{Parser, Subcommand};

use super::args::{Format, WhatWillILose};
use super::exit::{ExitStatus, complain, look_only};
use super::explain::{self, Explain};
use super::place::{self, Paths, Place, Printed};
use super::plan;
use super::status;
use super::typed::shown;
use super::what_will_i_lose;
use crate::config::{Config, ConfigError, DEFAULT_FILE};
use crate::persist::rewriters::warnings;

/// The program's name, before every sentence on standard error.
pub const NAME: &str = "blankslate";

/// A NixOS root that is blank at every boot
#[derive(Debug, Parser)]
#[command(name = NAME, version, max_term_width = 80, after_help = MANUAL)]
pub struct Blankslate {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say what would be lost at the next boot; the same as `what-will-i-lose`
    Diff(Box<WhatWillILose>),
    /// Tell what `apply` would do
    #[command(after_help = "\
Exit status:
  0  nothing is to be done
  1  something would be done, or would not be touched
  2  trouble: it cannot be told")]
    Plan(Printed),
    /// Put every declared path in place on the running host
    ///
    /// Data that lies at a path is copied into the store first, so that nothing is hidden. What is in
    /// place and not declared any more is taken out of place; the store is not touched. Nothing is
    /// ever removed or overwritten.
    #[command(after_help = EXIT_OF_PLACING)]
    Apply(Place),
    /// Copy what lies at some declared paths into the store, and put them in place
    #[command(after_help = EXIT_OF_PLACING)]
    Adopt(Paths),
    /// Take paths that are not declared any more out of the store again
    ///
    /// The data is copied back to where it was; the store keeps its copy.
    #[command(after_help = EXIT_OF_PLACING)]
    Forget(Paths),
    /// Tell what the initrd did in this boot, and how everything declared is now
    #[command(after_help = "\
Exit status:
  0  all is as it should be
  1  something is off: a root was not rolled back although it should have been,
     an entry is not in place, hides data or is not declared any more, a store
     holds what an old root had beside what it keeps, or could not be searched
  2  trouble: an entry could not be looked at, or nothing can be told

Run it as root: only then is everything seen, also what a mount hides.")]
    Status(Status),
    /// Tell what becomes of a path and why, and the lines that keep it
    #[command(after_help = "\
Exit status:
  0  it is kept, or needs no keeping
  1  the next boot erases it, or it is declared and not in place yet
  2  trouble: it cannot be told")]
    Explain(Explain),
    /// Validate a configuration
    #[command(after_help = "\
Exit status:
  0  it is good
  2  it cannot be read, or has faults; each is on a line of its own, with its
     cure")]
    Check(Check),
}

/// Tells what the initrd did in this boot, and how everything declared is now.
#[derive(Debug, clap::Args)]
pub struct Status {
    /// List everything in the stores that is not declared, not only the largest
    #[arg(long)]
    pub strays: bool,
    /// The tree that is treated as /
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE)]
    pub config: PathBuf,
    /// How to print it
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Validates a configuration.
#[derive(Debug, clap::Args)]
pub struct Check {
    /// The configuration
    #[arg(value_name = "FILE", default_value = DEFAULT_FILE)]
    pub file: PathBuf,
}

const MANUAL: &str = "\
Exit status of every command:
  0  all is as it should be
  1  something is not, or would be lost
  2  trouble: bad arguments or configuration, a step that failed, or it cannot
     be told

Each command has a page in the manual, e.g. blankslate-apply(1). The
configuration is described in blankslate.toml(5).";

const EXIT_OF_PLACING: &str = "\
Exit status:
  0  all is as declared
  1  something was not touched, or is in use; the reason is on standard error
  2  trouble: a bad configuration, a store that is not there, a step that failed";

/// Carries out one command.
///
/// # Errors
/// A sentence on why it could not be carried out.
pub fn run(args: &Blankslate) -> Result<ExitStatus> {
    match &args.command {
        Command::Apply(_) | Command::Adopt(_) | Command::Forget(_) | Command::Diff(_) => {}
        Command::Plan(_) | Command::Status(_) | Command::Explain(_) | Command::Check(_) => {
            look_only(NAME);
        }
    }
    match &args.command {
        Command::Diff(args) => what_will_i_lose::run(args),
        Command::Plan(args) => plan::run(args),
        Command::Apply(args) => place::apply(args),
        Command::Adopt(args) => place::adopt(args),
        Command::Forget(args) => place::forget(args),
        Command::Status(args) => status::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Check(args) => {
            let config = Config::load(&args.file).map_err(|error| unchecked(error, &args.file))?;
            crate::loss::view::refuse_everything(&config.accept, &shown(&args.file))?;
            for warning in warnings(&config) {
                complain(NAME, &warning);
            }
            Ok(ExitStatus::Clean)
        }
    }
}

/// Here the file is no option, and whoever names one wants no other.
fn unchecked(error: ConfigError, file: &Path) -> anyhow::Error {
    let ConfigError::Unreadable { file: shown, cause } = error else { return error.into() };
    let is_missing = cause.kind() == io::ErrorKind::NotFound && file == Path::new(DEFAULT_FILE);
    let cure = if is_missing { "; name one that is there: `blankslate check FILE`" } else { "" };
    anyhow!("cannot read the configuration {shown}: {cause}{cure}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_sound_and_every_help_fits_a_terminal() {
        let command = Blankslate::command();
        command.clone().debug_assert();
        for name in ["", "diff", "plan", "apply", "adopt", "forget", "status", "explain", "check"] {
            let one = command.find_subcommand(name).cloned();
            let mut one = one.unwrap_or_else(|| command.clone()).term_width(80);
            let help = one.render_long_help().to_string();
            assert!(help.lines().all(|line| line.len() <= 80), "{help}");
        }
    }
}
