//! What is taken, and every fault with its line, key and cure.

mod made;
mod stores;

use super::*;
use proptest::prelude::*;

const EXAMPLE: &str = r#"version = 1

[[root]]
mount = "/"
kind = "zfs"
dataset = "rpool/local/root"
snapshot = "blank"
newer-snapshots = "refuse"
on-failure = "emergency"

[[store]]
path = "/persist"
device = "rpool/safe/persist"
fs = "zfs"
options = "noatime,nodev"
[[store.entry]]
target = "/var/lib/bluetooth/"
kind = "directory"
how = "bind"
user = "root"
group = 0
mode = "0700"
because = "preset bluetooth"

[[store.entry]]
target = "/etc/machine-id"
kind = "file"

[[report.accept]]
glob = "/var/tmp/**"
because = "scratch space"
"#;

fn path(text: &str) -> HostPath {
    text.parse().unwrap()
}

/// The example with one piece of text replaced; that piece must be there.
fn with(from: &str, to: &str) -> String {
    assert!(EXAMPLE.contains(from), "{from:?} is not in the example");
    EXAMPLE.replacen(from, to, 1)
}

/// All faults as `line key: what`.
fn faults(text: &str) -> Vec<String> {
    let line = |fault: Fault| format!("{} {}: {}", fault.line, fault.key, fault.what);
    Config::parse(text).unwrap_err().into_iter().map(line).collect()
}

#[test]
fn every_key_is_read() {
    let config = Config::parse(EXAMPLE).unwrap();
    let root = Root {
        mount: path("/"),
        dataset: "rpool/local/root".parse().unwrap(),
        snapshot: "blank".parse().unwrap(),
        snapshot_guid: None,
        newer_snapshots: NewerSnapshots::Refuse,
        on_failure: OnFailure::Emergency,
        line: 3,
    };
    let bluetooth = Entry {
        target: path("/var/lib/bluetooth"),
        kind: Kind::Directory,
        how: How::Bind,
        user: Some(Principal::Name("root".into())),
        group: Some(Principal::Id(0)),
        mode: Some(0o700),
        because: Some("preset bluetooth".into()),
        line: 16,
    };
    let machine_id = Entry {
        target: path("/etc/machine-id"),
        kind: Kind::File,
        how: How::Bind,
        user: None,
        group: None,
        mode: None,
        because: None,
        line: 25,
    };
    let store = Store {
        path: path("/persist"),
        mount: path("/persist"),
        device: Some(Device {
            name: "rpool/safe/persist".into(),
            fs: "zfs".into(),
            options: Some("noatime,nodev".into()),
        }),
        entries: vec![bluetooth, machine_id],
        line: 11,
    };
    let rule =
        AcceptRule { glob: "/var/tmp/**".into(), because: Some("scratch space".into()), line: 29 };
    assert_eq!(config.roots, [root]);
    assert_eq!(config.stores, [store]);
    assert_eq!(config.accept, [rule]);
    assert_eq!(
        config.stores[0].source(&config.stores[0].entries[0]),
        path("/persist/var/lib/bluetooth")
    );
    assert_eq!(config.digest.len(), 64);
}

#[test]
fn the_digest_of_a_configuration_is_what_sha256sum_says_of_its_file() {
    let digest = "dbab12665d98aef021ba64953c61b0ed8a908cfb56a1c01e2fcb4b052b71a2a1";
    assert_eq!(Config::parse("version = 1\n").unwrap().digest, digest);
}

#[test]
fn a_configuration_needs_neither_roots_nor_stores() {
    assert_eq!(Config::parse("version = 1").unwrap().roots, []);
    let root = Config::parse(&EXAMPLE[..EXAMPLE.find("newer").unwrap()]).unwrap().roots.remove(0);
    assert_eq!(root.newer_snapshots, NewerSnapshots::Destroy);
    assert_eq!(root.on_failure, OnFailure::Continue);
}

#[test]
fn a_fault_in_a_value_names_line_key_and_cure() {
    let table = [
        ("version = 1", "version = 2", "1 version: is not 1, the version that this program reads"),
        ("version = 1", "", "1 version: is missing; write version = 1 at the top"),
        ("dataset =", "datset =", "6 root.datset: is no key here; did you mean dataset?"),
        ("snapshot = \"blank\"", "", "3 root.snapshot: is missing; add snapshot = \"…\""),
        (
            "\"blank\"",
            "\"rpool/root@blank\"",
            "7 root.snapshot: \"rpool/root@blank\" is no snapshot's name; write what stands behind the @ in `zfs list -t snapshot`, e.g. blank",
        ),
        ("\"zfs\"", "\"btrfs\"", "5 root.kind: \"btrfs\" is not known here; write \"zfs\""),
        ("\"refuse\"", "true", "8 root.newer-snapshots: is a TOML boolean; write it in quotes"),
        (
            "\"/var/lib/bluetooth/\"",
            "\"var/lib\"",
            "17 store.entry.target: \"var/lib\" is not absolute; write it from the root, beginning with /",
        ),
        (
            "\"/var/lib/bluetooth/\"",
            "\"/var/../etc\"",
            "17 store.entry.target: \"/var/../etc\" has a . or .. in it; write the path that is meant",
        ),
        (
            "\"0700\"",
            "\"0899\"",
            "22 store.entry.mode: \"0899\" is no mode; write 3 or 4 octal digits, e.g. \"0700\"",
        ),
        ("\"0700\"", "700", "22 store.entry.mode: is a TOML integer; write it in quotes"),
        (
            "\"0700\"",
            "\"+700\"",
            "22 store.entry.mode: \"+700\" is no mode; write 3 or 4 octal digits, e.g. \"0700\"",
        ),
        ("group = 0", "group = -1", "21 store.entry.group: is no user or group number"),
        (
            "\"preset bluetooth\"",
            "\"\"",
            "23 store.entry.because: is empty; write a value or drop the line",
        ),
        ("[[root]]", "[root]", "3 root: is not a list of tables; write [[root]]"),
        (
            "[[report.accept]]",
            "[[report.acept]]",
            "29 report.acept: is no key here; did you mean accept?",
        ),
        (
            "glob = \"/var/tmp/**\"",
            "",
            "29 report.accept.glob: is missing; write which paths are accepted, e.g. \"/var/tmp/**\"",
        ),
    ];
    for (from, to, expected) in table {
        assert_eq!(faults(&with(from, to)), [expected], "{from} -> {to}");
    }
}

