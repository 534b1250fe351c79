//! The arguments of the programs.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Says what would be lost at the next boot.
///
/// Compares the root with its blank, the state to which it goes back at boot, and says of every
/// difference whether it is kept, accepted to be lost, or lost.
#[derive(Debug, Clone, Parser)]
#[command(name = "what-will-i-lose", version, max_term_width = 80, after_help = EXIT)]
pub struct WhatWillILose {
    /// The tree that is treated as /
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,

    /// Compare with this directory instead of the snapshot that the configuration declares
    #[arg(long, value_name = "DIR")]
    pub blank: Option<PathBuf>,

    /// The configuration [default: /etc/blankslate/config.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// How the report is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// List every path, also where a directory that is lost whole could be one line
    #[arg(long)]
    pub every: bool,
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs: one object, version 1
    Json,
}

const EXIT: &str = "\
Exit status: 0 nothing would be lost, 1 something would, 2 trouble: it cannot
be told, or not wholly.

Run it as root: only then is everything seen, also what a mount hides.";

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_hold_together() {
        WhatWillILose::command().debug_assert();
    }

    #[test]
    fn help_fits_80_columns() {
        for help in [
            WhatWillILose::command().render_help().to_string(),
            WhatWillILose::command().render_long_help().to_string(),
        ] {
            let long: Vec<&str> = help.lines().filter(|line| line.chars().count() > 80).collect();
            assert_eq!(long, Vec::<&str>::new());
        }
    }
}
