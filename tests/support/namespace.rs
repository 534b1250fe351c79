//! Each test in namespaces of its own, as root in them: of mounts and of processes.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use blankslate::sys::memory::lies_in_memory;

/// Runs `test` in new namespaces, with an empty directory in which it may mount: the test program
/// starts itself again, in unshare(1), for this one test, of which `name` is the whole name. Without
/// root a user namespace makes it root.
pub fn inside(name: &str, test: impl FnOnce(&Path)) {
    const INSIDE: &str = "BLANKSLATE_TEST_INSIDE";
    if std::env::var_os(INSIDE).is_some() {
        let root = tempfile::tempdir_in(disk()).unwrap();
        test(root.path());
        return;
    }
    let mut command = Command::new("unshare");
    if !nix::unistd::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    let output = command
        // With processes of its own: what runs beside may not be looked into, or be slow to.
        .args(["--mount", "--propagation", "private", "--pid", "--fork"])
        .args(["--kill-child", "--mount-proc", "--"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
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

/// Where a host in a test lies: what is in memory is another thing to the program than a disk. Where all
/// of these lie in memory, as in some containers, the tests of what waits on a disk fail.
pub fn disk() -> PathBuf {
    let usual = std::env::temp_dir();
    let places = [usual.clone(), env!("CARGO_TARGET_TMPDIR").into(), "/var/tmp".into()];
    let is_disk = |place: &PathBuf| {
        File::open(place).is_ok_and(|place| lies_in_memory(place).is_ok_and(|is_in| !is_in))
    };
    places.into_iter().find(is_disk).unwrap_or(usual)
}

pub fn mount(kind: &str, options: &str, at: &Path) {
    let mut command = Command::new("mount");
    let status = command.args(["-t", kind, "-o", options, kind]).arg(at).status().unwrap();
    assert!(status.success());
}
