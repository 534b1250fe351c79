//! What became of every entry, as sentences. The same in the initrd's log and at the terminal.

use std::io::ErrorKind;

use super::apply::{Outcome, Turn};
use super::observe::BadStore;
use crate::human;
use crate::path::HostPath;
use crate::sys::{Copied, Progress, SysError};

/// How urgent a sentence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Something is not as declared.
    Error,
    /// Something needs to be known.
    Warning,
    /// What was copied or moved.
    News,
    /// What was put in place, or taken out of it.
    Detail,
}

/// Sentences about a run, the stores first. What is unchanged is not worth one.
#[must_use]
pub fn sentences(bad: &[BadStore], turns: &[Turn]) -> Vec<(Weight, String)> {
    let stores = bad.iter().map(|bad| (Weight::Error, bad.problem.to_string()));
    stores.chain(turns.iter().flat_map(|turn| of_turn(bad, turn))).collect()
}

fn of_turn(bad: &[BadStore], turn: &Turn) -> Vec<(Weight, String)> {
    let target = &turn.plan.target;
    let mut all: Vec<(Weight, String)> = Vec::new();
    for (from, copied) in &turn.adopted {
        // What is forgotten is copied the other way.
        let to = if turn.plan.is_declared { &turn.plan.source } else { target };
        all.push((Weight::News, adopted(from, to, copied)));
        all.extend(copied.notes.iter().map(|note| (Weight::Warning, note.clone())));
        all.extend(
            copied.sockets.iter().map(|socket| {
                (Weight::Warning, format!("{socket} is a socket and was not copied"))
            }),
        );
    }
    for aside in &turn.set_aside {
        all.push((Weight::News, format!("what lay at {target} lies at {aside} now")));
    }
    let not = if turn.plan.is_declared { "is not in place" } else { "is still in place" };
    match &turn.outcome {
        Outcome::Unchanged | Outcome::Waiting(_) => {}
        Outcome::Done if turn.plan.is_declared => {
            all.push((Weight::Detail, format!("{target} is in place")));
        }
        Outcome::Done if !turn.adopted.is_empty() => {}
        Outcome::Done => {
            all.push((Weight::Detail, format!("{target} is out of place, it is not declared")));
        }
        Outcome::Refused(why) => {
            // Told once, about the store.
            let is_in_bad = |bad: &BadStore| turn.plan.source.starts_with(&bad.store);
            if !bad.iter().any(is_in_bad) {
                all.push((Weight::Error, format!("{target} {not}: {why}")));
            }
        }
        Outcome::Failed(_) if is_left(turn) => {
            let why = "it is in use; the next boot leaves it out";
            all.push((Weight::Error, format!("{target} {not}: {why}")));
        }
        Outcome::Failed(error) => all.push((Weight::Error, format!("{target} {not}: {error}"))),
    }
    all
}

/// Whether it is out of the configuration and in use: left for the next boot, and no failure.
#[must_use]
pub fn is_left(turn: &Turn) -> bool {
    let is_busy = |error: &SysError| error.cause.kind() == ErrorKind::ResourceBusy;
    !turn.plan.is_declared && matches!(&turn.outcome, Outcome::Failed(error) if is_busy(error))
}

/// "copied /var/lib/x to /persist/var/lib/x: 12 files, 3.4 MiB".
#[must_use]
pub fn adopted(from: &HostPath, to: &HostPath, copied: &Copied) -> String {
    format!("copied {from} to {to}: {}", amount(copied.total))
}

/// "12 files, 3.4 MiB": how much was copied, directories and all else counted as files.
#[must_use]
pub fn amount(progress: Progress) -> String {
    let Progress { things, bytes } = progress;
    let files = if things == 1 { "file" } else { "files" };
    format!("{} {files}, {}", human::count(things), human::size(bytes))
}

/// "3 of 5 entries are in place, 1 is waiting".
#[must_use]
pub fn summary(turns: &[Turn]) -> String {
    let declared = || turns.iter().filter(|turn| turn.plan.is_declared);
    let good = declared().filter(|turn| turn.is_in_place()).count();
    let waiting = declared().filter(|turn| turn.is_waiting()).count();
    format!("{good} of {} entries are in place{}", declared().count(), and_waiting(waiting))
}

/// ", 2 are waiting"; nothing where none is.
#[must_use]
pub fn and_waiting(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => ", 1 is waiting".to_owned(),
        many => format!(", {many} are waiting"),
    }
}

/// How many are not as declared.
#[must_use]
pub fn count_bad(turns: &[Turn]) -> usize {
    turns.iter().filter(|turn| !turn.outcome.is_good()).count()
}
