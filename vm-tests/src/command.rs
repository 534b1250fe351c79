//! Runs programs of this machine. What comes out of a failure is the command, its status and what
//! it said.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// Runs a program to its end and returns its standard output.
///
/// # Errors
/// When it cannot be started or ends with another status than 0.
pub fn run<A: AsRef<OsStr>>(program: &str, arguments: &[A]) -> Result<Vec<u8>> {
    run_with_input(program, arguments, Stdio::null())
}

/// As [`run`], with something to read.
///
/// # Errors
/// When it cannot be started or ends with another status than 0.
pub fn run_with_input<A: AsRef<OsStr>>(
    program: &str,
    arguments: &[A],
    input: Stdio,
) -> Result<Vec<u8>> {
    let output = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(input)
        .output()
        .with_context(|| format!("cannot start {program} (make setup installs it)"))?;
    if !output.status.success() {
        let words: Vec<_> = arguments.iter().map(|a| a.as_ref().to_string_lossy()).collect();
        bail!(
            "{program} {}: {}\n{}",
            words.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
    }
    Ok(output.stdout)
}

/// Returns the path of a program that may lie in a directory only root has in its `PATH`.
///
/// # Errors
/// When it lies in none of the usual directories.
pub fn find(program: &str) -> Result<std::path::PathBuf> {
    ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        .iter()
        .map(|directory| std::path::Path::new(directory).join(program))
        .find(|path| path.exists())
        .with_context(|| format!("cannot find {program}: run `make setup`, which installs it"))
}
