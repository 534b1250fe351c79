//! Compares what was said with what came true, in both directions. Pure.
//!
//! A path is *changed* when it is not on the root what it is in the blank, and *gone* when it is
//! changed and the next boot does not leave it as it was: type, owner, mode, content, attributes and
//! flags. A file that a program makes anew with other content is gone. Times do not count. What was
//! adopted is not gone: it lies in the store.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use crate::listing::{Listing, State};
use crate::plants::PLANTS;
use crate::report::{Paths, Said, Verdict};

/// All that was there to be known.
pub struct World {
    pub blank: Listing,
    /// The root at the moment of the prediction, without what is mounted on it.
    pub before: Listing,
    /// The same after the next boot.
    pub after: Listing,
    /// The store after the next boot, by the paths of the host.
    pub store: Listing,
    /// The state, cache and log directories of the host's units.
    pub service_directories: BTreeSet<String>,
}

/// Where the report and the truth differ.
#[derive(Debug, Default)]
pub struct Misjudged {
    /// Gone, and not reported as lost or accepted; or reported as lost, and still there.
    /// Each with what was said and what was true.
    pub failures: BTreeMap<Vec<u8>, String>,
    /// Reported as lost, and made anew by a program to the same end: see [`World::sort_alarm`].
    pub pessimistic: Vec<String>,
    /// The same below a directory of a service: how much there is, by directory.
    pub made_by_services: BTreeMap<String, usize>,
}

impl fmt::Display for Misjudged {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "reported otherwise than it came true: {}", self.failures.len())?;
        for failure in self.failures.values() {
            writeln!(formatter, "  {failure}")?;
        }
        let names = self.pessimistic.join(" ");
        writeln!(formatter, "pessimistic: {} {names}", self.pessimistic.len())?;
        for (directory, count) in &self.made_by_services {
            writeln!(formatter, "made the same by a service, below {directory}: {count}")?;
        }
        Ok(())
    }
}

impl World {
    pub fn is_changed(&self, path: &[u8]) -> bool {
        self.before.get(path) != self.blank.get(path)
    }

    /// Whether it is neither where it was nor, adopted, in the store.
    pub fn is_gone(&self, path: &[u8]) -> bool {
        let before = self.before.get(path);
        let is_adopted = before.is_some() && before == self.store.get(path);
        self.is_changed(path) && before != self.after.get(path) && !is_adopted
    }

    fn paths(&self) -> BTreeSet<&Vec<u8>> {
        self.before.keys().chain(self.blank.keys()).collect()
    }

    /// All that is gone.
    pub fn gone(&self) -> Paths {
        self.paths().into_iter().filter(|path| self.is_gone(path)).cloned().collect()
    }

    /// Compares the report with what came true.
    pub fn judge(&self, said: &BTreeMap<Vec<u8>, Said>) -> Misjudged {
        let mut misjudged = Misjudged::default();
        for path in self.paths() {
            let verdict = said.get(path).map(|said| said.verdict);
            let fault = match (self.is_gone(path), verdict) {
                (true, Some(Verdict::Lost | Verdict::Accepted)) => None,
                (true, None) => Some("gone and not reported".to_owned()),
                (true, Some(verdict)) => Some(format!("gone and reported {verdict:?}")),
                (false, Some(Verdict::Lost)) if !self.is_changed(path) => {
                    Some("reported lost and not even changed".to_owned())
                }
                (false, Some(Verdict::Lost)) => self.sort_alarm(path, &mut misjudged),
                (false, _) => None,
            };
            let told = fault.map(|fault| (path.clone(), self.told(path, &fault, said)));
            misjudged.failures.extend(told);
        }
        let unknown = said
            .iter()
            .filter(|(path, said)| said.verdict != Verdict::Kept && !self.paths().contains(path));
        let unknown =
            unknown.map(|(path, said)| (path.clone(), format!("no such path: {}", said.line)));
        misjudged.failures.extend(unknown);
        misjudged
    }

    /// What is still there was not lost: a failure, with two exceptions, in which the thing went and
    /// a program made one like it. A directory or a special file says nothing of where it came from.
    /// And what a service writes into its own directory on its first start is the service's affair:
    /// no host can tell it beforehand.
    fn sort_alarm(&self, path: &[u8], misjudged: &mut Misjudged) -> Option<String> {
        let name = path.escape_ascii().to_string();
        let is_content = self.before.get(path).is_some_and(State::is_file_or_link);
        if let Some(directory) = self.made_by_service(path) {
            *misjudged.made_by_services.entry(directory.clone()).or_default() += 1;
        } else if is_content {
            return Some("reported lost and still there".to_owned());
        } else {
            misjudged.pessimistic.push(name);
        }
        None
    }

