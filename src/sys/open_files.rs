//! Which files on a root are open for writing now, and by whom.
//!
//! In: a root and /proc. Out: the names that these files have on the root, each checked by the file that
//! lies there. A process has names of its own for what it opened, in its own mounts; where no name can be
//! told, that is said.

#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, StatxFlags, statx};

use super::FileId;
use super::mounts::unescape;
use super::tree::{self, Tree};
use super::writers::parse::{self, Mapping};
use super::writers::{
    KERNEL, OPEN_FILE, command, id, is_file, is_gone, kernel_files, numbers, of_mapping, read,
    stat, unit,
};
use crate::path::HostPath;

/// How many processes that may not be looked into are told one by one.
const EACH: usize = 3;

/// A file on the root that somebody may write to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenFile {
    /// Its name on the root.
    pub path: HostPath,
    /// The number of the process; 0 is the kernel itself.
    pub pid: u32,
    /// What the process is called.
    pub command: String,
    /// The systemd unit that it belongs to, where that can be told.
    pub unit: Option<String>,
}

/// Everything on a root that is open for writing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenFiles {
    /// The files, by their names and then by process.
    pub files: Vec<OpenFile>,
    /// What could not be told, as sentences.
    pub gaps: Vec<String>,
}

/// Returns every regular file on `root` that another process has open for writing, or mapped so that
/// writing reaches it. A file without a name by now is left out: nothing of it is there to be lost.
/// What is mounted on the root is not on it. Changes nothing.
///
/// # Errors
/// The root or /proc cannot be read. A process that may not be looked into is a gap instead.
pub fn writers_on(root: &Path) -> io::Result<OpenFiles> {
    let root = Root::open(root)?;
    let (mut all, mut hidden) = (OpenFiles::default(), Vec::new());
    for name in kernel_files()? {
        // By a name that only the kernel gives; where that leads nowhere by now, nothing is told.
        if let Ok(seen) = statx(CWD, OsStr::from_bytes(&name), OPEN_FILE, WANTED)
            && is_file(&seen)
        {
            root.note(&Held { id: id(&seen), name, mount: None }, KERNEL, &[], &mut all);
        }
    }
    for pid in numbers(Path::new("/proc"))?.into_iter().filter(|&pid| pid != std::process::id()) {
        match of_process(pid, &root, &mut all) {
            Err(cause) if !is_gone(&cause) => hidden.push((pid, command(pid), cause)),
            Ok(()) | Err(_) => {}
        }
    }
    all.files.sort();
    all.files.dedup();
    all.gaps.sort();
    all.gaps.dedup();
    all.gaps.extend(hidden_gaps(&hidden));
    Ok(all)
}

/// What is said of processes that may not be looked into.
fn hidden_gaps(hidden: &[(u32, String, io::Error)]) -> Vec<String> {
    let one = |(pid, command, cause): &(u32, String, io::Error)| {
        format!("cannot look into process {pid} ({command}): {cause}")
    };
    match hidden {
        [first, .., _] if hidden.len() > EACH => {
            let (pid, command, cause) = first;
            let count = hidden.len();
            vec![format!("cannot look into {count} processes, such as {pid} ({command}): {cause}")]
        }
        few => few.iter().map(one).collect(),
    }
}

/// What has to be known of an open file.
const WANTED: StatxFlags = StatxFlags::TYPE.union(StatxFlags::INO).union(StatxFlags::NLINK);

/// The root that is asked about.
struct Root {
    /// As it is on disk, where this process may see it like that.
    tree: Tree,
    /// The file system that it lies on.
    device: (u32, u32),
    /// What it is called on this host.
    name: HostPath,
    /// Where in its file system it begins; none where that cannot be told.
    within: Option<HostPath>,
}

/// A file that is open for writing, as a process has it.
struct Held {
    id: FileId,
    /// What the kernel calls it.
    name: Vec<u8>,
    /// The mount by which it was opened.
    mount: Option<u64>,
}

