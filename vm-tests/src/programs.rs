//! Finds the project's programs. They are built by `make build`, never by the tests, so that what
//! is tested is what people run.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::workdir::target_directory;

/// The programs that go into a guest. Scripts may stand in for them.
#[derive(Debug, Clone)]
pub struct Programs {
    /// Each with the name it has in the guest.
    pub(crate) files: Vec<(String, PathBuf)>,
}

impl Programs {
    /// Returns the programs that `make build` has built.
    ///
    /// # Errors
    /// When one is missing, naming the command that builds it.
    pub fn built() -> Result<Self> {
        let target = target_directory();
        let programs = Self::from_files([
            ("blankslate-initrd", target.join("release/blankslate-initrd")),
            ("what-will-i-lose", target.join("fast/what-will-i-lose")),
            ("blankslate", target.join("fast/blankslate")),
        ]);
        for (name, path) in &programs.files {
            ensure!(path.exists(), "cannot find {name} at {}: run `make build`", path.display());
        }
        Ok(programs)
    }

    /// Returns the given programs, each with the name it gets in the guest.
    pub fn from_files<N: Into<String>, P: AsRef<Path>>(
        files: impl IntoIterator<Item = (N, P)>,
    ) -> Self {
        let owned = files.into_iter().map(|(name, path)| (name.into(), path.as_ref().to_owned()));
        Self { files: owned.collect() }
    }

    /// Adds a program of this machine, such as `setfattr`.
    #[must_use]
    pub fn with(mut self, name: &str, path: impl AsRef<Path>) -> Self {
        self.files.push((name.to_owned(), path.as_ref().to_owned()));
        self
    }
}
