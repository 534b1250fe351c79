//! A mount namespace for each test, and short words for what is done in it.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::namespace;
use blankslate::path::HostPath;
use blankslate::sys::linux::LinuxSys;
use blankslate::sys::{FileId, Look, Meta, Progress, Seen, Sys};

/// Runs `test` in namespaces of its own, below a tmpfs.
pub fn in_namespace(name: &str, test: fn(&Path)) {
    namespace::inside(name, |root| {
        mount("tmpfs", root);
        fs::set_permissions(root, fs::Permissions::from_mode(0o755)).unwrap();
        test(root);
    });
}

/// Declares tests that run in a namespace, each with the directory that is its root.
macro_rules! in_namespaces {
    ($($(#[$meta:meta])* fn $name:ident($root:ident: &Path) $body:block)*) => { $(
        #[test]
        $(#[$meta])*
        fn $name() {
            fn inside($root: &Path) $body
            let module = module_path!().split_once("::").unwrap().1;
            crate::support::in_namespace(&format!("{module}::{}", stringify!($name)), inside);
        }
    )* };
}
pub(crate) use in_namespaces;

pub fn path(text: &str) -> HostPath {
    text.parse().unwrap()
}

pub fn sys(root: &Path) -> LinuxSys {
    LinuxSys::below(root).unwrap()
}

pub fn meta(mode: u32) -> Meta {
    Meta { uid: 0, gid: 0, mode }
}

/// A user, where there are others; in a user namespace of one there is only root.
pub fn user() -> u32 {
    if fs::read_to_string("/proc/self/uid_map").unwrap().contains("4294967295") { 1000 } else { 0 }
}

pub fn watch(_: Progress) {}

pub fn mount(kind: &str, at: &Path) {
    namespace::mount(kind, "defaults", at);
}

pub fn bind(from: &Path, at: &Path) {
    run("mount", &["--bind", from.to_str().unwrap(), at.to_str().unwrap()]);
}

pub fn run(program: &str, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).status().unwrap();
    assert!(status.success(), "{program} {arguments:?}");
}

/// Sets flags with chattr(1); whether that worked.
pub fn chattr(flags: &str, at: &Path) -> bool {
    Command::new("chattr").arg(flags).arg(at).output().is_ok_and(|done| done.status.success())
}

pub fn dir(root: &Path, at: &str, uid: u32, mode: u32) -> PathBuf {
    let dir = root.join(at);
    fs::create_dir_all(&dir).unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(mode)).unwrap();
    chown(&dir, Some(uid), Some(uid)).unwrap();
    dir
}

pub fn write(root: &Path, at: &str, text: &str) -> PathBuf {
    let file = root.join(at);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, text).unwrap();
    file
}

pub fn read(root: &Path, at: &str) -> String {
    fs::read_to_string(root.join(at)).unwrap()
}

/// Owner, group and mode.
pub fn owned(at: &Path) -> (u32, u32, u32) {
    let meta = fs::symlink_metadata(at).unwrap();
    (meta.uid(), meta.gid(), meta.mode() & 0o7777)
}

/// The names in a directory, sorted.
pub fn names(dir: &Path) -> Vec<OsString> {
    let mut names: Vec<_> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    names
}

pub fn seen(sys: &LinuxSys, at: &str) -> Seen {
    match sys.look(&path(at)).unwrap() {
        Look::Directory(seen) | Look::File(seen) => seen,
        other => panic!("{at} is {other:?}"),
    }
}

pub fn mountinfo() -> String {
    fs::read_to_string("/proc/self/mountinfo").unwrap()
}

/// Which file lies at a path now; none that there is where nothing lies.
pub fn id_at(root: &Path, at: &str) -> FileId {
    let Ok(meta) = fs::symlink_metadata(root.join(at.trim_start_matches('/'))) else {
        return FileId { device: (0, 0), inode: 0 };
    };
    let part = |number: u64| u32::try_from(number).unwrap();
    let device = (part(nix::sys::stat::major(meta.dev())), part(nix::sys::stat::minor(meta.dev())));
    FileId { device, inode: meta.ino() }
}
