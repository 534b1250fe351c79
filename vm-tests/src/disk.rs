//! Disks for guests: sparse raw images with a GPT and one partition. `zpool create` on a whole disk
//! waits for udev, which the guest has not.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result};

use crate::command;
use crate::workdir::Workdir;

/// How big a disk is made.
const BYTES: u64 = 1 << 30;

/// Makes an empty disk with one partition in a run's directory.
///
/// # Errors
/// When the image cannot be written.
pub fn empty(workdir: &Workdir) -> Result<PathBuf> {
    let path = workdir.numbered("disk", "img");
    File::create(&path)
        .and_then(|file| file.set_len(BYTES))
        .with_context(|| format!("cannot make the disk {}", path.display()))?;
    partition(&path, workdir)?;
    Ok(path)
}

/// Makes several empty disks; in the guest the first is `/dev/vda`, its partition `/dev/vda1`.
///
/// # Errors
/// When an image cannot be written.
pub fn several(workdir: &Workdir, count: usize) -> Result<Vec<PathBuf>> {
    (0..count).map(|_| empty(workdir)).collect()
}

/// Copies a disk into a run's directory, holes as holes.
///
/// # Errors
/// When it cannot be copied.
pub fn copy(disk: &Path, workdir: &Workdir) -> Result<PathBuf> {
    let copy = workdir.numbered("disk", "img");
    copy_sparse(disk, &copy)?;
    Ok(copy)
}

/// Copies an image without filling its holes.
pub(crate) fn copy_sparse(from: &Path, to: &Path) -> Result<()> {
    let arguments =
        ["--sparse=always".as_ref(), "--reflink=auto".as_ref(), from.as_os_str(), to.as_os_str()];
    command::run("cp", &arguments).map(drop)
}

fn partition(disk: &Path, workdir: &Workdir) -> Result<()> {
    let table = workdir.join("partitions");
    fs::write(&table, "label: gpt\nstart=2048\n")
        .with_context(|| format!("cannot write {}", table.display()))?;
    let input = File::open(&table).with_context(|| format!("cannot read {}", table.display()))?;
    let sfdisk = command::find("sfdisk")?;
    let arguments =
        ["--quiet".as_ref(), "--no-reread".as_ref(), "--no-tell-kernel".as_ref(), disk.as_os_str()];
    command::run_with_input(&sfdisk.to_string_lossy(), &arguments, Stdio::from(input)).map(drop)
}
