//! Removing a copy that did not come to its end: the one place where files are removed at all.
//!
//! Only below a name in a directory that is given, never through a symlink, never onto another mount.

use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::vec;

use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;

use super::ladder::Ladder;
use super::listing::{Entry, Lister};
use super::node::{self, Stat};
use super::{Fault, flags};

/// A directory that is being emptied, and the directories that are left in it.
struct Level {
    name: CString,
    below: vec::IntoIter<Entry>,
}

/// Removes the tree `name` in `at`. Fine when nothing lies there.
pub(super) fn discard(at: BorrowedFd, name: &OsStr) -> io::Result<()> {
    let name = CString::new(name.as_bytes())?;
    match Stat::named(at, &name).map(|stat| stat.kind()) {
        Ok(FileType::Directory) => {}
        Ok(_) => return remove(at, &name),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(cause) => return Err(cause),
    }
    let (mut ladder, mut lister) = (Ladder::default(), Lister::new());
    let dir = open(at, &name)?;
    let mut levels = vec![empty(dir, name, &mut ladder, &mut lister)?];
    while let Some(level) = levels.last_mut() {
        if let Some(Entry { name, .. }) = level.below.next() {
            let dir = open(ladder.lowest()?, &name)?;
            levels.push(empty(dir, name, &mut ladder, &mut lister)?);
        } else if let Some(Level { name, .. }) = levels.pop() {
            drop(ladder.up()?);
            let above = if levels.is_empty() { at } else { ladder.lowest()? };
            rustix::fs::unlinkat(above, &name, AtFlags::REMOVEDIR)?;
        }
    }
    Ok(())
}

/// Goes down into `dir` and removes everything in it but the directories.
fn empty(
    dir: OwnedFd,
    name: CString,
    ladder: &mut Ladder,
    lister: &mut Lister,
) -> io::Result<Level> {
    flags::unlock(dir.as_fd())?;
    let entries = lister.list(dir.as_fd())?;
    let (below, others): (Vec<Entry>, Vec<Entry>) =
        entries.into_iter().partition(|entry| entry.kind == FileType::Directory);
    for entry in others {
        remove(dir.as_fd(), &entry.name)?;
    }
    ladder.down(dir)?;
    Ok(Level { name, below: below.into_iter() })
}

/// Removes `name`, which is no directory.
fn remove(at: BorrowedFd, name: &CStr) -> io::Result<()> {
    match rustix::fs::unlinkat(at, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        // Immutable, perhaps. Nothing but a regular file can be, here; and a fifo is not opened.
        Err(Errno::PERM) if Stat::named(at, name)?.kind() == FileType::RegularFile => {
            let (file, _) = node::open_file(at, name).map_err(|Fault { cause, .. }| cause)?;
            flags::unlock(file.as_fd())?;
            Ok(rustix::fs::unlinkat(at, name, AtFlags::empty())?)
        }
        Err(errno) => Err(errno.into()),
    }
}

fn open(at: BorrowedFd, name: &CStr) -> io::Result<OwnedFd> {
    node::open_dir(at, name).map_err(|Fault { cause, .. }| cause)
}
