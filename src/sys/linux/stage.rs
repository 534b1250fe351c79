//! A copy on its way into a store: made where only root can look, proved, then put in place in one step.
//!
//! A kill at any instant leaves the copy in the staging directory or at its place, and never anything
//! of somebody else in the staging directory: what lies there is thrown away by the next run.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::make::{is_private, under_free_name};
use super::{LinuxSys, failed, node, strange};
use crate::path::HostPath;
use crate::sys::{Copied, Meta, SysError, Watch, acl, copy};

/// The directory in which a copy is made.
const STAGING: &str = ".blankslate-adopting";

/// What the copy is called in it.
const COPY: &str = "copy";

/// A copy that waits to be published.
#[derive(Debug)]
pub(super) struct Staged {
    to: HostPath,
    /// The original.
    from: OwnedFd,
    /// The directory that holds the staging directory.
    above: OwnedFd,
    /// The staging directory.
    dir: OwnedFd,
    /// The copy.
    copy: OwnedFd,
}

impl LinuxSys {
    pub(super) fn copy_aside(
        &mut self,
        from_path: &HostPath,
        to: &HostPath,
        watch: Watch<'_>,
    ) -> Result<Copied, SysError> {
        self.drop_earlier().map_err(failed("make room for", to))?;
        let from = self.open(from_path, OFlags::PATH).map_err(failed("open", from_path))?;
        let (above, dir) = self.staging_for(to).map_err(failed("make room for", to))?;
        let copied =
            copy::copy_verified(from.as_fd(), from_path, dir.as_fd(), OsStr::new(COPY), watch)
                .and_then(|copied| {
                    let copy = node::pin(&dir, OsStr::new(COPY))
                        .map_err(failed("read the copy of", from_path))?;
                    Ok((copied, copy))
                });
        match copied {
            Ok((copied, copy)) => {
                self.staged = Some(Staged { to: to.clone(), from, above, dir, copy });
                Ok(copied)
            }
            Err(error) => {
                if let Err(cause) = throw_away(&above, &dir) {
                    tracing::warn!("cannot throw away the unfinished copy of {from_path}: {cause}");
                }
                Err(error)
            }
        }
    }

    pub(super) fn write_aside(
        &mut self,
        content: &[u8],
        meta: Meta,
        to: &HostPath,
    ) -> io::Result<()> {
        self.drop_earlier()?;
        let (above, dir) = self.staging_for(to)?;
        let made = write_new(dir.as_fd(), content, meta).and_then(|()| {
            Ok((node::pin(&dir, OsStr::new(COPY))?, node::pin(&dir, OsStr::new(COPY))?))
        });
        match made {
            // It is its own original: there is nothing more to be taken along.
            Ok((from, copy)) => {
                self.staged = Some(Staged { to: to.clone(), from, above, dir, copy });
                Ok(())
            }
            Err(error) => {
                if let Err(cause) = throw_away(&above, &dir) {
                    tracing::warn!("cannot throw away what was to be {to}: {cause}");
                }
                Err(error)
            }
        }
    }

    fn drop_earlier(&mut self) -> io::Result<()> {
        let earlier = self.staged.as_ref().map(|staged| staged.to.clone());
        earlier.map_or(Ok(()), |earlier| self.drop_staged(&earlier))
    }

    /// Makes the staging directory for `to`: as far up as one rename reaches from there. A user may own
    /// the directory that `to` lies in, seldom the topmost one.
    fn staging_for(&self, to: &HostPath) -> io::Result<(OwnedFd, OwnedFd)> {
        let mut place = to.parent().ok_or(Errno::ISDIR)?;
        let mut above = self.open_dir(&place)?;
        let on = file_system(&above)?;
        // What lies above the top of a view is somewhere else.
        while let Some(higher) = place.parent().filter(|_| !self.view(&place).2.is_root()) {
            let dir = self.open_dir(&higher)?;
            if file_system(&dir)? != on {
                break;
            }
            (place, above) = (higher, dir);
        }
        let dir = staging_dir(&above, &place.join(OsStr::new(STAGING)))?;
        Ok((above, dir))
    }

