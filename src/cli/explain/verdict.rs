//! What becomes of a path, in a word and as an exit status, and whether it wants keeping. Pure.

use super::hidden::Hidden;
use super::keep::{self, Keep};
use super::loss::Loss;
use super::{Explanation, Lies, Relation};
use crate::cli::exit::ExitStatus;
use crate::cli::status::look::{Host, Looked};
use crate::persist::paste::shell;
use crate::persist::state::State;

impl Explanation {
    /// Whether the loss report has something to say about it; `has_root` is whether a root at `/` is
    /// declared. Where none is, the report takes `/` as one all the same.
    pub(super) fn may_be_lost(&self, has_root: bool) -> bool {
        let is_kept = !matches!(self.relation, Relation::Above(_) | Relation::None);
        let is_on_disk = matches!(self.lies, Lies::Elsewhere(..));
        let is_on_root = matches!(self.lies, Lies::OnRoot(_) | Lies::Instead(_));
        !is_kept && (is_on_root || !has_root && is_on_disk)
    }

    /// Its entry, where that is in place and hides data.
    pub(super) fn shadowed(&self) -> Option<&Looked> {
        let is_in = matches!(self.relation, Relation::Entry | Relation::Inside(_));
        self.entry.as_ref().filter(|entry| is_in && entry.status.state == State::Shadowed)
    }

    /// The lines that declare it, where there should be some.
    pub(super) fn keep(&self, host: &Host<'_>) -> Option<Result<Keep, String>> {
        if !self.wants_keeping() {
            return None;
        }
        let declared = match &self.relation {
            Relation::Store(store) => self.path.seen_from(store),
            _ => None,
        };
        if self.loss.as_ref().is_some_and(|loss| loss.is_of_many) {
            let path = shell(self.path.as_bytes());
            return Some(Err(format!(
                "It holds what belongs to many, so it is too much for one entry: \
                 `what-will-i-lose {path}` lists what lies in it."
            )));
        }
        if self.loss.as_ref().is_some_and(Loss::is_in_blank) {
            return Some(Err(
                "The blank has it as well, and every boot brings that one back; change it in the \
                 blank, or declare what makes it."
                    .to_owned(),
            ));
        }
        let preset = self.loss.as_ref().and_then(|loss| loss.preset.as_ref());
        let look = self.look.as_ref().ok();
        Some(keep::lines(host, &self.path, declared.as_ref(), look, preset))
    }

    fn wants_keeping(&self) -> bool {
        match &self.relation {
            Relation::Entry | Relation::Inside(_) | Relation::Source => false,
            Relation::Store(store) => self.path != *store,
            Relation::Above(_) | Relation::None => match (&self.loss, &self.lies) {
                (Some(loss), _) => loss.loses(),
                (None, lies) => {
                    matches!(lies, Lies::OnRoot(_) | Lies::Instead(_) | Lies::InMemory(_))
                }
            },
        }
    }

    /// Whether its entry is in place, so that what is seen is what is kept.
    pub(super) fn is_in_place(&self) -> bool {
        let state = self.entry.as_ref().map(|entry| entry.status.state);
        matches!(state, Some(State::InPlace | State::Shadowed | State::WrongMode))
    }

    /// What becomes of it, in a word; none where that cannot be told.
    pub(super) fn fate(&self) -> Option<&'static str> {
        if let (Some(loss), ExitStatus::Clean) = (&self.loss, self.verdict()) {
            return Some(loss.word());
        }
        match (self.verdict(), &self.relation) {
            (ExitStatus::Trouble, _) => None,
            (ExitStatus::Loss, Relation::Entry | Relation::Inside(_)) if !self.is_in_place() => {
                Some("not-in-place")
            }
            (ExitStatus::Loss, _) => Some(match &self.lies {
                Lies::Instead(other) if !other.is_erased => "left-behind",
                _ => "erased",
            }),
            (ExitStatus::Clean, Relation::Above(_) | Relation::None) => Some("untouched"),
            (ExitStatus::Clean, _) => Some("kept"),
        }
    }

    pub(super) fn verdict(&self) -> ExitStatus {
        let state = self.entry.as_ref().map(|entry| entry.status.state);
        match &self.relation {
            Relation::Entry | Relation::Inside(_) if self.is_in_place() => {
                self.hidden.as_ref().map_or(ExitStatus::Clean, Hidden::verdict)
            }
            Relation::Entry | Relation::Inside(_) if state == Some(State::Waiting) => {
                ExitStatus::Clean
            }
            Relation::Entry | Relation::Inside(_)
                if state == Some(State::Unseen) && self.at_boot.is_none() =>
            {
                ExitStatus::Trouble
            }
            Relation::Entry | Relation::Inside(_) => ExitStatus::Loss,
            Relation::Source | Relation::Store(_) => match &self.lies {
                Lies::OnRoot(_) | Lies::Instead(_) => ExitStatus::Loss,
                _ => ExitStatus::Clean,
            },
            Relation::Above(_) | Relation::None => match (&self.loss, &self.lies) {
                (Some(loss), _) => loss.verdict(),
                (
                    None,
                    Lies::OnRoot(_) | Lies::Instead(_) | Lies::OnHost(_) | Lies::InMemory(_),
                ) => ExitStatus::Loss,
                (None, Lies::InKernel(_) | Lies::Elsewhere(..)) => ExitStatus::Clean,
                (None, Lies::Layered(..) | Lies::Unknown) => ExitStatus::Trouble,
            },
        }
    }
}
