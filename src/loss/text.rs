//! The report as text for people. Pure: values in, text into any writer.
//!
//! No name is cut and none reaches the terminal unescaped.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::report::{Summary, Tally, Writer};
use super::rules::Holds;
use super::{ChangeKind, FileType, Judged, Keeper, Placement, Remark, Sum, Time, Verdict};
use crate::config::{AcceptRule, DEFAULT_FILE};
use crate::human;
use crate::path::{HostPath, escape};

/// What a text report has to know beside the changes.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The root, escaped.
    pub root: String,
    /// What it is compared with, in words.
    pub blank: String,
    /// The configuration, escaped; nothing when there is none.
    pub config: Option<String>,
    /// Whether the configuration declares the root.
    pub is_root_declared: bool,
    /// The rules of `[[report.accept]]`.
    pub accept: Vec<AcceptRule>,
    /// The entries that are not in place.
    pub missing: Vec<Placement>,
    /// Now, in seconds since 1970.
    pub now: i64,
    /// The width of the terminal; nothing when it is none.
    pub width: Option<usize>,
}

/// Writes a report as text.
#[derive(Debug)]
pub struct Text<W> {
    out: W,
    setting: Setting,
    has_table: bool,
    has_shadowed: bool,
    has_removed: bool,
    not_in_place: BTreeSet<HostPath>,
    adopted: BTreeMap<HostPath, Sum>,
}

/// The columns before the path: size, files, age.
const COLUMNS: usize = 8 + 2 + 8 + 2 + 7 + 2;

impl<W: Write> Text<W> {
    /// Begins a report: says what is compared with what.
    ///
    /// # Errors
    /// It could not be written.
    pub fn begin(mut out: W, setting: Setting) -> io::Result<Self> {
        let head = format!("The root {}, compared with {}.", setting.root, setting.blank);
        prose(&mut out, &setting, &head)?;
        let whole = match &setting.config {
            None => Some(format!(
                "There is no configuration ({DEFAULT_FILE}), so the whole root is taken as ephemeral: \
                 this is what an erased root would cost this host today."
            )),
            Some(config) if !setting.is_root_declared => Some(format!(
                "The configuration {config} declares no root at /; it is taken as ephemeral all the \
                 same."
            )),
            Some(_) => None,
        };
        if let Some(whole) = whole {
            prose(&mut out, &setting, &whole)?;
        }
        Ok(Self {
            out,
            setting,
            has_table: false,
            has_shadowed: false,
            has_removed: false,
            not_in_place: BTreeSet::new(),
            adopted: BTreeMap::new(),
        })
    }

    fn row(&mut self, line: &Judged) -> io::Result<()> {
        if !self.has_table {
            self.has_table = true;
            writeln!(self.out, "\n{:>8}  {:>8}  {:>7}  PATH", "SIZE", "FILES", "AGE")?;
        }
        let change = &line.change;
        let sum = change.sum();
        let has_content = !matches!(change.kind, ChangeKind::Removed | ChangeKind::Metadata)
            && (change.below.is_some() || change.node.file_type == FileType::Regular);
        let size = if has_content { human::size(sum.bytes) } else { "-".to_owned() };
        let files = if change.node.file_type == FileType::Directory && change.below.is_none() {
            "-".to_owned()
        } else {
            human::count(sum.files)
        };
        let age = human::age(self.setting.now, newest(line, &sum).map(|time| time.seconds));
        let slash = if change.below.is_some() { "/" } else { "" };
        let word = word(line).map(|word| format!("{word} ")).unwrap_or_default();
        let path = format!("{word}{}{slash}", change.path);
        let columns = format!("{size:>8}  {files:>8}  {age:>7}");
        let fits = |width: usize| COLUMNS + path.chars().count() <= width;
        if self.setting.width.is_none_or(fits) {
            writeln!(self.out, "{columns}  {path}")
        } else {
            writeln!(self.out, "{columns}\n    {path}")
        }
    }

    fn gaps(&mut self, summary: &Summary) -> io::Result<()> {
        let count = match summary.gaps.len() {
            0 => return Ok(()),
            1 => "1 place".to_owned(),
            many => format!("{} places", human::count(u64::try_from(many).unwrap_or(u64::MAX))),
        };
        writeln!(self.out)?;
        self.prose(&format!("{count} could not be read; what lies there is in no number here:"))?;
        for gap in &summary.gaps {
            writeln!(self.out, "  {}: {}", gap.path, escape(gap.error.as_bytes()))?;
        }
        Ok(())
    }

    fn adopted(&mut self) -> io::Result<()> {
        for (target, sum) in std::mem::take(&mut self.adopted) {
            let (files, bytes) = (human::count(sum.files), human::size(sum.bytes));
            let noun = if sum.files == 1 { "file" } else { "files" };
            self.prose(&format!(
                "{target} is declared and not in the store yet ({files} {noun}, {bytes}): \
                 `blankslate apply` copies it there now, or else the next boot does before it erases."
            ))?;
        }
        Ok(())
    }

    fn accepted(&mut self, summary: &Summary) -> io::Result<()> {
        if summary.totals.accepted.paths() > 0 {
            self.prose(&format!("Accepted: {}.", tally(&summary.totals.accepted)))?;
        }
        for (rule, counted) in self.setting.accept.iter().zip(&summary.totals.rules) {
            if counted.paths() == 0 {
                continue;
            }
            let because = rule.because.as_ref().map(|why| format!(" ({})", escape(why.as_bytes())));
            let glob = escape(rule.glob.as_bytes());
            writeln!(self.out, "  {glob}{}: {}", because.unwrap_or_default(), tally(counted))?;
        }
        Ok(())
    }

