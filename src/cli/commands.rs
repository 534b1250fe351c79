//! `blankslate`: the commands for admins.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

use super::args::Format;
use super::exit::ExitStatus;
use super::status;
use crate::config::{Config, DEFAULT_FILE};

/// The program's name, before every sentence on standard error.
pub const NAME: &str = "blankslate";

/// A NixOS root that is blank at every boot
#[derive(Debug, Parser)]
#[command(name = NAME, version, max_term_width = 80)]
pub struct Blankslate {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Tell what the initrd did in this boot
    #[command(after_help = "\
Exit status:
  0  all is as it should be
  1  a root was not rolled back although it should have been, or a declared
     path is not in place
  2  trouble: it cannot be told")]
    Status(Status),
    /// Validate a configuration
    #[command(after_help = "\
Exit status:
  0  it is good
  2  it has faults; each is on a line of its own, with its cure")]
    Check(Check),
}

/// Tells what the initrd did in this boot.
#[derive(Debug, clap::Args)]
pub struct Status {
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

/// Carries out one command.
///
/// # Errors
/// A sentence on why it could not be carried out.
pub fn run(args: &Blankslate) -> Result<ExitStatus> {
    match &args.command {
        Command::Status(args) => status::run(args),
        Command::Check(args) => {
            let config = Config::load(&args.file)?;
            let file = crate::path::escape(args.file.as_os_str().as_encoded_bytes());
            crate::loss::Accept::new(&config.accept, &file)?;
            Ok(ExitStatus::Clean)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_sound_and_every_help_fits_a_terminal() {
        let command = Blankslate::command();
        command.clone().debug_assert();
        for name in ["", "status", "check"] {
            let one = command.find_subcommand(name).cloned();
            let mut one = one.unwrap_or_else(|| command.clone()).term_width(80);
            let help = one.render_long_help().to_string();
            assert!(help.lines().all(|line| line.len() <= 80), "{help}");
        }
    }
}
