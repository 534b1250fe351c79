//! What a script in a guest gave, and the serial log behind a failure.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// What a script in the guest gave.
#[derive(Debug, Clone)]
pub struct Output {
    pub(crate) script: String,
    /// Its standard output, byte for byte.
    pub stdout: Vec<u8>,
    /// Its standard error, byte for byte.
    pub stderr: Vec<u8>,
    /// Its exit status, 128 and more for a signal.
    pub status: i32,
    pub(crate) serial_log: PathBuf,
}

impl Output {
    /// Returns the standard output as text.
    ///
    /// # Errors
    /// When the script failed, with all that is known about it.
    pub fn ok(self) -> Result<String> {
        let bytes = self.ok_bytes()?;
        String::from_utf8(bytes).context("cannot read the output of the guest as text")
    }

    /// Returns the standard output as bytes.
    ///
    /// # Errors
    /// When the script failed, with all that is known about it.
    pub fn ok_bytes(self) -> Result<Vec<u8>> {
        self.ended_with(0)
    }

    /// Returns the standard output of a script that has to end with this status.
    ///
    /// # Errors
    /// When it ended with another, with all that is known about it.
    pub fn ended_with(self, status: i32) -> Result<Vec<u8>> {
        if self.status != status {
            bail!(
                "this ended with status {}, not {status}, in the guest: {}\n{}{}",
                self.status,
                self.script,
                String::from_utf8_lossy(&self.stderr),
                log_tail(&self.serial_log)
            );
        }
        Ok(self.stdout)
    }
}

pub(crate) fn read_log(log: &Path) -> Result<String> {
    let bytes = fs::read(log).with_context(|| format!("cannot read {}", log.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns the last lines of a serial log, and of what QEMU itself had to say.
pub(crate) fn log_tail(log: &Path) -> String {
    const LINES: usize = 40;
    let qemu = read_log(&log.with_extension("qemu.log")).unwrap_or_default();
    let serial = read_log(log).unwrap_or_default();
    let skipped = serial.lines().count().saturating_sub(LINES);
    let tail: Vec<&str> = qemu.lines().chain(serial.lines().skip(skipped)).collect();
    format!("serial log ({}):\n{}\n", log.display(), tail.join("\n"))
}
