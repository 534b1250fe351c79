//! Trees to copy, and the copy engine with paths.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::namespace;
use blankslate::path::HostPath;
use blankslate::sys::copy;
use blankslate::sys::{Care, Copied, Difference, SysError, Watch};
use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, Timespec, Timestamps, XattrFlags, makedev, mknodat,
    utimensat,
};

/// A directory with an original and a staging place that only root can enter.
pub struct Bench {
    pub dir: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Self {
        Self::at(Path::new("/tmp"))
    }

    pub fn at(place: &Path) -> Self {
        let dir = tempfile::Builder::new().prefix("copy-").tempdir_in(place).unwrap();
        for name in ["original", "staged"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        fs::set_permissions(dir.path().join("staged"), fs::Permissions::from_mode(0o700)).unwrap();
        Self { dir }
    }

    pub fn original(&self) -> PathBuf {
        self.dir.path().join("original")
    }

    pub fn staged(&self) -> PathBuf {
        self.dir.path().join("staged")
    }

    pub fn copy(&self) -> PathBuf {
        self.staged().join("tree")
    }

    /// Copies, writes out and compares.
    pub fn verified(&self) -> Result<Copied, SysError> {
        copied(&self.original(), &self.staged())
    }

    /// The same, told to `watch`.
    pub fn watched(&self, watch: Watch) -> Result<Copied, SysError> {
        watched(&self.original(), &self.staged(), watch)
    }

    /// Writes `file` in the original.
    pub fn write(&self, text: &str, (seconds, nanoseconds): (i64, i64)) {
        let file = self.original().join("file");
        fs::write(&file, text).unwrap();
        times(&file, seconds, nanoseconds);
    }

    /// Copies, and no more.
    pub fn unverified(&self) -> Result<Copied, SysError> {
        let (from, into) = (held(&self.original()), held(&self.staged()));
        let name = OsStr::new("tree");
        copy::copy_tree(from.as_fd(), &path("/o"), into.as_fd(), name, &|_| {})
    }

    pub fn compared(&self) -> Result<Option<Difference>, SysError> {
        compared(&self.original(), &self.copy())
    }

    pub fn stamps_compared(&self) -> Result<Option<Difference>, SysError> {
        let (one, other) = (held(&self.original()), held(&self.copy()));
        copy::compare_trees(one.as_fd(), &path("/o"), other.as_fd(), Care::Stamps)
    }

    pub fn discard(&self) {
        copy::discard_tree(held(&self.staged()).as_fd(), OsStr::new("tree")).unwrap();
        assert_eq!(names(&self.staged()), Vec::<String>::new());
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        for name in ["original", "staged"] {
            let _ = copy::discard_tree(held(self.dir.path()).as_fd(), OsStr::new(name));
        }
    }
}

pub fn copied(from: &Path, into: &Path) -> Result<Copied, SysError> {
    watched(from, into, &|_| {})
}

fn watched(from: &Path, into: &Path, watch: Watch) -> Result<Copied, SysError> {
    let (from, into) = (held(from), held(into));
    copy::copy_verified(from.as_fd(), &path("/o"), into.as_fd(), OsStr::new("tree"), watch)
}

pub fn compared(one: &Path, other: &Path) -> Result<Option<Difference>, SysError> {
    copy::compare_trees(held(one).as_fd(), &path("/o"), held(other).as_fd(), Care::EveryByte)
}

/// `what path` of a difference.
pub fn told(difference: Option<Difference>) -> String {
    difference.map_or("none".to_owned(), |d| format!("{} {}", d.what, d.path))
}

pub fn path(text: &str) -> HostPath {
    text.parse().unwrap()
}

/// A descriptor that is only a place.
pub fn held(path: &Path) -> OwnedFd {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).unwrap()
}

pub fn names(dir: &Path) -> Vec<String> {
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut names: Vec<String> = fs::read_dir(dir).unwrap().map(|e| name(e.unwrap())).collect();
    names.sort();
    names
}

pub fn name(bytes: &[u8]) -> &OsStr {
    OsStr::from_bytes(bytes)
}

pub fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Gives `path` a time of access and of modification with nanoseconds of its own.
pub fn times(path: &Path, seconds: i64, nanoseconds: i64) {
    let time = |seconds| Timespec { tv_sec: seconds, tv_nsec: nanoseconds };
    let times = Timestamps { last_access: time(seconds - 9), last_modification: time(seconds) };
    utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
}

/// Sets an attribute; returns whether the file system has such.
pub fn attribute(path: &Path, name: &str, value: &[u8]) -> bool {
    rustix::fs::lsetxattr(path, name, value, XattrFlags::empty()).is_ok()
}

