//! The initramfs of a guest: its `/init`, modules, the closure, and what one scenario adds.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::cache::Cache;
use crate::programs::Programs;
use crate::tree::Tree;
use crate::userland::Closure;
use crate::workdir::Workdir;

/// Where blankslate's configuration lies in the initramfs.
pub const CONFIG: &str = "/etc/blankslate/config.toml";

/// What every guest loads, dependencies come by themselves.
const MODULES: [&str; 4] = ["virtio_pci", "virtio_blk", "virtio_console", "zfs"];

/// An initramfs in the making.
#[derive(Debug, Clone)]
pub struct Image {
    cache: Cache,
    tree: Tree,
    closure: Closure,
    modules: Vec<String>,
}

impl Image {
    /// Returns an image with the closure, the modules and the init of every guest.
    ///
    /// # Errors
    /// When a program or module cannot be read or patched.
    pub fn new(cache: &Cache, programs: &Programs) -> Result<Self> {
        let mut tree = Tree::default();
        let closure = Closure::add_to(&mut tree, programs)?;
        tree.symlink("bin", &format!("{}/bin", closure.userland));
        let init = closure.fill_in(include_str!("../guest/init"));
        tree.file("init", 0o755, init.into_bytes());
        for directory in ["proc", "sys", "dev", "run", "etc", "mnt", "tmp", "sysroot"] {
            tree.directory(directory);
        }
        let image = Self { cache: cache.clone(), tree, closure, modules: Vec::new() };
        image.with_modules(&MODULES)
    }

    /// Adds modules to what the guest loads at start.
    ///
    /// # Errors
    /// When `make setup` did not take one of them.
    pub fn with_modules(mut self, modules: &[&str]) -> Result<Self> {
        for file in self.cache.load_order(modules)? {
            if !self.modules.contains(&file) {
                let content = with_guests_env(self.cache.module(&file)?);
                self.tree.file(&format!("modules/{file}"), 0o444, content);
                self.modules.push(file);
            }
        }
        let order = self.modules.join("\n") + "\n";
        self.tree.file("modules/order", 0o444, order.into_bytes());
        Ok(self)
    }

    /// Adds a file that belongs to one scenario.
    #[must_use]
    pub fn with_file(mut self, path: &str, mode: u32, content: impl Into<Vec<u8>>) -> Self {
        self.tree.file(path, mode, content.into());
        self
    }

    /// Adds a symlink that belongs to one scenario.
    #[must_use]
    pub fn with_symlink(mut self, path: &str, to: &str) -> Self {
        self.tree.symlink(path, to);
        self
    }

    /// Leaves out a path with everything below it.
    #[must_use]
    pub fn without(mut self, path: &str) -> Self {
        self.tree.remove(path);
        self
    }

    /// Replaces the names of the closure's store paths in a script.
    #[must_use]
    pub fn fill_in(&self, script: &str) -> String {
        self.closure.fill_in(script)
    }

    /// Adds blankslate's configuration.
    #[must_use]
    pub fn with_config(self, toml: &str) -> Self {
        self.with_file(CONFIG, 0o444, toml)
    }

    /// Writes the initramfs into a run's directory.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, workdir: &Workdir) -> Result<BootImage> {
        let initramfs = workdir.numbered("initramfs", "cpio");
        fs::write(&initramfs, self.tree.to_cpio())
            .with_context(|| format!("cannot write {}", initramfs.display()))?;
        Ok(BootImage { kernel: self.cache.kernel(), initramfs })
    }

    /// Returns what tells this closure from others; a disk with it can be used again.
    pub(crate) fn closure_name(&self) -> &str {
        self.closure.system.trim_start_matches("/nix/store/")
    }

    /// Returns the cache this image was made from.
    pub(crate) fn cache(&self) -> &Cache {
        &self.cache
    }
}

/// A kernel and an initramfs on disk, ready to boot.
#[derive(Debug, Clone)]
pub struct BootImage {
    kernel: PathBuf,
    initramfs: PathBuf,
}

impl BootImage {
    /// Returns the kernel's path.
    #[must_use]
    pub fn kernel(&self) -> &Path {
        &self.kernel
    }

    /// Returns the path of the initramfs.
    #[must_use]
    pub fn initramfs(&self) -> &Path {
        &self.initramfs
    }
}

/// Does to zfs.ko what nixpkgs does to its source: `/usr/bin/env`, with which the kernel mounts
/// `.zfs/snapshot/NAME`, does not exist on a blank root. The new path is as long as the old.
fn with_guests_env(mut module: Vec<u8>) -> Vec<u8> {
    const OLD: &[u8; 13] = b"/usr/bin/env\0";
    const NEW: &[u8; 13] = b"/run/bin/env\0";
    let position = module.windows(OLD.len()).position(|window| window == OLD);
    if let Some(place) = position.and_then(|at| module.get_mut(at..at + OLD.len())) {
        place.copy_from_slice(NEW);
    }
    module
}
