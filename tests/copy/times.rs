//! File systems that cannot hold every time, and files of which the time tells nothing.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use blankslate::sys::Progress;
use rustix::fs::XattrFlags;

use crate::images::has_images;
use crate::namespace::inside;
use crate::skip::unable;
use crate::support::{Bench, mode, mount, names, times, told};

const YEAR_1800: i64 = -5_364_662_400;
const YEAR_2100: i64 = 4_102_444_800;
const YEAR_2500: i64 = 16_725_225_600;

/// Mounts a new, empty ext4 at `at`; returns whether there are such here.
fn mount_ext4(bench: &Bench, options: &[&str], at: &Path) -> bool {
    if !has_images("ext4") {
        return false;
    }
    let image = bench.dir.path().join("image");
    let run = |command: &mut Command| assert!(command.status().unwrap().success(), "{command:?}");
    run(Command::new("mkfs.ext4").arg("-q").args(options).arg(&image).arg("20M"));
    run(Command::new("mount").args(["-o", "loop"]).arg(&image).arg(at));
    fs::remove_dir(at.join("lost+found")).unwrap();
    true
}

#[test]
fn where_the_time_cannot_tell_that_somebody_wrote_the_bytes_do() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let soon = i64::try_from(now.as_secs()).unwrap() + 3600;
    // The time of the original, that of a copy, and what is told when the original has other bytes.
    let table = [
        ((7, 5), (7, 5), "none"),
        ((7, 5), (7, 0), "content /o/file"),
        ((7, 5), (7, 4), "content /o/file"),
        // As if it was written while it was copied.
        ((soon, 5), (soon, 5), "content /o/file"),
    ];
    for (time, copied, expected) in table {
        let bench = Bench::new();
        bench.write("AAAA", time);
        bench.verified().unwrap();
        times(&bench.copy().join("file"), copied.0, copied.1);
        bench.write("BBBB", time);
        assert_eq!(told(bench.stamps_compared().unwrap()), expected, "{time:?}");
        assert_eq!(told(bench.compared().unwrap()), "content /o/file", "{time:?}");
    }
}

#[test]
fn userns_a_store_with_whole_seconds_hides_no_update() {
    inside("times::userns_a_store_with_whole_seconds_hides_no_update", |place| {
        let bench = Bench::at(place);
        if !mount_ext4(&bench, &["-I", "128"], &bench.staged()) {
            return;
        }
        bench.write("AAAA", (1_000_000_000, 100_000_000));
        times(&bench.original(), 1_000_000_000, 0);
        let note = "the time of modification of /o/file is kept there in whole seconds";
        assert_eq!(bench.verified().unwrap().notes, [note]);
        assert_eq!(told(bench.stamps_compared().unwrap()), "none");
        bench.write("BBBB", (1_000_000_000, 900_000_000));
        assert_eq!(told(bench.stamps_compared().unwrap()), "content /o/file");
    });
}

#[test]
fn userns_a_root_with_whole_seconds_hides_no_update() {
    inside("times::userns_a_root_with_whole_seconds_hides_no_update", |place| {
        let bench = Bench::at(place);
        mount(&bench.staged(), "mode=700");
        if !mount_ext4(&bench, &["-I", "128"], &bench.original()) {
            return;
        }
        let file = bench.original().join("file");
        let written = |text: &str| {
            fs::write(&file, text).unwrap();
            fs::metadata(&file).unwrap().mtime()
        };
        // A second may end between the two.
        let mut in_one_second = 0;
        for _ in 0..100 {
            let first = written("AAAA");
            bench.verified().unwrap();
            let second = written("BBBB");
            assert_eq!(told(bench.stamps_compared().unwrap()), "content /o/file");
            bench.discard();
            in_one_second += u32::from(first == second);
            if in_one_second == 3 {
                return;
            }
        }
        panic!("this machine is too slow to write twice in a second");
    });
}

