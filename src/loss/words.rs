//! What reports call things. Pure.

use super::{Gap, Keeper, Maker, Owner, Tally, Verdict};
use crate::human;
use crate::path::{HostPath, escape};

/// The word for a verdict.
#[must_use]
pub fn verdict(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Kept(_) => "kept",
        Verdict::Recreated(_) => "recreated",
        Verdict::Accepted(_) => "accepted",
        Verdict::Lost(_) => "lost",
    }
}

/// What makes something again, as the rest of the sentence "made again by".
#[must_use]
pub fn maker(maker: &Maker) -> String {
    match maker {
        Maker::Etc => "the system's own /etc, which holds the same".to_owned(),
        Maker::Tmpfiles(file) => format!("a rule in {}", escape(file.as_bytes())),
        Maker::Unit(unit, setting) => format!("{setting} of {}", escape(unit.as_bytes())),
        Maker::Boot(what) => (*what).to_owned(),
        Maker::HomeManager(user) => format!("home-manager, for {}", escape(user.as_bytes())),
    }
}

/// Whose something is, as a heading.
#[must_use]
pub fn owner(owner: &Owner) -> String {
    match owner {
        Owner::Unit(name) => escape(name.as_bytes()),
        Owner::Preset(name) => format!("preset {}", escape(name.as_bytes())),
        Owner::Home(name) => format!("{}'s home", escape(name.as_bytes())),
        Owner::Tmpfiles(file) => format!("made by tmpfiles.d, {}", escape(file.as_bytes())),
        Owner::Unknown => "not claimed by anything".to_owned(),
    }
}

/// What keeps something, as a heading.
#[must_use]
pub fn keeper(keeper: &Keeper) -> &'static str {
    match keeper {
        Keeper::Entry(_) => "kept: the entry is put in place there",
        Keeper::Mount => "kept: something is mounted there again",
        Keeper::Parent => "kept: made again on the way to what is kept",
        Keeper::Adopted(_) => "kept: declared, and copied into the store before the rollback",
    }
}

/// A number with its noun; nothing for none.
#[must_use]
pub fn noun(count: u64, one: &str, many: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{} {many}", human::count(count))),
    }
}

/// Numbers as words: `3 files (12 KiB), 1 directory`.
#[must_use]
pub fn tally(tally: &Tally) -> String {
    let files =
        noun(tally.files, "file", "files").map(|f| format!("{f} ({})", human::size(tally.bytes)));
    let parts = [
        files,
        noun(tally.directories, "directory", "directories"),
        noun(tally.metadata, "change of owner or mode", "changes of owner or mode"),
        noun(tally.removed, "removal", "removals"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}

/// What the cause of every gap says that only lacks a privilege.
const DENIED: &str = "Permission denied (os error 13)";

/// How the gap of a blank begins that could not be opened: it is no place of the root.
const BLANK: (&str, &str) = ("cannot read the snapshot ", ", so everything counts as added: ");

/// How a gap begins that is about the next boot, and about no place of the root.
const DOUBTS: [&str; 3] = [
    "this report is of what is mounted now: ",
    "the next boot ",
    "cannot tell whether the next boot ",
];

/// The gaps of a report, by what can be done.
#[derive(Debug, Default)]
pub(super) struct Gaps<'g> {
    /// Why the blank could not be opened.
    pub(super) blank: Vec<&'g str>,
    /// Why the next boot may do something else than the report says.
    pub(super) doubts: Vec<&'g str>,
    /// Whoever runs the report may not read these.
    pub(super) denied: Vec<&'g HostPath>,
    /// Everything else, and what is denied where it is alone.
    pub(super) others: Vec<&'g Gap>,
    /// Whether a privilege would have helped.
    pub(super) is_denied: bool,
}

impl<'g> Gaps<'g> {
    /// Sorts them.
    pub(super) fn new(gaps: &'g [Gap]) -> Self {
        let mut sorted = Self::default();
        let is_denied = |gap: &&Gap| is_denied(gap);
        let count = gaps.iter().filter(is_denied).count();
        sorted.is_denied = count > 0;
        for gap in gaps {
            if let Some(cause) = blank_problem(gap) {
                sorted.blank.push(cause);
            } else if is_doubt(gap) {
                sorted.doubts.push(&gap.error);
            } else if count > 1 && is_denied(&gap) {
                sorted.denied.push(&gap.path);
            } else {
                sorted.others.push(gap);
            }
        }
        // A place that lies in the root and in the blank is denied twice.
        sorted.denied.sort_unstable();
        sorted.denied.dedup();
        sorted
    }
}

/// Why the blank could not be opened, where that is what the gap is about.
pub(super) fn blank_problem(gap: &Gap) -> Option<&str> {
    let cause = gap.error.strip_prefix(BLANK.0).filter(|_| gap.path.is_root())?;
    cause.split_once(BLANK.1).map(|(_, cause)| cause)
}

fn is_doubt(gap: &Gap) -> bool {
    gap.path.is_root() && DOUBTS.iter().any(|front| gap.error.starts_with(front))
}

fn is_denied(gap: &Gap) -> bool {
    gap.error.ends_with(DENIED)
}

/// Why nothing can be said of what lies in a place, with the cure.
#[must_use]
pub(super) fn unread(gap: &Gap) -> String {
    if is_denied(gap) {
        "could not be read; run as root".to_owned()
    } else {
        format!("could not be read: {}", gap.error)
    }
}
