//! Which lines of a report are shown. Pure; the numbers of a report and its end never hang on it.

use std::collections::BTreeSet;

use super::{Accept, BadGlob, Change, Extent, Judged, Sum, Time, Verdict};
use crate::config::AcceptRule;
use crate::path::{HostPath, escape};

/// One line of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it tells of, and what becomes of that.
    pub judged: Judged,
    /// It stands for some of what lies below its path, and not for all: `--depth` summed it up.
    pub is_part: bool,
}

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Lines of what is lost.
    Lost,
    /// Lines of what is made again.
    Recreated,
    /// Lines of what is accepted to be lost.
    Accepted,
    /// Lines of what is kept.
    Kept,
}

/// Which lines are shown, and what is summed up in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Each path is a line of its own.
    pub every: bool,
    /// Directories that are lost only as the way to other lost lines are lines as well.
    pub with_ways: bool,
    /// Temporary files that nobody claims are summed up.
    pub gathers: bool,
    /// What is shown.
    pub classes: BTreeSet<Class>,
    /// Lines with fewer bytes are not shown.
    pub min_size: u64,
    /// Lines in which nothing was written since then, in seconds since 1970, are not shown.
    pub newer_than: Option<i64>,
    /// What lies more levels below the start than this is summed up.
    pub depth: Option<usize>,
    /// Where the report starts.
    pub start: HostPath,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Lost, Self::Recreated, Self::Accepted, Self::Kept];

    /// That of a verdict.
    #[must_use]
    pub fn of(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Kept(_) => Self::Kept,
            Verdict::Recreated(_) => Self::Recreated,
            Verdict::Accepted(_) => Self::Accepted,
            Verdict::Lost(_) => Self::Lost,
        }
    }
}

impl View {
    /// Everything from the root on; `every` path is a line of its own, or a directory that is all of
    /// one verdict is one.
    #[must_use]
    pub fn all(every: bool) -> Self {
        Self {
            every,
            with_ways: true,
            gathers: false,
            classes: BTreeSet::from(Class::ALL),
            min_size: 0,
            newer_than: None,
            depth: None,
            start: HostPath::root(),
        }
    }

    /// Whether lines of this class are asked for.
    #[must_use]
    pub fn wants(&self, class: Class) -> bool {
        self.classes.contains(&class)
    }

    /// Whether a line of a class that is asked for is shown.
    #[must_use]
    pub fn shows(&self, line: &Line) -> bool {
        let sum = line.judged.change.sum();
        let is_new = |since| newest(&line.judged.change, &sum).is_some_and(|t| t.seconds >= since);
        sum.bytes >= self.min_size && self.newer_than.is_none_or(is_new)
    }
}

/// Refuses a rule that accepts the loss of everything: with it no report would ever have a line.
///
/// # Errors
/// Names the first such rule of the configuration `file`, with the cure; or one whose glob is none.
pub fn refuse_everything(rules: &[AcceptRule], file: &str) -> Result<(), BadGlob> {
    // Names that nothing but a wildcard matches.
    let any = ["/\u{f8f0}", "/\u{f8f1}/\u{f8f2}", "/\u{f8f3}/\u{f8f4}/\u{f8f5}/\u{f8f6}"];
    let any = || any.iter().filter_map(|path| path.parse::<HostPath>().ok());
    for rule in rules {
        let accept = Accept::new(std::slice::from_ref(rule), file)?;
        if any().all(|path| accept.find(&path).is_some()) {
            let problem = "accepts the loss of everything, so that no report would tell of any; \
                           name what holds nothing of value, e.g. \"/var/tmp/**\"";
            return Err(BadGlob {
                file: file.to_owned(),
                line: rule.line,
                glob: escape(rule.glob.as_bytes()),
                problem: problem.to_owned(),
            });
        }
    }
    Ok(())
}

/// The newest write of all that a change tells of. A directory that stands for its contents does not
/// count itself: listing and mounting touch it.
#[must_use]
pub fn newest(change: &Change, sum: &Sum) -> Option<Time> {
    match change.below() {
        Some(below) => below.newest.or(sum.newest),
        None => sum.newest,
    }
}

/// Finds the directories that are lost only as the way to other lost lines.
///
/// Such a directory is held back until the next lost line tells whether it lies below.
#[derive(Debug, Default)]
pub struct Ways {
    /// Each below the one before it.
    held: Vec<Judged>,
    /// How many were found.
    pub count: u64,
}

