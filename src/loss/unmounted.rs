//! Declared roots that are not what is mounted in their place.
//!
//! In: the configuration, the mount table. Out: each such root, with what its place lies on instead. Only
//! what is certain is told: where no mount is known at or above it, nothing is said. Pure.

use crate::config::{Config, Root};
use crate::path::HostPath;
use crate::sys::mounts::Mount;

/// A declared root that is not what its place lies on. The boot erases and searches the declared dataset,
/// so nothing that lies here is adopted by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmounted {
    /// Where the root is declared to be, as the host sees it.
    pub mount: HostPath,
    /// The dataset that is declared.
    pub dataset: String,
    /// What its place lies on now, for people: source and type. Not escaped.
    pub instead: String,
    /// Where that is mounted, as the host sees it: at `mount`, or above it where nothing is mounted there.
    pub point: HostPath,
    /// Whether that is another declared root, with which the boot erases what lies here. Otherwise a boot
    /// from `dataset` leaves it behind.
    pub is_erased: bool,
    /// The line of the configuration that declares the root.
    pub line: usize,
}

/// Returns the declared roots at or below `place` in whose place something else is mounted. `mounts` are
/// those of the tree that belongs there, as paths below it and in the kernel's order.
#[must_use]
pub fn unmounted(config: &Config, place: &HostPath, mounts: &[Mount]) -> Vec<Unmounted> {
    config.roots.iter().filter_map(|root| instead(root, config, place, mounts)).collect()
}

fn instead(root: &Root, config: &Config, place: &HostPath, mounts: &[Mount]) -> Option<Unmounted> {
    let at = root.mount.seen_from(place)?;
    let around = mounts.iter().filter(|mount| at.starts_with(&mount.point));
    // Of two on one path the later is seen.
    let seen = around.max_by_key(|mount| mount.point.as_bytes().len())?;
    let is_of =
        |root: &Root| seen.fs_type == "zfs" && seen.source == root.dataset.as_str().as_bytes();
    (!is_of(root)).then(|| Unmounted {
        mount: root.mount.clone(),
        dataset: root.dataset.to_string(),
        instead: format!("{} ({})", String::from_utf8_lossy(&seen.source), seen.fs_type),
        point: seen.point.below(place),
        is_erased: config.roots.iter().any(is_of),
        line: root.line,
    })
}

impl Unmounted {
    /// What is off, and the cure. Not escaped.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { mount, dataset, instead, point, line, .. } = self;
        let (what, faulty) = if point == mount {
            (format!("what is mounted at {mount} is {instead}"), "dataset")
        } else {
            let around = format!(
                "nothing is mounted at {mount}, so it lies on {instead}, mounted at {point}"
            );
            (around, "mount or dataset")
        };
        format!(
            "{what}, and line {line} of the configuration declares {dataset} there: {}; before such a \
             boot run `blankslate apply`, which copies what is declared into the stores, or mend \
             {faulty} in line {line}",
            self.fate("what lies here")
        )
    }

    /// What the boot does about `it`, which lies there.
    #[must_use]
    pub fn fate(&self, it: &str) -> String {
        if self.is_erased {
            format!(
                "the next boot erases {it} with the root that it lies on, and adopts none of it"
            )
        } else {
            format!("a boot from that leaves {it} behind, and neither erases nor adopts it")
        }
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
        let tell = |one: &Unmounted| {
            let erased = if one.is_erased { ", erased" } else { "" };
            format!("{}: {} at {}{erased}", one.mount, one.instead, one.point)
        };
        found.iter().map(tell).collect()
    }

    #[test]
    fn a_root_is_unmounted_only_where_something_else_is_certainly_in_its_place() {
        let (top, home) = (("/", "zfs", "rpool/local/root"), ("/home", "zfs", "rpool/local/home"));
        let table: [(&str, &[Line], &[&str]); 15] = [
            ("/", &[top, home], &[]),
            // A tree that is no mount itself: nobody knows what it is.
            ("/", &[], &[]),
            ("/", &[home], &[]),
            ("/", &[("/", "tmpfs", "none"), home], &["/: none (tmpfs) at /"]),
            ("/", &[("/", "zfs", "rpool/ROOT/nixos"), home], &["/: rpool/ROOT/nixos (zfs) at /"]),
            ("/", &[("/", "zfs", "rpool/local/root2"), home], &["/: rpool/local/root2 (zfs) at /"]),
            // Only a file system of ZFS is named after its dataset.
            ("/", &[("/", "ext4", "rpool/local/root"), home], &["/: rpool/local/root (ext4) at /"]),
            ("/", &[("/", "tmp\nfs", "a\u{1b}b"), home], &["/: a\u{1b}b (tmp\nfs) at /"]),
            // Of two on one path the later is seen.
            ("/", &[("/", "rootfs", "none"), top, home], &[]),
            // Where nothing is mounted, it is what lies around it, and that may be a root too.
            ("/", &[top], &["/home: rpool/local/root (zfs) at /, erased"]),
            ("/", &[("/", "ext4", "x")], &["/: x (ext4) at /", "/home: x (ext4) at /"]),
            ("/", &[top, ("/h", "zfs", "x")], &["/home: rpool/local/root (zfs) at /, erased"]),
            (
                "/",
                &[("/", "zfs", "rpool/local/home"), ("/home", "zfs", "rpool/local/root")],
                &[
                    "/: rpool/local/home (zfs) at /, erased",
                    "/home: rpool/local/root (zfs) at /home, erased",
                ],
            ),
            ("/home", &[("/", "zfs", "rpool/local/home")], &[]),
            (
                "/home",
                &[("/", "zfs", "rpool/safe/home")],
                &["/home: rpool/safe/home (zfs) at /home"],
            ),
        ];
        for (place, mounts, expected) in table {
            let mounts: Vec<Mount> = mounts.iter().map(|(p, t, s)| mount(p, t, s)).collect();
            assert_eq!(told(place, &mounts), expected, "{place} {mounts:?}");
        }
    }

    #[test]
    fn what_is_said_of_a_place_is_true_whether_something_is_mounted_there_or_around_it() {
        let there = |point: &str, is_erased| {
            let (mount, point) = ("/home".parse().unwrap(), point.parse().unwrap());
            let (dataset, instead) = ("rpool/home".to_owned(), "x (zfs)".to_owned());
            Unmounted { mount, dataset, instead, point, is_erased, line: 7 }.sentence()
        };
        let mounted = "what is mounted at /home is x (zfs)";
        let around = "nothing is mounted at /home, so it lies on x (zfs), mounted at /";
        let declared = "and line 7 of the configuration declares rpool/home there";
        let left =
            "a boot from that leaves what lies here behind, and neither erases nor adopts it";
        let erased = "the next boot erases what lies here with the root that it lies on, and adopts none of it";
        let before = "before such a boot run `blankslate apply`, which copies what is declared into the \
                      stores, or mend";
        for (point, is_erased, what, fate, faulty) in [
            ("/home", false, mounted, left, "dataset"),
            ("/home", true, mounted, erased, "dataset"),
            ("/", false, around, left, "mount or dataset"),
            ("/", true, around, erased, "mount or dataset"),
        ] {
            let expected = format!("{what}, {declared}: {fate}; {before} {faulty} in line 7");
            assert_eq!(there(point, is_erased), expected);
        }
    }
}