    pub(super) fn put_staged(&mut self, to: &HostPath) -> io::Result<()> {
        let Some(staged) = self.staged.take_if(|staged| staged.to == *to) else {
            return Err(io::Error::other("no copy is staged for it"));
        };
        match self.put(&staged, to) {
            Ok(()) => {
                staged.finish();
                Ok(())
            }
            Err(cause) => {
                self.staged = Some(staged);
                Err(cause)
            }
        }
    }

    fn put(&self, staged: &Staged, to: &HostPath) -> io::Result<()> {
        let (parent, name) = self.open_parent(to)?;
        match node::rename_new(&staged.dir, OsStr::new(COPY), &parent, name) {
            Err(Errno::EXIST) => staged.replace(parent.as_fd(), name)?,
            renamed => renamed?,
        }
        // All of it has to be on the disk, the directories above as well, before anybody takes the
        // original away.
        copy::sync_tree(staged.dir.as_fd())
            .inspect_err(|_| staged.withdraw(parent.as_fd(), name))?;
        // Who owns a directory above may have moved it, or the copy. That is whole, wherever it is.
        self.is_there(to, &staged.copy)
    }

    pub(super) fn drop_staged(&mut self, to: &HostPath) -> io::Result<()> {
        let Some(staged) = self.staged.take_if(|staged| staged.to == *to) else { return Ok(()) };
        // What else got in there when the copy was taken back is not this program's.
        let is_strange = node::pin(&staged.dir, OsStr::new(COPY)).is_ok()
            && !node::is_at(&staged.dir, OsStr::new(COPY), &staged.copy);
        let thrown =
            if is_strange { Err(strange()) } else { throw_away(&staged.above, &staged.dir) };
        thrown.inspect_err(|_| self.staged = Some(staged))
    }
}

impl Staged {
    /// Puts the copy where something lies already, if that is empty and of the same kind.
    fn replace(&self, parent: BorrowedFd, name: &OsStr) -> io::Result<()> {
        let there = node::pin(parent, name)?;
        let kind = |held: &OwnedFd| node::stat(held).map(|stat| node::kind(&stat));
        match (kind(&self.copy)?, kind(&there)?) {
            // Over a directory that is not empty, or that is no directory by now, the kernel renames
            // no directory.
            (FileType::Directory, FileType::Directory) => {
                match rustix::fs::renameat(&self.dir, COPY, parent, name) {
                    Err(Errno::EXIST) => Err(Errno::NOTEMPTY.into()),
                    renamed => Ok(renamed?),
                }
            }
            (FileType::RegularFile, FileType::RegularFile) => {
                self.replace_file(parent, name, &there)
            }
            _ => Err(Errno::EXIST.into()),
        }
    }

    /// No call replaces a file only if it is empty. So the two are swapped, and what was swapped out is
    /// removed only if it is still that empty file. They are swapped beside each other: whatever lies
    /// in the staging directory after a kill is thrown away, and this may have become somebody's data.
    fn replace_file(&self, parent: BorrowedFd, name: &OsStr, there: &OwnedFd) -> io::Result<()> {
        node::holds_nothing(there)?;
        let beside =
            under_free_name(|free| node::rename_new(&self.dir, OsStr::new(COPY), parent, free))?;
        if let Err(errno) = node::exchange(parent, &beside, name) {
            self.withdraw(parent, &beside);
            return Err(errno.into());
        }
        if !node::is_at(parent, &beside, there) || node::holds_nothing(there).is_err() {
            return Err(self.swap_back(parent, name, &beside));
        }
        if let Err(errno) = rustix::fs::unlinkat(parent, &beside, AtFlags::empty()) {
            let beside = crate::path::escape(beside.as_encoded_bytes());
            tracing::warn!("cannot remove the empty file {beside} beside {}: {errno}", self.to);
        }
        Ok(())
    }

    /// Puts data that was swapped out by mistake at its name again. Where something newer than the copy
    /// lies there by now, both stay, and the error says where.
    fn swap_back(&self, parent: BorrowedFd, name: &OsStr, beside: &OsStr) -> io::Error {
        let is_ours = node::is_at(parent, name, &self.copy);
        if is_ours && node::exchange(parent, beside, name).is_ok() {
            self.withdraw(parent, beside);
            return Errno::NOTEMPTY.into();
        }
        let beside = crate::path::escape(beside.as_encoded_bytes());
        io::Error::other(format!("what was written there meanwhile lies beside it as {beside}"))
    }

