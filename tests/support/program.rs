//! The program, for somebody who is not root.

use std::path::Path;
use std::process::Command;

/// Puts the program at `to`, for everybody to run: the build directory may be closed to others.
///
/// install(1) writes it and not this process: a child that another test is about to start would have it
/// open for writing too, and nobody can run a program that somebody writes (ETXTBSY).
pub fn lend(program: &str, to: &Path) {
    let status = Command::new("install").args(["-m755", program]).arg(to).status().unwrap();
    assert!(status.success());
}

/// A command that runs it without any privilege.
pub fn as_nobody(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(program);
    command
}
