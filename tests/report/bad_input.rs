//! What the program says when it cannot do what it was asked.

use std::process::Command;

use crate::support::{Host, PROGRAM, in_mount_namespace, said};

fn trouble(args: &[&str]) -> String {
    let said = said(Command::new(PROGRAM).args(args));
    assert_eq!((said.stdout.as_str(), said.status), ("", 2), "{args:?}");
    said.stderr
}

#[test]
fn each_mistake_is_one_sentence_and_status_2() {
    let host = Host::new();
    host.file("/file", "x");
    let root = host.root();
    let (root, file) = (root.to_str().unwrap(), host.root().join("file"));
    let config = host.config_file();
    let (file, config) = (file.to_str().unwrap(), config.to_str().unwrap());
    let table: [(&[&str], String); 6] = [
        (
            &["--root", file, "--config", config],
            format!("cannot scan {file}: Not a directory (os error 20)"),
        ),
        (
            &["--root", "/nowhere/at/all", "--config", config],
            "cannot scan /nowhere/at/all: No such file or directory (os error 2)".to_owned(),
        ),
        (
            &["--root", root, "--config", "/nowhere.toml"],
            "cannot read the configuration /nowhere.toml: No such file or directory (os error 2); set \
             blankslate.enable = true in the configuration of NixOS, or name a file that is there with \
             --config"
                .to_owned(),
        ),
        (
            &["--root", root, "--config", root],
            format!("cannot read the configuration {root}: Is a directory (os error 21)"),
        ),
        (
            &["--root", root, "--config", config, "--blank", file],
            format!("cannot read the blank {file}: Not a directory (os error 20)"),
        ),
        (
            &["--root", root, "--config", config, "--blank", &format!("{root}/.")],
            format!(
                "the blank {root}/. is the root itself; name the directory that the root goes back to"
            ),
        ),
    ];
    for (args, sentence) in table {
        assert_eq!(trouble(args), format!("what-will-i-lose: {sentence}\n"));
    }
}

/// Where it lies instead is not this report's to tell.
#[test]
fn userns_of_what_lies_elsewhere_it_is_told_who_tells() {
    let host = Host::new();
    let script = "mount -t tmpfs none \"$D/root\"; cd \"$D/root\"; mkdir -p 'a b/c' var; \
                  mount -t tmpfs none 'a b'; ln -s /run var/run; echo x >file; report";
    let elsewhere = |path: &str, why: &str| {
        let shown = path.trim_matches('\'');
        format!(
            "{shown} does not lie on the root: {why}; `blankslate explain {path}` tells what becomes of it"
        )
    };
    let table = [
        ("'/a b/c'", elsewhere("'/a b/c'", "something else is mounted at /a b")),
        ("/var/run/x", elsewhere("/var/run/x", "/var/run is a symlink")),
        ("/file/x", "/file/x does not lie on the root: /file is a file".to_owned()),
        ("/no/x", "there is no /no on the root, and so no /no/x".to_owned()),
    ];
    for (path, sentence) in table {
        let Some(said) = in_mount_namespace(&host, &format!("{script} {path}")) else { return };
        let expected = format!("what-will-i-lose: {sentence}\n");
        assert_eq!((said.status, said.stderr), (2, expected), "{path}");
    }
}

#[test]
fn a_bad_rule_and_a_bad_key_name_their_line() {
    let host = Host::new();
    let root = host.root();
    let config = host.config_file();
    let args = ["--root", root.to_str().unwrap(), "--config", config.to_str().unwrap()];
    host.config("[[report.accept]]\nglob = \"/a/[\"\n");
    let said = trouble(&args);
    assert!(said.contains("config.toml:2: report.accept.glob: \"/a/[\" is no glob: "), "{said}");
    host.config("roots = 1\n");
    let said = trouble(&args);
    assert!(said.contains("config.toml:2: "), "{said}");
}

#[test]
fn a_snapshot_that_cannot_be_read_is_a_gap_and_everything_counts_as_added() {
    let host = Host::new();
    host.config(
        "[[root]]\nmount = \"/\"\nkind = \"zfs\"\ndataset = \"no/such\"\nsnapshot = \"blank\"\n",
    );
    host.file("/etc/x", "x");
    let report = host.json(&[]);
    assert_eq!(crate::support::changes(&report), ["lost added /etc", "lost added /etc/x"]);
    assert_eq!(report["complete"], false);
    let gap = report["gaps"][0]["error"].as_str().unwrap();
    assert!(
        gap.starts_with("cannot read the snapshot no/such@blank, so everything counts as added"),
        "{gap}"
    );
    assert_eq!(host.run(&[]).status, 2);
}

#[test]
fn nobody_reading_any_more_is_quiet_and_never_the_status_of_nothing_lost() {
    let host = Host::new();
    for at in 0..5000 {
        host.file(&format!("/{at}"), "");
    }
    let mut shell = Command::new("sh");
    shell.args(["-c", "{ \"$@\"; echo $? >&2; } | head -n 1 > /dev/null", "sh", PROGRAM]);
    let said = said(shell.args(host.args(&["--every"])));
    assert_eq!(said.stderr, "2\n");
}

#[test]
fn the_version_is_told() {
    let said = said(Command::new(PROGRAM).arg("--version"));
    assert_eq!(said.stdout, format!("what-will-i-lose {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(said.status, 0);
}
