//! Takes judged changes one by one, counts them, folds them into lines and hands those to a writer.

use std::collections::{BTreeMap, BTreeSet};

use super::depth::Depth;
use super::view::{Class, Line, View, Ways};
use super::{
    Change, ChangeKind, Fold, Gap, Judge, Judged, Keeper, Remark, Rules, Sink, Sum, Verdict,
};
use crate::path::HostPath;

/// How a report is written down: as text, as JSON, as paths.
pub trait Writer {
    /// What can go wrong while writing.
    type Error;

    /// Writes one line.
    ///
    /// # Errors
    /// It could not be written.
    fn line(&mut self, line: Line) -> Result<(), Self::Error>;

    /// Writes the end: the numbers, and what could not be read.
    ///
    /// # Errors
    /// It could not be written.
    fn end(&mut self, summary: &Summary) -> Result<(), Self::Error>;
}

/// A report while it is made.
#[derive(Debug)]
pub struct Report<'r, W> {
    judge: Judge<'r>,
    /// Nothing where every path is a line.
    fold: Option<Fold<'r>>,
    ways: Option<Ways>,
    depth: Option<Depth>,
    view: View,
    writer: W,
    summary: Summary,
    folded: Vec<Judged>,
}

/// What a report comes to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// The numbers.
    pub totals: Totals,
    /// How many lines tell of lost paths, shown or not.
    pub lost_lines: u64,
    /// How many directories are lost only as the way to these, where they are no lines themselves.
    pub ways: u64,
    /// What the view does not show.
    pub hidden: Hidden,
    /// What could not be read.
    pub gaps: Vec<Gap>,
    /// What the next boot copies into a store, by the targets of the entries.
    pub adopted: BTreeMap<HostPath, Sum>,
    /// The targets of entries that are not in place and at which something is lost.
    pub not_in_place: BTreeSet<HostPath>,
}

/// Lines that are lost or asked for, and not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hidden {
    /// How many.
    pub lines: u64,
    /// Bytes in those that are lost.
    pub lost_bytes: u64,
}

/// The numbers of a report. They are the same, folded or not, whatever is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Totals {
    /// What is there again after the next boot.
    pub kept: Tally,
    /// What is gone and made again.
    pub recreated: Tally,
    /// What is gone and accepted to be.
    pub accepted: Tally,
    /// What is gone.
    pub lost: Tally,
    /// What each rule accepts, in the order of the rules; those at the end that accept nothing may be
    /// missing.
    pub rules: Vec<Tally>,
}

/// Changes of one verdict, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Everything that is no directory, with content that is not in the blank.
    pub files: u64,
    /// Directories that are not in the blank.
    pub directories: u64,
    /// Bytes of content in those files.
    pub bytes: u64,
    /// Paths that were removed; a rollback brings them back.
    pub removed: u64,
    /// Paths of which only owner, mode or attributes have changed.
    pub metadata: u64,
}

impl Tally {
    fn add(&mut self, change: &Change) {
        let Sum { files, directories, bytes, .. } = change.sum();
        match change.kind {
            ChangeKind::Removed => self.removed += files + directories,
            ChangeKind::Metadata(_) => self.metadata += files + directories,
            ChangeKind::Added | ChangeKind::Modified | ChangeKind::TypeChanged => {
                self.files += files;
                self.directories += directories;
                self.bytes = self.bytes.saturating_add(bytes);
            }
        }
    }

    /// How many paths it counts.
    #[must_use]
    pub fn paths(&self) -> u64 {
        self.files + self.directories + self.removed + self.metadata
    }
}

impl Totals {
    /// Counts one change, with all that is summed up in it.
    pub fn add(&mut self, judged: &Judged) {
        match judged.verdict {
            Verdict::Kept(_) => self.kept.add(&judged.change),
            Verdict::Recreated(_) => self.recreated.add(&judged.change),
            Verdict::Lost(_) => self.lost.add(&judged.change),
            Verdict::Accepted(rule) => {
                self.accepted.add(&judged.change);
                if self.rules.len() <= rule {
                    self.rules.resize(rule + 1, Tally::default());
                }
                if let Some(tally) = self.rules.get_mut(rule) {
                    tally.add(&judged.change);
                }
            }
        }
    }
}

impl Summary {
    /// Whether nothing would be lost, as far as that was seen.
    #[must_use]
    pub fn loses_nothing(&self) -> bool {
        self.totals.lost.paths() == 0
    }

