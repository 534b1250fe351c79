//! What holds for every tree, every configuration and every host.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::fold::{lines, shown, shown_lines};
use super::*;

/// A tree of short names, as a scan would tell of it.
fn tree() -> impl Strategy<Value = Vec<Change>> {
    let leaf =
        ("(/[abc]){1,4}", 0u64..9, prop_oneof![Just(FileType::Regular), Just(FileType::Symlink)]);
    proptest::collection::vec(leaf, 0..25).prop_map(|leaves| {
        let mut nodes: BTreeMap<HostPath, Change> = BTreeMap::new();
        for (text, size, file_type) in leaves {
            for above in path(&text).ancestors().iter().skip(1) {
                nodes.insert(above.clone(), dir(&above.to_string()));
            }
            let mut leaf = change(&text, file_type);
            leaf.node.size = if file_type == FileType::Regular { size } else { 0 };
            nodes.entry(path(&text)).or_insert(leaf);
        }
        let mut changes: Vec<Change> = nodes.into_values().collect();
        changes.sort_by(|a, b| scan_order(&a.path, &b.path));
        changes
    })
}

fn some_path() -> impl Strategy<Value = String> {
    "(/[abc]){1,3}"
}

fn an_entry() -> impl Strategy<Value = Placement> {
    let how = prop_oneof![Just(How::Bind), Just(How::Symlink)];
    let kind = prop_oneof![Just(Kind::Directory), Just(Kind::File)];
    let holds = [Holds::Data, Holds::Nothing, Holds::Awaited, Holds::Unusable];
    let holds = proptest::sample::select(holds.to_vec());
    (some_path(), kind, how, any::<bool>(), holds).prop_map(
        |(target, kind, how, in_place, source)| {
            // Only a file is awaited.
            let is_odd = (kind, source) == (Kind::Directory, Holds::Awaited);
            let source = if is_odd { Holds::Nothing } else { source };
            entry(&target, kind, how, in_place, source)
        },
    )
}

type Pieces = (Vec<Placement>, BTreeMap<HostPath, Mounted>, Vec<String>);

fn pieces() -> impl Strategy<Value = Pieces> {
    let mounted = (any::<bool>(), any::<bool>()).prop_map(|(now, again)| Mounted { now, again });
    let mount = (some_path().prop_map(|text| path(&text)), mounted);
    let glob = "(/(a|b|\\*|\\*\\*|\\?)){1,3}";
    (
        proptest::collection::vec(an_entry(), 0..3),
        proptest::collection::btree_map(mount.0, mount.1, 0..3),
        proptest::collection::vec(glob, 0..3),
    )
}

fn rules(pieces: &Pieces) -> Rules {
    let globs: Vec<&str> = pieces.2.iter().map(String::as_str).collect();
    Rules::new(pieces.0.clone(), &pieces.1, accept(&globs))
}

/// What a scan does that may sum up: the same changes, with uniform directories as one.
fn summed_up(changes: &[Change], guide: &dyn Guide) -> Vec<Change> {
    let mut told: Vec<Change> = Vec::new();
    for change in changes {
        match told.last_mut() {
            Some(Change { path, extent: Extent::Tree(below), .. })
                if change.path.is_below(path) =>
            {
                below.count(&change.node);
            }
            _ => {
                let mut change = change.clone();
                if change.is_new_directory() && guide.summing(&change.path) == Summing::Tree {
                    change.extent = Extent::Tree(Sum::default());
                }
                told.push(change);
            }
        }
    }
    told
}

/// What of a report may be shown.
fn a_view() -> impl Strategy<Value = View> {
    let classes = proptest::sample::subsequence(Class::ALL.to_vec(), 0..=4);
    let depth = proptest::option::of(0usize..4);
    let newer = proptest::option::of(0i64..9);
    (any::<bool>(), any::<bool>(), classes, 0u64..9, newer, depth).prop_map(
        |(every, with_ways, classes, min_size, newer_than, depth)| View {
            every,
            with_ways,
            gathers: false,
            classes: classes.into_iter().collect(),
            min_size,
            newer_than,
            depth: depth.filter(|_| !every),
            start: HostPath::root(),
        },
    )
}

