//! The directory of one run: disks, images, and the serial logs, which stay for whoever wants to
//! know what happened.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// A directory below the target directory. Its disks go when it is dropped, its logs stay.
#[derive(Debug)]
pub struct Workdir {
    path: PathBuf,
}

impl Workdir {
    /// Makes an empty directory for the run of that name. What an earlier run left is removed.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(name: &str) -> Result<Self> {
        let path = target_directory().join("vm").join(name);
        if path.exists() {
            fs::remove_dir_all(&path)
                .with_context(|| format!("cannot empty {}", path.display()))?;
        }
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self { path })
    }

    /// Returns the directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of a file in it.
    #[must_use]
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Returns a path in it that is not taken yet: `stem-1.extension`, `stem-2.extension`, …
    #[must_use]
    pub fn numbered(&self, stem: &str, extension: &str) -> PathBuf {
        (1..u32::MAX)
            .map(|number| self.join(&format!("{stem}-{number}.{extension}")))
            .find(|path| !path.exists())
            .unwrap_or_else(|| self.join(stem))
    }
}

impl Drop for Workdir {
    fn drop(&mut self) {
        let Ok(entries) = fs::read_dir(&self.path) else { return };
        for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            let big = path.extension().is_some_and(|end| end == "img" || end == "cpio");
            if big && let Err(error) = fs::remove_file(&path) {
                eprintln!("cannot remove {}: {error}", path.display());
            }
        }
    }
}

/// Returns cargo's target directory.
#[must_use]
pub fn target_directory() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    match std::env::var_os("CARGO_TARGET_DIR") {
        // A relative one is meant from where cargo was called, which is the workspace.
        Some(directory) if !directory.is_empty() => workspace.join(directory),
        _ => workspace.join("target"),
    }
}
