//! The reverse of adopting: takes data back out of the store, onto the root.
//!
//! The store's copy is not touched: what lies on a root is erased at the next boot.

use std::collections::BTreeSet;

use super::accounts::Accounts;
use super::apply::{Run, Turn};
use super::observe::{Parent, holds_data, is_same};
use super::plan::chain::{self, Side};
use super::plan::{EntryPlan, Refusal, Step, Then};
use crate::config::{Config, Entry, How, Kind};
use crate::path::HostPath;
use crate::sys::{Look, Sys, SysError, Watch};

/// What lies at both ends of a path that is to be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ends {
    /// What lies in the store.
    pub at_source: Look,
    /// What lies at the path.
    pub at_target: Look,
    /// The directories above it.
    pub parents: Vec<Parent>,
}

/// Takes `target`, which is not declared, out of place, and copies `source` to it.
///
/// # Errors
/// It cannot be told what lies there.
pub(super) fn forget(
    sys: &mut dyn Sys,
    config: &Config,
    target: &HostPath,
    source: &HostPath,
    watch: Watch<'_>,
) -> Result<Turn, SysError> {
    debug_assert!(config.entries().all(|(_, entry)| entry.target != *target));
    let mut run = Run { sys, watch, made: BTreeSet::new(), looked: Vec::new() };
    let mut first = plan(target, source, &look(run.sys, target, source)?);
    // Asked before the path is taken away: who has it open goes on using it.
    if first.steps.is_ok()
        && let Some(why) = in_use(run.sys, source)?
    {
        (first.steps, first.then) = (Err(Refusal::Unseen { why }), Then::End);
    }
    let looks_again = first.then == Then::LookAgain;
    let mut turn = run.apply(first);
    if !looks_again || !turn.outcome.is_good() {
        return Ok(turn);
    }
    let second = plan(target, source, &look(run.sys, target, source)?);
    turn.go_on(run.apply(second));
    Ok(turn)
}

fn in_use(sys: &dyn Sys, source: &HostPath) -> Result<Option<String>, SysError> {
    let writers = sys.writers(source)?;
    Ok(writers.first().map(|first| {
        let command = crate::path::escape(first.command.as_bytes());
        let path = &first.path;
        format!("{path} is in use by {command} (pid {}); stop that and try again", first.pid)
    }))
}

fn look(sys: &dyn Sys, target: &HostPath, source: &HostPath) -> Result<Ends, SysError> {
    // The store is what is left of the source without the target.
    let store_of = |path: &HostPath| {
        let cut = source.as_bytes().len().checked_sub(target.as_bytes().len());
        let store = cut.and_then(|cut| source.as_bytes().get(..cut)).unwrap_or_default();
        let store = HostPath::new(store).unwrap_or_else(|_| HostPath::root());
        path.below(&store)
    };
    let parent = |path: HostPath| {
        let source = store_of(&path);
        let (at_target, at_source) = (sys.look(&path)?, sys.look(&source)?);
        Ok(Parent {
            path,
            at_target,
            source,
            at_source,
            is_entry: false,
            is_target_unfinished: false,
            is_source_unfinished: false,
        })
    };
    let parents = target.ancestors().into_iter().map(parent).collect::<Result<_, SysError>>()?;
    Ok(Ends { at_source: sys.look(source)?, at_target: sys.look(target)?, parents })
}

/// Plans to forget a path: pure.
#[must_use]
pub fn plan(target: &HostPath, source: &HostPath, ends: &Ends) -> EntryPlan {
    let how = match ends.at_target {
        Look::Symlink(_) => How::Symlink,
        _ => How::Bind,
    };
    let (steps, then) = match steps(target, source, ends) {
        Ok((steps, then)) => (Ok(steps), then),
        Err(refusal) => (Err(refusal), Then::End),
    };
    let (target, source) = (target.clone(), source.clone());
    EntryPlan { target, source, how, is_declared: false, steps, then }
}

fn steps(target: &HostPath, source: &HostPath, ends: &Ends) -> Result<(Vec<Step>, Then), Refusal> {
    let kind = match &ends.at_source {
        Look::Directory(_) => Kind::Directory,
        Look::File(_) => Kind::File,
        _ => {
            let why = format!("{source} holds no directory or file; there is nothing to take back");
            return Err(Refusal::Unseen { why });
        }
    };
    match &ends.at_target {
        Look::Symlink(text) if text == source.as_bytes() => {
            let (target, to) = (target.clone(), source.clone());
            return Ok((vec![Step::Unlink { target, to }], Then::LookAgain));
        }
        Look::Directory(there) | Look::File(there) if there.is_mount => {
            if !is_same(&ends.at_target, &ends.at_source) {
                return Err(Refusal::OtherMount { target: target.clone() });
            }
            let (target, shows) = (target.clone(), there.id);
            return Ok((vec![Step::Unbind { target, shows }], Then::LookAgain));
        }
        Look::Absent => {}
        Look::Blocked(blocker) => return Err(Refusal::Blocked { blocker: blocker.clone() }),
        there @ (Look::Directory(_) | Look::File(_)) if !holds_data(there) => {}
        _ => {
            let why = format!("{target} holds data already; move it away and try again");
            return Err(Refusal::Unseen { why });
        }
    }
    let entry = Entry {
        target: target.clone(),
        kind,
        how: How::Bind,
        user: None,
        group: None,
        mode: None,
        because: None,
        line: 0,
    };
    let mut steps = Vec::new();
    chain::make(&entry, &ends.parents, &Accounts::default(), Side::Target, &mut steps)?;
    steps.push(Step::Adopt { from: source.clone(), to: target.clone() });
    Ok((steps, Then::End))
}
