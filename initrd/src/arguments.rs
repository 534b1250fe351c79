//! The command line. The only caller is a unit file, so there is little of it.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;

/// What `--help` prints.
pub const USAGE: &str = "\
The boot steps of blankslate.

Usage:
  blankslate-initrd boot    [--config FILE]
  blankslate-initrd persist [--config FILE] [--root DIR]

Commands:
  boot     adopt what is declared and lies only on a root, roll every declared
           root back to its blank snapshot, before it is mounted, and write
           /run/blankslate/boot.json
  persist  put every declared path in place below DIR, before the real init
           starts, and write /run/blankslate/persist.json

Options:
  --config FILE  the configuration [default: /etc/blankslate/config.toml]
  --root DIR     the tree that is treated as / [default: /sysroot]
  -h, --help     print this
  -V, --version  print the version

Exit status:
  0  all is as it should be
  1  something was not done, and the host may boot on
  2  trouble: bad arguments or configuration, or a root with
     on-failure = \"emergency\" that was not rolled back
";

/// One run.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Print [`USAGE`].
    Help,
    /// Print the version.
    Version,
    /// Roll back.
    Boot {
        /// The configuration file.
        config: PathBuf,
    },
    /// Put entries in place.
    Persist {
        /// The configuration file.
        config: PathBuf,
        /// The tree that is treated as `/`.
        root: PathBuf,
    },
}

/// Reads the arguments, the program's name first.
///
/// # Errors
/// Says which argument is wrong.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command> {
    let mut parser = lexopt::Parser::from_iter(args);
    let (mut word, mut config, mut root) = (None, None, None);
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Command::Help),
            Short('V') | Long("version") => return Ok(Command::Version),
            Long("config") => config = Some(PathBuf::from(parser.value()?)),
            Long("root") => root = Some(PathBuf::from(parser.value()?)),
            Value(value) if word.is_none() => word = Some(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let config = config.unwrap_or_else(|| PathBuf::from(blankslate::config::DEFAULT_FILE));
    match word.context("a command is missing: boot or persist")?.as_str() {
        "boot" if root.is_some() => {
            bail!("boot takes no --root: it runs before the root is mounted")
        }
        "boot" => Ok(Command::Boot { config }),
        "persist" => {
            Ok(Command::Persist { config, root: root.unwrap_or_else(|| "/sysroot".into()) })
        }
        other => bail!("there is no command {other:?}, only boot and persist"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &str) -> Result<Command> {
        parse(std::iter::once("x").chain(line.split_whitespace()).map(OsString::from))
    }

    #[test]
    fn each_command_takes_its_options_and_has_its_defaults() {
        let config = PathBuf::from("/etc/blankslate/config.toml");
        let table = [
            ("boot", Command::Boot { config: config.clone() }),
            ("boot --config=/x", Command::Boot { config: "/x".into() }),
            ("persist", Command::Persist { config: config.clone(), root: "/sysroot".into() }),
            ("--root /mnt persist", Command::Persist { config, root: "/mnt".into() }),
            ("--help", Command::Help),
            ("boot -h", Command::Help),
            ("--version", Command::Version),
        ];
        for (line, expected) in table {
            assert_eq!(run(line).unwrap(), expected, "{line}");
        }
    }

    #[test]
    fn a_wrong_argument_is_named() {
        let table = [
            ("", "a command is missing: boot or persist"),
            ("rollback", "there is no command \"rollback\", only boot and persist"),
            ("boot --root /", "boot takes no --root: it runs before the root is mounted"),
            ("boot now", "unexpected argument \"now\""),
            ("boot --confg x", "invalid option '--confg'"),
            ("boot --config", "missing argument for option '--config'"),
        ];
        for (line, expected) in table {
            assert_eq!(run(line).unwrap_err().to_string(), expected, "{line}");
        }
    }

    #[test]
    fn the_help_fits_a_terminal() {
        assert!(USAGE.lines().all(|line| line.len() <= 80));
    }
}
