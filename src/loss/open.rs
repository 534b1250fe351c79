//! Which paths processes hold open for writing: `--open`. Values only.

use std::collections::{BTreeMap, BTreeSet};

use crate::path::HostPath;

/// A process that may write, by its name and unit.
type Holder = (String, Option<String>);

/// The open files of a root, by their paths.
#[derive(Debug, Clone, Default)]
pub struct Opened {
    files: BTreeMap<Vec<u8>, BTreeSet<Holder>>,
}

impl Opened {
    /// Adds that the process `command` of `unit` holds `path` open.
    pub fn insert(&mut self, path: &HostPath, command: String, unit: Option<String>) {
        self.files.entry(path.as_bytes().to_vec()).or_default().insert((command, unit));
    }

    /// Who holds `path` open, or `with_below` something below it; each once.
    #[must_use]
    pub fn at(&self, path: &HostPath, with_below: bool) -> BTreeSet<(&str, Option<&str>)> {
        if self.files.is_empty() {
            return BTreeSet::new();
        }
        let mut below = path.as_bytes().to_vec();
        if below.last() != Some(&b'/') {
            below.push(b'/');
        }
        let inner = self.files.range(below.clone()..).take_while(|(at, _)| at.starts_with(&below));
        let inner = inner.filter(|_| with_below).map(|(_, holders)| holders);
        let all = self.files.get(path.as_bytes()).into_iter().chain(inner).flatten();
        all.map(|(command, unit)| (command.as_str(), unit.as_deref())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_holds_something_below_is_told_once_and_a_longer_name_is_not_below() {
        let path = |text: &str| text.parse::<HostPath>().unwrap();
        let mut opened = Opened::default();
        for at in ["/var/db/1", "/var/db/2", "/var/db-old", "/var/db"] {
            opened.insert(&path(at), format!("of {}", at.len()), None);
        }
        let names = |at: &str, with_below| {
            let holders = opened.at(&path(at), with_below);
            holders.into_iter().map(|(command, _)| command.to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names("/var/db", true), ["of 7", "of 9"]);
        assert_eq!(names("/var/db", false), ["of 7"]);
        assert_eq!(names("/", true), ["of 11", "of 7", "of 9"]);
        assert_eq!(names("/va", true), Vec::<String>::new());
    }
}