impl Ways {
    /// Takes the next line; adds those that are certain now to `lines`. What was held back comes after
    /// what is not lost below it.
    pub fn push(&mut self, line: Judged, lines: &mut Vec<Judged>) {
        if self.held.last().is_some_and(|held| !line.change.path.is_below(&held.change.path)) {
            self.release(Some(&line.change.path), lines);
        }
        if !matches!(line.verdict, Verdict::Lost(_)) {
            lines.push(line);
        } else if can_be_way(&line) {
            self.held.push(line);
        } else {
            self.count_held();
            lines.push(line);
        }
    }

    /// Adds what is still held back to `lines`.
    pub fn finish(&mut self, lines: &mut Vec<Judged>) {
        self.release(None, lines);
    }

    /// Of those that do not lead to `path` the innermost is a line, to which all around it lead.
    fn release(&mut self, path: Option<&HostPath>, lines: &mut Vec<Judged>) {
        let leads = |held: &Judged| path.is_some_and(|path| path.is_below(&held.change.path));
        if self.held.last().is_none_or(leads) {
            return;
        }
        lines.extend(self.held.pop());
        self.count_held();
    }

    fn count_held(&mut self) {
        self.count += u64::try_from(self.held.len()).unwrap_or(u64::MAX);
        self.held.clear();
    }
}

/// Whether it is a directory of which there is nothing to say but that it is lost.
fn can_be_way(line: &Judged) -> bool {
    use super::Remark::{MountPoint, None, Shadowed};
    let is_plain = matches!(line.verdict, Verdict::Lost(None | MountPoint | Shadowed));
    is_plain && line.change.extent == Extent::Itself && line.change.is_new_directory()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::loss::{ChangeKind, FileType, Node, Owners, Remark};

    fn line(text: &str) -> Judged {
        let (verdict, at) = text.split_once(' ').unwrap();
        let at_path: HostPath = at.parse().unwrap();
        let is_dir = verdict == "dir";
        let verdict = match verdict {
            "kept" => Verdict::Kept(crate::loss::Keeper::Parent),
            _ => Verdict::Lost(Remark::None),
        };
        let file_type = if is_dir { FileType::Directory } else { FileType::Regular };
        let mtime = Time { seconds: 7, nanoseconds: 0 };
        let node = Node { file_type, size: 5, allocated: 0, mtime };
        let owned = Owners::default().of(&at_path);
        let change =
            Change { path: at_path, kind: ChangeKind::Added, node, extent: Extent::Itself };
        Judged { change, verdict, owned: Arc::clone(&owned) }
    }

    #[test]
    fn a_directory_that_leads_to_a_lost_line_is_none_and_counted() {
        let table: [(&[&str], &[&str], u64); 6] = [
            (&["dir /a", "lost /a/b", "lost /c"], &["/a/b", "/c"], 1),
            (&["dir /a", "kept /a/b", "lost /c"], &["/a/b", "/a", "/c"], 0),
            (&["dir /a", "dir /a/b", "dir /a/c"], &["/a/b", "/a/c"], 1),
            (&["dir /a", "dir /a/b", "kept /a/b/x", "lost /a/c"], &["/a/b/x", "/a/b", "/a/c"], 1),
            (&["dir /a", "dir /a/b", "lost /a/b/x", "lost /a/c"], &["/a/b/x", "/a/c"], 2),
            (&["dir /a", "lost /ab"], &["/a", "/ab"], 0),
        ];
        for (told, expected, count) in table {
            let (mut ways, mut lines) = (Ways::default(), Vec::new());
            for text in told {
                ways.push(line(text), &mut lines);
            }
            ways.finish(&mut lines);
            let shown: Vec<String> = lines.iter().map(|l| l.change.path.to_string()).collect();
            assert_eq!((shown, ways.count), (expected.iter().map(|&t| t.into()).collect(), count));
        }
    }

    #[test]
    fn a_line_is_shown_by_its_size_and_the_newest_write_in_it() {
        let shows = |min_size, newer_than| {
            let view = View { min_size, newer_than, ..View::all(false) };
            view.shows(&Line { judged: line("lost /a"), is_part: false })
        };
        assert!(shows(0, None) && shows(5, Some(7)));
        assert!(!shows(6, None) && !shows(0, Some(8)));
    }
}
