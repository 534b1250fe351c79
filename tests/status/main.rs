//! `blankslate status` and `blankslate check`, the real program on records of boots.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::type_complexity,
    reason = "tests"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const CONFIG: &str = "version = 1\n[[root]]\nmount = \"/\"\nkind = \"zfs\"\ndataset = \"rpool/root\"\nsnapshot = \"blank\"\n[[store]]\npath = \"/persist\"\n[[store.entry]]\ntarget = \"/srv\"\nkind = \"directory\"\n";

/// A receipt with one root.
fn boot(outcome: &str, reason: &str) -> String {
    format!(
        r#"{{"version": 1, "program": "0.1.0", "config": "{}", "trouble": null, "roots": [{{
        "mount": "/", "dataset": "rpool/root", "snapshot": "blank", "outcome": "{outcome}", "reason": {reason},
        "on_failure": "continue", "newer_snapshots": "destroy", "snapshot_guid": null, "facts": null, "destroyed": []}}],
        "microseconds": {{"facts": 1, "decide": 2, "run": 3}}}}"#,
        "0".repeat(64)
    )
}

fn persist(reason: &str) -> String {
    let outcome = if reason == "null" { "done" } else { "refused" };
    format!(
        r#"{{"version": 1, "program": "0.1.0", "config": "{}", "trouble": null, "mounts": [], "entries": [{{
        "target": "/srv", "source": "/persist/srv", "how": "bind", "outcome": "{outcome}", "reason": {reason}}}]}}"#,
        "0".repeat(64)
    )
}

/// Runs `blankslate` with `arguments` in a tree with these records and a configuration.
fn run(records: &[(&str, &str)], config: Option<&str>, arguments: &[&str]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let records_dir = dir.path().join("run/blankslate");
    fs::create_dir_all(&records_dir).unwrap();
    for (name, text) in records {
        fs::write(records_dir.join(name), text).unwrap();
    }
    if let Some(config) = config {
        fs::write(dir.path().join("c.toml"), config).unwrap();
    }
    Command::new(env!("CARGO_BIN_EXE_blankslate"))
        .args(arguments)
        .current_dir(dir.path())
        .output()
        .unwrap()
}

fn status(records: &[(&str, &str)], config: Option<&str>) -> (i32, String) {
    let output = run(records, config, &["status", "--root", ".", "--config", "c.toml"]);
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

#[test]
fn what_the_initrd_did_is_told_and_what_it_should_have_done_is_status_1() {
    let good = boot("rolled-back", "null");
    let placed = persist("null");
    let refused = boot("refused", "\"it is held; release it\"");
    let missing = persist("\"it does not exist\"");
    let older = good.split("[{").next().unwrap().to_owned()
        + "[], \"microseconds\": {\"facts\": 1, \"decide\": 2, \"run\": 3}}";
    let trouble = placed
        .split("[{")
        .next()
        .unwrap()
        .replace("\"trouble\": null", "\"trouble\": \"no configuration\"")
        + "[]}";
    let unreadable =
        "cannot read the configuration c.toml: No such file or directory (os error 2)\n";
    let other = "the initrd read another configuration than the host has now\n";
    let good_line = "rpool/root rolled back to rpool/root@blank\n";
    let table: &[(Vec<(&str, &str)>, Option<&str>, i32, String)] = &[
        (vec![("boot.json", &good), ("persist.json", &placed)], None, 0, format!("{good_line}1 of 1 entries in place at boot\n")),
        (vec![("boot.json", &good), ("persist.json", &placed)], Some(CONFIG), 0, format!("{good_line}1 of 1 entries in place at boot\n{other}")),
        (vec![("boot.json", &refused), ("persist.json", &placed)], None, 1, "rpool/root NOT rolled back: it is held; release it\n1 of 1 entries in place at boot\n".into()),
        (vec![("boot.json", &good), ("persist.json", &missing)], None, 1, format!("{good_line}0 of 1 entries in place at boot\n/srv is not in place: it does not exist\n")),
        (vec![("boot.json", &older), ("persist.json", &placed)], Some(CONFIG), 1, format!("rpool/root NOT rolled back: the initrd did not try\n1 of 1 entries in place at boot\n{other}")),
        (vec![("boot.json", &good), ("persist.json", &trouble)], Some(CONFIG), 1, format!("{good_line}nothing was put in place: no configuration\n/srv is not in place: the initrd did not try\n{other}")),
        (vec![], Some(CONFIG), 1, "rpool/root NOT rolled back: the initrd did not try\n/srv is not in place: the initrd did not try\n".into()),
        (vec![], Some("version = 1"), 0, "nothing is declared, and nothing was done\n".into()),
        (vec![], None, 2, format!("blankslate: there is no record of blankslate-initrd boot in this boot, and {unreadable}")),
        (vec![("boot.json", &good)], None, 2, format!("blankslate: there is no record of blankslate-initrd persist in this boot, and {unreadable}")),
        (vec![("boot.json", "{\"version\": 2}")], None, 2, "blankslate: cannot understand ./run/blankslate/boot.json: another version of blankslate wrote it\n".into()),
    ];
    for (records, config, code, text) in table {
        assert_eq!(status(records, *config), (*code, text.clone()), "{records:?}");
    }
}

#[test]
fn the_status_as_json_fits_its_schema() {
    let records =
        [("boot.json", boot("skipped", "\"blank already\"")), ("persist.json", persist("null"))];
    let records: Vec<(&str, &str)> =
        records.iter().map(|(name, text)| (*name, text.as_str())).collect();
    for (records, code) in [(records.as_slice(), 0), (&[], 1)] {
        let arguments = ["status", "--root", ".", "--config", "c.toml", "--format", "json"];
        let output = run(records, Some(CONFIG), &arguments);
        assert_eq!(output.status.code(), Some(code));
        let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let read = |name: &str| -> serde_json::Value {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema").join(name);
            serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
        };
        let schema = jsonschema::validator_for(&read("status-1.json")).unwrap();
        let faults: Vec<String> =
            schema.iter_errors(&value).map(|fault| fault.to_string()).collect();
        assert_eq!(faults, Vec::<String>::new());
        for (part, name) in [("boot", "boot-1.json"), ("persist", "persist-1.json")] {
            assert!(value[part].is_null() || jsonschema::is_valid(&read(name), &value[part]));
        }
    }
}

#[test]
fn a_configuration_is_checked_whole_with_its_globs() {
    let check = |config: &str| {
        let output = run(&[], Some(config), &["check", "c.toml"]);
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(check(CONFIG), (0, String::new()));
    let (code, said) = check("version = 1\nrot = 1\n[[store]]\n");
    assert_eq!(code, 2);
    assert_eq!(
        said,
        "blankslate: c.toml:2: rot: is no key here; did you mean root?\nc.toml:3: store.path: is missing; add path = \"…\"\n"
    );
    let (code, said) = check("version = 1\n[[report.accept]]\nglob = \"/a[\"\n");
    assert_eq!(code, 2);
    assert!(said.starts_with("blankslate: c.toml:2: report.accept.glob: "), "{said}");
}
