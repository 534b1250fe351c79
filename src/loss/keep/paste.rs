//! A report of which nothing is written but what keeps everything that is lost: `--format nix` and
//! `--format toml`.

use std::io::{self, Write};

use super::{Hand, Host, toml_version};
use crate::loss::words::{Gaps, noun};
use crate::loss::{Gap, Line, Summary, Writer};
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
    /// What comes first.
    head: String,
    hand: Hand<'h>,
    language: Language,
}

impl<'h, W: Write> Paste<'h, W> {
    /// Begins with nothing.
    pub fn new(out: W, host: Host<'h>, language: Language) -> Self {
        let head = match language {
            Language::Nix => String::new(),
            Language::Toml => toml_version(host.desk.config),
        };
        Self { out, head, hand: Hand::new(host), language }
    }

    fn section(&mut self, comment: &str, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "{comment}{text}")
    }

    fn gaps(&mut self, summary: &Summary) -> io::Result<()> {
        let Gaps { blank, doubts, denied, others, is_denied } = Gaps::new(&summary.gaps);
        for cause in blank {
            let cause = escape(cause.as_bytes());
            writeln!(
                self.out,
                "# The blank cannot be read, so everything counts as added: {cause}"
            )?;
        }
        for doubt in doubts {
            let doubt = escape(doubt.as_bytes());
            writeln!(self.out, "# The next boot may do something else: {doubt}")?;
        }
        let other = |gap: &&Gap| format!("# {}: {}\n", gap.path, escape(gap.error.as_bytes()));
        let denied = denied.iter().map(|path| format!("# {path}: permission denied\n"));
        let mut all: String = others.iter().map(other).chain(denied).collect();
        if is_denied {
            all.push_str("# Run this as root: then nothing is denied.\n");
        }
        self.section("# This could not be read, and more may be lost there:\n", &all)
    }
}

impl<W: Write> Writer for Paste<'_, W> {
    type Error = io::Error;

    fn line(&mut self, line: Line) -> io::Result<()> {
        self.hand.line(&line);
        Ok(())
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        let block = self.hand.take(&summary.gaps);
        let (entries, accept, offer) = match self.language {
            Language::Nix => (block.nix(), block.nix_accept(), block.nix_offer()),
            Language::Toml => (block.toml(), block.toml_accept(), block.toml_offer()),
        };
        write!(self.out, "{}", self.head)?;
        self.section("", &entries)?;
        let caches = "# Caches come back by themselves, so their loss is accepted here; to keep one, declare it.\n";
        self.section(caches, &accept)?;
        self.section("# This cannot be declared:\n", &block.comments())?;
        self.section("# These rules would accept the loss of what has no other cure:\n", &offer)?;
        self.gaps(summary)?;
        if let Some(lines) = noun(summary.hidden.lines, "line is", "lines are") {
            let why = "that is what --min-size or --newer-than asked for";
            writeln!(self.out, "# {lines} not shown: {why}.")?;
        }
        if summary.loses_nothing() && summary.gaps.is_empty() {
            writeln!(self.out, "# Nothing would be lost at the next boot.")?;
        }
        self.out.flush()
    }
}
