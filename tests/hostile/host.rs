//! A small host: a root with data that is declared and not in the store yet, and what has to come of it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::namespace::mount;

/// Two entries that adopt, one that makes its source, one that the store holds already, one that is
/// nested, and one that is not declared any more (it is in the record of an earlier run).
const CONFIG: &str = r#"
version = 1
[[store]]
path = "/persist"
[[store.entry]]
target = "/var/lib/data base"
kind = "directory"
[[store.entry]]
target = "/etc/own.conf"
kind = "file"
how = "symlink"
[[store.entry]]
target = "/srv/new/deep"
kind = "directory"
mode = "0750"
[[store.entry]]
target = "/var/lib/held"
kind = "directory"
[[store.entry]]
target = "/var/lib/held/inner"
kind = "directory"
mode = "0711"
"#;

const EARLIER: &str = r#"
version = 1
[[store]]
path = "/persist"
[[store.entry]]
target = "/opt/former"
kind = "directory"
[[store.entry]]
target = "/opt/link"
kind = "directory"
how = "symlink"
"#;

/// Paths with what lies there: type, mode and content.
pub type Picture = BTreeMap<PathBuf, String>;

pub struct Host {
    pub root: PathBuf,
    pub config: PathBuf,
}

impl Host {
    /// A fresh one below `top`; the one that was there before is gone.
    pub fn fresh(top: &Path) -> Self {
        let host = Self { root: top.join("root"), config: top.join("config.toml") };
        if host.root.exists() {
            umount(&host.root);
        }
        fs::create_dir_all(&host.root).unwrap();
        mount("tmpfs", "mode=755", &host.root);
        for dir in ["persist", "run", "etc", "var/lib/data base/sub", "srv", "opt"] {
            fs::create_dir_all(host.root.join(dir)).unwrap();
        }
        mount("tmpfs", "mode=755,size=4m", &host.root.join("persist"));
        host.fill();
        host
    }

    fn fill(&self) {
        let data = self.root.join("var/lib/data base");
        fs::write(data.join("table"), vec![7_u8; 70_000]).unwrap();
        fs::write(data.join("sub/it's"), "quoted").unwrap();
        fs::hard_link(data.join("sub/it's"), data.join("linked")).unwrap();
        symlink("../nowhere", data.join("dangling")).unwrap();
        fs::set_permissions(data.join("table"), fs::Permissions::from_mode(0o4640)).unwrap();
        fs::set_permissions(&data, fs::Permissions::from_mode(0o710)).unwrap();
        fs::write(self.root.join("etc/own.conf"), "mine").unwrap();
        for kept in ["var/lib/held", "opt/former", "opt/link"] {
            let source = self.root.join("persist").join(kept);
            fs::create_dir_all(&source).unwrap();
            fs::write(source.join("kept"), "kept").unwrap();
        }
        fs::write(&self.config, EARLIER).unwrap();
        let output = self.run(&["apply"]);
        assert!(output.status.success(), "{output:?}");
        fs::write(&self.config, CONFIG).unwrap();
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(Command::new(env!("CARGO_BIN_EXE_blankslate")), args).output().unwrap()
    }

    /// The same under a program that is put before it.
    pub fn run_under(&self, before: &[String], args: &[&str]) -> Output {
        let mut command = Command::new(&before[0]);
        command.args(&before[1..]).arg(env!("CARGO_BIN_EXE_blankslate"));
        self.command(command, args).output().unwrap()
    }

    fn command(&self, mut command: Command, args: &[&str]) -> Command {
        command.args(args).arg("--root").arg(&self.root).arg("--config").arg(&self.config);
        command
    }

    /// Everything that a program or an admin sees below the root, but the records.
    pub fn picture(&self) -> Picture {
        let mut picture = Picture::new();
        for entry in walkdir::WalkDir::new(&self.root).min_depth(1).sort_by_file_name() {
            let entry = entry.unwrap();
            let path = entry.path().strip_prefix(&self.root).unwrap().to_owned();
            if !path.starts_with("run") {
                picture.insert(path, describe(entry.path()));
            }
        }
        picture
    }

    /// Checks what has to hold at any moment: every byte of before is there, and no copy is half.
    pub fn check_promises(&self, before: &Picture, what: &str) {
        let now = self.picture();
        for (path, node) in before.iter().filter(|(_, node)| node.starts_with("file")) {
            let store = Path::new("persist").join(path);
            let beside = now.iter().any(|(at, there)| {
                let shown = at.as_os_str().as_bytes();
                there == node && contains(shown, b".blankslate-adopted-")
            });
            let is_there = [path, &store].into_iter().any(|at| now.get(at) == Some(node));
            assert!(is_there || beside, "{path:?} ({node}) is gone after {what}");
            if !path.starts_with("persist") {
                let copied = now.get(&store);
                assert!(copied.is_none_or(|copy| copy == node), "{store:?} is half after {what}");
            }
        }
        let whole = now.contains_key(Path::new("persist/var/lib/data base"));
        let last = now.contains_key(Path::new("persist/var/lib/data base/sub/it's"));
        assert_eq!(whole, last, "the copy of the directory is half after {what}");
    }
}

/// What is compared between two ends: names under which things were set aside may be numbered
/// differently, and where a run was stopped a name may be left that waited to appear.
pub fn without_leavings(picture: Picture) -> Picture {
    let is_ours = |path: &PathBuf| contains(path.as_os_str().as_bytes(), b".blankslate-");
    picture.into_iter().filter(|(path, _)| !is_ours(path)).collect()
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn describe(path: &Path) -> String {
    let meta = fs::symlink_metadata(path).unwrap();
    let (mode, uid, gid) = (meta.mode() & 0o7777, meta.uid(), meta.gid());
    let kind = meta.file_type();
    if kind.is_symlink() {
        format!("link to {:?}", fs::read_link(path).unwrap())
    } else if kind.is_dir() {
        format!("directory {mode:o} {uid}:{gid}")
    } else {
        let content = fs::read(path).unwrap();
        let sum: u64 = content.iter().map(|&byte| u64::from(byte)).sum();
        format!("file {mode:o} {uid}:{gid} {} bytes, sum {sum}", content.len())
    }
}

fn umount(at: &Path) {
    assert!(Command::new("umount").arg("-R").arg(at).status().unwrap().success());
}
