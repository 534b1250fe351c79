//! The two channel programs (zfs-program(8)) and the text they speak: lines of tab-separated fields.
//!
//! Text and not nested lists, because that is what crosses libzetta whole. Names of datasets and
//! snapshots have neither tabs nor line ends ([`names`](super::names)); tags of holds may, and the
//! program writes `?` for them.

use crate::rollback::decide::Order;
use crate::rollback::facts::{DatasetFacts, Present, SnapshotFacts};

use super::ZfsError;
use super::names::DatasetName;

/// Reads. In: `count`, `dataset.1`, `blank.1` …, `all`; out: the facts as text.
pub const FACTS: &str = include_str!("facts.lua");

/// Checks everything, then destroys and rolls back. In: `order`; out: what it did as text.
pub const ROLLBACK: &str = include_str!("rollback.lua");

/// Writes an order as the text that [`ROLLBACK`] takes.
#[must_use]
pub fn order_text(order: &Order) -> String {
    let mut lines = Vec::new();
    for root in order.roots() {
        let blank = root.dataset.at(&root.blank.name);
        let (guid, blank_guid) = (signed(root.guid), signed(root.blank.guid));
        lines.push(format!("root\t{}\t{guid}\t{blank}\t{blank_guid}", root.dataset));
        for doomed in &root.doomed {
            let name = root.dataset.at(&doomed.name);
            lines.push(format!("doomed\t{name}\t{}", doomed.createtxg));
        }
    }
    lines.join("\n")
}

/// A guid as Lua sees it: channel programs have signed 64-bit numbers only.
fn signed(guid: u64) -> i64 {
    guid.cast_signed()
}

/// Takes what [`ROLLBACK`] returned.
///
/// # Errors
/// It did nothing and says why, or it stopped half way.
pub fn outcome(pool: &str, text: &str) -> Result<(), ZfsError> {
    match text.split_once('\t') {
        None if text == "done" => Ok(()),
        Some(("changed", why)) => Err(ZfsError::Changed(why.to_owned())),
        Some(("broken", what)) => Err(ZfsError::Broken(what.to_owned())),
        _ => Err(not_understood(pool, text)),
    }
}

fn not_understood(pool: &str, text: &str) -> ZfsError {
    ZfsError::NotUnderstood { pool: pool.to_owned(), text: crate::path::escape(text.as_bytes()) }
}

/// Takes what [`FACTS`] returned about `asked`, in the same order.
///
/// # Errors
/// A line is not understood, or the answer is not about what was asked.
pub fn facts(
    pool: &str,
    asked: &[&DatasetName],
    text: &str,
) -> Result<Vec<DatasetFacts>, ZfsError> {
    let mut all: Vec<DatasetFacts> = Vec::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        take_line(&mut all, &fields).ok_or_else(|| not_understood(pool, line))?;
    }
    let names: Vec<&DatasetName> = all.iter().map(|facts| &facts.dataset).collect();
    if names != asked {
        return Err(not_understood(pool, "an answer about other datasets"));
    }
    if let Some(bad) = all.iter().find_map(incomplete) {
        return Err(not_understood(pool, &bad));
    }
    Ok(all)
}

fn take_line(all: &mut Vec<DatasetFacts>, fields: &[&str]) -> Option<()> {
    if let ["dataset", name] = fields {
        all.push(DatasetFacts { dataset: name.parse().ok()?, present: None });
        return Some(());
    }
    let facts = all.last_mut()?;
    if let ["present", kind, guid] = fields {
        let new = Present { kind: (*kind).to_owned(), guid: number(guid)?, ..Present::default() };
        return facts.present.replace(new).is_none().then_some(());
    }
    let present = facts.present.as_mut()?;
    match fields {
        ["origin", origin] => present.origin = Some((*origin).to_owned()),
        ["readonly", value] => present.readonly = Some(switch(value)?),
        ["keystatus", value] => present.key_status = Some((*value).to_owned()),
        ["written", bytes] => present.written = Some(bytes.parse().ok()?),
        ["bookmark", name] => present.bookmarks.push((*name).to_owned()),
        ["child", name] => present.children.push((*name).to_owned()),
        ["snapshot", name, guid, txg] => {
            let name =
                name.strip_prefix(facts.dataset.as_str())?.strip_prefix('@')?.parse().ok()?;
            let (guid, createtxg) = (number(guid)?, number(txg)?);
            let (holds, clones) = (Vec::new(), Vec::new());
            present.snapshots.push(SnapshotFacts { name, guid, createtxg, holds, clones });
        }
        ["hold", tag] => present.snapshots.last_mut()?.holds.push((*tag).to_owned()),
        ["clone", name] => present.snapshots.last_mut()?.clones.push((*name).to_owned()),
        _ => return None,
    }
    Some(())
}