#[test]
fn all_faults_are_told_at_once_in_the_order_of_their_lines() {
    let text = with("snapshot =", "snap =").replace("\"file\"", "\"fil\"").replace("glob", "glub");
    assert_eq!(
        faults(&text),
        [
            "3 root.snapshot: is missing; add snapshot = \"…\"",
            "7 root.snap: is no key here; known are mount, kind, dataset, snapshot, snapshot-guid, newer-snapshots, on-failure",
            "27 store.entry.kind: \"fil\" is not known here; write \"directory\" or \"file\"",
            "30 report.accept.glub: is no key here; did you mean glob?",
        ]
    );
}

#[test]
fn text_that_is_not_toml_names_the_line() {
    let text = with("kind = \"zfs\"", "kind = zfs\"");
    let first = faults(&text).remove(0);
    assert!(first.starts_with("5 : not TOML: "), "{first}");
}

#[test]
fn what_does_not_fit_together_names_both_lines() {
    let entry = |target: &str| {
        format!("{EXAMPLE}\n[[store.entry]]\ntarget = \"{target}\"\nkind = \"directory\"\n")
    };
    let table = [
        (
            entry("/etc/machine-id"),
            "33 store.entry.target: /etc/machine-id is declared already, in line 25; drop one",
        ),
        (
            entry("/etc/machine-id/x"),
            "33 store.entry.target: /etc/machine-id/x lies in /etc/machine-id of line 25, which is a file; drop one",
        ),
        (
            entry("/persist/var/lib"),
            "33 store.entry.target: /persist/var/lib lies in its own store /persist; write the path as the host sees it",
        ),
        (
            entry("/"),
            "33 store.entry.target: / cannot be an entry; declare the directories below it",
        ),
        (
            with("path = \"/persist\"", "path = \"/\""),
            "11 store.path: / is erased at boot; a store needs a file system of its own",
        ),
        (
            with("rpool/safe/persist", "rpool/local/root"),
            "11 store.device: rpool/local/root is the root of line 3, which is erased at boot; use another dataset",
        ),
        (
            with("path = \"/persist\"", "path = \"/var/lib/bluetooth/store\""),
            "16 store.entry.target: /var/lib/bluetooth holds the store /var/lib/bluetooth/store, which it would cover; declare what is beside it",
        ),
        (
            format!("{EXAMPLE}\n[[store]]\npath = \"/persist/cache\"\n"),
            "33 store.path: /persist/cache and the store /persist of line 11 lie in one another; keep one",
        ),
        (
            format!(
                "{EXAMPLE}\n[[root]]\nmount = \"/\"\nkind = \"zfs\"\ndataset = \"tank/x\"\nsnapshot = \"blank\"\n"
            ),
            "33 root.mount: / is a root already, in line 3; drop one",
        ),
    ];
    for (text, expected) in table {
        let text = text.replacen(
            "\n[[report.accept]]\nglob = \"/var/tmp/**\"\nbecause = \"scratch space\"\n",
            "\n\n\n\n",
            1,
        );
        assert_eq!(faults(&text), [expected], "{text}");
    }
}

#[test]
fn an_error_shows_every_fault_on_a_line_of_its_own() {
    let faults = Config::parse("versio = 1\n\n[[store]]\n").unwrap_err();
    let error = ConfigError::Faulty { file: "x.toml".into(), faults };
    assert_eq!(
        error.to_string(),
        "x.toml:1: versio: is no key here; did you mean version?\n\
         x.toml:3: store.path: is missing; add path = \"…\""
    );
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text: String) {
        let _ = Config::parse(&text);
    }

    #[test]
    fn no_damage_to_a_good_text_makes_the_parser_panic(
        at in 0..EXAMPLE.len(), length in 0..40_usize, put in "[\\PC\n\"\\[\\]=.]{0,12}"
    ) {
        let end = (at + length).min(EXAMPLE.len());
        let _ = Config::parse(&[&EXAMPLE[..at], &put, &EXAMPLE[end..]].concat());
    }

    #[test]
    fn every_fault_stands_on_a_line_of_the_text(text in "(\\[\\[(root|store|store\\.entry)\\]\\]\n|[a-z-]{3,8} = (\"[/a-z.]*\"|[0-9]{1,3})\n){0,12}") {
        if let Err(faults) = Config::parse(&text) {
            let lines = text.lines().count().max(1);
            prop_assert!(!faults.is_empty());
            prop_assert!(faults.iter().all(|f| (1..=lines + 1).contains(&f.line) && !f.what.is_empty()));
        }
    }
}
