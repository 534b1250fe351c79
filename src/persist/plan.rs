//! What has to be done to put every entry in place: pure, and without a step that removes data.
//!
//! In: what was observed. Out: steps, parents first, and a refusal for every entry that will not be
//! touched, with the reason. Equal observations give equal plans.

use std::collections::BTreeSet;
use std::fmt;

use super::observe::{Ends, Observation, Parent};
use crate::config::{Entry, How, Kind};
use crate::path::HostPath;
use crate::sys::{Look, Meta, Seen};

/// One action on the system. There is none that removes, moves or overwrites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Makes a directory, above a target or as the place to mount on.
    MakeDirectory {
        /// Where.
        path: HostPath,
        /// Its owner and mode.
        meta: Meta,
    },
    /// Makes an empty file as the place to mount on.
    MakeFile {
        /// Where.
        path: HostPath,
        /// Its owner and mode.
        meta: Meta,
    },
    /// Mounts the source on the target.
    Bind {
        /// The path in the store.
        source: HostPath,
        /// The path as the host sees it.
        target: HostPath,
    },
    /// Makes the target a symlink to the source.
    Symlink {
        /// The path as the host sees it.
        target: HostPath,
        /// The path in the store.
        source: HostPath,
    },
}

/// What is to be done for one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPlan {
    /// The entry.
    pub entry: Entry,
    /// What lies in the store.
    pub source: HostPath,
    /// The steps in their order, none when it is in place; or why it is not touched.
    pub steps: Result<Vec<Step>, Refusal>,
}

/// Why an entry is not touched, and the cure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant is explained by its sentence")]
pub enum Refusal {
    #[error("{source_path} does not exist; create it, a {kind}, and try again")]
    SourceMissing { source_path: HostPath, kind: Kind },
    #[error("{source_path} is a {found}, not a {kind}; mend kind in line {line}, or move it away")]
    SourceIsOther { source_path: HostPath, found: String, kind: Kind, line: usize },
    #[error(
        "{blocker} is a symlink or no directory, and is not followed; declare the path that it leads to"
    )]
    Blocked { blocker: HostPath },
    #[error(
        "{target} holds data that {source_path} would hide; compare the two, keep one, and try again"
    )]
    WouldHide { target: HostPath, source_path: HostPath },
    #[error("{target} is a {found} and stands in the way; move it away and try again")]
    InTheWay { target: HostPath, found: String },
    #[error(
        "{target} is a symlink to {to}, not to {source_path}; remove the symlink and try again"
    )]
    OtherLink { target: HostPath, to: String, source_path: HostPath },
    #[error("something else is mounted on {target}; unmount it and try again")]
    OtherMount { target: HostPath },
    #[error("{why}")]
    Unseen { why: String },
    #[error(
        "it lies inside the entry {outer}, which blankslate does not handle yet; drop one of the two"
    )]
    Nested { outer: HostPath },
}

/// Plans every entry. `observations` are in the order of their targets, as `observe` gives them.
#[must_use]
pub fn plan(observations: &[Observation]) -> Vec<EntryPlan> {
    let mut made = BTreeSet::new();
    let mut plans: Vec<EntryPlan> = Vec::new();
    for seen in observations {
        let outer = plans.iter().find(|plan| seen.entry.target.is_below(&plan.entry.target));
        let steps = match outer {
            Some(outer) => Err(Refusal::Nested { outer: outer.entry.target.clone() }),
            None => match &seen.ends {
                Ok(ends) => plan_one(seen, ends, &mut made),
                Err(why) => Err(Refusal::Unseen { why: why.clone() }),
            },
        };
        plans.push(EntryPlan { entry: seen.entry.clone(), source: seen.source.clone(), steps });
    }
    plans
}

/// `made` holds the directories that earlier entries' steps will have made.
fn plan_one(
    seen: &Observation,
    ends: &Ends,
    made: &mut BTreeSet<HostPath>,
) -> Result<Vec<Step>, Refusal> {
    let source = check_source(seen, ends)?;
    if is_in_place(seen, ends, source)? {
        return Ok(Vec::new());
    }
    let mut steps = parents(&ends.parents, source.meta, made)?;
    let (target, source_path) = (seen.entry.target.clone(), seen.source.clone());
    match seen.entry.how {
        How::Symlink => steps.push(Step::Symlink { target, source: source_path }),
        How::Bind => {
            if ends.at_target == Look::Absent {
                steps.push(place_to_mount_on(seen.entry.kind, &target, source.meta));
            }
            steps.push(Step::Bind { source: source_path, target });
        }
    }
    Ok(steps)
}

