//! Real file systems in files, for tests that mount them.

use std::process::Command;

use crate::skip::{skip, unable};

/// Whether a file system of this type can be made and mounted here; says so where it cannot.
pub fn has_images(fs: &str) -> bool {
    let known = std::fs::read_to_string("/proc/filesystems").unwrap();
    // In a user namespace everybody is root, and finds no loop device.
    let loops = Command::new("losetup").arg("-f").output();
    if !nix::unistd::geteuid().is_root() {
        skip("only root may mount an image");
    } else if Command::new(format!("mkfs.{fs}")).arg("-V").output().is_err() {
        skip(&format!("mkfs.{fs} is missing"));
    } else if !known.lines().any(|line| line.trim() == fs) {
        unable(&format!("this kernel has not loaded {fs}"));
    } else if !loops.is_ok_and(|output| output.status.success()) {
        unable("there are no loop devices here to mount an image with");
    } else {
        return true;
    }
    false
}
