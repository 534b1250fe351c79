//! The report for ncdu, read by ncdu itself.

use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::Value;

use crate::support::{Host, below, name, skip};

/// Adds up the sizes of everything in a tree as ncdu writes it, and counts what is no directory.
fn sum(item: &Value) -> (u64, u64, u64) {
    let items = item.as_array().and_then(|items| items.split_first());
    let (info, inner) = items.unwrap_or((item, &[]));
    let number = |key: &str| info[key].as_u64().unwrap_or(0);
    let own = (number("asize"), number("dsize"), u64::from(!item.is_array()));
    inner.iter().map(sum).fold(own, |a, b| (a.0 + b.0, a.1 + b.1, a.2 + b.2))
}

fn host() -> Host {
    let host = Host::new();
    host.config("[[report.accept]]\nglob = \"/var/tmp/**\"\n");
    host.file("/etc/deep/er/file", "12345");
    host.file("/var/tmp/x", "accepted");
    host.file("/var/lib/db", &"x".repeat(70_000));
    host.both("/usr/same", "same");
    host.file("/usr/changed", "123");
    host.blank_file("/usr/changed", "1234");
    host.blank_file("/gone/file", "gone");
    symlink("nowhere", below(&host.root(), "/etc/link")).unwrap();
    std::fs::write(host.root().join(name(b"odd\"\\\n\x7f\xff")), "odd").unwrap();
    host
}

#[test]
fn ncdu_takes_it_and_adds_up_the_same() {
    let host = host();
    let output = host.command(&["--format", "ncdu"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let written = String::from_utf8_lossy(&output.stdout).into_owned();
    let written: Value = serde_json::from_str(&written).unwrap();
    let report = host.json(&[]);
    let (asize, dsize, files) = sum(&written[3]);
    assert_eq!(asize, report["totals"]["lost"]["bytes"].as_u64().unwrap());
    assert_eq!(files, report["totals"]["lost"]["files"].as_u64().unwrap());
    let file = host.path().join("export");
    std::fs::write(&file, &output.stdout).unwrap();
    let Ok(ncdu) = Command::new("ncdu").arg("-f").arg(&file).arg("-o-").output() else {
        return skip("there is no ncdu here; install it to see that it takes the report");
    };
    assert!(ncdu.status.success(), "{}", String::from_utf8_lossy(&ncdu.stderr));
    // It writes the bytes of names as they are.
    let read: Value = serde_json::from_str(&String::from_utf8_lossy(&ncdu.stdout)).unwrap();
    assert_eq!(sum(&read[3]), (asize, dsize, files));
    let has = |text: &[u8], part: &[u8]| text.windows(part.len()).any(|window| window == part);
    assert!(has(&output.stdout, b"\"odd\\\"\\\\\\u000a\\u007f\xff\""));
    assert!(has(&ncdu.stdout, b"\"odd\\\"\\\\\\n\\u007f\xff\""));
}

#[test]
fn what_is_only_on_the_way_or_gone_has_no_size() {
    let output = host().run(&["--format", "ncdu", "/usr"]);
    let tree: Value = serde_json::from_str(&output.stdout).unwrap();
    let usr = &tree[3][1];
    assert_eq!(usr[0]["name"], "usr");
    assert_eq!(usr[0]["dsize"], 0);
    assert_eq!(usr[1]["asize"], 3);
    assert_eq!(usr.as_array().unwrap().len(), 2);
    assert!(!output.stdout.contains("gone"));
}
