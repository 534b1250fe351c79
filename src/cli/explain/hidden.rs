//! What the mount of an entry hides, and what becomes of that: judged as the loss report judges it.
//!
//! In: an entry that is in place, a path at or below its target. Out: what is lost of what lies beneath
//! the mount there. Reads, and changes nothing.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::path::Path;

use anyhow::Result;

use super::loss::sentence;
use crate::cli::exit::ExitStatus;
use crate::cli::status::look::{Bed, Looked};
use crate::cli::what_will_i_lose::case::{Asked, case};
use crate::loss::{
    Change, Gap, Judge, Keeper, Outside, Sink, Tally, Totals, Unfolded, Verdict, scan, start, words,
};
use crate::path::HostPath;

/// What lies beneath the mount of an entry.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    /// What becomes of it; none where it could not be gone through, so that it counts as lost.
    totals: Option<Totals>,
    /// What could not be read, and why.
    gaps: BTreeSet<String>,
    /// The next boot copies it into the store first.
    is_adopted: bool,
}

impl Hidden {
    pub(super) fn verdict(&self) -> ExitStatus {
        let is_lost = self.lost().is_none_or(|lost| lost.paths() > 0);
        match (is_lost, self.gaps.is_empty()) {
            (_, false) => ExitStatus::Trouble,
            (true, true) => ExitStatus::Loss,
            (false, true) => ExitStatus::Clean,
        }
    }

    /// How much of it is lost; none where that cannot be told.
    pub(super) fn lost(&self) -> Option<&Tally> {
        self.totals.as_ref().map(|totals| &totals.lost)
    }

    /// What becomes of it, as sentences; `source` is what the store has for the entry.
    pub(super) fn sentences(&self, source: &HostPath) -> Vec<String> {
        let mut lines = Vec::new();
        match &self.totals {
            None => lines.push("What the mount hides is lost with the next boot.".to_owned()),
            Some(totals) if totals.lost.paths() > 0 => {
                let lost = words::tally(&totals.lost);
                lines.push(format!("What the mount hides is lost with the next boot: {lost}."));
            }
            Some(totals) if totals.accepted.paths() > 0 => {
                let what = "The next boot erases what the mount hides, and that is accepted.";
                lines.push(what.to_owned());
            }
            Some(_) => {}
        }
        if self.is_adopted {
            lines.push(format!(
                "The store holds nothing for it yet: the next boot copies what the mount hides to \
                 {source} before it erases that."
            ));
        }
        lines.extend(self.gaps.iter().map(|gap| format!("It cannot be told wholly: {gap}.")));
        lines
    }
}

/// Asks what becomes of what the mount of `entry` hides at and below `path`; nothing where no boot
/// erases that.
///
/// # Errors
/// There can be no report at all.
pub(super) fn hidden(
    root: &Path,
    config: Option<&Path>,
    entry: &Looked,
    path: &HostPath,
) -> Result<Option<Hidden>> {
    let case = case(Asked { root, config, blank: None, path: None })?;
    let target = &entry.seen.entry.target;
    // A scan enters neither another root nor a mount; what lies in the place of a declared root is gone there too.
    let is_left = matches!(entry.bed, Bed::Root | Bed::Instead(_));
    let unseen = || is_left.then(Hidden::default);
    if case.others.iter().any(|gap| target.starts_with(&gap.path)) {
        return Ok(unseen());
    }
    let hidden = Hidden { totals: Some(Totals::default()), ..Hidden::default() };
    let mut listener = Listener { judge: Judge::new(&case.rules), path, hidden };
    match start(&case.tree, case.blank.tree.as_ref(), target) {
        // Every path is told of itself: `path` may be any of them.
        Ok(trees) => {
            let Ok(()) = scan(&trees, &Unfolded, &mut listener);
        }
        Err(Outside::Missing { .. }) => {}
        Err(Outside::Mounted { .. } | Outside::NoDirectory { .. }) => return Ok(unseen()),
        Err(problem @ Outside::Unreadable { .. }) => {
            listener.hidden.gaps.insert(problem.to_string());
        }
    }
    Ok(Some(listener.hidden))
}

/// Counts what a scan tells of the path.
struct Listener<'l> {
    judge: Judge<'l>,
    path: &'l HostPath,
    hidden: Hidden,
}

impl Sink for Listener<'_> {
    type Error = Infallible;

    fn change(&mut self, change: Change) -> Result<(), Infallible> {
        let judged = self.judge.judge(change);
        if judged.change.path.starts_with(self.path) {
            self.hidden.is_adopted |= matches!(judged.verdict, Verdict::Kept(Keeper::Adopted(_)));
            if let Some(totals) = &mut self.hidden.totals {
                totals.add(&judged);
            }
        }
        Ok(())
    }

    fn gap(&mut self, gap: Gap) -> Result<(), Infallible> {
        if gap.path.starts_with(self.path) || self.path.starts_with(&gap.path) {
            self.hidden.gaps.insert(sentence(&gap));
        }
        Ok(())
    }
}
