//! Trees that are hard to walk.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use blankslate::loss::Summing;
use nix::fcntl::{AtFlags, OFlag, open, openat};
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::{linkat, mkfifo};

use crate::engine::told;
use crate::program::{self, lend};
use crate::support::{Host, PROGRAM, Said, is_root, said, skip};

/// Takes all rights to a directory from all but root.
pub fn close(dir: &Path) {
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o000)).unwrap();
}

/// Runs the program on `host`, which `prepare` fills, as a user without any privilege.
pub fn as_nobody(host: &Host, prepare: &dyn Fn(&Path)) -> Option<Said> {
    prepare(&host.root());
    if !is_root() {
        return Some(host.run(&[]));
    }
    if Command::new("setpriv").arg("--version").output().is_err() {
        skip("there is no setpriv to become another user with");
        return None;
    }
    let program = host.path().join("program");
    lend(PROGRAM, &program);
    std::fs::set_permissions(host.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    Some(said(program::as_nobody(&program).args(host.args(&[]))))
}

#[test]
fn a_directory_that_may_not_be_read_is_a_gap_and_status_2() {
    let host = Host::new();
    let said = as_nobody(&host, &|root| {
        std::fs::create_dir_all(root.join("home/secret/inner")).unwrap();
        std::fs::write(root.join("home/open"), "12").unwrap();
        close(&root.join("home/secret"));
    });
    let Some(said) = said else { return };
    assert_eq!(said.status, 2);
    let text = said.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "1 place could not be read; what lies there is in no number here: \
         /home/secret: cannot read the directory: Permission denied (os error 13)",
        "Lost at the next boot: 1 file (2 B), 2 directories, in 2 lines. This report is incomplete.",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(
        said.stderr,
        "what-will-i-lose: the report is incomplete: 1 place could not be read\n"
    );
}

#[test]
fn a_directory_that_may_not_be_read_makes_nothing_in_its_blank_removed() {
    let host = Host::new();
    host.blank_file("/home/secret/kept", "x");
    let said = as_nobody(&host, &|root| {
        std::fs::create_dir_all(root.join("home/secret")).unwrap();
        std::fs::write(root.join("home/secret/kept"), "x").unwrap();
        close(&root.join("home/secret"));
    });
    let Some(said) = said else { return };
    assert!(!said.stdout.contains("removed"), "{}", said.stdout);
    assert_eq!(said.status, 2);
}

#[test]
fn fifos_sockets_and_loops_of_links_are_told_and_not_followed() {
    let host = Host::new();
    host.dir("/d");
    mkfifo(&host.root().join("fifo"), Mode::S_IRWXU).unwrap();
    let _socket = UnixListener::bind(host.root().join("socket")).unwrap();
    host.link("/d/up", "..");
    host.link("/self", "self");
    host.link("/abs", "/etc");
    let report = host.json(&["--every"]);
    let types: Vec<String> = report["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| format!("{} {}", c["path"].as_str().unwrap(), c["type"].as_str().unwrap()))
        .collect();
    let expected = [
        "/abs symlink",
        "/d directory",
        "/d/up symlink",
        "/fifo fifo",
        "/self symlink",
        "/socket socket",
    ];
    assert_eq!(types, expected);
}

/// Makes `depth` directories in one another.
fn deepen(top: &Path, depth: usize) {
    let mut dir = open(top, OFlag::O_DIRECTORY, Mode::empty()).unwrap();
    let name = "d".repeat(16);
    for _ in 0..depth {
        mkdirat(&dir, name.as_str(), Mode::S_IRWXU).unwrap();
        dir = openat(&dir, name.as_str(), OFlag::O_DIRECTORY, Mode::empty()).unwrap();
    }
    openat(&dir, "bottom", OFlag::O_CREAT | OFlag::O_WRONLY, Mode::S_IRWXU).unwrap();
}

#[test]
fn a_tree_of_three_thousand_levels_is_read_to_the_bottom_with_few_files_open() {
    let host = Host::new();
    let depth = 3000;
    deepen(&host.root(), depth);
    std::fs::create_dir(host.blank()).unwrap();
    deepen(&host.blank(), depth - 1);
    for blank in [true, false] {
        let mut few = Command::new("sh");
        few.args(["-c", "ulimit -n 40; exec \"$@\"", "sh", PROGRAM, "--format", "json"]);
        let mut args = host.args(&[]);
        args.truncate(if blank { args.len() } else { args.len() - 2 });
        let said = said(few.args(args));
        let report: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
        assert_eq!(report["complete"], true, "{}", report["gaps"]);
        let lost = &report["totals"]["lost"];
        let (directories, removed) = if blank { (1, 1) } else { (depth, 0) };
        assert_eq!(lost["directories"], directories);
        assert_eq!((&lost["files"], &lost["removed"]), (&1.into(), &removed.into()));
    }
    // std's remove_dir_all opens one directory a level and may hit the limit.
    Command::new("rm").arg("-rf").arg(host.path()).status().unwrap();
}

#[test]
fn a_directory_of_two_hundred_thousand_names_is_told_in_order() {
    let host = Host::new();
    host.dir("/d");
    let dir = open(&host.root().join("d"), OFlag::O_DIRECTORY, Mode::empty()).unwrap();
    let first = open(&host.root().join("first"), OFlag::O_CREAT | OFlag::O_WRONLY, Mode::S_IRWXU);
    drop(first.unwrap());
    // Names of few files: a file system takes some ten thousand names of one.
    let count = 200_000;
    for number in 0..count {
        let of = number / 20_000;
        let flags = OFlag::O_CREAT | OFlag::O_WRONLY;
        if number % 20_000 == 0 {
            drop(openat(&dir, format!("{number}").as_str(), flags, Mode::S_IRWXU).unwrap());
        } else {
            let (from, to) = (format!("{}", of * 20_000), format!("{number}"));
            linkat(&dir, from.as_str(), &dir, to.as_str(), AtFlags::empty()).unwrap();
        }
    }
    let every = told(&host.root(), None, Summing::Not);
    assert_eq!((every.changes.len(), every.gap_lines()), (count + 2, vec![]));
    let whole = told(&host.root(), None, Summing::Tree);
    assert_eq!(whole.lines(), [format!("added /d/ {count}+0"), "added /first".to_owned()]);
    let same = told(&host.root(), Some(&host.root()), Summing::Not);
    assert_eq!((same.lines(), same.gap_lines(), same.seen), (vec![], vec![], count as u64 + 2));
}
