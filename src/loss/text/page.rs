//! A page of text: sentences that wrap, headings, rows. No name is cut and none reaches the terminal
//! unescaped.

use std::io::{self, Write};

use clap::builder::styling::{AnsiColor, Style};

use super::Setting;
use crate::human;
use crate::loss::open::Opened;
use crate::loss::view::{Line, newest};
use crate::loss::{ChangeKind, Extent, FileType, Remark, Verdict};
use crate::path::{HostPath, escape};
use crate::presets::Rank;

/// How a piece of text looks where there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Plain,
    Strong,
    Alarming,
    Calm,
}

/// Where text goes.
#[derive(Debug)]
pub(super) struct Page<W> {
    pub(super) out: W,
    width: Option<usize>,
    is_coloured: bool,
    now: i64,
    /// Something was written, and an empty line belongs before what comes next.
    has_text: bool,
    wants_blank: bool,
    /// One row, as text; used again for the next.
    row: Vec<u8>,
}

/// The columns before the path: size, files, age.
const COLUMNS: usize = 8 + 2 + 8 + 2 + 7 + 2;

impl<W: Write> Page<W> {
    pub(super) fn new(out: W, setting: &Setting) -> Self {
        let Setting { width, is_coloured, now, .. } = *setting;
        let (has_text, wants_blank, row) = (false, false, Vec::new());
        Self { out, width, is_coloured, now, has_text, wants_blank, row }
    }

    /// Sets what comes next apart.
    pub(super) fn blank(&mut self) {
        self.wants_blank = self.has_text;
    }

    /// The output, where something is going to be written now.
    fn out(&mut self) -> io::Result<&mut W> {
        if std::mem::take(&mut self.wants_blank) {
            writeln!(self.out)?;
        }
        self.has_text = true;
        Ok(&mut self.out)
    }

    /// Writes a sentence in lines that fit the terminal, or 80 columns.
    pub(super) fn prose(&mut self, text: &str) -> io::Result<()> {
        self.wrapped(text, Look::Plain)
    }

    pub(super) fn wrapped(&mut self, text: &str, look: Look) -> io::Result<()> {
        self.lines(text, look, 0)
    }

    /// Writes an item of a list, set in; its further lines deeper.
    pub(super) fn item(&mut self, text: &str) -> io::Result<()> {
        self.lines(text, Look::Plain, 2)
    }

    /// Writes text in lines that fit, the first so far from the edge and the others twice.
    fn lines(&mut self, text: &str, look: Look, indent: usize) -> io::Result<()> {
        let style = self.style(look);
        let width = self.width.unwrap_or(80).min(100).saturating_sub(2 * indent);
        let out = self.out()?;
        write!(out, "{}{:indent$}", style.render(), "")?;
        let mut column = 0;
        for word in text.split(' ') {
            let length = word.chars().count();
            if column > 0 && column + 1 + length > width {
                let (end, deeper) = (style.render_reset(), 2 * indent);
                write!(out, "{end}\n{}{:deeper$}", style.render(), "")?;
                column = 0;
            }
            if column > 0 {
                write!(out, " ")?;
                column += 1;
            }
            write!(out, "{word}")?;
            column += length;
        }
        writeln!(out, "{}", style.render_reset())
    }

