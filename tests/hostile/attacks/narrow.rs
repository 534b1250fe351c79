//! Moments that are too narrow to be hit by chance: a system call that waits holds them open. What the
//! other thread does is nothing that alice could not do.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::DIRECTORY;
use super::town::{OF_ROOT, Town};
use crate::namespace::inside;

/// Waits until something lies at a path, or nothing; at most for a few seconds.
fn wait(is_there: bool, at: &std::path::Path) {
    for _ in 0..10_000 {
        if at.symlink_metadata().is_ok() == is_there {
            return;
        }
        thread::sleep(Duration::from_micros(500));
    }
}

#[test]
fn userns_what_gets_the_name_of_a_copy_that_is_taken_back_is_not_thrown_away() {
    inside(
        "attacks::narrow::userns_what_gets_the_name_of_a_copy_that_is_taken_back_is_not_thrown_away",
        |top| {
            let town = Town::new(top);
            town.dir("home/alice/.config", 0, 0o755);
            town.dir("home/alice/.config/data", 0, 0o755);
            town.file("home/alice/.config/data/f", 0, 0o644, "alice's");
            town.dir("persist/home/alice/.config", 0, 0o755);
            town.add_of_root("persist/home/alice/.config");
            town.configure("config", &[(".config/data", DIRECTORY)]);
            let slow =
                ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=renameat2,openat2", "-e"];
            let waits =
                ["inject=renameat2:delay_enter=600000", "-e", "inject=openat2:delay_enter=20000"];
            let before = [&slow[..], &waits].concat();
            let (config, away) =
                (town.at("persist/home/alice/.config"), town.at("persist/home/alice/away"));
            thread::scope(|scope| {
                scope.spawn(|| {
                    // The copy is there: its directory is moved, so that it is taken back.
                    wait(true, &config.join("data"));
                    fs::rename(&config, &away).unwrap();
                    fs::create_dir(&config).unwrap();
                    thread::sleep(Duration::from_millis(300));
                    // Looked at already, not moved yet.
                    let _ = fs::rename(away.join("data"), away.join("copy"));
                    let _ = fs::rename(away.join("roots"), away.join("data"));
                    wait(false, &away.join("data"));
                    // And there is no way back for what was moved instead.
                    let _ = fs::create_dir(away.join("data"));
                });
                let output = town.run(&before, "config", &["apply"]);
                assert!(output.status.code().is_some_and(|code| code < 3), "{output:?}");
            });
            let mut files = walkdir::WalkDir::new(town.at("persist")).into_iter().flatten();
            let is_there = files
                .any(|entry| fs::read_to_string(entry.path()).is_ok_and(|text| text == OF_ROOT));
            assert!(is_there, "root's own directory is thrown away");
        },
    );
}

#[test]
fn userns_nobody_keeps_a_run_from_ending_by_a_symlink_that_comes_back() {
    inside(
        "attacks::narrow::userns_nobody_keeps_a_run_from_ending_by_a_symlink_that_comes_back",
        |top| {
            let town = Town::new(top);
            town.dir("persist/home/alice/data", 0, 0o755);
            town.configure("config", &[("data", DIRECTORY)]);
            let log = top.join("calls").display().to_string();
            let slow = ["strace", "-f", "-qq", "-o", &log, "-e", "trace=unlinkat"];
            let before = [&slow[..], &["-e", "inject=unlinkat:delay_exit=3000"]].concat();
            let link = town.at("home/alice/data");
            symlink("/persist/home/alice/data", &link).unwrap();
            let is_done = AtomicBool::new(false);
            thread::scope(|scope| {
                scope.spawn(|| {
                    while !is_done.load(Ordering::Relaxed) {
                        let _ = symlink("/persist/home/alice/data", &link);
                    }
                });
                let output = town.run(&before, "config", &["apply"]);
                is_done.store(true, Ordering::Relaxed);
                assert!(output.status.code().is_some_and(|code| code < 3), "{output:?}");
            });
            let times = fs::read_to_string(log).unwrap().matches(", 0) = 0").count();
            assert!((1..10).contains(&times), "taken away {times} times");
        },
    );
}
