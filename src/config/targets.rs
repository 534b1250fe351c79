//! The declared entries by their targets.

use super::{Config, Entry, Store};
use crate::path::HostPath;

/// Every entry with the store that keeps it, in the order of the targets. Of entries with one target,
/// which only a configuration with faults has, the one of the higher line comes later.
#[derive(Debug)]
pub(crate) struct Targets<'c>(Vec<(&'c Store, &'c Entry)>);

impl<'c> Targets<'c> {
    pub(crate) fn of(config: &'c Config) -> Self {
        let mut all: Vec<_> = config.entries().collect();
        all.sort_unstable_by(|(_, a), (_, b)| (&a.target, a.line).cmp(&(&b.target, b.line)));
        Self(all)
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'c Store, &'c Entry)> {
        self.0.iter().copied()
    }

    /// The entry that is declared at `target`; of several the last one.
    pub(crate) fn get(&self, target: &HostPath) -> Option<(&'c Store, &'c Entry)> {
        let after = self.0.partition_point(|(_, entry)| entry.target <= *target);
        let (store, entry) = *self.0.get(after.checked_sub(1)?)?;
        (entry.target == *target).then_some((store, entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Kind;

    fn store(path: &str, targets: &[(&str, usize)]) -> Store {
        let entry = |&(target, line): &(&str, usize)| Entry {
            target: target.parse().unwrap(),
            kind: Kind::Directory,
            how: crate::config::How::Bind,
            user: None,
            group: None,
            mode: None,
            because: None,
            line,
        };
        let path: HostPath = path.parse().unwrap();
        let entries = targets.iter().map(entry).collect();
        Store { mount: path.clone(), path, device: None, entries, line: 1 }
    }

    #[test]
    fn entries_of_all_stores_are_found_by_their_targets_and_come_in_their_order() {
        let stores =
            vec![store("/p", &[("/b", 2), ("/a/x", 3)]), store("/q", &[("/a", 5), ("/b", 6)])];
        let config = Config { stores, ..Config::default() };
        let targets = Targets::of(&config);
        let all: Vec<(String, usize)> =
            targets.iter().map(|(store, entry)| (store.path.to_string(), entry.line)).collect();
        let expected = [("/q", 5), ("/p", 3), ("/p", 2), ("/q", 6)];
        assert_eq!(all, expected.map(|(store, line)| (store.to_owned(), line)));
        let line = |target: &str| targets.get(&target.parse().unwrap()).map(|(_, e)| e.line);
        let table =
            [("/a", Some(5)), ("/a/x", Some(3)), ("/b", Some(6)), ("/", None), ("/c", None)];
        for (target, expected) in table {
            assert_eq!(line(target), expected, "{target}");
        }
    }
}
