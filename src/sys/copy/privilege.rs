//! When a copied program keeps what lets it act as somebody else.

use rustix::fs::{Mode, RawMode};

/// The set-user-ID and set-group-ID bits.
const BITS: u32 = 0o6000;

/// What is known of the place where a regular file lies.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Standing {
    /// Its mount honours no such bits.
    pub(super) is_nosuid: bool,
    /// It has hard links outside the tree.
    pub(super) has_links_outside: bool,
    /// It belongs to somebody else than a directory of the tree in which it lies.
    pub(super) is_strange: bool,
}

impl Standing {
    /// Whether a copy keeps the bits and the capability.
    ///
    /// Where the kernel ignores them, they would come alive in the copy. And anybody can hard-link the
    /// program of somebody else, where the kernel is set to allow it, into a directory of his own: a
    /// copy would outlive the day on which a hole in the program is mended.
    pub(super) fn keeps(self) -> bool {
        !(self.is_nosuid || self.has_links_outside && self.is_strange)
    }
}

/// The mode without the bits.
pub(super) fn without(mode: u32) -> u32 {
    mode & !BITS
}

/// Whether the mode has one of the bits.
pub(super) fn has(mode: u32) -> bool {
    mode & BITS != 0
}

/// The permission bits for a call.
pub(super) fn mode(mode: u32) -> Mode {
    Mode::from_raw_mode(mode as RawMode)
}