#[test]
fn userns_a_time_that_the_store_cannot_hold_is_a_note() {
    inside("times::userns_a_time_that_the_store_cannot_hold_is_a_note", |place| {
        let (early, late) = ("too early", "too late");
        let note = |of: &str, why: &str, what: &str| {
            format!(
                "the time of modification of {of} is {why} to be kept there: the copy has the {what} that it can have"
            )
        };
        let table = [
            ("256", vec![("f 1800", YEAR_1800, early), ("f 2500", YEAR_2500, late)]),
            ("128", vec![("f 2100", YEAR_2100, late)]),
        ];
        for (inodes, dated) in table {
            let bench = Bench::at(place);
            mount(&bench.original(), "mode=755");
            if !mount_ext4(&bench, &["-I", inodes], &bench.staged()) {
                return;
            }
            let mut expected = Vec::new();
            for (name, year, why) in &dated {
                let file = bench.original().join(name);
                fs::write(&file, "AAAA").unwrap();
                times(&file, *year, 0);
                let what = if *why == early { "earliest" } else { "latest" };
                expected.push(note(&format!("/o/{name}"), why, what));
            }
            times(&bench.original(), 1_000_000_000, 0);
            assert_eq!(bench.verified().unwrap().notes, expected, "{inodes}");
            assert_eq!(told(bench.compared().unwrap()), "none", "{inodes}");
            assert_eq!(told(bench.stamps_compared().unwrap()), "none", "{inodes}");
            let (name, year, _) = dated[0];
            fs::write(bench.original().join(name), "BBBB").unwrap();
            times(&bench.original().join(name), year, 0);
            let told = told(bench.stamps_compared().unwrap());
            assert_eq!(told, format!("content /o/{name}"), "{inodes}");
            bench.discard();
        }
    });
}

#[test]
fn userns_of_many_times_that_cannot_be_held_one_is_named() {
    inside("times::userns_of_many_times_that_cannot_be_held_one_is_named", |place| {
        let bench = Bench::at(place);
        mount(&bench.original(), "mode=755");
        if !mount_ext4(&bench, &[], &bench.staged()) {
            return;
        }
        fs::create_dir(bench.original().join("dir")).unwrap();
        fs::write(bench.original().join("dir/file"), "").unwrap();
        fs::hard_link(bench.original().join("dir/file"), bench.original().join("dir/again"))
            .unwrap();
        symlink("file", bench.original().join("dir/link")).unwrap();
        for name in ["dir/file", "dir/link", "dir", ""] {
            times(&bench.original().join(name), YEAR_1800, 7);
        }
        let [note] = bench.verified().unwrap().notes.try_into().unwrap();
        let end = ", and of 3 more, is too early to be kept there: the copy has the earliest that it can have";
        assert!(
            note.starts_with("the time of modification of /o") && note.ends_with(end),
            "{note}"
        );
        assert_eq!(told(bench.compared().unwrap()), "none");
    });
}

#[test]
fn userns_an_attribute_that_is_too_large_for_the_store_is_not_a_lack_of_space() {
    let name = "times::userns_an_attribute_that_is_too_large_for_the_store_is_not_a_lack_of_space";
    inside(name, |place| {
        let bench = Bench::at(place);
        if !mount_ext4(&bench, &["-b", "1024"], &bench.staged()) {
            return;
        }
        let file = bench.original().join("file");
        fs::write(&file, "").unwrap();
        let value = [b'x'; 3500];
        if rustix::fs::lsetxattr(&file, "user.big", &value, XattrFlags::empty()).is_err() {
            return unable("no attribute of 3,500 bytes on this disk");
        }
        let expected = "cannot copy /o/file: its attribute user.big, 3500 bytes, does not fit there, however much space is free; make it smaller, or remove it (setfattr -x)";
        assert_eq!(bench.verified().unwrap_err().to_string(), expected);
        bench.discard();
        // In a full store it is the space.
        let mut all_there_is = fs::File::create(bench.staged().join("full")).unwrap();
        while all_there_is.write_all(&[0; 4096]).is_ok() {}
        let expected = "cannot copy /o/file: its attribute user.big cannot be kept there: No space left on device (os error 28)";
        assert_eq!(bench.verified().unwrap_err().to_string(), expected);
    });
}

#[test]
fn what_differs_from_its_copy_is_told() {
    let bench = Bench::new();
    for name in ["a", "b"] {
        fs::write(bench.original().join(name), "x").unwrap();
    }
    // What was copied first gets another mode.
    let watch = |progress: Progress| {
        if (progress.things, progress.bytes) == (1, 1) {
            let [first] = names(&bench.copy()).try_into().unwrap();
            mode(&bench.original().join(first), 0o640);
        }
    };
    let error = bench.watched(&watch).unwrap_err().to_string();
    let end = ": it changed while it was copied, or its mode cannot be kept there";
    assert!(error.starts_with("cannot copy /o/") && error.ends_with(end), "{error}");
}
