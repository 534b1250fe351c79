//! Going down through two trees in step.

use super::Fault;
use super::ladder::Ladder;
use super::listing::{Lister, Trail};
use crate::path::HostPath;
use crate::sys::SysError;

/// Where a walk through two trees is, with what it keeps of each directory above in a `Level`.
pub(super) struct Descent<'d, Level> {
    pub(super) one: Ladder,
    pub(super) other: Ladder,
    pub(super) trail: Trail<'d>,
    pub(super) lister: Lister,
    pub(super) levels: Vec<Level>,
}

impl<'d, Level> Descent<'d, Level> {
    pub(super) fn new(top: &'d HostPath) -> Self {
        Self {
            one: Ladder::default(),
            other: Ladder::default(),
            trail: Trail::new(top),
            lister: Lister::new(),
            levels: Vec::new(),
        }
    }

    /// Makes a fault of the directory where the walk is an error.
    pub(super) fn failed(&self, fault: Fault) -> SysError {
        fault.at(self.trail.here())
    }
}
