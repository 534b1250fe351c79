//! What is typed wrong is answered with what to type.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::host::{Host, umount};
use crate::namespace::inside;
use crate::program;

/// A store with an entry, and something that nobody declares.
fn host(top: &std::path::Path) -> Host {
    let host = Host::new(top, &[("/srv/x", "directory", "bind")], &[]);
    host.write("persist/srv/x/data", "data");
    host.write("persist/old/data", "data");
    fs::create_dir_all(top.join("srv/x")).unwrap();
    host.bind("srv/x");
    host
}

#[test]
fn userns_a_path_that_is_typed_wrong_is_answered_with_the_right_one() {
    inside("wrong::userns_a_path_that_is_typed_wrong_is_answered_with_the_right_one", |top| {
        let host = host(top);
        host.write("etc/passwd", "");
        let relative =
            "srv is relative; of the host in ., write the whole path as that host sees it";
        let table: &[(&[&str], &str)] = &[
            (&["explain", "srv"], relative),
            (&["adopt", "srv"], relative),
            (&["forget", "srv"], relative),
            (
                &["adopt", "/srv/x/../x"],
                "/srv/x/../x has a . or .. in it; write the path that is meant",
            ),
            (
                &["adopt", "/srv/it's y"],
                "/srv/it's y is not declared; `blankslate explain '/srv/it'\\''s y'` prints the lines that declare it",
            ),
            (
                &["adopt", "/srv/x/data"],
                "/srv/x/data lies in the entry /srv/x, which is kept as a whole; run `blankslate adopt /srv/x`",
            ),
            (
                &["adopt", "/persist/srv/x"],
                "/persist/srv/x lies in a store; run `blankslate adopt /srv/x`",
            ),
            (
                &["forget", "/persist/old"],
                "/persist/old lies in a store; run `blankslate forget /old`",
            ),
            (
                &["forget", "/srv/x"],
                "/srv/x is declared in line 11; drop that first, or the next run would adopt it again",
            ),
            (
                &["forget", "/none"],
                "no store holds /none; `blankslate status` lists what lies in the stores",
            ),
            (
                &["explain", "/etc/passwd/x"],
                "/etc/passwd is no directory, so nothing can lie at /etc/passwd/x",
            ),
            (
                &["explain", "/srv/x/data/y"],
                "/srv/x/data is no directory, so nothing can lie at /srv/x/data/y",
            ),
        ];
        for (arguments, sentence) in table {
            let said = host.said(arguments);
            assert_eq!(said, (2, format!("blankslate: {sentence}\n")), "{arguments:?}");
        }
        let (code, said) = host.said(&["explain", "/srv/*"]);
        let end = "\nNothing has that name, and an entry takes no pattern; name the directory that is to be kept whole, or each path in it.\n";
        assert!(code == 1 && said.ends_with(end), "{said}");
    });
}

#[test]
fn userns_where_no_host_lies_nothing_is_made() {
    inside("wrong::userns_where_no_host_lies_nothing_is_made", |top| {
        let host = host(top);
        let missing = "cannot use ./none as the root: No such file or directory (os error 2); it must be a directory";
        let unseen = "cannot look at ./none: No such file or directory (os error 2)";
        let table: &[(&[&str], &str)] = &[
            (&["apply"], missing),
            (&["adopt", "/srv/x"], missing),
            (&["forget", "/old"], missing),
            (&["plan"], missing),
            (&["status"], unseen),
            (&["explain", "/srv/x"], unseen),
        ];
        for (arguments, sentence) in table {
            let mut command = Command::new(env!("CARGO_BIN_EXE_blankslate"));
            let config = "--config=run/blankslate/c.toml";
            command.args(*arguments).args(["--root=./none", config]).current_dir(&host.0);
            let output = command.output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(said, format!("blankslate: {sentence}\n"), "{arguments:?}");
            assert_eq!(output.status.code(), Some(2), "{arguments:?}");
            assert!(!host.0.join("none").exists(), "{arguments:?}");
        }
    });
}

