//! Makes one line of a directory that comes to the same as all that is in it. Pure: judged changes in,
//! the lines that are certain out.
//!
//! Only what may still have to be listed is held back: for each directory that is open and may yet be
//! told as a whole, the lines of what is in it, and of these a directory that is told as a whole is one.

use super::owner::Owned;
use super::{ChangeKind, Extent, Judged, Keeper, Remark, Rules, Sum, Verdict};

/// What is held back.
#[derive(Debug)]
pub struct Fold<'r> {
    rules: &'r Rules,
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
    Lost(&'j Owned),
    Shadowed(&'j Owned),
    NotInPlace(&'j crate::path::HostPath),
    Adopted(&'j crate::path::HostPath),
}

impl<'r> Fold<'r> {
    /// Holds nothing back yet.
    #[must_use]
    pub fn new(rules: &'r Rules) -> Self {
        Self { rules, open: Vec::new() }
    }

    /// Takes the next change, in the order of the scan; adds the lines that are certain now to `lines`.
    pub fn push(&mut self, judged: Judged, lines: &mut Vec<Judged>) {
        while self.open.last().is_some_and(|open| !open.holds(&judged)) {
            self.close(lines);
        }
        if self.open.last().is_some_and(|open| !open.can_stand_for(&judged)) {
            self.unfold(lines);
        }
        if judged.change.extent == Extent::Itself
            && judged.change.is_new_directory()
            && self.may_stand_for_all(&judged)
        {
            self.open.push(Open { itself: judged, below: Sum::default(), lines: Vec::new() });
        } else {
            self.pass(judged, lines);
        }
    }

    /// What is lost in a directory that holds what belongs to many is told one by one.
    fn may_stand_for_all(&self, judged: &Judged) -> bool {
        match fate(judged) {
            None => false,
            Some(Fate::Lost(_) | Fate::Shadowed(_)) => {
                !self.rules.is_structure(&judged.change.path)
            }
            Some(Fate::Accepted(_) | Fate::NotInPlace(_) | Fate::Adopted(_)) => true,
        }
    }

    /// Adds what is still held back to `lines`, after the last change.
    pub fn finish(&mut self, lines: &mut Vec<Judged>) {
        while !self.open.is_empty() {
            self.close(lines);
        }
    }

    /// The innermost directory is complete, and one line.
    fn close(&mut self, lines: &mut Vec<Judged>) {
        let Some(Open { mut itself, below, .. }) = self.open.pop() else { return };
        itself.change.extent = Extent::Tree(below);
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
        Verdict::Kept(Keeper::Entry(_) | Keeper::Mount | Keeper::Parent)
        | Verdict::Recreated(_) => None,
        Verdict::Accepted(rule) => Some(Fate::Accepted(*rule)),
        // There is nothing in the place of a mount that would have to be seen.
        Verdict::Lost(Remark::None | Remark::MountPoint) => Some(Fate::Lost(&judged.owned)),
        Verdict::Lost(Remark::Shadowed) => Some(Fate::Shadowed(&judged.owned)),
        Verdict::Lost(Remark::NotInPlace(entry) | Remark::NoSource(entry)) => {
            Some(Fate::NotInPlace(entry))
        }
    }
}
