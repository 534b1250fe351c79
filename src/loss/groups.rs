//! Puts the lines of a report into groups and into the order in which people read them: what hurts most
//! first. Pure: lines in, the same lines out.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::view::{Line, newest};
use super::{Owner, Sum, Verdict, depth, scan_order, words};
use crate::config::AcceptRule;
use crate::path::{HostPath, escape};
use crate::presets::{Presets, Rank};

/// In which order the lines are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// By owner; groups and lines by how much it hurts to lose them, then by size.
    #[default]
    Rank,
    /// The largest first, in one list.
    Size,
    /// The newest first, in one list.
    Age,
    /// Those with the most files first, in one list.
    Files,
    /// As the scan found them, in one list.
    Path,
}

/// Lines that have something in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What that is, as it is shown; nothing where there is one list of what is lost.
    pub heading: String,
    /// The worst rank of what is lost in it; nothing where nothing is.
    pub rank: Option<Rank>,
    /// The lines, in order.
    pub lines: Vec<Line>,
}

/// What the lines of a group have in common; groups of which the first comes first in a report.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// All that is lost.
    Lost,
    /// Keys and state of one owner, by the preset that keeps it.
    Owner(Owner, Option<String>),
    Logs,
    Caches,
    Recreated(String),
    Accepted(usize),
    Kept(&'static str),
}

/// Puts `lines` into groups. `accept` are the rules that the verdicts number.
#[must_use]
pub fn groups(
    lines: Vec<Line>,
    order: Order,
    presets: Option<&Presets>,
    accept: &[AcceptRule],
) -> Vec<Group> {
    let mut by_key: BTreeMap<Key, Vec<Line>> = BTreeMap::new();
    for line in lines {
        by_key.entry(key(&line, order)).or_default().push(line);
    }
    let mut keyed: Vec<(Key, Group)> = by_key
        .into_iter()
        .map(|(key, mut lines)| {
            merge(&mut lines);
            sort(&mut lines, order);
            let is_lost = matches!(key, Key::Lost | Key::Owner(..) | Key::Logs | Key::Caches);
            let rank = lines.iter().map(|line| line.judged.owned.rank).min().filter(|_| is_lost);
            let heading = heading(&key, presets, accept);
            (key, Group { heading, rank, lines })
        })
        .collect();
    keyed.sort_by_cached_key(|(key, group)| {
        let bytes = group.lines.iter().map(|line| line.judged.change.sum().bytes);
        let bytes = bytes.fold(0, u64::saturating_add);
        let section = section(key);
        // Only owners are ranked; the rest has its order already.
        let rank = (section == 0).then_some((group.rank, Reverse(bytes)));
        (section, rank, key.clone())
    });
    keyed.into_iter().map(|(_, group)| group).collect()
}

/// Makes one line of those that `--depth` summed up in the same directory: in a group they differ in
/// nothing that is shown.
fn merge(lines: &mut Vec<Line>) {
    let mut parts: BTreeMap<HostPath, Line> = BTreeMap::new();
    let (some, mut whole): (Vec<Line>, Vec<Line>) = lines.drain(..).partition(|line| line.is_part);
    for line in some {
        match parts.get_mut(&line.judged.change.path) {
            Some(part) => depth::join(&mut part.judged, &line.judged),
            None => _ = parts.insert(line.judged.change.path.clone(), line),
        }
    }
    whole.extend(parts.into_values());
    *lines = whole;
}

fn key(line: &Line, order: Order) -> Key {
    let owned = &line.judged.owned;
    match (&line.judged.verdict, order, owned.rank) {
        (Verdict::Recreated(maker), _, _) => Key::Recreated(words::maker(maker)),
        (Verdict::Accepted(rule), _, _) => Key::Accepted(*rule),
        (Verdict::Kept(keeper), _, _) => Key::Kept(words::keeper(keeper)),
        (Verdict::Lost(_), Order::Rank, Rank::Logs) => Key::Logs,
        (Verdict::Lost(_), Order::Rank, Rank::Cache) => Key::Caches,
        (Verdict::Lost(_), Order::Rank, Rank::Keys | Rank::State) => {
            Key::Owner(owned.owner.clone(), owned.preset.clone())
        }
        (Verdict::Lost(_), Order::Size | Order::Age | Order::Files | Order::Path, _) => Key::Lost,
    }
}

fn section(key: &Key) -> u8 {
    match key {
        Key::Lost | Key::Owner(..) => 0,
        Key::Logs => 1,
        Key::Caches => 2,
        Key::Recreated(_) => 3,
        Key::Accepted(_) => 4,
        Key::Kept(_) => 5,
    }
}

fn heading(key: &Key, presets: Option<&Presets>, accept: &[AcceptRule]) -> String {
    match key {
        Key::Lost => String::new(),
        Key::Owner(owner, preset) => of_owner(owner, preset.as_deref(), presets),
        Key::Logs => "logs: what happened until now".to_owned(),
        Key::Caches => {
            "caches and temporary files: they come back, or nobody counts on them".to_owned()
        }
        Key::Recreated(maker) => format!("made again by {maker}"),
        Key::Accepted(rule) => match accept.get(*rule) {
            Some(rule) => {
                let because = rule.because.as_ref();
                let because = because.map(|why| format!(" ({})", escape(why.as_bytes())));
                let glob = escape(rule.glob.as_bytes());
                format!("accepted by {glob}{}", because.unwrap_or_default())
            }
            None => "accepted".to_owned(),
        },
        Key::Kept(heading) => (*heading).to_owned(),
    }
}

/// Whose it is, what that is, and what it is good for.
fn of_owner(owner: &Owner, preset: Option<&str>, presets: Option<&Presets>) -> String {
    let preset = preset.and_then(|name| presets?.get(name));
    match (owner, preset) {
        (_, None) => words::owner(owner),
        (Owner::Preset(_) | Owner::Unknown, Some(preset)) => {
            format!("{}: {}", preset.title, preset.why)
        }
        (owner, Some(preset)) => {
            format!("{}, {}: {}", words::owner(owner), preset.title, preset.why)
        }
    }
}

fn sort(lines: &mut [Line], order: Order) {
    let sum = |line: &Line| line.judged.change.sum();
    let newest = |line: &Line, sum: &Sum| newest(&line.judged.change, sum);
    lines.sort_by(|a, b| scan_order(&a.judged.change.path, &b.judged.change.path));
    match order {
        Order::Path => {}
        Order::Rank => {
            lines.sort_by_key(|line| (line.judged.owned.rank, Reverse(sum(line).bytes)));
        }
        Order::Size => lines.sort_by_key(|line| Reverse(sum(line).bytes)),
        Order::Files => lines.sort_by_key(|line| Reverse(sum(line).files)),
        Order::Age => lines.sort_by_key(|line| Reverse(newest(line, &sum(line)))),
    }
}
