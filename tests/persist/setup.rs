//! Configurations, people, and whole runs with the record that the run before left.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use blankslate::config::Config;
use blankslate::persist::accounts::{Accounts, User};
use blankslate::persist::apply::{Outcome, Turn};
use blankslate::persist::observe::check_stores;
use blankslate::persist::place::{Job, place, rehearse};
use blankslate::persist::plan::{EntryPlan, Then};
use blankslate::persist::record::Record;
use blankslate::sys::{Hold, Sys, Writer};

use crate::fake::{FakeSys, path};

/// A configuration of stores and entries. An entry is written `kind how target`, and what else is
/// declared about it as `key=value` behind that.
pub fn config(stores: &[(&str, &[&str])]) -> Config {
    try_config(stores).unwrap_or_else(|faults| panic!("{faults}"))
}

pub fn try_config(stores: &[(&str, &[&str])]) -> Result<Config, String> {
    let mut text = "version = 1\n".to_owned();
    for (store, entries) in stores {
        writeln!(text, "[[store]]\npath = \"{store}\"").unwrap();
        for entry in *entries {
            let mut words = entry.split(' ');
            let mut word = || words.next().unwrap();
            let (kind, how, target) = (word(), word(), word());
            let kind = if kind == "dir" { "directory" } else { kind };
            let how = if how == "sym" { "symlink" } else { how };
            writeln!(text, "[[store.entry]]\nkind = \"{kind}\"\nhow = \"{how}\"").unwrap();
            writeln!(text, "target = \"{target}\"").unwrap();
            for (key, value) in words.map(|word| word.split_once('=').unwrap()) {
                writeln!(text, "{key} = \"{value}\"").unwrap();
            }
        }
    }
    let shown = |fault: blankslate::config::Fault| fault.what + "\n";
    Config::parse(&text).map_err(|faults| faults.into_iter().map(shown).collect())
}

/// The same with `/` declared as a root.
pub fn on_root(mut config: Config) -> Config {
    let root = "version=1\n[[root]]\nmount=\"/\"\nkind=\"zfs\"\ndataset=\"r/l\"\nsnapshot=\"b\"\n";
    config.roots = Config::parse(root).unwrap().roots;
    config
}

/// The users of a running host: everybody is known.
pub fn host() -> Accounts {
    let user = |uid, home: &str| User { uid, gid: Some(100), home: home.parse().ok() };
    let users = [
        ("root", User { uid: 0, gid: Some(0), home: Some(path("/root")) }),
        ("alice", user(1000, "/home/alice")),
        ("svc", User { uid: 900, gid: Some(901), home: None }),
    ];
    let groups = [("root", 0), ("users", 100), ("svc", 901)];
    Accounts {
        users: users.map(|(name, user)| (name.to_owned(), user)).into(),
        groups: groups.map(|(name, gid)| (name.to_owned(), gid)).into(),
        is_complete: true,
    }
}

/// The users of an initrd: nobody is known.
pub fn initrd() -> Accounts {
    Accounts { users: BTreeMap::new(), groups: BTreeMap::new(), is_complete: false }
}

pub fn writer(at: &str, unit: Option<&str>) -> Writer {
    let unit = unit.map(ToOwned::to_owned);
    Writer { pid: 812, command: "sqlited".to_owned(), unit, path: path(at), hold: Hold::Writes }
}

/// One run of `blankslate apply`, or of the initrd. Returns what became of each, and the record.
pub fn run(
    sys: &mut dyn Sys,
    config: &Config,
    record: &Record,
    accounts: &Accounts,
) -> (Vec<Turn>, Record) {
    let bad = check_stores(sys, config);
    let memory = record.memory();
    let job = Job { config, bad: &bad, memory: &memory, accounts };
    let turns = place(sys, job, &|_| true, &|_| ());
    let record = Record::new(config, Vec::new(), &turns, record);
    (turns, record)
}

/// What would be done, a line an entry.
pub fn planned(sys: &FakeSys, config: &Config, record: &Record, accounts: &Accounts) -> String {
    let bad = check_stores(sys, config);
    let memory = record.memory();
    let plans = rehearse(sys, Job { config, bad: &bad, memory: &memory, accounts });
    plans.iter().map(in_words).collect::<Vec<_>>().join("\n")
}

pub fn in_words(plan: &EntryPlan) -> String {
    let then = match &plan.then {
        Then::End => String::new(),
        Then::LookAgain => "; look again".to_owned(),
        Then::After(outer) => format!(", waits for {outer}"),
        Then::Waits(wait) => format!(", waits: {wait}"),
    };
    match &plan.steps {
        Ok(steps) if steps.is_empty() => format!("nothing{then}"),
        Ok(steps) => steps.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ") + &then,
        Err(refusal) => format!("refused: {refusal}"),
    }
}

/// What became of each, as `target word` and the reason where there is one.
pub fn ends(turns: &[Turn]) -> Vec<String> {
    let end = |turn: &Turn| {
        let (word, reason) = turn.outcome.in_words();
        let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        format!("{} {word}{reason}", turn.plan.target)
    };
    turns.iter().map(end).collect()
}

pub fn is_unchanged(turns: &[Turn]) -> bool {
    turns.iter().all(|turn| matches!(turn.outcome, Outcome::Unchanged))
}
