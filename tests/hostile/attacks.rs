//! A user owns a home and what the store keeps of it, and swaps everything in both at any moment, while
//! root puts entries in place there. Nothing outside is created, given away or read.

mod attacker;
mod narrow;
mod table;
mod town;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::namespace::inside;
use attacker::Attacker;
use town::{OF_ROOT, SECRET, Town, has_alice};

/// How often the program is run, where `BLANKSLATE_ROUNDS` says nothing else.
const ROUNDS: usize = 600;

const DIRECTORY: &str = "kind = \"directory\"";
const FILE: &str = "kind = \"file\"";
const FILE_LINK: &str = "kind = \"file\"\nhow = \"symlink\"";
const DIRECTORY_LINK: &str = "kind = \"directory\"\nhow = \"symlink\"";
const OF_ROOTS: &str = "kind = \"directory\"\nuser = \"root\"\nmode = \"0750\"";

/// System calls before which a run waits, so that whatever was looked at before it can be swapped.
const SLOW: [&str; 14] = [
    "openat2",
    "renameat2",
    "mkdirat",
    "linkat",
    "move_mount",
    "open_tree",
    "fchown",
    "fchmod",
    "unlinkat",
    "symlinkat",
    "umount2",
    "statx",
    "getdents64",
    "copy_file_range",
];

fn build(top: &Path) -> (Town, Vec<(PathBuf, u64)>) {
    let town = Town::new(top);
    town.build_outside();
    let homes = ["home/alice", "persist/home/alice"];
    let mut of_root = Vec::new();
    for home in homes {
        town.dir(&format!("{home}/.config"), town::ALICE, 0o755);
        of_root.push(town.add_of_root(home));
        of_root.push(town.add_of_root(&format!("{home}/.config")));
    }
    let all = [
        ("data", DIRECTORY),
        (".profile", FILE_LINK),
        (".config/app", DIRECTORY),
        (".config/app.conf", FILE),
        (".config/deep", DIRECTORY_LINK),
        (".config/of-root", OF_ROOTS),
    ];
    town.configure("all", &all);
    town.configure("some", &all[3..5]);
    (town, of_root)
}

/// One run of the program; every other one is slow at some system call.
fn run(town: &Town, round: usize) -> Output {
    let slow = SLOW[round / 2 % SLOW.len()];
    let inject = format!("inject={slow}:delay_enter={}", round % 5 * 100 + 50);
    // A call that is not traced is not slow either.
    let trace = format!("trace={slow}");
    let seccomp = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null"];
    let strace = [&seccomp[..], &["-e", &trace, "-e", &inject]].concat();
    let before = if round.is_multiple_of(2) { &strace[..] } else { &[] };
    let target = |name: &str| format!("/home/alice/{name}");
    let (app, data, profile) = (target(".config/app"), target("data"), target(".profile"));
    match round / 3 % 7 {
        1 => town.run(before, "all", &["adopt", &app, &data, &target(".config/app.conf")]),
        2 => town.run(before, "all", &["adopt", &profile, &target(".config/deep")]),
        3 => town.run(before, "some", &["apply"]),
        4 => town.run(before, "some", &["forget", &data]),
        5 => town.run(before, "some", &["forget", &app, &profile]),
        _ => town.run(before, "all", &["apply"]),
    }
}

#[test]
fn userns_whatever_a_user_swaps_meanwhile_nothing_outside_is_touched_or_read() {
    inside(
        "attacks::userns_whatever_a_user_swaps_meanwhile_nothing_outside_is_touched_or_read",
        |top| {
            if !has_alice() {
                return;
            }
            let (town, of_root) = build(top);
            let outside = town.outside();
            let watch = town.watch();
            let rounds = std::env::var("BLANKSLATE_ROUNDS").map_or(ROUNDS, |n| n.parse().unwrap());
            let attacker = Attacker::start(&town);
            let mut ends = [0_u32; 3];
            let mut told = String::new();
            for round in 0..rounds {
                let output = run(&town, round);
                ends[check(&town, &output)] += 1;
                told.push_str(&String::from_utf8(output.stdout).unwrap());
                if round % 3 == 2 {
                    town.unmount();
                }
            }
            let (swaps, changes) = attacker.stop();
            // Root was led around and did not just refuse.
            let done =
                ["copied ", " now\n", " is in place\n", " is out of place", " lies on the root"]
                    .map(|what| told.matches(what).count());
            println!(
                "{rounds} runs ended with 0, 1, 2: {ends:?}; {swaps} attacks, {changes} swaps"
            );
            println!("copied, set aside, put in place, taken out, forgotten: {done:?}");
            assert!(changes > 10_000, "{changes}");
            assert!(done[0] > 0 && done[2] > 0, "{done:?}");
            town.unmount();
            assert!(!watch.opened(), "something outside was opened");
            assert_eq!(town.outside(), outside);
            assert!(watch.opened(), "not even this was seen");
            check_homes(&town, &of_root);
            comes_to_rest(&town);
            assert_eq!(town.outside(), outside);
        },
    );
}

/// Checks how a run ended, and where it mounted something; returns its status.
fn check(town: &Town, output: &Output) -> usize {
    let said = String::from_utf8_lossy(&output.stderr);
    let status = output.status.code().filter(|code| (0..3).contains(code));
    assert!(status.is_some() && !said.contains("panicked"), "{output:?}");
    let home = town.at("home/alice");
    let astray: Vec<_> = town.mounts().into_iter().filter(|at| !at.starts_with(&home)).collect();
    assert!(astray.is_empty(), "mounted outside: {astray:?}; {said}");
    usize::try_from(status.unwrap()).unwrap()
}

/// Nothing secret is in the home or the store, and root's own directories in it are whole and closed.
fn check_homes(town: &Town, of_root: &[(PathBuf, u64)]) {
    let mut found = Vec::new();
    for top in ["persist", "home"].map(|at| town.at(at)) {
        for entry in walkdir::WalkDir::new(&top) {
            let entry = entry.unwrap();
            let (path, meta) = (entry.path(), entry.metadata().unwrap());
            if !meta.is_file() {
                continue;
            }
            let text = fs::read_to_string(path).unwrap();
            assert!(!text.contains(SECRET), "{path:?}");
            if text.contains(OF_ROOT) {
                let dir = fs::metadata(path.parent().unwrap()).unwrap();
                assert_eq!((dir.uid(), dir.gid(), dir.mode() & 0o7777), (0, 0, 0o700), "{path:?}");
                assert_eq!((meta.uid(), meta.mode() & 0o7777), (0, 0o644), "{path:?}");
                found.push(dir.ino());
            }
        }
    }
    for (above, inode) in of_root {
        assert!(found.contains(inode), "root's own directory in {above:?} is gone");
    }
}

/// When the attack is over and the admin has removed the junk, everything is put in place.
fn comes_to_rest(town: &Town) {
    for home in ["home/alice", "persist/home/alice"].map(|at| town.at(at)) {
        for entry in fs::read_dir(home).unwrap() {
            let path = entry.unwrap().path();
            let is_dir = fs::symlink_metadata(&path).unwrap().is_dir();
            if is_dir { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
        }
    }
    for _ in 0..2 {
        let output = town.run(&[], "all", &["apply"]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
    let config = town.at("home/alice/.config");
    assert_eq!(fs::metadata(config).unwrap().uid(), town::ALICE);
}