#[test]
fn userns_whoever_is_not_root_is_told_where_that_is_why() {
    inside("wrong::userns_whoever_is_not_root_is_told_where_that_is_why", |top| {
        let host = host(top);
        fs::set_permissions(top, fs::Permissions::from_mode(0o755)).unwrap();
        let closed = |at: &str| {
            fs::set_permissions(top.join(at), fs::Permissions::from_mode(0o700)).unwrap();
        };
        let lent = top.join("blankslate");
        program::lend(env!("CARGO_BIN_EXE_blankslate"), &lent);
        let said = |arguments: &[&str]| {
            let mut command = program::as_nobody(&lent);
            command.args(arguments).args(["--root=.", CONFIG]);
            let output = command.current_dir(&host.0).output().unwrap();
            (output.status.code(), String::from_utf8(output.stderr).unwrap())
        };
        closed("persist/srv");
        let plan = "blankslate: not everything could be looked at; run it as root\n";
        assert_eq!(said(&["plan"]), (Some(2), plan.to_owned()));
        closed("run/blankslate/boot.json");
        let denied = |what: &str| {
            let why = "Permission denied (os error 13); run as root";
            (Some(2), format!("blankslate: cannot read {what}: {why}\n"))
        };
        assert_eq!(said(&["status"]), denied("./run/blankslate/boot.json"));
        closed("run/blankslate/c.toml");
        let config = denied("the configuration run/blankslate/c.toml");
        assert_eq!(said(&["explain", "/srv/x"]), config);
    });
}

#[test]
fn userns_a_store_that_cannot_be_used_and_the_system_itself_are_told_once_and_never_offered() {
    inside(
        "wrong::userns_a_store_that_cannot_be_used_and_the_system_itself_are_told_once_and_never_offered",
        |top| {
            let entries = ["/srv/x", "/srv/y"].map(|target| (target, "directory", "bind"));
            let host = Host::new(top, &entries, &[]);
            umount(&top.join("persist"));
            let output = host.run(&["plan"]);
            let why = "the store /persist lies on the root /, which is erased at boot; is its file system mounted? In NixOS: fileSystems.\"/persist\".neededForBoot = true";
            let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
            assert_eq!(text(output.stderr), format!("blankslate: {why}\n"));
            let summary = "0 of 2 entries are in place, 2 would not be touched\n";
            assert_eq!((output.status.code(), text(output.stdout).as_str()), (Some(2), summary));
            host.write("nix/store/x", "x");
            let (_, said) = host.said(&["explain", "/nix/store/x"]);
            let end = "\n/nix is the system itself, which belongs on a file system of its own.\n";
            assert!(said.ends_with(end), "{said}");
        },
    );
}

#[test]
fn userns_a_record_that_cannot_be_understood_is_told_with_who_writes_it_anew() {
    inside(
        "wrong::userns_a_record_that_cannot_be_understood_is_told_with_who_writes_it_anew",
        |top| {
            let host = host(top);
            let table = [
                ("boot.json", "the next boot writes it anew; move it away to see the rest"),
                ("persist.json", "`blankslate apply` writes it anew"),
            ];
            for (name, cure) in table {
                let at = format!("run/blankslate/{name}");
                let good = fs::read(top.join(&at)).unwrap();
                host.write(&at, "{\"version\": 99}");
                let sentence = format!(
                    "blankslate: cannot understand ./{at}: another version of blankslate wrote it; {cure}\n"
                );
                assert_eq!(host.said(&["status"]), (2, sentence));
                fs::write(top.join(&at), good).unwrap();
            }
            host.write("run/blankslate/persist.json", "{");
            assert_eq!(host.said(&["explain", "/srv/x"]).0, 2);
            assert_eq!(host.said(&["apply"]).0, 0);
            assert_eq!(host.said(&["explain", "/srv/x"]).0, 0);
        },
    );
}

const CONFIG: &str = "--config=run/blankslate/c.toml";

#[test]
fn a_configuration_that_cannot_be_checked_is_told_with_what_check_takes() {
    let check = |file: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_blankslate"));
        let output = command.args(["check", file]).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let said =
        "blankslate: cannot read the configuration /none: No such file or directory (os error 2)\n";
    assert_eq!(check("/none"), (Some(2), said.to_owned()));
    let usual = "/etc/blankslate/config.toml";
    if !std::path::Path::new(usual).exists() {
        let (code, said) = check(usual);
        let end = "; name one that is there: `blankslate check FILE`\n";
        assert!(code == Some(2) && said.ends_with(end), "{said}");
    }
}
