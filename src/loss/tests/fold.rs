//! Which lines are made of many changes.

use std::collections::BTreeMap;
use std::convert::Infallible;

use super::classify::host;
use super::*;
use crate::presets::Rank;

/// Keeps the lines.
#[derive(Default)]
struct Lines(Vec<Line>);

impl Writer for &mut Lines {
    type Error = Infallible;

    fn line(&mut self, line: Line) -> Result<(), Infallible> {
        self.0.push(line);
        Ok(())
    }

    fn end(&mut self, _: &Summary) -> Result<(), Infallible> {
        Ok(())
    }
}

pub(super) fn lines(rules: &Rules, every: bool, changes: &[Change]) -> (Vec<Judged>, Summary) {
    let (lines, summary) = shown_lines(rules, View::all(every), changes);
    (lines.into_iter().map(|line| line.judged).collect(), summary)
}

pub(super) fn shown_lines(rules: &Rules, view: View, changes: &[Change]) -> (Vec<Line>, Summary) {
    let mut lines = Lines::default();
    let mut report = Report::new(rules, view, &mut lines);
    for change in changes {
        report.change(change.clone()).unwrap();
    }
    let summary = report.finish().unwrap();
    (lines.0, summary)
}

pub(super) fn shown(lines: &[Judged]) -> Vec<String> {
    let show = |line: &Judged| {
        let verdict = match line.verdict {
            Verdict::Kept(_) => "kept",
            Verdict::Recreated(_) => "recreated",
            Verdict::Accepted(_) => "accepted",
            Verdict::Lost(_) => "lost",
        };
        let sum = line.change.sum();
        let whole = if line.change.below().is_some() { "/" } else { "" };
        format!("{verdict} {}{whole} {} {}", line.change.path, sum.files, sum.bytes)
    };
    lines.iter().map(show).collect()
}

#[test]
fn a_directory_is_one_line_where_all_of_it_has_one_fate() {
    let changes = [
        dir("/a"),
        dir("/a/b"),
        file("/a/b/1", 10),
        dir("/a/c"),
        file("/a/x", 5),
        dir("/mnt"),
        dir("/mnt/usb"),
        file("/mnt/usb/hidden", 3),
        dir("/var"),
        dir("/var/lib"),
        dir("/var/lib/db"),
        file("/var/lib/db/1", 1),
        dir("/var/tmp"),
        dir("/var/tmp/d"),
        file("/var/tmp/d/1", 4),
        file("/zz", 2),
    ];
    let rules = host();
    let expected = [
        "lost /a/ 2 15",
        "lost /mnt 0 0",
        "lost /mnt/usb 0 0",
        "lost /mnt/usb/hidden 1 3",
        "kept /var 0 0",
        "kept /var/lib 0 0",
        "accepted /var/lib/db 0 0",
        "lost /var/lib/db/1 1 1",
        "accepted /var/tmp/ 1 4",
        "lost /zz 1 2",
    ];
    assert_eq!(shown(&lines(&rules, false, &changes).0), expected);
    assert_eq!(lines(&rules, true, &changes).0.len(), changes.len());
}

#[test]
fn a_directory_with_another_fate_deep_inside_is_told_apart_and_in_order() {
    let changes = [
        dir("/a"),
        dir("/a/1"),
        file("/a/1/x", 1),
        dir("/a/2"),
        dir("/a/2/t"),
        file("/a/2/t/y", 1),
        file("/a/3", 1),
    ];
    let rules = Rules::new(Vec::new(), &BTreeMap::new(), accept(&["/a/2/t/y"]));
    let expected = [
        "lost /a 0 0",
        "lost /a/1/ 1 1",
        "lost /a/2 0 0",
        "lost /a/2/t 0 0",
        "accepted /a/2/t/y 1 1",
        "lost /a/3 1 1",
    ];
    assert_eq!(shown(&lines(&rules, false, &changes).0), expected);
}

#[test]
fn what_was_removed_has_no_bytes_and_is_not_counted_as_files() {
    let removed = |change: Change| Change { kind: ChangeKind::Removed, ..change };
    let changes = [removed(dir("/a")), removed(file("/a/x", 9))];
    let (lines, summary) = lines(&Rules::default(), false, &changes);
    assert_eq!(shown(&lines), ["lost /a/ 1 0"]);
    assert_eq!(summary.totals.lost, Tally { removed: 2, ..Tally::default() });
}

#[test]
fn what_lies_deep_is_summed_up_apart_by_verdict_and_owner() {
    let changes = [
        dir("/a"),
        dir("/a/b"),
        dir("/a/b/c"),
        file("/a/b/c/lost", 3),
        file("/a/b/c/t", 1),
        file("/a/b/lost", 5),
        dir("/ab"),
        file("/ab/x", 7),
    ];
    let rules = Rules::new(Vec::new(), &BTreeMap::new(), accept(&["/a/b/c/t"]));
    let shown_at = |depth| {
        let view = View { depth: Some(depth), ..View::all(false) };
        let (lines, _) = shown_lines(&rules, view, &changes);
        let part = |line: &Line| if line.is_part { "some in " } else { "" };
        let each = lines
            .iter()
            .map(|l| format!("{}{}", part(l), shown(std::slice::from_ref(&l.judged))[0]));
        each.collect::<Vec<_>>()
    };
    let at_1 = ["lost /a 0 0", "some in lost /a/ 2 8", "some in accepted /a/ 1 1", "lost /ab/ 1 7"];
    assert_eq!(shown_at(1), at_1);
    assert_eq!(shown_at(0), ["some in lost // 3 15", "some in accepted // 1 1"]);
    let at_3 = ["lost /a 0 0", "lost /a/b 0 0", "lost /a/b/c 0 0", "some in lost /a/b/c/ 1 3"];
    assert_eq!(shown_at(3)[..4], at_3);
    assert_eq!(shown_at(9).len(), lines(&rules, false, &changes).0.len());
}

#[test]
fn temporary_files_that_nobody_claims_are_one_line_unless_the_report_is_about_them() {
    let changes = [
        dir("/tmp"),
        file("/tmp/a", 1),
        dir("/tmp/d"),
        file("/tmp/d/x", 2),
        file("/tmp/own", 4),
        file("/tmpfile", 8),
        dir("/var"),
        file("/var/tmp", 16),
    ];
    let mut owners = Owners::default();
    let below = |owner, rank| Owned { owner, preset: None, rank };
    owners.structure(&path("/tmp"), Some(below(Owner::Unknown, Rank::Cache)));
    owners.claim(&path("/tmp/own"), below(Owner::Unit("own.service".into()), Rank::State));
    let rules = Rules::default().with_evidence(Makers::default(), owners);
    let gathered = |start: &str| {
        let view = View { gathers: true, start: path(start), ..View::all(false) };
        let (lines, _) = shown_lines(&rules, view, &changes);
        let part = |line: &Line| if line.is_part { "some in " } else { "" };
        let line =
            |line: &Line| format!("{}{}", part(line), shown(std::slice::from_ref(&line.judged))[0]);
        lines.iter().map(line).collect::<Vec<_>>()
    };
    let others = ["lost /tmpfile 1 8", "lost /var/ 1 16"];
    let all = ["lost /tmp 0 0", "lost /tmp/own 1 4", "some in lost /tmp/ 2 3"];
    assert_eq!(gathered("/"), [&all[..], &others].concat());
    let each = ["lost /tmp 0 0", "lost /tmp/a 1 1", "lost /tmp/d/ 1 2", "lost /tmp/own 1 4"];
    assert_eq!(gathered("/tmp"), [&each[..], &others].concat());
}
