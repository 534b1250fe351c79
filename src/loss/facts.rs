//! Finds out what is in place on the host now: the rules by which changes are judged.
//!
//! In: the configuration, the mount table, the root. Out: [`Rules`]. Reads, and changes nothing.

use std::collections::BTreeMap;
use std::path::Path;

use super::accept::{Accept, escape_glob};
use super::rules::{Holds, Mounted, Placement, Rules};
use crate::config::{AcceptRule, Config, Entry, How, Kind, Store};
use crate::path::HostPath;
use crate::persist::observe::holds_data;
use crate::persist::record::{FILE, Record, VERSION};
use crate::sys::mounts::{Mount, MountTable};
use crate::sys::record;
use crate::sys::{Look, SysError};

/// The file systems that every boot mounts: where, and of which types (a container's `/dev` is a
/// tmpfs).
const KERNEL: [(&str, &[&str]); 4] = [
    ("/proc", &["proc"]),
    ("/sys", &["sysfs"]),
    ("/dev", &["devtmpfs", "tmpfs"]),
    ("/run", &["tmpfs", "ramfs"]),
];

/// A record of this boot that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RecordError(String);

/// Tells what lies at a path, as [`Sys::look`](crate::sys::Sys::look).
pub type Looker<'l> = &'l dyn Fn(&HostPath) -> Result<Look, SysError>;

/// Returns the rules for the root that is read through `look`.
pub fn facts(
    config: &Config,
    accept: Accept,
    mounts: Vec<Mount>,
    recorded: &[HostPath],
    look: Looker<'_>,
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
    let placements = config
        .entries()
        .map(|(store, entry)| placement(config, (store, entry), &points, look))
        .collect();
    Rules::new(placements, &points, accept)
}

fn is_kernel(mount: &Mount) -> bool {
    let is = |(point, types): &(&str, &[&str])| {
        point.as_bytes() == mount.point.as_bytes() && types.contains(&mount.fs_type.as_str())
    };
    KERNEL.iter().any(is)
}

fn placement(
    config: &Config,
    (store, entry): (&Store, &Entry),
    mounts: &BTreeMap<HostPath, Mounted>,
    look: Looker<'_>,
) -> Placement {
    let source = store.source(entry);
    let is_in_place = match entry.how {
        How::Bind => mounts.get(&entry.target).is_some_and(|mounted| mounted.now),
        How::Symlink => match look(&entry.target) {
            Ok(Look::Symlink(text)) => text == source.as_bytes(),
            // What cannot be looked at is not known to be in place.
            Ok(_) | Err(_) => false,
        },
    };
    let source_holds = match (entry.kind, look(&source)) {
        (Kind::Directory, Ok(Look::Directory(seen))) | (Kind::File, Ok(Look::File(seen))) => {
            if seen.is_empty { Holds::Nothing } else { Holds::Data }
        }
        (Kind::Directory | Kind::File, Ok(Look::Absent)) if is_directory(&look(&store.path)) => {
            Holds::Nothing
        }
        // Without the privilege to look, what is in place is taken to be held.
        (Kind::Directory | Kind::File, Err(_)) if is_in_place => Holds::Data,
        (Kind::Directory | Kind::File, Ok(_) | Err(_)) => Holds::Unusable,
    };
    let is_on_root = config.roots.iter().any(|root| entry.target.starts_with(&root.mount));
    let (target, kind, how, line) = (entry.target.clone(), entry.kind, entry.how, entry.line);
    Placement { target, source, kind, how, line, is_in_place, source_holds, is_on_root }
}

fn is_directory(look: &Result<Look, SysError>) -> bool {
    matches!(look, Ok(Look::Directory(_)))
}

/// Returns the mounts on and below `root`, an absolute path without symlinks, as paths below it.
#[must_use]
pub fn mounts_below(table: MountTable, root: &HostPath) -> Vec<Mount> {
    let below = |mount: Mount| mount.point.seen_from(root).map(|point| Mount { point, ..mount });
    table.mounts.into_iter().filter_map(below).collect()
}

/// What the record of this boot tells a report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Where something was mounted before any entry was placed: the same boot mounts it again.
    pub mounts: Vec<HostPath>,
    /// What was set aside when its data had been copied into the store, with the copy.
    pub set_aside: Vec<(HostPath, HostPath)>,
}

impl Recorded {
    /// Rules for what need not be reported as lost: the store has a copy of it, and still holds it.
    pub fn accept_rules(&self, look: Looker<'_>) -> impl Iterator<Item = AcceptRule> {
        let is_held = move |copy: &HostPath| look(copy).is_ok_and(|there| holds_data(&there));
        let held = self.set_aside.iter().filter(move |(_, copy)| is_held(copy));
        held.map(|(aside, copy)| AcceptRule {
            glob: format!("{}/**", escape_glob(&aside.exact())),
            because: Some(format!("set aside when it was copied to {copy}")),
            line: 0,
        })
    }
}

/// Reads what was recorded in this boot; nothing when there is no record.
///
/// # Errors
/// There is a record and it cannot be used.
pub fn recorded(run_dir: &Path) -> Result<Recorded, RecordError> {
    let record = record::read::<Record>(run_dir, FILE, VERSION).map_err(RecordError)?;
    record.map_or_else(|| Ok(Recorded::default()), |record| understand(&record))
}

