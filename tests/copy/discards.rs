//! Discarding removes a copy whole, and nothing else.

use std::ffi::OsStr;
use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::symlink;

use blankslate::sys::copy::discard_tree;

use crate::support::{Bench, chattr, held, names, zoo};

#[test]
fn discarding_removes_locked_files_and_directories_and_follows_no_symlink() {
    let bench = Bench::new();
    zoo(&bench.staged().join("tree"));
    fs::write(bench.original().join("kept"), "kept").unwrap();
    symlink(bench.original(), bench.copy().join("sub/out")).unwrap();
    chattr("+i", &bench.copy().join("sub/big"));
    chattr("+a", &bench.copy().join("sub/file"));
    chattr("+i", &bench.copy().join("sub"));
    chattr("+i", &bench.copy());
    bench.discard();
    assert_eq!(names(&bench.original()), ["kept"]);
}

#[test]
fn discarding_takes_one_name_of_any_kind_and_is_fine_with_none() {
    let bench = Bench::new();
    let staged = held(&bench.staged());
    fs::write(bench.staged().join("beside"), "").unwrap();
    let discard = || discard_tree(staged.as_fd(), OsStr::new("tree"));
    discard().unwrap();
    fs::write(bench.copy(), "file").unwrap();
    chattr("+i", &bench.copy());
    discard().unwrap();
    symlink(bench.original(), bench.copy()).unwrap();
    discard().unwrap();
    assert!(bench.original().exists());
    assert_eq!(names(&bench.staged()), ["beside"]);
}
