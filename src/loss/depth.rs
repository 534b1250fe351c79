//! Sums up the lines that lie deep: `--depth`. Pure: lines in the order of the scan in, lines out.

use super::{Change, ChangeKind, Extent, FileType, Judged, Line, Node, Sum, Time};
use crate::path::HostPath;

/// Sums up what lies deeper than so many levels in the directory at that level: one line for each
/// verdict, owner and kind.
#[derive(Debug)]
pub struct Depth {
    /// How many components the path of such a directory has.
    components: usize,
    /// The directory for which lines are summed up now.
    at: Option<HostPath>,
    sums: Vec<Judged>,
}

impl Depth {
    /// Sums up what lies more than `depth` levels below `start`.
    #[must_use]
    pub fn new(start: &HostPath, depth: usize) -> Self {
        Self { components: components(start).saturating_add(depth), at: None, sums: Vec::new() }
    }

    /// Takes the next line; adds those that are certain now to `lines`.
    pub fn push(&mut self, judged: Judged, lines: &mut Vec<Line>) {
        if self.at.as_ref().is_some_and(|at| !judged.change.path.is_below(at)) {
            self.finish(lines);
        }
        let mut above = components(&judged.change.path);
        if above <= self.components {
            lines.push(Line { judged, is_part: false });
            return;
        }
        let at = self.at.get_or_insert_with(|| {
            let mut at = judged.change.path.clone();
            while let Some(parent) = at.parent().filter(|_| above > self.components) {
                at = parent;
                above -= 1;
            }
            at
        });
        let line = part(at, judged);
        match self.sums.iter_mut().find(|sum| is_alike(sum, &line)) {
            Some(sum) => add(sum, &line),
            None => self.sums.push(line),
        }
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

fn add(to: &mut Judged, line: &Judged) {
    let mut sum: Sum = to.change.below().unwrap_or_default();
    sum.add(&line.change.below().unwrap_or_default());
    to.change.extent = Extent::Contents(sum);
}
