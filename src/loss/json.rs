//! The report as JSON, version 1: `docs/schema/what-will-i-lose-1.json`.
//!
//! Changes are written as they come; the numbers stand at the end.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::report::{Summary, Tally, Writer};
use super::{Gap, Judged, Keeper, Remark, Time, Verdict};
use crate::config::AcceptRule;
use crate::path::{HostPath, escape};

/// Writes a report as JSON.
#[derive(Debug)]
pub struct Json<W> {
    out: W,
    accept: Vec<AcceptRule>,
    has_changes: bool,
}

#[derive(Serialize)]
struct PathJson {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_base64: Option<String>,
}

#[derive(Serialize)]
struct ChangeJson<'j> {
    #[serde(flatten)]
    path: PathJson,
    change: &'static str,
    #[serde(rename = "type")]
    file_type: &'static str,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mtime: Option<String>,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'j str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_by: Option<&'static str>,
}

#[derive(Serialize)]
struct GapJson<'j> {
    #[serde(flatten)]
    path: PathJson,
    error: &'j str,
}

#[derive(Serialize)]
struct TallyJson {
    files: u64,
    directories: u64,
    bytes: u64,
    removed: u64,
    metadata: u64,
}

#[derive(Serialize)]
struct RuleJson<'j> {
    glob: &'j str,
    #[serde(flatten)]
    tally: TallyJson,
}

#[derive(Serialize)]
struct TotalsJson<'j> {
    kept: TallyJson,
    accepted: TallyJson,
    lost: TallyJson,
    rules: Vec<RuleJson<'j>>,
}

impl<W: Write> Json<W> {
    /// Begins a report on the root `root`, a path as bytes, compared with `blank`, in words.
    ///
    /// # Errors
    /// It could not be written.
    pub fn begin(
        mut out: W,
        root: &[u8],
        blank: &str,
        config: Option<&str>,
        accept: Vec<AcceptRule>,
    ) -> io::Result<Self> {
        let root = path(root);
        write!(out, "{{\"version\":1,\"root\":{}", text(&root.path)?)?;
        if let Some(exact) = root.path_base64 {
            write!(out, ",\"root_base64\":{}", text(&exact)?)?;
        }
        write!(out, ",\"blank\":{},\"configuration\":{}", text(&blank)?, text(&config)?)?;
        write!(out, ",\"changes\":[")?;
        Ok(Self { out, accept, has_changes: false })
    }

    fn change<'j>(&'j self, line: &Judged) -> ChangeJson<'j> {
        let change = &line.change;
        let sum = change.sum();
        let (verdict, remark, rule, kept_by) = match &line.verdict {
            Verdict::Kept(keeper) => ("kept", None, None, Some(kept_by(keeper))),
            Verdict::Accepted(rule) => {
                ("accepted", None, self.accept.get(*rule).map(|rule| rule.glob.as_str()), None)
            }
            Verdict::Lost(remark) => ("lost", remark_word(remark), None, None),
        };
        ChangeJson {
            path: host_path(&change.path),
            change: change.kind.word(),
            file_type: change.node.file_type.word(),
            size: sum.bytes,
            files: change.below.map(|below| below.files),
            mtime: sum.newest.and_then(time),
            verdict,
            remark,
            rule,
            kept_by,
        }
    }
}

impl<W: Write> Writer for Json<W> {
    type Error = io::Error;

    fn line(&mut self, line: &Judged) -> io::Result<()> {
        let text = serde_json::to_vec(&self.change(line))?;
        self.out.write_all(if self.has_changes { b",\n" } else { b"\n" })?;
        self.has_changes = true;
        self.out.write_all(&text)
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        let gap = |gap: &Gap| text(&GapJson { path: host_path(&gap.path), error: &gap.error });
        let gaps = summary.gaps.iter().map(gap).collect::<io::Result<Vec<_>>>()?;
        let tallies =
            summary.totals.rules.iter().copied().chain(std::iter::repeat(Tally::default()));
        let rules = self.accept.iter().zip(tallies);
        let totals = TotalsJson {
            kept: tally(&summary.totals.kept),
            accepted: tally(&summary.totals.accepted),
            lost: tally(&summary.totals.lost),
            rules: rules.map(|(rule, t)| RuleJson { glob: &rule.glob, tally: tally(&t) }).collect(),
        };
        let complete = summary.gaps.is_empty();
        write!(self.out, "\n],\"gaps\":[{}],\"totals\":{}", gaps.join(",\n"), text(&totals)?)?;
        writeln!(self.out, ",\"complete\":{complete}}}")?;
        self.out.flush()
    }
}

fn text<T: Serialize>(value: &T) -> io::Result<String> {
    Ok(serde_json::to_string(value)?)
}

fn host_path(path_: &HostPath) -> PathJson {
    path(path_.as_bytes())
}

/// A name that is UTF-8 stands there as it is; of another the text is escaped and the bytes are
/// added.
fn path(bytes: &[u8]) -> PathJson {
    match std::str::from_utf8(bytes) {
        Ok(text) => PathJson { path: text.to_owned(), path_base64: None },
        Err(_) => PathJson { path: escape(bytes), path_base64: Some(STANDARD.encode(bytes)) },
    }
}

/// In UTC with the fraction of the second, where there is one. A time that the calendar does not
/// reach is left out.
fn time(time: Time) -> Option<String> {
    let nanoseconds = i32::try_from(time.nanoseconds).ok()?;
    jiff::Timestamp::new(time.seconds, nanoseconds).ok().map(|time| time.to_string())
}

fn kept_by(keeper: &Keeper) -> &'static str {
    match keeper {
        Keeper::Entry(_) => "entry",
        Keeper::Mount => "mount",
        Keeper::Parent => "parent",
        Keeper::Adopted(_) => "adoption",
    }
}

fn remark_word(remark: &Remark) -> Option<&'static str> {
    match remark {
        Remark::None => None,
        Remark::MountPoint => Some("mount-point"),
        Remark::Shadowed => Some("shadowed"),
        Remark::NotInPlace(_) => Some("not-in-place"),
        Remark::NoSource(_) => Some("no-source"),
    }
}

fn tally(tally: &Tally) -> TallyJson {
    TallyJson {
        files: tally.files,
        directories: tally.directories,
        bytes: tally.bytes,
        removed: tally.removed,
        metadata: tally.metadata,
    }
}
