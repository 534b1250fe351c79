//! blankslate.toml(5) beside the program that reads the configuration: the same tables, the same keys,
//! the same words. What the program knows it tells itself, when it is asked for what it does not know.

use std::collections::BTreeMap;
use std::process::Command;

use blankslate::config::Config;

use crate::{OWN, file, section};

/// A key that is too far from any other to be taken for a misspelt one.
const UNKNOWN: &str = "unknown-to-everybody";

/// Every table with its keys, and every key with the words that it takes.
type Tables = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// What the program says about `key` in a text with faults.
fn said(text: &str, key: &str) -> Option<String> {
    let faults = Config::parse(text).unwrap_err();
    faults.into_iter().find(|fault| fault.key == key).map(|fault| fault.what)
}

/// A text with one table, which `brackets` are around, and one line in it.
fn text(table: &str, brackets: usize, line: &str) -> String {
    // The table that holds it is a list of tables, or none.
    let above = table.rsplit_once('.').filter(|_| brackets == 2);
    let above = above.map(|(above, _)| format!("{}\n", header(above))).unwrap_or_default();
    let (open, close) = ("[".repeat(brackets), "]".repeat(brackets));
    let header = if table.is_empty() { String::new() } else { format!("{open}{table}{close}") };
    format!("{above}{header}\n{line}\n")
}

/// How the table is written: as one of a list, if the program takes that.
fn header(table: &str) -> String {
    let brackets = brackets(table).unwrap();
    format!("{}{table}{}", "[".repeat(brackets), "]".repeat(brackets))
}

/// How many brackets are around the name of a table; none where it is no table.
fn brackets(table: &str) -> Option<usize> {
    let unknown = format!("{table}.{UNKNOWN}");
    (1..=2).find(|&brackets| {
        said(&text(table, brackets, &format!("{UNKNOWN} = 1")), &unknown).is_some()
    })
}

/// What the program knows in a table and in those below it.
fn known(table: &str, tables: &mut Tables) {
    let full = |key: &str| if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") };
    let brackets = if table.is_empty() { 0 } else { brackets(table).unwrap() };
    let answer = said(&text(table, brackets, &format!("{UNKNOWN} = 1")), &full(UNKNOWN)).unwrap();
    let keys = answer.split_once("known are ").unwrap().1.split(", ");
    let mut words = BTreeMap::new();
    for key in keys {
        let odd = said(&text(table, brackets, &format!("{key} = \"?\"")), &full(key));
        let odd = odd.unwrap_or_default();
        let choices = odd.split_once("not known here; write ").map_or("", |(_, choices)| choices);
        let choices = choices.split(" or ").filter(|word| !word.is_empty());
        words.insert(
            key.to_owned(),
            choices.map(|word| word.trim_matches('"').to_owned()).collect(),
        );
        if odd.contains("table") {
            known(&full(key), tables);
        }
    }
    let title = if table.is_empty() { "Top level".to_owned() } else { header(table) };
    tables.insert(title, words);
}

/// What the page knows: of words those in quotes before the first full stop, where the key takes some.
fn documented(page: &str) -> Tables {
    let mut tables = Tables::new();
    let mut here = (String::new(), String::new());
    for line in section(page, "DESCRIPTION") {
        if let Some(table) = line.strip_prefix(".Ss ") {
            here = (table.to_owned(), String::new());
        } else if let Some(key) = line.strip_prefix(".It Ic ") {
            key.clone_into(&mut here.1);
            tables.entry(here.0.clone()).or_default().insert(here.1.clone(), Vec::new());
        } else if let Some(words) = tables.get_mut(&here.0).and_then(|keys| keys.get_mut(&here.1)) {
            let quoted = line.strip_prefix(".Qq ").map(|word| word.split(' ').next().unwrap());
            words.extend(quoted.map(str::to_owned));
        }
    }
    tables
}

#[test]
fn the_page_knows_every_table_and_key_of_the_program_and_no_other() {
    let mut program = Tables::new();
    known("", &mut program);
    let page = documented(&file(OWN[1]));
    let keys = |tables: &Tables| -> Vec<String> {
        let of = |(table, keys): (&String, &BTreeMap<String, Vec<String>>)| {
            keys.keys().map(|key| format!("{table} {key}")).collect::<Vec<_>>()
        };
        tables.iter().flat_map(of).collect()
    };
    assert_eq!(keys(&page), keys(&program));
    assert_eq!(keys(&page).len(), 27);
}

#[test]
fn the_page_knows_every_word_that_a_key_takes() {
    let mut program = Tables::new();
    known("", &mut program);
    let page = documented(&file(OWN[1]));
    let mut count = 0;
    for (table, keys) in &program {
        for (key, words) in keys.iter().filter(|(_, words)| !words.is_empty()) {
            let documented = &page[table][key];
            assert_eq!(&documented[..words.len()], words, "{table} {key}");
            count += words.len();
        }
    }
    assert_eq!(count, 9);
}

#[test]
fn the_example_of_the_page_is_a_configuration_without_a_fault_or_a_warning() {
    let lines = section(&file(OWN[1]), "EXAMPLES");
    let lines = lines.iter().skip_while(|line| !line.starts_with(".Bd ")).skip(1);
    let lines: Vec<&str> = lines.take_while(|line| *line != ".Ed").map(String::as_str).collect();
    let text = lines.join("\n");
    let config = Config::parse(&text).unwrap();
    assert_eq!((config.roots.len(), config.entries().count(), config.accept.len()), (1, 4, 1));
    let written = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(written.path(), text).unwrap();
    let mut check = Command::new(env!("CARGO_BIN_EXE_blankslate"));
    let output = check.arg("check").arg(written.path()).output().unwrap();
    assert_eq!(
        (output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()),
        (Some(0), "")
    );
}
