//! The walk through one store.

use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::{Amount, Conflict, Gap, Role, Sources, Stray, Strays};
use crate::config::{Config, Store};
use crate::loss::FileType;
use crate::path::HostPath;
use crate::sys::tree::{self, Dir, ListBuffer, Stat};

/// Looks through the stores of `config` for which `wanted` holds, below the directory that is treated
/// as `/`.
#[must_use]
pub fn find(root: &Path, config: &Config, wanted: &dyn Fn(&Store) -> bool) -> Strays {
    tree::raise_open_files();
    let mut walk = Walk { found: Strays::default(), buffer: ListBuffer::default(), mount: 0 };
    for store in config.stores.iter().filter(|store| wanted(store)) {
        let sources = Sources::of(config, store);
        match tree::open_seen(&root.join(store.path.relative())) {
            Ok(tree) => {
                walk.mount = tree.mount;
                walk.above(&tree.top, &store.path, &sources, true);
            }
            Err(cause) => walk.gap(&store.path, "open it", &cause),
        }
    }
    walk.found.sort();
    walk.found
}

struct Walk {
    found: Strays,
    buffer: ListBuffer,
    /// The mount that the store lies on.
    mount: u64,
}

/// A directory of a stray that is being summed up.
struct Level {
    dir: Dir,
    path: HostPath,
    /// The directories in it that are still to be entered.
    left: Vec<CString>,
}

impl Walk {
    /// A directory above sources, as deep as the sources lie. Its names are held at once.
    fn above(&mut self, dir: &Dir, path: &HostPath, sources: &Sources, is_top: bool) {
        let mut names = Vec::new();
        self.list(dir, path, &mut |name| names.push(name.to_owned()));
        for name in names {
            let here = join(path, &name);
            let role = sources.role(&here);
            if role == Role::Source {
                continue;
            }
            let stat = match dir.stat(&name) {
                Ok(Some(stat)) => stat,
                Ok(None) => continue,
                Err(cause) => {
                    self.gap(&here, "look at it", &cause);
                    continue;
                }
            };
            if stat.is_mount_point(self.mount) {
                if role == Role::Above {
                    self.found.mounts.push(here);
                }
                continue;
            }
            if role == Role::Above && is_directory(&stat) {
                if let Some(inner) = self.enter(dir, &name, &here) {
                    self.above(&inner, &here, sources, false);
                }
                continue;
            }
            let stray = self.stray(dir, &name, here, &stat);
            match role {
                Role::Staging => self.found.staging.push(stray),
                Role::Beside(source) => self.found.conflicts.push(Conflict { stray, source }),
                // fsck(8) makes it, and wants it to be there.
                _ if is_top && name.as_bytes() == b"lost+found" && stray.amount.files == 0 => {}
                _ => self.found.strays.push(stray),
            }
        }
    }

    fn stray(&mut self, dir: &Dir, name: &CStr, path: HostPath, stat: &Stat) -> Stray {
        let is_directory = is_directory(stat);
        let mut amount = Amount { bytes: stat.allocated(), files: u64::from(!is_directory) };
        if is_directory && let Some(inner) = self.enter(dir, name, &path) {
            amount = amount.plus(self.below(inner, path.clone()));
        }
        Stray { path, is_directory, amount }
    }

    /// Sums up everything below a directory. One directory is open for each level.
    fn below(&mut self, dir: Dir, path: HostPath) -> Amount {
        let mut sum = Amount::default();
        let mut stack = Vec::new();
        let first = self.level(dir, path, &mut sum);
        stack.push(first);
        while let Some(level) = stack.last_mut() {
            let Some(name) = level.left.pop() else {
                stack.pop();
                continue;
            };
            let path = join(&level.path, &name);
            let opened = level.dir.open_dir(&name);
            if let Some(dir) = self.opened(opened, &path) {
                let inner = self.level(dir, path, &mut sum);
                stack.push(inner);
            }
        }
        sum
    }

    /// Counts what lies in a directory, and returns it with the directories in it.
    fn level(&mut self, dir: Dir, path: HostPath, sum: &mut Amount) -> Level {
        let mut left = Vec::new();
        let mut gaps = Vec::new();
        let mount = self.mount;
        let listed = dir.names(&mut self.buffer, &mut |name| match dir.stat(name) {
            Ok(Some(stat)) if stat.is_mount_point(mount) => {}
            Ok(Some(stat)) => {
                let is_directory = is_directory(&stat);
                let files = u64::from(!is_directory);
                *sum = sum.plus(Amount { bytes: stat.allocated(), files });
                if is_directory {
                    left.push(name.to_owned());
                }
            }
            Ok(None) => {}
            Err(cause) => gaps.push((name.to_owned(), cause)),
        });
        for (name, cause) in gaps {
            self.gap(&join(&path, &name), "look at it", &cause);
        }
        if let Err(cause) = listed {
            self.gap(&path, "list the directory", &cause);
        }
        Level { dir, path, left }
    }

    fn list(&mut self, dir: &Dir, path: &HostPath, each: &mut dyn FnMut(&CStr)) {
        if let Err(cause) = dir.names(&mut self.buffer, each) {
            self.gap(path, "list the directory", &cause);
        }
    }

    fn enter(&mut self, dir: &Dir, name: &CStr, path: &HostPath) -> Option<Dir> {
        let opened = dir.open_dir(name);
        self.opened(opened, path)
    }

    /// What was opened; nothing if it has vanished, nothing and a gap if it could not be opened.
    fn opened(&mut self, opened: io::Result<Dir>, path: &HostPath) -> Option<Dir> {
        match opened {
            Ok(dir) => Some(dir),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => None,
            Err(cause) => {
                self.gap(path, "read the directory", &cause);
                None
            }
        }
    }

    fn gap(&mut self, path: &HostPath, doing: &str, cause: &io::Error) {
        let error = format!("cannot {doing}: {cause}");
        self.found.gaps.push(Gap { path: path.clone(), error });
    }
}

fn is_directory(stat: &Stat) -> bool {
    stat.file_type().is_ok_and(|kind| kind == FileType::Directory)
}

fn join(path: &HostPath, name: &CStr) -> HostPath {
    path.join(OsStr::from_bytes(name.to_bytes()))
}
