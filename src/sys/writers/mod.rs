//! Who may still write to a file, or make one: what is open for writing, or mapped, in any process,
//! and the directories that a process holds, by which it makes files whatever they are called by then.
//!
//! In: the top of a tree and /proc. Out: a line for each process and file. A process that this one may
//! not look into is an error: it could be the one that writes.

pub(super) mod parse;

use std::collections::BTreeMap;
use std::ffi::{CString, OsStr};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::rc::Rc;

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, Statx, StatxFlags, statx,
};
use rustix::io::Errno;

use super::{FileId, Hold, Writer};
use crate::path::HostPath;
use parse::Mapping;

/// What a file system of btrfs calls itself (`BTRFS_SUPER_MAGIC`).
const BTRFS: u64 = 0x9123_683e;

/// A file that is open for writing, or a directory that is held, and by which process.
type Open = (FileId, u32, Hold);

/// The number of no process: what the kernel itself writes to.
pub(super) const KERNEL: u32 = 0;

/// Returns who may still write to a regular file that `top`, which is called `path`, is or holds.
pub(super) fn below(top: OwnedFd, path: &HostPath) -> io::Result<Vec<Writer>> {
    let open = open_for_writing()?;
    let device = id(&stat(top.as_fd(), c"")?).device;
    // Walking the tree costs more than asking all processes. On btrfs every subvolume is a device.
    let is_btrfs = u64::try_from(rustix::fs::fstatfs(&top)?.f_type).is_ok_and(|kind| kind == BTRFS);
    if !is_btrfs && !open.iter().any(|(id, ..)| id.device == device) {
        return Ok(Vec::new());
    }
    let mut writers = Vec::new();
    for (id, path) in files_among(top, path, &open)? {
        let from = open.partition_point(|(other, ..)| *other < id);
        let its = open.iter().skip(from).take_while(|(other, ..)| *other == id);
        for &(_, pid, hold) in its {
            let (command, unit) = (command(pid), unit(pid));
            writers.push(Writer { pid, command, unit, path: path.clone(), hold });
        }
    }
    writers.sort_unstable_by(|one, other| {
        (one.pid, &one.path, one.hold).cmp(&(other.pid, &other.path, other.hold))
    });
    Ok(writers)
}

/// What has to be known of a file.
const WANTED: StatxFlags = StatxFlags::TYPE.union(StatxFlags::INO);

/// How a file is looked at that somebody else has open: its server is not asked.
pub(super) const OPEN_FILE: AtFlags = AtFlags::NO_AUTOMOUNT.union(AtFlags::STATX_DONT_SYNC);

pub(super) fn stat(at: BorrowedFd, name: impl rustix::path::Arg) -> rustix::io::Result<Statx> {
    let flags = AtFlags::EMPTY_PATH | AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
    statx(at, name, flags, WANTED)
}

pub(super) fn id(stat: &Statx) -> FileId {
    FileId { device: (stat.stx_dev_major, stat.stx_dev_minor), inode: stat.stx_ino }
}

fn is_directory(stat: &Statx) -> bool {
    FileType::from_raw_mode(stat.stx_mode.into()) == FileType::Directory
}

pub(super) fn is_file(stat: &Statx) -> bool {
    FileType::from_raw_mode(stat.stx_mode.into()) == FileType::RegularFile
}

/// Returns which of the files and directories in `open` lie in the tree, each by one of its names.
fn files_among(
    top: OwnedFd,
    path: &HostPath,
    open: &[Open],
) -> io::Result<BTreeMap<FileId, HostPath>> {
    let mut found = BTreeMap::new();
    let seen = stat(top.as_fd(), c"")?;
    if is_open(open, id(&seen)) {
        found.insert(id(&seen), path.clone());
    }
    if !is_directory(&seen) {
        return Ok(found);
    }
    // A directory is opened when its turn comes; it stays open while one in it waits for its turn.
    let mut waiting = vec![(Rc::new(top), c".".to_owned(), path.clone())];
    while let Some((above, name, path)) = waiting.pop() {
        let Some(dir) = open_dir(above.as_fd(), &name)? else { continue };
        let dir = Rc::new(dir);
        for name in names(&dir)? {
            let path = path.join(OsStr::from_bytes(name.to_bytes()));
            let seen = match stat(dir.as_fd(), &name) {
                Err(Errno::NOENT) => continue,
                seen => seen?,
            };
            if is_open(open, id(&seen)) {
                found.entry(id(&seen)).or_insert_with(|| path.clone());
            }
            if is_directory(&seen) {
                waiting.push((Rc::clone(&dir), name, path));
            }
        }
    }
    Ok(found)
}

