//! The report for programs, against its schema in the tree.

use serde_json::{Value, json};

use crate::support::{Host, below};

fn schema() -> Value {
    serde_json::from_str(include_str!("../../docs/schema/what-will-i-lose-1.json")).unwrap()
}

fn check(report: &Value) {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let errors: Vec<String> = validator.iter_errors(report).map(|e| e.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
}

fn host() -> Host {
    let host = Host::new();
    host.config("[[report.accept]]\nglob = \"/var/tmp/**\"\n");
    host.file("/etc/passwd", "12345");
    host.blank_file("/etc/passwd", "1234");
    host.blank_file("/gone", "x");
    host.file("/lost/a", "123");
    host.file("/lost/b/c", "4567");
    host.file("/var/tmp/x", "1");
    host
}

#[test]
fn every_report_is_valid_by_the_schema() {
    check(&host().json(&[]));
    check(&host().json(&["--every"]));
    check(&Host::new().json(&[]));
    let odd = Host::new();
    std::fs::write(odd.root().join(crate::support::name(b"\xff\n\x1b")), "").unwrap();
    check(&odd.json(&[]));
}

#[test]
fn the_schema_refuses_what_the_report_must_not_say() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let good = host().json(&[]);
    for (pointer, bad) in [
        ("/version", json!(2)),
        ("/changes/0/verdict", json!("deleted")),
        ("/changes/0/change", json!("renamed")),
        ("/changes/0/mtime", json!("yesterday")),
        ("/totals/lost/files", json!(-1)),
        ("/changes/0/owner/kind", json!("nobody")),
        ("/changes/0/rank", json!("gold")),
    ] {
        let mut report = good.clone();
        *report.pointer_mut(pointer).unwrap() = bad;
        assert!(!validator.is_valid(&report), "{pointer}");
    }
}

#[test]
fn a_folded_directory_has_the_sum_and_the_number_of_its_files() {
    let report = host().json(&[]);
    let changes = report["changes"].as_array().unwrap();
    let lost = changes.iter().find(|change| change["path"] == "/lost").unwrap();
    assert_eq!(
        (&lost["size"], &lost["files"], &lost["type"]),
        (&json!(7), &json!(2), &json!("directory"))
    );
    let gone = changes.iter().find(|change| change["path"] == "/gone").unwrap();
    assert_eq!((&gone["size"], &gone["change"]), (&json!(0), &json!("removed")));
}

#[test]
fn a_change_tells_whose_it_is_and_how_much_it_hurts() {
    let host = Host::new();
    host.file("/etc/ssh/ssh_host_ed25519_key", "k");
    host.file("/srv/x", "x");
    let report = host.json(&["--verdict", "lost"]);
    check(&report);
    let changes = report["changes"].as_array().unwrap();
    let of = |path: &str| changes.iter().find(|change| change["path"] == path).unwrap();
    let key = of("/etc/ssh/ssh_host_ed25519_key");
    assert_eq!(key["preset"], "ssh-host-keys");
    assert_eq!(key["rank"], "keys");
    assert_eq!(of("/srv/x")["owner"], json!({"kind": "unknown"}));
    assert_eq!((&of("/srv/x")["rank"], &of("/srv/x")["preset"]), (&json!("state"), &Value::Null));
}

#[test]
fn what_is_summed_up_or_another_aspect_says_so() {
    use std::os::unix::fs::PermissionsExt;
    let host = Host::new();
    host.both("/etc/mode", "same");
    let mode = std::fs::Permissions::from_mode(0o4755);
    std::fs::set_permissions(below(&host.root(), "/etc/mode"), mode).unwrap();
    host.file("/srv/a/b", "1");
    let report = host.json(&["--depth=1"]);
    check(&report);
    let changes = report["changes"].as_array().unwrap();
    let of = |path: &str| changes.iter().find(|change| change["path"] == path).unwrap();
    assert_eq!(
        (&of("/etc")["extent"], &of("/etc")["change"]),
        (&json!("part"), &json!("metadata"))
    );
    assert_eq!(of("/etc")["aspect"], "mode");
}

#[test]
fn totals_are_the_same_with_every_path() {
    let (folded, every) = (host().json(&[]), host().json(&["--every"]));
    assert_eq!(folded["totals"], every["totals"]);
    // /lost, /lost/b, and /var, which no rule accepts.
    let expected = json!({"files": 3, "directories": 3, "bytes": 12, "removed": 1, "metadata": 0});
    assert_eq!(folded["totals"]["lost"], expected);
    assert_eq!(folded["totals"]["rules"][0]["glob"], "/var/tmp/**");
    assert_eq!(folded["totals"]["rules"][0]["bytes"], 1);
    assert_eq!(folded["complete"], true);
}

#[test]
fn times_are_in_utc_with_their_nanoseconds() {
    use nix::fcntl::AT_FDCWD;
    use nix::sys::stat::{UtimensatFlags, utimensat};
    use nix::sys::time::TimeSpec;
    let host = Host::new();
    for (path, seconds, nanoseconds, expected) in [
        ("/plain", 1_700_000_000, 0, "2023-11-14T22:13:20Z"),
        ("/exact", 1_700_000_000, 5_000_001, "2023-11-14T22:13:20.005000001Z"),
        ("/early", -1, 0, "1969-12-31T23:59:59Z"),
    ] {
        host.file(path, "");
        let time = TimeSpec::new(seconds, nanoseconds);
        let flags = UtimensatFlags::NoFollowSymlink;
        utimensat(AT_FDCWD, &below(&host.root(), path), &time, &time, flags).unwrap();
        let report = host.json(&[]);
        let changes = report["changes"].as_array().unwrap();
        let change = changes.iter().find(|change| change["path"] == path).unwrap();
        assert_eq!(change["mtime"], expected);
    }
}
