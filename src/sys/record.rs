//! What blankslate writes about itself: records under `/run/blankslate`, lines to the kernel log.

use std::fs::{DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Where the records lie. On /run: they live as long as the boot they tell of.
pub const RUN_DIR: &str = "/run/blankslate";

/// Writes `text` to `dir`/`name` so that a reader sees the old file or the new one, never a part.
///
/// # Errors
/// The directory or the file could not be written; an older record is then untouched.
pub fn write(dir: &Path, name: &str, text: &str) -> io::Result<PathBuf> {
    DirBuilder::new().recursive(true).mode(0o755).create(dir)?;
    let mut file = tempfile::Builder::new()
        .prefix(&format!(".{name}."))
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(dir)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    let path = dir.join(name);
    file.persist(&path)?;
    #[expect(clippy::disallowed_methods, reason = "to make the rename last")]
    File::open(dir)?.sync_all()?;
    Ok(path)
}

/// Reads the record `name` in `dir`; none when there is none.
///
/// # Errors
/// A sentence on why it cannot be read or understood.
#[expect(clippy::disallowed_methods, reason = "the one place where records are read")]
pub fn read<T: DeserializeOwned>(
    dir: &Path,
    name: &str,
    version: u32,
) -> Result<Option<T>, String> {
    let file = dir.join(name);
    let shown = || crate::path::escape(file.as_os_str().as_encoded_bytes());
    match std::fs::read(&file) {
        Ok(text) => match parse(&text, version) {
            Ok(record) => Ok(Some(record)),
            Err(why) => Err(format!("cannot understand {}: {why}", shown())),
        },
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(format!("cannot read {}: {cause}", shown())),
    }
}

/// Reads a record from its text: its version first, so that one of another version is called that.
///
/// # Errors
/// Why it cannot be understood.
pub fn parse<T: DeserializeOwned>(text: &[u8], version: u32) -> Result<T, String> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let found: Versioned = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if found.version != version {
        return Err("another version of blankslate wrote it".to_owned());
    }
    serde_json::from_slice(text).map_err(|error| error.to_string())
}

/// The kernel's log levels that are used here (syslog(2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Something that should have happened did not. On the console even where `quiet` or NixOS's
    /// default lets only what is more urgent than a warning through.
    Error = 3,
    /// Nothing was done, because somebody said so.
    Warning = 4,
    /// Normal but worth a line.
    Notice = 5,
}

/// Writes one line to the kernel log, which is on the console as well when the console's log level
/// lets it through. Best effort: without /dev/kmsg the line is on stderr anyway.
pub fn kernel_log(level: Level, line: &str) {
    let written = File::options().write(true).open("/dev/kmsg").and_then(|mut log| {
        log.write_all(format!("<{}>blankslate: {line}\n", level as u8).as_bytes())
    });
    if let Err(cause) = written {
        tracing::warn!("cannot write to the kernel log: {cause}");
    }
}
