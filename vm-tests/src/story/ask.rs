//! What the story asks the host: which paths lie on its root, what its datasets hold, what the
//! report says. Paths are bytes, for names are hostile.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::guest::Guest;

const BARE: &str = include_str!("../../guest/story/bare");
const FINGERPRINT: &str = include_str!("../../guest/story/fingerprint");
const TARGETS: &str = include_str!("../../guest/story/targets");
const KEPT: &str = include_str!("../../guest/story/kept");
const REPORT: &str = "what-will-i-lose --config /run/guest/config.toml";

/// Absolute paths on the root.
pub(super) type PathSet = BTreeSet<Vec<u8>>;

/// Returns all paths of the root file system, without what is mounted on it.
pub(super) fn paths_of_root(guest: &mut Guest) -> Result<PathSet> {
    let listing = guest.run(BARE)?.ok_bytes()?;
    let names = listing.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    Ok(names.map(|name| name.strip_prefix(b".").unwrap_or(name).to_vec()).collect())
}

/// Returns what the entries hold, as a person would look at it.
pub(super) fn kept_files(guest: &mut Guest) -> Result<String> {
    guest.ok(KEPT)
}

/// The state of everything that a rollback must not touch.
#[derive(Debug)]
pub(super) struct State {
    parts: Vec<(&'static str, String)>,
}

impl State {
    /// Takes type, mode, owner and content of all that is kept, and of what the targets show.
    pub(super) fn of(guest: &mut Guest) -> Result<Self> {
        let mut parts = Vec::new();
        for tree in ["/persist", "/home", "/nix"] {
            parts.push((tree, guest.ok(&format!("tree={tree}\n{FINGERPRINT}"))?));
        }
        parts.push(("the targets of the entries", guest.ok(TARGETS)?));
        Ok(Self { parts })
    }

    /// Succeeds when nothing has changed.
    pub(super) fn check_unchanged(&self, now: &Self) -> Result<()> {
        for ((name, before), (_, after)) in self.parts.iter().zip(&now.parts) {
            let before: BTreeSet<&str> = before.lines().collect();
            let after: BTreeSet<&str> = after.lines().collect();
            let changed: Vec<&&str> = before.symmetric_difference(&after).collect();
            ensure!(changed.is_empty(), "{name} has changed: {changed:#?}");
        }
        Ok(())
    }
}

/// What the story needs of a loss report.
#[derive(Debug)]
pub(super) struct Report {
    /// Whether everything could be read.
    pub(super) complete: bool,
    /// The paths with the verdict "lost".
    pub(super) lost: PathSet,
}

/// Asks for the report as it is printed for people.
pub(super) fn report_as_text(guest: &mut Guest) -> Result<String> {
    let bytes = guest.run(REPORT)?.ended_with(1)?;
    String::from_utf8(bytes).context("cannot read the report as text")
}

/// Asks for the report with every path; its exit status has to say what the report says.
pub(super) fn report(guest: &mut Guest) -> Result<Report> {
    let mut output = guest.run(&format!("{REPORT} --every --format json"))?;
    let report = parse(&output.stdout);
    let expected = report.as_ref().map_or(0, |report| i32::from(!report.lost.is_empty()));
    let said = std::mem::take(&mut output.stdout);
    output.ended_with(expected)?;
    report.with_context(|| format!("the report was: {}", said.escape_ascii()))
}

fn parse(json: &[u8]) -> Result<Report> {
    let value: Value = serde_json::from_slice(json).context("cannot read the report as JSON")?;
    ensure!(value.get("version") == Some(&Value::from(1)), "the report is not of version 1");
    let changes = value.get("changes").and_then(Value::as_array).context("it has no changes")?;
    let lost = changes
        .iter()
        .filter(|change| text(change, "verdict") == Some("lost"))
        .map(path_of)
        .collect::<Result<PathSet>>()?;
    let gaps = value.get("gaps").and_then(Value::as_array).context("it has no gaps")?;
    let complete = value.get("complete") == Some(&Value::from(true)) && gaps.is_empty();
    Ok(Report { complete, lost })
}

fn path_of(change: &Value) -> Result<Vec<u8>> {
    if let Some(encoded) = text(change, "path_base64") {
        return STANDARD.decode(encoded).with_context(|| format!("cannot decode {encoded}"));
    }
    let path = text(change, "path").with_context(|| format!("a change has no path: {change}"))?;
    Ok(path.as_bytes().to_vec())
}

fn text<'a>(change: &'a Value, key: &str) -> Option<&'a str> {
    change.get(key).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_paths_are_read_byte_for_byte() {
        let json = br#"{"version":1,"complete":true,"gaps":[],"changes":[
            {"path":"/a\nb","verdict":"lost"},{"path":"/c","verdict":"kept"},
            {"path":"/caf?","path_base64":"L2NhZuk=","verdict":"lost"}]}"#;
        let report = parse(json).unwrap();
        assert!(report.complete);
        assert_eq!(report.lost, PathSet::from([b"/a\nb".to_vec(), b"/caf\xe9".to_vec()]));
    }

    #[test]
    fn a_report_with_a_gap_is_not_complete() {
        let json = br#"{"version":1,"complete":true,"gaps":[{}],"changes":[]}"#;
        assert!(!parse(json).unwrap().complete);
    }
}
