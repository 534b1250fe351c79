//! Which file systems forget by themselves: what is written there is gone after a boot, whatever anybody
//! does.

use std::io;
use std::os::fd::AsFd;

const TMPFS: i128 = 0x0102_1994;
const RAMFS: i128 = 0x8584_58f6;

/// Their types, and their numbers (statfs(2)). What the kernel has at `/dev`, and in an initrd at `/`, is a
/// tmpfs or ramfs by another name. What is written to an overlay may lie in one of the others.
const IN_MEMORY: [(&str, i128); 5] = [
    ("tmpfs", TMPFS),
    ("ramfs", RAMFS),
    ("devtmpfs", TMPFS),
    ("rootfs", TMPFS),
    ("overlay", 0x794c_7630),
];

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
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use rustix::fs::{AtFlags, Mode, OFlags, StatxFlags, statx};

    use super::*;
    use crate::sys::mounts::{Mount, MountTable};

    #[test]
    fn what_the_kernel_makes_up_and_what_lies_on_a_disk_is_not_in_memory() {
        for (fs_type, expected) in [
            ("tmpfs", true),
            ("ramfs", true),
            ("devtmpfs", true),
            ("rootfs", true),
            ("overlay", true),
            ("zfs", false),
            ("ext4", false),
            ("proc", false),
            ("tmpfs2", false),
            ("", false),
        ] {
            assert_eq!(is_in_memory(fs_type), expected, "{fs_type}");
        }
    }

    #[test]
    fn the_type_and_the_number_of_a_mount_say_the_same() {
        let mounts = MountTable::read().unwrap().mounts;
        for Mount { id, point, fs_type, .. } in mounts {
            let path = OsStr::from_bytes(point.as_bytes());
            let Ok(there) = rustix::fs::open(path, OFlags::PATH, Mode::empty()) else { continue };
            let seen = statx(&there, c"", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID).unwrap();
            // Another one may be mounted over it.
            if seen.stx_mnt_id == id {
                assert_eq!(is_in_memory(&fs_type), lies_in_memory(there).unwrap(), "{fs_type}");
            }
        }
    }
}
