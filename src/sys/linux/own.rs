//! Finishing what an earlier run made, and taking it away: its owner and mode, its symlinks.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, OFlags};

use super::make::under_free_name;
use super::{LinuxSys, node, strange};
use crate::path::HostPath;
use crate::sys::{FileId, Meta};

impl LinuxSys {
    pub(super) fn hand_over(
        &self,
        path: &HostPath,
        id: FileId,
        from: Meta,
        to: Meta,
    ) -> io::Result<()> {
        let held = self.open(path, OFlags::PATH)?;
        // Whoever owns the directory above may have put something else of root's there.
        if node::id(&node::stat(&held)?) != id {
            return Err(strange());
        }
        is_as_made(&held, from)?;
        // From here on it is that very inode, whatever somebody puts at its name.
        let open = node::reopen(held.as_fd())?;
        is_as_made(&open, from)?;
        node::own(open.as_fd(), to).map_err(|errno| {
            // The owner may have changed already, and the mode could not.
            if let Err(cause) = node::own(open.as_fd(), from) {
                tracing::warn!("cannot give {path} back: {cause}");
            }
            errno.into()
        })
    }

    /// The symlink is moved to a name that no program uses before it is removed: a program that puts
    /// its own file at the path in the same instant does not lose it.
    pub(super) fn take_symlink(&self, path: &HostPath, to: &HostPath) -> io::Result<()> {
        let (parent, name) = self.open_parent(path)?;
        let held = node::pin(&parent, name)?;
        if !is_link_to(&held, to)? {
            return Err(strange());
        }
        let away = under_free_name(|free| node::rename_new(&parent, name, &parent, free))?;
        let moved = node::pin(&parent, &away);
        if !moved.is_ok_and(|moved| is_link_to(&moved, to).unwrap_or(false)) {
            return Err(give_back(&parent, &away, name));
        }
        if let Err(errno) = rustix::fs::unlinkat(&parent, &away, AtFlags::empty()) {
            let given_back = give_back(&parent, &away, name);
            return Err(io::Error::new(errno.kind(), format!("{errno}; {given_back}")));
        }
        Ok(())
    }
}

/// Puts what was moved away by mistake at its name again. Where that is taken by now it stays, whole,
/// and the error says where.
fn give_back(parent: &OwnedFd, away: &OsStr, name: &OsStr) -> io::Error {
    match node::rename_new(parent, away, parent, name) {
        Ok(()) => strange(),
        Err(cause) => {
            let away = crate::path::escape(away.as_encoded_bytes());
            io::Error::other(format!(
                "what lay there lies beside it as {away} and cannot be put back: {cause}"
            ))
        }
    }
}

/// Fails unless it is a directory or file with this owner and mode, as this program makes them: of a
/// file with a second name nobody knows what else it is.
fn is_as_made(held: &OwnedFd, meta: Meta) -> io::Result<()> {
    let stat = node::stat(held)?;
    let is_kind = match node::kind(&stat) {
        FileType::Directory => true,
        FileType::RegularFile => stat.stx_nlink == 1,
        _ => false,
    };
    if is_kind && node::meta(&stat) == meta { Ok(()) } else { Err(strange()) }
}

fn is_link_to(held: &OwnedFd, to: &HostPath) -> io::Result<bool> {
    if node::kind(&node::stat(held)?) != FileType::Symlink {
        return Ok(false);
    }
    Ok(rustix::fs::readlinkat(held, c"", Vec::new())?.as_bytes() == to.as_bytes())
}
