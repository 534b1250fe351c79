//! Makes one line of a directory that comes to the same as all that is in it. Pure: judged changes in,
//! the lines that are certain out.
//!
//! Only what may still have to be listed is held back: for each directory that is open and may yet be
//! told as a whole, the lines of what is in it, and of these a directory that is told as a whole is one.

use super::{ChangeKind, Judged, Keeper, Remark, Sum, Verdict};

/// What is held back.
#[derive(Debug, Default)]
pub struct Fold {
    every: bool,
    open: Vec<Open>,
}

/// A directory that may become one line.
#[derive(Debug)]
struct Open {
    itself: Judged,
    below: Sum,
    lines: Vec<Judged>,
}

/// What two changes must have in common to be told in one line.
#[derive(PartialEq, Eq)]
enum Fate<'j> {
    Accepted(usize),
    Lost,
    Shadowed,
    NotInPlace(&'j crate::path::HostPath),
    Adopted(&'j crate::path::HostPath),
}

impl Fold {
    /// Folds nothing if `every` path is wanted.
    #[must_use]
    pub fn new(every: bool) -> Self {
        Self { every, open: Vec::new() }
    }

    /// Takes the next change, in the order of the scan; returns the lines that are certain now.
    pub fn push(&mut self, judged: Judged) -> Vec<Judged> {
        let mut lines = Vec::new();
        if self.every {
            lines.push(judged);
            return lines;
        }
        while self.open.last().is_some_and(|open| !open.holds(&judged)) {
            self.close(&mut lines);
        }
        if self.open.last().is_some_and(|open| !open.can_stand_for(&judged)) {
            self.unfold(&mut lines);
        }
        if judged.change.below.is_none()
            && judged.change.is_new_directory()
            && fate(&judged).is_some()
        {
            self.open.push(Open { itself: judged, below: Sum::default(), lines: Vec::new() });
        } else {
            self.pass(judged, &mut lines);
        }
        lines
    }

    /// Returns what is still held back, after the last change.
    pub fn finish(&mut self) -> Vec<Judged> {
        let mut lines = Vec::new();
        while !self.open.is_empty() {
            self.close(&mut lines);
        }
        lines
    }

    /// The innermost directory is complete, and one line.
    fn close(&mut self, lines: &mut Vec<Judged>) {
        let Some(Open { mut itself, below, .. }) = self.open.pop() else { return };
        itself.change.below = Some(below);
        self.pass(itself, lines);
    }

    /// A line goes to the directory around it, or out.
    fn pass(&mut self, line: Judged, lines: &mut Vec<Judged>) {
        match self.open.last_mut() {
            Some(open) => {
                open.below.add(&line.change.sum());
                open.lines.push(line);
            }
            None => lines.push(line),
        }
    }

    /// Something inside has another fate: no open directory can stand for all that is in it.
    fn unfold(&mut self, lines: &mut Vec<Judged>) {
        for open in self.open.drain(..) {
            lines.push(open.itself);
            lines.extend(open.lines);
        }
    }
}

impl Open {
    fn holds(&self, judged: &Judged) -> bool {
        judged.change.path.is_below(&self.itself.change.path)
    }

    fn can_stand_for(&self, judged: &Judged) -> bool {
        let is_same_way = match (self.itself.change.kind, judged.change.kind) {
            (ChangeKind::Removed, inner) => inner == ChangeKind::Removed,
            (_, inner) => inner == ChangeKind::Added,
        };
        is_same_way && fate(&self.itself) == fate(judged)
    }
}

/// What is kept is never told as a whole, because it is an empty place; unless it is adopted.
fn fate(judged: &Judged) -> Option<Fate<'_>> {
    match &judged.verdict {
        Verdict::Kept(Keeper::Adopted(entry)) => Some(Fate::Adopted(entry)),
        Verdict::Kept(Keeper::Entry(_) | Keeper::Mount | Keeper::Parent) => None,
        Verdict::Accepted(rule) => Some(Fate::Accepted(*rule)),
        // There is nothing in the place of a mount that would have to be seen.
        Verdict::Lost(Remark::None | Remark::MountPoint) => Some(Fate::Lost),
        Verdict::Lost(Remark::Shadowed) => Some(Fate::Shadowed),
        Verdict::Lost(Remark::NotInPlace(entry) | Remark::NoSource(entry)) => {
            Some(Fate::NotInPlace(entry))
        }
    }
}
