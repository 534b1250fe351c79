//! Trees that are hard to walk.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::mkfifo;

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
    // The build directory may be closed to others.
    let program = host.path().join("program");
    std::fs::copy(PROGRAM, &program).unwrap();
    std::fs::set_permissions(host.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
    command.arg(program).args(host.args(&[]));
    if Command::new("setpriv").arg("--version").output().is_err() {
        skip("there is no setpriv to become another user with");
        return None;
    }
    Some(said(&mut command))
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
        "Lost at the next boot: 1 file (2 B), 2 directories, in 1 line. This report is incomplete.",
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

/// Makes `depth` directories in one another, with the longest names there are.
fn deepen(top: &Path, depth: usize) {
    let mut dir = open(top, OFlag::O_DIRECTORY, Mode::empty()).unwrap();
    let name = "d".repeat(255);
    for _ in 0..depth {
        mkdirat(&dir, name.as_str(), Mode::S_IRWXU).unwrap();
        dir = openat(&dir, name.as_str(), OFlag::O_DIRECTORY, Mode::empty()).unwrap();
    }
    openat(&dir, "bottom", OFlag::O_CREAT | OFlag::O_WRONLY, Mode::S_IRWXU).unwrap();
}

#[test]
fn a_tree_of_a_thousand_levels_is_read_to_the_bottom() {
    let host = Host::new();
    let depth = 1000;
    deepen(&host.root(), depth);
    std::fs::create_dir(host.blank()).unwrap();
    deepen(&host.blank(), depth - 1);
    // The soft limit is raised by the program itself.
    let mut few = Command::new("sh");
    few.args(["-c", "ulimit -S -n 64; exec \"$@\"", "sh", PROGRAM, "--format", "json"]);
    let said = said(few.args(host.args(&[])));
    let report: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(report["complete"], true, "{}", report["gaps"]);
    assert_eq!(report["totals"]["lost"]["directories"], 1);
    assert_eq!(report["totals"]["lost"]["files"], 1);
    assert_eq!(report["totals"]["lost"]["removed"], 1);
    // std's remove_dir_all opens one directory a level and may hit the limit.
    Command::new("rm").arg("-rf").arg(host.path()).status().unwrap();
}
