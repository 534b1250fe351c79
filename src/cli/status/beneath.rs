//! What lies on a file system beneath what is mounted on it: data that nobody sees, and that the next
//! boot erases.
//!
//! Every file system is opened once, without its mounts, where this process may do that.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;

use super::look::Host;
use crate::config::How;
use crate::loss::FileType;
use crate::path::HostPath;
use crate::persist::observe::{Ends, Observation};
use crate::persist::paste::shell;
use crate::persist::state::Beneath;
use crate::sys::Look;
use crate::sys::mounts::MountTable;
use crate::sys::tree::{self, Dir, ListBuffer, Tree};

/// The file systems of a host, each without its mounts.
pub(super) struct Depths<'h> {
    host: &'h Host<'h>,
    /// Where something is mounted, as the host sees it; none where that cannot be told.
    points: Option<Vec<HostPath>>,
    open: BTreeMap<HostPath, Option<Tree>>,
    buffer: ListBuffer,
    is_all_seen: bool,
}

impl<'h> Depths<'h> {
    pub(super) fn new(host: &'h Host<'h>) -> Self {
        let points = points(host).inspect_err(|cause| {
            tracing::debug!("cannot tell what is mounted: {cause}");
        });
        let (open, buffer) = (BTreeMap::new(), ListBuffer::default());
        Self { host, points: points.ok(), open, buffer, is_all_seen: true }
    }

    /// Whether every place that was asked for could be looked at.
    pub(super) fn is_all_seen(&self) -> bool {
        self.is_all_seen
    }

    /// Looks beneath the mount of an entry that is in place.
    pub(super) fn beneath(&mut self, seen: &Observation) -> Beneath {
        let Ok(ends) = &seen.ends else { return Beneath::Unknown };
        if seen.entry.how != How::Bind || ends.is_inside {
            return Beneath::Nothing;
        }
        let found = self.look(&seen.entry.target);
        self.is_all_seen &= found.is_some();
        match found {
            None => Beneath::Unknown,
            Some((_, false)) => Beneath::Nothing,
            Some((point, true)) => Beneath::Data(self.sentence(&seen.entry.target, &point, ends)),
        }
    }

    fn sentence(&self, target: &HostPath, point: &HostPath, ends: &Ends) -> String {
        let above = ends.parents.last().map(|parent| &parent.at_target);
        let is_erased = match above {
            Some(Look::Directory(above)) => self.host.erased_on(above.id.device, target).is_some(),
            _ => false,
        };
        let fate = if is_erased { ", which the next boot erases" } else { "" };
        let seen = target.seen_from(point).unwrap_or_else(|| target.clone());
        let mnt = [b"/mnt".as_slice(), seen.as_bytes()].concat();
        format!(
            "the mount hides other data{fate}; `mount --bind {} /mnt` shows it at {}",
            shell(point.as_bytes()),
            shell(&mnt)
        )
    }

    /// The file system that `target` lies on, and whether it holds data there; none where that cannot
    /// be told.
    fn look(&mut self, target: &HostPath) -> Option<(HostPath, bool)> {
        let above = self.points.as_ref()?.iter().filter(|point| target.is_below(point));
        let point = above.max_by_key(|point| point.as_bytes().len())?.clone();
        let root = &self.host.root;
        let tree = self.open.entry(point.clone()).or_insert_with(|| {
            let opened = tree::open_bare(&root.join(point.relative()));
            opened.ok().filter(|tree| tree.is_bare)
        });
        let rest = target.seen_from(&point)?;
        let found = holds_data(&tree.as_ref()?.top, &rest, &mut self.buffer);
        found.ok().map(|found| (point, found))
    }
}

/// Where something is mounted at or below the root, as the host sees it; the root itself counts.
fn points(host: &Host<'_>) -> io::Result<Vec<HostPath>> {
    let root = host.root.canonicalize()?;
    let root = HostPath::new(root.as_os_str().as_bytes()).map_err(io::Error::other)?;
    let table = MountTable::read()?;
    let mut points: Vec<HostPath> =
        table.mounts.iter().filter_map(|mount| mount.point.seen_from(&root)).collect();
    points.push(HostPath::root());
    Ok(points)
}

/// Whether there is something below `top` that would be lost: no symlink is followed on the way.
fn holds_data(top: &Dir, path: &HostPath, buffer: &mut ListBuffer) -> io::Result<bool> {
    let mut names = path.as_bytes().split(|&b| b == b'/').filter(|name| !name.is_empty());
    let Some(last) = names.next_back() else { return Ok(false) };
    let mut inner: Option<Dir> = None;
    for name in names {
        let dir = inner.as_ref().unwrap_or(top);
        let name = CString::new(name)?;
        let Some(stat) = dir.stat(&name)? else { return Ok(false) };
        if stat.file_type()? != FileType::Directory {
            return Ok(false);
        }
        inner = Some(dir.open_dir(&name)?);
    }
    let dir = inner.as_ref().unwrap_or(top);
    let last = CString::new(last)?;
    let Some(node) = dir.stat(&last)?.map(|stat| stat.node()).transpose()? else {
        return Ok(false);
    };
    Ok(match node.file_type {
        FileType::Directory => {
            let mut is_empty = true;
            dir.open_dir(&last)?.names(buffer, &mut |_| is_empty = false)?;
            !is_empty
        }
        FileType::Regular => node.size > 0,
        FileType::Symlink => true,
        FileType::Fifo | FileType::Socket | FileType::BlockDevice | FileType::CharacterDevice => {
            false
        }
    })
}
