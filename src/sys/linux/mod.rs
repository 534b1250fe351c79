//! [`Sys`] on a real system: directory file descriptors, openat2 and the new mount calls.
//!
//! In: a directory that stands for `/`, and paths below it. A path is opened component by component,
//! no symlink is followed, and every call acts on what was opened and looked at, not on a name. Where
//! the kernel takes only a name, what it did is checked afterwards. What must never happen here: a
//! file of somebody else is removed, covered, or given another owner.

mod aside;
mod look;
mod make;
mod mount;
mod node;
mod open;
mod own;
mod stage;

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::OFlags;

use super::{
    Care, Copied, Difference, FileId, Look, Meta, Place, Sys, SysError, Watch, Writer, copy, random,
};
use crate::path::HostPath;
use stage::Staged;

/// The system below one root directory.
#[derive(Debug)]
pub struct LinuxSys {
    root: OwnedFd,
    /// What is seen at some paths instead of what lies there below the root.
    views: Vec<(HostPath, OwnedFd)>,
    /// A copy that waits to be published.
    staged: Option<Staged>,
}

/// Makes the cause a [`SysError`] about `path`.
fn failed<E: Into<io::Error>>(doing: &'static str, path: &HostPath) -> impl Fn(E) -> SysError {
    move |cause| SysError { doing, path: path.clone(), cause: cause.into() }
}

/// What is said where something was changed by somebody else between two calls.
fn strange() -> io::Error {
    io::Error::other("it is not as this program made it")
}

impl Sys for LinuxSys {
    fn look(&self, path: &HostPath) -> Result<Look, SysError> {
        self.look_at(path).map_err(failed("look at", path))
    }

    fn is_in_memory(&self, path: &HostPath) -> Result<bool, SysError> {
        self.forgets(path).map_err(failed("find the file system of", path))
    }

    fn mounts_below(&self, path: &HostPath) -> Result<Vec<HostPath>, SysError> {
        self.list_mounts(path).map_err(failed("list the mounts below", path))
    }

    fn compare(
        &self,
        one: &HostPath,
        other: &HostPath,
        care: Care,
    ) -> Result<Option<Difference>, SysError> {
        let first = self.open(one, OFlags::PATH).map_err(failed("open", one))?;
        let second = self.open(other, OFlags::PATH).map_err(failed("open", other))?;
        copy::compare_trees(first.as_fd(), one, second.as_fd(), care)
    }

    fn writers(&self, path: &HostPath) -> Result<Vec<Writer>, SysError> {
        let top = self.open(path, OFlags::PATH).map_err(failed("open", path))?;
        super::writers::below(top, path).map_err(failed("find who writes to", path))
    }

    fn make_dir(&mut self, path: &HostPath, meta: Meta) -> Result<(), SysError> {
        self.new_dir(path, meta).map_err(failed("make the directory", path))
    }

    fn read(&self, path: &HostPath, limit: usize) -> Result<Vec<u8>, SysError> {
        LinuxSys::read(self, path, limit)
    }

    fn random(&self, path: &HostPath) -> Result<[u8; 16], SysError> {
        random::bits().map_err(failed("draw random bits for", path))
    }

    fn make_file(&mut self, path: &HostPath, meta: Meta) -> Result<(), SysError> {
        self.new_file(path, meta).map_err(failed("make the file", path))
    }

    fn make_place(&mut self, path: &HostPath, meta: Meta) -> Result<(), SysError> {
        self.new_place(path, meta).map_err(failed("make the file", path))
    }

    fn own(&mut self, path: &HostPath, id: FileId, from: Meta, to: Meta) -> Result<(), SysError> {
        self.hand_over(path, id, from, to).map_err(failed("change the owner and mode of", path))
    }

    fn symlink(&mut self, path: &HostPath, to: &HostPath) -> Result<(), SysError> {
        self.new_symlink(path, to).map_err(failed("make the symlink", path))
    }

    fn unlink(&mut self, path: &HostPath, to: &HostPath) -> Result<(), SysError> {
        self.take_symlink(path, to).map_err(failed("take away the symlink", path))
    }

    fn bind(&mut self, source: &HostPath, target: &HostPath) -> Result<(), SysError> {
        self.mount_on(source, target)
    }

    fn unbind(&mut self, target: &HostPath, shows: FileId) -> Result<(), SysError> {
        self.unmount(target, shows).map_err(failed("unmount", target))
    }

    fn stage(
        &mut self,
        from: &HostPath,
        to: &HostPath,
        watch: Watch<'_>,
    ) -> Result<Copied, SysError> {
        self.copy_aside(from, to, watch)
    }

    fn stage_new(&mut self, content: &[u8], meta: Meta, to: &HostPath) -> Result<(), SysError> {
        self.write_aside(content, meta, to).map_err(failed("make the file", to))
    }

    fn publish(&mut self, to: &HostPath) -> Result<(), SysError> {
        self.put_staged(to).map_err(failed("put the copy in place at", to))
    }

    fn discard(&mut self, to: &HostPath) -> Result<(), SysError> {
        self.drop_staged(to).map_err(failed("throw away the unfinished copy for", to))
    }

    fn set_aside(
        &mut self,
        target: &HostPath,
        shows: FileId,
        place: &Place,
    ) -> Result<Option<HostPath>, SysError> {
        self.put_aside(target, shows, place).map_err(failed("set aside", target))
    }

    fn set_back(&mut self, target: &HostPath, aside: &HostPath) -> Result<(), SysError> {
        self.put_back(target, aside).map_err(failed("put back", target))
    }
}
