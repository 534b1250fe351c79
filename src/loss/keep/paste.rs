//! A report of which nothing is written but what keeps everything that is lost: `--format nix` and
//! `--format toml`.

use std::io::{self, Write};

use super::{Hand, Host};
use crate::loss::{Line, Summary, Writer};
use crate::path::escape;

/// Which configuration it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// That of NixOS.
    Nix,
    /// `config.toml`.
    Toml,
}

/// Writes entries and, as comments, what cannot be one.
#[derive(Debug)]
pub struct Paste<'h, W> {
    out: W,
    hand: Hand<'h>,
    language: Language,
}

impl<'h, W: Write> Paste<'h, W> {
    /// Begins with nothing.
    pub fn new(out: W, host: Host<'h>, language: Language) -> Self {
        Self { out, hand: Hand::new(host), language }
    }

    fn section(&mut self, comment: &str, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "{comment}{text}")
    }
}

impl<W: Write> Writer for Paste<'_, W> {
    type Error = io::Error;

    fn line(&mut self, line: Line) -> io::Result<()> {
        self.hand.line(&line);
        Ok(())
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        let block = self.hand.take();
        let (entries, accept) = match self.language {
            Language::Nix => (block.nix(), block.nix_accept()),
            Language::Toml => (block.toml(), block.toml_accept()),
        };
        self.section("", &entries)?;
        let caches = "# Caches come back by themselves, so their loss is accepted here; to keep one, declare it.\n";
        self.section(caches, &accept)?;
        self.section("# This cannot be declared:\n", &block.comments())?;
        let gap =
            |gap: &crate::loss::Gap| format!("# {}: {}\n", gap.path, escape(gap.error.as_bytes()));
        let gaps: String = summary.gaps.iter().map(gap).collect();
        self.section("# This could not be read, and more may be lost there:\n", &gaps)?;
        if summary.loses_nothing() && summary.gaps.is_empty() {
            writeln!(self.out, "# Nothing would be lost at the next boot.")?;
        }
        self.out.flush()
    }
}
