//! What [`Sys`](super::Sys) takes and tells.

use std::io;

use crate::path::HostPath;

/// Owner, group and permission bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// Owner's number.
    pub uid: u32,
    /// Group's number.
    pub gid: u32,
    /// Permission bits, `0o7777` at the most.
    pub mode: u32,
}

/// Which file a path leads to: file system and inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId {
    /// The device number of its file system.
    pub device: (u32, u32),
    /// Its inode number.
    pub inode: u64,
}

/// What lies at a path now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// Nothing, or a directory above it is missing.
    Absent,
    /// A directory.
    Directory(Seen),
    /// A regular file.
    File(Seen),
    /// A symlink, with the bytes of its text.
    Symlink(Vec<u8>),
    /// A fifo, socket or device; the word for it.
    Special(&'static str),
    /// A component above it is a symlink or no directory, and is not followed.
    Blocked(HostPath),
}

/// More about a directory or file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Which one it is.
    pub id: FileId,
    /// Owner and mode.
    pub meta: Meta,
    /// Whether something is mounted on exactly this path.
    pub is_mount: bool,
    /// Whether the directory has no entries, or the file no bytes.
    pub is_empty: bool,
    /// Whether it is an empty file that this program made to mount on, and nobody has written to it since.
    pub is_untouched: bool,
}

/// How far a copy has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Files, directories and all else that was copied.
    pub things: u64,
    /// Bytes of content.
    pub bytes: u64,
}

/// Who is told how far a copy has come. Called often; it has to be cheap.
pub type Watch<'w> = &'w (dyn Fn(Progress) + Sync);

/// What a copy holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copied {
    /// How much it was.
    pub total: Progress,
    /// The sockets that were left out: a socket is nothing without the process that listens.
    pub sockets: Vec<HostPath>,
    /// What could not be taken along although nothing of the content is missing, as sentences.
    pub notes: Vec<String>,
}

/// How closely two trees are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// Content byte for byte.
    EveryByte,
    /// Content by size and time, and byte for byte where the time cannot tell: enough to see that
    /// somebody wrote since both were equal.
    Stamps,
}

/// The first difference between two trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Where, in the first of the two.
    pub path: HostPath,
    /// In what: `content`, `owner`, `mode`, …, or that only one of the two has it.
    pub what: &'static str,
}

/// A process that may still write to a file, or make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writer {
    /// Its number.
    pub pid: u32,
    /// What it is called.
    pub command: String,
    /// The systemd unit that it belongs to, where that can be told.
    pub unit: Option<String>,
    /// The file or directory.
    pub path: HostPath,
    /// What it is to the process.
    pub hold: Hold,
}

/// How a process holds a file or directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hold {
    /// A file, open or mapped for writing; or the kernel writes to it.
    Writes,
    /// A directory that is open, or the one in which the process works: by it the process makes files,
    /// whatever the directory is called by then.
    Directory,
}

/// What is put where something was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// An empty directory to mount on.
    Directory(Meta),
    /// An empty file to mount on, as [`make_place`](Sys::make_place) makes it.
    File(Meta),
    /// A symlink with the text of this path.
    Symlink(HostPath),
}

/// A system call that failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {path}: {cause}")]
pub struct SysError {
    /// What was being done, as a verb.
    pub doing: &'static str,
    /// To which path.
    pub path: HostPath,
    /// Why it failed.
    pub cause: io::Error,
}
