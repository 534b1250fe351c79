//! The explanation for people. Pure.

use std::fmt::Write as _;

use super::about::about_entry;
use super::keep::Keep;
use super::{Explanation, Lies, Relation};
use crate::cli::status::text::wrap;
use crate::loss::unmounted::Unmounted;
use crate::path::escape;
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
            if keep.is_guess {
                say(guess(explanation.is_nixos));
            }
            keep_lines(&mut text, explanation, keep);
            if let Some(warning) = &keep.warning {
                text.push('\n');
                wrap(&mut text, &format!("But {warning}."), width, "");
            }
        }
    }
    text
}

/// What to write and where: first what this host reads.
fn keep_lines(text: &mut String, explanation: &Explanation, keep: &Keep) {
    let doing = match explanation.relation {
        Relation::Store(_) => "put it in place",
        Relation::Above(_) => "keep all of it",
        _ => "keep it",
    };
    let to = format!("To {doing}, add to the");
    let mut say = |front: &str, lines: &str| {
        let _ = writeln!(text, "\n{front}:\n");
        indent(text, lines);
    };
    match (explanation.is_nixos, &keep.preset) {
        (true, Some(preset)) => {
            say(&format!("{to} NixOS configuration, for all that belongs to it"), preset);
            say("or there, for it alone", &keep.nix);
        }
        (true, None) => say(&format!("{to} NixOS configuration"), &keep.nix),
        (false, preset) => {
            say(&format!("{to} configuration file"), &keep.toml);
            say("or to the NixOS configuration", &keep.nix);
            if let Some(preset) = preset {
                say("or there, for all that belongs to it", preset);
            }
        }
    }
}

/// What the lines take for granted.
fn guess(is_nixos: bool) -> &'static str {
    if is_nixos {
        "Nothing is there, so that it is to be a directory is a guess; for a file, write files in place of \
         directories."
    } else {
        "Nothing is there, so that it is to be a directory is a guess; for a file, write kind = \"file\"."
    }
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

/// What becomes of what no entry keeps.
fn fate(explanation: &Explanation) -> Option<String> {
    match (&explanation.relation, &explanation.lies) {
        (Relation::Source | Relation::Store(_), Lies::OnRoot(root)) => {
            return Some(format!(
                "The store is not mounted: this lies on the root {}, and the next boot erases it. Mount \
                 the store before anything uses it (in NixOS, neededForBoot = true).",
                root.mount
            ));
        }
        (Relation::Source | Relation::Store(_), Lies::Instead(other)) => {
            let left = left_behind("this", other);
            return Some(format!(
                "The store is not mounted: {left} Mount the store before anything uses it (in NixOS, \
                 neededForBoot = true)."
            ));
        }
        (Relation::Entry | Relation::Inside(_) | Relation::Source, _) => return None,
        (Relation::Store(_), _) => {
            return Some(
                "What lies in a store survives every boot. Nothing removes it, and nothing puts it \
                 in place."
                    .to_owned(),
            );
        }
        (Relation::Above(_) | Relation::None, _) => {}
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
        Lies::Instead(other) => left_behind(it, other),
        Lies::OnHost(_) => {
            let why = if explanation.has_config {
                "The configuration declares no root at /, and / is taken as ephemeral all the same."
            } else {
                "There is no configuration."
            };
            format!("{why} {it} lies on the root: a boot with an erased root {erases}.")
        }
        Lies::InMemory(point) => {
            format!("{it} lies in memory, on the tmpfs at {point}: it is gone after every boot.")
        }
        Lies::InKernel(point) => {
            format!("{it} lies in {point}, which the kernel makes anew at every boot.")
        }
        Lies::Elsewhere(point, what) => format!(
            "{it} lies on {what}, mounted at {point}, which is no root: no boot touches that."
        ),
        Lies::Layered(point, what) => format!(
            "{it} lies on {what}, mounted at {point}, which keeps it elsewhere, perhaps on a root: run \
             `what-will-i-lose`."
        ),
        Lies::Unknown => format!("{it} lies on a file system that cannot be told."),
    })
}

fn left_behind(it: &str, other: &Unmounted) -> String {
    let Unmounted { mount, dataset, instead, line, .. } = other;
    let (instead, fate) = (escape(instead.as_bytes()), other.fate("it"));
    format!(
        "{it} lies on {instead}, and line {line} of the configuration declares {dataset} at {mount}: \
         {fate}."
    )
}
