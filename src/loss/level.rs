//! Where a walk stands: the directory that it is in, on the root, in the blank, or in both.

use std::cmp::Ordering;
use std::ffi::CString;

use super::names::Names;
use crate::sys::tree::{Dir, Stat};

/// A directory that the walk is in, on either side or on both.
pub(super) struct Level {
    pub(super) root: Listed,
    pub(super) blank: Listed,
    /// The root's names are not all known: one that is missing may be there all the same.
    pub(super) is_partial: bool,
    /// How much of the path names this directory.
    pub(super) path: usize,
}

/// A directory with the names in it that are still to come.
pub(super) type Listed = Option<(Dir, Names)>;

/// What lies at one name on either side.
pub(super) struct Pair {
    pub(super) now: Option<Stat>,
    pub(super) blank: Option<Stat>,
}

impl Level {
    /// The next name on either side, in bytewise order.
    pub(super) fn next(&mut self) -> Option<CString> {
        let now = self.root.as_ref().and_then(|(_, names)| names.peek());
        let blank = self.blank.as_ref().and_then(|(_, names)| names.peek());
        let order = match (now, blank) {
            (Some(now), Some(blank)) => now.cmp(blank),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        let name = if order == Ordering::Greater { blank } else { now }?.to_owned();
        if order != Ordering::Greater
            && let Some((_, names)) = &mut self.root
        {
            names.advance();
        }
        if order != Ordering::Less
            && let Some((_, names)) = &mut self.blank
        {
            names.advance();
        }
        Some(name)
    }
}
