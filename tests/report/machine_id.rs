//! `/etc/machine-id`: one that says that there is none yet is as good as nothing.

use std::os::unix::fs::symlink;

use crate::support::{Host, below};

const ID: &str = "0123456789abcdef0123456789abcdef\n";
const OTHER: &str = "fedcba9876543210fedcba9876543210\n";
const NONE: &str = "uninitialized\n";

const STORE: &str = "[[root]]\nmount = \"/\"\nkind = \"zfs\"\ndataset = \"no/such\"\nsnapshot = \"blank\"\n[[store]]\npath = \"/persist\"\ndevice = \"r/p\"\nfs = \"zfs\"\n";
const ENTRY: &str = "[[store.entry]]\ntarget = \"/etc/machine-id\"\nkind = \"file\"\n";

/// A host with the file on the root, in its blank and in the store, where there is a text.
fn host(on_root: &str, in_blank: Option<&str>, in_store: Option<&str>) -> Host {
    let host = Host::new();
    host.both("/etc/hosts", "same");
    host.dir("/persist");
    host.file("/etc/machine-id", on_root);
    if let Some(text) = in_blank {
        host.blank_file("/etc/machine-id", text);
    }
    if let Some(text) = in_store {
        host.file("/persist/etc/machine-id", text);
    }
    host
}

/// What is said of it, in a line as of `verdict change path`.
fn said_of(host: &Host) -> Vec<String> {
    let path = " /etc/machine-id";
    let lines = host.changes(&["/etc"]).into_iter().filter(|line| line.contains(path));
    lines.map(|line| line.replacen(path, "", 1)).collect()
}

#[test]
fn a_machine_id_is_lost_only_where_another_one_comes_instead() {
    for (on_root, in_blank, in_store, expected) in [
        (ID, Some(NONE), None, "kept modified"),
        (ID, Some(""), None, "kept modified"),
        (ID, None, None, "kept added"),
        (ID, None, Some(NONE), "kept added"),
        (ID, Some(NONE), Some(NONE), "kept modified"),
        (ID, Some(NONE), Some(ID), "kept modified"),
        (NONE, None, Some(ID), "kept added"),
        ("", Some(NONE), Some(ID), "kept modified"),
        (NONE, None, None, "kept added"),
        (ID, Some(NONE), Some(OTHER), "lost modified not-in-place"),
        (ID, None, Some(OTHER), "lost added not-in-place"),
        (ID, Some(OTHER), None, "lost modified not-in-place"),
        (ID, Some(OTHER), Some(ID), "lost modified not-in-place"),
    ] {
        let host = host(on_root, in_blank, in_store);
        host.config(&format!("{STORE}{ENTRY}"));
        let case = format!("{on_root:?} {in_blank:?} {in_store:?}");
        assert_eq!(said_of(&host), [expected], "{case}");
        assert_eq!(host.run(&["/etc"]).status, i32::from(expected.starts_with("lost")), "{case}");
    }
}

#[test]
fn a_machine_id_that_nobody_declares_is_lost_and_the_entry_that_keeps_it_is_offered() {
    for (in_blank, change) in [(Some(NONE), "modified"), (Some(""), "modified"), (None, "added")] {
        let host = host(ID, in_blank, None);
        host.config(STORE);
        assert_eq!(said_of(&host), [format!("lost {change}")]);
        let pasted = host.run(&["--format", "toml", "/etc"]).stdout;
        assert!(pasted.contains("\ntarget = \"/etc/machine-id\"\n"), "{pasted}");
        host.config(&format!("{STORE}{pasted}"));
        assert_eq!(
            (said_of(&host), host.run(&["/etc"]).status),
            (vec![format!("kept {change}")], 0)
        );
    }
    // With an id of its own in the way no entry would hold.
    let host = host(ID, Some(OTHER), None);
    host.config(STORE);
    let pasted = host.run(&["--format", "toml", "/etc"]).stdout;
    let why =
        "\n# /etc/machine-id: the blank has it as well, and every boot brings that one back; ";
    assert!(pasted.contains(why) && !pasted.contains("\ntarget = "), "{pasted}");
}

#[test]
fn a_machine_id_that_is_a_symlink_is_judged_as_every_symlink() {
    let host = host(NONE, Some(NONE), None);
    host.config(&format!("{STORE}{ENTRY}"));
    let file = below(&host.root(), "/etc/machine-id");
    std::fs::remove_file(&file).unwrap();
    symlink("/nowhere", &file).unwrap();
    assert_eq!(said_of(&host), ["lost type-changed not-in-place"]);
}
