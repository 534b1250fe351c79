//! Before a root is rolled back: what is declared and lies only there goes into the store.
//!
//! In: the old root and the stores, as one system. Out: what was done about every entry of which there
//! is something to say. The old root is only read. What this does not save is erased right after.

use super::accounts::Accounts;
use super::machine_id::Id;
use super::observe::{
    Against, Ends, Observation, holds_data, holds_nothing, is_kind, is_only_flag, observe,
};
use super::plan::chain::{self, Side};
use super::plan::machine_id::word_at_source;
use super::plan::{Refusal, Step};
use super::record::Memory;
use crate::config::{Config, Entry, Root};
use crate::path::HostPath;
use crate::sys::{Care, Copied, Look, Sys, SysError, Watch};

/// How the name ends under which the old root's data is kept where the store holds other data.
const BESIDE: &str = "from-old-root";

/// How many such names are tried. Whoever did not look at so many does not look at one more, and a
/// program that replaces a symlink by a file makes one in every boot.
const BESIDE_TRIES: usize = 50;

/// What was done about one entry.
#[derive(Debug)]
pub struct Rescued {
    /// The path as the host sees it.
    pub target: HostPath,
    /// Where in the store its data is now, or should be.
    pub to: HostPath,
    /// What was done.
    pub end: RescueEnd,
}

/// What was done about the data of an entry.
#[derive(Debug)]
pub enum RescueEnd {
    /// The store held nothing: the old root's data is the entry's now.
    Adopted(Copied),
    /// The store holds other data: the old root's lies beside it, and somebody has to choose.
    Beside(Copied),
    /// It could not be copied. The root must not be rolled back.
    Failed(String),
    /// There may be something, but not where it was declared; said, and no reason not to roll back:
    /// whoever owns a directory above it could otherwise keep the root from being erased for ever.
    NotLookedAt(String),
}

/// Looks at every entry whose innermost root is among `roots`, and copies into the store what lies
/// only on the old root. `sys` shows the old roots and the stores where the host has them.
pub fn rescue(
    sys: &mut dyn Sys,
    config: &Config,
    roots: &[&Root],
    accounts: &Accounts,
    watch: Watch<'_>,
) -> Vec<Rescued> {
    let is_on = |entry: &Entry| {
        let innermost = config.root_of(&entry.target);
        innermost.is_some_and(|innermost| roots.iter().any(|root| root.mount == innermost.mount))
    };
    let mut targets: Vec<HostPath> =
        config.entries().filter(|(_, e)| is_on(e)).map(|(_, e)| e.target.clone()).collect();
    targets.sort_unstable();
    let mut ends: Vec<Rescued> = Vec::new();
    for target in targets {
        // It lies in what has to be copied again: on its own it would stand where that has to go. The
        // root is not rolled back anyway.
        if failed_around(config, &target, &ends) {
            continue;
        }
        // One after the other: what an entry adopts may hold the source of one inside it.
        let scene = observe(sys, config, &[], &Memory::default(), &|e| e.target == target);
        ends.extend(scene.entries.iter().filter_map(|seen| one(sys, seen, accounts, watch)));
    }
    ends
}

/// Whether an entry of the same store around `target` could not be copied.
fn failed_around(config: &Config, target: &HostPath, ends: &[Rescued]) -> bool {
    let store_of = |target: &HostPath| {
        config.entries().find(|(_, entry)| entry.target == *target).map(|(store, _)| &store.path)
    };
    ends.iter().any(|outer| {
        matches!(outer.end, RescueEnd::Failed(_))
            && target.is_below(&outer.target)
            && store_of(target) == store_of(&outer.target)
    })
}

fn one(
    sys: &mut dyn Sys,
    seen: &Observation,
    accounts: &Accounts,
    watch: Watch<'_>,
) -> Option<Rescued> {
    let rescued = |to: HostPath, end| Rescued { target: seen.entry.target.clone(), to, end };
    let here = |end| Some(rescued(seen.source.clone(), end));
    let ends = match &seen.ends {
        Ok(ends) => ends,
        Err(why) => return here(RescueEnd::Failed(why.clone())),
    };
    match &ends.at_target {
        Look::Blocked(blocker) => return here(blocked(ends, blocker)),
        Look::Special(word) => {
            return here(RescueEnd::NotLookedAt(format!("it is a {word}")));
        }
        Look::Symlink(text) if text != seen.source.as_bytes() => {
            let to = crate::path::escape(text);
            return here(RescueEnd::NotLookedAt(format!("it is a symlink to {to}")));
        }
        // There is no machine id yet. The store has one, or gets a new one.
        _ if ends.machine_id.is_some_and(|ids| ids.at_target == Id::Unset) => return None,
        there if !holds_data(there) && !is_only_flag(&seen.entry, ends) => return None,
        _ => {}
    }
    if let Look::Blocked(blocker) = &ends.at_source {
        return here(blocked(ends, blocker));
    }
    let (to, is_beside) = match destination(sys, seen, ends) {
        Ok(Place::Source) => (seen.source.clone(), false),
        Ok(Place::Beside(path)) => (path, true),
        Ok(Place::Held) => return None,
        Ok(Place::Full) => {
            let why = format!(
                "{BESIDE_TRIES} copies of old data lie beside {} already, and one more is not made",
                seen.source
            );
            return here(RescueEnd::NotLookedAt(why));
        }
        Err(error) => return here(RescueEnd::Failed(error.to_string())),
    };
    Some(match copy(sys, seen, ends, &to, accounts, watch) {
        Ok(copied) if is_beside => rescued(to, RescueEnd::Beside(copied)),
        Ok(copied) => rescued(to, RescueEnd::Adopted(copied)),
        Err(why) => rescued(to, RescueEnd::Failed(why)),
    })
}