    fn remarks(&mut self) -> io::Result<()> {
        if self.has_shadowed {
            self.prose("shadowed: a mount hides it; unmount that to see it.")?;
        }
        if self.has_removed {
            self.prose("removed: it is in the blank, and there again after the next boot.")?;
        }
        for entry in self.setting.missing.clone() {
            if !self.not_in_place.contains(&entry.target) {
                continue;
            }
            let source = &entry.source;
            let why = match entry.source_holds {
                Holds::Unusable => format!("but {source} cannot be put in place"),
                Holds::Data if !entry.is_on_root => {
                    format!("but is not in place, and {source} holds other data")
                }
                Holds::Data => format!(
                    "but is not in place, and {source} holds other data; the next boot keeps both, \
                     this one as {source}.from-old-root"
                ),
                Holds::Nothing => "but is not in place".to_owned(),
            };
            self.prose(&format!("{} is declared (line {}), {why}.", entry.target, entry.line))?;
        }
        Ok(())
    }

    fn verdict(&mut self, summary: &Summary) -> io::Result<()> {
        let lost = &summary.totals.lost;
        let incomplete = if summary.gaps.is_empty() { "" } else { " This report is incomplete." };
        if summary.lost_lines == 0 {
            let text = if summary.gaps.is_empty() {
                "Nothing would be lost at the next boot."
            } else {
                "Nothing was found that would be lost at the next boot, but this report is incomplete."
            };
            return self.prose(text);
        }
        let lines = match summary.lost_lines {
            1 => "1 line".to_owned(),
            many => format!("{} lines", human::count(many)),
        };
        self.prose(&format!("Lost at the next boot: {}, in {lines}.{incomplete}", tally(lost)))
    }

    fn advice(&mut self, summary: &Summary) -> io::Result<()> {
        if summary.lost_lines == 0 {
            return Ok(());
        }
        let advice = match &self.setting.config {
            Some(config) => format!(
                "To keep a path, declare it as a [[store.entry]] in {config}; to accept its loss, \
                 match it with a [[report.accept]]."
            ),
            None => format!(
                "To keep a path, write {DEFAULT_FILE} with a [[store]] and a [[store.entry]] for it."
            ),
        };
        self.prose(&advice)
    }

    fn prose(&mut self, text: &str) -> io::Result<()> {
        prose(&mut self.out, &self.setting, text)
    }
}

impl<W: Write> Writer for Text<W> {
    type Error = io::Error;

    fn line(&mut self, line: &Judged) -> io::Result<()> {
        if let Verdict::Kept(Keeper::Adopted(target)) = &line.verdict {
            self.adopted.entry(target.clone()).or_default().add(&line.change.sum());
        }
        let Verdict::Lost(remark) = &line.verdict else { return Ok(()) };
        match remark {
            Remark::Shadowed => self.has_shadowed = true,
            Remark::NotInPlace(target) | Remark::NoSource(target) => {
                self.not_in_place.insert(target.clone());
            }
            Remark::None | Remark::MountPoint => {}
        }
        self.has_removed |= line.change.kind == ChangeKind::Removed;
        self.row(line)
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        self.gaps(summary)?;
        writeln!(self.out)?;
        self.remarks()?;
        if summary.totals.kept.paths() > 0 {
            let kept = human::count(summary.totals.kept.paths());
            let what = "entries, mounts and the directories above them";
            self.prose(&format!("Kept, or made again: {kept} paths ({what})."))?;
        }
        self.adopted()?;
        self.accepted(summary)?;
        self.verdict(summary)?;
        self.advice(summary)?;
        self.out.flush()
    }
}

/// One short word where there is more to say than that a path was added. It stands before the path,
/// which begins with a slash, so that no name can pretend to be one.
fn word(line: &Judged) -> Option<&'static str> {
    let change = &line.change;
    match (&line.verdict, change.kind) {
        (Verdict::Lost(Remark::Shadowed), _) => Some("shadowed"),
        (Verdict::Lost(Remark::NotInPlace(_) | Remark::NoSource(_)), _) => Some("not-in-place"),
        (Verdict::Lost(Remark::MountPoint), ChangeKind::Added) => Some("mount-point"),
        (_, ChangeKind::Added) if change.node.file_type == FileType::Directory => {
            change.below.is_none().then_some("directory")
        }
        (_, ChangeKind::Added) => None,
        (_, kind) => Some(kind.word()),
    }
}

/// The newest write of all that the line stands for. A directory that stands for its contents does
/// not count itself: listing and mounting touch it.
fn newest(line: &Judged, sum: &Sum) -> Option<Time> {
    match line.change.below {
        Some(below) => below.newest.or(sum.newest),
        None => sum.newest,
    }
}

fn tally(tally: &Tally) -> String {
    let noun = |count: u64, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{} {many}", human::count(count))),
    };
    let files =
        noun(tally.files, "file", "files").map(|f| format!("{f} ({})", human::size(tally.bytes)));
    let parts = [
        files,
        noun(tally.directories, "directory", "directories"),
        noun(tally.metadata, "change of owner or mode", "changes of owner or mode"),
        noun(tally.removed, "removal", "removals"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}

/// Writes a sentence in lines that fit the terminal, or 80 columns.
fn prose(out: &mut impl Write, setting: &Setting, text: &str) -> io::Result<()> {
    let width = setting.width.unwrap_or(80).min(100);
    let mut column = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            writeln!(out)?;
            column = 0;
        }
        if column > 0 {
            write!(out, " ")?;
            column += 1;
        }
        write!(out, "{word}")?;
        column += length;
    }
    writeln!(out)
}
