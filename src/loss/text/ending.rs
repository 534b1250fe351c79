//! The end of a report for people: what could not be read, what it comes to, and what to do.

use std::io::{self, Write};

use super::Text;
use super::page::Look;
use crate::config::DEFAULT_FILE;
use crate::human;
use crate::loss::groups::Group;
use crate::loss::keep::{Block, Hand, Language, toml_version};
use crate::loss::words::{noun, tally};
use crate::loss::{Class, Summary};
use crate::path::escape;

/// The most lines to paste that may stand at the end of a report: with more, what was lost would be
/// gone from the screen.
const BLOCK: usize = 20;

/// Of more lines than this the entries are not even looked for: each is a look at the host.
const LINES: usize = 1000;

impl<W: Write> Text<'_, W> {
    /// Writes the end. `groups` is what is shown.
    pub(super) fn ending(&mut self, summary: &Summary, groups: &[Group]) -> io::Result<()> {
        self.gaps(&summary.gaps)?;
        self.page.blank();
        self.remarks(summary)?;
        self.verdict(summary)?;
        self.totals(summary)?;
        if summary.loses_nothing() {
            return Ok(());
        }
        if self.setting.is_every {
            let how = "what-will-i-lose without --every says what to do";
            return self.page.prose(&format!("To keep a path, declare it; {how}."));
        }
        self.advice(groups, summary)
    }

    fn remarks(&mut self, summary: &Summary) -> io::Result<()> {
        if self.has_shadowed {
            self.page.prose("shadowed: a mount hides it; unmount that to see it.")?;
        }
        if self.has_removed {
            self.page.prose("removed: it is in the blank, and there again after the next boot.")?;
        }
        if self.has_missing {
            self.page
                .prose("not-in-place: it is declared, but this is not what the store keeps.")?;
        }
        self.declared(summary)
    }

    /// The options that hide lines of this report.
    fn filters(&self) -> &'static str {
        if self.setting.classes.contains(&Class::Lost) {
            "--min-size or --newer-than"
        } else {
            "--verdict"
        }
    }

    fn verdict(&mut self, summary: &Summary) -> io::Result<()> {
        if self.setting.classes.is_empty() && summary.gaps.is_empty() {
            self.page.prose("Everything could be read.")?;
        }
        let incomplete = if summary.gaps.is_empty() { "" } else { " This report is incomplete." };
        if summary.loses_nothing() {
            let text = if summary.gaps.is_empty() {
                "Nothing would be lost at the next boot."
            } else {
                "Nothing was found that would be lost at the next boot, but this report is incomplete."
            };
            return self.page.wrapped(text, Look::Strong);
        }
        let lost = tally(&summary.totals.lost);
        let lines = noun(summary.lost_lines.saturating_sub(self.merged), "line", "lines")
            .unwrap_or_default();
        let text = format!("Lost at the next boot: {lost}, in {lines}.{incomplete}");
        self.page.wrapped(&text, Look::Strong)?;
        match noun(summary.ways, "directory that only leads", "directories that only lead") {
            Some(ways) => self.page.prose(&format!("Not listed: {ways} to these lines.")),
            None => Ok(()),
        }
    }

    fn totals(&mut self, summary: &Summary) -> io::Result<()> {
        if let Some(lines) = noun(summary.hidden.lines, "line is", "lines are") {
            let bytes = human::size(summary.hidden.lost_bytes);
            self.page.prose(&format!(
                "{lines} not shown, {bytes} of it lost: that is what {} asked for.",
                self.filters()
            ))?;
        }
        let totals = &summary.totals;
        for (word, counted) in [("Kept", &totals.kept), ("Made again", &totals.recreated)] {
            if counted.paths() > 0 {
                self.page.prose(&format!("{word}: {}.", tally(counted)))?;
            }
        }
        if totals.accepted.paths() > 0 {
            self.page.prose(&format!("Accepted: {}.", tally(&totals.accepted)))?;
        }
        for (rule, counted) in self.setting.accept.iter().zip(&totals.rules) {
            if counted.paths() == 0 {
                continue;
            }
            let because = rule.because.as_ref().map(|why| format!(" ({})", escape(why.as_bytes())));
            let glob = escape(rule.glob.as_bytes());
            let because = because.unwrap_or_default();
            self.page.line(&format!("  {glob}{because}: {}", tally(counted)))?;
        }
        Ok(())
    }

    fn advice(&mut self, groups: &[Group], summary: &Summary) -> io::Result<()> {
        let lines = || groups.iter().filter(|group| group.rank.is_some()).flat_map(|g| &g.lines);
        self.page.blank();
        // What --depth sums up is no entry; temporary files are, where they lie, without it too.
        let has_depth = self.setting.has_depth && lines().any(|line| line.is_part);
        if has_depth || lines().nth(LINES).is_some() {
            let without = if has_depth { " and without --depth" } else { "" };
            let how = self.again();
            let text = format!("To keep what is listed here: {how}{without} writes the entries.");
            return self.page.wrapped(&text, Look::Strong);
        }
        let mut hand = Hand::new(self.host);
        lines().for_each(|line| hand.line(line));
        let block = hand.take(&summary.gaps);
        let text = match self.setting.language {
            Language::Nix => block.nix(),
            Language::Toml => toml_version(self.host.desk.config) + &block.toml(),
        };
        if text.lines().count() > BLOCK {
            let (how, count) = (self.again(), block.items.len());
            let text = format!("To keep what is listed here: {how} writes the {count} entries.");
            self.page.wrapped(&text, Look::Strong)?;
        } else if !block.items.is_empty() {
            self.block(&text)?;
        }
        self.left_out(&block)
    }

    fn again(&self) -> &'static str {
        match self.setting.language {
            Language::Nix => "the same command with --format nix",
            Language::Toml => "the same command with --format toml",
        }
    }

    fn block(&mut self, text: &str) -> io::Result<()> {
        let place = match (self.setting.language, &self.setting.config) {
            (Language::Nix, _) => "the configuration of this host",
            (Language::Toml, Some(config)) => config.as_str(),
            (Language::Toml, None) => DEFAULT_FILE,
        };
        self.page
            .wrapped(&format!("To keep what is listed here, add to {place}:"), Look::Strong)?;
        self.page.blank();
        self.page.verbatim(text)?;
        self.page.blank();
        Ok(())
    }

    /// What the entries do not keep.
    fn left_out(&mut self, block: &Block) -> io::Result<()> {
        let (how, count) = (self.again(), |many: usize| u64::try_from(many).unwrap_or(u64::MAX));
        if let Some(caches) = noun(count(block.caches.len()), "cache is", "caches are") {
            self.page.prose(&format!("{caches} left out: {how} writes report.accept instead."))?;
        }
        if let Some(lines) = noun(count(block.cannot.len()), "line cannot", "lines cannot") {
            self.page.prose(&format!("{lines} be declared: {how} says why."))?;
        }
        Ok(())
    }
}
