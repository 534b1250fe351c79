//! Reading a tree, and only reading: a root without what is mounted on it, its directories, its files.
//!
//! Every name is opened relative to the directory that holds it, and no symlink is ever followed, so
//! nobody who may write below the root can lead the reader away from it. Nothing here changes
//! anything; where the kernel allows it, not even a time of access.

use std::ffi::CStr;
use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags, RawDir, ResolveFlags, Statx, StatxAttributes, StatxFlags};
use rustix::io::Errno;
use rustix::mount::OpenTreeFlags;
use rustix::process::{Resource, Rlimit};

use crate::loss::{FileType, Node, Time};

/// The inode number of the directory through which ZFS shows snapshots (`ZFSCTL_INO_ROOT`). With
/// `snapdir=visible` it is listed like any other.
const ZFSCTL_INO_ROOT: u64 = 0x0000_ffff_ffff_ffff;

/// How much of a directory the kernel lists at once.
const LISTING: usize = 64 * 1024;

/// The top of a tree to be read.
#[derive(Debug)]
pub struct Tree {
    /// The directory itself.
    pub top: Dir,
    /// The number of the mount it lies on. Whatever lies on another is not part of the tree.
    pub mount: u64,
    /// Whether it is seen without what is mounted on it.
    pub is_bare: bool,
    /// A detached mount lives as long as this.
    _mount: Option<OwnedFd>,
}

/// An open directory.
#[derive(Debug)]
pub struct Dir(OwnedFd);

/// What the kernel tells of a file.
#[derive(Debug, Clone, Copy)]
pub struct Stat(Statx);

/// Opens `root` as it is on disk, without what is mounted on directories below it, when this process
/// may ask for that; otherwise as everybody sees it ([`Tree::is_bare`] tells). Leaves nothing behind.
///
/// # Errors
/// It is missing, is no directory, or cannot be opened.
pub fn open_bare(root: &Path) -> io::Result<Tree> {
    let path = open_path(root)?;
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_EMPTY_PATH;
    match rustix::mount::open_tree(&path, c"", flags) {
        Ok(mount) => tree(mount, true),
        // Not privileged, an old kernel, or mounts that a user namespace has locked in place: the
        // tree is then read as it is seen, and the reader says what it could not see.
        Err(cause) => {
            tracing::debug!("cannot clone the mount of the root: {cause}");
            tree(path, false)
        }
    }
}

/// Opens `root` as everybody sees it, with what is mounted below it.
///
/// # Errors
/// It is missing, is no directory, or cannot be opened.
pub fn open_seen(root: &Path) -> io::Result<Tree> {
    tree(open_path(root)?, false)
}

/// Mounts a ZFS snapshot detached and read-only: nobody else sees it, and it is gone with the value.
///
/// # Errors
/// Not privileged, no ZFS, or no such snapshot.
pub fn open_zfs_snapshot(snapshot: &str) -> io::Result<Tree> {
    tree(super::detached::mount(snapshot, "zfs", "", true)?, true)
}

/// Opens the directory through which ZFS shows a snapshot of the file system mounted at `root`.
///
/// # Errors
/// The file system is not ZFS, has no such snapshot, or it cannot be reached.
pub fn open_snapshot_dir(root: &Path, name: &str) -> io::Result<Tree> {
    let path = format!(".zfs/snapshot/{name}");
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let top = Dir(rustix::fs::openat2(open_path(root)?, path, flags, Mode::empty(), resolve)?);
    let mount = top.stat_self()?.mount();
    Ok(Tree { top, mount, is_bare: true, _mount: None })
}

/// The directory that the user named, by whatever symlinks the user named it.
fn open_path(root: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(root, flags, Mode::empty())?)
}

fn tree(mount: OwnedFd, is_bare: bool) -> io::Result<Tree> {
    let top = open_dir_at(mount.as_fd(), c".")?;
    let number = top.stat_self()?.mount();
    Ok(Tree { top, mount: number, is_bare, _mount: Some(mount) })
}

/// Lets this process hold as many directories open as it may: one is open for each level of a tree.
pub fn raise_open_files() {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    // Without it a deep tree becomes a gap that is reported.
    if let Err(cause) = rustix::process::setrlimit(Resource::Nofile, raised) {
        tracing::debug!("cannot raise the number of open files: {cause}");
    }
}

/// Returns the width of a terminal in columns; nothing when it is none.
#[must_use]
pub fn columns(terminal: impl AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(terminal).ok()?;
    Some(usize::from(size.ws_col)).filter(|&columns| columns > 0)
}

impl Dir {
    /// Passes every name in the directory to `each`, in no order; without `.` and `..`.
    ///
    /// # Errors
    /// The directory could not be read to its end; the names until then were passed.
    pub fn names(&self, buffer: &mut ListBuffer, each: &mut dyn FnMut(&CStr)) -> io::Result<()> {
        let mut listing = RawDir::new(&self.0, &mut buffer.0);
        while let Some(entry) = listing.next() {
            let entry = entry?;
            let name = entry.file_name();
            let is_zfs_control = entry.ino() == ZFSCTL_INO_ROOT && name == c".zfs";
            if name != c"." && name != c".." && !is_zfs_control {
                each(name);
            }
        }
        Ok(())
    }