/// A number as Lua prints it: an unsigned one above 2^63 comes with a minus.
fn number(text: &str) -> Option<u64> {
    text.parse::<i64>().ok().map(i64::cast_unsigned)
}

fn switch(text: &str) -> Option<bool> {
    match text {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

/// What makes an answer unbelievable: a number that identifies something and is nought, or a snapshot
/// that is listed twice.
fn incomplete(facts: &DatasetFacts) -> Option<String> {
    let present = facts.present.as_ref()?;
    if present.guid == 0 {
        return Some(format!("{} without a guid", facts.dataset));
    }
    let mut names = std::collections::BTreeSet::new();
    let mut txgs = std::collections::BTreeSet::new();
    let odd = present.snapshots.iter().find(|snapshot| {
        snapshot.guid == 0
            || snapshot.createtxg == 0
            || !names.insert(&snapshot.name)
            || !txgs.insert(snapshot.createtxg)
    });
    odd.map(|snapshot| format!("the snapshot {} as it is listed", facts.dataset.at(&snapshot.name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(text: &str) -> DatasetName {
        text.parse().unwrap()
    }

    fn read(text: &str) -> Result<Vec<DatasetFacts>, ZfsError> {
        facts("p", &[&name("p/a b"), &name("p/c")], text)
    }

    const GOOD: &str = "dataset\tp/a b\npresent\tfilesystem\t-5\norigin\tp/o@x\nreadonly\ton\n\
        keystatus\tunavailable\nwritten\t12\nchild\tp/a b/k\nbookmark\tp/a b#m\n\
        snapshot\tp/a b@s:1\t9\t30\nhold\ta tag\nclone\tp/z\nsnapshot\tp/a b@blank\t-1\t20\ndataset\tp/c";

    #[test]
    fn an_answer_is_read_whole() {
        let snapshots = vec![
            SnapshotFacts {
                name: "s:1".parse().unwrap(),
                guid: 9,
                createtxg: 30,
                holds: vec!["a tag".into()],
                clones: vec!["p/z".into()],
            },
            SnapshotFacts {
                name: "blank".parse().unwrap(),
                guid: u64::MAX,
                createtxg: 20,
                holds: vec![],
                clones: vec![],
            },
        ];
        let present = Present {
            kind: "filesystem".into(),
            guid: u64::MAX - 4,
            origin: Some("p/o@x".into()),
            readonly: Some(true),
            key_status: Some("unavailable".into()),
            written: Some(12),
            children: vec!["p/a b/k".into()],
            bookmarks: vec!["p/a b#m".into()],
            snapshots,
        };
        let expected = vec![
            DatasetFacts { dataset: name("p/a b"), present: Some(present) },
            DatasetFacts { dataset: name("p/c"), present: None },
        ];
        assert_eq!(read(GOOD), Ok(expected));
    }

    #[test]
    fn an_answer_with_anything_odd_in_it_is_not_understood() {
        let table = [
            ("", ""),
            ("written\t12", "written\tmany"),
            ("written\t12", "speed\t12"),
            ("readonly\ton", "readonly\tmaybe"),
            ("snapshot\tp/a b@s:1", "snapshot\tp/other@s:1"),
            ("snapshot\tp/a b@s:1", "snapshot\tp/a b2@s:1"),
            ("\t9\t30", "\t0\t30"),
            ("\t9\t30", "\t9\t20"),
            ("\t9\t30", "\tnil\t30"),
            ("@s:1", "@blank"),
            ("dataset\tp/c", "dataset\tp/d"),
            ("\ndataset\tp/c", ""),
            ("present\tfilesystem\t-5", "present\tfilesystem\t-5\npresent\tfilesystem\t-5"),
            ("present\tfilesystem\t-5\n", ""),
        ];
        for (from, to) in table {
            let text = if from.is_empty() { String::new() } else { GOOD.replacen(from, to, 1) };
            assert!(matches!(read(&text), Err(ZfsError::NotUnderstood { .. })), "{from} -> {to}");
        }
    }

    #[test]
    fn the_end_of_a_rollback_is_told_apart() {
        assert_eq!(outcome("p", "done"), Ok(()));
        assert_eq!(outcome("p", "changed\twhy"), Err(ZfsError::Changed("why".into())));
        assert_eq!(outcome("p", "broken\twhat"), Err(ZfsError::Broken("what".into())));
        for odd in ["", "doner", "done\t", "done\n"] {
            assert!(matches!(outcome("p", odd), Err(ZfsError::NotUnderstood { .. })), "{odd:?}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_makes_the_reader_panic(
            text in "((dataset|present|snapshot|hold|written)\t[a-z/@ 0-9]{0,6}(\t-?[0-9]{1,3}){0,2}\n){0,9}"
        ) {
            let _ = read(&text);
        }
    }
}
