//! Takes away what a test has mounted: its directory could not be removed otherwise.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Unmounts everything at and below `top`, the last one first; what is in use is gone with its user.
pub fn unmount_below(top: &Path) {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let points = table.lines().filter_map(|line| line.split(' ').nth(4));
    let points: Vec<&str> = points.filter(|point| Path::new(point).starts_with(top)).collect();
    for point in points.iter().rev() {
        let _ = Command::new("umount").args(["-l", point]).status();
    }
}
