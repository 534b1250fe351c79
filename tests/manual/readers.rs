//! What the programs that show pages have to say about them.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::all_pages;

/// Runs a reader over a page. Returns what it wrote and what it complained of; none where there is no
/// such program.
fn read(program: &str, arguments: &[&str], page: &str) -> Option<(String, String)> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        eprintln!(
            "SKIPPED: {program} is missing, so nobody looks at the pages with it; make setup"
        );
        return None;
    };
    child.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some((text(&output.stdout), text(&output.stderr)))
}

#[test]
fn mandoc_has_no_complaint() {
    for (name, page) in all_pages() {
        let Some((said, _)) = read("mandoc", &["-Tlint", "-Wwarning"], &page) else { return };
        assert_eq!(said, "", "{name}");
    }
}

#[test]
fn groff_has_no_complaint() {
    for (name, page) in all_pages() {
        let arguments = ["-k", "-ww", "-mandoc", "-Tutf8"];
        let Some((text, said)) = read("groff", &arguments, &page) else { return };
        assert_eq!(said, "", "{name}");
        assert!(text.len() > 1000, "{name}: {text}");
    }
}

#[test]
fn pages_fit_a_terminal() {
    for (name, page) in all_pages() {
        let Some((text, _)) = read("mandoc", &["-Tutf8", "-Owidth=80"], &page) else { return };
        for line in text.lines() {
            // Bold is a letter printed twice.
            let backs = line.matches('\u{8}').count();
            let width = line.chars().count() - 2 * backs;
            assert!(width <= 80, "{name}: {line}");
        }
    }
}
