//! The real program on bad input: one clear sentence each, exit status 2, nothing changed.
//! Every run has a mount namespace of its own with an empty /run, so nothing of this machine's is read
//! or written.
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

/// Runs the program with `arguments`; the current directory is `dir`. The shell mounts, then becomes
/// the program; after that it prints what lies on /run.
fn run(dir: &Path, arguments: &[&str]) -> Output {
    let script = "mount -t tmpfs run /run; mount --bind /dev/null /dev/kmsg; \"$@\"; status=$?; cd /run && find . -type f ! -name lock; exit $status";
    let mut command = Command::new("unshare");
    if !nix_is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command
        .args(["--mount", "--propagation", "private", "--", "sh", "-c", script, "sh"])
        .arg(env!("CARGO_BIN_EXE_blankslate-initrd"))
        .args(arguments)
        .current_dir(dir)
        .output()
        .unwrap()
}

fn nix_is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

const GOOD: &str = "version = 1\n[[store]]\npath = \"/persist\"\n[[store.entry]]\ntarget = \"/srv\"\nkind = \"directory\"\n";

/// A directory with a configuration, and a root in it.
fn host(config: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("c.toml"), config).unwrap();
    fs::create_dir_all(dir.path().join("root/persist/srv")).unwrap();
    dir
}

#[test]
fn userns_each_kind_of_bad_input_is_one_sentence_and_exit_status_2() {
    let erased = format!(
        "{}[[root]]\nmount = \"/\"\nkind = \"zfs\"\ndataset = \"r/l\"\nsnapshot = \"blank\"\n",
        GOOD.replacen("path", "device = \"r/p\"\nfs = \"zfs\"\npath", 1)
    );
    let table: &[(&str, &[&str], &str)] = &[
        (
            GOOD,
            &["persist", "--root", "root", "--config", "none.toml"],
            "<3>blankslate: cannot read the configuration none.toml: No such file or directory (os error 2); set blankslate.enable = true in the configuration of NixOS, or name a file that is there with --config\n",
        ),
        (
            "version = 1\n[[store]\n",
            &["persist", "--root", "root", "--config", "c.toml"],
            "<3>blankslate: c.toml:2: not TOML: ",
        ),
        (
            "version = 1\nrot = 1\n",
            &["persist", "--root", "root", "--config", "c.toml"],
            "<3>blankslate: c.toml:2: rot: is no key here; did you mean root?\n",
        ),
        (
            GOOD,
            &["persist", "--root", "c.toml", "--config", "c.toml"],
            "<3>blankslate: cannot use c.toml as the root: Not a directory (os error 20); it must be a directory\n",
        ),
        (
            GOOD,
            &["persist", "--root", "none", "--config", "c.toml"],
            "<3>blankslate: cannot use none as the root: No such file or directory (os error 2); it must be a directory\n",
        ),
        (
            &GOOD.replace("/persist", "/store"),
            &["persist", "--root", "root", "--config", "c.toml"],
            "<3>blankslate: the store /store is not there; is its file system mounted? In NixOS: fileSystems.\"/store\".neededForBoot = true\n",
        ),
        (
            &erased,
            &["persist", "--root", "root", "--config", "c.toml"],
            "<3>blankslate: the store /persist lies on the root /, which is erased at boot; is its file system mounted? In NixOS: fileSystems.\"/persist\".neededForBoot = true\n",
        ),
        (
            GOOD,
            &["persist", "--rot", "root"],
            "<3>blankslate: invalid option '--rot'; see blankslate-initrd --help\n",
        ),
    ];
    for (config, arguments, sentence) in table {
        let dir = host(config);
        let output = run(dir.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said(&output));
        let said = said(&output);
        assert!(said.starts_with(sentence), "{arguments:?}: {said}");
        let talk = said.replace("<6>blankslate: 0 of 1 entries are in place\n", "");
        assert_eq!(talk.lines().count(), 1, "{arguments:?}: {said}");
        // A step that could not try says so in its record; wrong arguments are not even a step.
        let record = if arguments.contains(&"--rot") { "" } else { "./blankslate/persist.json\n" };
        assert_eq!(String::from_utf8_lossy(&output.stdout), record, "{arguments:?}");
        assert!(!dir.path().join("root/srv").exists(), "{arguments:?}");
    }
}

#[test]
fn userns_a_boot_step_that_cannot_read_its_configuration_leaves_a_receipt_that_says_so() {
    let dir = host("version = 2\n");
    let output = run(dir.path(), &["boot", "--config", "c.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        said(&output),
        "<3>blankslate: nothing was rolled back: c.toml:1: version: is not 1, the version that this program reads\n"
    );
    assert_eq!(output.stdout, b"./blankslate/boot.json\n");
}

#[test]
fn userns_entries_that_can_be_placed_are_and_the_rest_is_exit_status_1() {
    let more = "[[store.entry]]\ntarget = \"/gone\"\nkind = \"directory\"\n";
    let dir = host(&format!("{GOOD}{more}"));
    fs::write(dir.path().join("root/persist/gone"), "a file").unwrap();
    let output = run(dir.path(), &["persist", "--root", "root", "--config", "c.toml"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!(
        said(&output),
        "<3>blankslate: /gone is not in place: /persist/gone is a file, not a directory; move it away, or mend line 7\n\
         <6>blankslate: 1 of 2 entries are in place\n"
    );
    assert_eq!(output.stdout, b"./blankslate/persist.json\n");
    assert!(dir.path().join("root/srv").is_dir());
}

#[test]
fn userns_a_store_that_is_missing_keeps_only_its_own_entries_from_their_places() {
    let more =
        "[[store]]\npath = \"/state\"\n[[store.entry]]\ntarget = \"/opt\"\nkind = \"directory\"\n";
    let dir = host(&format!("{GOOD}{more}"));
    let output = run(dir.path(), &["persist", "--root", "root", "--config", "c.toml"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert_eq!(
        said(&output),
        "<3>blankslate: the store /state is not there; is its file system mounted? In NixOS: fileSystems.\"/state\".neededForBoot = true\n\
         <6>blankslate: 1 of 2 entries are in place\n"
    );
    assert!(dir.path().join("root/srv").is_dir());
    assert!(!dir.path().join("root/opt").exists());
}
