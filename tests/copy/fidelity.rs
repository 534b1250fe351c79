//! A copy has everything that the original has.

use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use rustix::fs::AtFlags;

use crate::support::{
    Bench, acl, attribute, capability, chattr, compared, copied, lsattr, mode, names, path, times,
    told, zoo,
};

fn value(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut value = vec![0; 65536];
    let length = rustix::fs::lgetxattr(path, name, &mut value[..]).ok()?;
    value.truncate(length);
    Some(value)
}

const ATTRIBUTES: [&str; 6] = [
    "user.note",
    "user.empty",
    "trusted.link",
    "security.capability",
    "system.posix_acl_access",
    "system.posix_acl_default",
];

/// What a tree is to a program that looks at it from outside, without this project's code.
fn seen(top: &Path) -> Vec<String> {
    let mut seen = Vec::new();
    for entry in walkdir::WalkDir::new(top).sort_by_file_name() {
        let entry = entry.unwrap();
        let (at, meta) = (entry.path(), fs::symlink_metadata(entry.path()).unwrap());
        if meta.file_type().is_socket() {
            continue;
        }
        let links = if meta.is_dir() { 0 } else { meta.nlink() };
        let size = if meta.is_dir() { 0 } else { meta.size() };
        // Looking at anything else, or by another name, changes when it was last looked at.
        let access =
            if meta.is_file() && links == 1 { (meta.atime(), meta.atime_nsec()) } else { (0, 0) };
        let text = fs::read_link(at).ok();
        let content = meta.is_file().then(|| fs::read(at).unwrap());
        let values: Vec<_> = ATTRIBUTES.iter().map(|name| value(at, name)).collect();
        seen.push(format!(
            "{:?} {:o} {}:{} {links} {size} {} {}.{} {access:?} {text:?} {:?} {values:?}",
            at.strip_prefix(top).unwrap().as_os_str().as_encoded_bytes(),
            meta.mode(),
            meta.uid(),
            meta.gid(),
            meta.rdev(),
            meta.mtime(),
            meta.mtime_nsec(),
            content.map(|bytes| blake(&bytes)),
        ));
    }
    seen
}

fn blake(bytes: &[u8]) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

#[test]
fn a_copy_is_the_same_to_whoever_looks_at_it() {
    let bench = Bench::new();
    zoo(&bench.original());
    let copied = bench.verified().unwrap();
    let (theirs, ours) = (seen(&bench.original()), seen(&bench.copy()));
    for (one, other) in theirs.iter().zip(&ours) {
        assert_eq!(one, other);
    }
    assert_eq!(theirs.len(), ours.len());
    assert_eq!(copied.sockets, [path("/o/sub/socket")]);
    assert_eq!(copied.notes, Vec::<String>::new());
    assert_eq!(usize::try_from(copied.total.things).unwrap(), ours.len());
    assert_eq!(names(&bench.staged()), ["tree"]);
    assert_eq!(told(bench.compared().unwrap()), "none");
}

#[test]
fn hard_links_holes_and_special_files_are_as_they_were() {
    let bench = Bench::new();
    zoo(&bench.original());
    bench.verified().unwrap();
    let at = |name: &str| fs::symlink_metadata(bench.copy().join(name)).unwrap();
    for (one, other) in [
        ("sub/file", "link 1"),
        ("sub/file", "sub/link 2"),
        ("fifo", "sub/fifo 2"),
        ("dangling", "sub/l"),
    ] {
        assert_eq!(at(one).ino(), at(other).ino(), "{one} and {other}");
    }
    assert_eq!(at("sub/file").nlink(), 3);
    assert!(at("fifo").file_type().is_fifo());
    let sparse = fs::symlink_metadata(bench.original().join("sparse")).unwrap();
    assert_eq!(at("sparse").size(), sparse.size());
    assert!(at("sparse").blocks() <= sparse.blocks() + 16, "{} blocks", at("sparse").blocks());
    assert!(at("sparse").blocks() < 200);
}

#[test]
fn attributes_and_acls_are_taken_along() {
    let bench = Bench::new();
    zoo(&bench.original());
    let expected = [
        ("sub/file", "user.note", b"\0any\xffbytes".to_vec()),
        ("sub/file", "security.capability", capability()),
        ("sub/big", "system.posix_acl_access", acl()),
        ("sub", "system.posix_acl_default", acl()),
        ("dangling", "trusted.link", b"on a symlink".to_vec()),
    ];
    bench.verified().unwrap();
    for (file, name, bytes) in expected {
        // On a file system that cannot hold it, neither has it.
        if value(&bench.original().join(file), name).is_some() {
            assert_eq!(value(&bench.copy().join(file), name), Some(bytes), "{file} {name}");
        }
    }
}