/// What is known of a held file and the root.
#[derive(Debug, PartialEq, Eq)]
enum Spot {
    /// It lies there.
    On(HostPath),
    /// It does not lie on the root.
    Off,
    /// It lies on the same file system, who knows where.
    Unknown,
}

impl Root {
    fn open(root: &Path) -> io::Result<Self> {
        let name = HostPath::new(root.canonicalize()?.as_os_str().as_bytes());
        let name = name.map_err(|problem| io::Error::new(io::ErrorKind::InvalidInput, problem))?;
        let tree = tree::open_bare(root)?;
        let device = id(&stat(tree.top.0.as_fd(), c"")?).device;
        let seen = tree::open_seen(root)?.mount;
        let mounts = Mounted::all(&read("/proc/self/mountinfo")?);
        let mount = mounts.iter().find(|mount| mount.number == seen);
        let within =
            mount.and_then(|mount| Some(name.seen_from(&mount.point)?.below(&mount.within)));
        Ok(Self { tree, device, name, within })
    }

    /// Adds a held file to what was found, if it lies on the root.
    fn note(&self, held: &Held, pid: u32, mounts: &[Mounted], all: &mut OpenFiles) {
        match self.spot(held, mounts) {
            Spot::Off => {}
            Spot::On(path) => {
                all.files.push(OpenFile { path, pid, command: command(pid), unit: unit(pid) });
            }
            Spot::Unknown => {
                let (command, name) = (command(pid), crate::path::escape(&held.name));
                all.gaps.push(format!(
                    "process {pid} ({command}) writes to a file that may lie on the root; \
                     it calls it {name}"
                ));
            }
        }
    }

    /// Finds the name that a held file has on the root.
    fn spot(&self, held: &Held, mounts: &[Mounted]) -> Spot {
        let called = HostPath::new(&held.name).ok();
        let by_name = called.as_ref().and_then(|name| name.seen_from(&self.name));
        if let Some(path) = by_name.as_ref().filter(|path| self.has(path, held.id)) {
            return Spot::On(path.clone());
        }
        // By the mount of the process: which directory of the file system is seen where.
        let mount = mounts.iter().find(|mount| Some(mount.number) == held.mount);
        let in_mount = mount
            .zip(called.as_ref())
            .and_then(|(mount, name)| Some(name.seen_from(&mount.point)?.below(&mount.within)));
        if let (Some(inner), Some(within)) = (&in_mount, &self.within)
            && let Some(path) = inner.seen_from(within).filter(|path| self.has(path, held.id))
        {
            return Spot::On(path);
        }
        // Where it is called by a name of this host that lies beside the root, it lies there.
        let is_beside = by_name.is_none()
            && called.is_some_and(|name| {
                let name = OsStr::from_bytes(name.as_bytes());
                statx(CWD, name, OPEN_FILE, WANTED).is_ok_and(|seen| id(&seen) == held.id)
            });
        if is_beside || held.id.device != self.device { Spot::Off } else { Spot::Unknown }
    }

    /// Whether this very file lies at `path`, and not on something that is mounted on the root.
    fn has(&self, path: &HostPath, file: FileId) -> bool {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
        let top = &self.tree.top.0;
        let opened = rustix::fs::openat2(top, path.relative(), flags, Mode::empty(), resolve);
        opened.is_ok_and(|opened| stat(opened.as_fd(), c"").is_ok_and(|seen| id(&seen) == file))
    }
}

