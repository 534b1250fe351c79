//! The bytes of a regular file: cloned where the file system can, else copied without its holes.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::SeekFrom;
use rustix::io::Errno;

use super::Fault;

/// How much is copied at once: often enough to tell how far it has come.
const CHUNK: u64 = 16 * 1024 * 1024;

/// How much is read at once where the kernel cannot copy by itself.
const BUFFER: usize = 256 * 1024;

/// Copies content, and remembers what this pair of file systems cannot do.
#[derive(Debug, Default)]
pub(super) struct Contents {
    cannot_clone: AtomicBool,
    cannot_copy: AtomicBool,
}

impl Contents {
    /// Copies the first `size` bytes of `from` to the empty file `to`, and tells `told` how many at a
    /// time.
    pub(super) fn copy(
        &self,
        from: BorrowedFd,
        to: BorrowedFd,
        size: u64,
        told: &dyn Fn(u64),
    ) -> Result<(), Fault> {
        if size == 0 {
            return Ok(());
        }
        if self.clone_all(from, to) {
            told(size);
            return Ok(());
        }
        let mut done = 0;
        while let Some(start) = next_data(from, done, size).map_err(Fault::reading)? {
            let end = next_hole(from, start, size).map_err(Fault::reading)?;
            if end <= start {
                return Err(Fault::changed());
            }
            self.segment(from, to, start, end, told)?;
            done = end;
        }
        if done < size {
            rustix::fs::ftruncate(to, size).map_err(Fault::copying)?;
        }
        Ok(())
    }

    /// Lets both files share their blocks. That it cannot be done is no error: there are other ways.
    fn clone_all(&self, from: BorrowedFd, to: BorrowedFd) -> bool {
        if self.cannot_clone.load(Ordering::Relaxed) {
            return false;
        }
        match rustix::fs::ioctl_ficlone(to, from) {
            Ok(()) => true,
            Err(errno) => {
                if matches!(errno, Errno::OPNOTSUPP | Errno::NOTTY | Errno::XDEV | Errno::NOSYS) {
                    self.cannot_clone.store(true, Ordering::Relaxed);
                }
                false
            }
        }
    }

    fn segment(
        &self,
        from: BorrowedFd,
        to: BorrowedFd,
        start: u64,
        end: u64,
        told: &dyn Fn(u64),
    ) -> Result<(), Fault> {
        let mut at = start;
        let mut buffer = Vec::new();
        while at < end {
            let wanted = (end - at).min(CHUNK);
            let copied = match self.in_kernel(from, to, at, wanted)? {
                0 => by_hand(from, to, at, wanted, &mut buffer)?,
                copied => copied,
            };
            told(copied);
            at += copied;
        }
        Ok(())
    }

    /// Returns how much the kernel has copied; 0 when it cannot.
    fn in_kernel(
        &self,
        from: BorrowedFd,
        to: BorrowedFd,
        at: u64,
        wanted: u64,
    ) -> Result<u64, Fault> {
        if self.cannot_copy.load(Ordering::Relaxed) {
            return Ok(0);
        }
        let (mut read, mut written) = (at, at);
        let length = usize::try_from(wanted).unwrap_or(BUFFER);
        let copied =
            rustix::fs::copy_file_range(from, Some(&mut read), to, Some(&mut written), length);
        match copied {
            Ok(copied) => Ok(copied as u64),
            Err(Errno::INTR) => self.in_kernel(from, to, at, wanted),
            Err(Errno::XDEV | Errno::NOSYS | Errno::OPNOTSUPP) => {
                self.cannot_copy.store(true, Ordering::Relaxed);
                Ok(0)
            }
            Err(Errno::INVAL | Errno::TXTBSY) => Ok(0),
            Err(errno) => Err(Fault::copying(errno)),
        }
    }
}

/// Reads once and writes that; returns how much it was.
fn by_hand(
    from: BorrowedFd,
    to: BorrowedFd,
    at: u64,
    wanted: u64,
    buffer: &mut Vec<u8>,
) -> Result<u64, Fault> {
    buffer.resize(BUFFER, 0);
    let wanted = usize::try_from(wanted).unwrap_or(BUFFER).min(BUFFER);
    let room = buffer.get_mut(..wanted).unwrap_or_default();
    let read = read_at(from, room, at).map_err(Fault::reading)?;
    if read == 0 {
        return Err(Fault::changed());
    }
    let mut rest = buffer.get(..read).unwrap_or_default();
    let mut place = at;
    while !rest.is_empty() {
        match rustix::io::pwrite(to, rest, place) {
            Ok(written) => {
                rest = rest.get(written..).unwrap_or_default();
                place += written as u64;
            }
            Err(Errno::INTR) => {}
            Err(errno) => return Err(Fault::copying(errno)),
        }
    }
    Ok(read as u64)
}

/// Fills `room` from there as far as the file goes, and returns how far.
pub(super) fn read_at(from: BorrowedFd, room: &mut [u8], at: u64) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = room.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match rustix::io::pread(from, rest, at + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(filled)
}

/// Where the next data is at or behind `at`; nothing when only a hole is left until `size`.
pub(super) fn next_data(file: BorrowedFd, at: u64, size: u64) -> io::Result<Option<u64>> {
    if at >= size {
        return Ok(None);
    }
    match rustix::fs::seek(file, SeekFrom::Data(at)) {
        Ok(data) => Ok(Some(data).filter(|&data| data < size)),
        Err(Errno::NXIO) => Ok(None),
        // A file system that knows no holes.
        Err(Errno::INVAL | Errno::OPNOTSUPP) => Ok(Some(at)),
        Err(errno) => Err(errno.into()),
    }
}

/// Where the data that begins at `start` ends.
///
/// Some versions of ZFS have taken data that was written just now for a hole (openzfs/zfs#15526): what
/// is copied is written out before.
fn next_hole(file: BorrowedFd, start: u64, size: u64) -> io::Result<u64> {
    match rustix::fs::seek(file, SeekFrom::Hole(start)) {
        Ok(hole) => Ok(hole.min(size)),
        // It has become shorter.
        Err(Errno::NXIO) => Ok(start),
        Err(Errno::INVAL | Errno::OPNOTSUPP) => Ok(size),
        Err(errno) => Err(errno.into()),
    }
}
