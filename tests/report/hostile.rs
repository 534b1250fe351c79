//! Names that were made to deceive.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::support::{Host, name};

/// Names with their text in a report for people.
const NAMES: [(&[u8], &str); 5] = [
    (b"esc\x1b[2Jape", "esc\\x1b[2Jape"),
    (b"new\nline", "new\\nline"),
    (b"not\xffutf8", "not\\xffutf8"),
    ("bidi\u{202e}txt.exe".as_bytes(), "bidi\\u{202e}txt.exe"),
    (b"back\\nslash", "back\\\\nslash"),
];

fn host() -> Host {
    let host = Host::new();
    for (bytes, shown) in NAMES {
        std::fs::write(host.root().join(name(bytes)), shown).unwrap();
    }
    host
}

#[test]
fn names_reach_a_terminal_escaped_and_each_on_one_line() {
    let said = host().run(&[]);
    for (_, shown) in NAMES {
        let count =
            said.stdout.lines().filter(|line| line.ends_with(&format!("  /{shown}"))).count();
        assert_eq!(count, 1, "{shown} in {}", said.stdout);
    }
    let is_plain = |c: char| c == '\n' || !c.is_control() && c != '\u{202e}';
    assert!(said.stdout.chars().all(is_plain));
}

#[test]
fn json_has_the_exact_bytes_of_every_name() {
    let report = host().json(&[]);
    let bytes = |change: &Value| match change["path_base64"].as_str() {
        Some(exact) => STANDARD.decode(exact).unwrap(),
        None => change["path"].as_str().unwrap().as_bytes().to_vec(),
    };
    let got: Vec<Vec<u8>> = report["changes"].as_array().unwrap().iter().map(bytes).collect();
    let mut expected: Vec<Vec<u8>> =
        NAMES.iter().map(|(bytes, _)| [b"/", *bytes].concat()).collect();
    expected.sort();
    assert_eq!(got, expected);
    let odd = report["changes"].as_array().unwrap().iter().filter(|c| !c["path_base64"].is_null());
    assert_eq!(odd.map(|c| c["path"].as_str().unwrap()).collect::<Vec<_>>(), ["/not\\xffutf8"]);
}

#[test]
fn a_gap_with_a_hostile_name_is_escaped_too() {
    let host = Host::new();
    let Some(said) = crate::walk::as_nobody(&host, &|root| {
        std::fs::create_dir(root.join(name(b"no\x1bway"))).unwrap();
        crate::walk::close(&root.join(name(b"no\x1bway")));
    }) else {
        return;
    };
    assert!(said.stdout.contains("  /no\\x1bway: cannot read the directory"), "{}", said.stdout);
    assert!(!said.stdout.contains('\x1b') && !said.stderr.contains('\x1b'));
}
