//! Any small tree is copied to an equal one, and stops being equal when anything in it is changed.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use crate::support::{Bench, attribute, mode, times, told};

#[derive(Debug, Clone)]
struct Node {
    dir: usize,
    name: Vec<u8>,
    kind: u8,
    content: Vec<u8>,
    mode: u32,
    owner: u32,
    seconds: i64,
    nanoseconds: i64,
}

fn node() -> impl Strategy<Value = Node> {
    let name = prop::collection::vec(
        any::<u8>().prop_filter("no name", |b| !matches!(b, 0 | b'/')),
        1..40,
    );
    let content = prop::collection::vec(any::<u8>(), 0..3000);
    let meta = (0u32..0o10000, 0u32..70_000, 0i64..4_000_000_000, 0i64..1_000_000_000);
    (0usize..8, name, 0u8..5, content, meta).prop_map(|(dir, name, kind, content, meta)| Node {
        dir,
        name,
        kind,
        content,
        mode: meta.0,
        owner: meta.1,
        seconds: meta.2,
        nanoseconds: meta.3,
    })
}

/// Makes the nodes; what is in the way of each other is left out.
fn grow(top: &Path, nodes: &[Node]) {
    let (mut dirs, mut files): (Vec<PathBuf>, Vec<PathBuf>) = (vec![top.into()], Vec::new());
    let mut made = Vec::new();
    for node in nodes {
        let at = dirs[node.dir % dirs.len()].join(OsString::from_vec(node.name.clone()));
        if matches!(node.name.as_slice(), b"." | b"..") || fs::symlink_metadata(&at).is_ok() {
            continue;
        }
        match node.kind {
            0 => {
                fs::create_dir(&at).unwrap();
                dirs.push(at.clone());
            }
            1 => symlink(OsString::from_vec([b"/".as_slice(), &node.name].concat()), &at).unwrap(),
            2 if !files.is_empty() => fs::hard_link(&files[node.dir % files.len()], &at).unwrap(),
            _ => {
                fs::write(&at, &node.content).unwrap();
                attribute(&at, "user.a", &node.content[..node.content.len().min(50)]);
                files.push(at.clone());
            }
        }
        made.push((at, node));
    }
    for (at, node) in made.iter().rev() {
        if node.kind != 1 {
            chown(at, Some(node.owner), Some(node.owner / 2)).unwrap();
            mode(at, node.mode);
        }
        times(at, node.seconds, node.nanoseconds);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_tree_is_copied_to_an_equal_one(nodes in prop::collection::vec(node(), 0..40)) {
        let bench = Bench::new();
        grow(&bench.original(), &nodes);
        bench.verified().unwrap();
        prop_assert_eq!(told(bench.compared().unwrap()), "none");
        let files: Vec<PathBuf> = walkdir::WalkDir::new(bench.copy())
            .into_iter()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.file_type().is_file())
            .map(walkdir::DirEntry::into_path)
            .collect();
        if let Some(file) = files.first() {
            let mut bytes = fs::read(file).unwrap();
            bytes.push(1);
            fs::write(file, bytes).unwrap();
            prop_assert_ne!(told(bench.compared().unwrap()), "none");
        }
    }
}
