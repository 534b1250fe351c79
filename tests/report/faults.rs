//! A file system that fails, vanishes or changes while it is looked at. strace(1) makes the kernel's
//! answers for us; where there is none, or it may not trace, the tests say so.

use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use blankslate::loss::Summing;

use crate::engine::{gaps, json_under_strace, strace, told};
use crate::support::{Host, PROGRAM, below, changes, in_mount_namespace, wait_until};

/// A directory that fails, beside one that does not, both also in the blank.
fn host() -> Host {
    let host = Host::new();
    for path in ["/bad/a", "/bad/b", "/good/victim"] {
        host.both(path, "content");
    }
    host.file("/bad/new", "x");
    host.file("/good/new", "x");
    host
}

/// strace's rules to let a system call on `path` fail.
fn fail<'r>(call: &'r [String; 2], path: &'r str) -> Vec<&'r str> {
    vec!["-P", path, "-e", &call[0], "-e", &call[1]]
}

fn call(name: &str, what: &str) -> [String; 2] {
    [format!("trace={name}"), format!("inject={name}:{what}")]
}

#[test]
fn a_directory_that_cannot_be_listed_is_a_gap_and_nothing_of_it_is_called_removed() {
    for (error, text) in
        [("EIO", "Input/output error (os error 5)"), ("ESTALE", "Stale file handle (os error 116)")]
    {
        let call = call("getdents64", &format!("error={error}"));
        for args in [&["--every"][..], &[]] {
            let Some(report) = json_under_strace(&host(), &fail(&call, "/bad"), args) else {
                return;
            };
            // The blank's directory of the same path fails as well.
            let gap = |what| format!("/bad: cannot list the {what}: {text}");
            assert_eq!(gaps(&report), [gap("directory"), gap("blank's directory")]);
            assert_eq!(changes(&report), ["lost added /good/new"]);
            assert_eq!(report["complete"], false);
        }
    }
}

#[test]
fn a_directory_whose_listing_breaks_off_makes_nothing_removed_and_nothing_added() {
    // Eight calls list the root's directory, the next ones that of the blank.
    for when in [2, 10] {
        let host = Host::new();
        for at in 0..3000 {
            host.both(&format!("/bad/{at:04}-{}", "n".repeat(100)), "");
        }
        host.blank_file("/bad/gone", "x");
        let call = call("getdents64", &format!("error=EIO:when={when}"));
        let Some(report) = json_under_strace(&host, &fail(&call, "/bad"), &[]) else { return };
        let told = changes(&report);
        // What is not in the list of the root may be there all the same.
        assert!(told.is_empty() || when == 10 && told == ["lost removed /bad/gone"], "{told:?}");
        assert_eq!(gaps(&report).len(), 1, "{:?}", gaps(&report));
        assert_eq!(report["complete"], false);
    }
}

#[test]
fn a_file_that_cannot_be_looked_at_is_a_gap_in_every_kind_of_report() {
    let call = call("statx", "error=EIO");
    let expected = "/good/victim: cannot look at it: Input/output error (os error 5)";
    for args in [&["--every"][..], &[]] {
        let host = Host::new();
        host.file("/good/victim", "x");
        host.file("/good/other", "x");
        let Some(report) = json_under_strace(&host, &fail(&call, "victim"), args) else { return };
        assert_eq!(gaps(&report), [expected]);
        assert_eq!(report["totals"]["lost"]["files"], 1);
    }
}

#[test]
fn content_or_attributes_that_cannot_be_read_are_a_gap_and_not_the_same() {
    for name in ["pread64", "flistxattr", "openat"] {
        let call = call(name, "error=EIO");
        let path = if name == "openat" { "victim" } else { "/good/victim" };
        let Some(report) = json_under_strace(&host(), &fail(&call, path), &[]) else { return };
        let gap = "/good/victim: cannot compare it with the blank: Input/output error (os error 5)";
        assert_eq!(gaps(&report), [gap], "{name}");
    }
}

/// strace's word for a call that waits, in microseconds: for ever, to a test.
const HELD: &str = "delay_enter=120000000";