/// Notes what a process writes to.
fn of_process(pid: u32, root: &Root, all: &mut OpenFiles) -> io::Result<()> {
    let dir = format!("/proc/{pid}");
    let mut held = of_table(&dir)?;
    // Only where its first thread has ended before the others is there nothing in its own table.
    if numbers(Path::new(&format!("{dir}/fd")))?.is_empty() {
        for thread in numbers(Path::new(&format!("{dir}/task")))? {
            match of_table(&format!("{dir}/task/{thread}")) {
                Err(cause) if !is_gone(&cause) => return Err(cause),
                found => held.extend(found.unwrap_or_default()),
            }
        }
    }
    for line in read(&format!("{dir}/maps"))?.split(|&byte| byte == b'\n') {
        let mapping = Mapping::parse(line).ok_or(io::ErrorKind::InvalidData)?;
        held.extend(mapping.and_then(|mapping| mapped(&dir, &mapping)));
    }
    if held.is_empty() {
        return Ok(());
    }
    let mounts = Mounted::all(&read(&format!("{dir}/mountinfo"))?);
    for held in held {
        root.note(&held, pid, &mounts, all);
    }
    Ok(())
}

/// What is open for writing in a table of open files.
fn of_table(thread: &str) -> io::Result<Vec<Held>> {
    let mut all = Vec::new();
    for fd in numbers(Path::new(&format!("{thread}/fd")))? {
        match of_descriptor(thread, fd) {
            Err(cause) if is_gone(&cause) => {}
            found => all.extend(found?),
        }
    }
    Ok(all)
}

/// The regular file that is open for writing as `fd`, if it still has a name.
fn of_descriptor(thread: &str, fd: u32) -> io::Result<Option<Held>> {
    let link = format!("{thread}/fd/{fd}");
    // Through the link, which leads to the open file itself, whatever its name is by now.
    let Ok(seen) = statx(CWD, link.as_str(), OPEN_FILE, WANTED) else {
        // Is it the process that may not be looked into, or the file? A user's own file system does not
        // answer root, and is not the root.
        rustix::fs::readlink(link, Vec::new())?;
        return Ok(None);
    };
    if !is_file(&seen) || seen.stx_nlink == 0 {
        return Ok(None);
    }
    let info = read(&format!("{thread}/fdinfo/{fd}"))?;
    if !parse::is_for_writing(&info).ok_or(io::ErrorKind::InvalidData)? {
        return Ok(None);
    }
    let name = rustix::fs::readlink(link, Vec::new())?.into_bytes();
    Ok(Some(Held { id: id(&seen), name, mount: mount_of(&info) }))
}

/// The number of the mount in the text of a fdinfo file (proc(5)).
fn mount_of(info: &[u8]) -> Option<u64> {
    let text = info.split(|&byte| byte == b'\n').find_map(|line| line.strip_prefix(b"mnt_id:"))?;
    std::str::from_utf8(text.trim_ascii()).ok()?.parse().ok()
}

/// The file behind a mapping, if it still has a name.
fn mapped(process: &str, mapping: &Mapping) -> Option<Held> {
    let link = format!("{process}/map_files/{}", mapping.range);
    if statx(CWD, link.as_str(), OPEN_FILE, WANTED).is_ok_and(|seen| seen.stx_nlink == 0) {
        return None;
    }
    let name = rustix::fs::readlink(link, Vec::new())
        .map_or_else(|_| Vec::new(), std::ffi::CString::into_bytes);
    Some(Held { id: of_mapping(process, mapping)?, name, mount: None })
}

/// A mount, as far as it says which directory of a file system is seen where.
#[derive(Debug, PartialEq, Eq)]
struct Mounted {
    number: u64,
    /// The directory of the file system.
    within: HostPath,
    /// Where it is seen.
    point: HostPath,
}

impl Mounted {
    /// Takes the text of a mountinfo file (proc(5)). A line that is not understood names no file.
    fn all(text: &[u8]) -> Vec<Self> {
        text.split(|&byte| byte == b'\n').filter_map(Self::parse).collect()
    }

    fn parse(line: &[u8]) -> Option<Self> {
        let mut fields = line.split(|&byte| byte == b' ');
        let number = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
        let mut path = |skipped| HostPath::new(&unescape(fields.nth(skipped)?)).ok();
        Some(Self { number, within: path(2)?, point: path(0)? })
    }
}
