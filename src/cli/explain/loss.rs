//! What the loss report says about one path: whose it is, and what becomes of it and of what lies
//! below it.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;

use crate::cli::exit::{ExitStatus, denied};
use crate::cli::what_will_i_lose::case::{Asked, case};
use crate::config::AcceptRule;
use crate::loss::{
    Change, ChangeKind, Extent, FileType, Gap, Judge, Judged, Outside, Owned, Owner, Sink, Totals,
    Verdict, scan, start, words,
};
use crate::path::{HostPath, escape};
use crate::presets::Preset;
use crate::sys::privilege::is_root;

/// What the loss report says about a path.
#[derive(Debug)]
pub(super) struct Loss {
    /// Whose it is.
    pub owned: Arc<Owned>,
    /// The preset that keeps it.
    pub preset: Option<Preset>,
    /// What becomes of the thing itself, where it is not as in the blank.
    pub itself: Option<Judged>,
    /// What becomes of it and of all that lies below it.
    pub totals: Totals,
    /// What could not be read, and why.
    pub gaps: BTreeSet<String>,
    /// Why the blank cannot be read, so that everything counts as added.
    pub no_blank: Option<String>,
    /// The rules that accept a loss, by their numbers.
    pub accept: Vec<AcceptRule>,
    /// It is not there: what would become of it if it were is all that can be said.
    pub is_missing: bool,
    /// The rule that accepts its loss, by its number.
    pub accepted: Option<usize>,
    /// What the blank has there says only that there is nothing yet.
    pub is_unset_in_blank: bool,
    /// It only holds what belongs to many, so that nobody would keep all of it.
    pub is_of_many: bool,
}

impl Loss {
    /// Whether something of it is gone after the next boot that nobody accepted.
    pub(super) fn loses(&self) -> bool {
        self.is_missing && self.accepted.is_none() || self.totals.lost.paths() > 0
    }

    /// Whether the blank has something there too, so that no entry is needed for it, or would hold.
    pub(super) fn is_in_blank(&self) -> bool {
        let is_in_blank = |judged: &Judged| judged.change.kind != ChangeKind::Added;
        !self.is_unset_in_blank && self.itself.as_ref().is_some_and(is_in_blank)
    }

    pub(super) fn verdict(&self) -> ExitStatus {
        match (self.loses(), self.gaps.is_empty()) {
            (_, false) => ExitStatus::Trouble,
            (true, true) => ExitStatus::Loss,
            (false, true) => ExitStatus::Clean,
        }
    }

    /// What becomes of something of which nothing is lost, in a word.
    pub(super) fn word(&self) -> &'static str {
        if self.is_missing {
            return "accepted";
        }
        let Totals { accepted, recreated, kept, .. } = &self.totals;
        let words = [(accepted, "accepted"), (recreated, "recreated"), (kept, "kept")];
        words.iter().find(|(tally, _)| tally.paths() > 0).map_or("unchanged", |(_, word)| word)
    }

    /// Whose it is, and what the next boot does with it and with what lies below it, as sentences;
    /// `erased` is the one about what is lost.
    pub(super) fn sentences(&self, erased: Option<String>) -> Vec<String> {
        let of_itself = self.of_itself();
        let mut lines: Vec<String> = self.whose().into_iter().collect();
        lines.extend(self.no_blank.as_deref().map(|why| no_blank(why, is_root())));
        let is_erased = of_itself.is_none();
        lines.extend(of_itself.or(erased));
        let gone = &self.totals.lost;
        if gone.paths() > 0 && self.is_directory() {
            let what = if is_erased { "All that is lost" } else { "What lies in it is lost" };
            lines.push(format!("{what}: {}.", words::tally(gone)));
        }
        lines.extend(self.gaps.iter().map(|gap| format!("It cannot be told wholly: {gap}.")));
        lines
    }

    /// Who makes and uses it, and what it is good for. That nothing claims it matters only where it
    /// does not come again and could be somebody's.
    fn whose(&self) -> Option<String> {
        let whose = match &self.owned.owner {
            Owner::Unknown if self.comes_again() || self.is_of_many => None,
            Owner::Unknown => Some("Nothing on this host claims it.".to_owned()),
            Owner::Home(user) => Some(format!("It belongs to {}.", escape(user.as_bytes()))),
            Owner::Tmpfiles(file) => {
                Some(format!("It belongs to what a rule in {} makes.", escape(file.as_bytes())))
            }
            owner @ (Owner::Unit(_) | Owner::Preset(_)) => {
                Some(format!("It belongs to {}.", words::owner(owner)))
            }
        };
        let what = self.preset.as_ref().map(|preset| format!("{}: {}.", preset.title, preset.why));
        let said: Vec<String> = whose.into_iter().chain(what).collect();
        (!said.is_empty()).then(|| said.join(" "))
    }

    /// Whether the thing itself is made again, or is as in the blank.
    fn comes_again(&self) -> bool {
        match self.itself.as_ref().map(|judged| &judged.verdict) {
            Some(Verdict::Recreated(_)) => true,
            Some(Verdict::Lost(_) | Verdict::Kept(_) | Verdict::Accepted(_)) => false,
            None => !self.is_missing && !self.loses(),
        }
    }

    /// What becomes of the thing itself; nothing where it is lost.
    fn of_itself(&self) -> Option<String> {
        match self.itself.as_ref().map(|judged| &judged.verdict) {
            Some(Verdict::Lost(_)) => None,
            Some(Verdict::Kept(keeper)) => Some(format!("It is {}.", words::keeper(keeper))),
            Some(Verdict::Recreated(maker)) => {
                let maker = words::maker(maker);
                Some(format!("The next boot erases it, and it is made again by {maker}."))
            }
            Some(Verdict::Accepted(rule)) => Some(self.accepted_by(*rule)),
            None if self.is_missing => self.accepted.map(|rule| self.accepted_by(rule)),
            None if self.loses() => None,
            None => Some("It is as in the blank: the next boot changes nothing of it.".to_owned()),
        }
    }

    fn is_directory(&self) -> bool {
        let file_type = self.itself.as_ref().map(|judged| judged.change.node.file_type);
        file_type.is_none_or(|file_type| file_type == FileType::Directory)
    }

    fn accepted_by(&self, rule: usize) -> String {
        let Some(rule) = self.accept.get(rule) else {
            return "The next boot erases what lies there, which is accepted.".to_owned();
        };
        let because = rule.because.as_ref().map(|why| format!(": {}", escape(why.as_bytes())));
        let (glob, because) = (escape(rule.glob.as_bytes()), because.unwrap_or_default());
        format!(
            "The next boot erases what lies there, which {glob} accepts (line {}){because}.",
            rule.line
        )
    }
}

