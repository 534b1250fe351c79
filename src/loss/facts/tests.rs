//! What is found out about entries, mounts and records.

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
        Look::Directory(crate::sys::Seen {
            id,
            meta,
            is_mount: false,
            is_empty: false,
            is_untouched: false,
        })
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
    let rules = facts(&config, Accept::default(), &mounts, &[], &recorded, &|_| Ok(Look::Absent));
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
        format!("[[store.entry]]\ntarget = \"{target}\"\nkind = \"directory\"\nhow = \"{how}\"\n")
    };
    let config = [("/a", "bind"), ("/b", "bind"), ("/c", "symlink"), ("/d", "symlink")];
    let config: String = config.iter().map(|(target, how)| entry(target, how)).collect();
    let config =
        Config::parse(&format!("version = 1\n[[store]]\npath = \"/persist\"\n{config}")).unwrap();
    let here = Here(&[("/c", "/persist/c"), ("/d", "/elsewhere")], &["/persist/a", "/persist/b"]);
    let mounts = [mount("/a", "zfs")];
    let rules = facts(&config, Accept::default(), &mounts, &[], &[], &|at| Ok(here.look(at)));
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
fn a_file_that_is_nowhere_comes_again_only_once_somebody_made_it() {
    let root = "[[root]]\nmount = \"/\"\nkind = \"zfs\"\ndataset = \"r/l\"\nsnapshot = \"b\"\n";
    let entry = |target: &str, kind: &str| {
        format!("[[store.entry]]\ntarget = \"{target}\"\nkind = \"{kind}\"\n")
    };
    let store = "[[store]]\npath = \"/persist\"\ndevice = \"r/p\"\nfs = \"zfs\"\n";
    let files = ["/none", "/made", "/flag", "/ours", "/far/none", "/etc/machine-id"];
    let files: String = files.iter().map(|target| entry(target, "file")).collect();
    let old = "[[store]]\npath = \"/old\"\ndevice = \"r/o\"\nfs = \"zfs\"\n";
    let files = format!("{files}{}", entry("/moved", "file"));
    let text = format!("version = 1\n{root}{store}{}{files}{old}", entry("/dir", "directory"));
    let look = |at: &HostPath| -> Result<Look, SysError> {
        let id = crate::sys::FileId { device: (0, 1), inode: 1 };
        let meta = Meta { uid: 0, gid: 0, mode: 0o644 };
        let seen = |is_empty, is_untouched| crate::sys::Seen {
            id,
            meta,
            is_mount: false,
            is_empty,
            is_untouched,
        };
        Ok(match at.to_string().as_str() {
            "/" | "/far" | "/etc" | "/persist" => Look::Directory(seen(false, false)),
            // The link into the store that it was moved from.
            "/moved" => Look::Symlink(b"/old/moved".to_vec()),
            "/made" | "/old/moved" => Look::File(seen(false, false)),
            "/flag" => Look::File(seen(true, false)),
            "/ours" => Look::File(seen(true, true)),
            _ => Look::Absent,
        })
    };
    let holds = |text: &str, target: &str| {
        let config = Config::parse(text).unwrap();
        let mounts = [mount("/", "zfs"), mount("/far", "tmpfs")];
        let rules = facts(&config, Accept::default(), &mounts, &[], &[], &look);
        rules.placement(&path(target)).unwrap().source_holds
    };
    for (target, expected) in [
        ("/none", Holds::Awaited),
        ("/ours", Holds::Awaited),
        ("/made", Holds::Nothing),
        ("/moved", Holds::Nothing),
        ("/flag", Holds::Nothing),
        ("/far/none", Holds::Nothing),
        ("/etc/machine-id", Holds::Nothing),
        ("/dir", Holds::Nothing),
    ] {
        assert_eq!(holds(&text, target), expected, "{target}");
        // Whether anything is erased makes no difference.
        assert_eq!(holds(&text.replace(root, ""), target), expected, "{target}");
    }
}

#[test]
fn nothing_is_adopted_from_what_is_mounted_in_the_place_of_a_root() {
    let root = |mount: &str| {
        format!("[[root]]\nmount = \"{mount}\"\nkind = \"zfs\"\ndataset = \"r{mount}\"\nsnapshot = \"b\"\n")
            .replace("r/\"", "r/l\"")
    };
    let entry = |target| format!("[[store.entry]]\ntarget = \"{target}\"\nkind = \"directory\"\n");
    let store = "[[store]]\npath = \"/persist\"\ndevice = \"p\"\nfs = \"zfs\"\n";
    let text = [root("/"), root("/home"), store.to_owned(), entry("/a"), entry("/home/b")].concat();
    let config = Config::parse(&format!("version = 1\n{text}")).unwrap();
    let on_root = |roots: &[&str]| {
        let unmounted: Vec<Unmounted> = roots
            .iter()
            .map(|mount| Unmounted {
                mount: path(mount),
                dataset: String::new(),
                instead: String::new(),
                point: path(mount),
                is_erased: false,
                line: 1,
            })
            .collect();
        let rules = facts(&config, Accept::default(), &[], &unmounted, &[], &|_| Ok(Look::Absent));
        ["/a", "/home/b"].map(|target| rules.placement(&path(target)).unwrap().is_on_root)
    };
    assert_eq!(on_root(&[]), [true, true]);
    assert_eq!(on_root(&["/"]), [false, true]);
    assert_eq!(on_root(&["/home"]), [true, false]);
    assert_eq!(on_root(&["/", "/home"]), [false, false]);
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
        Ok(Look::Directory(crate::sys::Seen {
            id,
            meta,
            is_mount: false,
            is_empty,
            is_untouched: false,
        }))
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

#[test]
fn an_empty_file_that_was_set_aside_is_accepted_while_the_store_has_one_as_well() {
    let entry = r#"[{"target":"/a","source":"/persist/a","how":"bind","declared":true,"outcome":"done","reason":null,"in_place":true,"set_aside":["/x"]}]"#;
    let recorded = parse(&text(1, "[]", entry)).unwrap();
    let file = |is_empty| {
        let id = crate::sys::FileId { device: (0, 1), inode: 1 };
        let meta = Meta { uid: 0, gid: 0, mode: 0o755 };
        Look::File(crate::sys::Seen { id, meta, is_mount: false, is_empty, is_untouched: false })
    };
    let table = [
        (file(true), file(true), 1),
        (file(true), file(false), 1),
        (file(false), file(false), 1),
        // Somebody emptied the one in the store since.
        (file(false), file(true), 0),
        (file(true), Look::Absent, 0),
    ];
    for (aside, kept, expected) in table {
        let look = |at: &HostPath| Ok(if *at == path("/x") { aside.clone() } else { kept.clone() });
        assert_eq!(recorded.accept_rules(&look).count(), expected, "{aside:?} {kept:?}");
    }
}
