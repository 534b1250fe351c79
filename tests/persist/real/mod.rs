//! The same on a real kernel: each test in a mount namespace of its own, as root in it.

mod adopting;
mod calls;
mod flags;
mod names;
mod placing;
mod waiting;

use std::fs;
use std::path::{Path, PathBuf};

use crate::namespace;
use crate::unmount::unmount_below;
use blankslate::config::Config;
use blankslate::persist::record::Record;
use blankslate::sys::linux::LinuxSys;

use crate::setup::{ends, host, run};

/// Runs a test of this module in namespaces of its own, in a directory on a disk with a store on a tmpfs.
/// `name` is its name below this module.
pub fn in_namespace(name: &str, test: fn(&Path)) {
    namespace::inside(&format!("real::{name}"), |root| {
        fs::create_dir(root.join("persist")).unwrap();
        mount("tmpfs", &root.join("persist"));
        test(root);
        unmount_below(root);
    });
}

pub fn mount(kind: &str, at: &Path) {
    namespace::mount(kind, "defaults", at);
}

pub fn write(root: &Path, at: &str, text: &str) -> PathBuf {
    let file = root.join(at);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, text).unwrap();
    file
}

pub fn read(root: &Path, at: &str) -> Option<String> {
    fs::read_to_string(root.join(at)).ok()
}

/// One run. A symlink that it makes leads from `/`, and not from `root`.
pub fn place(root: &Path, config: &Config, record: &Record) -> (Vec<String>, Record) {
    let mut sys = LinuxSys::below(root).unwrap();
    let (turns, record) = run(&mut sys, config, record, &host());
    (ends(&turns), record)
}

/// The first run of a boot.
pub fn first(root: &Path, config: &Config) -> Vec<String> {
    place(root, config, &Record::default()).0
}

pub fn mountinfo() -> String {
    fs::read_to_string("/proc/self/mountinfo").unwrap()
}