/// An ACL that lets user 1234 read, as the kernel stores it.
pub fn acl() -> Vec<u8> {
    let mut bytes = 2u32.to_le_bytes().to_vec();
    let none = u32::MAX;
    for (tag, rights, id) in
        [(1u16, 6u16, none), (2, 4, 1234), (4, 4, none), (0x10, 4, none), (0x20, 0, none)]
    {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(rights.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

/// The capability to use raw sockets, as the kernel stores it.
pub fn capability() -> Vec<u8> {
    let words = [0x0200_0001u32, 1 << 13, 0, 0, 0];
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// Makes a tree with one of everything.
pub fn zoo(at: &Path) {
    fs::create_dir_all(at.join("sub/empty")).unwrap();
    fs::write(at.join("empty file"), "").unwrap();
    fs::write(at.join("sub/file"), "content\n").unwrap();
    fs::write(at.join("sub/big"), vec![7u8; 3_000_001]).unwrap();
    fs::write(at.join(name(b"not \xff utf-8\n\x1b[31m")), "x").unwrap();
    fs::write(at.join("n".repeat(255)), "long").unwrap();
    symlink("no/where \u{7}", at.join("dangling")).unwrap();
    symlink("/etc/passwd", at.join("leads out")).unwrap();
    let node = |name: &str, kind, device| {
        mknodat(CWD, at.join(name), kind, Mode::from_raw_mode(0o620), device)
    };
    node("fifo", FileType::Fifo, 0).unwrap();
    // Not in every container.
    let _ = node("null", FileType::CharacterDevice, makedev(1, 3));
    let _ = node("disk", FileType::BlockDevice, makedev(7, 200));
    drop(std::os::unix::net::UnixListener::bind(at.join("sub/socket")).unwrap());
    for (one, other) in [("sub/file", "link 1"), ("sub/file", "sub/link 2"), ("fifo", "sub/fifo 2")]
    {
        fs::hard_link(at.join(one), at.join(other)).unwrap();
    }
    rustix::fs::linkat(CWD, at.join("dangling"), CWD, at.join("sub/l"), AtFlags::empty()).unwrap();
    sparse(&at.join("sparse"));
    owners(at);
    attribute(&at.join("sub/file"), "user.note", b"\0any\xffbytes");
    attribute(&at.join("sub"), "user.empty", b"");
    attribute(&at.join("dangling"), "trusted.link", b"on a symlink");
    attribute(&at.join("sub/file"), "security.capability", &capability());
    attribute(&at.join("sub/big"), "system.posix_acl_access", &acl());
    attribute(&at.join("fifo"), "system.posix_acl_access", &acl());
    attribute(&at.join("sub"), "system.posix_acl_default", &acl());
    for entry in walkdir::WalkDir::new(at).contents_first(true) {
        let entry = entry.unwrap();
        times(entry.path(), 1_234_567_890, 123_456_789 + i64::try_from(entry.depth()).unwrap());
    }
}

/// A hole, data, a hole, data, a hole.
pub fn sparse(at: &Path) {
    use std::os::unix::fs::FileExt;
    let file = File::create(at).unwrap();
    file.write_all_at(&[1; 5000], 8 << 20).unwrap();
    file.write_all_at(&[2; 5000], 24 << 20).unwrap();
    file.set_len((64 << 20) + 17).unwrap();
}

fn owners(at: &Path) {
    chown(at.join("sub"), Some(1000), Some(100)).unwrap();
    chown(at.join("sub/big"), Some(1001), Some(101)).unwrap();
    chown(at.join("fifo"), Some(1002), Some(102)).unwrap();
    std::os::unix::fs::lchown(at.join("leads out"), Some(1003), Some(103)).unwrap();
    mode(&at.join("sub"), 0o3751);
    mode(&at.join("sub/empty"), 0o000);
    mode(&at.join("sub/big"), 0o6755);
    mode(&at.join("sub/file"), 0o444);
    mode(at, 0o1777);
}

/// Sets flags with chattr(1); returns whether that worked.
pub fn chattr(flags: &str, path: &Path) -> bool {
    Command::new("chattr").arg(flags).arg(path).output().is_ok_and(|o| o.status.success())
}

pub fn lsattr(path: &Path) -> String {
    let output = Command::new("lsattr").arg("-d").arg(path).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // How the blocks are stored is not told apart.
    text.split(' ').next().unwrap_or("").replace('e', "-")
}

/// Runs a test of `limits` in namespaces of its own, with a directory in which it may mount.
pub fn in_namespace(name: &str, test: fn(&Path)) {
    namespace::inside(&format!("limits::{name}"), test);
}

pub fn mount(at: &Path, options: &str) {
    namespace::mount("tmpfs", options, at);
}
