//! What is to be said of an entry that is not in place, and that `apply` would put there. Pure.

use super::{APPLY, State, Status, status};
use crate::config::How;
use crate::persist::machine_id::{Id, Ids};
use crate::persist::observe::{Against, Ends, Observation, holds_data, is_only_flag};
use crate::persist::plan::Then;
use crate::sys::Look;

pub(super) fn without_source(seen: &Observation, ends: &Ends, then: &Then) -> Status {
    let source = &seen.source;
    let does = match then {
        Then::LookAgain => {
            "which takes the symlink away, so that the file can be made anew".to_owned()
        }
        _ if ends.elsewhere.is_some() => "which copies what another store holds".to_owned(),
        _ => format!("which makes {}", makes(ends)),
    };
    status(State::Missing, format!("{source} is missing; bring it back, or {APPLY}, {does}"))
}

/// Whether what lies at the target is the word for no machine id, or less.
fn says_no_id(ends: &Ends) -> bool {
    ends.machine_id.is_some_and(|ids| ids.at_target == Id::Unset)
}

/// Whether something lies at the target that a boot copies before it erases the root.
#[must_use]
pub fn is_copied_at_boot(seen: &Observation) -> bool {
    let holds = |ends: &Ends| {
        let is_data = holds_data(&ends.at_target) && !says_no_id(ends);
        is_data || is_only_flag(&seen.entry, ends)
    };
    seen.ends.as_ref().is_ok_and(holds)
}

/// What `apply` makes where there is nothing.
fn makes(ends: &Ends) -> &'static str {
    if ends.machine_id.is_some() { "a new one" } else { "it empty" }
}

pub(super) fn not_in_place(seen: &Observation, ends: &Ends) -> Status {
    let (entry, source) = (&seen.entry, &seen.source);
    let was_link = matches!(&ends.ours, Some((placed, _)) if placed.how == How::Symlink);
    let what = match &ends.at_target {
        Look::Absent if ends.elsewhere.is_some() => "another store holds it still".to_owned(),
        Look::Absent if ends.at_source == Look::Absent => {
            let makes = makes(ends);
            let what = format!("neither it nor {source} is there; {APPLY}, which makes {makes}");
            return status(State::Missing, what);
        }
        Look::Absent => "nothing lies there".to_owned(),
        Look::Symlink(_) => {
            let what = format!("it is a symlink of before; {APPLY}");
            return status(State::Diverged, what);
        }
        Look::Directory(there) | Look::File(there) if there.is_mount => {
            let what = format!("what was declared before is mounted there; {APPLY}");
            return status(State::Diverged, what);
        }
        there if holds_data(there) && says_no_id(ends) => match &ends.elsewhere {
            Some(_) => {
                "it says that there is no machine id yet, and another store holds one".into()
            }
            None if ends.machine_id.is_some_and(Ids::lacks_source) => {
                let what = format!("there is no machine id yet; {APPLY}, which makes a new one");
                return status(State::Missing, what);
            }
            None => format!("it says that there is no machine id yet, and {source} holds one"),
        },
        there if !holds_data(there) && !is_only_flag(entry, ends) => match entry.how {
            How::Bind => "nothing is mounted there".to_owned(),
            How::Symlink => format!("it is an empty {}, and no symlink", entry.kind),
        },
        _ if was_link => return replaced(seen, ends),
        _ if matches!(&ends.data, Some(data) if data.source == Against::Same) => {
            "it is a copy of what the store holds".to_owned()
        }
        _ => {
            let what = format!(
                "what lies there is not in the store yet; {APPLY}, which copies it to {source}"
            );
            return status(State::Missing, what);
        }
    };
    status(State::Missing, format!("{what}; {APPLY}"))
}

/// A program renamed a file over the symlink, and the plan can still mend that.
fn replaced(seen: &Observation, ends: &Ends) -> Status {
    let (kind, source) = (seen.entry.kind, &seen.source);
    let holds = match &ends.data {
        Some(data) if data.source == Against::Same => "the same as",
        _ => "and nothing lies at",
    };
    let what = format!("a {kind} replaced the symlink, {holds} {source}; {APPLY}");
    status(State::Diverged, what)
}
