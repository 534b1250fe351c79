//! What of a file has changed beside its content.

use std::fs::{File, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, lchown};
use std::path::Path;
use std::process::Command;

use blankslate::loss::Summing;
use rustix::fs::{IFlags, XattrFlags, ioctl_setflags, setxattr};
use rustix::io::Errno;

use crate::engine::told;
use crate::images::has_images;
use crate::support::{Host, below, is_root, unable};

/// What a scan tells of `path`, which is the same on both sides before `alter` has changed the root's.
fn changed(make: &dyn Fn(&Path), alter: &dyn Fn(&Path) -> bool) -> Option<Vec<String>> {
    let host = Host::new();
    std::fs::create_dir(host.blank()).unwrap();
    for top in [host.root(), host.blank()] {
        make(&top.join("it"));
    }
    let before = told(&host.root(), Some(&host.blank()), Summing::Not);
    assert_eq!((before.lines(), before.gap_lines()), (vec![], vec![]));
    if !alter(&host.root().join("it")) {
        return None;
    }
    let now = told(&host.root(), Some(&host.blank()), Summing::Not);
    assert_eq!(now.gap_lines(), Vec::<String>::new());
    Some(now.lines())
}

fn file(at: &Path) {
    std::fs::write(at, "content").unwrap();
}

fn dir(at: &Path) {
    std::fs::create_dir(at).unwrap();
    std::fs::write(at.join("inner"), "x").unwrap();
}

fn link(at: &Path) {
    std::os::unix::fs::symlink("to", at).unwrap();
}

/// Whether the file system under /tmp can do that.
fn could(done: rustix::io::Result<()>) -> bool {
    match done {
        Ok(()) => true,
        Err(Errno::OPNOTSUPP | Errno::NOTTY | Errno::PERM) => {
            unable("the file system under /tmp cannot hold that");
            false
        }
        Err(cause) => panic!("{cause}"),
    }
}

