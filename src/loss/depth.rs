//! Sums up lines in a directory: those that lie deep (`--depth`), and those of temporary files. Pure:
//! lines in the order of the scan in, lines out.

use super::{
    Change, ChangeKind, Extent, FileType, Judged, Line, Node, Owner, Remark, Sum, Time, Verdict,
};
use crate::path::HostPath;
use crate::presets::Rank;

/// Where temporary files lie: hardly one of their names comes again.
const SCRATCH: [&str; 2] = ["/tmp", "/var/tmp"];

/// Sums up what lies deeper than so many levels in the directory at that level, and temporary files that
/// nobody claims where they lie: one line for each verdict, owner and kind.
#[derive(Debug)]
pub struct Depth {
    /// How many components the path of such a directory has.
    components: usize,
    scratch: Vec<HostPath>,
    /// The directory for which lines are summed up now.
    at: Option<HostPath>,
    sums: Vec<Judged>,
}

impl Depth {
    /// Sums up temporary files, unless it is those that the report is about, and what lies more than
    /// `depth` levels below `start`.
    #[must_use]
    pub fn new(start: &HostPath, depth: Option<usize>) -> Self {
        let components = depth.map_or(usize::MAX, |depth| components(start).saturating_add(depth));
        let scratch = SCRATCH.iter().filter_map(|text| text.parse::<HostPath>().ok());
        let scratch = scratch.filter(|scratch| scratch.is_below(start)).collect();
        Self { components, scratch, at: None, sums: Vec::new() }
    }

    /// Takes the next line; adds those that are certain now to `lines`.
    pub fn push(&mut self, judged: Judged, lines: &mut Vec<Line>) {
        if self.at.as_ref().is_some_and(|at| !judged.change.path.is_below(at)) {
            self.finish(lines);
        }
        let Some(at) = self.directory(&judged) else {
            lines.push(Line { judged, is_part: false });
            return;
        };
        if self.at.as_ref() != Some(&at) {
            self.finish(lines);
        }
        let line = part(&at, judged);
        self.at = Some(at);
        match self.sums.iter_mut().find(|sum| is_alike(sum, &line)) {
            Some(sum) => add(sum, &line),
            None => self.sums.push(line),
        }
    }

    /// The directory in which a line is summed up.
    fn directory(&self, judged: &Judged) -> Option<HostPath> {
        let path = &judged.change.path;
        let mut above = components(path);
        if above > self.components {
            let mut at = path.clone();
            while let Some(parent) = at.parent().filter(|_| above > self.components) {
                at = parent;
                above -= 1;
            }
            return Some(at);
        }
        let is_unclaimed = judged.owned.owner == Owner::Unknown && judged.owned.rank == Rank::Cache;
        let is_plain = matches!(judged.verdict, Verdict::Lost(Remark::None));
        let mut scratch = self.scratch.iter().filter(|_| is_unclaimed && is_plain);
        scratch.find(|scratch| path.is_below(scratch)).cloned()
    }

    /// Adds what was summed up last to `lines`.
    pub fn finish(&mut self, lines: &mut Vec<Line>) {
        self.at = None;
        lines.extend(self.sums.drain(..).map(|judged| Line { judged, is_part: true }));
    }
}

fn components(path: &HostPath) -> usize {
    if path.is_root() { 0 } else { path.as_bytes().split(|&byte| byte == b'/').skip(1).count() }
}

/// The line as some of what lies in the directory `at`.
fn part(at: &HostPath, line: Judged) -> Judged {
    let Judged { change, verdict, owned } = line;
    let kind = match change.kind {
        ChangeKind::Added | ChangeKind::Modified | ChangeKind::TypeChanged => ChangeKind::Added,
        other => other,
    };
    let mut sum = change.sum();
    sum.newest = super::view::newest(&change, &sum);
    let mtime = sum.newest.unwrap_or(Time { seconds: 0, nanoseconds: 0 });
    let node = Node { file_type: FileType::Directory, size: 0, allocated: 0, mtime };
    let extent = Extent::Contents(sum);
    Judged { change: Change { path: at.clone(), kind, node, extent }, verdict, owned }
}

fn is_alike(one: &Judged, other: &Judged) -> bool {
    one.change.kind == other.change.kind && one.verdict == other.verdict && one.owned == other.owned
}

/// Takes what `line` sums up into a line of the same directory, whatever it is about.
pub(super) fn join(to: &mut Judged, line: &Judged) {
    let mut line = line.clone();
    if to.change.kind != line.change.kind {
        drop_content(&mut to.change);
        drop_content(&mut line.change);
        to.change.kind = ChangeKind::Added;
    }
    if line.owned.rank < to.owned.rank {
        to.owned = std::sync::Arc::clone(&line.owned);
    }
    add(to, &line);
}

/// What is only removed, or of another owner or mode, has no content that is lost.
fn drop_content(change: &mut Change) {
    if matches!(change.kind, ChangeKind::Removed | ChangeKind::Metadata(_)) {
        let below = change.below().unwrap_or_default();
        change.extent = Extent::Contents(Sum { bytes: 0, ..below });
    }
}

fn add(to: &mut Judged, line: &Judged) {
    let mut sum: Sum = to.change.below().unwrap_or_default();
    sum.add(&line.change.below().unwrap_or_default());
    to.change.extent = Extent::Contents(sum);
}
