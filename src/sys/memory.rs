//! Which file systems forget by themselves: what is written there is gone after a boot, whatever anybody
//! does.

use std::io;
use std::os::fd::AsFd;

/// Their types, and their numbers (statfs(2)). What is written to an overlay may lie in one of the others.
const IN_MEMORY: [(&str, i128); 3] =
    [("tmpfs", 0x0102_1994), ("ramfs", 0x8584_58f6), ("overlay", 0x794c_7630)];

/// Whether a file system of this type is one, as the mount table calls it.
#[must_use]
pub fn is_in_memory(fs_type: &str) -> bool {
    IN_MEMORY.iter().any(|(name, _)| *name == fs_type)
}

/// Whether an open file lies on one.
///
/// # Errors
/// It cannot be told on which file system it lies.
pub fn lies_in_memory(opened: impl AsFd) -> io::Result<bool> {
    // The numbers have 32 bits; libc keeps them in another type on every machine.
    let kind = i128::from(rustix::fs::fstatfs(opened)?.f_type) & 0xffff_ffff;
    Ok(IN_MEMORY.iter().any(|(_, number)| *number == kind))
}

#[cfg(test)]
mod tests {
    use rustix::fs::{Mode, OFlags};

    use super::*;

    #[test]
    fn what_the_kernel_makes_up_and_what_lies_on_a_disk_is_not_in_memory() {
        for (fs_type, expected) in [
            ("tmpfs", true),
            ("ramfs", true),
            ("overlay", true),
            ("zfs", false),
            ("ext4", false),
            ("proc", false),
            ("tmpfs2", false),
            ("", false),
        ] {
            assert_eq!(is_in_memory(fs_type), expected, "{fs_type}");
        }
        let process = rustix::fs::open("/proc/self", OFlags::PATH, Mode::empty()).unwrap();
        assert!(!lies_in_memory(process).unwrap());
    }
}