    /// Takes the copy back into the staging directory, if it lies at `name`. Nothing else may come in
    /// there, and what did is put out again.
    fn withdraw(&self, parent: BorrowedFd, name: &OsStr) {
        let staged = OsStr::new(COPY);
        let back = || {
            if !node::is_at(parent, name, &self.copy) {
                return Err(strange());
            }
            node::rename_new(parent, name, &self.dir, staged)?;
            if node::is_at(&self.dir, staged, &self.copy) {
                return Ok(());
            }
            // To its name, or, if that is taken again, to one that no program uses: whatever stays in
            // the staging directory is thrown away by the next run.
            if node::rename_new(&self.dir, staged, parent, name).is_err() {
                under_free_name(|free| node::rename_new(&self.dir, staged, parent, free))?;
            }
            Err(strange())
        };
        if let Err(cause) = back() {
            tracing::warn!("cannot take back the copy for {}: {cause}", self.to);
        }
    }

    /// What is left to be done once the copy lies in its place for good. None of it is worth an error:
    /// the data is safe, and an immutable directory could not have been renamed earlier.
    fn finish(&self) {
        if let Err(errno) = rustix::fs::unlinkat(&self.above, STAGING, AtFlags::REMOVEDIR) {
            tracing::warn!("cannot remove the empty directory {STAGING} for {}: {errno}", self.to);
        }
        let finished = copy::finish_flags(self.from.as_fd(), self.copy.as_fd())
            .and_then(|()| node::reopen(self.copy.as_fd()))
            .and_then(|copy| Ok(rustix::fs::fsync(copy)?));
        if let Err(cause) = finished {
            tracing::warn!("cannot give {} its file flags: {cause}", self.to);
        }
    }
}

fn write_new(dir: BorrowedFd, content: &[u8], meta: Meta) -> io::Result<()> {
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::openat(dir, COPY, flags, Mode::RUSR | Mode::WUSR)?);
    acl::strip(file.as_fd())?;
    node::own(file.as_fd(), meta)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Makes the staging directory, which is called `path` in errors. What a killed run left is thrown
/// away where only root can have put it there.
fn staging_dir(above: &OwnedFd, path: &HostPath) -> io::Result<OwnedFd> {
    let new = || rustix::fs::mkdirat(above, STAGING, Mode::RWXU);
    match new() {
        Err(Errno::EXIST) if !is_only_ours(above)? => {
            return Err(io::Error::other(format!(
                "{path} is left from an interrupted adopt; remove it and try again"
            )));
        }
        Err(Errno::EXIST) => {
            copy::discard_tree(above.as_fd(), OsStr::new(STAGING))?;
            new()?;
        }
        made => made?,
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_XDEV | ResolveFlags::NO_SYMLINKS;
    let dir = rustix::fs::openat2(above, STAGING, flags, Mode::empty(), resolve)?;
    if is_private(&dir)? && node::is_empty_dir(&dir)? { Ok(dir) } else { Err(strange()) }
}

/// Throws away the copy and its staging directory.
fn throw_away(above: &OwnedFd, dir: &OwnedFd) -> io::Result<()> {
    copy::discard_tree(dir.as_fd(), OsStr::new(COPY))?;
    Ok(rustix::fs::unlinkat(above, STAGING, AtFlags::REMOVEDIR)?)
}

/// Whether nobody but this user can put something into a directory.
fn is_only_ours(dir: &OwnedFd) -> rustix::io::Result<bool> {
    let meta = node::meta(&node::stat(dir)?);
    // An ACL that lets somebody else write shows in the group's bits.
    Ok(meta.uid == geteuid().as_raw() && meta.mode & 0o022 == 0)
}

/// What a rename cannot leave: the file system, one of btrfs's subvolumes on it, the mount.
fn file_system(dir: &OwnedFd) -> rustix::io::Result<(u32, u32, u64)> {
    let stat = node::stat(dir)?;
    Ok((stat.stx_dev_major, stat.stx_dev_minor, stat.stx_mnt_id))
}