#[test]
fn file_flags_are_taken_along_but_those_of_the_topmost_only_at_the_end() {
    let bench = Bench::new();
    let original = bench.original();
    for name in ["locked", "log", "quiet", "linked"] {
        fs::write(original.join(name), name).unwrap();
    }
    fs::create_dir(original.join("dir")).unwrap();
    fs::write(original.join("dir/below"), "x").unwrap();
    fs::hard_link(original.join("linked"), original.join("dir/again")).unwrap();
    let table = [
        ("locked", "+i"),
        ("log", "+a"),
        ("quiet", "+dAS"),
        ("linked", "+i"),
        ("dir", "+iD"),
        (".", "+i"),
    ];
    if !table.iter().all(|(name, flags)| chattr(flags, &original.join(name))) {
        eprintln!("SKIPPED: no file flags here");
        return;
    }
    bench.verified().unwrap();
    for (name, _) in &table[..5] {
        assert_eq!(lsattr(&bench.copy().join(name)), lsattr(&original.join(name)), "{name}");
    }
    assert!(!lsattr(&bench.copy()).contains('i'));
    assert_eq!(told(bench.compared().unwrap()), "none");
    let (from, to) = (crate::support::held(&original), crate::support::held(&bench.copy()));
    blankslate::sys::copy::finish_flags(from.as_fd(), to.as_fd()).unwrap();
    assert_eq!(lsattr(&bench.copy()), lsattr(&original));
    assert_eq!(told(bench.compared().unwrap()), "none");
    bench.discard();
}

#[test]
fn a_regular_file_can_be_the_topmost() {
    let bench = Bench::new();
    let file = bench.original().join("id");
    fs::write(&file, "id\n").unwrap();
    attribute(&file, "user.note", b"x");
    mode(&file, 0o4640);
    times(&file, 1_000_000_000, 5);
    let copy = copied(&file, &bench.staged()).unwrap();
    assert_eq!((copy.total.things, copy.total.bytes), (1, 3));
    assert_eq!(fs::read(bench.copy()).unwrap(), b"id\n");
    let meta = fs::metadata(bench.copy()).unwrap();
    assert_eq!((meta.mode() & 0o7777, meta.mtime(), meta.mtime_nsec()), (0o4640, 1_000_000_000, 5));
    assert_eq!(told(compared(&file, &bench.copy()).unwrap()), "none");
    fs::write(&file, "io\n").unwrap();
    times(&file, 1_000_000_000, 5);
    assert_eq!(told(compared(&file, &bench.copy()).unwrap()), "content /o");
    // Neither a symlink nor a fifo can be the topmost.
    std::os::unix::fs::symlink("id", bench.original().join("link")).unwrap();
    let error = copied(&bench.original().join("link"), &bench.staged()).unwrap_err();
    assert_eq!(error.to_string(), "cannot read /o: it is neither a directory nor a regular file");
}

#[test]
fn a_thousand_directories_below_each_other_are_copied_with_few_files_open() {
    let bench = Bench::new();
    let mut dir = crate::support::held(&bench.original());
    for _ in 0..1000 {
        let name = "d".repeat(200);
        rustix::fs::mkdirat(&dir, name.as_str(), rustix::fs::Mode::RWXU).unwrap();
        let flags = rustix::fs::OFlags::PATH | rustix::fs::OFlags::CLOEXEC;
        dir = rustix::fs::openat(&dir, name.as_str(), flags, rustix::fs::Mode::empty()).unwrap();
    }
    rustix::fs::symlinkat("end", &dir, "end").unwrap();
    assert_eq!(bench.verified().unwrap().total.things, 1002);
    rustix::fs::unlinkat(&dir, "end", AtFlags::empty()).unwrap();
    let difference = told(bench.compared().unwrap());
    assert!(difference.starts_with("presence /o/d"), "{}", &difference[..40]);
    assert_eq!(difference.len(), "presence /o/end".len() + 1000 * 201);
    bench.discard();
}

#[test]
fn what_the_staging_place_hands_down_does_not_stick_to_the_copy() {
    let bench = Bench::new();
    zoo(&bench.original());
    attribute(&bench.staged(), "system.posix_acl_default", &acl());
    mode(&bench.staged(), 0o2700);
    std::os::unix::fs::chown(bench.staged(), None, Some(777)).unwrap();
    chattr("+dA", &bench.staged());
    bench.verified().unwrap();
    assert_eq!(value(&bench.copy(), "system.posix_acl_default"), None);
    assert_eq!(value(&bench.copy(), "system.posix_acl_access"), None);
    assert_eq!(fs::metadata(bench.copy()).unwrap().mode() & 0o7777, 0o1777);
}

#[test]
fn reading_leaves_no_trace_in_the_original() {
    let bench = Bench::new();
    zoo(&bench.original());
    let moments = || -> Vec<(i64, i64, i64, i64)> {
        walkdir::WalkDir::new(bench.original())
            .sort_by_file_name()
            .into_iter()
            .map(|entry| fs::symlink_metadata(entry.unwrap().path()).unwrap())
            .filter(fs::Metadata::is_file)
            .map(|meta| (meta.ctime(), meta.ctime_nsec(), meta.atime(), meta.atime_nsec()))
            .collect()
    };
    let before = moments();
    bench.verified().unwrap();
    assert_eq!(moments(), before);
}

#[test]
fn a_second_name_beside_the_tree_from_a_killed_run_is_no_obstacle() {
    let bench = Bench::new();
    zoo(&bench.original());
    fs::create_dir(bench.staged().join(".blankslate-links")).unwrap();
    fs::write(bench.staged().join(".blankslate-links/8:1:12"), "old").unwrap();
    bench.verified().unwrap();
    assert_eq!(names(&bench.staged()), ["tree"]);
}
