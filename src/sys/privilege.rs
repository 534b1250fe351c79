//! What a command is allowed to do: which privilege it lacks, as a sentence, and giving up all others.

use std::collections::HashSet;

use caps::errors::CapsError;
use caps::{CapSet, Capability};

/// What a command needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// To put entries in place, or take them out.
    Place,
    /// To roll back. Before that it adopts.
    RollBack,
    /// To look at what others may not see; without it less is seen.
    Look,
}

/// Whether a command can do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    Essential,
    /// What fails without it fails with an error of its own.
    Wanted,
}

/// What is needed to place and to adopt, and what for.
const PLACE: &[(Capability, Weight)] = &[
    (Capability::CAP_SYS_ADMIN, Weight::Essential), // mounts, ZFS, trusted.* attributes
    (Capability::CAP_CHOWN, Weight::Essential),     // what is made gets its owner
    (Capability::CAP_DAC_OVERRIDE, Weight::Essential), // directories of users are written to
    (Capability::CAP_DAC_READ_SEARCH, Weight::Essential), // a file gets its name by its descriptor
    (Capability::CAP_FOWNER, Weight::Essential),    // modes and times of what users own
    (Capability::CAP_FSETID, Weight::Essential),    // else a set-group-ID bit is dropped in silence
    (Capability::CAP_SETFCAP, Weight::Wanted),      // programs with capabilities are copied
    (Capability::CAP_MKNOD, Weight::Wanted),        // devices are copied
    (Capability::CAP_LINUX_IMMUTABLE, Weight::Wanted), // chattr +i and +a are copied
    (Capability::CAP_SYS_PTRACE, Weight::Wanted),   // who has a file open
    (Capability::CAP_SYS_RESOURCE, Weight::Wanted), // a user's full quota does not stop an adoption
];

const LOOK: &[(Capability, Weight)] = &[
    (Capability::CAP_SYS_ADMIN, Weight::Wanted), // the root without what is mounted on it
    (Capability::CAP_DAC_READ_SEARCH, Weight::Wanted), // directories of users
    (Capability::CAP_FOWNER, Weight::Wanted),    // to leave no time of access
    (Capability::CAP_SYS_PTRACE, Weight::Wanted), // who has a file open
];

impl Need {
    fn capabilities(self) -> &'static [(Capability, Weight)] {
        match self {
            Self::Place | Self::RollBack => PLACE,
            Self::Look => LOOK,
        }
    }

    fn doing(self) -> &'static str {
        match self {
            Self::Place => "put entries in place",
            Self::RollBack => "roll back",
            Self::Look => "look",
        }
    }
}

/// Privileges that a command needs and does not have.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} without {missing}; run it as root")]
pub struct MissingPrivilege {
    doing: &'static str,
    missing: String,
}

/// Privileges that are not needed could not be given up.
#[derive(Debug, thiserror::Error)]
#[error("cannot drop privileges that are not needed: {0}")]
pub struct NotDropped(#[from] CapsError);

/// Checks that this process may do what a command needs.
///
/// # Errors
/// Names all that is missing and that it cannot do without.
pub fn require(need: Need) -> Result<(), MissingPrivilege> {
    let has = |cap| caps::has_cap(None, CapSet::Effective, cap).unwrap_or(false);
    let missing = missing(need, &has);
    if missing.is_empty() {
        return Ok(());
    }
    Err(MissingPrivilege { doing: need.doing(), missing: enumerate(&missing) })
}

fn missing(need: Need, has: &dyn Fn(Capability) -> bool) -> Vec<String> {
    let essential =
        |(cap, weight): &&(Capability, Weight)| *weight == Weight::Essential && !has(*cap);
    need.capabilities().iter().filter(essential).map(|(cap, _)| cap.to_string()).collect()
}

/// `A`, `A and B`, `A, B and C`.
fn enumerate(names: &[String]) -> String {
    match names {
        [most @ .., last] if !most.is_empty() => format!("{} and {last}", most.join(", ")),
        names => names.concat(),
    }
}

/// Gives up every privilege that a command does not need, for good. Only this thread does: it has to
/// be called before another one is started.
///
/// # Errors
/// Some of them could not be given up; the process still has these. Nothing is wrong with what it does
/// then, so a boot goes on.
pub fn drop_others(need: Need) -> Result<(), NotDropped> {
    let needed: HashSet<Capability> = need.capabilities().iter().map(|(cap, _)| *cap).collect();
    // First what takes a privilege itself: nothing that is given up now can be regained by exec.
    if caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP)? {
        for cap in caps::read(None, CapSet::Bounding)?.difference(&needed) {
            caps::drop(None, CapSet::Bounding, *cap)?;
        }
    }
    caps::clear(None, CapSet::Ambient)?;
    for set in [CapSet::Inheritable, CapSet::Effective, CapSet::Permitted] {
        let kept = match set {
            CapSet::Inheritable => HashSet::new(),
            _ => caps::read(None, set)?.intersection(&needed).copied().collect(),
        };
        caps::set(None, set, &kept)?;
    }
    Ok(())
}

/// Whether this process is root's; with which privileges is another question.
#[must_use]
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Checks what rolling back needs.
///
/// # Errors
/// Names what is missing.
pub fn require_for_rollback() -> Result<(), MissingPrivilege> {
    require(Need::RollBack)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_names_all_that_is_missing_and_essential() {
        let table: [(Need, &[Capability], &str); 5] = [
            (Need::Place, &[Capability::CAP_CHOWN], "CAP_CHOWN"),
            (
                Need::Place,
                &[Capability::CAP_CHOWN, Capability::CAP_SYS_ADMIN, Capability::CAP_MKNOD],
                "CAP_SYS_ADMIN and CAP_CHOWN",
            ),
            (
                Need::RollBack,
                &[Capability::CAP_CHOWN, Capability::CAP_SYS_ADMIN, Capability::CAP_FSETID],
                "CAP_SYS_ADMIN, CAP_CHOWN and CAP_FSETID",
            ),
            (Need::Place, &[Capability::CAP_MKNOD, Capability::CAP_SYS_PTRACE], ""),
            (Need::Look, &[Capability::CAP_SYS_ADMIN], ""),
        ];
        for (need, lacking, expected) in table {
            let names = missing(need, &|cap| !lacking.contains(&cap));
            assert_eq!(enumerate(&names), expected);
        }
        let error = MissingPrivilege { doing: Need::Place.doing(), missing: "CAP_CHOWN".into() };
        assert_eq!(
            error.to_string(),
            "cannot put entries in place without CAP_CHOWN; run it as root"
        );
    }

    #[test]
    fn what_is_not_needed_is_given_up_in_every_set() {
        // Privileges are a thread's own.
        let drop = || {
            drop_others(Need::Look).unwrap();
            let needed = [
                Capability::CAP_SYS_ADMIN,
                Capability::CAP_DAC_READ_SEARCH,
                Capability::CAP_FOWNER,
                Capability::CAP_SYS_PTRACE,
            ];
            for set in [CapSet::Effective, CapSet::Permitted] {
                let left = caps::read(None, set).unwrap();
                assert!(left.iter().all(|cap| needed.contains(cap)), "{left:?}");
            }
            for set in [CapSet::Inheritable, CapSet::Ambient] {
                assert!(caps::read(None, set).unwrap().is_empty());
            }
            drop_others(Need::Look).unwrap();
        };
        std::thread::spawn(drop).join().unwrap();
    }
}
