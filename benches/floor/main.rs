//! For `benches/scan`: makes the tree that is scanned, and walks it with nothing but the system calls
//! that a walk needs, which is what a scan is measured against.
//!
//! `floor grow DIRECTORY ENTRIES` makes files, directories and symlinks, the same ones every time.
//! `floor walk DIRECTORY [all]` lists every directory and looks at every file (with `all` at symlinks
//! too) on two threads, and prints how much that was.
//! `floor time PROGRAM ARGUMENT…` runs a program, drops what it says, and prints the milliseconds that
//! passed, those on the processors, and the most memory that it took up at a time, in KiB.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "it is only ever started by a script"
)]

use std::ffi::{CString, OsString};
use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, StatxFlags};

fn main() {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    let text: Vec<&str> = args.iter().map(|arg| arg.to_str().expect("text")).collect();
    match text[..] {
        ["time", program, ..] => time(program, text.get(2..).unwrap_or_default()),
        ["grow", top, entries] => Garden::grow(Path::new(top), entries.parse().unwrap()),
        ["walk", top] => walk(Path::new(top), false),
        ["walk", top, "all"] => walk(Path::new(top), true),
        _ => {
            eprintln!(
                "usage: floor grow DIRECTORY ENTRIES | walk DIRECTORY [all] | time PROGRAM ARGUMENT…"
            );
            std::process::exit(2);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "it measures another program")]
fn time(program: &str, args: &[&str]) {
    let mut command = Command::new(program);
    command.args(args).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status().unwrap();
    let wall = start.elapsed().as_micros();
    // A difference is 1, as of diff(1).
    assert!(matches!(status.code(), Some(0 | 1)), "{program}: {status}");
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let cpu = usage.user_time() + usage.system_time();
    let milliseconds = |micros: u128| format!("{}.{:03}", micros / 1000, micros % 1000);
    let cpu = u128::try_from(cpu.num_microseconds()).unwrap();
    println!("{} {} {}", milliseconds(wall), milliseconds(cpu), usage.max_rss());
}

/// What there is to be made.
struct Garden {
    left: usize,
    state: u64,
}

impl Garden {
    #[expect(clippy::disallowed_methods, reason = "it makes a tree")]
    fn grow(top: &Path, entries: usize) {
        let mut garden = Self { left: entries, state: 0x9e37_79b9_7f4a_7c15 };
        let mut open: Vec<PathBuf> = vec![top.to_owned()];
        let mut next = 0;
        while garden.left > 0 {
            // Breadth first, so that some are deep and most are not.
            let here = open[next].clone();
            next += 1;
            // Most directories hold a few files, some hold thousands.
            let files = match garden.draw(100) {
                0..50 => garden.draw(6),
                50..90 => 4 + garden.draw(20),
                90..99 => 30 + garden.draw(200),
                _ => 1000 + garden.draw(3000),
            };
            for number in 0..files.min(garden.left) {
                garden.leaf(&here, number);
            }
            let directories = (2 + garden.draw(3)).min(garden.left);
            for number in 0..directories {
                let inner = here.join(format!("directory-{number}"));
                std::fs::create_dir(&inner).unwrap();
                garden.left -= 1;
                open.push(inner);
            }
        }
    }

    fn leaf(&mut self, here: &Path, number: usize) {
        self.left -= 1;
        let name = here.join(format!("some-file-{number:04}.dat"));
        if self.draw(10) == 0 {
            let hash = self.draw(1 << 30);
            symlink(format!("/nix/store/{hash:032x}-package-1.2/share/thing"), name).unwrap();
        } else {
            // Nobody reads it: the size is enough.
            #[expect(clippy::disallowed_methods, reason = "it makes a tree")]
            let file = File::create(name).unwrap();
            file.set_len(self.draw(100_000) as u64).unwrap();
        }
    }

    /// A number below `limit`, the same ones in every run.
    fn draw(&mut self, limit: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state >> 20).unwrap() % limit
    }
}

/// Directories that are to be listed.
#[derive(Default)]
struct Work {
    stack: Vec<(Arc<OwnedFd>, CString)>,
    busy: usize,
}

#[derive(Default, Clone, Copy)]
struct Total {
    entries: u64,
    bytes: u64,
}

fn walk(top: &Path, all: bool) {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let top = Arc::new(rustix::fs::open(top, flags, Mode::empty()).unwrap());
    let work = Mutex::new(Work { stack: vec![(top, c".".to_owned())], busy: 0 });
    let more = Condvar::new();
    let total = thread::scope(|scope| {
        let threads = [(); 2].map(|()| scope.spawn(|| thread_of_walk(&work, &more, all)));
        threads.into_iter().map(|thread| thread.join().unwrap()).fold(Total::default(), |a, b| {
            Total { entries: a.entries + b.entries, bytes: a.bytes + b.bytes }
        })
    });
    println!("{} entries, {} bytes", total.entries, total.bytes);
}

fn thread_of_walk(work: &Mutex<Work>, more: &Condvar, all: bool) -> Total {
    let mut buffer = vec![MaybeUninit::uninit(); 64 * 1024];
    let mut total = Total::default();
    let mut guard = work.lock().unwrap();
    loop {
        let Some((above, name)) = guard.stack.pop() else {
            if guard.busy == 0 {
                more.notify_all();
                return total;
            }
            guard = more.wait(guard).unwrap();
            continue;
        };
        guard.busy += 1;
        drop(guard);
        let inner = list(&above, &name, &mut buffer, all, &mut total);
        guard = work.lock().unwrap();
        guard.busy -= 1;
        guard.stack.extend(inner);
        more.notify_all();
    }
}

fn list(
    above: &OwnedFd,
    name: &CString,
    buffer: &mut [MaybeUninit<u8>],
    all: bool,
    total: &mut Total,
) -> Vec<(Arc<OwnedFd>, CString)> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let dir =
        Arc::new(rustix::fs::openat(above, name, flags | OFlags::NOATIME, Mode::empty()).unwrap());
    let mut inner = Vec::new();
    let mask = StatxFlags::TYPE
        | StatxFlags::NLINK
        | StatxFlags::MTIME
        | StatxFlags::SIZE
        | StatxFlags::BLOCKS
        | StatxFlags::MNT_ID;
    let mut listing = RawDir::new(&*dir, buffer);
    while let Some(entry) = listing.next() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        total.entries += 1;
        if entry.file_type() == FileType::Symlink && !all {
            continue;
        }
        let at = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
        let stat = rustix::fs::statx(&*dir, name, at, mask).unwrap();
        match FileType::from_raw_mode(stat.stx_mode.into()) {
            FileType::Directory => inner.push((Arc::clone(&dir), name.to_owned())),
            FileType::RegularFile => total.bytes += stat.stx_size,
            _ => {}
        }
    }
    inner
}
