//! Whether two files of one type are the same: content first, then owner and mode.
//!
//! A time of writing alone is no change: nothing would be lost with it.

use std::ffi::CStr;
use std::io::{self, Read};

use super::{ChangeKind, FileType};
use crate::sys::tree::{Dir, Stat};

/// Which of the two trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Root,
    Blank,
}

/// Returns how what lies at `name` now differs from what lies there in the blank, which has the same
/// type.
pub(super) fn compare(
    name: &CStr,
    now: (&Dir, &Stat),
    blank: (&Dir, &Stat),
) -> io::Result<Option<ChangeKind>> {
    let file_type = now.1.file_type()?;
    if file_type != FileType::Directory && now.1.is_unchanged_since(blank.1) {
        return Ok(None);
    }
    let is_same = match file_type {
        FileType::Regular => is_same_content(name, now, blank)?,
        FileType::Symlink => now.0.read_link(name)? == blank.0.read_link(name)?,
        FileType::BlockDevice | FileType::CharacterDevice => now.1.has_device_of(blank.1),
        FileType::Directory | FileType::Fifo | FileType::Socket => true,
    };
    let is_same_metadata = now.1.has_metadata_of(blank.1);
    Ok(match (is_same, is_same_metadata) {
        (false, _) => Some(ChangeKind::Modified),
        (true, false) => Some(ChangeKind::Metadata),
        (true, true) => None,
    })
}

fn is_same_content(name: &CStr, now: (&Dir, &Stat), blank: (&Dir, &Stat)) -> io::Result<bool> {
    let size = now.1.node()?.size;
    if size != blank.1.node()?.size {
        return Ok(false);
    }
    if size == 0 {
        return Ok(true);
    }
    is_same_stream(now.0.open_file(name)?, blank.0.open_file(name)?)
}

/// Reads both to the first difference, or to the end.
fn is_same_stream(mut a: impl Read, mut b: impl Read) -> io::Result<bool> {
    let mut buffers = (vec![0; CHUNK], vec![0; CHUNK]);
    loop {
        let from_a = read_full(&mut a, &mut buffers.0)?;
        let from_b = read_full(&mut b, &mut buffers.1)?;
        if from_a != from_b {
            return Ok(false);
        }
        if from_a.is_empty() {
            return Ok(true);
        }
    }
}

/// How much of a file is compared at once.
const CHUNK: usize = 64 * 1024;

/// Fills the buffer as far as the stream reaches: a read may return less than there is.
fn read_full<'b>(stream: &mut impl Read, buffer: &'b mut [u8]) -> io::Result<&'b [u8]> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match stream.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(buffer.get(..filled).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(buffer.len()).min(1);
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    #[test]
    fn streams_are_compared_by_their_bytes_and_not_by_how_they_come() {
        let long = vec![7; CHUNK + 3];
        let mut other = long.clone();
        *other.last_mut().unwrap() = 8;
        let table: [(&[u8], &[u8], bool); 6] = [
            (b"", b"", true),
            (b"a", b"a", true),
            (b"a", b"b", false),
            (b"a", b"ab", false),
            (&long, &long, true),
            (&long, &other, false),
        ];
        for (a, b, same) in table {
            assert_eq!(is_same_stream(a, Slow(b)).unwrap(), same);
            assert_eq!(is_same_stream(Slow(b), a).unwrap(), same);
        }
    }
}
