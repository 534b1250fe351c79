//! Copying a tree so that nothing of it is missing, and proving that: content, names, types, owners,
//! modes, times, extended attributes, ACLs, file flags, hard links and holes.
//!
//! In: the top of a tree that may belong to a hostile user, who renames and swaps what is in it all
//! the while. Out: a copy in a directory that only root can enter, or an error that names the path.
//! Every name is opened relative to the directory that holds it, never through a symlink and never
//! onto another mount; what was opened is looked at once more before it is trusted. Nothing in the
//! original is ever changed, not even a time of access where the kernel allows it.

pub(super) mod attributes;
mod compare;
mod content;
mod descent;
mod discard;
mod file;
pub(super) mod flags;
mod ladder;
mod links;
mod listing;
mod node;
mod privilege;
mod same;
mod share;
mod special;
mod tally;
mod time;
mod walk;

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::thread;

use rustix::fs::{IFlags, Mode, OFlags};
use rustix::io::Errno;

use super::{Care, Copied, Difference, Progress, SysError, Watch};
use crate::path::HostPath;

/// What went wrong with a node. The walk that handles it knows its path.
#[derive(Debug)]
struct Fault {
    doing: &'static str,
    cause: io::Error,
}

impl Fault {
    fn reading(cause: impl Into<io::Error>) -> Self {
        Self { doing: "read", cause: cause.into() }
    }

    fn copying(cause: impl Into<io::Error>) -> Self {
        Self { doing: "copy", cause: cause.into() }
    }

    fn changed() -> Self {
        Self::copying(io::Error::other("it changed while it was copied"))
    }

    /// What was copied just now differs.
    fn differs(what: &str) -> Self {
        match what {
            "presence" | "type" => Self::changed(),
            _ => {
                let text =
                    format!("it changed while it was copied, or its {what} cannot be kept there");
                Self::copying(io::Error::other(text))
            }
        }
    }

    fn at(self, path: HostPath) -> SysError {
        SysError { doing: self.doing, path, cause: self.cause }
    }
}

/// Copies the directory or regular file `from`, which is called `from_path` in errors, to the new name
/// `name` in the directory `into`, which nobody but root may be able to enter. The flags of the topmost
/// one are left out, since an immutable directory cannot be renamed: see [`finish_flags`].
///
/// # Errors
/// Something could not be read, written or kept, changed meanwhile, or is mounted in the tree. What was
/// copied until then is left for [`discard_tree`].
pub fn copy_tree(
    from: BorrowedFd<'_>,
    from_path: &HostPath,
    into: BorrowedFd<'_>,
    name: &OsStr,
    watch: Watch<'_>,
) -> Result<Copied, SysError> {
    walk::copy(from, from_path, into, name, watch).map(|(copied, _)| copied)
}

/// Copies as [`copy_tree`], writes the copy out to the disk and compares it with the original.
///
/// # Errors
/// As [`copy_tree`]; or it could not be written out, or the two differ. What was copied is left for
/// [`discard_tree`].
pub fn copy_verified(
    from: BorrowedFd<'_>,
    from_path: &HostPath,
    into: BorrowedFd<'_>,
    name: &OsStr,
    watch: Watch<'_>,
) -> Result<Copied, SysError> {
    let failed = |doing| move |cause| SysError { doing, path: from_path.clone(), cause };
    // Where the holes are is known for certain only of what lies on the disk.
    match sync_tree(from) {
        Err(cause) if cause.kind() != io::ErrorKind::NotADirectory => {
            return Err(failed("write out")(cause));
        }
        Ok(()) | Err(_) => {}
    }
    let (copied, unset) = walk::copy(from, from_path, into, name, watch)?;
    let copy = node::pin_own(into, name).map_err(failed("read the copy of"))?;
    let mask = IFlags::all() - unset;
    let differs = |care| compare::compare(from, from_path, copy.as_fd(), mask, care);
    // The disk is busy with writing while the processors compare what still lies in memory.
    let (synced, compared) = thread::scope(|scope| {
        let sync = move || sync_tree(into);
        let disk = thread::Builder::new().spawn_scoped(scope, sync);
        let compared = differs(Care::EveryByte);
        let synced = match disk {
            Ok(disk) => disk.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => sync_tree(into),
        };
        (synced, compared)
    });
    let difference = compared?;
    synced.map_err(failed("write out the copy of"))?;
    if let Some(Difference { path, what }) = difference {
        return Err(Fault::differs(what).at(path));
    }
    // That took its time, and who wrote to what was compared early on was not noticed.
    match differs(Care::Stamps)? {
        Some(Difference { path, .. }) => Err(Fault::changed().at(path)),
        None => Ok(copied),
    }
}

/// Writes everything on the file system of the directory `at` out to the disk.
///
/// # Errors
/// Some of it could not be written, now or since the directory was opened.
pub fn sync_tree(at: BorrowedFd<'_>) -> io::Result<()> {
    match rustix::fs::syncfs(at) {
        // A descriptor that is only a place is no open file.
        Err(Errno::BADF) => {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            Ok(rustix::fs::syncfs(rustix::fs::openat(at, c".", flags, Mode::empty())?)?)
        }
        synced => Ok(synced?),
    }
}

/// Returns the first difference between the trees `one`, which is called `one_path`, and `other`: all
/// that [`copy_tree`] takes along is compared, but no times of access. Neither sockets count nor the flags
/// of the topmost ones, nor which files are hard links of each other. What [`copy_tree`] takes from a
/// set-user-ID file out of caution may be missing in `other`, and a time that its file system cannot hold
/// may be the nearest that it can. With [`Care::Stamps`] content is compared byte for byte only where the
/// times cannot tell.
///
/// # Errors
/// Something could not be read, or is mounted in one of the trees.
pub fn compare_trees(
    one: BorrowedFd<'_>,
    one_path: &HostPath,
    other: BorrowedFd<'_>,
    care: Care,
) -> Result<Option<Difference>, SysError> {
    compare::compare(one, one_path, other, IFlags::all(), care)
}

/// Removes the tree `name` in the directory `at`, and what makes it immutable first. Fine when nothing
/// lies there. What is mounted in it stays, and is an error.
///
/// # Errors
/// Some of it is still there.
pub fn discard_tree(at: BorrowedFd<'_>, name: &OsStr) -> io::Result<()> {
    discard::discard(at, name)
}

/// Gives the topmost directory or file of a copy the file flags of its original. Flags that its file
/// system cannot hold, or that this process may not set, are left out.
///
/// # Errors
/// They could not be read or written.
pub fn finish_flags(from: BorrowedFd<'_>, copy: BorrowedFd<'_>) -> io::Result<()> {
    let from = flags::of(node::reopen(from)?.as_fd())?;
    let copy = node::reopen(copy)?;
    let unset = flags::set(copy.as_fd(), from & flags::KEPT)?;
    if !unset.is_empty() {
        tracing::warn!(
            "file flags that cannot be held there are left out: {}",
            flags::words(unset)
        );
    }
    Ok(())
}
