//! The explanation for people. Pure.

use std::fmt::Write as _;

use super::{Explanation, Lies, Relation};
use crate::cli::status::look::Looked;
use crate::cli::status::text::wrap;
use crate::config::How;
use crate::path::escape;
use crate::persist::observe::{Against, Ends};
use crate::persist::plan::Then;
use crate::persist::state::State;
use crate::sys::Look;

/// How many entries below a path are named.
const BELOW: usize = 10;

/// Returns the explanation as text, for a terminal of `width` columns or for none.
pub(super) fn render(explanation: &Explanation, width: Option<usize>) -> String {
    let mut text = String::new();
    let mut say = |line: &str| {
        let front = if line.starts_with(' ') { "      " } else { "" };
        wrap(&mut text, line, width, front);
    };
    if let Some(through) = &explanation.through {
        let asked = escape(&explanation.asked);
        let path = &explanation.path;
        say(&format!("{asked} leads through the symlink {through} to {path}."));
    }
    say(&what(explanation));
    if let Some(entry) = &explanation.entry {
        for line in about_entry(explanation, entry) {
            say(&line);
        }
    }
    if let Some(loss) = &explanation.loss {
        for line in loss.sentences(fate(explanation)) {
            say(&line);
        }
    } else if let Some(line) = fate(explanation) {
        say(&line);
    }
    match &explanation.keep {
        None => {}
        Some(Err(why)) => say(why),
        Some(Ok(keep)) => {
            let doing = match explanation.relation {
                Relation::Store(_) => "put it in place",
                Relation::Above(_) => "keep all of it",
                _ => "keep it",
            };
            let guess = match explanation.look {
                Ok(Look::Absent) => ", if it is to be a directory",
                _ => "",
            };
            let _ = write!(text, "\nTo {doing}{guess}, add to the configuration file:\n\n");
            indent(&mut text, &keep.toml);
            text.push_str("\nor to the NixOS configuration:\n\n");
            indent(&mut text, &keep.nix);
            if let Some(preset) = &keep.preset {
                text.push_str("\nor there, for all that belongs to it:\n\n");
                indent(&mut text, preset);
            }
            if let Some(warning) = &keep.warning {
                text.push('\n');
                wrap(&mut text, &format!("But {warning}."), width, "");
            }
        }
    }
    text
}

fn indent(text: &mut String, lines: &str) {
    for line in lines.lines() {
        let _ = writeln!(text, "{}{line}", if line.is_empty() { "" } else { "    " });
    }
}

/// What the path is.
fn what(explanation: &Explanation) -> String {
    let path = &explanation.path;
    let noun = match &explanation.look {
        Ok(Look::Absent) => "nothing yet".to_owned(),
        Ok(Look::Directory(_)) => "a directory".to_owned(),
        Ok(Look::File(_)) => "a file".to_owned(),
        Ok(Look::Symlink(to)) => format!("a symlink to {}", escape(to)),
        Ok(Look::Special(word)) => format!("a {word}"),
        Ok(Look::Blocked(blocker)) => format!("nothing: {blocker} is no directory"),
        Err(why) => format!("not to be seen: {why}"),
    };
    let target = explanation.entry.as_ref().map(|entry| &entry.seen.entry.target);
    match (&explanation.relation, target) {
        (Relation::Entry, _) => format!("{path} is an entry."),
        (Relation::Inside(_), Some(target)) => format!("{path} lies in the entry {target}."),
        (Relation::Source, Some(target)) => {
            format!("{path} is {noun}. It belongs to the entry {target}.")
        }
        (Relation::Store(store), _) if store == path => format!("{path} is a store."),
        (Relation::Store(store), _) => {
            format!("{path} is {noun}. It lies in the store {store}, and no entry declares it.")
        }
        (Relation::Above(below), _) => {
            let names: Vec<String> = below.iter().take(BELOW).map(ToString::to_string).collect();
            let more = match below.len() - names.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!(
                "{path} is {noun}, and no entry. These are, below it: {}{more}.",
                names.join(", ")
            )
        }
        (Relation::None | Relation::Inside(_) | Relation::Source, _) => {
            format!("{path} is {noun}, and no entry keeps it.")
        }
    }
}

