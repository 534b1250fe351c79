//! Finds out what is in place on the host now: the rules by which changes are judged.
//!
//! In: the configuration, the mount table, the root. Out: [`Rules`]. Reads, and changes nothing.

use std::collections::BTreeMap;
use std::path::Path;

use super::accept::Accept;
use super::rules::{Mounted, Placement, Rules};
use crate::config::{Config, Entry, How, Kind, Store};
use crate::path::HostPath;
use crate::persist::record::{FILE, Record, VERSION};
use crate::sys::mounts::{Mount, MountTable};
use crate::sys::record::{self, RUN_DIR};
use crate::sys::{Look, Sys};

/// The file systems that every boot mounts: where, and of which types (a container's `/dev` is a
/// tmpfs).
const KERNEL: [(&str, &[&str]); 4] = [
    ("/proc", &["proc"]),
    ("/sys", &["sysfs"]),
    ("/dev", &["devtmpfs", "tmpfs"]),
    ("/run", &["tmpfs", "ramfs"]),
];

/// A record of the initrd that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file could not be read.
    #[error("cannot read {RUN_DIR}/{FILE}: {0}")]
    Unreadable(std::io::Error),
    /// The file is not what the initrd writes.
    #[error("cannot understand {RUN_DIR}/{FILE}: {0}")]
    NotUnderstood(String),
}

/// Returns the rules for the root that is seen at `root` and read through `sys`.
pub fn facts(
    config: &Config,
    accept: Accept,
    mounts: Vec<Mount>,
    recorded: &[HostPath],
    sys: &dyn Sys,
) -> Rules {
    let mut points: BTreeMap<HostPath, Mounted> = BTreeMap::new();
    for mount in mounts.into_iter().filter(|mount| !mount.point.is_root()) {
        let kernel = is_kernel(&mount);
        points.entry(mount.point).or_insert(Mounted { now: true, again: false }).again |= kernel;
    }
    // A store or a recorded mount that is not there now is there again after the next boot.
    for point in config.stores.iter().map(|store| &store.path).chain(recorded) {
        let missing = Mounted { now: false, again: true };
        points.entry(point.clone()).or_insert(missing).again = true;
    }
    let placements =
        config.entries().map(|(store, entry)| placement(store, entry, &points, sys)).collect();
    Rules::new(placements, &points, accept)
}

fn is_kernel(mount: &Mount) -> bool {
    let is = |(point, types): &(&str, &[&str])| {
        point.as_bytes() == mount.point.as_bytes() && types.contains(&mount.fs_type.as_str())
    };
    KERNEL.iter().any(is)
}

fn placement(
    store: &Store,
    entry: &Entry,
    mounts: &BTreeMap<HostPath, Mounted>,
    sys: &dyn Sys,
) -> Placement {
    let source = store.source(entry);
    let is_in_place = match entry.how {
        How::Bind => mounts.get(&entry.target).is_some_and(|mounted| mounted.now),
        How::Symlink => match sys.look(&entry.target) {
            Ok(Look::Symlink(text)) => text == source.as_bytes(),
            // What cannot be looked at is not known to be in place.
            Ok(_) | Err(_) => false,
        },
    };
    let has_source = match (entry.kind, sys.look(&source)) {
        (Kind::Directory, Ok(Look::Directory(_))) | (Kind::File, Ok(Look::File(_))) => true,
        (Kind::Directory | Kind::File, Ok(_)) => false,
        // Without the privilege to look, what is in place is taken to be held.
        (Kind::Directory | Kind::File, Err(_)) => is_in_place,
    };
    let (target, kind, how, line) = (entry.target.clone(), entry.kind, entry.how, entry.line);
    Placement { target, source, kind, how, line, is_in_place, has_source }
}

/// Returns the mounts on and below `root`, an absolute path without symlinks, as paths below it.
#[must_use]
pub fn mounts_below(table: MountTable, root: &HostPath) -> Vec<Mount> {
    let below = |mount: Mount| seen_from(root, &mount.point).map(|point| Mount { point, ..mount });
    table.mounts.into_iter().filter_map(below).collect()
}

/// Returns what `path`, which is `root` or lies below it, is called where `root` is `/`.
pub(super) fn seen_from(root: &HostPath, path: &HostPath) -> Option<HostPath> {
    if root.is_root() {
        return Some(path.clone());
    }
    let rest = path.as_bytes().strip_prefix(root.as_bytes())?;
    if rest.is_empty() { Some(HostPath::root()) } else { HostPath::new(rest).ok() }
}

/// Reads which mounts the initrd recorded; none when there is no record.
///
/// # Errors
/// There is a record and it cannot be used.
#[expect(clippy::disallowed_methods, reason = "the one place where the record is read")]
pub fn recorded(run_dir: &Path) -> Result<Vec<HostPath>, RecordError> {
    match std::fs::read(run_dir.join(FILE)) {
        Ok(text) => parse_record(&text).map_err(RecordError::NotUnderstood),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(cause) => Err(RecordError::Unreadable(cause)),
    }
}