fn is_open(open: &[Open], id: FileId) -> bool {
    open.binary_search_by_key(&id, |(other, ..)| *other).is_ok()
}

/// Opens a directory of the tree; none where it went meanwhile, or something is mounted on it.
fn open_dir(above: BorrowedFd, name: &CString) -> io::Result<Option<OwnedFd>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_XDEV | ResolveFlags::NO_SYMLINKS;
    match rustix::fs::openat2(above, name, flags, Mode::empty(), resolve) {
        Ok(dir) => Ok(Some(dir)),
        Err(Errno::XDEV | Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

fn names(dir: &OwnedFd) -> io::Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(dir)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            names.push(entry.file_name().to_owned());
        }
    }
    Ok(names)
}

/// Returns every regular file that a process other than this one may write to, and every directory
/// that it holds, sorted.
fn open_for_writing() -> io::Result<Vec<Open>> {
    let mut open = Vec::new();
    of_kernel(&mut open)?;
    for pid in numbers(Path::new("/proc"))?.into_iter().filter(|&pid| pid != std::process::id()) {
        match of_process(pid, &mut open) {
            Err(cause) if is_gone(&cause) => {}
            Err(cause) => {
                let (kind, command) = (cause.kind(), command(pid));
                let what = format!("cannot look into process {pid} ({command}): {cause}");
                return Err(io::Error::new(kind, what));
            }
            Ok(()) => {}
        }
    }
    // Where most processes work; no tree that is asked about begins there.
    let top = id(&statx(CWD, c"/", OPEN_FILE, WANTED)?);
    open.retain(|(id, ..)| *id != top);
    open.sort_unstable();
    open.dedup();
    Ok(open)
}

/// What the kernel writes to for a swap or a loop device: no process has it open.
fn of_kernel(open: &mut Vec<Open>) -> io::Result<()> {
    for file in kernel_files()? {
        // By a name that only the kernel gives; where that leads elsewhere by now, nothing is noted.
        if let Ok(seen) = statx(CWD, OsStr::from_bytes(&file), OPEN_FILE, WANTED)
            && is_file(&seen)
        {
            open.push((id(&seen), KERNEL, Hold::Writes));
        }
    }
    Ok(())
}

/// The names of what is swapped to and of what lies behind loop devices.
pub(super) fn kernel_files() -> io::Result<Vec<Vec<u8>>> {
    let swaps = read("/proc/swaps").or_else(|cause| {
        if cause.kind() == io::ErrorKind::NotFound { Ok(Vec::new()) } else { Err(cause) }
    })?;
    let mut files: Vec<Vec<u8>> = parse::swap_files(&swaps);
    for device in names_in("/sys/block") {
        if let Ok(text) = read(&format!("/sys/block/{device}/loop/backing_file")) {
            files.push(text.trim_ascii_end().to_vec());
        }
    }
    Ok(files)
}

/// The names in a directory of the kernel's; none where there is none.
#[expect(clippy::disallowed_methods, reason = "reads /sys")]
fn names_in(dir: &str) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// Whether a process, or what it had open, has come to its end meanwhile.
pub(super) fn is_gone(cause: &io::Error) -> bool {
    matches!(Errno::from_io_error(cause), Some(Errno::NOENT | Errno::SRCH))
}

