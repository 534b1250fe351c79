//! A host whose units lie in its store.

#![expect(clippy::disallowed_methods, reason = "makes the hosts that are read")]

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::PathBuf;

use crate::loss::evidence::Evidence;
use crate::loss::{Change, ChangeKind, Extent, FileType, Maker, Node, Time};
use crate::path::HostPath;
use crate::persist::accounts::Accounts;
use crate::sys::files::Files;
use crate::sys::tree;

#[path = "../../../../../tests/support/skip.rs"]
pub(in crate::loss::evidence) mod skip;

/// A host in a directory of its own; the root is the same directory.
pub(in crate::loss::evidence) struct Host(tempfile::TempDir);

pub(in crate::loss::evidence) fn path(text: &str) -> HostPath {
    text.parse().unwrap()
}

/// Whether this test makes what belongs to root; says so where it does not.
pub(in crate::loss::evidence) fn is_root() -> bool {
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if !is_root {
        skip::skip("only root can make what belongs to root");
    }
    is_root
}

impl Host {
    /// A host whose units lie in the store, and that starts `multi-user.target`.
    pub(in crate::loss::evidence) fn new() -> Self {
        let host = Self(tempfile::tempdir().unwrap());
        host.link("/etc/systemd/system", "/nix/store/units");
        host.unit("sysinit.target", "[Unit]\nDescription=x\n");
        host.unit("multi-user.target", "[Unit]\nRequires=basic.target\n");
        host.unit("basic.target", "[Unit]\nRequires=sysinit.target\n");
        host.link("/nix/store/units/default.target", "multi-user.target");
        host.file("/etc/passwd", "root:x:0:0::/root:/x\ndb:x:71:71::/var/lib/db-home:/x\n");
        host.file("/etc/group", "root:x:0:\ndb:x:71:\n");
        host
    }

    pub(in crate::loss::evidence) fn at(&self, at: &str) -> PathBuf {
        let at = self.0.path().join(at.trim_start_matches('/'));
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        at
    }

    pub(in crate::loss::evidence) fn file(&self, at: &str, text: &str) {
        fs::write(self.at(at), text).unwrap();
    }

    pub(in crate::loss::evidence) fn link(&self, at: &str, text: &str) {
        symlink(text, self.at(at)).unwrap();
    }

    pub(in crate::loss::evidence) fn dir(&self, at: &str, mode: u32) {
        fs::create_dir_all(self.at(at)).unwrap();
        fs::set_permissions(self.at(at), fs::Permissions::from_mode(mode)).unwrap();
    }

    pub(in crate::loss::evidence) fn unit(&self, name: &str, text: &str) {
        self.file(&format!("/nix/store/units/{name}"), text);
    }

    /// Adds a service that `multi-user.target` wants, and its directory in `/var/lib`.
    pub(super) fn wanted(&self, name: &str, text: &str) {
        let service = format!("{name}.service");
        self.unit(&service, &format!("{text}\n[Service]\nExecStart=/x\nStateDirectory={name}\n"));
        self.wants("multi-user.target.wants", &service);
        self.dir(&format!("/var/lib/{name}"), 0o755);
    }

    pub(in crate::loss::evidence) fn wants(&self, directory: &str, unit: &str) {
        self.link(&format!("/nix/store/units/{directory}/{unit}"), &format!("../{unit}"));
    }

    pub(in crate::loss::evidence) fn accounts(&self) -> Accounts {
        crate::sys::accounts::of_host(self.0.path(), &[], &[]).unwrap()
    }

    pub(in crate::loss::evidence) fn files(&self) -> (Files, Files) {
        let tree = tree::open_seen(self.0.path()).unwrap();
        (Files::of_host(self.0.path()).unwrap(), Files::on(&tree).unwrap())
    }
}

/// What makes the thing again.
pub(in crate::loss::evidence) fn maker(
    evidence: &Evidence,
    at: &str,
    file_type: FileType,
) -> Option<Maker> {
    let mtime = Time { seconds: 0, nanoseconds: 0 };
    let node = Node { file_type, size: 0, allocated: 0, mtime };
    let (kind, extent) = (ChangeKind::Added, Extent::Itself);
    evidence.makers.of(&Change { path: path(at), kind, node, extent }).cloned()
}
