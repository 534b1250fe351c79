//! Which entries are never offered: what would cover more than is to be kept.

use super::Host;
use crate::path::HostPath;

/// Where the system itself lies: an entry there would cover what boots.
const SYSTEM: [&str; 8] = ["/bin", "/boot", "/efi", "/lib", "/lib64", "/nix", "/sbin", "/usr"];

/// The part of the system that an entry at `target` would lie in.
pub(super) fn system(target: &HostPath) -> Option<&'static str> {
    let is_in = |own: &&str| own.parse().is_ok_and(|own| target.starts_with(&own));
    SYSTEM.into_iter().find(is_in)
}

impl Host<'_> {
    /// What `path` is called on the host.
    pub(super) fn target(&self, path: &HostPath) -> HostPath {
        path.below(self.place)
    }

    /// Why an entry at `path` would do harm.
    pub(super) fn check(&self, path: &HostPath) -> Result<(), String> {
        let target = self.target(path);
        let config = self.desk.config;
        if target.is_root() {
            return Err("the root itself cannot be an entry".to_owned());
        }
        if let Some(own) = system(&target) {
            return Err(format!(
                "{own} is the system itself, which belongs on a file system of its own"
            ));
        }
        if let Some(mount) = self.mounts.iter().find(|mount| mount.starts_with(path)) {
            return Err(format!("something is mounted at {mount}; keep what lies beside that"));
        }
        let near = |other: &HostPath| other.starts_with(&target) || target.starts_with(other);
        if let Some(store) = config.stores.iter().find(|store| near(&store.path)) {
            return Err(format!("it holds or lies in the store {}", store.path));
        }
        let mut roots = config.roots.iter().map(|root| &root.mount);
        if let Some(root) = roots.find(|mount| mount.starts_with(&target)) {
            return Err(format!("it holds the root {root}"));
        }
        let mut entries = config.entries().map(|(_, entry)| &entry.target);
        match entries.find(|entry| near(entry)) {
            Some(entry) => Err(format!("{entry} is declared; keep what lies beside that")),
            None => Ok(()),
        }
    }
}
