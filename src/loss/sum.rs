//! Sums up everything below a directory. This is the hot loop of the report: for each file it makes
//! one system call, compares nothing, sorts nothing and allocates nothing.

use std::ffi::CStr;
use std::io;

use super::compare::Side;
use super::names::Names;
use super::scan::{Walk, host_path, push_name};
use super::{FileType, Gap, Sink, Sum};
use crate::sys::tree::Dir;

/// A directory whose files are counted, with the directories in it that are still to come.
struct Level {
    dir: Dir,
    inner: Names,
    path: usize,
}

impl<S: Sink> Walk<'_, '_, S> {
    /// Adds to `sum` all that lies below `dir`, which is at the walk's path; not `dir` itself.
    pub(super) fn sum(&mut self, dir: Dir, side: Side, sum: &mut Sum) -> Result<(), S::Error> {
        let top = self.path.len();
        let mut stack = vec![self.counted(dir, side, sum)?];
        while let Some(level) = stack.last_mut() {
            self.path.truncate(level.path);
            let Some(name) = level.inner.peek() else {
                stack.pop();
                continue;
            };
            push_name(&mut self.path, name);
            let opened = level.dir.open_dir(name);
            level.inner.advance();
            match opened {
                Ok(dir) => stack.push(self.counted(dir, side, sum)?),
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
                Err(cause) => self.gap("read the directory", &cause)?,
            }
        }
        self.path.truncate(top);
        Ok(())
    }

    /// Counts what lies in one directory, and returns the directories among it.
    fn counted(&mut self, dir: Dir, side: Side, sum: &mut Sum) -> Result<Level, S::Error> {
        let mut inner = Names::default();
        let mut gaps = Vec::new();
        let around = self.mount_of(side);
        let here = &self.path;
        let listed = dir.names(&mut self.buffer, &mut |name| {
            if let Err(error) = count(&dir, name, around, sum, &mut inner) {
                let mut path = here.clone();
                push_name(&mut path, name);
                gaps.push(Gap { path: host_path(&path), error });
            }
        });
        for gap in gaps {
            self.sink.gap(gap)?;
        }
        if let Err(cause) = listed {
            self.gap("list the directory", &cause)?;
        }
        // So that gaps come in a steady order.
        inner.sort();
        Ok(Level { dir, inner, path: self.path.len() })
    }
}

/// Counts one file; a directory is kept for later. Says what could not be done.
fn count(
    dir: &Dir,
    name: &CStr,
    around: u64,
    sum: &mut Sum,
    inner: &mut Names,
) -> Result<(), String> {
    let cannot = |cause: io::Error| format!("cannot look at it: {cause}");
    let Some(stat) = dir.stat(name).map_err(cannot)? else { return Ok(()) };
    let node = stat.node().map_err(cannot)?;
    sum.count(&node);
    if stat.is_mount_point(around) {
        return Err("something was mounted here while it was read".to_owned());
    }
    if node.file_type == FileType::Directory {
        inner.push(name);
    }
    Ok(())
}
