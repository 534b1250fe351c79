//! What `what-will-i-lose` says of each path, and what the one-liners say that people use.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use vm_tests::guest::Guest;

use crate::bash;
use crate::listing::unescape_octal;

const WITHIN: Duration = Duration::from_secs(300);

/// What becomes of a path, as the report has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    Kept,
    Accepted,
    Recreated,
    Lost,
}

/// One line of the report.
#[derive(Debug, Clone)]
pub struct Said {
    pub verdict: Verdict,
    /// The line itself, for whoever looks for the cause of a misjudgement.
    pub line: String,
}

/// Asks for the report with every path. A report with gaps is a failure: all of the root can be read.
pub fn predict(guest: &mut Guest) -> Result<BTreeMap<Vec<u8>, Said>> {
    let script =
        "what-will-i-lose --config /run/guest/declared.toml --every --verdict all --format json";
    let json = guest.run_within(&bash(script), WITHIN)?.ended_with(1)?;
    let value: Value = serde_json::from_slice(&json).context("cannot read the report")?;
    ensure!(value["complete"] == true && value["gaps"] == Value::Array(vec![]), "it has gaps");
    let mut said = BTreeMap::new();
    for change in value["changes"].as_array().context("it has no changes")? {
        let verdict = match change["verdict"].as_str() {
            Some("kept") => Verdict::Kept,
            Some("accepted") => Verdict::Accepted,
            Some("recreated") => Verdict::Recreated,
            Some("lost") => Verdict::Lost,
            other => bail!("an unknown verdict: {other:?}"),
        };
        let path = match (change["path_base64"].as_str(), change["path"].as_str()) {
            (Some(encoded), _) => STANDARD.decode(encoded)?,
            (None, Some(path)) => path.as_bytes().to_vec(),
            (None, None) => bail!("a change has no path: {change}"),
        };
        let line = change.to_string();
        let twice = said.insert(path, Said { verdict, line: line.clone() });
        ensure!(twice.is_none(), "told twice: {line}");
    }
    Ok(said)
}

/// The paths that a one-liner prints.
pub type Paths = BTreeSet<Vec<u8>>;

/// A one-liner, and how its output is read: as kindly as can be.
pub struct OneLiner {
    pub name: &'static str,
    script: &'static str,
    read: fn(&[u8], &mut Paths),
}

pub const ONE_LINERS: [OneLiner; 3] = [
    OneLiner { name: "find -xdev", script: include_str!("../../guest/truth/find"), read: as_it_is },
    OneLiner {
        name: "zfs diff",
        script: include_str!("../../guest/truth/zfs-diff"),
        read: of_diff,
    },
    OneLiner { name: "tree -x", script: include_str!("../../guest/truth/tree"), read: of_tree },
];

impl OneLiner {
    pub fn ask(&self, guest: &mut Guest) -> Result<Paths> {
        let output = guest.run_within(&bash(self.script), WITHIN)?.ok_bytes()?;
        let mut paths = Paths::new();
        for line in output.split(|byte| *byte == b'\n') {
            (self.read)(line, &mut paths);
        }
        Ok(paths)
    }
}

fn as_it_is(line: &[u8], paths: &mut Paths) {
    paths.insert(line.to_vec());
}

/// `M\t/path`, `R\t/old -> /new`, with bytes as `\0ooo`.
fn of_diff(line: &[u8], paths: &mut Paths) {
    let names = line.splitn(2, |byte| *byte == b'\t').nth(1).unwrap_or_default();
    for name in split_arrow(names) {
        let path = unescape_octal(name, b"\\0");
        paths.insert(path.strip_suffix(b"/").unwrap_or(&path).to_vec());
    }
}

/// `/path`, `/path -> target`.
fn of_tree(line: &[u8], paths: &mut Paths) {
    paths.extend(split_arrow(line).first().map(|path| path.to_vec()));
}

fn split_arrow(text: &[u8]) -> Vec<&[u8]> {
    const ARROW: &[u8] = b" -> ";
    match text.windows(ARROW.len()).position(|window| window == ARROW) {
        Some(at) => vec![&text[..at], &text[at + ARROW.len()..]],
        None => vec![text],
    }
}
