//! The tree belongs to somebody who changes it all the while.

use std::ffi::OsStr;
use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, MetadataExt, chown, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use blankslate::sys::copy::copy_tree;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::support::{Bench, held, mode, names, path, zoo};

/// Whether any file below has these bytes in it.
fn holds(top: &Path, bytes: &[u8]) -> bool {
    walkdir::WalkDir::new(top).into_iter().any(|entry| {
        let entry = entry.unwrap();
        entry.file_type().is_file()
            && fs::read(entry.path()).unwrap().windows(bytes.len()).any(|part| part == bytes)
    })
}

/// Stops the other one also when a check fails; the scope would never end.
struct Stop<'s>(&'s AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs `rounds` copies while `act` is done over and over; `check` looks at what was copied each time.
fn while_somebody(
    bench: &Bench,
    rounds: usize,
    act: impl Fn() + Sync,
    check: impl Fn(Result<(), String>),
) {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let _stop = Stop(&stop);
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                act();
            }
        });
        for _ in 0..rounds {
            let made = bench.unverified();
            check(made.map(drop).map_err(|error| error.to_string()));
            bench.discard();
        }
    });
}

fn swap(one: &Path, other: &Path) {
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).unwrap();
}

#[test]
fn whatever_is_swapped_meanwhile_nothing_from_outside_gets_into_the_copy() {
    let bench = Bench::new();
    let outside = bench.dir.path().join("outside");
    fs::create_dir(&outside).unwrap();
    for secret in ["f", "shadow"] {
        fs::write(outside.join(secret), "SECRET").unwrap();
        mode(&outside.join(secret), 0o600);
    }
    let before = fs::metadata(&outside).unwrap();
    let at = |name: &str| bench.original().join(name);
    fs::create_dir_all(at("dir/below")).unwrap();
    fs::write(at("dir/f"), "harmless").unwrap();
    fs::write(at("dir/below/f"), "harmless").unwrap();
    fs::write(at("file"), "harmless").unwrap();
    symlink(&outside, at("dir link")).unwrap();
    symlink(&outside, at("dir/below link")).unwrap();
    symlink(outside.join("f"), at("file link")).unwrap();
    for name in ["dir", "dir/f", "file"] {
        chown(at(name), Some(1000), Some(1000)).unwrap();
    }
    nix::unistd::mkfifo(&at("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let copies = std::cell::Cell::new((0, 0));
    while_somebody(
        &bench,
        2000,
        || {
            swap(&at("dir"), &at("dir link"));
            swap(&at("file"), &at("file link"));
            swap(&at("dir"), &at("dir link"));
            let _ = renameat_with(
                CWD,
                at("dir/below"),
                CWD,
                at("dir/below link"),
                RenameFlags::EXCHANGE,
            );
            swap(&at("file"), &at("fifo"));
        },
        |made| {
            let (good, bad) = copies.get();
            copies.set(if made.is_ok() { (good + 1, bad) } else { (good, bad + 1) });
            assert!(!holds(&bench.staged(), b"SECRET"), "{made:?}");
        },
    );
    let after = fs::metadata(&outside).unwrap();
    assert_eq!((after.uid(), after.mode()), (before.uid(), before.mode()));
    for secret in ["f", "shadow"] {
        let meta = fs::metadata(outside.join(secret)).unwrap();
        assert_eq!((meta.uid(), meta.mode() & 0o7777), (0, 0o600));
    }
    eprintln!("copies that were good and failed: {:?}", copies.get());
}

#[test]
fn directories_that_wander_about_lead_nowhere_else() {
    let bench = Bench::new();
    let outside = bench.dir.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("f"), "SECRET").unwrap();
    // Deep enough that the way back up is through `..`.
    let deep = |from: &Path, depth| (0..depth).fold(from.to_owned(), |path, _| path.join("d"));
    let bottom = deep(&bench.original(), 200);
    fs::create_dir_all(&bottom).unwrap();
    let middle = deep(&bench.original(), 100);
    let away = outside.join("away");
    while_somebody(
        &bench,
        100,
        || {
            fs::rename(&middle, &away).unwrap();
            fs::rename(&away, &middle).unwrap();
        },
        |_| assert!(!holds(&bench.staged(), b"SECRET")),
    );
}

#[test]
fn a_link_to_a_file_of_root_stays_as_closed_as_it_is() {
    let bench = Bench::new();
    let shadow = bench.dir.path().join("shadow");
    fs::write(&shadow, "SECRET").unwrap();
    mode(&shadow, 0o640);
    chown(&shadow, Some(0), Some(42)).unwrap();
    chown(bench.original(), Some(1000), Some(1000)).unwrap();
    fs::hard_link(&shadow, bench.original().join("mine")).unwrap();
    let before = fs::metadata(&shadow).unwrap();
    bench.verified().unwrap();
    let copy = fs::metadata(bench.copy().join("mine")).unwrap();
    assert_eq!((copy.uid(), copy.gid(), copy.mode() & 0o7777), (0, 42, 0o640));
    assert_eq!(copy.nlink(), 1);
    let after = fs::metadata(&shadow).unwrap();
    assert_eq!(
        (after.uid(), after.gid(), after.mode(), after.ctime_nsec()),
        (before.uid(), before.gid(), before.mode(), before.ctime_nsec())
    );
    assert_eq!(names(&bench.staged()), ["tree"]);
}

#[test]
fn a_file_that_is_written_meanwhile_is_an_error() {
    let bench = Bench::new();
    let file = bench.original().join("log");
    fs::write(&file, vec![0u8; 64 << 20]).unwrap();
    let (from, into) = (held(&bench.original()), held(&bench.staged()));
    // Told in the midst of it: that is when it is written to, or becomes longer or shorter.
    let acts: [&(dyn Fn(&fs::File) + Sync); 4] = [
        &|file| file.write_all_at(b"x", 0).unwrap(),
        &|file| file.write_all_at(b"x", 63 << 20).unwrap(),
        &|file| file.write_all_at(b"x", 65 << 20).unwrap(),
        &|file| file.set_len(1 << 20).unwrap(),
    ];
    for (number, act) in acts.into_iter().enumerate() {
        let open = fs::OpenOptions::new().write(true).open(&file).unwrap();
        open.set_len(64 << 20).unwrap();
        // A write in the same tick of the clock as this would leave no other time behind.
        open.set_modified(std::time::UNIX_EPOCH).unwrap();
        let done = AtomicBool::new(false);
        let watch = |_| {
            if !done.swap(true, Ordering::Relaxed) {
                act(&open);
            }
        };
        let made = copy_tree(from.as_fd(), &path("/o"), into.as_fd(), OsStr::new("tree"), &watch);
        let error = made.unwrap_err().to_string();
        assert_eq!(error, "cannot copy /o/log: it changed while it was copied", "{number}");
        bench.discard();
    }
}

#[test]
fn until_it_is_complete_nobody_else_can_open_the_copy() {
    let bench = Bench::new();
    zoo(&bench.original());
    let all = bench.verified().unwrap().total.things;
    bench.discard();
    let staged = bench.staged();
    let (from, into) = (held(&bench.original()), held(&staged));
    // Whenever something is told, the topmost directory, which is widened last, is still closed.
    let watch = |progress: blankslate::sys::Progress| {
        let meta = fs::metadata(staged.join("tree")).unwrap();
        if progress.things < all {
            assert_eq!((meta.uid(), meta.mode() & 0o7777), (0, 0o700), "{progress:?}");
        }
    };
    copy_tree(from.as_fd(), &path("/o"), into.as_fd(), OsStr::new("tree"), &watch).unwrap();
}
