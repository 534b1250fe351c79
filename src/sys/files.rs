//! Reads small files of a host: unit files, rules, link texts.
//!
//! In: a path as the host sees it. Out: bytes, names, types. No path leads out of the root: either
//! symlinks are followed as if the root were `/`, or none is followed at all. Nothing here changes
//! anything, waits for somebody or wakes a device.

#[cfg(test)]
mod tests;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags, StatxFlags};
use rustix::io::Errno;

use super::Meta;
use super::memory::lies_in_memory;
use super::tree::{Dir, ListBuffer, Stat, Tree};
use crate::loss::FileType;
use crate::path::HostPath;

/// The most that is read of one file, in bytes. Unit files and rules have a few thousand.
const LIMIT: usize = 4 << 20;

/// What survives whatever is erased.
const STORE: &str = "/nix/store";

/// How often a path is tried again whose directories were renamed meanwhile.
const TRIES: usize = 16;

/// The files of a host, all below one directory.
#[derive(Debug)]
pub struct Files {
    top: OwnedFd,
    resolve: ResolveFlags,
    /// What the kernel says of a path that leads to where nothing is to be seen.
    absent: &'static [Errno],
}

impl Files {
    /// The host below `root` as its programs see it: with all mounts, and symlinks lead where they
    /// would if `root` were `/`.
    ///
    /// # Errors
    /// `root` is missing, is no directory, or cannot be opened.
    pub fn of_host(root: &Path) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let top = rustix::fs::open(root, flags, Mode::empty())?;
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        Ok(Self { top, resolve, absent: &[Errno::NOENT, Errno::NOTDIR] })
    }

    /// What lies on the root itself. Behind a symlink and on what is mounted nothing is seen.
    ///
    /// # Errors
    /// There are too many open files.
    pub fn on(tree: &Tree) -> io::Result<Self> {
        let top = tree.top.0.try_clone()?;
        let resolve = ResolveFlags::BENEATH
            | ResolveFlags::NO_SYMLINKS
            | ResolveFlags::NO_MAGICLINKS
            | ResolveFlags::NO_XDEV;
        let absent = &[Errno::NOENT, Errno::NOTDIR, Errno::LOOP, Errno::XDEV];
        Ok(Self { top, resolve, absent })
    }

    /// Returns the content of a regular file; none where nothing lies there, or something else.
    ///
    /// # Errors
    /// It cannot be read, or has more than 4 MiB.
    pub fn read(&self, path: &HostPath) -> io::Result<Option<Vec<u8>>> {
        // Opening a device can do something, so it is looked at before.
        let Some(seen) = self.open(path, OFlags::PATH)? else { return Ok(None) };
        if stat(&seen)?.file_type()? != FileType::Regular {
            return Ok(None);
        }
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let Some(opened) = self.open(path, flags)? else { return Ok(None) };
        if stat(&opened)?.file_type()? != FileType::Regular {
            return Ok(None);
        }
        let mut text = Vec::new();
        File::from(opened).take(LIMIT as u64 + 1).read_to_end(&mut text)?;
        if text.len() > LIMIT {
            return Err(io::Error::other("it is too big for what it should be"));
        }
        Ok(Some(text))
    }

    /// Returns the names in a directory in bytewise order; none where there is no directory.
    ///
    /// # Errors
    /// It cannot be read to its end.
    pub fn names(&self, path: &HostPath) -> io::Result<Vec<OsString>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let Some(opened) = self.open(path, flags)? else { return Ok(Vec::new()) };
        let mut names = Vec::new();
        let mut push = |name: &std::ffi::CStr| {
            names.push(OsStr::from_bytes(name.to_bytes()).to_owned());
        };
        Dir(opened).names(&mut ListBuffer::default(), &mut push)?;
        names.sort_unstable();
        Ok(names)
    }

    /// Returns the text of a symlink; none where nothing lies there, or something else.
    ///
    /// # Errors
    /// It cannot be told.
    pub fn link(&self, path: &HostPath) -> io::Result<Option<Vec<u8>>> {
        let Some(opened) = self.open(path, OFlags::PATH | OFlags::NOFOLLOW)? else {
            return Ok(None);
        };
        if stat(&opened)?.file_type()? != FileType::Symlink {
            return Ok(None);
        }
        Ok(Some(rustix::fs::readlinkat(&opened, c"", Vec::new())?.into_bytes()))
    }

    /// Returns the type, owner and mode of what lies at `path`, and of a symlink those of itself; none
    /// where nothing lies there.
    ///
    /// # Errors
    /// It cannot be told.
    pub fn look(&self, path: &HostPath) -> io::Result<Option<(FileType, Meta)>> {
        let Some(opened) = self.open(path, OFlags::PATH | OFlags::NOFOLLOW)? else {
            return Ok(None);
        };
        let stat = stat(&opened)?;
        let mode = u32::from(stat.0.stx_mode) & 0o7777;
        let meta = Meta { uid: stat.0.stx_uid, gid: stat.0.stx_gid, mode };
        Ok(Some((stat.file_type()?, meta)))
    }

    /// Whether that to which `path` leads is there after `root` was erased: it lies in the Nix store,
    /// or on another disk. What cannot be told does not last; nor does what is not there.
    ///
    /// # Errors
    /// It cannot be told.
    pub fn outlives(&self, path: &HostPath, root: &Files) -> io::Result<bool> {
        let Some(opened) = self.open(path, OFlags::PATH)? else { return Ok(false) };
        let place = shown_path(&opened)?;
        let below = place.strip_prefix(shown_path(&self.top)?).ok();
        if below.is_some_and(|below| Path::new("/").join(below).starts_with(STORE)) {
            return Ok(true);
        }
        let is_elsewhere =
            rustix::fs::fstat(&opened)?.st_dev != rustix::fs::fstat(&root.top)?.st_dev;
        Ok(is_elsewhere && !lies_in_memory(&opened)?)
    }

    fn open(&self, path: &HostPath, flags: OFlags) -> io::Result<Option<OwnedFd>> {
        let flags = flags | OFlags::CLOEXEC;
        for _ in 0..TRIES {
            let path = path.relative();
            match rustix::fs::openat2(&self.top, path, flags, Mode::empty(), self.resolve) {
                // Somebody renames directories: the kernel could not follow `..` for certain.
                Err(Errno::AGAIN) => {}
                Err(cause) if self.absent.contains(&cause) => return Ok(None),
                opened => return Ok(Some(opened?)),
            }
        }
        Err(Errno::AGAIN.into())
    }
}

/// What an open file is called now, as this process sees it.
fn shown_path(opened: &OwnedFd) -> io::Result<PathBuf> {
    let link = format!("/proc/self/fd/{}", opened.as_raw_fd());
    Ok(OsString::from_vec(rustix::fs::readlink(link, Vec::new())?.into_bytes()).into())
}

fn stat(opened: &OwnedFd) -> io::Result<Stat> {
    let flags = AtFlags::EMPTY_PATH;
    Ok(Stat(rustix::fs::statx(opened, c"", flags, StatxFlags::BASIC_STATS)?))
}
