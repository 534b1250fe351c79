//! The report as text for people. Pure: values in, text into any writer.
//!
//! What hurts most comes first, in groups by owner; so the lines are held back until the end. Where
//! every path is a line they are written as they come.

mod declared;
mod ending;
mod gaps;
mod page;

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::groups::{Group, Order, groups};
use super::keep;
use super::open::Opened;
use super::report::{Summary, Writer};
use super::view::{Class, Line};
use super::{ChangeKind, Placement, Remark, Verdict, words};
use crate::config::{AcceptRule, DEFAULT_FILE};
use crate::presets::Rank;
use gaps::Unread;
use page::{Look, Page};

/// What a text report has to know beside the changes.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The root, escaped; with where in it the report starts.
    pub root: String,
    /// What it is compared with, in words.
    pub blank: String,
    /// The configuration, escaped; nothing when there is none.
    pub config: Option<String>,
    /// Whether the configuration declares the root.
    pub declared: Declared,
    /// The rules of `[[report.accept]]`.
    pub accept: Vec<AcceptRule>,
    /// The entries that are not in place.
    pub missing: Vec<Placement>,
    /// Now, in seconds since 1970.
    pub now: i64,
    /// The width of the terminal; nothing when it is none.
    pub width: Option<usize>,
    /// Whether there are colours.
    pub is_coloured: bool,
    /// Every path is a line, in the order of the scan.
    pub is_every: bool,
    /// What is shown.
    pub classes: BTreeSet<Class>,
    /// Whether what lies deep is summed up.
    pub has_depth: bool,
    /// The order of the lines.
    pub order: Order,
    /// As what entries are offered.
    pub language: keep::Language,
}

/// Whether a configuration declares the root that a report is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declared {
    /// It does.
    Yes,
    /// It does not: the root is taken as ephemeral all the same.
    No,
    /// It does, and something else is mounted there, which no boot erases.
    Unmounted,
}

/// Writes a report as text.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a sentence at the end")]
pub struct Text<'h, W> {
    page: Page<W>,
    setting: Setting,
    host: keep::Host<'h>,
    open: &'h Opened,
    /// What is held back until the end.
    lines: Vec<Line>,
    has_table: bool,
    has_shadowed: bool,
    has_removed: bool,
    has_missing: bool,
    /// Where something could not be read; known at the end.
    unread: Unread,
    /// How many lost lines went into others of the same directory.
    merged: u64,
}

impl<'h, W: Write> Text<'h, W> {
    /// Begins a report.
    pub fn new(out: W, setting: Setting, host: keep::Host<'h>, open: &'h Opened) -> Self {
        let page = Page::new(out, &setting);
        Self {
            page,
            setting,
            host,
            open,
            lines: Vec::new(),
            has_table: false,
            has_shadowed: false,
            has_removed: false,
            has_missing: false,
            unread: Unread::default(),
            merged: 0,
        }
    }

    /// Says what is compared with what, and what the columns are.
    fn head(&mut self) -> io::Result<()> {
        self.has_table = true;
        let Setting { root, blank, classes, .. } = &self.setting;
        let is_lost_alone = classes.len() == 1 && classes.contains(&Class::Lost);
        let text = match (is_lost_alone, self.setting.declared) {
            (true, Declared::Yes | Declared::No) => {
                format!("The next boot would erase this from {root}, compared with {blank}:")
            }
            (true, Declared::Unmounted) => {
                format!("The next boot would leave this behind on {root}, compared with {blank}:")
            }
            (false, _) => format!("The root {root}, compared with {blank}:"),
        };
        self.page.prose(&text)?;
        self.page.blank();
        self.page.columns()
    }

    /// Says how sure it is that there is a next boot that erases anything.
    fn whole(&mut self) -> io::Result<()> {
        let text = match &self.setting.config {
            None => format!(
                "There is no configuration ({DEFAULT_FILE}), so the whole root is taken as ephemeral: \
                 this is what an erased root would cost this host today."
            ),
            Some(config) if self.setting.declared == Declared::No => format!(
                "The configuration {config} declares no root at /; it is taken as ephemeral all the \
                 same."
            ),
            Some(_) => return Ok(()),
        };
        self.page.prose(&text)?;
        self.page.blank();
        Ok(())
    }

    fn begin(&mut self) -> io::Result<()> {
        if self.has_table {
            return Ok(());
        }
        self.whole()?;
        self.head()
    }

    fn row(&mut self, line: &Line) -> io::Result<()> {
        let is_mixed = self.setting.is_every && self.setting.classes.len() > 1;
        let front = if is_mixed { words::verdict(&line.judged.verdict) } else { "" };
        self.page.row(line, front, self.open, self.unread.is_in(line))
    }

    fn group(&mut self, group: &Group) -> io::Result<()> {
        let look = match group.rank {
            Some(Rank::Keys) => Look::Alarming,
            Some(Rank::State) => Look::Strong,
            Some(Rank::Logs | Rank::Cache) | None => Look::Calm,
        };
        if !group.heading.is_empty() {
            self.page.blank();
            self.page.wrapped(&group.heading, look)?;
        }
        group.lines.iter().try_for_each(|line| self.row(line))
    }
}

impl<W: Write> Writer for Text<'_, W> {
    type Error = io::Error;

    fn line(&mut self, line: Line) -> io::Result<()> {
        let verdict = &line.judged.verdict;
        self.has_shadowed |= *verdict == Verdict::Lost(Remark::Shadowed);
        self.has_missing |=
            matches!(verdict, Verdict::Lost(Remark::NotInPlace(_) | Remark::NoSource(_)));
        self.has_removed |= line.judged.change.kind == ChangeKind::Removed;
        if self.setting.is_every {
            self.begin()?;
            return self.row(&line);
        }
        self.lines.push(line);
        Ok(())
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        let lines = std::mem::take(&mut self.lines);
        self.unread = Unread::new(&summary.gaps);
        let count = lost(&lines);
        if !lines.is_empty() {
            self.begin()?;
        } else if !self.has_table {
            self.whole()?;
        }
        let groups =
            groups(lines, self.setting.order, Some(self.host.presets), &self.setting.accept);
        let shown: u64 = groups.iter().map(|group| lost(&group.lines)).sum();
        self.merged = count.saturating_sub(shown);
        groups.iter().try_for_each(|group| self.group(group))?;
        self.ending(summary, &groups)?;
        self.page.out.flush()
    }
}

/// How many of the lines tell of lost paths.
fn lost(lines: &[Line]) -> u64 {
    let is_lost = |line: &&Line| Class::of(&line.judged.verdict) == Class::Lost;
    u64::try_from(lines.iter().filter(is_lost).count()).unwrap_or(u64::MAX)
}
