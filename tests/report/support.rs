//! Makes trees, runs the program, takes its report apart.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use nix::fcntl::AT_FDCWD;
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;
use serde_json::Value;

pub use crate::skip::{skip, unable};

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_what-will-i-lose");

/// A temporary directory with a root, perhaps a blank, and a configuration in it.
pub struct Host {
    dir: tempfile::TempDir,
}

/// What the program said.
pub struct Said {
    pub stdout: String,
    pub stderr: String,
    pub status: i32,
}

impl Host {
    /// An empty root and a configuration that declares nothing. The path has always the same length,
    /// so that sentences with it wrap alike.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("wwil-").tempdir_in("/tmp").unwrap();
        let host = Self { dir };
        std::fs::create_dir(host.root()).unwrap();
        host.config("");
        host
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn root(&self) -> PathBuf {
        self.path().join("root")
    }

    pub fn blank(&self) -> PathBuf {
        self.path().join("blank")
    }

    pub fn config_file(&self) -> PathBuf {
        self.path().join("config.toml")
    }

    /// Writes the configuration: `rest` behind the version.
    pub fn config(&self, rest: &str) {
        std::fs::write(self.config_file(), format!("version = 1\n{rest}")).unwrap();
    }

    /// A file on the root, and the directories above it.
    pub fn file(&self, path: &str, content: &str) {
        put(&self.root(), path, content);
    }

    /// The same file in the blank.
    pub fn blank_file(&self, path: &str, content: &str) {
        put(&self.blank(), path, content);
    }

    /// The same file on the root and in the blank.
    pub fn both(&self, path: &str, content: &str) {
        self.file(path, content);
        self.blank_file(path, content);
    }

    pub fn dir(&self, path: &str) {
        std::fs::create_dir_all(below(&self.root(), path)).unwrap();
    }

    pub fn link(&self, path: &str, to: &str) {
        let link = below(&self.root(), path);
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(to, link).unwrap();
    }

    /// The program on this root, with this configuration and, if there is one, this blank.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(self.args(args)).env_remove("COLUMNS");
        command
    }

    pub fn args(&self, args: &[&str]) -> Vec<OsString> {
        let mut all: Vec<OsString> = vec!["--root".into(), self.root().into()];
        all.extend(["--config".into(), self.config_file().into()]);
        if self.blank().exists() {
            all.extend(["--blank".into(), self.blank().into()]);
        }
        all.extend(args.iter().map(Into::into));
        all
    }

    pub fn run(&self, args: &[&str]) -> Said {
        said(&mut self.command(args))
    }

    /// The paths of the rows of its text, with the words before them.
    pub fn rows(&self, args: &[&str]) -> Vec<String> {
        let said = self.run(args);
        let is_row = |line: &&str| line.starts_with("  ") || line.as_bytes().get(27) == Some(&b' ');
        let table = said.stdout.lines().skip_while(|line| !line.contains("  PATH")).skip(1);
        let table = table.take_while(|line| !line.contains("at the next boot"));
        let row = |line: &str| line.get(29..).unwrap_or_default().to_owned();
        table.filter(is_row).map(row).collect()
    }

    /// Runs it for JSON and takes it apart.
    pub fn json(&self, args: &[&str]) -> Value {
        let said = self.run(&[&["--format", "json"], args].concat());
        serde_json::from_str(&said.stdout).unwrap_or_else(|e| panic!("{e}: {}", said.stderr))
    }

    /// `verdict change path/` of every change of the report, with `/` behind what is told whole.
    pub fn changes(&self, args: &[&str]) -> Vec<String> {
        changes(&self.json(args))
    }
}

pub fn changes(report: &Value) -> Vec<String> {
    let shown = |change: &Value| {
        let text = |key: &str| change[key].as_str().unwrap_or("").to_owned();
        let whole = if change["files"].is_null() { "" } else { "/" };
        let remark = text("remark");
        let remark = if remark.is_empty() { remark } else { format!(" {remark}") };
        format!("{} {} {}{whole}{remark}", text("verdict"), text("change"), text("path"))
    };
    report["changes"].as_array().unwrap().iter().map(shown).collect()
}

pub fn said(command: &mut Command) -> Said {
    let Output { stdout, stderr, status } = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    Said { stdout: text(stdout), stderr: text(stderr), status: status.code().unwrap() }
}

pub fn below(base: &Path, path: &str) -> PathBuf {
    base.join(path.strip_prefix('/').unwrap_or(path))
}

fn put(base: &Path, path: &str, content: &str) {
    let file = below(base, path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, content).unwrap();
}

/// Makes everything below `top` as old as that: the report shows ages.
pub fn age(top: &Path, seconds: i64) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let then = TimeSpec::new(i64::try_from(now.as_secs()).unwrap() - seconds, 0);
    for entry in walkdir::WalkDir::new(top).contents_first(true) {
        let path = entry.unwrap().into_path();
        utimensat(AT_FDCWD, &path, &then, &then, UtimensatFlags::NoFollowSymlink).unwrap();
    }
}

/// A name of any bytes.
pub fn name(bytes: &[u8]) -> &OsStr {
    OsStr::from_bytes(bytes)
}

/// Waits for that; on a busy machine it may take long.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !is_so() {
        assert!(start.elapsed().as_secs() < 60, "this does not come: {what}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Runs a shell script in a mount namespace of its own; nothing where that is not allowed. In it `$P`
/// is the program, `$D` the host's directory, and `report ARGS…` runs the program on the host.
pub fn in_mount_namespace(host: &Host, script: &str) -> Option<Said> {
    let user: &[&str] = if is_root() { &[] } else { &["--user", "--map-root-user"] };
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(user).args(["--mount", "--", "sh", "-euc", script, "sh"]);
        command.args(host.args(&[])).env("P", PROGRAM).env("D", host.path());
        command
    };
    let allowed = unshare("mount -t tmpfs none \"$D/root\"").status();
    if !allowed.is_ok_and(|status| status.success()) {
        skip("this machine lets nobody mount in a namespace of their own");
        return None;
    }
    let report = "A=$(printf '%s ' \"$@\"); report() { set +e; \"$P\" $A \"$@\"; exit $?; }; ";
    Some(said(&mut unshare(&format!("{report}{script}"))))
}
