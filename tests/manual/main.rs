//! The manual and the completions: complete, true where that can be compared, and read without a
//! complaint by those who read them. `make manual` writes what is tested here.
#![expect(clippy::disallowed_methods, reason = "tests make files and start programs")]
#![expect(
    clippy::unwrap_used,
    reason = "the helpers of tests are tests, which clippy.toml does not know of them"
)]

mod completions;
mod configuration;
#[path = "../../examples/manual/pages/mod.rs"]
mod pages;
mod readers;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use pages::{pages, programs};

const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");
const OWN: [&str; 2] = ["docs/man/blankslate-initrd.8", "docs/man/blankslate.toml.5"];

/// The text of a file of the repository.
fn file(name: &str) -> String {
    fs::read_to_string(Path::new(REPOSITORY).join(name)).unwrap()
}

/// The source of every page with its name as others refer to it, e.g. `blankslate-apply(1)`.
fn all_pages() -> Vec<(String, String)> {
    let own = OWN.iter().map(|path| {
        let (name, section) = path.rsplit_once('/').unwrap().1.rsplit_once('.').unwrap();
        (format!("{name}({section})"), file(path))
    });
    let made = pages().unwrap().into_iter().map(|page| (format!("{}(1)", page.name), page.text));
    own.chain(made).collect()
}