    /// The directory of a service below which a path lies.
    fn made_by_service(&self, path: &[u8]) -> Option<&String> {
        let name = path.escape_ascii().to_string();
        let below = |directory: &&String| {
            name.strip_prefix(directory.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        let is_its_own = self.service_directories.contains(&name);
        self.service_directories.iter().find(below).filter(|_| !is_its_own)
    }

    fn told(&self, path: &[u8], fault: &str, said: &BTreeMap<Vec<u8>, Said>) -> String {
        let line = said.get(path).map_or("nothing", |said| &said.line);
        let mut text = format!("{}: {fault}\n    said: {line}", path.escape_ascii());
        for (when, listing) in
            [("blank", &self.blank), ("before", &self.before), ("after", &self.after)]
        {
            let state = listing.get(path).map_or("-".to_owned(), ToString::to_string);
            let _infallible = write!(text, "\n    {when}: {state}");
        }
        text
    }
}

/// The paths that a report names as going.
pub fn reported(said: &BTreeMap<Vec<u8>, Said>) -> Paths {
    let going =
        said.iter().filter(|(_, said)| matches!(said.verdict, Verdict::Lost | Verdict::Accepted));
    going.map(|(path, _)| path.clone()).collect()
}

/// The table of who reported what: a row a kind of change, `found of planted` for each.
pub fn table(world: &World, columns: &[(&str, Paths)]) -> String {
    let mut text = format!("{:<42}", "planted, and gone after the reboot");
    let mut row = |title: &str, cells: Vec<String>| {
        let _infallible = write!(text, "\n{title:<42}");
        for cell in cells {
            let _infallible = write!(text, "{cell:>18}");
        }
    };
    row("", columns.iter().map(|(name, _)| (*name).to_owned()).collect());
    for plant in PLANTS {
        let cells = columns.iter().map(|(_, reported)| {
            let found = plant.paths.iter().filter(|path| reported.contains(**path)).count();
            format!("{found} of {}", plant.paths.len())
        });
        row(plant.kind, cells.collect());
    }
    let gone = world.gone();
    let found = |(_, paths): &(&str, Paths)| {
        format!("{} of {}", paths.intersection(&gone).count(), gone.len())
    };
    row("all that is gone", columns.iter().map(found).collect());
    let there = |services: bool| {
        let counted = |path: &&Vec<u8>| {
            world.after.contains_key(*path) && world.made_by_service(path).is_some() == services
        };
        let count = |(_, paths): &(&str, Paths)| paths.difference(&gone).filter(counted).count();
        columns.iter().map(|column| count(column).to_string()).collect()
    };
    row("named, and a service made the same again", there(true));
    row("named, and there as before", there(false));
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(entries: &[(&str, State)]) -> Listing {
        entries.iter().map(|(path, state)| (path.as_bytes().to_vec(), state.clone())).collect()
    }

    fn world(after: &[(&str, State)]) -> World {
        let (file, directory) = (State::of(0o100_644, b"x"), State::of(0o040_755, b""));
        World {
            blank: listing(&[("/old", file.clone())]),
            before: listing(&[("/d", directory), ("/f", file.clone()), ("/s/f", file)]),
            after: listing(after),
            store: Listing::new(),
            service_directories: ["/s".to_owned()].into(),
        }
    }

    fn said(verdicts: &[(&str, Verdict)]) -> BTreeMap<Vec<u8>, Said> {
        let said = |(path, verdict): &(&str, Verdict)| {
            (path.as_bytes().to_vec(), Said { verdict: *verdict, line: String::new() })
        };
        verdicts.iter().map(said).collect()
    }

    type Row<'r> = (&'r [(&'r str, State)], &'r [(&'r str, Verdict)], &'r [&'r str]);

    #[test]
    fn what_is_gone_has_to_be_reported_and_what_is_reported_has_to_be_gone() {
        use Verdict::{Accepted, Kept, Lost, Recreated};
        let file = || State::of(0o100_644, b"x");
        let gone = [("/old", file())];
        let same =
            [("/d", State::of(0o040_755, b"")), ("/f", file()), ("/s/f", file()), ("/old", file())];
        let all = [("/d", Lost), ("/f", Accepted), ("/old", Lost), ("/s/f", Lost)];
        let with = |path, verdict| all.map(|one| if one.0 == path { (path, verdict) } else { one });
        let table: [Row; 8] = [
            (&gone, &all, &[]),
            (&gone, &all[..3], &["/s/f"]),
            (&gone, &with("/f", Recreated), &["/f"]),
            (&gone, &with("/f", Kept), &["/f"]),
            (&gone, &[&all[..], &[("/nowhere", Lost)]].concat(), &["/nowhere"]),
            (&same, &all, &[]),
            (&same, &with("/f", Lost), &["/f"]),
            (&same, &with("/f", Recreated), &[]),
        ];
        for (after, verdicts, expected) in table {
            let misjudged = world(after).judge(&said(verdicts));
            let paths: Vec<_> =
                misjudged.failures.keys().map(|path| path.escape_ascii().to_string()).collect();
            assert_eq!(paths, expected, "{verdicts:?}");
        }
        let misjudged = world(&same).judge(&said(&all));
        assert_eq!(misjudged.pessimistic, ["/d"]);
        assert_eq!(misjudged.made_by_services, [("/s".to_owned(), 1)].into());
    }
}
