//! The explanation of an entry for people: what is declared, how it is now, what the next boot does.
//! Pure.

use super::{Explanation, Relation};
use crate::cli::status::look::{Bed, Looked};
use crate::config::How;
use crate::path::escape;
use crate::persist::observe::{Against, Ends};
use crate::persist::plan::{Then, Wait};
use crate::persist::state::{State, is_copied_at_boot};

/// What is declared, how it is now, and what becomes of it.
pub(super) fn about_entry(explanation: &Explanation, looked: &Looked) -> Vec<String> {
    let (seen, status) = (&looked.seen, &looked.status);
    let entry = &seen.entry;
    let because = entry.because.iter().map(|why| format!(" ({})", escape(why.as_bytes())));
    let because: String = because.collect();
    let mut lines = vec![
        format!("It is declared in line {} of the configuration{because}.", entry.line),
        source(explanation, looked),
    ];
    lines.push(match status.state {
        State::InPlace => "Now: in place.".to_owned(),
        State::Waiting => format!("Now: it waits: {}.", status.sentence),
        state => format!("Now: {}: {}", state.word(), status.sentence),
    });
    match (&looked.plan.steps, &looked.plan.then) {
        (Err(_), _) => {}
        (Ok(_), Then::After(outer)) => {
            lines.push(format!("`blankslate apply` would look at it after {outer} is in place."));
        }
        (Ok(steps), _) if steps.is_empty() => {
            lines.push("`blankslate apply` has nothing to do.".to_owned());
        }
        (Ok(steps), _) => {
            lines.push("`blankslate apply` would:".to_owned());
            lines.extend(steps.iter().map(|step| format!("    {step}")));
        }
    }
    lines.push(match &explanation.bad_store {
        Some(store) => {
            format!("The next boot puts it in place only if the store {store} can be used then.")
        }
        None => next_boot(looked, explanation.at_boot.as_ref()),
    });
    if explanation.at_boot.is_some() {
        lines.push("Run as root to see whether `blankslate apply` can do it now.".to_owned());
    }
    let hidden = explanation.hidden.iter();
    lines.extend(hidden.flat_map(|hidden| hidden.sentences(&seen.source)));
    lines
}

/// Where the store keeps it.
fn source(explanation: &Explanation, looked: &Looked) -> String {
    let place = match (looked.seen.entry.how, explanation.is_in_place()) {
        (How::Bind, true) => "is mounted there",
        (How::Bind, false) => "is to be mounted there",
        (How::Symlink, true) => "is linked there",
        (How::Symlink, false) => "is to be linked there",
    };
    match &explanation.relation {
        Relation::Inside(data) if explanation.is_in_place() && explanation.is_in_store => {
            format!("Its data lies in the store, at {data}.")
        }
        Relation::Inside(data) if explanation.is_in_place() => {
            format!("Its place in the store is {data}, and nothing is seen there.")
        }
        _ => format!("The store keeps it at {}, which {place}.", looked.seen.source),
    }
}

/// What the next boot does with an entry whose store can be used.
fn next_boot(looked: &Looked, at_boot: Option<&Against>) -> String {
    let data = match &looked.seen.ends {
        Ok(_) if !is_copied_at_boot(&looked.seen) => None,
        Ok(Ends { data: Some(data), .. }) => Some(&data.source),
        _ => at_boot,
    };
    match (looked.status.state, data) {
        (State::InPlace | State::Shadowed | State::WrongMode, _) => {
            "The next boot puts it in place again.".to_owned()
        }
        (State::Waiting, _) => match looked.plan.waits() {
            Some(Wait::Made | Wait::MadeInside) => {
                "The next boot makes nothing there: an empty file would be taken for a broken one."
            }
            Some(Wait::Boot | Wait::BootMakes) | None => "The next boot puts it in place.",
        }
        .to_owned(),
        (State::Unseen, None) => "What the next boot does with it cannot be told.".to_owned(),
        (State::Refused, Some(Against::Same) | None) => {
            "The next boot puts it in place, unless that is in the way still.".to_owned()
        }
        (_, Some(against)) => next_boot_of_data(looked, against),
        (_, None) => "The next boot puts it in place.".to_owned(),
    }
}

/// What the next boot does with an entry that is not in place, and of which there is data at its target.
fn next_boot_of_data(looked: &Looked, against: &Against) -> String {
    let source = &looked.seen.source;
    match (&looked.bed, against) {
        (_, Against::Same) => "The next boot puts it in place.".to_owned(),
        (Bed::Instead(other), _) => format!(
            "The next boot looks for it on {}, which is not mounted at {} now, so it copies nothing of \
             this into the store.",
            other.dataset, other.mount
        ),
        (Bed::Memory, _) => {
            "It lies in memory, so the next boot finds nothing of it to copy into the store."
                .to_owned()
        }
        (Bed::Root, Against::Nothing) => format!(
            "The next boot copies what lies there to {source} before the root is rolled back, and puts \
             it in place."
        ),
        (Bed::Root, Against::Different(_)) => format!(
            "The next boot keeps what lies there as {source}.from-old-root, and puts the store's in \
             place."
        ),
        (Bed::Disk, Against::Nothing) => {
            format!(
                "The next boot copies what lies there to {source}, and puts it in place, unless something \
                 else erases it before."
            )
        }
        (Bed::Disk, Against::Different(_)) => {
            "The next boot leaves both as they are, unless something else erases one before."
                .to_owned()
        }
    }
}
