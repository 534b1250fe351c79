//! Finds what `make setup` has made: a kernel, the modules a guest loads, the programs of a Debian
//! host. Changes nothing there
//! but the directory of installed disks.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The cache of one kernel with one version of ZFS.
#[derive(Debug, Clone)]
pub struct Cache {
    directory: PathBuf,
}

impl Cache {
    /// Returns the cache that `make setup` filled last.
    ///
    /// # Errors
    /// When there is none, naming the command that makes it.
    pub fn find() -> Result<Self> {
        let current = root()?.join("current");
        let directory = fs::canonicalize(&current).with_context(|| {
            format!("cannot find a kernel for the guest at {}: run `make setup`", current.display())
        })?;
        Ok(Self { directory })
    }

    /// Returns the kernel's image.
    #[must_use]
    pub fn kernel(&self) -> PathBuf {
        self.directory.join("vmlinuz")
    }

    /// Returns where installed disks are kept.
    #[must_use]
    pub fn disks(&self) -> PathBuf {
        self.directory.join("disks")
    }

    /// Returns the archive of the Debian system that `make setup` put together, and what it is made
    /// of: a line a package.
    ///
    /// # Errors
    /// When there is none, naming the command that makes it.
    pub fn debian(&self) -> Result<(PathBuf, Vec<u8>)> {
        let directory = fs::canonicalize(root()?.join("debian"))
            .context("cannot find a Debian system for the guest: run `make setup`")?;
        let closure = directory.join("closure");
        let packages =
            fs::read(&closure).with_context(|| format!("cannot read {}", closure.display()))?;
        // The name stands for what was left out of the packages as well.
        let name = directory.into_os_string();
        let mut tar = PathBuf::from(&name);
        tar.push("tree.tar");
        Ok((tar, [name.into_encoded_bytes(), packages].concat()))
    }

    /// Returns the content of one module's file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn module(&self, file: &str) -> Result<Vec<u8>> {
        let path = self.directory.join("modules").join(file);
        fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    /// Returns the files to load for these modules, dependencies first, each once.
    ///
    /// # Errors
    /// When `make setup` did not take one of them.
    pub fn load_order(&self, modules: &[&str]) -> Result<Vec<String>> {
        let mut order: Vec<String> = Vec::new();
        for module in modules {
            let path = self.directory.join("modules").join(format!("{module}.load"));
            let text = fs::read_to_string(&path).with_context(|| {
                format!(
                    "cannot find the module {module}: add it to vm-tests/setup, empty the cache"
                )
            })?;
            for file in text.lines() {
                if !order.iter().any(|known| known == file) {
                    order.push(file.to_owned());
                }
            }
        }
        Ok(order)
    }
}

/// Returns the directory that `vm-tests/setup` uses, by the same rule.
fn root() -> Result<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("BLANKSLATE_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|cache| cache.join("blankslate")))
        .or_else(|| set("HOME").map(|home| Path::new(&home).join(".cache/blankslate")))
        .context("cannot tell where the cache is: HOME is not set")
}
