//! A file tree in memory, and its form as a cpio archive, which is what the kernel unpacks as the
//! initramfs. Pure: nothing here looks at the disk.

use std::collections::BTreeMap;

/// One thing in a tree; all belong to root.
#[derive(Debug, Clone)]
enum Node {
    Directory,
    File { content: Vec<u8>, mode: u32 },
    Symlink { to: String },
}

/// A tree of files by path, without a leading slash.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    nodes: BTreeMap<String, Node>,
}

impl Tree {
    /// Adds a directory and its parents.
    pub(crate) fn directory(&mut self, path: &str) {
        let path = path.trim_matches('/');
        for (end, _) in path.match_indices('/') {
            let (parent, _) = path.split_at(end);
            self.nodes.entry(parent.to_owned()).or_insert(Node::Directory);
        }
        self.nodes.entry(path.to_owned()).or_insert(Node::Directory);
    }

    /// Adds a file and its parents.
    pub(crate) fn file(&mut self, path: &str, mode: u32, content: Vec<u8>) {
        self.insert(path, Node::File { content, mode });
    }

    /// Adds a symlink and its parents.
    pub(crate) fn symlink(&mut self, path: &str, to: &str) {
        self.insert(path, Node::Symlink { to: to.to_owned() });
    }

    /// Removes a path and everything below it.
    pub(crate) fn remove(&mut self, path: &str) {
        let path = path.trim_matches('/');
        let is_below =
            |name: &str| name.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        self.nodes.retain(|name, _| name != path && !is_below(name));
    }

    /// Returns the tree as a cpio archive in the format "newc".
    pub(crate) fn to_cpio(&self) -> Vec<u8> {
        let mut archive = Vec::new();
        for (number, (path, node)) in (1_u32..).zip(&self.nodes) {
            match node {
                Node::Directory => record(&mut archive, number, path, 0o040_755, &[]),
                Node::File { content, mode } => {
                    record(&mut archive, number, path, 0o100_000 | mode, content);
                }
                Node::Symlink { to } => {
                    record(&mut archive, number, path, 0o120_777, to.as_bytes());
                }
            }
        }
        record(&mut archive, 0, "TRAILER!!!", 0, &[]);
        archive
    }

    fn insert(&mut self, path: &str, node: Node) {
        let path = path.trim_matches('/');
        if let Some((parent, _)) = path.rsplit_once('/') {
            self.directory(parent);
        }
        self.nodes.insert(path.to_owned(), node);
    }
}

/// Appends one record: a header of hexadecimal fields, the name, the content, each padded to 4.
fn record(archive: &mut Vec<u8>, inode: u32, path: &str, mode: u32, content: &[u8]) {
    let links = 1;
    let fields =
        [inode, mode, 0, 0, links, 0, length(content), 0, 0, 0, 0, length(path.as_bytes()) + 1, 0];
    archive.extend_from_slice(b"070701");
    for field in fields {
        archive.extend_from_slice(format!("{field:08x}").as_bytes());
    }
    archive.extend_from_slice(path.as_bytes());
    archive.push(0);
    archive.resize(archive.len().next_multiple_of(4), 0);
    archive.extend_from_slice(content);
    archive.resize(archive.len().next_multiple_of(4), 0);
}

/// The format has 32 bits for a length, and a guest has less memory than that.
fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_come_before_what_lies_in_them() {
        let mut tree = Tree::default();
        tree.file("/a/b/c", 0o644, b"x".to_vec());
        tree.symlink("a/d", "b");
        let paths: Vec<_> = tree.nodes.keys().map(String::as_str).collect();
        assert_eq!(paths, ["a", "a/b", "a/b/c", "a/d"]);
    }

    #[test]
    fn an_archive_is_what_cpio_expects() {
        let mut tree = Tree::default();
        tree.file("f", 0o600, b"12345".to_vec());
        let archive = tree.to_cpio();
        assert!(
            archive.starts_with(b"07070100000001000081800000000000000000000000010000000000000005")
        );
        assert_eq!(archive.len() % 4, 0);
        assert!(archive.windows(10).any(|window| window == b"TRAILER!!!"));
    }
}
