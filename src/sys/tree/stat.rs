//! What the kernel tells of a file.

use std::io;
use std::os::fd::BorrowedFd;

use rustix::fs::{AtFlags, Statx, StatxAttributes, StatxFlags};

use crate::loss::{FileType, Node, Time};

/// What the kernel tells of a file.
#[derive(Debug, Clone, Copy)]
pub struct Stat(pub(in crate::sys) Statx);

/// Everything that [`Stat`] can tell of.
pub(super) const ALL: StatxFlags = StatxFlags::BASIC_STATS.union(StatxFlags::MNT_ID);

/// What makes a [`Node`], and the mount.
pub(super) const MEASURES: StatxFlags = StatxFlags::TYPE
    .union(StatxFlags::NLINK)
    .union(StatxFlags::MTIME)
    .union(StatxFlags::SIZE)
    .union(StatxFlags::BLOCKS)
    .union(StatxFlags::MNT_ID);

/// The flags of chattr(1) that are kept with a file and that statx(2) tells.
const FLAGS: StatxAttributes =
    StatxAttributes::IMMUTABLE.union(StatxAttributes::APPEND).union(StatxAttributes::NODUMP);

/// Looks at what `file` holds.
pub(super) fn of(file: BorrowedFd) -> io::Result<Stat> {
    Ok(Stat(rustix::fs::statx(file, c"", AtFlags::EMPTY_PATH, ALL)?))
}

impl Stat {
    /// The type.
    ///
    /// # Errors
    /// The kernel names a type that is none.
    pub fn file_type(&self) -> io::Result<FileType> {
        use rustix::fs::FileType as Kernel;
        Ok(match Kernel::from_raw_mode(self.0.stx_mode.into()) {
            Kernel::RegularFile => FileType::Regular,
            Kernel::Directory => FileType::Directory,
            Kernel::Symlink => FileType::Symlink,
            Kernel::Fifo => FileType::Fifo,
            Kernel::Socket => FileType::Socket,
            Kernel::BlockDevice => FileType::BlockDevice,
            Kernel::CharacterDevice => FileType::CharacterDevice,
            Kernel::Unknown => return Err(io::Error::other("its type is not known")),
        })
    }

    /// Whether it is a directory.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        self.file_type().is_ok_and(|kind| kind == FileType::Directory)
    }

    /// The value that reports are made of.
    ///
    /// # Errors
    /// The kernel names a type that is none.
    pub fn node(&self) -> io::Result<Node> {
        let file_type = self.file_type()?;
        let size = if file_type == FileType::Regular { self.0.stx_size } else { 0 };
        let mtime = self.0.stx_mtime;
        Ok(Node {
            file_type,
            size,
            allocated: self.allocated(),
            mtime: Time { seconds: mtime.tv_sec, nanoseconds: mtime.tv_nsec },
        })
    }

    /// How many bytes it takes up on disk, as du(1) counts; of a file with several names each name
    /// has its share.
    #[must_use]
    pub fn allocated(&self) -> u64 {
        let links = if self.is_directory() { 1 } else { u64::from(self.0.stx_nlink.max(1)) };
        self.0.stx_blocks.saturating_mul(512) / links
    }

    pub(super) fn mount(&self) -> u64 {
        self.0.stx_mnt_id
    }

    /// Whether something is mounted here, seen from a directory that lies on the mount `around`.
    #[must_use]
    pub fn is_mount_point(&self, around: u64) -> bool {
        self.mount() != around || self.0.stx_attributes.contains(StatxAttributes::MOUNT_ROOT)
    }

    /// Whether it is the same file at the same moment of its life: a snapshot keeps inode numbers, and
    /// a time of change cannot be set by hand.
    ///
    /// A whole second is no moment: the file system counts in seconds, or the time was made up with
    /// the file system's image, and other files have it as well.
    #[must_use]
    pub fn is_unchanged_since(&self, blank: &Self) -> bool {
        self.0.stx_ctime.tv_nsec != 0 && self.moment() == blank.moment()
    }

    /// Whether nobody has changed it since it was looked at before.
    pub(super) fn is_as(&self, before: &Self) -> bool {
        self.moment() == before.moment()
    }

    fn moment(&self) -> impl PartialEq + use<> {
        let s = &self.0;
        let (change, write) = (s.stx_ctime, s.stx_mtime);
        let times = (change.tv_sec, change.tv_nsec, write.tv_sec, write.tv_nsec);
        // On ZFS chattr(1) sets no time of change.
        let flags = s.stx_attributes & FLAGS;
        (s.stx_ino, s.stx_size, times, s.stx_mode, s.stx_uid, s.stx_gid, flags)
    }

    /// Whether both are the same file, whatever has become of it meanwhile.
    pub(super) fn is_same_file(&self, other: &Self) -> bool {
        let file = |s: &Statx| (s.stx_ino, s.stx_dev_major, s.stx_dev_minor, s.stx_mnt_id);
        file(&self.0) == file(&other.0)
    }

    /// Whether owner and group are the same.
    pub(super) fn has_owner_of(&self, blank: &Self) -> bool {
        (self.0.stx_uid, self.0.stx_gid) == (blank.0.stx_uid, blank.0.stx_gid)
    }

    /// Whether type and mode are the same.
    pub(super) fn has_mode_of(&self, blank: &Self) -> bool {
        self.0.stx_mode == blank.0.stx_mode
    }

    /// Whether it stands for the same device.
    #[must_use]
    pub fn has_device_of(&self, blank: &Self) -> bool {
        let device = |s: &Statx| (s.stx_rdev_major, s.stx_rdev_minor);
        device(&self.0) == device(&blank.0)
    }
}
