//! What the host tells of who makes and who owns its paths.
//!
//! In: the host's files as its programs see them, what lies on the root itself, presets, accounts. Out:
//! [`Evidence`]. Everything is read, nothing run. What cannot be read or is not certain is no evidence:
//! then what it would have told of is nobody's, and lost.

mod boot;
mod declared;
mod etc;
mod graph;
mod home_manager;
mod homes;
mod load;
mod script;
mod specifiers;
mod structure;
mod systems;
#[cfg(test)]
mod tests;
mod tmpfiles;
mod unit_file;
mod unit_name;
mod units;
mod users;

use std::io;

use super::{Makers, Owners};
use crate::path::HostPath;
use crate::persist::accounts::Accounts;
use crate::presets::Presets;
use crate::sys::files::Files;

/// What the host tells of who makes and who owns its paths, while it is gathered.
#[derive(Debug, Default)]
pub struct Evidence {
    /// What is made again at every boot.
    pub makers: Makers,
    /// Whose paths are.
    pub owners: Owners,
}

/// Gathers what `host`, the files as programs see them, tells of the paths on the root, and compares it
/// with what lies `on_root` itself. Evidence that cannot be read is logged, and is none.
#[must_use]
pub fn gather(host: &Files, on_root: &Files, presets: &Presets, accounts: &Accounts) -> Evidence {
    let mut evidence = Evidence::default();
    let systems = systems::systems(host);
    // What only holds what belongs to many is said before anybody can claim it, homes as well.
    structure::structure(presets, &mut evidence.owners);
    let homes = homes::homes(accounts, &evidence.owners);
    homes::claim_homes(&homes, presets, &mut evidence.owners);
    homes::claim_presets(presets, &mut evidence.owners);
    // Of two makers the first counts: the more exact ones come first.
    etc::etc(&systems, host, on_root, accounts, &mut evidence.makers);
    boot::boot(&systems, host, on_root, &mut evidence.makers);
    units::units(host, on_root, accounts, &mut evidence);
    tmpfiles::tmpfiles(host, on_root, accounts, &mut evidence);
    declared::declared(&systems, host, on_root, accounts, &mut evidence.makers);
    home_manager::home_manager(&systems, host, on_root, accounts, &mut evidence.makers);
    evidence
}

/// What was read of `path`; nothing where it could not be, which is logged.
fn told<T: Default>(read: io::Result<T>, path: &HostPath) -> T {
    read.unwrap_or_else(|cause| {
        tracing::warn!("cannot tell what is made again or whose it is: {path}: {cause}");
        T::default()
    })
}