    fn add(&mut self, judged: &Judged) {
        self.totals.add(judged);
        match &judged.verdict {
            Verdict::Kept(Keeper::Adopted(target)) => {
                if !self.adopted.contains_key(target) {
                    self.adopted.insert(target.clone(), Sum::default());
                }
                if let Some(sum) = self.adopted.get_mut(target) {
                    sum.add(&judged.change.sum());
                }
            }
            Verdict::Lost(Remark::NotInPlace(target) | Remark::NoSource(target)) => {
                if !self.not_in_place.contains(target) {
                    self.not_in_place.insert(target.clone());
                }
            }
            Verdict::Kept(_)
            | Verdict::Recreated(_)
            | Verdict::Accepted(_)
            | Verdict::Lost(Remark::None | Remark::MountPoint | Remark::Shadowed) => {}
        }
    }
}

/// Takes one judged change into the report.
///
/// # Errors
/// Those of the writer.
pub fn report<W: Writer>(judged: Judged, report: &mut Report<'_, W>) -> Result<(), W::Error> {
    report.summary.add(&judged);
    let Some(fold) = &mut report.fold else {
        return report.show(Line { judged, is_part: false });
    };
    let mut lines = std::mem::take(&mut report.folded);
    fold.push(judged, &mut lines);
    report.pass(lines)
}

impl<'r, W: Writer> Report<'r, W> {
    /// Begins a report, of which `view` is shown.
    pub fn new(rules: &'r Rules, view: View, writer: W) -> Self {
        let fold = (!view.every).then(|| Fold::new(rules));
        let ways = (!view.every && !view.with_ways).then(Ways::default);
        let sums = view.depth.is_some() || view.gathers;
        let depth = sums.then(|| Depth::new(&view.start, view.depth));
        let (judge, summary) = (Judge::new(rules), Summary::default());
        Self { judge, fold, ways, depth, view, writer, summary, folded: Vec::new() }
    }

    /// Ends the report, and returns what it comes to.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(mut self) -> Result<Summary, W::Error> {
        let mut lines = std::mem::take(&mut self.folded);
        if let Some(fold) = &mut self.fold {
            fold.finish(&mut lines);
        }
        self.pass(lines)?;
        let mut lines = Vec::new();
        if let Some(ways) = &mut self.ways {
            ways.finish(&mut lines);
            self.summary.ways = ways.count;
        }
        self.sum_up(lines)?;
        if let Some(mut depth) = self.depth.take() {
            let mut lines = Vec::new();
            depth.finish(&mut lines);
            lines.into_iter().try_for_each(|line| self.show(line))?;
        }
        self.writer.end(&self.summary)?;
        Ok(self.summary)
    }

    /// Takes lines that are certain, and keeps the room they took.
    fn pass(&mut self, mut lines: Vec<Judged>) -> Result<(), W::Error> {
        match &mut self.ways {
            Some(ways) => {
                let mut passed = Vec::new();
                lines.drain(..).for_each(|line| ways.push(line, &mut passed));
                self.sum_up(passed)?;
            }
            None => lines.drain(..).try_for_each(|line| self.sum_up([line]))?,
        }
        self.folded = lines;
        Ok(())
    }

    fn sum_up(&mut self, lines: impl IntoIterator<Item = Judged>) -> Result<(), W::Error> {
        for judged in lines {
            match &mut self.depth {
                Some(depth) => {
                    let mut passed = Vec::new();
                    depth.push(judged, &mut passed);
                    passed.into_iter().try_for_each(|line| self.show(line))?;
                }
                None => self.show(Line { judged, is_part: false })?,
            }
        }
        Ok(())
    }

    fn show(&mut self, line: Line) -> Result<(), W::Error> {
        let class = Class::of(&line.judged.verdict);
        let (is_lost, is_wanted) = (class == Class::Lost, self.view.wants(class));
        self.summary.lost_lines += u64::from(is_lost);
        if is_wanted && self.view.shows(&line) {
            return self.writer.line(line);
        }
        if is_lost || is_wanted {
            let hidden = &mut self.summary.hidden;
            hidden.lines += 1;
            let bytes = if is_lost { line.judged.change.sum().bytes } else { 0 };
            hidden.lost_bytes = hidden.lost_bytes.saturating_add(bytes);
        }
        Ok(())
    }
}

impl<W: Writer> Sink for Report<'_, W> {
    type Error = W::Error;

    fn change(&mut self, change: Change) -> Result<(), W::Error> {
        let judged = self.judge.judge(change);
        report(judged, self)
    }

    fn gap(&mut self, gap: Gap) -> Result<(), W::Error> {
        self.summary.gaps.push(gap);
        Ok(())
    }
}
