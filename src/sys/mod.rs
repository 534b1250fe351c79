//! All system calls. The rest of the library sees [`Sys`] and values.
//!
//! Every path is opened component by component below one root directory, without following a
//! symlink, so no component that another user can change steers a privileged step. There is no call
//! here that removes or replaces anything.

pub mod linux;
pub mod lock;
pub mod machine;
pub mod mounts;
pub mod privilege;
pub mod record;
pub mod signals;
#[cfg(feature = "cli")]
pub mod tree;

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

/// The system as placing entries needs it: all paths are below the root that it was made for.
///
/// Nothing here removes, renames over or follows anything: a plan cannot lose data because this trait
/// has no word for it.
pub trait Sys {
    /// Returns what lies at `path`. A symlink is not followed, at no component.
    ///
    /// # Errors
    /// It cannot be told what lies there.
    fn look(&self, path: &HostPath) -> Result<Look, SysError>;

    /// Makes a directory that appears with its final owner and mode. The parent must exist.
    ///
    /// # Errors
    /// Something lies there already, or the call failed; then the path is as it was.
    fn make_dir(&mut self, path: &HostPath, meta: Meta) -> Result<(), SysError>;

    /// Makes an empty file that appears with its final owner and mode. The parent must exist.
    ///
    /// # Errors
    /// Something lies there already, or the call failed; then the path is as it was.
    fn make_file(&mut self, path: &HostPath, meta: Meta) -> Result<(), SysError>;

    /// Makes a symlink at `path` with the text of `to`.
    ///
    /// # Errors
    /// Something lies there already, or the call failed; then the path is as it was.
    fn symlink(&mut self, path: &HostPath, to: &HostPath) -> Result<(), SysError>;

    /// Mounts the directory or file `source`, with what is mounted below it, on `target`.
    ///
    /// # Errors
    /// The call failed; then nothing is mounted.
    fn bind(&mut self, source: &HostPath, target: &HostPath) -> Result<(), SysError>;
}
