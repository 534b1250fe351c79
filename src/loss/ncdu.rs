//! The report for `ncdu -f`: nested arrays, format 1.2, written as the scan goes.
//!
//! It needs every path, in the order of the scan. What was removed is not there any more and has no
//! line. A directory that is only on the way to a line has no size of its own.

use std::io::{self, Write};

use super::report::{Summary, Writer};
use super::view::Line;
use super::{Change, ChangeKind, FileType};

/// Writes a report as ncdu reads it.
#[derive(Debug)]
pub struct Ncdu<W> {
    out: W,
    /// The directories that are open: what their paths have after the first slash, and its lengths.
    path: Vec<u8>,
    ends: Vec<usize>,
}

impl<W: Write> Ncdu<W> {
    /// Begins a report on the root `root`, a path as bytes, at `now` in seconds since 1970.
    ///
    /// # Errors
    /// It could not be written.
    pub fn begin(mut out: W, root: &[u8], now: i64) -> io::Result<Self> {
        let version = env!("CARGO_PKG_VERSION");
        write!(
            out,
            "[1,2,{{\"progname\":\"what-will-i-lose\",\"progver\":\"{version}\",\"timestamp\":{now}}},\n[{{\"name\":"
        )?;
        name(&mut out, root)?;
        write!(out, "}}")?;
        Ok(Self { out, path: Vec::new(), ends: Vec::new() })
    }

    /// Closes directories until the open ones lead to `path`, and opens those that are missing above
    /// its last component, which is returned.
    fn go_to<'p>(&mut self, path: &'p [u8]) -> io::Result<&'p [u8]> {
        while let Some(&end) = self.ends.last() {
            let open = self.path.get(..end).unwrap_or_default();
            let rest = path.strip_prefix(open);
            if rest.is_some_and(|rest| rest.first() == Some(&b'/')) {
                break;
            }
            self.close()?;
        }
        let done = self.ends.last().map_or(0, |end| end + 1);
        let mut names = path.get(done..).unwrap_or_default().split(|&byte| byte == b'/').peekable();
        while let Some(next) = names.next() {
            if names.peek().is_none() {
                return Ok(next);
            }
            self.open(next, 0)?;
        }
        Ok(&[])
    }

    fn open(&mut self, directory: &[u8], allocated: u64) -> io::Result<()> {
        write!(self.out, ",\n[{{\"name\":")?;
        name(&mut self.out, directory)?;
        write!(self.out, ",\"dsize\":{allocated}}}")?;
        if !self.ends.is_empty() {
            self.path.push(b'/');
        }
        self.path.extend_from_slice(directory);
        self.ends.push(self.path.len());
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        self.ends.pop();
        self.path.truncate(self.ends.last().copied().unwrap_or(0));
        write!(self.out, "]")
    }

    fn item(&mut self, item: &[u8], change: &Change) -> io::Result<()> {
        write!(self.out, ",\n{{\"name\":")?;
        name(&mut self.out, item)?;
        let sum = change.sum();
        // The content of a file of which only the owner or mode has changed is not lost.
        let is_content = !matches!(change.kind, ChangeKind::Metadata(_));
        let (asize, dsize) = if is_content { (sum.bytes, sum.allocated) } else { (0, 0) };
        write!(self.out, ",\"asize\":{asize},\"dsize\":{dsize}")?;
        if change.node.file_type != FileType::Regular {
            write!(self.out, ",\"notreg\":true")?;
        }
        write!(self.out, "}}")
    }
}

impl<W: Write> Writer for Ncdu<W> {
    type Error = io::Error;

    fn line(&mut self, line: Line) -> io::Result<()> {
        let change = line.judged.change;
        if change.kind == ChangeKind::Removed {
            return Ok(());
        }
        let path = change.path.as_bytes();
        let last = self.go_to(path.strip_prefix(b"/").unwrap_or(path))?;
        if change.node.file_type != FileType::Directory {
            return self.item(last, &change);
        }
        let is_new = change.is_new_directory();
        self.open(last, if is_new { change.node.allocated } else { 0 })
    }

    fn end(&mut self, _: &Summary) -> io::Result<()> {
        while !self.ends.is_empty() {
            self.close()?;
        }
        writeln!(self.out, "]]")?;
        self.out.flush()
    }
}

/// A name as ncdu writes it: its bytes, with what JSON does not take in a string escaped.
fn name(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    out.write_all(b"\"")?;
    for piece in bytes.split_inclusive(|byte| needs_escape(*byte)) {
        let (plain, last) = match piece.split_last() {
            Some((last, plain)) if needs_escape(*last) => (plain, Some(*last)),
            _ => (piece, None),
        };
        out.write_all(plain)?;
        match last {
            Some(byte @ (b'"' | b'\\')) => out.write_all(&[b'\\', byte])?,
            Some(byte) => write!(out, "\\u{byte:04x}")?,
            None => {}
        }
    }
    out.write_all(b"\"")
}

fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || matches!(byte, b'"' | b'\\' | 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::{Extent, Judged, Node, Owners, Remark, Time, Verdict};

    fn line(at: &str, file_type: FileType, size: u64) -> Line {
        let mtime = Time { seconds: 0, nanoseconds: 0 };
        let node = Node { file_type, size, allocated: 512, mtime };
        let path = at.parse().unwrap();
        let owned = Owners::default().of(&path);
        let change = Change { path, kind: ChangeKind::Added, node, extent: Extent::Itself };
        let judged = Judged { change, verdict: Verdict::Lost(Remark::None), owned };
        Line { judged, is_part: false }
    }

    #[test]
    fn directories_are_nested_by_their_paths_also_those_that_are_no_lines() {
        let mut out = Vec::new();
        let mut ncdu = Ncdu::begin(&mut out, b"/", 7).unwrap();
        for line in [
            line("/a", FileType::Directory, 0),
            line("/a/b/c", FileType::Regular, 5),
            line("/a/bb", FileType::Symlink, 0),
            line("/ab/\u{1b}\"\\\u{7f}é", FileType::Regular, 1),
            line("/b", FileType::Directory, 0),
        ] {
            ncdu.line(line).unwrap();
        }
        ncdu.end(&Summary::default()).unwrap();
        let text = String::from_utf8(out).unwrap();
        let (_, tree) = text.split_once("},\n").unwrap();
        let expected = "\
[{\"name\":\"/\"},
[{\"name\":\"a\",\"dsize\":512},
[{\"name\":\"b\",\"dsize\":0},
{\"name\":\"c\",\"asize\":5,\"dsize\":512}],
{\"name\":\"bb\",\"asize\":0,\"dsize\":512,\"notreg\":true}],
[{\"name\":\"ab\",\"dsize\":0},
{\"name\":\"\\u001b\\\"\\\\\\u007fé\",\"asize\":1,\"dsize\":512}],
[{\"name\":\"b\",\"dsize\":512}]]]
";
        assert_eq!(tree, expected);
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
    }
}