    /// Writes one line as it is.
    pub(super) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out()?, "{text}")
    }

    /// Writes lines as they are, set in.
    pub(super) fn verbatim(&mut self, text: &str) -> io::Result<()> {
        let out = self.out()?;
        text.lines()
            .try_for_each(|line| writeln!(out, "{}{line}", if line.is_empty() { "" } else { "  " }))
    }

    pub(super) fn columns(&mut self) -> io::Result<()> {
        let style = self.style(Look::Calm);
        let (on, off) = (style.render(), style.render_reset());
        writeln!(self.out()?, "{on}{:>8}  {:>8}  {:>7}  PATH{off}", "SIZE", "FILES", "AGE")
    }

    /// Writes a line of the report. `front` stands before the path; of what is not wholly read no
    /// numbers are told.
    pub(super) fn row(
        &mut self,
        line: &Line,
        front: &str,
        open: &Opened,
        is_unread: bool,
    ) -> io::Result<()> {
        let style = self.style(match line.judged.owned.rank {
            Rank::Cache | Rank::Logs => Look::Calm,
            Rank::Keys | Rank::State => Look::Plain,
        });
        let mut row = std::mem::take(&mut self.row);
        row.clear();
        write!(row, "{}", style.render())?;
        let start = row.len();
        columns(&mut row, line, self.now, is_unread)?;
        let change = &line.judged.change;
        let (path_start, words) = (row.len() + 2, word(line));
        row.extend_from_slice(b"  ");
        for word in [front, words.unwrap_or_default()].iter().filter(|word| !word.is_empty()) {
            row.extend_from_slice(word.as_bytes());
            row.push(b' ');
        }
        push_path(&mut row, &change.path);
        if change.below().is_some() && !change.path.is_root() {
            row.push(b'/');
        }
        let text = String::from_utf8_lossy(row.get(start..).unwrap_or_default());
        if self.width.is_some_and(|width| text.chars().count() > width) {
            row.splice(path_start.saturating_sub(2)..path_start, *b"\n    ");
        }
        writeln!(row, "{}", style.render_reset())?;
        for (command, unit) in open.at(&change.path, change.below().is_some()) {
            let unit = unit.map(|unit| format!(" ({})", escape(unit.as_bytes())));
            let command = escape(command.as_bytes());
            writeln!(row, "{:COLUMNS$}open: {command}{}", "", unit.unwrap_or_default())?;
        }
        self.out()?.write_all(&row)?;
        self.row = row;
        Ok(())
    }

    fn style(&self, look: Look) -> Style {
        match look {
            _ if !self.is_coloured => Style::new(),
            Look::Plain => Style::new(),
            Look::Strong => Style::new().bold(),
            Look::Alarming => AnsiColor::Red.on_default().bold(),
            Look::Calm => Style::new().dimmed(),
        }
    }
}

fn columns(row: &mut Vec<u8>, line: &Line, now: i64, is_unread: bool) -> io::Result<()> {
    let change = &line.judged.change;
    let sum = change.sum();
    let has_content = !matches!(change.kind, ChangeKind::Removed | ChangeKind::Metadata(_))
        && (change.below().is_some() || change.node.file_type == FileType::Regular);
    let size = if has_content { human::size(sum.bytes) } else { "-".to_owned() };
    let is_alone = change.node.file_type == FileType::Directory && change.below().is_none();
    let files = if is_alone { "-".to_owned() } else { human::count(sum.files) };
    let age = human::age(now, newest(change, &sum).map(|time| time.seconds));
    let (size, files) = if is_unread { ("?".to_owned(), "?".to_owned()) } else { (size, files) };
    write!(row, "{size:>8}  {files:>8}  {age:>7}")
}

/// Most paths need no escapes, and are copied as they are.
fn push_path(row: &mut Vec<u8>, path: &HostPath) {
    let bytes = path.as_bytes();
    if bytes.iter().all(|byte| matches!(byte, b' '..=b'~') && *byte != b'\\') {
        row.extend_from_slice(bytes);
    } else {
        row.extend_from_slice(escape(bytes).as_bytes());
    }
}

/// Short words where there is more to say than that a path was added. They stand before the path,
/// which begins with a slash, so that no name can pretend to be one.
fn word(line: &Line) -> Option<&'static str> {
    let change = &line.judged.change;
    match (&line.judged.verdict, change.kind) {
        (Verdict::Lost(Remark::Shadowed), _) => Some("shadowed"),
        (Verdict::Lost(Remark::NotInPlace(_) | Remark::NoSource(_)), _) => Some("not-in-place"),
        (Verdict::Lost(Remark::MountPoint), ChangeKind::Added) => Some("mount-point"),
        (_, ChangeKind::Added) => match change.extent {
            Extent::Contents(_) if line.is_part => Some("some in"),
            Extent::Contents(_) => Some("all in"),
            Extent::Itself if change.node.file_type == FileType::Directory => Some("directory"),
            Extent::Itself | Extent::Tree(_) => None,
        },
        (_, ChangeKind::Metadata(aspect)) => Some(aspect.word()),
        (_, kind) => Some(kind.word()),
    }
}
