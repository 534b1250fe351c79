//! File flags, as chattr(1) sets them.

use std::io;
use std::os::fd::BorrowedFd;

use rustix::fs::IFlags;
use rustix::io::Errno;

/// The flags that are taken along and compared.
pub(super) const KEPT: IFlags = IFlags::IMMUTABLE
    .union(IFlags::APPEND)
    .union(IFlags::NODUMP)
    .union(IFlags::NOATIME)
    .union(IFlags::SYNC)
    .union(IFlags::DIRSYNC);

/// The flags that stop even root from changing or removing something.
pub(super) const LOCKS: IFlags = IFlags::IMMUTABLE.union(IFlags::APPEND);

/// Of [`KEPT`], what every file system holds that has flags at all; ZFS and tmpfs hold no more.
const COMMON: IFlags = IFlags::IMMUTABLE.union(IFlags::APPEND).union(IFlags::NODUMP);

/// What ext2 to ext4, btrfs, XFS and F2FS call themselves.
const WITH_ALL: [u64; 4] = [0xef53, 0x9123_683e, 0x5846_5342, 0xf2f5_2010];

/// Returns all flags of a directory or regular file; none where there are none.
pub(super) fn of(file: BorrowedFd) -> io::Result<IFlags> {
    Ok(read(file)?.unwrap_or(IFlags::empty()))
}

fn read(file: BorrowedFd) -> io::Result<Option<IFlags>> {
    match rustix::fs::ioctl_getflags(file) {
        Ok(flags) => Ok(Some(flags)),
        Err(Errno::NOTTY | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

/// Gives `file` of [`KEPT`] exactly the flags `wanted`, and returns those that it cannot have.
pub(super) fn set(file: BorrowedFd, wanted: IFlags) -> io::Result<IFlags> {
    let Some(now) = read(file)? else { return Ok(wanted) };
    // What is there already may come from the directory above.
    let all = (now - KEPT) | wanted;
    if all == now || write(file, all)? {
        return Ok(IFlags::empty());
    }
    // Together they are refused when one is. Locks last: they would stop the others.
    let mut unset = IFlags::empty();
    let mut so_far = now;
    for flag in (KEPT - LOCKS).iter().chain(LOCKS.iter()) {
        let next = (so_far - flag) | (wanted & flag);
        if next == so_far || write(file, next)? {
            so_far = next;
        } else {
            unset |= wanted & flag;
        }
    }
    Ok(unset)
}

/// Takes away what would stop `file` from being removed.
pub(super) fn unlock(file: BorrowedFd) -> io::Result<()> {
    let now = of(file)?;
    if now.intersects(LOCKS) {
        rustix::fs::ioctl_setflags(file, now - LOCKS)?;
    }
    Ok(())
}

/// Returns whether the file system took the flags and this process may set them.
fn write(file: BorrowedFd, flags: IFlags) -> io::Result<bool> {
    match rustix::fs::ioctl_setflags(file, flags) {
        Ok(()) => Ok(true),
        Err(
            Errno::NOTTY
            | Errno::OPNOTSUPP
            | Errno::NOSYS
            | Errno::INVAL
            | Errno::PERM
            | Errno::ACCESS,
        ) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

/// Whether `one` and `other` have the same flags, of those in `mask` that `other` can hold.
pub(in crate::sys) fn are_equal(
    one: BorrowedFd,
    other: BorrowedFd,
    mask: IFlags,
) -> io::Result<bool> {
    let (Some(flags), Some(others)) = (read(one)?, read(other)?) else { return Ok(true) };
    let different = (flags ^ others) & KEPT & mask;
    if different.is_empty() {
        return Ok(true);
    }
    let kind = u64::try_from(rustix::fs::fstatfs(other)?.f_type).unwrap_or(0);
    let held = if WITH_ALL.contains(&kind) { KEPT } else { COMMON };
    Ok((different & held).is_empty())
}

/// The words of chattr(1) for [`KEPT`].
pub(super) fn words(flags: IFlags) -> String {
    let words = [
        (IFlags::IMMUTABLE, "immutable"),
        (IFlags::APPEND, "append only"),
        (IFlags::NODUMP, "no dump"),
        (IFlags::NOATIME, "no atime"),
        (IFlags::SYNC, "sync"),
        (IFlags::DIRSYNC, "sync of directories"),
    ];
    let named: Vec<&str> =
        words.iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, word)| *word).collect();
    named.join(", ")
}
