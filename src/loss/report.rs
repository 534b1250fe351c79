//! Takes judged changes one by one, counts them, folds them into lines and hands those to a writer.

use super::{Change, ChangeKind, Fold, Gap, Judged, Rules, Sink, Sum, Verdict, classify};

/// How a report is written down: as text or as JSON.
pub trait Writer {
    /// What can go wrong while writing.
    type Error;

    /// Writes one line.
    ///
    /// # Errors
    /// It could not be written.
    fn line(&mut self, line: &Judged) -> Result<(), Self::Error>;

    /// Writes the end: the numbers, and what could not be read.
    ///
    /// # Errors
    /// It could not be written.
    fn end(&mut self, summary: &Summary) -> Result<(), Self::Error>;
}

/// A report while it is made.
#[derive(Debug)]
pub struct Report<'r, W> {
    rules: &'r Rules,
    fold: Fold,
    writer: W,
    summary: Summary,
}

/// What a report comes to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// The numbers.
    pub totals: Totals,
    /// How many lines tell of lost paths.
    pub lost_lines: u64,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

/// The numbers of a report. They are the same, folded or not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Totals {
    /// What is there again after the next boot.
    pub kept: Tally,
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
    /// Paths of which only owner, group or mode has changed.
    pub metadata: u64,
}

impl Tally {
    fn add(&mut self, change: &Change) {
        let Sum { files, directories, bytes, .. } = change.sum();
        match change.kind {
            ChangeKind::Removed => self.removed += files + directories,
            ChangeKind::Metadata => self.metadata += files + directories,
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

/// Takes one judged change into the report.
///
/// # Errors
/// Those of the writer.
pub fn report<W: Writer>(judged: Judged, report: &mut Report<'_, W>) -> Result<(), W::Error> {
    report.summary.totals.add(&judged);
    let lines = report.fold.push(judged);
    report.write(&lines)
}

impl<'r, W: Writer> Report<'r, W> {
    /// Begins a report; `every` path is a line of its own, or a directory that is all of one verdict
    /// is one.
    pub fn new(rules: &'r Rules, every: bool, writer: W) -> Self {
        Self { rules, fold: Fold::new(every), writer, summary: Summary::default() }
    }

    /// Ends the report, and returns what it comes to.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(mut self) -> Result<Summary, W::Error> {
        let lines = self.fold.finish();
        self.write(&lines)?;
        self.writer.end(&self.summary)?;
        Ok(self.summary)
    }

    fn write(&mut self, lines: &[Judged]) -> Result<(), W::Error> {
        for line in lines {
            if matches!(line.verdict, Verdict::Lost(_)) {
                self.summary.lost_lines += 1;
            }
            self.writer.line(line)?;
        }
        Ok(())
    }
}

impl<W: Writer> Sink for Report<'_, W> {
    type Error = W::Error;

    fn change(&mut self, change: Change) -> Result<(), W::Error> {
        let judged = classify(change, self.rules);
        report(judged, self)
    }

    fn gap(&mut self, gap: Gap) -> Result<(), W::Error> {
        self.summary.gaps.push(gap);
        Ok(())
    }
}
