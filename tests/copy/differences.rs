//! The comparison finds every single kind of difference, and nothing where there is none.

use std::fs;
use std::os::unix::fs::{chown, lchown, symlink};
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};

use crate::support::{Bench, acl, attribute, chattr, mode, name, path, times, told, zoo};

const SECONDS: i64 = 1_234_567_890;

fn rewrite(at: &Path, content: &[u8], depth: i64) {
    fs::write(at, content).unwrap();
    times(at, SECONDS, 123_456_789 + depth);
}

fn replace(at: &Path, with: impl Fn(&Path)) {
    let parent = at.parent().unwrap();
    fs::remove_file(at).unwrap();
    with(at);
    let depth = i64::from(parent.ends_with("sub"));
    times(parent, SECONDS, 123_456_789 + depth);
}

type Change = fn(&Path);

#[test]
fn every_kind_of_difference_is_found() {
    let table: [(&str, Change); 24] = [
        ("content /o/sub/file", |at| rewrite(&at.join("sub/file"), b"c0ntent\n", 2)),
        ("content /o/sub/big", |at| {
            let mut bytes = vec![7u8; 3_000_001];
            bytes[3_000_000] = 8;
            rewrite(&at.join("sub/big"), &bytes, 2);
            mode(&at.join("sub/big"), 0o6755);
            attribute(&at.join("sub/big"), "system.posix_acl_access", &acl());
        }),
        ("content /o/empty file", |at| rewrite(&at.join("empty file"), b"x", 1)),
        ("content /o/sparse", |at| {
            use std::os::unix::fs::FileExt;
            let file = fs::OpenOptions::new().write(true).open(at.join("sparse")).unwrap();
            file.write_all_at(b"x", 40 << 20).unwrap();
            times(&at.join("sparse"), SECONDS, 123_456_790);
        }),
        ("owner /o/empty file", |at| chown(at.join("empty file"), Some(5), None).unwrap()),
        ("owner /o/leads out", |at| lchown(at.join("leads out"), None, Some(5)).unwrap()),
        ("owner /o", |at| chown(at, None, Some(5)).unwrap()),
        ("mode /o/sub/big", |at| mode(&at.join("sub/big"), 0o2755)),
        ("mode /o/sub/big", |at| mode(&at.join("sub/big"), 0o755)),
        ("mode /o/sub/empty", |at| mode(&at.join("sub/empty"), 0o700)),
        ("mode /o", |at| mode(at, 0o777)),
        ("time of modification /o/fifo", |at| times(&at.join("fifo"), SECONDS, 1)),
        ("time of modification /o/sub/empty", |at| {
            times(&at.join("sub/empty"), SECONDS + 1, 123_456_791);
        }),
        // Told of what was modified, before that it was.
        ("content /o/sub/file", |at| fs::write(at.join("sub/file"), "c0ntent\n").unwrap()),
        ("presence /o/extra", |at| fs::write(at.join("extra"), "").unwrap()),
        ("content /o/sub/file", |at| {
            rewrite(&at.join("sub/file"), b"c0ntent\n", 2);
            times(&at.join("sub"), SECONDS, 1);
        }),
        ("text /o/leads out", |at| {
            replace(&at.join("leads out"), |link| {
                symlink("/etc/passwD", link).unwrap();
                lchown(link, Some(1003), Some(103)).unwrap();
                times(link, SECONDS, 123_456_790);
            });
        }),
        ("presence /o/extra", |at| {
            fs::write(at.join("extra"), "").unwrap();
            times(at, SECONDS, 123_456_789);
        }),
        ("presence /o/dangling", |at| {
            replace(&at.join("dangling"), |_| ());
        }),
        ("type /o/empty file", |at| {
            replace(&at.join("empty file"), |file| fs::create_dir(file).unwrap());
        }),
        ("type /o/null", |at| {
            replace(&at.join("null"), |node| {
                mknodat(CWD, node, FileType::Fifo, Mode::from_raw_mode(0o620), 0).unwrap();
                mode(node, 0o620);
                times(node, SECONDS, 123_456_790);
            });
        }),
        ("device number /o/null", |at| {
            replace(&at.join("null"), |node| {
                let kind = FileType::CharacterDevice;
                mknodat(CWD, node, kind, Mode::from_raw_mode(0o620), makedev(1, 5)).unwrap();
                times(node, SECONDS, 123_456_790);
            });
        }),
        ("extended attributes /o/sub/file", |at| {
            attribute(&at.join("sub/file"), "user.note", b"other");
        }),
        ("extended attributes /o/empty file", |at| {
            attribute(&at.join("empty file"), "user.more", b"");
        }),
    ];
    for (expected, change) in table {
        let bench = Bench::new();
        zoo(&bench.original());
        bench.verified().unwrap();
        change(&bench.copy());
        let told = told(bench.compared().unwrap());
        // The first of its names is told.
        assert_eq!(told.replace("/o/link 1", "/o/sub/file"), expected);
    }
}

#[test]
fn flags_count_below_the_topmost() {
    let bench = Bench::new();
    zoo(&bench.original());
    bench.verified().unwrap();
    if !chattr("+A", &bench.copy().join("sub")) {
        return;
    }
    assert_eq!(told(bench.compared().unwrap()), "file flags /o/sub");
    chattr("-A", &bench.copy().join("sub"));
    chattr("+A", &bench.copy());
    assert_eq!(told(bench.compared().unwrap()), "none");
}

#[test]
fn neither_sockets_nor_times_of_access_count() {
    let bench = Bench::new();
    zoo(&bench.original());
    bench.verified().unwrap();
    let file = bench.copy().join("empty file");
    let access = rustix::fs::Timespec { tv_sec: 7, tv_nsec: 7 };
    let keep = rustix::fs::Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT };
    let times = rustix::fs::Timestamps { last_access: access, last_modification: keep };
    let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
    rustix::fs::utimensat(CWD, &file, &times, flags).unwrap();
    let sub = bench.copy().join("sub");
    drop(std::os::unix::net::UnixListener::bind(sub.join("a socket")).unwrap());
    crate::support::times(&sub, SECONDS, 123_456_790);
    assert_eq!(told(bench.compared().unwrap()), "none");
}

#[test]
fn a_name_that_is_not_utf_8_is_told_byte_for_byte() {
    let bench = Bench::new();
    zoo(&bench.original());
    bench.verified().unwrap();
    let file = name(b"not \xff utf-8\n\x1b[31m");
    mode(&bench.copy().join(file), 0o600);
    let difference = bench.compared().unwrap().unwrap();
    assert_eq!(difference.path, path("/o").join(file));
}