    /// Returns what lies at `name`; nothing when there is nothing (any more).
    ///
    /// # Errors
    /// It cannot be told.
    pub fn stat(&self, name: &CStr) -> io::Result<Option<Stat>> {
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
        match rustix::fs::statx(&self.0, name, flags, wanted()) {
            Ok(stat) => Ok(Some(Stat(stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(cause) => Err(cause.into()),
        }
    }

    fn stat_self(&self) -> io::Result<Stat> {
        Ok(Stat(rustix::fs::statx(&self.0, c"", AtFlags::EMPTY_PATH, wanted())?))
    }

    /// Opens the directory `name`.
    ///
    /// # Errors
    /// It is not there, is no directory, or may not be read.
    pub fn open_dir(&self, name: &CStr) -> io::Result<Dir> {
        open_dir_at(self.0.as_fd(), name)
    }

    /// Returns the text of the symlink `name`.
    ///
    /// # Errors
    /// It is not there or is no symlink.
    pub fn read_link(&self, name: &CStr) -> io::Result<Vec<u8>> {
        Ok(rustix::fs::readlinkat(&self.0, name, Vec::new())?.into_bytes())
    }

    /// Opens the regular file `name` to read it.
    ///
    /// # Errors
    /// It is not there, is no regular file, or may not be read.
    pub fn open_file(&self, name: &CStr) -> io::Result<impl Read + use<>> {
        // Not blocking: it may have become a fifo since it was looked at.
        let file = open_quietly(self.0.as_fd(), name, OFlags::NONBLOCK)?;
        let stat = Stat(rustix::fs::statx(&file, c"", AtFlags::EMPTY_PATH, wanted())?);
        if stat.file_type()? == FileType::Regular {
            return Ok(std::fs::File::from(file));
        }
        Err(io::Error::other("it changed while it was looked at"))
    }
}

/// Room for what the kernel lists of one directory at a time; used again for every directory.
#[derive(Debug)]
pub struct ListBuffer(Vec<MaybeUninit<u8>>);

impl Default for ListBuffer {
    fn default() -> Self {
        Self(vec![MaybeUninit::uninit(); LISTING])
    }
}

fn wanted() -> StatxFlags {
    StatxFlags::BASIC_STATS | StatxFlags::MNT_ID
}

fn open_dir_at(at: BorrowedFd, name: &CStr) -> io::Result<Dir> {
    Ok(Dir(open_quietly(at, name, OFlags::DIRECTORY)?))
}

/// Opens for reading without leaving a time of access, where that is allowed: to the owner and to root.
fn open_quietly(at: BorrowedFd, name: &CStr, flags: OFlags) -> io::Result<OwnedFd> {
    let flags = flags | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::openat(at, name, flags | OFlags::NOATIME, Mode::empty()) {
        Err(Errno::PERM) => Ok(rustix::fs::openat(at, name, flags, Mode::empty())?),
        opened => Ok(opened?),
    }
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
            mtime: Time { seconds: mtime.tv_sec, nanoseconds: mtime.tv_nsec },
        })
    }

    /// How many bytes it takes up on disk, as du(1) counts; of a file with several names each name
    /// has its share.
    #[must_use]
    pub fn allocated(&self) -> u64 {
        let links = if self.file_type().is_ok_and(|kind| kind == FileType::Directory) {
            1
        } else {
            u64::from(self.0.stx_nlink.max(1))
        };
        self.0.stx_blocks.saturating_mul(512) / links
    }

    fn mount(&self) -> u64 {
        self.0.stx_mnt_id
    }

    /// Whether something is mounted here, seen from a directory that lies on the mount `around`.
    #[must_use]
    pub fn is_mount_point(&self, around: u64) -> bool {
        self.mount() != around || self.0.stx_attributes.contains(StatxAttributes::MOUNT_ROOT)
    }

    /// Whether it is the same file at the same moment of its life: a snapshot keeps inode numbers, and
    /// a time of change cannot be set by hand.
    #[must_use]
    pub fn is_unchanged_since(&self, blank: &Self) -> bool {
        let moment = |s: &Statx| (s.stx_ino, s.stx_size, s.stx_ctime.tv_sec, s.stx_ctime.tv_nsec);
        moment(&self.0) == moment(&blank.0)
    }

    /// Whether owner, group and mode are the same.
    #[must_use]
    pub fn has_metadata_of(&self, blank: &Self) -> bool {
        let metadata = |s: &Statx| (s.stx_uid, s.stx_gid, s.stx_mode);
        metadata(&self.0) == metadata(&blank.0)
    }

    /// Whether it stands for the same device.
    #[must_use]
    pub fn has_device_of(&self, blank: &Self) -> bool {
        let device = |s: &Statx| (s.stx_rdev_major, s.stx_rdev_minor);
        device(&self.0) == device(&blank.0)
    }
}