/// The mount hides it. It still gets the source's owner and mode: should the mount ever be missing,
/// nobody can read or write more than with it.
fn place_to_mount_on(kind: Kind, target: &HostPath, meta: Meta) -> Step {
    let path = target.clone();
    match kind {
        Kind::Directory => Step::MakeDirectory { path, meta },
        Kind::File => Step::MakeFile { path, meta },
    }
}

fn check_source(seen: &Observation, ends: &Ends) -> Result<Seen, Refusal> {
    let (kind, source_path) = (seen.entry.kind, seen.source.clone());
    let found = match (&ends.at_source, kind) {
        (Look::Directory(source), Kind::Directory) | (Look::File(source), Kind::File) => {
            return Ok(*source);
        }
        (Look::Absent, _) => return Err(Refusal::SourceMissing { source_path, kind }),
        (Look::Blocked(blocker), _) => return Err(Refusal::Blocked { blocker: blocker.clone() }),
        (other, _) => Word(other).to_string(),
    };
    Err(Refusal::SourceIsOther { source_path, found, kind, line: seen.entry.line })
}

/// Whether nothing has to be done; refuses where something stands in the way.
fn is_in_place(seen: &Observation, ends: &Ends, source: Seen) -> Result<bool, Refusal> {
    let (target, source_path) = (seen.entry.target.clone(), seen.source.clone());
    let found = match (&ends.at_target, seen.entry.how, seen.entry.kind) {
        (Look::Absent, _, _) => return Ok(false),
        (Look::Blocked(blocker), _, _) => {
            return Err(Refusal::Blocked { blocker: blocker.clone() });
        }
        (Look::Symlink(to), How::Symlink, _) => {
            if to.as_slice() == source_path.as_bytes() {
                return Ok(true);
            }
            let to = crate::path::escape(to);
            return Err(Refusal::OtherLink { target, to, source_path });
        }
        (Look::Directory(there), How::Bind, Kind::Directory)
        | (Look::File(there), How::Bind, Kind::File) => {
            if there.is_mount {
                let right = there.id == source.id;
                return if right { Ok(true) } else { Err(Refusal::OtherMount { target }) };
            }
            if there.is_empty {
                return Ok(false);
            }
            return Err(Refusal::WouldHide { target, source_path });
        }
        (other, _, _) => Word(other).to_string(),
    };
    Err(Refusal::InTheWay { target, found })
}

/// Steps for the directories above a target that are missing, with the owner and mode of the same
/// directory in the store.
fn parents(
    parents: &[Parent],
    innermost: Meta,
    made: &mut BTreeSet<HostPath>,
) -> Result<Vec<Step>, Refusal> {
    let mut steps = Vec::new();
    for parent in parents {
        match (&parent.at_target, &parent.at_source) {
            (Look::Directory(_), _) => {}
            (Look::Absent, _) if made.contains(&parent.path) => {}
            (Look::Absent, Look::Directory(pattern)) => {
                made.insert(parent.path.clone());
                steps.push(Step::MakeDirectory { path: parent.path.clone(), meta: pattern.meta });
            }
            (Look::Absent, _) => {
                // The source exists, so the store has this directory; should it vanish meanwhile,
                // nobody but root can enter what is made here.
                let meta = Meta { mode: 0o700, ..innermost };
                steps.push(Step::MakeDirectory { path: parent.path.clone(), meta });
            }
            _ => return Err(Refusal::Blocked { blocker: parent.path.clone() }),
        }
    }
    Ok(steps)
}

/// The word for what lies somewhere.
struct Word<'l>(&'l Look);

impl fmt::Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Look::Absent => "nothing",
            Look::Directory(_) => "directory",
            Look::File(_) => "file",
            Look::Symlink(_) => "symlink",
            Look::Special(word) => word,
            Look::Blocked(_) => "path through a symlink",
        })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MakeDirectory { path, meta } => write!(f, "make the directory {path}, {meta}"),
            Self::MakeFile { path, meta } => write!(f, "make the file {path}, {meta}"),
            Self::Bind { source, target } => write!(f, "bind {source} on {target}"),
            Self::Symlink { target, source } => write!(f, "link {target} to {source}"),
        }
    }
}

impl fmt::Display for Meta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "owner {}:{}, mode {:04o}", self.uid, self.gid, self.mode)
    }
}
