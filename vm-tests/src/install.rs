//! Installs a host on a disk: the pool laid out as in the articles, the blank taken before the first
//! mount, the closure in `/nix`. An installed disk is kept and copied, because it is always the same.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};

use crate::disk;
use crate::guest::{Guest, Machine, Mode};
use crate::image::Image;
use crate::store_path::Inputs;
use crate::workdir::Workdir;

/// How many installed disks are kept: those of two builds of the programs, for which all tests and the
/// benchmark make eight each. Together they take less than a gigabyte.
const KEPT: usize = 16;

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
    // Another test that wants the same disk waits for it.
    let lock = lock_of(&kept);
    let _alone = lock.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.exists() {
        mark_used(&kept)?;
        return disk::copy(&kept, workdir);
    }
    fs::create_dir_all(&kept_in).with_context(|| format!("cannot make {}", kept_in.display()))?;
    let fresh = disk::empty(workdir)?;
    let boot = image.write(workdir)?;
    let disks = [std::slice::from_ref(&fresh), more].concat();
    let mut guest = Machine::new(workdir, &boot, &disks).boot(Mode::Bare)?;
    install(&mut guest, seed)?;
    guest.power_off()?;
    keep(&fresh, &kept_in, &kept)?;
    forget_oldest(&kept_in)?;
    Ok(fresh)
}

/// Returns the lock of one disk, the same one to every thread.
fn lock_of(kept: &Path) -> Arc<Mutex<()>> {
    static LOCKS: Mutex<BTreeMap<PathBuf, Arc<Mutex<()>>>> = Mutex::new(BTreeMap::new());
    let mut locks = LOCKS.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(locks.entry(kept.to_owned()).or_default())
}

/// Makes a disk the youngest: it is forgotten last.
fn mark_used(kept: &Path) -> Result<()> {
    File::open(kept)
        .and_then(|file| file.set_modified(SystemTime::now()))
        .with_context(|| format!("cannot mark {} as used", kept.display()))
}

/// Puts a disk among those that are kept, in one step: another run may look for it, or keep it as well.
fn keep(disk: &Path, kept_in: &Path, kept: &Path) -> Result<()> {
    let cannot = || format!("cannot keep {}", kept.display());
    let partial = tempfile::Builder::new().suffix(".partial").tempfile_in(kept_in);
    let partial = partial.with_context(cannot)?.into_temp_path();
    disk::copy_sparse(disk, &partial)?;
    partial.persist(kept).with_context(cannot)
}

/// Removes the disks that were not used for longest.
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
        let removed = fs::remove_file(path);
        // Another run has done it.
        if removed.as_ref().is_err_and(|error| error.kind() != ErrorKind::NotFound) {
            removed.with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "makes stand-ins for disks")]
mod tests {
    use super::*;

    #[test]
    fn whoever_keeps_the_same_disk_at_the_same_time_keeps_it() {
        let place = tempfile::tempdir().unwrap();
        let disk = place.path().join("disk");
        fs::write(&disk, "content").unwrap();
        let kept_in = place.path().join("kept");
        fs::create_dir(&kept_in).unwrap();
        let kept = kept_in.join("hash.img");
        std::thread::scope(|scope| {
            let all: Vec<_> =
                (0..8).map(|_| scope.spawn(|| keep(&disk, &kept_in, &kept))).collect();
            for one in all {
                one.join().unwrap().unwrap();
            }
        });
        let names = fs::read_dir(&kept_in).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(names.collect::<Vec<_>>(), ["hash.img"]);
        assert_eq!(fs::read_to_string(&kept).unwrap(), "content");
    }

    #[test]
    fn the_disks_that_were_used_last_are_kept() {
        let place = tempfile::tempdir().unwrap();
        let at = |number: usize| place.path().join(format!("{number:02}.img"));
        for number in 0..KEPT + 2 {
            let age = Duration::from_secs(3600 - number as u64);
            let file = File::create(at(number)).unwrap();
            file.set_modified(SystemTime::now() - age).unwrap();
        }
        mark_used(&at(0)).unwrap();
        forget_oldest(place.path()).unwrap();
        let left: Vec<usize> = (0..KEPT + 2).filter(|number| at(*number).exists()).collect();
        assert_eq!(left, [&[0][..], &(3..KEPT + 2).collect::<Vec<_>>()].concat());
    }

    #[test]
    fn one_disk_has_one_lock() {
        let lock = |name: &str| lock_of(Path::new(name));
        assert!(Arc::ptr_eq(&lock("/a"), &lock("/a")));
        assert!(!Arc::ptr_eq(&lock("/a"), &lock("/b")));
    }
}
