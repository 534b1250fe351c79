//! Sums up everything below a directory. This is the hot loop of the report: for each file it makes
//! one system call, for a symlink none; it compares nothing, sorts nothing and allocates nothing.

use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::names::{Names, Sides};
use super::pool::lock;
use super::trail::Trail;
use super::{Hand, Scan};
use crate::loss::{FileType, Gap, Sum, scan_order};
use crate::path::HostPath;
use crate::sys::tree::{Dir, ListBuffer};

/// The number that many directories add to.
#[derive(Debug)]
pub(super) struct Count {
    /// The mount on which all of it lies.
    mount: u64,
    /// How many directories are still to be counted, of those that are known.
    left: AtomicUsize,
    total: Mutex<(Sum, Vec<Gap>)>,
}

/// Directories in one directory, which are to be counted.
#[derive(Debug)]
pub(super) struct Uncounted {
    dir: Arc<Dir>,
    names: Names,
    trail: Arc<Trail>,
    count: Arc<Count>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Piece {
    dir: Arc<Dir>,
    name: CString,
    trail: Arc<Trail>,
    count: Arc<Count>,
}

impl Count {
    /// Begins a sum of all below the directory `name`, which lies in `dir`.
    pub(super) fn begin(
        dir: &Arc<Dir>,
        name: &CStr,
        trail: &Arc<Trail>,
        mount: u64,
    ) -> (Arc<Self>, Uncounted) {
        let (left, total) = (AtomicUsize::new(1), Mutex::default());
        let count = Arc::new(Self { mount, left, total });
        let mut names = Names::default();
        names.push(name, Sides::default());
        let (dir, trail) = (Arc::clone(dir), Arc::clone(trail));
        let top = Uncounted { dir, names, trail, count: Arc::clone(&count) };
        (count, top)
    }

    pub(super) fn is_complete(&self) -> bool {
        self.left.load(Ordering::Acquire) == 0
    }

    /// One directory was counted, and so many were found in it. Returns whether that was the last.
    pub(super) fn finish_one(&self, found: usize) -> bool {
        self.left.fetch_add(found, Ordering::AcqRel);
        self.left.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// The sum, and what could not be counted, in the order of the tree.
    pub(super) fn take(&self) -> (Sum, Vec<Gap>) {
        let (sum, mut gaps) = std::mem::take(&mut *lock(&self.total));
        gaps.sort_by(|a, b| scan_order(&a.path, &b.path));
        (sum, gaps)
    }

    fn add(&self, sum: &Sum, gaps: Vec<Gap>) {
        let mut total = lock(&self.total);
        total.0.add(sum);
        total.1.extend(gaps);
    }
}

impl Uncounted {
    /// Takes one of them off.
    pub(super) fn next(&mut self) -> Option<Piece> {
        let name = self.names.pop()?.to_owned();
        let (dir, trail) = (Arc::clone(&self.dir), Arc::clone(&self.trail));
        Some(Piece { dir, name, trail, count: Arc::clone(&self.count) })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }
}

impl Scan<'_> {
    /// Counts what lies in one directory, and puts the directories in it to what is to be done.
    pub(super) fn count(&self, piece: Piece, hand: &mut Hand) {
        let Piece { dir: above, name, trail, count } = piece;
        let opened = above.open_dir(&name);
        drop(above);
        let mut tally = Tally::new(trail.down(name), count.mount);
        let dir = match opened {
            Ok(dir) => {
                tally.list(&dir, &mut hand.buffer);
                Some(dir)
            }
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => None,
            Err(cause) => {
                tally.gaps.push(gap(tally.trail.path(), "read the directory", &cause));
                None
            }
        };
        let Tally { trail, sum, names, gaps, seen, .. } = tally;
        self.seen.add(seen);
        count.add(&sum, gaps);
        let inner = dir.filter(|_| !names.is_empty());
        let inner = inner.map(Arc::new).map(|dir| Uncounted {
            dir,
            names,
            trail,
            count: Arc::clone(&count),
        });
        self.pool.counted(&count, inner);
    }
}

/// What one directory adds.
struct Tally {
    trail: Arc<Trail>,
    mount: u64,
    sum: Sum,
    /// The directories in it.
    names: Names,
    gaps: Vec<Gap>,
    seen: usize,
}

impl Tally {
    fn new(trail: Arc<Trail>, mount: u64) -> Self {
        let (sum, names) = (Sum::default(), Names::default());
        Self { trail, mount, sum, names, gaps: Vec::new(), seen: 0 }
    }

    fn list(&mut self, dir: &Dir, buffer: &mut ListBuffer) {
        let listed = dir.list(buffer, |name, is_symlink| {
            self.seen += 1;
            if is_symlink {
                // It has no content, and the time of the directory tells when it was made.
                self.sum.files += 1;
            } else if let Err(error) = self.measure(dir, name) {
                let path = self.trail.path().join(OsStr::from_bytes(name.to_bytes()));
                self.gaps.push(Gap { path, error });
            }
        });
        if let Err(cause) = listed {
            self.gaps.push(gap(self.trail.path(), "list the directory", &cause));
        }
    }

    /// Counts one file; a directory is kept for later. Says what could not be done.
    fn measure(&mut self, dir: &Dir, name: &CStr) -> Result<(), String> {
        let measured = dir.measure(name, self.mount);
        let measured = measured.map_err(|cause| format!("cannot look at it: {cause}"))?;
        let Some((node, is_mount_point)) = measured else { return Ok(()) };
        self.sum.count(&node);
        if is_mount_point {
            return Err("something was mounted here while it was read".to_owned());
        }
        if node.file_type == FileType::Directory {
            self.names.push(name, Sides::default());
        }
        Ok(())
    }
}

/// Something could not be done.
pub(super) fn gap(path: HostPath, doing: &str, cause: &io::Error) -> Gap {
    Gap { path, error: format!("cannot {doing}: {cause}") }
}