/// Asks what becomes of `path`; nothing where it does not lie on the root that is erased.
///
/// # Errors
/// There can be no report at all.
pub(super) fn loss(root: &Path, config: Option<&Path>, path: &HostPath) -> Result<Option<Loss>> {
    let case = case(Asked { root, config, blank: None, path: None })?;
    let is_other = |gap: &Gap| path.starts_with(&gap.path);
    if case.others.iter().any(is_other) {
        return Ok(None);
    }
    let owned = case.rules.owned(path);
    let preset = owned.preset.as_deref().and_then(|name| case.presets.get(name)).cloned();
    let is_home = matches!(owned.owner, Owner::Home(_));
    let mut loss = Loss {
        owned,
        preset,
        itself: None,
        totals: Totals::default(),
        gaps: BTreeSet::new(),
        no_blank: case.blank.gap.as_ref().map(|gap| escape(gap.error.as_bytes())),
        accept: case.config.accept.clone(),
        is_missing: false,
        accepted: case.rules.accepted(path),
        is_unset_in_blank: case.rules.is_unset_in_blank(path),
        is_of_many: case.rules.is_structure(path) && !is_home,
    };
    match start(&case.tree, case.blank.tree.as_ref(), path) {
        Ok(trees) => {
            let judge = Judge::new(&case.rules);
            let Ok(()) = scan(&trees, &case.rules, &mut Listener { judge, path, loss: &mut loss });
        }
        Err(Outside::Missing { .. }) => loss.is_missing = true,
        Err(Outside::Mounted { .. } | Outside::NoDirectory { .. }) => return Ok(None),
        Err(problem @ Outside::Unreadable { .. }) => {
            loss.gaps.insert(problem.to_string());
        }
    }
    Ok(Some(loss))
}

/// Counts what a scan of the path tells.
struct Listener<'l> {
    judge: Judge<'l>,
    path: &'l HostPath,
    loss: &'l mut Loss,
}

impl Sink for Listener<'_> {
    type Error = Infallible;

    fn change(&mut self, change: Change) -> Result<(), Infallible> {
        let judged = self.judge.judge(change);
        self.loss.totals.add(&judged);
        let is_contents = matches!(judged.change.extent, Extent::Contents(_));
        if judged.change.path == *self.path && !is_contents {
            self.loss.itself = Some(judged);
        }
        Ok(())
    }

    fn gap(&mut self, gap: Gap) -> Result<(), Infallible> {
        self.loss.gaps.insert(sentence(&gap));
        Ok(())
    }
}

/// What could not be read, and why.
pub(super) fn sentence(gap: &Gap) -> String {
    format!("{}: {}", gap.path, escape(gap.error.as_bytes()))
}

/// Why the blank cannot be read, and what to do where that is only not allowed.
fn no_blank(why: &str, is_root: bool) -> String {
    format!("What the blank has is not known: {why}{}.", denied(why, is_root))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_that_may_not_be_read_is_told_with_the_cure() {
        let table = [
            ("cannot mount it: Operation not permitted (os error 1)", false, "; run as root"),
            ("cannot open it: Permission denied (os error 13)", false, "; run as root"),
            ("cannot mount it: Operation not permitted (os error 1)", true, ""),
            ("cannot mount it: No such device (os error 19)", false, ""),
        ];
        for (why, is_root, cure) in table {
            let expected = format!("What the blank has is not known: {why}{cure}.");
            assert_eq!(no_blank(why, is_root), expected);
        }
    }
}