fn parse_record(text: &[u8]) -> Result<Vec<HostPath>, String> {
    let record: Record = record::parse(text, VERSION)?;
    let path = |text: &String| text.parse().map_err(|problem| format!("\"{text}\" {problem}"));
    record.mounts.iter().map(path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::{Meta, SysError};

    fn path(text: &str) -> HostPath {
        text.parse().unwrap()
    }

    fn mount(point: &str, fs_type: &str) -> Mount {
        Mount { id: 1, point: path(point), fs_type: fs_type.into(), source: b"none".to_vec() }
    }

    /// Symlinks and their texts, and the directories that are there.
    struct Here(&'static [(&'static str, &'static str)], &'static [&'static str]);

    impl Sys for Here {
        fn look(&self, at: &HostPath) -> Result<Look, SysError> {
            let shown = at.to_string();
            if let Some((_, to)) = self.0.iter().find(|(link, _)| *link == shown) {
                return Ok(Look::Symlink(to.as_bytes().to_vec()));
            }
            if !self.1.contains(&shown.as_str()) {
                return Ok(Look::Absent);
            }
            let id = crate::sys::FileId { device: (0, 1), inode: 1 };
            let meta = Meta { uid: 0, gid: 0, mode: 0o755 };
            Ok(Look::Directory(crate::sys::Seen { id, meta, is_mount: false, is_empty: false }))
        }

        fn make_dir(&mut self, _: &HostPath, _: Meta) -> Result<(), SysError> {
            panic!("facts change nothing")
        }

        fn make_file(&mut self, _: &HostPath, _: Meta) -> Result<(), SysError> {
            panic!("facts change nothing")
        }

        fn symlink(&mut self, _: &HostPath, _: &HostPath) -> Result<(), SysError> {
            panic!("facts change nothing")
        }

        fn bind(&mut self, _: &HostPath, _: &HostPath) -> Result<(), SysError> {
            panic!("facts change nothing")
        }
    }

    #[test]
    fn mounts_come_again_if_they_are_the_kernels_a_stores_or_recorded() {
        let config = Config::parse("version = 1\n[[store]]\npath = \"/persist\"\n").unwrap();
        let mounts = vec![
            mount("/", "zfs"),
            mount("/proc", "proc"),
            mount("/sys", "tmpfs"),
            mount("/nix", "zfs"),
            mount("/mnt/usb", "vfat"),
        ];
        let recorded = [path("/nix"), path("/home")];
        let rules = facts(&config, Accept::default(), mounts, &recorded, &Here(&[], &[]));
        let mounted = |now, again| Some(Mounted { now, again });
        let table = [
            ("/", None),
            ("/proc", mounted(true, true)),
            ("/sys", mounted(true, false)),
            ("/nix", mounted(true, true)),
            ("/home", mounted(false, true)),
            ("/persist", mounted(false, true)),
            ("/mnt/usb", mounted(true, false)),
        ];
        for (point, expected) in table {
            assert_eq!(rules.mounted(&path(point)), expected, "{point}");
        }
    }

    #[test]
    fn an_entry_is_in_place_if_it_is_mounted_or_the_right_link() {
        let entry = |target: &str, how: &str| {
            format!(
                "[[store.entry]]\ntarget = \"{target}\"\nkind = \"directory\"\nhow = \"{how}\"\n"
            )
        };
        let config = [("/a", "bind"), ("/b", "bind"), ("/c", "symlink"), ("/d", "symlink")];
        let config: String = config.iter().map(|(target, how)| entry(target, how)).collect();
        let config =
            Config::parse(&format!("version = 1\n[[store]]\npath = \"/persist\"\n{config}"))
                .unwrap();
        let here =
            Here(&[("/c", "/persist/c"), ("/d", "/elsewhere")], &["/persist/a", "/persist/b"]);
        let rules = facts(&config, Accept::default(), vec![mount("/a", "zfs")], &[], &here);
        let got = |target: &str| {
            let entry = rules.placement(&path(target)).unwrap();
            (entry.is_in_place, entry.has_source)
        };
        assert_eq!(
            [got("/a"), got("/b"), got("/c"), got("/d")],
            [(true, true), (false, true), (true, false), (false, false)]
        );
    }

    #[test]
    fn mounts_below_a_root_are_seen_from_it_and_a_longer_name_is_not_below() {
        let mounts = vec![mount("/r", "zfs"), mount("/r/proc", "proc"), mount("/root", "zfs")];
        let below = mounts_below(MountTable { mounts }, &path("/r"));
        assert_eq!(below, [mount("/", "zfs"), mount("/proc", "proc")]);
    }

    #[test]
    fn a_record_is_understood_or_refused_and_none_is_none() {
        let record = |version: u32, mounts: &str| {
            format!(
                r#"{{"version":{version},"program":"0","config":"0","mounts":{mounts},"entries":[]}}"#
            )
        };
        assert_eq!(parse_record(record(1, r#"["/nix"]"#).as_bytes()), Ok(vec![path("/nix")]));
        for bad in ["", "{}", "[]", &record(2, "[]"), &record(1, r#"["nix"]"#), &record(1, "[7]")] {
            assert!(parse_record(bad.as_bytes()).is_err(), "{bad}");
        }
        assert_eq!(recorded(Path::new("/nowhere/at/all")).unwrap(), []);
    }

    #[test]
    fn a_record_of_another_version_is_told_as_that_whatever_its_shape() {
        for text in [r#"{"version":2}"#, r#"{"version":2,"mounts":{"/nix":{}}}"#] {
            let problem = parse_record(text.as_bytes()).unwrap_err();
            assert!(problem.contains("another version of blankslate wrote it"), "{problem}");
        }
    }
}
