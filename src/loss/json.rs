//! The report as JSON, version 1: `docs/schema/what-will-i-lose-1.json`.
//!
//! Changes are written as they come; the numbers stand at the end.

mod word;

use std::borrow::Cow;
use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::open::Opened;
use super::report::{Summary, Tally, Writer};
use super::view::Line;
use super::{ChangeKind, Extent, Gap, Owner, Time, Verdict, words};
use crate::config::AcceptRule;
use crate::path::{HostPath, escape};

/// Writes a report as JSON.
#[derive(Debug)]
pub struct Json<'o, W> {
    out: W,
    accept: Vec<AcceptRule>,
    open: &'o Opened,
    /// One change, as text; used again for the next.
    text: Vec<u8>,
    has_changes: bool,
}

#[derive(Serialize)]
struct ChangeJson<'j> {
    path: Cow<'j, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_base64: Option<String>,
    change: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    aspect: Option<&'static str>,
    #[serde(rename = "type")]
    file_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    extent: Option<&'static str>,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "moment")]
    mtime: Option<jiff::Timestamp>,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'j str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_by: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<EvidenceJson>,
    owner: OwnerJson<'j>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preset: Option<&'j str>,
    rank: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    open: Vec<HolderJson<'j>>,
}

/// Who makes and uses something.
#[derive(Debug, Serialize)]
pub(crate) struct OwnerJson<'j> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'j str>,
}

#[derive(Serialize)]
struct EvidenceJson {
    kind: &'static str,
    words: String,
}

#[derive(Serialize)]
struct HolderJson<'j> {
    command: &'j str,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'j str>,
}

#[derive(Serialize)]
struct GapJson<'j> {
    path: Cow<'j, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_base64: Option<String>,
    error: &'j str,
}

/// Numbers of one verdict.
#[derive(Debug, Serialize)]
pub(crate) struct TallyJson {
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
    recreated: TallyJson,
    accepted: TallyJson,
    lost: TallyJson,
    rules: Vec<RuleJson<'j>>,
}

impl<'o, W: Write> Json<'o, W> {
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
        open: &'o Opened,
    ) -> io::Result<Self> {
        let (root, exact) = path(root);
        write!(out, "{{\"version\":1,\"root\":{}", text(&root)?)?;
        if let Some(exact) = exact {
            write!(out, ",\"root_base64\":{}", text(&exact)?)?;
        }
        write!(out, ",\"blank\":{},\"configuration\":{}", text(&blank)?, text(&config)?)?;
        write!(out, ",\"changes\":[")?;
        Ok(Self { out, accept, open, text: Vec::new(), has_changes: false })
    }

    fn change<'j>(&'j self, line: &'j Line) -> ChangeJson<'j> {
        let (change, owned) = (&line.judged.change, &line.judged.owned);
        let sum = change.sum();
        let mut json = ChangeJson {
            path: Cow::Borrowed(""),
            path_base64: None,
            change: change.kind.word(),
            aspect: match change.kind {
                ChangeKind::Metadata(aspect) => Some(aspect.word()),
                _ => None,
            },
            file_type: change.node.file_type.word(),
            extent: match change.extent {
                Extent::Contents(_) if line.is_part => Some("part"),
                Extent::Contents(_) => Some("contents"),
                Extent::Itself | Extent::Tree(_) => None,
            },
            size: sum.bytes,
            files: change.below().map(|below| below.files),
            mtime: sum.newest.and_then(time),
            verdict: words::verdict(&line.judged.verdict),
            remark: None,
            rule: None,
            kept_by: None,
            evidence: None,
            owner: OwnerJson::from(&owned.owner),
            preset: owned.preset.as_deref(),
            rank: owned.rank.word(),
            open: self.holders(&change.path, change.below().is_some()),
        };
        (json.path, json.path_base64) = path(change.path.as_bytes());
        match &line.judged.verdict {
            Verdict::Kept(keeper) => json.kept_by = Some(word::kept_by(keeper)),
            Verdict::Accepted(rule) => {
                json.rule = self.accept.get(*rule).map(|rule| rule.glob.as_str());
            }
            Verdict::Recreated(maker) => {
                let kind = word::evidence(maker);
                json.evidence = Some(EvidenceJson { kind, words: words::maker(maker) });
            }
            Verdict::Lost(remark) => json.remark = word::remark(remark),
        }
        json
    }

    fn holders(&self, path: &HostPath, with_below: bool) -> Vec<HolderJson<'_>> {
        let holders = self.open.at(path, with_below).into_iter();
        let json = |(command, unit): (_, Option<_>)| HolderJson { command, unit };
        holders.map(json).collect()
    }
}