/// Something is not followed, on the way to the target or the source. Where only root can have put it
/// there, what lies behind it may well be what was declared, and is not erased. Whoever else owns a
/// directory above could keep the root from ever being erased.
fn blocked(ends: &Ends, blocker: &HostPath) -> RescueEnd {
    let is_roots = |look: &Look| match look {
        Look::Directory(seen) => seen.meta.uid == 0 && seen.meta.mode & 0o022 == 0,
        _ => true,
    };
    let only_root = ends.parents.iter().all(|p| is_roots(&p.at_target) && is_roots(&p.at_source));
    let why = Refusal::Blocked { blocker: blocker.clone() }.to_string();
    if only_root { RescueEnd::Failed(why) } else { RescueEnd::NotLookedAt(why) }
}

/// Where the data of an old root goes.
enum Place {
    /// To where the entry keeps it.
    Source,
    /// Beside that, because the store holds other data.
    Beside(HostPath),
    /// Nowhere: the store has it.
    Held,
    /// Nowhere: nobody looked at what lies beside for too long.
    Full,
}

fn destination(sys: &dyn Sys, seen: &Observation, ends: &Ends) -> Result<Place, SysError> {
    let is_right_kind = is_kind(&ends.at_target, seen.entry.kind);
    let is_free = match &ends.at_source {
        Look::Absent => true,
        there => is_kind(there, seen.entry.kind) && holds_nothing(ends),
    };
    if is_right_kind && is_free {
        return Ok(Place::Source);
    }
    // Compared already while it was observed.
    if ends.data.as_ref().is_some_and(|data| data.source == Against::Same) {
        return Ok(Place::Held);
    }
    let differs =
        |other: &HostPath| Ok(sys.compare(&seen.entry.target, other, Care::EveryByte)?.is_some());
    for number in 1..=BESIDE_TRIES {
        let Some(path) = beside(&seen.source, number) else { continue };
        match sys.look(&path)? {
            Look::Absent => return Ok(Place::Beside(path)),
            Look::Directory(_) | Look::File(_) if !differs(&path)? => return Ok(Place::Held),
            _ => {}
        }
    }
    Ok(Place::Full)
}

/// `/persist/etc/x` and 1: `/persist/etc/x.from-old-root`; and 2: `/persist/etc/x.from-old-root-2`.
fn beside(source: &HostPath, number: usize) -> Option<HostPath> {
    let suffix = if number == 1 { format!(".{BESIDE}") } else { format!(".{BESIDE}-{number}") };
    HostPath::new(&[source.as_bytes(), suffix.as_bytes()].concat()).ok()
}

fn copy(
    sys: &mut dyn Sys,
    seen: &Observation,
    ends: &Ends,
    to: &HostPath,
    accounts: &Accounts,
    watch: Watch<'_>,
) -> Result<Copied, String> {
    let mut steps = Vec::new();
    chain::make(&seen.entry, &ends.parents, accounts, Side::Store, &mut steps)
        .map_err(|refusal| refusal.to_string())?;
    for step in &steps {
        if let Step::MakeDirectory { path, meta, .. } = step {
            sys.make_dir(path, *meta).map_err(|error| error.to_string())?;
        }
    }
    let copied = sys.stage(&seen.entry.target, to, watch).map_err(|error| error.to_string())?;
    // What lies beside the source is none of this.
    let word = word_at_source(ends).filter(|_| *to == seen.source);
    let cleared = word.map_or(Ok(None), |(shows, place)| sys.set_aside(to, shows, &place));
    match cleared.and_then(|_| sys.publish(to)) {
        Ok(()) => Ok(copied),
        Err(error) => {
            let also = sys.discard(to).err().map(|also| format!("; {also}")).unwrap_or_default();
            Err(format!("{error}{also}"))
        }
    }
}
