//! Every case of source and target, and what the plan makes of it: see `plans.golden`.
//!
//! After a change that is meant, write that file anew with `BLANKSLATE_BLESS=1 cargo test` and read
//! the difference.

use std::fmt::Write as _;

use blankslate::persist::record::{EntryRecord, Record};

use crate::fake::{Body, FakeSys, ROOT, Tree, path};
use crate::setup::{config, host, on_root, planned};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/persist/plans.golden");

/// Owner and mode of what lies at the source, and of what lies at the target.
const KEPT: blankslate::sys::Meta = blankslate::sys::Meta { uid: 5, gid: 6, mode: 0o750 };

const TARGET: &str = "/a/b";
const SOURCE: &str = "/persist/a/b";

const SOURCES: [&str; 6] = ["absent", "empty", "data", "symlink", "fifo", "other kind"];

const TARGETS: [&str; 18] = [
    "absent",
    "empty",
    "same data",
    "other data",
    "other kind, empty",
    "other kind, data",
    "fifo",
    "right symlink",
    "wrong symlink",
    "dangling symlink",
    "right mount",
    "foreign mount",
    "below a symlink",
    "below a file",
    "ours by the other way",
    "ours from another store",
    "ours, replaced in the store",
    "theirs where ours was",
];

/// What a directory or file holds in a case.
fn put(tree: &mut Tree, at: &str, kind: &str, what: &str) {
    match (kind, what) {
        ("dir", "") => _ = tree.dir(at, KEPT),
        ("dir", text) => {
            tree.dir(at, KEPT);
            tree.file(&format!("{at}/file"), ROOT, text);
        }
        (_, text) => _ = tree.file(at, KEPT, text),
    }
}

fn other(kind: &str) -> &'static str {
    if kind == "dir" { "file" } else { "dir" }
}

fn put_source(tree: &mut Tree, kind: &str, case: &str) {
    match case {
        "absent" => {}
        "empty" => put(tree, SOURCE, kind, ""),
        "data" => put(tree, SOURCE, kind, "kept"),
        "symlink" => _ = tree.link(SOURCE, "/etc"),
        "fifo" => _ = tree.put(&path(SOURCE), ROOT, Body::Fifo),
        "other kind" => put(tree, SOURCE, other(kind), "kept"),
        other => panic!("{other}"),
    }
}

/// Puts the case there; returns what the record says of an earlier run. None where there is no such
/// case.
fn put_target(tree: &mut Tree, kind: &str, how: &str, case: &str) -> Option<Record> {
    let ours = |source: &str, how: &str| Record {
        entries: vec![EntryRecord {
            target: TARGET.into(),
            source: source.into(),
            how: how.into(),
            declared: true,
            outcome: "done".into(),
            reason: None,
            in_place: true,
            set_aside: Vec::new(),
        }],
        ..Record::default()
    };
    let can_be_shown = |tree: &Tree| matches!(tree.text(SOURCE), Some(what) if what != "fifo");
    let mut record = Record::default();
    match case {
        "absent" => {}
        "empty" => put(tree, TARGET, kind, ""),
        "same data" => put(tree, TARGET, kind, "kept"),
        "other data" => put(tree, TARGET, kind, "other"),
        "other kind, empty" => put(tree, TARGET, other(kind), ""),
        "other kind, data" => put(tree, TARGET, other(kind), "other"),
        "fifo" => _ = tree.put(&path(TARGET), ROOT, Body::Fifo),
        "right symlink" => _ = tree.link(TARGET, SOURCE),
        "wrong symlink" => {
            tree.dir("/elsewhere", ROOT);
            tree.link(TARGET, "/elsewhere");
        }
        "dangling symlink" => _ = tree.link(TARGET, "/nowhere"),
        "right mount" if can_be_shown(tree) => {
            put(tree, TARGET, kind, "");
            tree.mount(SOURCE, TARGET);
        }
        "foreign mount" => {
            put(tree, TARGET, kind, "");
            put(tree, "/foreign", kind, "foreign");
            tree.mount("/foreign", TARGET);
        }
        "below a symlink" => {
            tree.dir("/elsewhere", ROOT);
            tree.link("/a", "/elsewhere");
        }
        "below a file" => _ = tree.file("/a", ROOT, "file"),
        "ours by the other way" if how == "bind" => {
            tree.link(TARGET, SOURCE);
            record = ours(SOURCE, "symlink");
        }
        "ours by the other way" if can_be_shown(tree) => {
            put(tree, TARGET, kind, "");
            tree.mount(SOURCE, TARGET);
            record = ours(SOURCE, "bind");
        }
        "ours from another store" if how == "bind" => {
            put(tree, "/old/a/b", kind, "kept");
            put(tree, TARGET, kind, "");
            tree.mount("/old/a/b", TARGET);
            record = ours("/old/a/b", "bind");
        }
        "ours from another store" => {
            put(tree, "/old/a/b", kind, "kept");
            tree.link(TARGET, "/old/a/b");
            record = ours("/old/a/b", "symlink");
        }
        "theirs where ours was" if how == "bind" => {
            put(tree, TARGET, kind, "");
            put(tree, "/theirs", kind, "theirs");
            put(tree, "/old/a/b", kind, "kept");
            tree.mount("/theirs", TARGET);
            record = ours("/old/a/b", "bind");
        }
        "theirs where ours was" => {
            tree.link(TARGET, "/theirs");
            record = ours("/old/a/b", "symlink");
        }
        "ours, replaced in the store" if how == "bind" => {
            put(tree, TARGET, kind, "");
            put(tree, "/persist/before", kind, "before");
            tree.mount("/persist/before", TARGET);
            record = ours(SOURCE, "bind");
        }
        _ => return None,
    }
    Some(record)
}

fn plan_of(kind: &str, how: &str, source: &str, target: &str) -> Option<String> {
    let mut tree = Tree::new(&["/persist", "/old"]);
    put_source(&mut tree, kind, source);
    let record = put_target(&mut tree, kind, how, target)?;
    let entry = format!("{kind} {how} {TARGET}");
    let config = on_root(config(&[("/persist", &[&entry]), ("/old", &[])]));
    Some(planned(&FakeSys::new(tree), &config, &record, &host()))
}

#[test]
fn every_case_of_source_and_target_has_its_plan() {
    let mut all = String::new();
    for (kind, how) in [("dir", "bind"), ("file", "bind"), ("dir", "sym"), ("file", "sym")] {
        writeln!(all, "# {kind} {how}").unwrap();
        for source in SOURCES {
            let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
            for target in TARGETS {
                let Some(plan) = plan_of(kind, how, source, target) else { continue };
                match groups.iter_mut().find(|(same, _)| *same == plan) {
                    Some((_, targets)) => targets.push(target),
                    None => groups.push((plan, vec![target])),
                }
            }
            for (plan, targets) in groups {
                writeln!(all, "source {source}; target {}\n    {plan}", targets.join(" | "))
                    .unwrap();
            }
        }
        all.push('\n');
    }
    if std::env::var_os("BLANKSLATE_BLESS").is_some() {
        std::fs::write(GOLDEN, &all).unwrap();
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap();
    for (line, (got, expected)) in all.lines().zip(golden.lines()).enumerate() {
        assert_eq!(got, expected, "line {} of plans.golden", line + 1);
    }
    assert_eq!(all.len(), golden.len());
}