impl<W: Write> Writer for Json<'_, W> {
    type Error = io::Error;

    fn line(&mut self, line: Line) -> io::Result<()> {
        let mut buffer = std::mem::take(&mut self.text);
        buffer.clear();
        buffer.extend_from_slice(if self.has_changes { b",\n" } else { b"\n" });
        serde_json::to_writer(&mut buffer, &self.change(&line))?;
        self.has_changes = true;
        self.text = buffer;
        self.out.write_all(&self.text)
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        let gap = |gap: &Gap| {
            let (path, path_base64) = path(gap.path.as_bytes());
            text(&GapJson { path, path_base64, error: &gap.error })
        };
        let gaps = summary.gaps.iter().map(gap).collect::<io::Result<Vec<_>>>()?;
        let tallies =
            summary.totals.rules.iter().copied().chain(std::iter::repeat(Tally::default()));
        let rules = self.accept.iter().zip(tallies);
        let totals = TotalsJson {
            kept: TallyJson::from(&summary.totals.kept),
            recreated: TallyJson::from(&summary.totals.recreated),
            accepted: TallyJson::from(&summary.totals.accepted),
            lost: TallyJson::from(&summary.totals.lost),
            rules: rules
                .map(|(rule, t)| RuleJson { glob: &rule.glob, tally: TallyJson::from(&t) })
                .collect(),
        };
        let complete = summary.gaps.is_empty();
        write!(self.out, "\n],\"gaps\":[{}],\"totals\":{}", gaps.join(",\n"), text(&totals)?)?;
        let hidden = summary.hidden.lines;
        writeln!(self.out, ",\"hidden\":{hidden},\"complete\":{complete}}}")?;
        self.out.flush()
    }
}

fn text<T: Serialize>(value: &T) -> io::Result<String> {
    Ok(serde_json::to_string(value)?)
}

/// A name that is UTF-8 stands there as it is; of another the text is escaped, and the bytes are
/// added.
fn path(bytes: &[u8]) -> (Cow<'_, str>, Option<String>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), None),
        Err(_) => (Cow::Owned(escape(bytes)), Some(STANDARD.encode(bytes))),
    }
}

/// In UTC with the fraction of the second, where there is one. A time that the calendar does not
/// reach is left out.
fn time(time: Time) -> Option<jiff::Timestamp> {
    jiff::Timestamp::new(time.seconds, i32::try_from(time.nanoseconds).ok()?).ok()
}

#[expect(clippy::ref_option, reason = "the shape that serde asks for")]
fn moment<S: serde::Serializer>(
    time: &Option<jiff::Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&time.unwrap_or_default())
}

impl<'o> From<&'o Owner> for OwnerJson<'o> {
    fn from(owner: &'o Owner) -> Self {
        let (kind, name) = match owner {
            Owner::Unit(name) => ("unit", Some(name)),
            Owner::Preset(name) => ("preset", Some(name)),
            Owner::Home(name) => ("home", Some(name)),
            Owner::Tmpfiles(name) => ("tmpfiles", Some(name)),
            Owner::Unknown => ("unknown", None),
        };
        Self { kind, name: name.map(String::as_str) }
    }
}

impl From<&Tally> for TallyJson {
    fn from(tally: &Tally) -> Self {
        Self {
            files: tally.files,
            directories: tally.directories,
            bytes: tally.bytes,
            removed: tally.removed,
            metadata: tally.metadata,
        }
    }
}
