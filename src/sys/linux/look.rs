//! What lies at a path.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{FileType, OFlags, Statx};
use rustix::io::Errno;

use super::{LinuxSys, make, node};
use crate::path::HostPath;
use crate::sys::memory::lies_in_memory;
use crate::sys::{Look, Seen};

impl LinuxSys {
    pub(super) fn look_at(&self, path: &HostPath) -> io::Result<Look> {
        match self.open(path, OFlags::PATH) {
            Ok(node) => self.seen(path, &node),
            Err(Errno::NOENT) => Ok(Look::Absent),
            Err(Errno::LOOP | Errno::NOTDIR) => Ok(Look::Blocked(self.blocked_by(path))),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Whether what is written at `path` is gone after a boot, by the file system there.
    pub(super) fn forgets(&self, path: &HostPath) -> io::Result<bool> {
        for at in std::iter::successors(Some(path.clone()), HostPath::parent) {
            match self.open(&at, OFlags::PATH) {
                Ok(node) => return lies_in_memory(&node),
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(false)
    }

    fn seen(&self, path: &HostPath, found: &OwnedFd) -> io::Result<Look> {
        let stat = node::stat(found)?;
        Ok(match node::kind(&stat) {
            FileType::Directory => {
                // Opened as a directory, what waits there to be mounted is mounted. All that is told
                // is told of this one.
                let dir = self.open_dir(path)?;
                Look::Directory(seen(&node::stat(&dir)?, node::is_empty_dir(&dir)?))
            }
            FileType::RegularFile => Look::File(seen(&stat, stat.stx_size == 0)),
            FileType::Symlink => {
                Look::Symlink(rustix::fs::readlinkat(found, c"", Vec::new())?.into_bytes())
            }
            FileType::Fifo => Look::Special("fifo"),
            FileType::Socket => Look::Special("socket"),
            FileType::BlockDevice | FileType::CharacterDevice => Look::Special("device"),
            FileType::Unknown => return Err(Errno::INVAL.into()),
        })
    }
}

fn seen(stat: &Statx, is_empty: bool) -> Seen {
    let (id, meta, is_mount) = (node::id(stat), node::meta(stat), node::is_mount(stat));
    let written = (stat.stx_mtime.tv_sec, i64::from(stat.stx_mtime.tv_nsec));
    let is_marked = written == (make::UNTOUCHED.tv_sec, make::UNTOUCHED.tv_nsec);
    let is_untouched = is_empty && is_marked && node::kind(stat) == FileType::RegularFile;
    Seen { id, meta, is_mount, is_empty, is_untouched }
}