fn understand(record: &Record) -> Result<Recorded, RecordError> {
    let path = |text: &String| -> Result<HostPath, RecordError> {
        text.parse().map_err(|problem| {
            let shown = crate::path::escape(text.as_bytes());
            RecordError(format!("cannot understand {FILE}: \"{shown}\" {problem}"))
        })
    };
    let mut set_aside = Vec::new();
    for entry in &record.entries {
        for aside in &entry.set_aside {
            set_aside.push((path(aside)?, path(&entry.source)?));
        }
    }
    Ok(Recorded { mounts: record.mounts.iter().map(path).collect::<Result<_, _>>()?, set_aside })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Meta;

    fn path(text: &str) -> HostPath {
        text.parse().unwrap()
    }

    fn mount(point: &str, fs_type: &str) -> Mount {
        Mount { id: 1, point: path(point), fs_type: fs_type.into(), source: b"none".to_vec() }
    }

    /// Symlinks and their texts, and the directories that are there.
    struct Here(&'static [(&'static str, &'static str)], &'static [&'static str]);

    impl Here {
        fn look(&self, at: &HostPath) -> Look {
            let shown = at.to_string();
            if let Some((_, to)) = self.0.iter().find(|(link, _)| *link == shown) {
                return Look::Symlink(to.as_bytes().to_vec());
            }
            if !self.1.contains(&shown.as_str()) {
                return Look::Absent;
            }
            let id = crate::sys::FileId { device: (0, 1), inode: 1 };
            let meta = Meta { uid: 0, gid: 0, mode: 0o755 };
            Look::Directory(crate::sys::Seen { id, meta, is_mount: false, is_empty: false })
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
        let rules = facts(&config, Accept::default(), mounts, &recorded, &|_| Ok(Look::Absent));
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
        let rules = facts(&config, Accept::default(), vec![mount("/a", "zfs")], &[], &|at| {
            Ok(here.look(at))
        });
        let got = |target: &str| {
            let entry = rules.placement(&path(target)).unwrap();
            (entry.is_in_place, entry.source_holds)
        };
        assert_eq!(
            [got("/a"), got("/b"), got("/c"), got("/d")],
            [
                (true, Holds::Data),
                (false, Holds::Data),
                (true, Holds::Unusable),
                (false, Holds::Unusable)
            ]
        );
    }

    #[test]
    fn mounts_below_a_root_are_seen_from_it_and_a_longer_name_is_not_below() {
        let mounts = vec![mount("/r", "zfs"), mount("/r/proc", "proc"), mount("/root", "zfs")];
        let below = mounts_below(MountTable { mounts }, &path("/r"));
        assert_eq!(below, [mount("/", "zfs"), mount("/proc", "proc")]);
    }

    fn parse(text: &str) -> Result<Recorded, String> {
        let record: Record = record::parse(text.as_bytes(), VERSION)?;
        understand(&record).map_err(|error| error.to_string())
    }

    fn text(version: u32, mounts: &str, entries: &str) -> String {
        format!(
            r#"{{"version":{version},"program":"0","config":"0","trouble":null,"mounts":{mounts},"entries":{entries},"unfinished":[]}}"#
        )
    }

    #[test]
    fn a_record_is_understood_or_refused_and_none_is_none() {
        let recorded_mounts = parse(&text(1, r#"["/nix"]"#, "[]")).unwrap().mounts;
        assert_eq!(recorded_mounts, [path("/nix")]);
        let bad = [text(2, "[]", "[]"), text(1, r#"["nix"]"#, "[]"), text(1, "[7]", "[]")];
        for bad in ["", "{}", "[]"].into_iter().chain(bad.iter().map(String::as_str)) {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(recorded(Path::new("/nowhere/at/all")).unwrap(), Recorded::default());
    }

    #[test]
    fn a_record_of_another_version_is_told_as_that_whatever_its_shape() {
        for text in [r#"{"version":2}"#, r#"{"version":2,"mounts":{"/nix":{}}}"#] {
            let problem = parse(text).unwrap_err();
            assert!(problem.contains("another version of blankslate wrote it"), "{problem}");
        }
    }

    #[test]
    fn what_was_set_aside_is_accepted_because_the_store_has_a_copy() {
        let entry = r#"[{"target":"/a","source":"/persist/a","how":"bind","declared":true,"outcome":"done","reason":null,"in_place":true,"set_aside":["/odd[name]/x","/b"]}]"#;
        let recorded = parse(&text(1, "[]", entry)).unwrap();
        let there = |at: &HostPath| {
            let is_empty = *at != path("/persist/a");
            let id = crate::sys::FileId { device: (0, 1), inode: 1 };
            let meta = Meta { uid: 0, gid: 0, mode: 0o755 };
            Ok(Look::Directory(crate::sys::Seen { id, meta, is_mount: false, is_empty }))
        };
        assert_eq!(recorded.accept_rules(&|_| Ok(Look::Absent)).count(), 0);
        let rules: Vec<AcceptRule> = recorded.accept_rules(&there).collect();
        let accept = Accept::new(&rules, "").unwrap();
        let table = [("/odd[name]/x", Some(0)), ("/odd[name]/x/y", Some(0)), ("/b", Some(1))];
        let others = [("/oddn/x", None), ("/bb", None), ("/a", None)];
        for (at, expected) in table.into_iter().chain(others) {
            assert_eq!(accept.find(&path(at)), expected, "{at}");
        }
    }
}