/// What is declared, how it is now, and what becomes of it.
fn about_entry(explanation: &Explanation, looked: &Looked) -> Vec<String> {
    let (seen, status) = (&looked.seen, &looked.status);
    let entry = &seen.entry;
    let because = entry.because.iter().map(|why| format!(" ({})", escape(why.as_bytes())));
    let because: String = because.collect();
    let place = match entry.how {
        How::Bind => "is mounted there",
        How::Symlink => "is linked there",
    };
    let source = match &explanation.relation {
        Relation::Inside(data) if explanation.is_in_place() => {
            format!("Its data lies in the store, at {data}.")
        }
        _ => format!("The store keeps it at {}, which {place}.", seen.source),
    };
    let mut lines = vec![
        format!("It is declared in line {} of the configuration{because}.", entry.line),
        source,
    ];
    lines.push(match status.state {
        State::InPlace => "Now: in place.".to_owned(),
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
    lines.push(next_boot(looked));
    lines
}

/// What the next boot does with an entry.
fn next_boot(looked: &Looked) -> String {
    let data = match &looked.seen.ends {
        Ok(Ends { data: Some(data), .. }) => Some(&data.source),
        _ => None,
    };
    match (looked.status.state, data) {
        (State::InPlace | State::Shadowed | State::WrongMode, _) => {
            "The next boot puts it in place again.".to_owned()
        }
        (State::Unseen, _) => "What the next boot does with it cannot be told.".to_owned(),
        (_, Some(_)) if !looked.is_on_root => {
            "The next boot erases no root on which it lies.".to_owned()
        }
        (_, Some(Against::Nothing)) => format!(
            "The next boot copies what lies there to {} before the root is rolled back, and puts it \
             in place.",
            looked.seen.source
        ),
        (_, Some(Against::Different(_))) => format!(
            "The next boot keeps what lies there as {}.from-old-root, and puts the store's in place.",
            looked.seen.source
        ),
        (State::Refused, _) => {
            "The next boot puts it in place, unless that is in the way still.".to_owned()
        }
        (_, Some(Against::Same) | None) => "The next boot puts it in place.".to_owned(),
    }
}

/// What becomes of what no entry keeps.
fn fate(explanation: &Explanation) -> Option<String> {
    match &explanation.relation {
        Relation::Entry | Relation::Inside(_) | Relation::Source => return None,
        Relation::Store(_) => {
            return Some(
                "What lies in a store survives every boot. Nothing removes it, and nothing puts it \
                 in place."
                    .to_owned(),
            );
        }
        Relation::Above(_) | Relation::None => {}
    }
    let (it, erases) = match (&explanation.relation, &explanation.look) {
        (Relation::Above(_), _) => ("The rest of it", "erases that"),
        (_, Ok(Look::Absent)) => ("What is written there", "erases it"),
        _ => ("It", "erases it"),
    };
    Some(match &explanation.lies {
        Lies::OnRoot(root) => format!(
            "{it} lies on the root {}: the next boot {erases} when it rolls {} back to @{}.",
            root.mount, root.dataset, root.snapshot
        ),
        Lies::OnHost(_) => format!(
            "There is no configuration. {it} lies on the root: a boot with an erased root {erases}."
        ),
        Lies::InMemory(point) => {
            format!("{it} lies in memory, on the tmpfs at {point}: it is gone after every boot.")
        }
        Lies::InKernel(point) => {
            format!("{it} lies in {point}, which the kernel makes anew at every boot.")
        }
        Lies::Elsewhere(_, _) if !explanation.has_roots => {
            "The configuration declares no root, so no boot erases anything.".to_owned()
        }
        Lies::Elsewhere(point, what) => format!(
            "{it} lies on {what}, mounted at {point}, which is no root: no boot touches that."
        ),
        Lies::Unknown => format!("{it} lies on a file system that cannot be told."),
    })
}
