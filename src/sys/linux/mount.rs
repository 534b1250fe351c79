//! Mounts: making one of a directory or file on another, taking it off, listing what is mounted.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, OFlags, StatxFlags};
use rustix::io::Errno;
use rustix::mount::{MoveMountFlags, OpenTreeFlags, UnmountFlags};

use super::{LinuxSys, failed, node, strange};
use crate::path::HostPath;
use crate::sys::mounts::MountTable;
use crate::sys::{FileId, SysError};

impl LinuxSys {
    pub(super) fn mount_on(&self, source: &HostPath, target: &HostPath) -> Result<(), SysError> {
        let from = self.open(source, OFlags::PATH).map_err(failed("open", source))?;
        let onto = self.open(target, OFlags::PATH).map_err(failed("open", target))?;
        // Once more, on what is really mounted over: since the look somebody may have written there.
        node::holds_nothing(&onto).map_err(failed("mount on", target))?;
        let tree = clone(&from).map_err(failed("clone", source))?;
        let flags =
            MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
        rustix::mount::move_mount(&tree, c"", &onto, c"", flags)
            .map_err(failed("mount on", target))?;
        // And who was quicker than the mount? From now on nobody gets there any more by its name. Who
        // owns a directory above may have moved the place away: then the target is not covered.
        node::holds_nothing(&onto).and_then(|()| self.is_there(target, &tree)).map_err(|cause| {
            let undone = detach(tree.as_fd());
            if let Err(also) = undone {
                tracing::warn!("cannot take the mount off {target} again: {also}");
            }
            failed("mount on", target)(cause)
        })
    }

    /// There is no call that unmounts what a descriptor holds: as long as it is held, it is in use. So
    /// the directory above is held, in which nobody who sees the mount can rename the name on which it
    /// lies, and the mount table tells whether it was the right one.
    pub(super) fn unmount(&self, target: &HostPath, shows: FileId) -> io::Result<()> {
        let (parent, name) = self.open_parent(target)?;
        let mount = shown_at(parent.as_fd(), name, shows)?;
        let mut path = node::proc_path(parent.as_fd()).into_bytes();
        path.push(b'/');
        path.extend_from_slice(name.as_encoded_bytes());
        rustix::mount::unmount(path, UnmountFlags::NOFOLLOW)?;
        let is_there = MountTable::read()?.mounts.iter().any(|one| one.id == mount);
        if is_there { Err(strange()) } else { Ok(()) }
    }

    pub(super) fn list_mounts(&self, path: &HostPath) -> io::Result<Vec<HostPath>> {
        let (view, top, below) = self.view(path);
        let table = MountTable::read()?;
        let own = node::stat(top)?.stx_mnt_id;
        // What is detached, or belongs to another namespace, is not in the table, and its path, which
        // /proc gives nevertheless, means nothing.
        if !table.mounts.iter().any(|mount| mount.id == own) {
            return Ok(Vec::new());
        }
        let at = rustix::fs::readlink(node::proc_path(top), Vec::new())?;
        let at = HostPath::new(at.as_bytes()).map_err(io::Error::other)?;
        let is_seen = |place: &HostPath, id: u64| match self.open(place, OFlags::PATH) {
            Ok(found) => mount_of(&found).map(|found| found == id),
            // Another mount hides it.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(false),
            // There is something, and this program may not look at it.
            Err(_) => Ok(true),
        };
        let mut places = Vec::new();
        for mount in &table.mounts {
            let Some(inside) = mount.point.seen_from(&at) else { continue };
            let place = inside.below(&view);
            if inside.is_below(&below) && is_seen(&place, mount.id)? {
                places.push(place);
            }
        }
        Ok(places)
    }
}

/// Clones the mounts of what `from` holds. Built detached and attached in one step: there is no moment
/// with half a mount. Recursive, because what is mounted below the source would otherwise hide behind
/// the bind.
fn clone(from: &OwnedFd) -> io::Result<OwnedFd> {
    // A symlink can be mounted too, and leads wherever its owner wants.
    if !matches!(node::kind(&node::stat(from)?), FileType::Directory | FileType::RegularFile) {
        return Err(io::Error::other("it is neither a directory nor a regular file"));
    }
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_EMPTY_PATH
        | OpenTreeFlags::AT_RECURSIVE;
    Ok(rustix::mount::open_tree(from, c"", flags)?)
}

/// Takes off a mount that was made a moment ago; nothing else is ever detached.
fn detach(tree: BorrowedFd) -> rustix::io::Result<()> {
    rustix::mount::unmount(node::proc_path(tree), UnmountFlags::DETACH)
}

/// The number of the mount on `name`, if it shows the file `shows`. What was opened is let go again.
fn shown_at(parent: BorrowedFd, name: &OsStr, shows: FileId) -> io::Result<u64> {
    let found = node::pin(parent, name)?;
    let stat = node::stat(&found)?;
    if !node::is_mount(&stat) {
        return Err(io::Error::other("nothing is mounted there"));
    }
    if node::id(&stat) != shows {
        return Err(io::Error::other("something else is mounted there"));
    }
    Ok(stat.stx_mnt_id)
}

/// The number of the mount on which it lies. Nothing else is asked: the server of a user's own file
/// system need not answer, and does not answer root.
fn mount_of(found: &OwnedFd) -> io::Result<u64> {
    let flags = AtFlags::EMPTY_PATH | AtFlags::NO_AUTOMOUNT | AtFlags::STATX_DONT_SYNC;
    Ok(rustix::fs::statx(found, c"", flags, StatxFlags::empty())?.stx_mnt_id)
}