/// `user:65534:r--` beside what mode 0644 says.
fn acl() -> Vec<u8> {
    let entries: [(u16, u16, u32); 5] =
        [(1, 6, !0), (2, 4, 65534), (4, 4, !0), (0x10, 4, !0), (0x20, 4, !0)];
    let mut bytes = 2u32.to_le_bytes().to_vec();
    for (tag, rights, id) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(rights.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

#[test]
fn each_aspect_is_told_by_its_name_for_files_and_directories() {
    type Alter = fn(&Path) -> bool;
    let table: [(&str, Alter); 5] = [
        ("owner", |at| is_root() && chown(at, Some(65534), None).is_ok()),
        ("owner", |at| is_root() && chown(at, None, Some(65534)).is_ok()),
        ("mode", |at| std::fs::set_permissions(at, Permissions::from_mode(0o711)).is_ok()),
        ("attributes", |at| could(setxattr(at, c"user.note", b"x", XattrFlags::empty()))),
        ("flags", |at| could(ioctl_setflags(File::open(at).unwrap(), IFlags::NODUMP))),
    ];
    for (word, alter) in table {
        for make in [file, dir] {
            if let Some(told) = changed(&make, &alter) {
                assert_eq!(told, [format!("{word} /it")]);
            }
        }
    }
}

#[test]
fn an_acl_is_told_as_one_with_the_mode_unchanged() {
    let set = |name: &'static std::ffi::CStr| {
        move |at: &Path| could(setxattr(at, name, &acl(), XattrFlags::empty()))
    };
    let plain = |at: &Path| {
        file(at);
        std::fs::set_permissions(at, Permissions::from_mode(0o644)).unwrap();
    };
    if let Some(told) = changed(&plain, &set(c"system.posix_acl_access")) {
        assert_eq!(told, ["acl /it"]);
    }
    if let Some(told) = changed(&dir, &set(c"system.posix_acl_default")) {
        assert_eq!(told, ["acl /it"]);
    }
}

#[test]
fn an_attribute_with_another_value_and_one_that_is_gone_are_told() {
    let make = |at: &Path| {
        file(at);
        let _ = setxattr(at, c"user.note", b"old", XattrFlags::empty());
    };
    let set = |at: &Path| could(setxattr(at, c"user.note", b"new", XattrFlags::empty()));
    if let Some(told) = changed(&make, &set) {
        assert_eq!(told, ["attributes /it"]);
        let gone = changed(&make, &|at| rustix::fs::removexattr(at, c"user.note").is_ok());
        assert_eq!(gone.unwrap(), ["attributes /it"]);
    }
}

#[test]
fn the_owner_of_a_symlink_is_told_and_its_attributes_are_not_those_of_its_target() {
    if let Some(told) = changed(&link, &|at| is_root() && lchown(at, Some(65534), None).is_ok()) {
        assert_eq!(told, ["owner /it"]);
    }
    let host = Host::new();
    host.both("/to", "x");
    host.link("/it", "to");
    std::os::unix::fs::symlink("to", below(&host.blank(), "/it")).unwrap();
    if could(setxattr(host.root().join("to"), c"user.note", b"x", XattrFlags::empty())) {
        let told = told(&host.root(), Some(&host.blank()), Summing::Not);
        assert_eq!(told.lines(), ["attributes /to"]);
    }
}

#[test]
fn content_counts_before_owner_and_owner_before_the_rest() {
    let all = |at: &Path| {
        let note = setxattr(at, c"user.note", b"x", XattrFlags::empty());
        std::fs::set_permissions(at, Permissions::from_mode(0o711)).unwrap();
        could(note)
    };
    let owner = |at: &Path| is_root() && chown(at, Some(65534), None).is_ok() && all(at);
    let content = |at: &Path| std::fs::write(at, "CONTENT").is_ok() && all(at);
    for (alter, line) in [
        (&all as &dyn Fn(&Path) -> bool, "mode /it"),
        (&owner, "owner /it"),
        (&content, "modified /it"),
    ] {
        if let Some(told) = changed(&file, alter) {
            assert_eq!(told, [line]);
        }
    }
}

#[test]
fn a_name_of_the_same_content_that_is_another_inode_now_is_no_change() {
    let host = Host::new();
    host.both("/a", "content");
    host.both("/b", "content");
    // Was one file with two names, is two files; and the other way round.
    std::fs::remove_file(below(&host.blank(), "/b")).unwrap();
    std::fs::hard_link(below(&host.blank(), "/a"), below(&host.blank(), "/b")).unwrap();
    host.both("/c", "content");
    host.both("/d", "content");
    std::fs::remove_file(below(&host.root(), "/d")).unwrap();
    std::fs::hard_link(below(&host.root(), "/c"), below(&host.root(), "/d")).unwrap();
    let told = told(&host.root(), Some(&host.blank()), Summing::Not);
    assert_eq!((told.lines(), told.gap_lines()), (vec![], vec![]));
}

/// Makes an ext4 image of `dir` and mounts it at `at`.
fn image_of(dir: &Path, image: &Path, at: &Path) {
    std::fs::create_dir(at).unwrap();
    let mut make = Command::new("mkfs.ext4");
    assert!(
        make.args(["-q", "-d"]).arg(dir).arg(image).arg("2M").output().unwrap().status.success()
    );
    let mut mount = Command::new("mount");
    assert!(mount.args(["-o", "loop,ro"]).arg(image).arg(at).status().unwrap().success());
}

#[test]
fn two_images_with_made_up_times_are_compared_by_content() {
    if !has_images("ext4") {
        return;
    }
    let host = Host::new();
    let at = |name: &str| host.path().join(name);
    // Both within one second: the same inode numbers, the same size, and in an image the times are
    // whole seconds.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    std::thread::sleep(std::time::Duration::from_nanos(
        // The clock of a file system is some milliseconds behind.
        1_050_000_000 - u64::from(now.subsec_nanos()),
    ));
    for (name, content) in [("one", "content"), ("two", "CONTENT")] {
        std::fs::create_dir(at(name)).unwrap();
        std::fs::write(at(name).join("file"), content).unwrap();
        crate::support::age(&at(name), 100);
    }
    let images = ["one", "two"].map(|name| {
        let mounted = at(&format!("{name}.mounted"));
        image_of(&at(name), &at(&format!("{name}.image")), &mounted);
        mounted
    });
    let lines = told(&images[0], Some(&images[1]), Summing::Not).lines();
    for mounted in images {
        Command::new("umount").arg(mounted).status().unwrap();
    }
    assert_eq!(lines, ["modified /file"]);
}
