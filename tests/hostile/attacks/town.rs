//! A host with a home, a store that keeps some of it, and things outside that nobody may touch.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

use crate::namespace::mount;
use crate::skip::skip;

pub const ALICE: u32 = 1000;

/// Text that may never be found below the home or the store.
pub const SECRET: &str = "nobody but root may read this";

/// Text of root's own directories within the home: alice may move them, and never look into one.
pub const OF_ROOT: &str = "in a directory of root's own";

/// Paths with everything that the kernel tells of them.
pub type Picture = BTreeMap<PathBuf, String>;

pub struct Town {
    pub top: PathBuf,
    pub root: PathBuf,
}

impl Town {
    pub fn new(top: &Path) -> Self {
        let town = Self { top: top.to_owned(), root: top.join("root") };
        fs::set_permissions(top, fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(&town.root).unwrap();
        mount("tmpfs", "mode=755", &town.root);
        for at in ["persist", "run", "etc", "home"] {
            town.dir(at, 0, 0o755);
        }
        mount("tmpfs", "mode=755", &town.root.join("persist"));
        town.dir("persist/home", 0, 0o755);
        town.dir("home/alice", ALICE, 0o755);
        town.dir("persist/home/alice", ALICE, 0o755);
        town.file("etc/passwd", 0, 0o644, "alice:x:1000:1000::/home/alice:/bin/sh\n");
        town.file("etc/group", 0, 0o644, "alice:x:1000:\n");
        town
    }

    pub fn at(&self, at: &str) -> PathBuf {
        self.root.join(at)
    }

    pub fn dir(&self, at: &str, uid: u32, mode: u32) -> PathBuf {
        let dir = self.at(at);
        fs::create_dir(&dir).unwrap();
        own(&dir, uid, mode);
        dir
    }

    pub fn file(&self, at: &str, uid: u32, mode: u32, text: &str) -> PathBuf {
        let file = self.at(at);
        fs::write(&file, text).unwrap();
        own(&file, uid, mode);
        file
    }

    /// Directories outside in which everything lies that a symlink could lead root to.
    pub fn build_outside(&self) {
        for (outside, mode) in [("victim", 0o755), ("etc/secret", 0o700)] {
            self.dir(outside, 0, mode);
            self.file(&format!("{outside}/key"), 0, 0o600, SECRET);
            for inner in ["", "/.config"] {
                if !inner.is_empty() {
                    self.dir(&format!("{outside}{inner}"), 0, 0o755);
                }
                for dir in ["app", "deep", "of-root"] {
                    self.dir(&format!("{outside}{inner}/{dir}"), 0, 0o755);
                }
                self.dir(&format!("{outside}{inner}/data"), 0, 0o755);
                self.file(&format!("{outside}{inner}/data/key"), 0, 0o600, SECRET);
                self.file(&format!("{outside}{inner}/app.conf"), 0, 0o644, "");
                self.file(&format!("{outside}{inner}/.profile"), 0, 0o644, SECRET);
            }
            symlink("/nowhere", self.at(&format!("{outside}/link"))).unwrap();
        }
    }

    /// Puts a directory of root's own, which is closed to all others, into a directory of alice's.
    pub fn add_of_root(&self, above: &str) -> (PathBuf, u64) {
        let dir = self.dir(&format!("{above}/roots"), 0, 0o700);
        self.file(&format!("{above}/roots/inner"), 0, 0o644, OF_ROOT);
        let inode = fs::metadata(&dir).unwrap().ino();
        (self.at(above), inode)
    }

    /// Writes a configuration with one entry a line: a target in the home, and lines of TOML.
    pub fn configure(&self, name: &str, entries: &[(&str, &str)]) {
        let mut text = "version = 1\n[[store]]\npath = \"/persist\"\n".to_owned();
        for (target, rest) in entries {
            let _ = write!(text, "[[store.entry]]\ntarget = \"/home/alice/{target}\"\n{rest}\n");
        }
        fs::write(self.top.join(name), text).unwrap();
    }

    /// Runs the real program, under the program `before` if there is one.
    pub fn run(&self, before: &[&str], config: &str, args: &[&str]) -> Output {
        // Nobody may keep a run from ending.
        let mut command = Command::new("timeout");
        command.args(["-s", "KILL", "60"]).args(before).arg(env!("CARGO_BIN_EXE_blankslate"));
        command.args(args).arg("--root").arg(&self.root);
        command.arg("--config").arg(self.top.join(config)).output().unwrap()
    }

    /// Its exit status, what it printed, and what it complained about.
    pub fn say(&self, args: &[&str]) -> (i32, String, String) {
        let output = self.run(&[], "config", args);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    /// Everything outside.
    pub fn outside(&self) -> Picture {
        let mut picture = Picture::new();
        for names in ["", "home", "etc", "persist", "persist/home"].map(|at| self.at(at)) {
            // A test may have put a symlink there.
            let Ok(entries) = fs::read_dir(&names) else { continue };
            let mut list: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
            list.sort();
            picture.insert(names, format!("{list:?}"));
        }
        for at in ["victim", "etc/secret"] {
            for entry in walkdir::WalkDir::new(self.at(at)) {
                let entry = entry.unwrap();
                let meta = entry.metadata().unwrap();
                let owner = (meta.uid(), meta.gid(), meta.mode(), meta.ino(), meta.nlink());
                let content = meta.is_file().then(|| fs::read(entry.path()).unwrap());
                let changed = (meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec());
                let line = format!("{owner:?} {changed:?} {content:?}");
                picture.insert(entry.path().to_owned(), line);
            }
        }
        picture
    }

    /// From now on the kernel notes who opens anything outside; taking a picture does.
    pub fn watch(&self) -> Watch {
        let kernel = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).unwrap();
        for at in ["victim", "etc/secret"] {
            for entry in walkdir::WalkDir::new(self.at(at)).sort_by_file_name() {
                let what = WatchFlags::OPEN | WatchFlags::ACCESS | WatchFlags::DONT_FOLLOW;
                inotify::add_watch(&kernel, entry.unwrap().path(), what).unwrap();
            }
        }
        let watch = Watch(kernel);
        watch.opened();
        watch
    }

    /// The places where something is mounted, the root and the store aside.
    pub fn mounts(&self) -> Vec<PathBuf> {
        let text = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let points = text.lines().filter_map(|line| line.split(' ').nth(4));
        let below = points.map(PathBuf::from).filter(|point| point.starts_with(&self.root));
        below.filter(|point| *point != self.root && *point != self.at("persist")).collect()
    }

    /// Unmounts everything in the home, wherever it was moved to.
    pub fn unmount(&self) {
        use nix::mount::{MntFlags, umount2};
        for point in self.mounts().iter().rev() {
            let _ = umount2(point, MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW);
        }
    }
}

pub struct Watch(OwnedFd);

impl Watch {
    /// Whether anything outside was opened since this was asked last.
    pub fn opened(&self) -> bool {
        let mut events = [0; 4096];
        let mut any = false;
        while rustix::io::read(&self.0, &mut events).is_ok() {
            any = true;
        }
        any
    }
}

pub fn own(at: &Path, uid: u32, mode: u32) {
    chown(at, Some(uid), Some(uid)).unwrap();
    fs::set_permissions(at, fs::Permissions::from_mode(mode)).unwrap();
}

/// Whether there is another user than root.
pub fn has_alice() -> bool {
    let has = fs::read_to_string("/proc/self/uid_map").unwrap().contains("4294967295");
    if !has {
        skip("there is nobody but root in this user namespace; run it as root");
    }
    has
}
