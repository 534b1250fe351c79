//! What there is to say of entries: what is not in the store yet, what is not in place. Each cause is
//! said once, with what can be done.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::Text;
use super::gaps::{names, number};
use crate::config::Store;
use crate::human;
use crate::loss::rules::Holds;
use crate::loss::words::noun;
use crate::loss::{Placement, Sum, Summary};
use crate::path::HostPath;
use crate::persist::observe::StoreProblem;
use crate::sys::Look;

/// Entries of which the same is to be said.
type Causes<'e> = BTreeMap<(u8, bool), Vec<&'e Placement>>;

impl<W: Write> Text<'_, W> {
    pub(super) fn declared(&mut self, summary: &Summary) -> io::Result<()> {
        let problems = self.problems(summary);
        for problem in problems.values() {
            self.page.prose(&format!("Nothing can be put in place or copied now: {problem}"))?;
        }
        self.missing(summary, &problems)?;
        let is_bad = |target: &HostPath| {
            self.store_of(target).is_some_and(|store| problems.contains_key(&store.path))
        };
        let (waiting, ready): (Vec<_>, Vec<_>) =
            summary.adopted.iter().partition(|(target, _)| is_bad(target));
        let sentences = [
            adopted(
                &ready,
                "`blankslate apply` copies it there now, or else the next boot does before it erases.",
                "`blankslate apply` copies them now, or else the next boot does before it erases.",
            ),
            adopted(
                &waiting,
                "nothing copies it there before the store can be used.",
                "nothing copies them there before the store can be used.",
            ),
        ];
        sentences.iter().flatten().try_for_each(|text| self.page.prose(text))
    }

    /// Says once for each cause what is declared and not in place.
    fn missing(
        &mut self,
        summary: &Summary,
        problems: &BTreeMap<HostPath, String>,
    ) -> io::Result<()> {
        let all = self.setting.missing.clone();
        let mut causes = Causes::new();
        for entry in all.iter().filter(|entry| summary.not_in_place.contains(&entry.target)) {
            let store = self.store_of(&entry.target);
            let is_bad = store.is_some_and(|store| problems.contains_key(&store.path));
            let cause = match entry.source_holds {
                Holds::Unusable if is_bad => 0,
                Holds::Unusable => 1,
                Holds::Data => 2,
                Holds::Nothing | Holds::Awaited => 3,
            };
            causes.entry((cause, entry.is_on_root)).or_default().push(entry);
        }
        for ((cause, is_on_root), entries) in &causes {
            self.page.prose(&not_in_place(*cause, *is_on_root, entries))?;
        }
        Ok(())
    }

    fn store_of(&self, target: &HostPath) -> Option<&Store> {
        let mut entries = self.host.desk.config.entries();
        entries.find(|(_, entry)| entry.target == *target).map(|(store, _)| store)
    }

    /// The stores that cannot be used, of those that this report has to do with.
    fn problems(&self, summary: &Summary) -> BTreeMap<HostPath, String> {
        let targets = summary.adopted.keys().chain(&summary.not_in_place);
        let stores: BTreeMap<&HostPath, &Store> =
            targets.filter_map(|target| self.store_of(target)).map(|s| (&s.path, s)).collect();
        let problem = |store: &Store| Some((store.path.clone(), self.problem(store)?));
        stores.into_values().filter_map(problem).collect()
    }

    /// Why nothing can be copied into a store; nothing where it can, or that cannot be told.
    fn problem(&self, store: &Store) -> Option<String> {
        let look = |path: &HostPath| (self.host.desk.look)(path);
        let device = match look(&store.path).ok()? {
            Look::Directory(seen) => seen.id.device,
            Look::Absent => return Some(StoreProblem::Missing(store.path.clone()).to_string()),
            Look::Blocked(_) | Look::File(_) | Look::Symlink(_) | Look::Special(_) => return None,
        };
        let is_mounted = |path| matches!(look(path), Ok(Look::Directory(seen)) if seen.is_mount);
        if store.device.is_some() && !store.mount.is_root() && !is_mounted(&store.mount) {
            return Some(StoreProblem::Missing(store.mount.clone()).to_string());
        }
        let mut roots = self.host.desk.config.roots.iter().map(|root| &root.mount);
        let is_there = |root: &&HostPath| matches!(look(root), Ok(Look::Directory(s)) if s.id.device == device);
        let root = roots.find(is_there)?.clone();
        Some(StoreProblem::OnRoot { store: store.path.clone(), root }.to_string())
    }
}

/// What is declared and not in a store yet, and what becomes of it: of one, of many.
fn adopted(all: &[(&HostPath, &Sum)], one: &str, many: &str) -> Option<String> {
    let of = |sum: &Sum| {
        let files = noun(sum.files, "file", "files").unwrap_or_else(|| "no files".to_owned());
        format!("{files}, {}", human::size(sum.bytes))
    };
    match all {
        [] => None,
        [(target, sum)] => {
            Some(format!("{target} is declared and not in the store yet ({}): {one}", of(sum)))
        }
        all => {
            let mut sum = Sum::default();
            for (_, part) in all {
                sum.add(part);
            }
            let count = number(all.len());
            Some(format!("{count} declared paths ({}) are not in the store yet: {many}", of(&sum)))
        }
    }
}

fn not_in_place(cause: u8, is_on_root: bool, entries: &[&Placement]) -> String {
    let [entry] = entries else {
        let count = number(entries.len());
        let names = names(entries.iter().map(|entry| &entry.target));
        let why = match cause {
            0 => ": the store cannot be used now",
            1 => {
                ": what the store holds for them cannot be put in place; \
                  blankslate explain PATH tells what it is"
            }
            2 if is_on_root => {
                ", and the store holds other data: keep one of the two and move the other away; the \
                 next boot keeps both"
            }
            2 => ", and the store holds other data: keep one of the two and move the other away",
            _ => "; `blankslate apply` puts them in place or says why not",
        };
        return format!("{count} declared paths are not in place{why}: {names}");
    };
    let Placement { source, target, line, .. } = entry;
    let (why, cure) = match cause {
        0 => ("but is not in place: the store cannot be used now".to_owned(), String::new()),
        1 => (
            format!("but {source} cannot be put in place"),
            format!(" Look what is there; blankslate explain {target} tells more."),
        ),
        2 => {
            let both = " Keep one of the two and move the other away";
            let cure = if is_on_root {
                format!("{both}; the next boot keeps both, this one as {source}.from-old-root.")
            } else {
                format!("{both}.")
            };
            (format!("but is not in place, and {source} holds other data"), cure)
        }
        _ => (
            "but is not in place".to_owned(),
            " `blankslate apply` puts it in place or says why not.".to_owned(),
        ),
    };
    format!("{target} is declared (line {line}), {why}.{cure}")
}
