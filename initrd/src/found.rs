//! What was found on old roots, as sentences and for the receipt. Pure but for [`tell`].

use blankslate::config::{Config, Root};
use blankslate::human::{count, size};
use blankslate::persist::rescue::{RescueEnd, Rescued};
use blankslate::rollback::adoption::{Found, Searched, Way};
use blankslate::sys::record::Level;
use blankslate::sys::{Copied, Progress};

use crate::log::announce;

/// What the search on every one of `roots` came to.
pub fn searched(config: &Config, roots: &[&Root], rescued: &[Rescued]) -> Vec<Searched> {
    let one = |root: &&Root| {
        let on =
            |one: &&Rescued| config.root_of(&one.target).is_some_and(|on| on.mount == root.mount);
        let here: Vec<&Rescued> = rescued.iter().filter(on).collect();
        let found = here.iter().filter_map(|one| found(one)).collect();
        Searched { failure: failure(&here), ..Searched::of(&root.dataset, found) }
    };
    roots.iter().map(one).collect()
}

fn found(one: &Rescued) -> Option<Found> {
    let (how, copied, reason) = match &one.end {
        RescueEnd::Adopted(copied) => (Way::Adopted, copied.clone(), None),
        RescueEnd::Beside(copied) => (Way::Beside, copied.clone(), Some(COMPARE.to_owned())),
        RescueEnd::NotLookedAt(why) => (Way::NotLookedAt, Copied::default(), Some(why.clone())),
        RescueEnd::Failed(_) => return None,
    };
    let reasons: Vec<String> = reason.into_iter().chain(copied.notes).collect();
    Some(Found {
        target: one.target.exact(),
        to: one.to.exact(),
        how,
        files: copied.total.things,
        bytes: copied.total.bytes,
        reason: (!reasons.is_empty()).then(|| reasons.join("; ")),
    })
}

/// What to do where both hold data.
const COMPARE: &str = "the store held other data; compare the two and keep one";

/// Why the root must not be rolled back. The sentence goes on with the way to do it all the same.
fn failure(here: &[&Rescued]) -> Option<String> {
    let mut failed = here.iter().filter_map(|one| match &one.end {
        RescueEnd::Failed(why) => Some((&one.target, why)),
        RescueEnd::Adopted(_) | RescueEnd::Beside(_) | RescueEnd::NotLookedAt(_) => None,
    });
    let (target, why) = failed.next()?;
    let more = match failed.count() {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    Some(format!("cannot adopt {target}{more}: {why}; mend that"))
}

/// Says on stderr and in the kernel log what became of every entry.
pub fn tell(rescued: &[Rescued]) {
    for one in rescued {
        let (level, sentence) = sentence(one);
        announce(level, &sentence);
        if let RescueEnd::Adopted(copied) | RescueEnd::Beside(copied) = &one.end {
            for note in &copied.notes {
                tracing::warn!("{}: {note}", one.target);
            }
        }
    }
}

fn sentence(one: &Rescued) -> (Level, String) {
    let Rescued { target, to, end } = one;
    match end {
        RescueEnd::Adopted(done) => {
            (Level::Notice, format!("adopted {target}: {}", copied(done.total)))
        }
        RescueEnd::Beside(done) => (
            Level::Warning,
            format!("copied {target} of the old root to {to}: {}; {COMPARE}", copied(done.total)),
        ),
        RescueEnd::Failed(why) => (Level::Error, format!("cannot adopt {target}: {why}")),
        RescueEnd::NotLookedAt(why) => {
            (Level::Warning, format!("did not look for data at {target}: {why}"))
        }
    }
}

/// How much was copied.
pub fn copied(progress: Progress) -> String {
    let word = if progress.things == 1 { "file" } else { "files" };
    format!("{} {word}, {}", count(progress.things), size(progress.bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        let text = "version = 1\n\
            root = [{ mount = '/', kind = 'zfs', dataset = 'r/root', snapshot = 'b' },\n\
            { mount = '/home', kind = 'zfs', dataset = 'r/home', snapshot = 'b' }]\n";
        Config::parse(text).unwrap()
    }

    fn one(target: &str, end: RescueEnd) -> Rescued {
        let to = format!("/persist{target}").parse().unwrap();
        Rescued { target: target.parse().unwrap(), to, end }
    }

    fn done(things: u64, bytes: u64) -> Copied {
        Copied { total: Progress { things, bytes }, ..Copied::default() }
    }

    #[test]
    fn what_was_found_belongs_to_the_innermost_root_and_a_failure_stops_only_that() {
        let config = config();
        let roots: Vec<&Root> = config.roots.iter().collect();
        let noted = Copied { notes: vec!["the flag x is lost".into()], ..done(1, 0) };
        let rescued = [
            one("/var/a", RescueEnd::Adopted(done(12, 3_500_000))),
            one("/home/b", RescueEnd::Failed("it is full".into())),
            one("/homes", RescueEnd::Beside(noted)),
            one("/home/c", RescueEnd::Failed("it is odd".into())),
            one("/home/d", RescueEnd::NotLookedAt("it is a fifo".into())),
        ];
        let [root, home] = searched(&config, &roots, &rescued).try_into().unwrap();
        let found = |target: &str, how, files, bytes, reason: Option<&str>| Found {
            target: target.into(),
            to: format!("/persist{target}"),
            how,
            files,
            bytes,
            reason: reason.map(str::to_owned),
        };
        let note = "the store held other data; compare the two and keep one; the flag x is lost";
        let first = found("/var/a", Way::Adopted, 12, 3_500_000, None);
        assert_eq!(root.found, [first, found("/homes", Way::Beside, 1, 0, Some(note))]);
        assert_eq!(root.failure, None);
        assert_eq!(home.found, [found("/home/d", Way::NotLookedAt, 0, 0, Some("it is a fifo"))]);
        let why = "cannot adopt /home/b, and 1 more: it is full; mend that";
        assert_eq!(home.failure.as_deref(), Some(why));
    }

    #[test]
    fn every_end_has_a_sentence() {
        let table = [
            (RescueEnd::Adopted(done(12, 3_500_000)), "adopted /a: 12 files, 3.3 MiB"),
            (
                RescueEnd::Beside(done(1, 5)),
                "copied /a of the old root to /persist/a: 1 file, 5 B; the store held other data; compare the two and keep one",
            ),
            (RescueEnd::Failed("no".into()), "cannot adopt /a: no"),
            (
                RescueEnd::NotLookedAt("/x is a symlink".into()),
                "did not look for data at /a: /x is a symlink",
            ),
        ];
        for (end, expected) in table {
            assert_eq!(sentence(&one("/a", end)).1, expected);
        }
    }
}