proptest! {
    #[test]
    fn whatever_is_shown_the_numbers_are_the_same_and_every_line_is_shown_or_hidden(
        changes in tree(), pieces in pieces(), view in a_view(),
    ) {
        let rules = rules(&pieces);
        let (_, whole) = lines(&rules, false, &changes);
        let (shown, summary) = shown_lines(&rules, view.clone(), &changes);
        prop_assert_eq!(&summary.totals, &whole.totals);
        prop_assert_eq!(summary.loses_nothing(), whole.loses_nothing());
        prop_assert_eq!(summary.lost_lines == 0, whole.loses_nothing());
        let lost = shown.iter().filter(|line| Class::of(&line.judged.verdict) == Class::Lost);
        let lost: Vec<_> = lost.collect();
        let bytes: u64 = lost.iter().map(|line| line.judged.change.sum().bytes).sum();
        prop_assert_eq!(bytes + summary.hidden.lost_bytes, whole.totals.lost.bytes);
        prop_assert!(lost.len() as u64 <= summary.lost_lines);
        prop_assert!(summary.lost_lines - lost.len() as u64 <= summary.hidden.lines);
    }

    #[test]
    fn groups_hold_exactly_the_lines_in_another_order_and_parts_of_one_directory_as_one(
        changes in tree(), pieces in pieces(), view in a_view(), order in 0usize..5,
    ) {
        use super::super::groups::{Order, groups};
        let order = [Order::Rank, Order::Size, Order::Age, Order::Files, Order::Path][order];
        let (shown, _) = shown_lines(&rules(&pieces), view, &changes);
        let groups = groups(shown.clone(), order, None, &[]);
        prop_assert!(groups.iter().all(|group| !group.lines.is_empty()));
        let key = |line: &Line| format!("{line:?}");
        let whole = |line: &&Line| !line.is_part;
        let grouped = || groups.iter().flat_map(|group| &group.lines);
        let mut before: Vec<String> = shown.iter().filter(whole).map(key).collect();
        let mut after: Vec<String> = grouped().filter(whole).map(key).collect();
        before.sort();
        after.sort();
        prop_assert_eq!(before, after);
        let counted = |line: &Line| {
            let sum = line.judged.change.sum();
            (line.judged.change.path.clone(), words::verdict(&line.judged.verdict), sum)
        };
        let mut sums = (BTreeMap::new(), BTreeMap::new());
        for line in shown.iter().filter(|line| line.is_part) {
            let (path, verdict, sum) = counted(line);
            sums.0.entry((path, verdict)).or_insert_with(Sum::default).add(&sum);
        }
        for line in grouped().filter(|line| line.is_part) {
            let (path, verdict, sum) = counted(line);
            sums.1.entry((path, verdict)).or_insert_with(Sum::default).add(&sum);
        }
        prop_assert_eq!(sums.0, sums.1);
    }

    #[test]
    fn a_lost_directory_that_is_no_line_leads_to_one(changes in tree(), pieces in pieces()) {
        let rules = rules(&pieces);
        let view = View { with_ways: false, ..View::all(false) };
        let (with, _) = lines(&rules, false, &changes);
        let (without, summary) = shown_lines(&rules, view, &changes);
        let lost = |line: &&Judged| matches!(line.verdict, Verdict::Lost(_));
        let mut missing = 0;
        for line in with.iter().filter(lost) {
            if without.iter().any(|other| other.judged == *line) {
                continue;
            }
            missing += 1;
            let below = |other: &Line| other.judged.change.path.is_below(&line.change.path);
            prop_assert!(without.iter().any(|o| below(o) && lost(&&o.judged)), "{line:?}");
        }
        prop_assert_eq!(missing, summary.ways);
    }

    #[test]
    fn numbers_are_the_same_folded_summed_up_and_with_every_path(changes in tree(), pieces in pieces()) {
        let rules = rules(&pieces);
        let (every, counted) = lines(&rules, true, &changes);
        let (folded, totals) = lines(&rules, false, &changes);
        let (summed, summed_totals) = lines(&rules, false, &summed_up(&changes, &rules));
        prop_assert_eq!(&counted.totals, &totals.totals);
        prop_assert_eq!(&counted.totals, &summed_totals.totals);
        prop_assert_eq!(every.len(), changes.len());
        prop_assert_eq!(shown(&folded), shown(&summed));
        let bytes = |lines: &[Judged]| lines.iter().map(|line| line.change.sum().bytes).sum::<u64>();
        prop_assert_eq!(bytes(&every), bytes(&folded));
    }

    #[test]
    fn every_path_is_told_by_exactly_one_line_with_its_verdict(changes in tree(), pieces in pieces()) {
        let rules = rules(&pieces);
        let (folded, _) = lines(&rules, false, &changes);
        for change in changes {
            let judged = classify(change, &rules);
            let tells = |line: &&Judged| {
                line.change.path == judged.change.path
                    || line.change.below().is_some() && judged.change.path.is_below(&line.change.path)
            };
            let telling: Vec<_> = folded.iter().filter(tells).collect();
            prop_assert_eq!(telling.len(), 1);
            let same = std::mem::discriminant(&telling[0].verdict) == std::mem::discriminant(&judged.verdict);
            prop_assert!(same, "{:?} tells {:?}", telling[0], judged);
        }
    }

    #[test]
    fn an_entry_more_makes_nothing_else_lost(changes in tree(), mut pieces in pieces(), more in an_entry()) {
        // One target, one entry: the configuration takes no two of them.
        pieces.0.retain(|entry| entry.target != more.target);
        let without = rules(&pieces);
        let target = more.target.clone();
        pieces.0.push(more);
        let after = rules(&pieces);
        // What an entry around it would take along may lie in its place.
        for change in changes.into_iter().filter(|change| !change.path.starts_with(&target)) {
            let lost = |rules: &Rules| {
                matches!(classify(change.clone(), rules).verdict, Verdict::Lost(_))
            };
            prop_assert!(lost(&without) || !lost(&after), "{}", change.path);
        }
    }

    #[test]
    fn an_accept_rule_more_makes_nothing_kept_accepted_and_nothing_lost(
        changes in tree(), mut pieces in pieces(), glob in "(/(a|b|\\*|\\*\\*)){1,3}",
    ) {
        let before = rules(&pieces);
        pieces.2.push(glob);
        let after = rules(&pieces);
        for change in changes {
            let (before, after) = (classify(change.clone(), &before), classify(change, &after));
            match before.verdict {
                Verdict::Lost(_) => prop_assert!(!matches!(after.verdict, Verdict::Kept(_))),
                Verdict::Kept(_) | Verdict::Recreated(_) | Verdict::Accepted(_) => prop_assert_eq!(before, after),
            }
        }
    }
}
