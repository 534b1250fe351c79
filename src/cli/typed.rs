//! Paths as an admin types them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};

use crate::path::{HostPath, escape};

/// Returns the path as it was typed, from the root; symlinks and dots are still in it. `root` is the
/// tree that is treated as `/`.
///
/// # Errors
/// It is relative, and where this runs is no directory of the host that is asked about.
pub(super) fn absolute(path: &Path, root: &Path) -> Result<PathBuf> {
    if path.is_absolute() {
        return Ok(path.to_owned());
    }
    let (shown, tree) = (shown(path), self::shown(root));
    if root.canonicalize().is_ok_and(|root| root != Path::new("/")) {
        bail!(
            "{shown} is relative; of the host in {tree}, write the whole path as that host sees it"
        );
    }
    let here = std::env::current_dir();
    let here =
        here.with_context(|| format!("cannot tell where {shown} is; write the whole path"))?;
    Ok(here.join(path))
}

/// The same without dots.
///
/// # Errors
/// Those of [`absolute`], or it has a `..` in it.
pub(super) fn host_path(path: &Path, root: &Path) -> Result<HostPath> {
    let absolute = std::path::absolute(absolute(path, root)?);
    let absolute = absolute.with_context(|| format!("cannot use {}", shown(path)))?;
    let found = HostPath::new(absolute.as_os_str().as_encoded_bytes());
    found.map_err(|problem| anyhow!("{} {problem}", shown(path)))
}

/// A path, fit for a terminal.
pub(super) fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}
