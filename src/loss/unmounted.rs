//! Declared roots that are not what is mounted in their place.
//!
//! In: the configuration, the mount table. Out: each such root, with what is there instead. Only what is
//! certain is told: where nothing is known to be mounted, nothing is said. Pure.

use crate::config::{Config, Root};
use crate::path::HostPath;
use crate::sys::mounts::Mount;

/// A declared root in whose place something else is mounted. The boot erases and searches the declared
/// dataset, so what lies here is neither erased nor adopted by it: it is left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmounted {
    /// Where the root is declared to be, as the host sees it.
    pub mount: HostPath,
    /// The dataset that is declared.
    pub dataset: String,
    /// What is there now, for people: source and type. Not escaped.
    pub instead: String,
    /// The line of the configuration that declares the root.
    pub line: usize,
}

/// Returns the declared roots at or below `place` in whose place something else is mounted. `mounts` are
/// those of the tree that belongs there, as paths below it and in the kernel's order.
#[must_use]
pub fn unmounted(config: &Config, place: &HostPath, mounts: &[Mount]) -> Vec<Unmounted> {
    config.roots.iter().filter_map(|root| instead(root, place, mounts)).collect()
}

fn instead(root: &Root, place: &HostPath, mounts: &[Mount]) -> Option<Unmounted> {
    let at = root.mount.seen_from(place)?;
    let around = mounts.iter().filter(|mount| at.starts_with(&mount.point));
    // Of two on one path the later is seen.
    let seen = around.max_by_key(|mount| mount.point.as_bytes().len())?;
    let is_it = seen.fs_type == "zfs" && seen.source == root.dataset.as_str().as_bytes();
    (!is_it).then(|| Unmounted {
        mount: root.mount.clone(),
        dataset: root.dataset.to_string(),
        instead: format!("{} ({})", String::from_utf8_lossy(&seen.source), seen.fs_type),
        line: root.line,
    })
}

impl Unmounted {
    /// What is off, and the cure. Not escaped.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { mount, dataset, instead, line } = self;
        format!(
            "what is mounted at {mount} is {instead}, and line {line} of the configuration declares \
             {dataset} there: a boot from that leaves behind what lies here, and neither erases nor \
             adopts it; before such a boot run `blankslate apply`, which copies what is declared into \
             the stores, or mend dataset in line {line}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(mount: &str, dataset: &str) -> String {
        format!(
            "[[root]]\nmount = \"{mount}\"\nkind = \"zfs\"\ndataset = \"{dataset}\"\nsnapshot = \"blank\"\n"
        )
    }

    fn mount(point: &str, fs_type: &str, source: &str) -> Mount {
        let point = point.parse().unwrap();
        Mount { id: 1, point, fs_type: fs_type.into(), source: source.into() }
    }

    /// A mount: point, type, source.
    type Line = (&'static str, &'static str, &'static str);

    /// Two roots, and what is told of each.
    fn told(place: &str, mounts: &[Mount]) -> Vec<String> {
        let roots = root("/", "rpool/local/root") + &root("/home", "rpool/local/home");
        let config = Config::parse(&format!("version = 1\n{roots}")).unwrap();
        let found = unmounted(&config, &place.parse().unwrap(), mounts);
        found.iter().map(|one| format!("{}: {}", one.mount, one.instead)).collect()
    }

    #[test]
    fn a_root_is_unmounted_only_where_something_else_is_certainly_in_its_place() {
        let (top, home) = (("/", "zfs", "rpool/local/root"), ("/home", "zfs", "rpool/local/home"));
        let table: [(&str, &[Line], &[&str]); 12] = [
            ("/", &[top, home], &[]),
            // A tree that is no mount itself: nobody knows what it is.
            ("/", &[], &[]),
            ("/", &[home], &[]),
            ("/", &[("/", "tmpfs", "none"), home], &["/: none (tmpfs)"]),
            ("/", &[("/", "zfs", "rpool/ROOT/nixos"), home], &["/: rpool/ROOT/nixos (zfs)"]),
            ("/", &[("/", "zfs", "rpool/local/root2"), home], &["/: rpool/local/root2 (zfs)"]),
            // Only a file system of ZFS is named after its dataset.
            ("/", &[("/", "ext4", "rpool/local/root"), home], &["/: rpool/local/root (ext4)"]),
            ("/", &[("/", "tmp\nfs", "a\u{1b}b"), home], &["/: a\u{1b}b (tmp\nfs)"]),
            // Of two on one path the later is seen.
            ("/", &[("/", "rootfs", "none"), top, home], &[]),
            ("/", &[top], &["/home: rpool/local/root (zfs)"]),
            ("/home", &[("/", "zfs", "rpool/local/home")], &[]),
            ("/home", &[("/", "zfs", "rpool/safe/home")], &["/home: rpool/safe/home (zfs)"]),
        ];
        for (place, mounts, expected) in table {
            let mounts: Vec<Mount> = mounts.iter().map(|(p, t, s)| mount(p, t, s)).collect();
            assert_eq!(told(place, &mounts), expected, "{place} {mounts:?}");
        }
    }
}
