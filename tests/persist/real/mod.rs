//! The same on a real kernel: each test in a mount namespace of its own, as root in it.

mod adopting;
mod calls;
mod names;
mod placing;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use blankslate::config::Config;
use blankslate::persist::record::Record;
use blankslate::sys::linux::LinuxSys;

use crate::setup::{ends, host, run};

/// Runs `test` in a new mount namespace, alone with its own processes: the test program starts itself again, in unshare(1), for
/// this one test. Without root a user namespace makes it root. `name` is the test's whole name.
pub fn in_namespace(name: &str, test: fn(&Path)) {
    const INSIDE: &str = "BLANKSLATE_TEST_INSIDE";
    if std::env::var_os(INSIDE).is_some() {
        let root = tempfile::tempdir().unwrap();
        mount("tmpfs", root.path());
        fs::create_dir(root.path().join("persist")).unwrap();
        mount("tmpfs", &root.path().join("persist"));
        test(root.path());
        return;
    }
    let mut command = Command::new("unshare");
    if !nix::unistd::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    let output = command
        .args(["--mount", "--propagation", "private", "--pid", "--fork", "--mount-proc", "--"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &format!("real::{name}"), "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    // A name that no test has runs none, and that is a success too.
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{name} failed in its namespace, or was not run:\n{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

pub fn mount(kind: &str, at: &Path) {
    let status = Command::new("mount").args(["-t", kind, kind]).arg(at).status().unwrap();
    assert!(status.success());
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
