//! Whether two files of one type are the same: content first, then owner, mode and the rest.
//!
//! A time of writing alone is no change: nothing would be lost with it. Nor is another inode with the
//! same content, be it a name of a file that has several.

use std::ffi::CStr;
use std::io;

use crate::loss::{ChangeKind, FileType};
use crate::sys::tree::{Dir, Held, Stat, aspect};

/// How much of a file is compared at once.
const CHUNK: usize = 64 * 1024;

/// Room for a piece of two files; used again for every pair.
#[derive(Debug, Default)]
pub(super) struct Pieces(Vec<u8>, Vec<u8>);

/// One side of a pair: the directory that it is in, and what was told of it.
pub(super) type Side<'s> = (&'s Dir, &'s Stat);

/// Returns how what lies at `name` now differs from what lies there in the blank, which has the same
/// type and is no directory.
pub(super) fn compare(
    name: &CStr,
    now: Side,
    blank: Side,
    pieces: &mut Pieces,
) -> io::Result<Option<ChangeKind>> {
    if now.1.is_unchanged_since(blank.1) {
        return Ok(None);
    }
    let file_type = now.1.file_type()?;
    if file_type == FileType::Regular && now.1.node()?.size != blank.1.node()?.size {
        return Ok(Some(ChangeKind::Modified));
    }
    let (now, blank) = (now.0.hold(name, now.1)?, blank.0.hold(name, blank.1)?);
    let is_same = match file_type {
        FileType::Regular => is_same_content(&now, &blank, pieces)?,
        FileType::Symlink => now.text()? == blank.text()?,
        FileType::BlockDevice | FileType::CharacterDevice => now.stat.has_device_of(&blank.stat),
        FileType::Directory | FileType::Fifo | FileType::Socket => true,
    };
    let kind = if is_same { metadata(&now, &blank)? } else { Some(ChangeKind::Modified) };
    // What was read of it may never have stood there together.
    let is_certain = kind.is_some() || now.is_untouched()?;
    Ok(if is_certain { kind } else { Some(ChangeKind::Modified) })
}

/// Returns how two files of one type differ beside their content.
pub(super) fn metadata(now: &Held, blank: &Held) -> io::Result<Option<ChangeKind>> {
    Ok(aspect(now, blank)?.map(ChangeKind::Metadata))
}

fn is_same_content(now: &Held, blank: &Held, pieces: &mut Pieces) -> io::Result<bool> {
    let Pieces(first, second) = pieces;
    first.resize(CHUNK, 0);
    second.resize(CHUNK, 0);
    // Where both end is known, so that most files are read with one call each.
    let size = |held: &Held| held.stat.node().map(|node| node.size);
    let now = (|buffer: &mut [u8], at| now.read_at(buffer, at), size(now)?);
    let blank = (|buffer: &mut [u8], at| blank.read_at(buffer, at), size(blank)?);
    is_same_stream(now, blank, first, second)
}

/// Reads a piece from a place on.
type Read<R> = (R, u64);

/// Reads both to the first difference, or to the end.
fn is_same_stream<A, B>(
    mut a: Read<A>,
    mut b: Read<B>,
    first: &mut [u8],
    second: &mut [u8],
) -> io::Result<bool>
where
    A: FnMut(&mut [u8], u64) -> io::Result<usize>,
    B: FnMut(&mut [u8], u64) -> io::Result<usize>,
{
    if a.1 != b.1 {
        return Ok(false);
    }
    let mut at = 0;
    while at < a.1 {
        // Not beyond the end, which would be one more call for each.
        let length = usize::try_from(a.1 - at).unwrap_or(CHUNK).min(CHUNK);
        let (Some(first), Some(second)) = (first.get_mut(..length), second.get_mut(..length))
        else {
            return Ok(false);
        };
        let one = read_full(&mut a.0, first, at)?;
        let other = read_full(&mut b.0, second, at)?;
        // One that has become shorter meanwhile differs.
        if one != other || one.is_empty() {
            return Ok(false);
        }
        at += one.len() as u64;
    }
    Ok(at == a.1)
}

/// Fills the buffer as far as the file reaches: a read may return less than there is.
fn read_full<'b>(
    read: &mut impl FnMut(&mut [u8], u64) -> io::Result<usize>,
    buffer: &'b mut [u8],
    at: u64,
) -> io::Result<&'b [u8]> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match read(rest, at + filled as u64) {
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

    /// Gives at most `step` bytes at a time.
    fn stream(
        content: &[u8],
        step: usize,
    ) -> Read<impl FnMut(&mut [u8], u64) -> io::Result<usize>> {
        let read = move |buffer: &mut [u8], at: u64| {
            let rest = &content[usize::try_from(at).unwrap().min(content.len())..];
            let count = rest.len().min(buffer.len()).min(step);
            buffer[..count].copy_from_slice(&rest[..count]);
            Ok(count)
        };
        (read, content.len() as u64)
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
        let (mut first, mut second) = (vec![0; CHUNK], vec![0; CHUNK]);
        for (a, b, same) in table {
            for (step_a, step_b) in [(CHUNK, 1), (1, CHUNK)] {
                let (a, b) = (stream(a, step_a), stream(b, step_b));
                assert_eq!(is_same_stream(a, b, &mut first, &mut second).unwrap(), same);
            }
        }
    }

    #[test]
    fn a_file_that_ends_early_is_not_the_same() {
        let (mut first, mut second) = (vec![0; CHUNK], vec![0; CHUNK]);
        let (short, _) = stream(b"ab", CHUNK);
        let (other, _) = stream(b"ab", CHUNK);
        assert!(!is_same_stream((short, 5), (other, 5), &mut first, &mut second).unwrap());
    }
}
