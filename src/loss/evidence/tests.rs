//! Evidence from directories that look like a host of NixOS, its store included.

#![expect(clippy::disallowed_methods, reason = "makes the hosts that are read")]

mod boot;
mod claims;
mod declared;
mod etc;
mod home_manager;
mod script;
mod systems;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::PathBuf;

use tempfile::TempDir;

use super::{Evidence, gather};
use crate::loss::{Change, ChangeKind, Extent, FileType, Maker, Node, Time};
use crate::path::HostPath;
use crate::persist::accounts::{Accounts, User};
use crate::presets::Presets;
use crate::sys::files::Files;
use crate::sys::tree;

/// Where the systems of these hosts lie.
const SYSTEM: &str = "/nix/store/00000000000000000000000000000000-nixos-system";
const NEXT: &str = "/nix/store/11111111111111111111111111111111-nixos-system";

fn path(text: &str) -> HostPath {
    text.parse().unwrap()
}

/// Runs a test as root, in a user namespace where it is not: what NixOS makes belongs to root.
fn as_root(name: &str, test: impl FnOnce()) {
    let probe = tempfile::tempdir().unwrap();
    if fs::metadata(probe.path()).unwrap().uid() == 0 {
        return test();
    }
    let output = std::process::Command::new("unshare")
        .args(["--user", "--map-root-user", "--"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &format!("loss::evidence::tests::{name}"), "--nocapture"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{name}: {said}");
}

/// A host in a directory of its own. The root is the same directory: nothing is mounted.
struct Host {
    top: TempDir,
    accounts: Accounts,
}

impl Host {
    /// A host with nothing on it.
    fn empty() -> Self {
        let accounts = Accounts { is_complete: true, ..Accounts::default() };
        let host = Self { top: tempfile::tempdir().unwrap(), accounts };
        host.user("root", 0, "/root").group("root", 0)
    }

    /// A host that runs, and boots, one system with nothing in it.
    fn nixos() -> Self {
        let host = Self::empty();
        host.system(SYSTEM);
        host.link("/run/current-system", SYSTEM);
        host.link("/nix/var/nix/profiles/system", "system-1-link");
        host.link("/nix/var/nix/profiles/system-1-link", SYSTEM);
        host
    }

    /// Adds a system whose activation script fills /etc, with its own `etc`.
    fn system(&self, top: &str) {
        self.file(&format!("{top}/nixos-version"), "26.11", 0o444);
        self.file(
            &format!("{top}/activate"),
            "/nix/store/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-perl /nix/store/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-setup-etc.pl x\n",
            0o555,
        );
        self.link(&format!("{top}/etc"), &format!("{top}-etc/etc"));
        self.dir(&format!("{top}-etc/etc"), 0o755);
    }

    fn user(mut self, name: &str, uid: u32, home: &str) -> Self {
        let user = User { uid, gid: Some(uid), home: home.parse().ok() };
        self.accounts.users.insert(name.into(), user);
        self
    }

    fn group(mut self, name: &str, gid: u32) -> Self {
        self.accounts.groups.insert(name.into(), gid);
        self
    }

    fn at(&self, path: &str) -> PathBuf {
        self.top.path().join(path.trim_start_matches('/'))
    }

    fn above(&self, path: &str) -> PathBuf {
        let at = self.at(path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        at
    }

    fn file(&self, path: &str, content: impl AsRef<[u8]>, mode: u32) {
        let at = self.above(path);
        let _ = fs::remove_file(&at);
        fs::write(&at, content).unwrap();
        fs::set_permissions(at, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn dir(&self, path: &str, mode: u32) {
        let at = self.above(path);
        fs::create_dir_all(&at).unwrap();
        fs::set_permissions(at, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn link(&self, path: &str, text: &str) {
        let at = self.above(path);
        let _ = fs::remove_file(&at);
        symlink(text, at).unwrap();
    }

    fn gathered(&self, presets: &str) -> Evidence {
        self.gathered_with(&Presets::parse(presets).unwrap())
    }

    fn gathered_with(&self, presets: &Presets) -> Evidence {
        let tree = tree::open_seen(self.top.path()).unwrap();
        let host = Files::of_host(self.top.path()).unwrap();
        gather(&host, &Files::on(&tree).unwrap(), presets, &self.accounts)
    }

    /// What makes the thing at `at` again, as what it is now.
    fn maker(&self, at: &str) -> Option<Maker> {
        let Ok(meta) = fs::symlink_metadata(self.at(at)) else {
            panic!("nothing lies at {at}");
        };
        let file_type = match meta.file_type() {
            kind if kind.is_dir() => FileType::Directory,
            kind if kind.is_symlink() => FileType::Symlink,
            _ => FileType::Regular,
        };
        let mtime = Time { seconds: 0, nanoseconds: 0 };
        let node = Node { file_type, size: 0, allocated: 0, mtime };
        let change =
            Change { path: path(at), kind: ChangeKind::Added, node, extent: Extent::Itself };
        self.gathered("").makers.of(&change).cloned()
    }
}
