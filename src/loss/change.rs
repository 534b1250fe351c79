//! What a scan finds: differences between the root and its blank, and places it could not read.
//!
//! Values only. Made in `scan`, judged in `classify`, shown in `report`.

use std::cmp::Ordering;

use crate::path::HostPath;

/// One difference between the root and its blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The path as the host sees it.
    pub path: HostPath,
    /// In what way it differs.
    pub kind: ChangeKind,
    /// What it is on the root; of a removed one, what it is in the blank.
    pub node: Node,
    /// How much of what lies there it tells of.
    pub extent: Extent,
}

/// How much a change tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The thing itself, and nothing that lies below it.
    Itself,
    /// A directory with all that lies below it, which the scan has summed up instead of telling of
    /// each.
    Tree(Sum),
    /// All that lies below a directory, and not the directory itself, which is a change of its own.
    Contents(Sum),
}

/// The way a path differs from its blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// On the root, not in the blank.
    Added,
    /// The same type, other content.
    Modified,
    /// In the blank, not on the root; it is there again after a rollback.
    Removed,
    /// On both, as different types.
    TypeChanged,
    /// The same content, but another owner, mode or attribute.
    Metadata(Aspect),
}

/// What of a file has changed beside its content; the first of these that differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aspect {
    /// The owner or the group.
    Owner,
    /// The mode.
    Mode,
    /// An access control list.
    Acl,
    /// Another extended attribute.
    Attributes,
    /// The flags of chattr(1).
    Flags,
}

/// What a path is, without its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// Its type.
    pub file_type: FileType,
    /// Bytes of content; of all but regular files 0.
    pub size: u64,
    /// Bytes that it takes up on disk, as du(1) counts; of a file with several names each name has its
    /// share.
    pub allocated: u64,
    /// When it was last written.
    pub mtime: Time,
}

/// The type of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum FileType {
    Regular,
    Directory,
    Symlink,
    Fifo,
    Socket,
    BlockDevice,
    CharacterDevice,
}

/// A time stamp of a file: seconds since 1970, which may be before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time {
    /// Whole seconds.
    pub seconds: i64,
    /// Nanoseconds after that.
    pub nanoseconds: u32,
}

/// Many files as one number each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    /// How many there are of everything that is no directory.
    pub files: u64,
    /// How many directories.
    pub directories: u64,
    /// Bytes of content of the regular files, each name counted for itself.
    pub bytes: u64,
    /// Bytes that all of it takes up on disk, directories included.
    pub allocated: u64,
    /// The newest write.
    pub newest: Option<Time>,
}

/// A place that could not be read: what lies there is in no number of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The path as the host sees it.
    pub path: HostPath,
    /// What could not be done, why, and where there is one, the cure.
    pub error: String,
}

/// Takes what a scan finds, in the order in which it finds it: depth first, the names of a directory
/// sorted bytewise, a directory before what is in it.
pub trait Sink {
    /// What can go wrong while taking; it ends the scan.
    type Error;

    /// Takes a difference.
    ///
    /// # Errors
    /// It could not be passed on.
    fn change(&mut self, change: Change) -> Result<(), Self::Error>;

    /// Takes a place that could not be read.
    ///
    /// # Errors
    /// It could not be passed on.
    fn gap(&mut self, gap: Gap) -> Result<(), Self::Error>;
}

impl Change {
    /// Whether this is a directory of which everything below is as new as itself: it can stand for
    /// what is below it.
    #[must_use]
    pub fn is_new_directory(&self) -> bool {
        self.node.file_type == FileType::Directory
            && matches!(
                self.kind,
                ChangeKind::Added | ChangeKind::TypeChanged | ChangeKind::Removed
            )
    }

    /// All that lies below it, where that was summed up.
    #[must_use]
    pub fn below(&self) -> Option<Sum> {
        match self.extent {
            Extent::Itself => None,
            Extent::Tree(sum) | Extent::Contents(sum) => Some(sum),
        }
    }

    /// Returns all that it tells of in numbers. What was removed
    /// has no bytes: they lie in the blank.
    #[must_use]
    pub fn sum(&self) -> Sum {
        let mut sum = self.below().unwrap_or_default();
        if !matches!(self.extent, Extent::Contents(_)) {
            sum.count(&self.node);
        }
        if self.kind == ChangeKind::Removed {
            (sum.bytes, sum.allocated) = (0, 0);
        }
        sum
    }
}

impl Sum {
    /// Counts one more file.
    pub fn count(&mut self, node: &Node) {
        match node.file_type {
            FileType::Directory => self.directories += 1,
            FileType::Regular => {
                self.files += 1;
                self.bytes = self.bytes.saturating_add(node.size);
            }
            FileType::Symlink
            | FileType::Fifo
            | FileType::Socket
            | FileType::BlockDevice
            | FileType::CharacterDevice => self.files += 1,
        }
        self.allocated = self.allocated.saturating_add(node.allocated);
        self.newest = self.newest.max(Some(node.mtime));
    }

    /// Counts everything that `other` counts.
    pub fn add(&mut self, other: &Sum) {
        self.files += other.files;
        self.directories += other.directories;
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.allocated = self.allocated.saturating_add(other.allocated);
        self.newest = self.newest.max(other.newest);
    }
}

impl ChangeKind {
    /// The word for it, in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Modified => "modified",
            Self::Removed => "removed",
            Self::TypeChanged => "type-changed",
            Self::Metadata(_) => "metadata",
        }
    }
}

impl Aspect {
    /// The word for it, in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Mode => "mode",
            Self::Acl => "acl",
            Self::Attributes => "attributes",
            Self::Flags => "flags",
        }
    }
}

impl FileType {
    /// The word for it, in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Regular => "file",
            Self::Directory => "directory",
            Self::Symlink => "symlink",
            Self::Fifo => "fifo",
            Self::Socket => "socket",
            Self::BlockDevice => "block-device",
            Self::CharacterDevice => "character-device",
        }
    }
}

/// Returns the order in which a scan finds two paths: a directory before what is in it, otherwise by
/// the first component that differs.
#[must_use]
pub fn scan_order(a: &HostPath, b: &HostPath) -> Ordering {
    let components = |path: &HostPath| {
        path.as_bytes().split(|&byte| byte == b'/').map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    components(a).cmp(&components(b))
}
