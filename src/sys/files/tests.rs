//! Files of a root in a directory, with links that lead in, up and in circles.

#![expect(clippy::disallowed_methods, reason = "makes the roots that are read")]

use super::*;
use crate::sys::tree;
use std::os::unix::fs::symlink;

fn path(text: &str) -> HostPath {
    text.parse().unwrap()
}

/// A root with a file, links that lead in, up and in circles, a fifo and a socket.
fn root() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    std::fs::create_dir_all(at("etc/d/deep")).unwrap();
    std::fs::write(at("etc/d/file"), "text").unwrap();
    std::fs::write(at("etc/d/big"), vec![b'x'; LIMIT + 1]).unwrap();
    for (link, text) in [
        ("etc/abs", "/etc/d/file"),
        ("etc/out", "../../../../etc/d/file"),
        ("etc/dir", "d"),
        ("etc/loop", "loop"),
        ("etc/dangling", "/nowhere"),
    ] {
        symlink(text, at(link)).unwrap();
    }
    rustix::fs::mkfifoat(rustix::fs::CWD, at("etc/fifo"), Mode::RUSR).unwrap();
    drop(std::os::unix::net::UnixListener::bind(at("etc/socket")).unwrap());
    root
}

fn both(root: &tempfile::TempDir) -> (Files, Files) {
    let tree = tree::open_seen(root.path()).unwrap();
    (Files::of_host(root.path()).unwrap(), Files::on(&tree).unwrap())
}

#[test]
fn only_regular_files_are_read_and_links_lead_nowhere_outside() {
    let root = root();
    let (host, on_root) = both(&root);
    let text = Some("text");
    let table = [
        ("/etc/d/file", text, text),
        ("/etc/abs", text, None),
        ("/etc/out", text, None),
        ("/etc/dir/file", text, None),
        ("/etc/dangling", None, None),
        ("/etc/d", None, None),
        ("/etc/d/file/x", None, None),
        ("/etc/fifo", None, None),
        ("/etc/socket", None, None),
        ("/etc/d/none", None, None),
        ("/", None, None),
    ];
    for (at, followed, itself) in table {
        let read = |files: &Files| files.read(&path(at)).unwrap();
        assert_eq!(read(&host).as_deref(), followed.map(str::as_bytes), "{at}");
        assert_eq!(read(&on_root).as_deref(), itself.map(str::as_bytes), "{at}");
    }
    assert!(host.read(&path("/etc/d/big")).is_err());
    assert!(host.read(&path("/etc/loop")).is_err());
    assert_eq!(on_root.read(&path("/etc/loop")).unwrap(), None);
}

#[test]
fn names_are_sorted_and_a_place_without_names_has_none() {
    let root = root();
    let (host, on_root) = both(&root);
    let in_d = ["big", "deep", "file"].map(OsString::from).to_vec();
    let none = Vec::new;
    let table = [
        ("/etc/d", in_d.clone(), in_d.clone()),
        ("/etc/dir", in_d, none()),
        ("/etc/d/file", none(), none()),
        ("/etc/none", none(), none()),
        ("/etc/fifo", none(), none()),
    ];
    for (at, followed, itself) in table {
        assert_eq!(host.names(&path(at)).unwrap(), followed, "{at}");
        assert_eq!(on_root.names(&path(at)).unwrap(), itself, "{at}");
    }
}

#[test]
fn what_lies_in_the_store_or_on_another_disk_outlives_the_root() {
    let root = root();
    let at = |name: &str| root.path().join(name);
    std::fs::create_dir_all(at("nix/store/rules")).unwrap();
    std::fs::create_dir_all(at("nix/store-not")).unwrap();
    symlink("/nix/store/rules", at("etc/rules")).unwrap();
    let (host, on_root) = both(&root);
    let table = [
        ("/nix/store/rules", true),
        ("/etc/rules", true),
        ("/etc/d", false),
        ("/nix/store-not", false),
        ("/etc/dangling", false),
    ];
    for (at, outlives) in table {
        assert_eq!(host.outlives(&path(at), &on_root).unwrap(), outlives, "{at}");
    }
    // What the kernel makes up is on another file system; memory is gone after a boot.
    let here = Files::of_host(Path::new("/")).unwrap();
    assert!(here.outlives(&path("/proc/self"), &on_root).unwrap());
    assert!(!here.outlives(&path("/dev/shm"), &on_root).unwrap());
}

#[test]
fn the_last_component_is_looked_at_itself() {
    let root = root();
    let (host, on_root) = both(&root);
    let table = [
        ("/etc/abs", Some(FileType::Symlink), Some("/etc/d/file")),
        ("/etc/loop", Some(FileType::Symlink), Some("loop")),
        ("/etc/d/file", Some(FileType::Regular), None),
        ("/etc/fifo", Some(FileType::Fifo), None),
        ("/etc/d/none", None, None),
        ("/", Some(FileType::Directory), None),
    ];
    for (at, file_type, text) in table {
        for files in [&host, &on_root] {
            let seen = files.look(&path(at)).unwrap().map(|(file_type, _)| file_type);
            assert_eq!(seen, file_type, "{at}");
            let link = files.link(&path(at)).unwrap();
            assert_eq!(link.as_deref(), text.map(str::as_bytes), "{at}");
        }
    }
    let of_fifo = host.look(&path("/etc/fifo")).unwrap().unwrap().1;
    assert_eq!(of_fifo.mode, 0o400);
    assert!(host.look(&path("/etc/dir/file")).unwrap().is_some());
    assert!(on_root.look(&path("/etc/dir/file")).unwrap().is_none());
}