fn of_process(pid: u32, open: &mut Vec<Open>) -> io::Result<()> {
    let dir = format!("/proc/{pid}");
    if !of_table(&dir, pid, open)? {
        // Kernel threads have nothing open; nor has a first thread that ended before the others.
        for thread in numbers(Path::new(&format!("{dir}/task")))? {
            match of_table(&format!("{dir}/task/{thread}"), pid, open) {
                Err(cause) if !is_gone(&cause) => return Err(cause),
                _ => {}
            }
        }
    }
    for place in ["cwd", "root"] {
        if let Some(held) = directory(&format!("{dir}/{place}"))? {
            open.push((held, pid, Hold::Directory));
        }
    }
    for line in read(&format!("{dir}/maps"))?.split(|&b| b == b'\n') {
        let mapping = Mapping::parse(line).ok_or(io::ErrorKind::InvalidData)?;
        if let Some(id) = mapping.and_then(|mapping| of_mapping(&dir, &mapping)) {
            open.push((id, pid, Hold::Writes));
        }
    }
    Ok(())
}

/// The directory that a link of a process leads to. A kernel thread has none.
fn directory(link: &str) -> io::Result<Option<FileId>> {
    match statx(CWD, link, OPEN_FILE, WANTED) {
        Ok(seen) => Ok(is_directory(&seen).then(|| id(&seen))),
        Err(_) => match rustix::fs::readlink(link, Vec::new()) {
            Ok(_) | Err(Errno::NOENT | Errno::SRCH) => Ok(None),
            Err(errno) => Err(errno.into()),
        },
    }
}

/// Notes the files in the table of open files of `thread`; returns whether anything is open.
fn of_table(thread: &str, pid: u32, open: &mut Vec<Open>) -> io::Result<bool> {
    let all = numbers(Path::new(&format!("{thread}/fd")))?;
    for fd in &all {
        match of_descriptor(thread, *fd) {
            Err(cause) if is_gone(&cause) => {}
            found => {
                if let Some((id, hold)) = found? {
                    open.push((id, pid, hold));
                }
            }
        }
    }
    Ok(!all.is_empty())
}

/// The regular file that is open for writing as `fd`, or the directory that is open, if it is one.
fn of_descriptor(thread: &str, fd: u32) -> io::Result<Option<(FileId, Hold)>> {
    let link = format!("{thread}/fd/{fd}");
    // Through the link, which leads to the open file itself, whatever its name is by now.
    let Ok(seen) = statx(CWD, link.as_str(), OPEN_FILE, WANTED) else {
        // Is it the process that may not be looked into, or the file? A user's own file system does not
        // answer root; nothing of what this program copies lies on it.
        rustix::fs::readlink(link, Vec::new())?;
        return Ok(None);
    };
    if is_directory(&seen) {
        return Ok(Some((id(&seen), Hold::Directory)));
    }
    if !is_file(&seen) {
        return Ok(None);
    }
    let info = read(&format!("{thread}/fdinfo/{fd}"))?;
    let is_written = parse::is_for_writing(&info).ok_or(io::ErrorKind::InvalidData)?;
    Ok(is_written.then(|| (id(&seen), Hold::Writes)))
}

/// Which file is written through a mapping. The line names the file system; that a subvolume of btrfs
/// is a device of its own is known only to the file, which can be reached where this process is
/// privileged enough.
pub(super) fn of_mapping(process: &str, mapping: &Mapping) -> Option<FileId> {
    match statx(CWD, format!("{process}/map_files/{}", mapping.range), OPEN_FILE, WANTED) {
        Ok(seen) => is_file(&seen).then(|| id(&seen)),
        Err(_) => Some(mapping.id),
    }
}

/// The names in a directory that are numbers.
#[expect(clippy::disallowed_methods, reason = "reads /proc")]
pub(super) fn numbers(dir: &Path) -> io::Result<Vec<u32>> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        numbers.extend(entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()));
    }
    Ok(numbers)
}

#[expect(clippy::disallowed_methods, reason = "reads /proc")]
pub(super) fn read(file: &str) -> io::Result<Vec<u8>> {
    std::fs::read(file)
}

/// What a process is called; a process that is gone by now has no name.
pub(super) fn command(pid: u32) -> String {
    if pid == KERNEL {
        return "the kernel, for a swap or loop device".to_owned();
    }
    read(&format!("/proc/{pid}/comm")).map_or_else(
        |_| "?".to_owned(),
        |text| String::from_utf8_lossy(text.trim_ascii_end()).into_owned(),
    )
}

pub(super) fn unit(pid: u32) -> Option<String> {
    parse::unit_in(&read(&format!("/proc/{pid}/cgroup")).ok()?)
}