/// Runs the program on `host`, and makes a `change` when it is about to make the first call `name` on
/// `path`: strace holds the call until it is killed, and that lets it go on.
fn meanwhile(
    host: &Host,
    (name, path): (&str, &str),
    args: &[&str],
    change: &dyn Fn(&Path),
) -> Option<serde_json::Value> {
    let call = call(name, HELD);
    let log = host.path().join("calls");
    let mut command = strace(&fail(&call, path), &log)?;
    command.arg(PROGRAM).args(["--format", "json"]).args(host.args(args));
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    wait_until(name, || std::fs::read(&log).is_ok_and(|calls| !calls.is_empty()));
    change(&host.root());
    child.kill().unwrap();
    // What the program says, it says to the end.
    let output = child.wait_with_output().unwrap();
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn a_file_that_becomes_a_directory_between_listing_and_looking_is_told_with_its_contents() {
    for args in [&["--every"][..], &[]] {
        let host = Host::new();
        host.file("/d/victim", "x");
        let become_directory = |root: &Path| {
            std::fs::remove_file(root.join("d/victim")).unwrap();
            std::fs::create_dir(root.join("d/victim")).unwrap();
            std::fs::write(root.join("d/victim/inner"), "1234").unwrap();
        };
        let report = meanwhile(&host, ("statx", "victim"), args, &become_directory);
        let Some(report) = report else { return };
        assert_eq!(report["complete"], true);
        let lost = &report["totals"]["lost"];
        assert_eq!((&lost["files"], &lost["directories"]), (&1.into(), &2.into()));
        assert_eq!(lost["bytes"], 4);
    }
}

#[test]
fn a_directory_that_becomes_a_symlink_before_it_is_opened_is_a_gap_and_not_followed() {
    for args in [&["--every"][..], &[]] {
        let host = Host::new();
        host.file("/d/victim/inner", "x");
        host.file("/e/secret", "x");
        let become_link = |root: &Path| {
            std::fs::remove_dir_all(root.join("d/victim")).unwrap();
            std::os::unix::fs::symlink("../e", root.join("d/victim")).unwrap();
        };
        let report = meanwhile(&host, ("openat", "victim"), args, &become_link);
        let Some(report) = report else { return };
        let gap = "/d/victim: cannot read the directory: Not a directory (os error 20)";
        assert_eq!(gaps(&report), [gap]);
        assert_eq!(report["totals"]["lost"]["files"], 1);
    }
}

#[test]
fn a_directory_that_vanishes_before_it_is_opened_is_no_gap() {
    for args in [&["--every"][..], &[]] {
        let host = Host::new();
        host.file("/d/victim/inner", "x");
        let vanish = |root: &Path| std::fs::remove_dir_all(root.join("d/victim")).unwrap();
        let report = meanwhile(&host, ("openat", "victim"), args, &vanish);
        let Some(report) = report else { return };
        assert_eq!(gaps(&report), Vec::<String>::new());
        assert_eq!(report["totals"]["lost"]["files"], 0);
    }
}

#[test]
fn a_file_that_is_written_to_while_it_is_compared_is_modified() {
    let host = Host::new();
    host.both("/victim", "content");
    // Read as it was in the blank, then written to: what was read is not what is there.
    let write = |root: &Path| {
        let later = root.to_owned();
        std::fs::write(later.join("victim"), "CONTENT").unwrap();
    };
    let report = meanwhile(&host, ("flistxattr", "/victim"), &[], &write);
    let Some(report) = report else { return };
    assert_eq!(changes(&report), ["lost modified /victim"]);
}

#[test]
fn a_file_that_is_replaced_while_it_is_compared_is_looked_at_again() {
    let host = Host::new();
    host.both("/victim", "content");
    let replace = |root: &Path| {
        std::fs::write(root.join("new"), "CONTENT").unwrap();
        std::fs::rename(root.join("new"), root.join("victim")).unwrap();
    };
    let report = meanwhile(&host, ("openat", "victim"), &[], &replace);
    let Some(report) = report else { return };
    assert_eq!(changes(&report), ["lost modified /victim"]);
    assert_eq!(report["complete"], true);
}

#[test]
fn userns_a_root_that_is_unmounted_meanwhile_is_read_to_the_end() {
    let host = Host::new();
    if strace(&[], Path::new("/dev/null")).is_none() {
        return;
    }
    // Unmounted while a call is held; the end of strace lets it go on.
    let script = "mount -t tmpfs none \"$D/root\"; mkdir -p \"$D/root/a/slow\" \"$D/root/b\"; \
                  echo x > \"$D/root/a/slow/file\"; echo x > \"$D/root/b/file\"; \
                  strace -f -qq -o \"$D/calls\" -P /a/slow -e trace=getdents64 \
                  -e inject=getdents64:HELD \"$P\" \"$@\" --format json --every & \
                  i=0; until [ -s \"$D/calls\" ]; do i=$((i + 1)); [ $i -lt 1200 ]; sleep 0.05; done; \
                  umount -l \"$D/root\"; test ! -e \"$D/root/a\"; kill -KILL $!";
    let Some(said) = in_mount_namespace(&host, &script.replace("HELD", HELD)) else { return };
    assert_eq!(said.status, 0, "{}", said.stderr);
    let report: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    let expected = ["/a", "/a/slow", "/a/slow/file", "/b", "/b/file"];
    assert_eq!(changes(&report), expected.map(|path| format!("lost added {path}")));
    assert_eq!(report["complete"], true);
}

/// Swaps what lies at some names, as fast as it can, until it is told to stop.
fn churn(root: &Path, stop: &AtomicBool) {
    let mut round = 0u32;
    while !stop.load(Ordering::Relaxed) {
        round += 1;
        let at = root.join(format!("d/{}", round % 7));
        let _ = match round % 5 {
            0 => std::fs::write(&at, "x"),
            1 => std::fs::remove_file(&at),
            2 => std::fs::create_dir(&at).and_then(|()| std::fs::write(at.join("in"), "x")),
            3 => std::os::unix::fs::symlink("/etc", &at),
            _ => std::fs::remove_dir_all(&at),
        };
    }
}

#[test]
fn a_tree_in_motion_is_never_more_than_gaps() {
    let host = Host::new();
    for at in 0..7 {
        host.both(&format!("/d/{at}"), "x");
    }
    host.both("/still/file", "x");
    host.file("/still/new", "x");
    let stop = AtomicBool::new(false);
    let root = host.root();
    thread::scope(|scope| {
        scope.spawn(|| churn(&root, &stop));
        for round in 0..200 {
            let summing = if round % 2 == 0 { Summing::Not } else { Summing::Tree };
            let told = told(&root, Some(&host.blank()), summing);
            assert!(told.lines().contains(&"added /still/new".to_owned()));
            assert!(told.lines().iter().all(|line| !line.contains("/still/file")));
            for gap in told.gap_lines() {
                let is_known = gap.ends_with("it changed while it was looked at")
                    || gap.ends_with("cannot read the directory: Not a directory (os error 20)")
                    || gap.contains("cannot read the directory: Too many levels");
                assert!(is_known, "{gap}");
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(!below(&host.root(), "/etc").exists());
}