/// What `program --help` prints.
fn help(program: &str, command: Option<&str>) -> String {
    let program = match program {
        "blankslate" => env!("CARGO_BIN_EXE_blankslate"),
        _ => env!("CARGO_BIN_EXE_what-will-i-lose"),
    };
    let output = Command::new(program).args(command).arg("--help").output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// The statuses that a help text tells of, with their meanings.
fn statuses(help: &str) -> Vec<(String, String)> {
    let at = help.find("Exit status").unwrap();
    let list = help[at..].split_once(":\n").unwrap().1.split("\n\n").next().unwrap();
    let mut found: Vec<(String, String)> = Vec::new();
    for line in list.lines() {
        match line.trim().split_once("  ") {
            Some((status, meaning)) => found.push((status.to_owned(), meaning.to_owned())),
            None => found.last_mut().unwrap().1.extend([" ", line.trim()]),
        }
    }
    found
}

/// A section of a page as plain lines: macros that only dress a text are taken off.
fn section(page: &str, title: &str) -> Vec<String> {
    let is_title = |line: &str| line.strip_prefix(".SH ").or(line.strip_prefix(".Sh ")).is_some();
    let begins = |line: &&str| !(is_title(line) && line[4..].trim_matches('"') == title);
    let lines = page.lines().skip_while(begins).skip(1).take_while(|line| !is_title(line));
    let plain = |line: &str| {
        let line = line.strip_prefix(".Li ").unwrap_or(line);
        let marks = [("\\fB", ""), ("\\fI", ""), ("\\fR", ""), ("\\-", "-"), ("\\&", "")];
        let marks = marks.iter().chain(&[("\\*(Aq", "'"), ("\\(dq", "\""), ("\u{a0}", " ")]);
        marks.fold(line.to_owned(), |line, (from, to)| line.replace(from, to))
    };
    lines.map(plain).collect()
}

/// The statuses that a page tells of, with their meanings.
fn listed(page: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    let mut lines = section(page, "EXIT STATUS").into_iter();
    while let Some(line) = lines.next().filter(|line| line != ".El") {
        match (line.strip_prefix(".It "), found.last_mut()) {
            (Some(status), _) => found.push((status.to_owned(), Vec::new())),
            (None, _) if line == ".TP" => found.push((lines.next().unwrap(), Vec::new())),
            (None, Some((_, meaning))) => meaning.push(line),
            (None, None) => {}
        }
    }
    found.into_iter().map(|(status, meaning)| (status, meaning.join(" "))).collect()
}

#[test]
fn every_command_has_a_page() {
    let help = help("blankslate", None);
    let list = help.split_once("Commands:\n").unwrap().1.split("\n\n").next().unwrap();
    // Lines that go on with a text are indented further.
    let commands = list.lines().filter_map(|line| line.strip_prefix("  ")?.split_once(' '));
    let commands = commands.map(|(command, _)| command).filter(|c| !c.is_empty() && *c != "help");
    let commands = commands.map(|command| format!("blankslate-{command}"));
    let mut expected = vec!["blankslate".to_owned()];
    expected.extend(commands);
    expected.push("what-will-i-lose".to_owned());
    let names: Vec<String> = pages().unwrap().into_iter().map(|page| page.name).collect();
    assert_eq!(names, expected);
    assert_eq!(names.len(), 10);
}

#[test]
fn a_page_has_what_people_look_for_in_the_order_in_which_they_look() {
    let order = ["NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "OPTIONS", "KERNEL PARAMETERS"];
    let order = [&order[..], &["UNITS", "EXIT STATUS", "NOTES", "ENVIRONMENT", "FILES"]].concat();
    let order = [&order[..], &["EXAMPLES", "SEE ALSO"]].concat();
    for page in pages().unwrap() {
        let titles: Vec<&str> = page.text.lines().filter_map(|l| l.strip_prefix(".SH ")).collect();
        let titles: Vec<&str> = titles.iter().map(|title| title.trim_matches('"')).collect();
        let known: Vec<&str> = order.iter().copied().filter(|t| titles.contains(t)).collect();
        assert_eq!(titles, known, "{}", page.name);
        for title in ["DESCRIPTION", "OPTIONS", "EXIT STATUS", "FILES", "EXAMPLES", "SEE ALSO"] {
            assert!(titles.contains(&title), "{} has no {title}", page.name);
        }
    }
}

#[test]
fn the_exit_status_of_a_page_is_that_of_the_help() {
    for page in pages().unwrap() {
        let command = page.name.strip_prefix("blankslate-");
        let help = help(page.name.split('-').next().unwrap(), command);
        assert_eq!(listed(&page.text), statuses(&help), "{}", page.name);
    }
    let usage = file("initrd/src/arguments.rs").replace("\\\"", "\"");
    let usage = usage.split("\";\n").next().unwrap();
    assert_eq!(listed(&file(OWN[0])), statuses(usage));
    for option in ["config", "root", "help", "version"] {
        assert!(usage.contains(&format!("--{option}")));
        assert!(file(OWN[0]).contains(&format!("Fl -{option}")), "no --{option}");
    }
}

/// What is typed in an example is understood; whether it does what it should is for people to try.
#[test]
fn every_example_is_understood() {
    let mut count = 0;
    for (name, text) in all_pages() {
        for line in section(&text, "EXAMPLES") {
            let line = line.strip_prefix(".Dl ").unwrap_or(&line);
            let words: Vec<&str> =
                line.split_whitespace().take_while(|word| !["|", ">"].contains(word)).collect();
            let called = |program: &&clap::Command| Some(&program.get_name()) == words.first();
            let Some(program) = programs().iter().find(called).cloned() else { continue };
            if let Err(error) = program.try_get_matches_from(&words) {
                panic!("{name}: {line}: {error}");
            }
            count += 1;
        }
    }
    assert_eq!(count, 29);
}

/// Pages refer to pages that are there.
#[test]
fn every_page_that_is_named_is_there() {
    let pages = all_pages();
    let known: BTreeSet<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
    for (name, text) in &pages {
        let text = text.replace("\\-", "-").replace("\\fB", "").replace("\\fR", "");
        let text = text.replace("\\fI", "");
        let xr = text.lines().filter_map(|line| line.strip_prefix(".Xr ")).map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            format!("{}({})", words[0], words[1])
        });
        let plain = text.split([' ', '\n', ',']).filter(|word| word.contains('('));
        let plain = plain.map(|word| word.trim_end_matches(['.', ';']).to_owned());
        let named: Vec<String> = xr.chain(plain).collect();
        let is_ours = |word: &&String| {
            word.ends_with(')') && (word.starts_with("blankslate") || word.starts_with("what-will"))
        };
        let ours: Vec<&String> = named.iter().filter(is_ours).collect();
        assert!(!ours.is_empty(), "{name} refers to nothing");
        for other in ours {
            assert!(known.contains(other.as_str()), "{name} names {other}, which is not there");
        }
    }
}
