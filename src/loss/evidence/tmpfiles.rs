//! What the rules of tmpfiles.d(5) tell: whose paths are, and what is made again at boot.
//!
//! Of several rules for one path the first counts, as for systemd. A rule makes what lies on the root
//! again only if that is what the rule would make of nothing: the same type and content, and of all but
//! symlinks the same owner and mode.

mod line;
mod make;
#[cfg(test)]
mod tests;
mod text;
mod version;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;

use super::Evidence;
use super::graph::Graph;
use super::load::{Units, in_etc, is_conf, lasts, list};
use super::units::{Makes, agreed, etcs, rank};
use crate::loss::owner::{Owned, Owner};
use crate::loss::{Made, Maker};
use crate::path::HostPath;
use crate::persist::accounts::Accounts;
use crate::sys::files::Files;
use line::{Rule, Said};
use make::Making;

/// Where rules lie; of two files of one name the one that stands first here counts.
const DIRECTORIES: [&str; 5] = [
    "/etc/tmpfiles.d",
    "/run/tmpfiles.d",
    "/usr/local/lib/tmpfiles.d",
    "/usr/lib/tmpfiles.d",
    "/lib/tmpfiles.d",
];

/// What carries the rules out at boot.
const SERVICE: &str = "systemd-tmpfiles-setup.service";

/// Where nothing of a root lies.
const ELSEWHERE: [&str; 4] = ["/dev", "/proc", "/run", "/sys"];

/// All rules of a host, in their order.
#[derive(Debug, Default)]
struct Rules {
    /// Those that make something, by what they make.
    making: BTreeMap<HostPath, Vec<Sourced>>,
    /// The paths of all of them, and the file in which the first stands.
    named: Vec<(HostPath, String)>,
    /// Beginnings of paths of which nothing is certain.
    unclear: BTreeSet<String>,
    /// Whether the systemd that carries them out knows `$`.
    knows_purge: bool,
}

/// A rule and where it stands.
#[derive(Debug)]
struct Sourced {
    rule: Rule,
    file: String,
    /// Whether the next boot finds it there.
    lasts: bool,
}

/// Gathers what the rules of `host` tell. `on_root` shows what lies on the root itself.
pub(super) fn tmpfiles(
    host: &Files,
    on_root: &Files,
    accounts: &Accounts,
    evidence: &mut Evidence,
) {
    let Ok(etc) = "/etc".parse() else { return };
    for (path, file) in Rules::of(host, on_root, &etc).named {
        if !ELSEWHERE.iter().any(|place| place.parse().is_ok_and(|place| path.starts_with(&place)))
        {
            let owned = Owned { owner: Owner::Tmpfiles(file), preset: None, rank: rank(&path) };
            evidence.owners.claim(&path, owned);
        }
    }
    let makes = |etc: &HostPath| makes(host, on_root, etc, accounts);
    for (path, made) in agreed(etcs(host).iter().map(makes)) {
        evidence.makers.insert(&path, made);
    }
}

fn makes(host: &Files, on_root: &Files, etc: &HostPath, accounts: &Accounts) -> Makes {
    let Some(excluded) = excluded(&Units::of(host, on_root, etc)) else { return Makes::new() };
    let mut rules = Rules::of(host, on_root, etc);
    rules.unclear.extend(excluded);
    let would = Making { host, on_root, accounts };
    let mut all = Makes::new();
    for (path, of_path) in &rules.making {
        if let Some(first) = rules.certain(path, of_path)
            && let Some(what) = would.makes(&first.rule)
        {
            let maker = Maker::Tmpfiles(first.file.clone());
            all.insert(path.clone(), Made { what, maker });
        }
    }
    all
}

/// Which paths the service that carries out the rules leaves out; none if it is not certain that it
/// does so at every boot.
fn excluded(units: &Units) -> Option<Vec<String>> {
    let graph = Graph::of(units);
    let certain = if units.are_lasting() { graph.certain() } else { Vec::new() };
    let Some(unit) = certain.into_iter().find(|unit| unit.name.as_str() == SERVICE) else {
        tracing::debug!("it is not certain that {SERVICE} runs at every boot");
        return None;
    };
    let mut excluded = Vec::new();
    let mut is_at_boot = (false, false);
    let words = unit.file.words("Service", "ExecStart");
    let (program, options) = words.split_first()?;
    if !program.ends_with("/systemd-tmpfiles") && !program.ends_with("systemd-tmpfiles") {
        return None;
    }
    for option in options {
        match (option.as_str(), option.strip_prefix("--exclude-prefix=")) {
            (_, Some(path)) => excluded.push(path.to_owned()),
            ("--create", None) => is_at_boot.0 = true,
            ("--boot", None) => is_at_boot.1 = true,
            ("--remove" | "--clean" | "--graceful", None) => {}
            _ => return None,
        }
    }
    (is_at_boot == (true, true)).then_some(excluded)
}

impl Rules {
    /// Reads all files of rules, with `etc` as the host's `/etc`. What cannot be read is logged.
    fn of(host: &Files, on_root: &Files, etc: &HostPath) -> Self {
        let mut files: BTreeMap<String, (HostPath, bool)> = BTreeMap::new();
        for directory in DIRECTORIES.iter().filter_map(|text| in_etc(text, etc)) {
            let lasts = lasts(host, &directory, on_root);
            for name in list(host, &directory).into_iter().filter(|name| is_conf(name)) {
                let path = directory.join(OsStr::new(&name));
                files.entry(name).or_insert((path, lasts));
            }
        }
        let knows_purge = version::knows_purge(host, on_root, etc);
        let mut rules = Self { knows_purge, ..Self::default() };
        for (name, (path, lasts_there)) in files {
            match host.read(&path) {
                // Nothing is read of a link to /dev/null, which masks a file.
                Ok(None) => {}
                Ok(Some(text)) => {
                    let lasts = lasts_there && lasts(host, &path, on_root);
                    rules.add(&name, &String::from_utf8_lossy(&text), lasts);
                }
                Err(cause) => {
                    tracing::warn!("cannot read the rules in {path}: {cause}");
                    // It may say anything of anything.
                    rules.unclear.insert(String::new());
                }
            }
        }
        rules
    }

    fn add(&mut self, file: &str, text: &str, lasts: bool) {
        for said in text.lines().filter_map(line::parse) {
            match said {
                Said::Unclear(beginning) => _ = self.unclear.insert(beginning),
                Said::Rule(rule) => {
                    self.named.push((rule.path.clone(), file.to_owned()));
                    if rule.makes() {
                        let of_path = self.making.entry(rule.path.clone()).or_default();
                        of_path.push(Sourced { rule, file: file.to_owned(), lasts });
                    }
                }
            }
        }
    }

    /// The rule that counts for a path, if it is certain that it does and what it does.
    fn certain<'r>(&self, path: &HostPath, rules: &'r [Sourced]) -> Option<&'r Sourced> {
        let first = rules.first()?;
        let is_alone = rules
            .iter()
            .all(|other| other.lasts && (!other.rule.adds || other.rule.does_as(&first.rule)));
        let bytes = path.as_bytes();
        let is_clear = !self.unclear.iter().any(|text| bytes.starts_with(text.as_bytes()));
        let is_read = !first.rule.purges || self.knows_purge;
        (is_alone && is_clear && is_read && first.rule.is_certain).then_some(first)
    }
}
