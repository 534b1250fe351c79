//! The lost paths for other programs: exact bytes, a NUL behind each. Nothing else is written.

use std::io::{self, Write};

use super::report::{Summary, Writer};
use super::view::{Class, Line};

/// Writes the path of each line that is lost.
#[derive(Debug)]
pub struct Print0<W>(pub W);

impl<W: Write> Writer for Print0<W> {
    type Error = io::Error;

    fn line(&mut self, line: Line) -> io::Result<()> {
        if Class::of(&line.judged.verdict) != Class::Lost {
            return Ok(());
        }
        self.0.write_all(line.judged.change.path.as_bytes())?;
        self.0.write_all(b"\0")
    }

    fn end(&mut self, _: &Summary) -> io::Result<()> {
        self.0.flush()
    }
}
