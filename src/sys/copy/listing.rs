//! The names in a directory, and the path of a walk.

use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{FileType, RawDir};

use super::node::Stat;
use crate::path::HostPath;

/// The inode number of the directory through which ZFS shows snapshots (`ZFSCTL_INO_ROOT`). With
/// `snapdir=visible` it is listed like any other, and is no part of the tree.
const ZFSCTL_INO_ROOT: u64 = 0x0000_ffff_ffff_ffff;

/// How much of a directory the kernel lists at once.
const LISTING: usize = 64 * 1024;

/// A name in a directory, and what the directory says that it is.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: CString,
    pub(super) kind: FileType,
    pub(super) inode: u64,
}

/// Room for what the kernel lists; used again for every directory.
#[derive(Debug)]
pub(super) struct Lister(Vec<MaybeUninit<u8>>);

impl Lister {
    pub(super) fn new() -> Self {
        Self(vec![MaybeUninit::uninit(); LISTING])
    }

    /// Lists `dir`, which was opened just now, without `.` and `..`, in no order.
    pub(super) fn list(&mut self, dir: BorrowedFd) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        let mut listing = RawDir::new(dir, &mut self.0);
        while let Some(entry) = listing.next() {
            let entry = entry?;
            let (name, inode) = (entry.file_name(), entry.ino());
            let is_zfs_control = inode == ZFSCTL_INO_ROOT && name == c".zfs";
            if name != c"." && name != c".." && !is_zfs_control {
                entries.push(Entry { name: name.to_owned(), kind: entry.file_type(), inode });
            }
        }
        // Not every file system says in a directory what lies there.
        for entry in entries.iter_mut().filter(|entry| entry.kind == FileType::Unknown) {
            entry.kind = Stat::named(dir, &entry.name)?.kind();
        }
        Ok(entries)
    }
}

/// Where a walk is: the path of the topmost, and the names from there.
#[derive(Debug)]
pub(super) struct Trail<'t> {
    top: &'t HostPath,
    names: Vec<CString>,
}

impl<'t> Trail<'t> {
    pub(super) fn new(top: &'t HostPath) -> Self {
        Self { top, names: Vec::new() }
    }

    pub(super) fn down(&mut self, name: CString) {
        self.names.push(name);
    }

    pub(super) fn up(&mut self) {
        self.names.pop();
    }

    /// The path of the directory where the walk is.
    pub(super) fn here(&self) -> HostPath {
        self.names.iter().fold(self.top.clone(), |path, name| path.join(os(name)))
    }

    /// The path of `name` in it.
    pub(super) fn path(&self, name: &CStr) -> HostPath {
        self.here().join(os(name))
    }
}

fn os(name: &CStr) -> &OsStr {
    OsStr::from_bytes(name.to_bytes())
}
