//! The status for people: what is off first, each with its cure, then one line that sums it up. Pure.
//!
//! On a terminal lines are broken between words; otherwise each thing is one line. No name is cut, and
//! none reaches the terminal unescaped.

use std::fmt::Write as _;

use super::Now;
use crate::human::{count, size};
use crate::path::{HostPath, escape};
use crate::persist::paste::shell;
use crate::persist::state::State;
use crate::persist::strays::{Amount, Stray, sum};
use crate::persist::tell::and_waiting;
use crate::rollback::adoption::{Found, Way};

/// How many strays are listed where not all are asked for.
const STRAYS: usize = 10;

/// Returns the status as text, for a terminal of `width` columns or for none.
#[must_use]
pub fn render(now: &Now, width: Option<usize>, all_strays: bool) -> String {
    let mut text = String::new();
    for line in problems(now) {
        push(&mut text, &line, width);
    }
    let mut text = receipt(now, None, width) + &text;
    if now.same_config == Some(false) {
        push(&mut text, "the initrd read another configuration than the host has now", width);
    }
    if let Some(line) = summary(now) {
        push(&mut text, &line, width);
    }
    let notes = waiting(now).chain(now.aside.iter().map(aside)).chain(now.notes.iter().cloned());
    let notes: Vec<String> = notes.collect();
    if !notes.is_empty() {
        text.push('\n');
    }
    for line in notes {
        push(&mut text, &format!("note: {line}"), width);
    }
    strays(&mut text, &now.strays.strays, all_strays);
    if text.is_empty() {
        text.push_str("nothing is declared, and nothing was done\n");
    }
    text
}

/// What the steps of the boot wrote down; `said` is a reason that is told without this.
#[must_use]
pub fn receipt(now: &Now, said: Option<&str>, width: Option<usize>) -> String {
    let mut lines = Vec::new();
    let boot = now.boot.as_ref().and_then(|boot| boot.trouble.as_deref());
    let persist = now.persist.as_ref().and_then(|record| record.trouble.as_deref());
    let not_placed = persist.filter(|_| persist != boot);
    if let Some(trouble) = boot {
        let what = if persist == boot { "rolled back or put in place" } else { "rolled back" };
        lines.extend(not_done(what, trouble, said));
    }
    for root in now.boot.iter().flat_map(|boot| &boot.roots) {
        lines.push(root.sentence());
        lines.extend(root.adopted.iter().map(|found| format!("  {}", adopted(found))));
    }
    // Where nothing could be tried, that was said once for all of them.
    for dataset in now.roots_not_tried.iter().filter(|_| boot.is_none()) {
        lines.push(format!("{dataset} NOT rolled back: the initrd did not try"));
    }
    if let Some(trouble) = not_placed {
        lines.extend(not_done("put in place", trouble, said));
    }
    let mut text = String::new();
    for line in &lines {
        push(&mut text, line, width);
    }
    text
}

/// Why nothing was done. The initrd of an older version wrote the reason down without its cure.
fn not_done(what: &str, trouble: &str, said: Option<&str>) -> Vec<String> {
    if said.is_some_and(|said| said.starts_with(trouble)) {
        return vec![format!(
            "nothing was {what}: the initrd could not use the configuration either"
        )];
    }
    trouble.lines().map(|line| format!("nothing was {what}: {line}")).collect()
}

fn adopted(found: &Found) -> String {
    let (target, to) = (escape(found.target.as_bytes()), escape(found.to.as_bytes()));
    let reason = found.reason.iter().map(|why| format!(": {}", escape(why.as_bytes())));
    let reason: String = reason.collect();
    match found.how {
        Way::Adopted => format!("{target} went to {to}, {}", amount(found.bytes, found.files)),
        Way::Beside => format!("{target} differed from the store, and went to {to}{reason}"),
        Way::NotLookedAt => format!("{target} was not looked at{reason}"),
    }
}

