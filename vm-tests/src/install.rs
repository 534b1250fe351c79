//! Installs a host on a disk: the pool laid out as in the articles, the blank taken before the first
//! mount, the closure in `/nix`. An installed disk is kept and copied, because it is always the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};

use crate::disk;
use crate::guest::{Guest, Machine, Mode};
use crate::image::Image;
use crate::store_path::Inputs;
use crate::workdir::Workdir;

/// How many installed disks are kept; each new build of a program makes another.
const KEPT: usize = 6;

/// How long a seed may take: one unpacks a whole Debian system.
const SEED: Duration = Duration::from_secs(300);

const SCRIPT: &str = include_str!("../guest/install");

/// Installs a host on `/dev/vda1` of a bare guest, and runs a script that seeds `/persist`.
///
/// # Errors
/// When a command in the guest fails.
pub fn install(guest: &mut Guest, seed: &str) -> Result<()> {
    guest.ok(SCRIPT).context("cannot lay out the pool")?;
    let seeded = guest.run_within(&format!("set -e\n{seed}"), SEED)?;
    seeded.ok().context("cannot seed the host")?;
    guest.ok("umount /persist /home /mnt/nix && zpool export rpool").map(drop)
}

/// Returns a disk with a host on it, in the run's directory. Only the first call with an image and
/// a seed boots a guest.
///
/// # Errors
/// When the host cannot be installed, or its disk cannot be copied.
pub fn installed_disk(workdir: &Workdir, image: &Image, seed: &str) -> Result<PathBuf> {
    installed_disk_with(workdir, image, seed, &[])
}

/// As [`installed_disk`], with more disks in the guest that installs: `/dev/vdb`, …. They are only
/// read. The seed names what is on them.
pub(crate) fn installed_disk_with(
    workdir: &Workdir,
    image: &Image,
    seed: &str,
    more: &[PathBuf],
) -> Result<PathBuf> {
    let mut inputs = Inputs::default();
    inputs.add("closure", image.closure_name().as_bytes());
    inputs.add("layout", SCRIPT.as_bytes());
    inputs.add("seed", seed.as_bytes());
    let kept_in = image.cache().disks();
    let kept = kept_in.join(format!("{}.img", inputs.hash()));
    if !kept.exists() {
        fs::create_dir_all(&kept_in)
            .with_context(|| format!("cannot make {}", kept_in.display()))?;
        let fresh = disk::empty(workdir)?;
        let boot = image.write(workdir)?;
        let disks = [std::slice::from_ref(&fresh), more].concat();
        let mut guest = Machine::new(workdir, &boot, &disks).boot(Mode::Bare)?;
        install(&mut guest, seed)?;
        guest.power_off()?;
        keep(&fresh, &kept)?;
        forget_oldest(&kept_in)?;
    }
    disk::copy(&kept, workdir)
}

/// Puts a disk among those that are kept, in one step: another run may look for it.
fn keep(disk: &Path, kept: &Path) -> Result<()> {
    let partial = kept.with_extension(format!("{}.partial", std::process::id()));
    disk::copy_sparse(disk, &partial)?;
    fs::rename(&partial, kept).with_context(|| format!("cannot keep {}", kept.display()))
}

fn forget_oldest(disks: &Path) -> Result<()> {
    let entries =
        fs::read_dir(disks).with_context(|| format!("cannot read {}", disks.display()))?;
    let mut images: Vec<(SystemTime, PathBuf)> = Vec::new();
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.extension().is_some_and(|end| end == "img") {
            let made = fs::metadata(&path).and_then(|file| file.modified());
            images.push((made.unwrap_or(SystemTime::UNIX_EPOCH), path));
        }
    }
    images.sort();
    for (_, path) in images.iter().rev().skip(KEPT) {
        fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}
