//! Whether two nodes are the same in everything that a copy takes along.

use std::ffi::CString;
use std::io;
use std::os::fd::BorrowedFd;

use rustix::fs::{FileType, IFlags};

use super::attributes::{self, CAPABILITY, Reach};
use super::content::{next_data, read_at};
use super::node::Stat;
use super::time::Held;
use super::{flags, privilege};

/// In what two nodes differ, as it is told.
pub(super) type What = &'static str;

/// How much of two files is compared at once.
const BLOCK: usize = 128 * 1024;

/// Room for a piece of two files; used again for every pair.
#[derive(Debug, Default)]
pub(super) struct Blocks(Vec<u8>, Vec<u8>);

/// A node, held or open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side<'s> {
    pub(super) fd: BorrowedFd<'s>,
    pub(super) stat: Stat,
}

impl<'s> Side<'s> {
    pub(super) fn of(fd: BorrowedFd<'s>) -> io::Result<Self> {
        Ok(Self { fd, stat: Stat::of(fd)? })
    }

    /// Whether it is open, and not only held.
    fn is_open(&self) -> bool {
        matches!(self.stat.kind(), FileType::Directory | FileType::RegularFile)
    }

    fn reach(&self) -> Reach<'s> {
        if self.is_open() { Reach::Open(self.fd) } else { Reach::pinned(self.fd) }
    }
}

/// Whether the second of two files lacks, next to the first, what lets whoever starts it act as
/// somebody else. The caller knows whether that is as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Privilege {
    None,
    Kept,
    Lacking,
}

/// Compares everything but flags, content, privileges, which `privileges` compares, and the time of
/// modification, which `have_same_time` compares.
pub(super) fn difference(one: &Side, other: &Side) -> io::Result<Option<What>> {
    let (first, second) = (&one.stat, &other.stat);
    let kind = first.kind();
    let plain = |stat: &Stat| match kind {
        FileType::RegularFile => privilege::without(stat.mode()),
        // The mode of a symlink means nothing, and not every file system gives it the same.
        FileType::Symlink => 0,
        _ => stat.mode(),
    };
    Ok(if kind != second.kind() {
        Some("type")
    } else if first.owner() != second.owner() {
        Some("owner")
    } else if plain(first) != plain(second) {
        Some("mode")
    } else if !second_has(kind, first, second) {
        Some("device number")
    } else if kind == FileType::RegularFile && first.size() != second.size() {
        Some("content")
    } else if kind == FileType::Symlink && text(one)? != text(other)? {
        Some("text")
    } else if !attributes::are_equal(&one.reach(), &other.reach())? {
        Some("extended attributes")
    } else {
        None
    })
}

fn second_has(kind: FileType, first: &Stat, second: &Stat) -> bool {
    let is_device = matches!(kind, FileType::CharacterDevice | FileType::BlockDevice);
    !is_device || first.device() == second.device()
}

fn text(link: &Side) -> io::Result<CString> {
    Ok(rustix::fs::readlinkat(link.fd, c"", Vec::new())?)
}

/// Compares the times of modification, as far as the file system of the second can hold that of the first.
/// Comes last of all that is compared of two nodes: whoever has to choose between them is told more by
/// what was modified than by that it was.
pub(super) fn have_same_time(one: &Side, other: &Side) -> Result<(), What> {
    match one.stat.held_by(&other.stat) {
        Held::Exactly | Held::Cut | Held::Earliest | Held::Latest => Ok(()),
        Held::Not => Err("time of modification"),
    }
}

/// Compares what lets whoever starts a regular file act as somebody else.
pub(super) fn privileges(one: &Side, other: &Side) -> io::Result<Result<Privilege, What>> {
    let (mode, other_mode) = (one.stat.mode(), other.stat.mode());
    let capability = |side: &Side| Reach::Open(side.fd).value(CAPABILITY);
    let (first, second) = (capability(one)?, capability(other)?);
    let is_lacking = match (mode == other_mode, first == second) {
        (true, true) => false,
        (false, _) if other_mode != privilege::without(mode) => return Ok(Err("mode")),
        (_, false) if second.is_some() => return Ok(Err("extended attributes")),
        _ => true,
    };
    let is_privileged = privilege::has(mode) || first.is_some();
    Ok(Ok(match (is_privileged, is_lacking) {
        (_, true) => Privilege::Lacking,
        (true, false) => Privilege::Kept,
        (false, false) => Privilege::None,
    }))
}

/// Whether the file flags in `mask` are the same.
pub(super) fn have_same_flags(one: &Side, other: &Side, mask: IFlags) -> io::Result<bool> {
    Ok(!one.is_open() || flags::are_equal(one.fd, other.fd, mask)?)
}

/// Whether two files of the same size hold the same bytes. Where both have holes, nothing is read.
pub(super) fn have_same_bytes(one: &Side, other: &Side, blocks: &mut Blocks) -> io::Result<bool> {
    if one.stat.is_same_inode(&other.stat) {
        return Ok(true);
    }
    let size = one.stat.size();
    let Blocks(first, second) = blocks;
    first.resize(BLOCK, 0);
    second.resize(BLOCK, 0);
    let mut at = 0;
    loop {
        let data = [next_data(one.fd, at, size)?, next_data(other.fd, at, size)?];
        let Some(start) = data.into_iter().flatten().min() else { return Ok(true) };
        let length = usize::try_from(size - start).unwrap_or(BLOCK).min(BLOCK);
        let (Some(mine), Some(its)) = (first.get_mut(..length), second.get_mut(..length)) else {
            return Ok(false);
        };
        // Both in full: one that has become shorter meanwhile differs.
        let read = (read_at(one.fd, mine, start)?, read_at(other.fd, its, start)?);
        if read != (length, length) || mine != its {
            return Ok(false);
        }
        at = start + length as u64;
    }
}