/// One line for each thing that is off.
fn problems(now: &Now) -> Vec<String> {
    let mut lines = Vec::new();
    for other in &now.unmounted {
        let sentence = escape(other.sentence().as_bytes());
        lines.push(format!("not-mounted {}: {sentence}", other.dataset));
    }
    for store in &now.stores {
        let kept = now.entries.declared.iter().filter(|entry| entry.seen.store == store.path);
        let kept = kept.count();
        lines.push(format!("{}; none of its {kept} entries can be used", store.problem));
    }
    let is_told = |store: &HostPath| now.stores.iter().any(|bad| bad.path == *store);
    for entry in now.entries.declared.iter().filter(|entry| !is_told(&entry.seen.store)) {
        if !entry.status.state.is_fine() {
            let (word, target) = (entry.status.state.word(), &entry.seen.entry.target);
            lines.push(format!("{word} {target}: {}", entry.status.sentence));
        }
    }
    for (placed, sentence) in &now.entries.undeclared {
        lines.push(format!("undeclared {}: {sentence}", placed.target));
    }
    for (path, mode) in &now.open {
        let command = shell(path.as_bytes());
        lines.push(format!(
            "wrong-mode {path}: others may enter it, mode {mode:04o}; run `chmod 0700 {command}`"
        ));
    }
    for conflict in &now.strays.conflicts {
        let Stray { path, amount: Amount { bytes, files }, .. } = &conflict.stray;
        lines.push(format!(
            "conflict {}: the old root had other data, it lies at {path}, {}; compare the two, keep one",
            conflict.source,
            amount(*bytes, *files)
        ));
    }
    let gaps = now.strays.gaps.iter();
    lines.extend(gaps.map(|gap| format!("unseen {}: {}", gap.path, escape(gap.error.as_bytes()))));
    lines
}

fn summary(now: &Now) -> Option<String> {
    let entries = &now.entries.declared;
    if entries.is_empty() {
        return None;
    }
    let number = |wanted: &[State]| {
        entries.iter().filter(|entry| wanted.contains(&entry.status.state)).count()
    };
    let good = number(&[State::InPlace, State::Shadowed, State::WrongMode]);
    let unseen = match number(&[State::Unseen]) {
        0 => String::new(),
        unseen => format!(", {unseen} could not be looked at"),
    };
    let waiting = and_waiting(number(&[State::Waiting]));
    Some(format!("{good} of {} entries are in place{waiting}{unseen}", entries.len()))
}

/// What waits is not off, and whoever looks for it wants to know why it is not there.
fn waiting(now: &Now) -> impl Iterator<Item = String> {
    let waiting = now.entries.declared.iter().filter(|one| one.status.state == State::Waiting);
    waiting.map(|one| format!("{} waits: {}", one.seen.entry.target, one.status.sentence))
}

fn aside(aside: &super::Aside) -> String {
    let (path, target) = (&aside.path, escape(aside.target.as_bytes()));
    let fate = if aside.is_erased {
        "the next boot erases it"
    } else {
        "remove it when you are sure that nothing is missing"
    };
    format!("{path} is what lay at {target} before it was copied into the store; {fate}")
}

fn strays(text: &mut String, strays: &[Stray], all: bool) {
    if strays.is_empty() {
        return;
    }
    let total = sum(strays);
    let _ = writeln!(
        text,
        "\nIn the stores, and not declared: {} (nothing removes it)",
        amount(total.bytes, total.files)
    );
    // A list that leaves out only one line would not be shorter.
    let shown = if all || strays.len() <= STRAYS + 1 { strays.len() } else { STRAYS };
    for stray in strays.iter().take(shown) {
        let slash = if stray.is_directory { "/" } else { "" };
        let _ = writeln!(text, "{:>10}  {}{slash}", size(stray.amount.bytes), stray.path);
    }
    if let Some(rest) = strays.get(shown..).filter(|rest| !rest.is_empty()) {
        let more = size(sum(rest).bytes);
        let _ = writeln!(text, "  … and {} more, {more}; --strays lists all", rest.len());
    }
}

/// "12 files, 3.4 MiB".
fn amount(bytes: u64, files: u64) -> String {
    let noun = if files == 1 { "file" } else { "files" };
    format!("{} {noun}, {}", count(files), size(bytes))
}

/// Adds a line; on a terminal broken between words where it is too long, never within a command, and
/// set in from there on.
pub fn push(text: &mut String, line: &str, width: Option<usize>) {
    wrap(text, line, width, "    ");
}

/// The same with what stands in front of every line but the first.
pub fn wrap(text: &mut String, line: &str, width: Option<usize>, front: &str) {
    let Some(width) = width else {
        let _ = writeln!(text, "{line}");
        return;
    };
    let first = line.len() - line.trim_start_matches(' ').len();
    let (indent, line) = line.split_at(first);
    text.push_str(indent);
    let mut column = first;
    for (at, word) in words(line).into_iter().enumerate() {
        let length = word.chars().count();
        if at > 0 && column + 1 + length > width {
            text.push('\n');
            text.push_str(front);
            column = front.len();
        } else if at > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
    }
    text.push('\n');
}

/// The words of a line; what stands between backticks is one.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut is_command) = (0, false);
    for (at, c) in line.char_indices() {
        match c {
            '`' => is_command = !is_command,
            ' ' if !is_command => {
                words.extend(line.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    words.extend(line.get(start..));
    words
}
