//! The arguments of the programs.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use super::amounts::levels;
pub use super::amounts::{Size, When};

/// Says what would be lost at the next boot.
///
/// Compares the root with its blank, the state to which it goes back at boot, and says of every
/// difference whether it is kept, made again, accepted to be lost, or lost.
#[derive(Debug, Clone, Parser)]
#[command(name = "what-will-i-lose", version, max_term_width = 80, after_help = EXIT)]
pub struct WhatWillILose {
    /// Look only at this path and what lies below it, as the host sees it
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,

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
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Report::Text)]
    pub format: Report,

    /// List every path in the order of the scan, also where a directory that is lost whole could be
    /// one line
    #[arg(long)]
    pub every: bool,

    /// Which lines are shown [default: lost; with --format json: all]
    #[arg(long, value_name = "WHICH", value_enum, value_delimiter = ',')]
    pub verdict: Vec<Shown>,

    /// Show only lines of at least this size: bytes, or 1K, 10M, 1G
    #[arg(long, value_name = "SIZE")]
    pub min_size: Option<Size>,

    /// Show only lines with something written since then: 2h, 3d or 1w ago, a date in UTC, or boot;
    /// "ago" need not be written
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    pub newer_than: Option<When>,

    /// Sum up what lies more than N levels below the start
    #[arg(long, value_name = "N", value_parser = levels, conflicts_with = "every")]
    pub depth: Option<usize>,

    /// The order of the lines; only `rank` has them in groups
    #[arg(long, value_name = "KEY", value_enum, default_value_t, conflicts_with = "every")]
    pub sort: Sort,

    /// Write only the lost paths, each as its exact bytes with a NUL behind it
    #[arg(long, conflicts_with_all = ["format", "depth", "sort", "open"])]
    pub print0: bool,

    /// Mark lines below which a process holds files open for writing
    #[arg(long)]
    pub open: bool,
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Report {
    /// For people
    Text,
    /// For programs: one object, version 1
    Json,
    /// Every path, for `ncdu -f`
    Ncdu,
    /// What keeps everything that is lost, for the configuration of NixOS
    Nix,
    /// The same for the configuration file
    Toml,
}

/// Which lines are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shown {
    /// What is gone after the next boot
    Lost,
    /// What is there again
    Kept,
    /// What is gone, and a rule accepts that
    Accepted,
    /// What is gone and made again
    Recreated,
    /// Only what could not be read, which is told in every report
    Gap,
    /// All of these
    All,
}

/// In which order the lines are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Sort {
    /// By owner, what hurts most first
    #[default]
    Rank,
    /// The largest first
    Size,
    /// The newest first
    Age,
    /// Those with the most files first
    Files,
    /// As the scan finds them
    Path,
}

/// How another command prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs: one object, version 1
    Json,
}

impl WhatWillILose {
    /// Says which options do not go together, where that hangs on a value.
    ///
    /// # Errors
    /// A sentence with the cure.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.print0 && !self.wants_lost() {
            return Err("only lost paths are written; drop --verdict, or --print0");
        }
        match self.format {
            Report::Text => Ok(()),
            Report::Json => self.check_unsorted(),
            Report::Ncdu => {
                self.check_unsorted()?;
                self.check_not_summed()?;
                if self.open {
                    return Err("--open marks lines of text and JSON; drop it, or --format");
                }
                Ok(())
            }
            // The command that made a text goes on with these; what only dresses lines is no matter.
            Report::Nix | Report::Toml => {
                self.check_not_summed()?;
                if self.every {
                    return Err("--every would declare each file; drop it, or --format");
                }
                if !self.wants_lost() {
                    return Err("only what is lost can be declared; drop --verdict, or --format");
                }
                Ok(())
            }
        }
    }

    fn check_unsorted(&self) -> Result<(), &'static str> {
        match self.sort {
            Sort::Rank => Ok(()),
            _ => Err("--sort orders the lines of the text; drop it, or --format"),
        }
    }

    fn check_not_summed(&self) -> Result<(), &'static str> {
        match self.depth {
            None => Ok(()),
            Some(_) => {
                Err("--depth sums paths up that this format has to name; drop one of the two")
            }
        }
    }

    /// Whether lines of what is lost are among those that are asked for.
    fn wants_lost(&self) -> bool {
        let is_lost = |shown: &Shown| matches!(shown, Shown::Lost | Shown::All);
        self.verdict.is_empty() || self.verdict.iter().any(is_lost)
    }
}

const EXIT: &str = "\
Exit status:
  0  nothing would be lost
  1  something would
  2  trouble: it cannot be told, or not wholly

The status is about everything below the start, also what no line shows.

Run it as root: only then is everything seen, also what a mount hides.

See what-will-i-lose(1) for examples.";

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

    #[test]
    fn options_that_exclude_each_other_are_refused() {
        let table: [(&[&str], bool); 21] = [
            (&[], true),
            (&["/var", "--min-size", "1K", "--newer-than", "2h"], true),
            (&["--depth", "2", "--sort", "size"], true),
            (&["--format", "json", "--depth", "2", "--every"], false),
            (&["--format", "json", "--depth", "2", "--open"], true),
            (&["--every", "--sort", "size"], false),
            (&["--print0", "--every", "--verdict", "all"], true),
            (&["--print0", "--format", "json"], false),
            (&["--print0", "--depth", "1"], false),
            (&["--format", "ncdu", "--every", "--verdict", "lost,kept"], true),
            (&["--format", "ncdu", "--depth", "1"], false),
            (&["--format", "json", "--sort", "size"], false),
            (&["--format", "toml", "--verdict", "all"], true),
            (&["--format", "toml", "--verdict", "lost,kept"], true),
            (&["--format", "toml", "--verdict", "kept"], false),
            (&["--format", "nix", "--open", "--sort", "size"], true),
            (&["--format", "nix", "--depth", "1"], false),
            (&["--format", "nix", "--every"], false),
            (&["--format", "ncdu", "--open"], false),
            (&["--print0", "--verdict", "kept"], false),
            (&["--print0", "--verdict", "gap"], false),
        ];
        for (args, good) in table {
            let parsed = WhatWillILose::try_parse_from([&["x"], args].concat());
            let is_good = parsed.is_ok_and(|args| args.check().is_ok());
            assert_eq!(is_good, good, "{args:?}");
        }
    }
}
