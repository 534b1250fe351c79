//! What can lie ready when a run begins: odd names, links, programs, paths that lead elsewhere.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::town::{ALICE, SECRET, Town, has_alice, own};
use super::{DIRECTORY, FILE};
use crate::namespace::inside;

/// Names that a shell, a format, a terminal or a list would take for something else.
const NAMES: [&[u8]; 15] = [
    b"it's",
    b"\"quoted\"",
    b"%s%n%%",
    b" two  words ",
    b"new\nline",
    b"-rf",
    b"...",
    b"$(id)`id`",
    b"\x1b[31mred",
    b"back\\slash\\012",
    b"\xff\xfe\x80",
    "\u{202e}txt".as_bytes(),
    b"tab\tcr\r",
    b"*",
    b"#{\"a\":1}",
];

/// What lies below, by name: type, owner, mode and content.
fn picture(top: &Path) -> BTreeMap<PathBuf, String> {
    let walk = walkdir::WalkDir::new(top).into_iter().map(|entry| {
        let entry = entry.unwrap();
        let meta = entry.metadata().unwrap();
        let content = match (meta.is_file(), meta.is_symlink()) {
            (true, _) => format!("{:?}", fs::read(entry.path()).unwrap()),
            (_, true) => format!("{:?}", fs::read_link(entry.path()).unwrap()),
            _ => String::new(),
        };
        let line = format!("{:o} {}:{} {content}", meta.mode(), meta.uid(), meta.gid());
        (entry.path().strip_prefix(top).unwrap().to_owned(), line)
    });
    walk.collect()
}

#[test]
fn userns_data_with_any_names_and_of_any_depth_is_adopted_as_it_is() {
    inside(
        "attacks::table::userns_data_with_any_names_and_of_any_depth_is_adopted_as_it_is",
        |top| {
            let town = Town::new(top);
            let uid = if has_alice() { ALICE } else { 0 };
            let data = town.dir("home/alice/data", uid, 0o750);
            let long = [b'x'; 255];
            for name in NAMES.into_iter().chain([&long[..]]) {
                let dir = data.join(OsStr::from_bytes(name));
                fs::create_dir(&dir).unwrap();
                let file = dir.join(OsStr::from_bytes(name));
                fs::write(&file, name).unwrap();
                own(&file, uid, 0o640);
                symlink(OsStr::from_bytes(name), dir.join("link")).unwrap();
            }
            let deep = (0..1000).fold(data.clone(), |path, _| path.join("d"));
            fs::create_dir_all(&deep).unwrap();
            fs::write(deep.join("bottom"), "bottom").unwrap();
            let before = picture(&data);
            town.configure("config", &[("data", DIRECTORY)]);
            let (status, _, said) = town.say(&["adopt", "/home/alice/data"]);
            assert_eq!((status, said.as_str()), (0, ""));
            assert_eq!(picture(&town.at("persist/home/alice/data")), before);
            assert_eq!(picture(&data), before);
        },
    );
}

#[test]
fn userns_targets_with_any_names_are_put_in_place_and_told_on_one_line() {
    inside(
        "attacks::table::userns_targets_with_any_names_are_put_in_place_and_told_on_one_line",
        |top| {
            let town = Town::new(top);
            let long = "y".repeat(255);
            let names: Vec<&str> = NAMES
                .iter()
                .filter_map(|name| std::str::from_utf8(name).ok())
                .chain([long.as_str()])
                .collect();
            let written: Vec<String> = names.iter().map(|name| toml_text(name)).collect();
            let entries: Vec<(&str, &str)> =
                written.iter().map(|name| (name.as_str(), DIRECTORY)).collect();
            town.configure("config", &entries);
            for name in &names {
                let dir = town.dir(&format!("home/alice/{name}"), 0, 0o755);
                fs::write(dir.join("f"), name).unwrap();
            }
            let (status, told, said) = town.say(&["apply"]);
            assert_eq!((status, said.as_str()), (0, ""), "{told}");
            // It was copied, set aside and put in place; and all of them are summed up.
            assert_eq!(told.lines().count(), 3 * names.len() + 1, "{told}");
            assert!(!told.contains(['\u{1b}', '\r', '\t', '\u{202e}']), "{told}");
            for name in names {
                let source = town.at("persist/home/alice").join(name).join("f");
                assert_eq!(fs::read_to_string(source).unwrap(), name);
            }
            assert_eq!(town.say(&["apply"]).0, 0);
        },
    );
}

/// A name as it stands between quotes in TOML.
fn toml_text(name: &str) -> String {
    name.chars().fold(String::new(), |text, c| text + &format!("\\U{:08x}", u32::from(c)))
}

/// A refusal: what lies ready, the entry, the exit status, and what is said.
type Refused = (&'static str, fn(&Town), &'static str, i32, &'static str);

const REFUSED: [Refused; 8] = [
    (
        "a symlink above the target",
        |town| symlink("../../victim", town.at("home/alice/.config")).unwrap(),
        ".config/app",
        1,
        "/home/alice/.config is a symlink or no directory, and is not followed",
    ),
    (
        "a symlink above the source",
        |town| symlink("../../../victim", town.at("persist/home/alice/.config")).unwrap(),
        ".config/app",
        1,
        "/persist/home/alice/.config is a symlink or no directory, and is not followed",
    ),
    (
        "a symlink at the target",
        |town| symlink("../../victim", town.at("home/alice/app")).unwrap(),
        "app",
        1,
        "/home/alice/app is a symlink to ../../victim and stands in the way",
    ),
    (
        "a symlink at the source",
        |town| symlink("../../../victim", town.at("persist/home/alice/app")).unwrap(),
        "app",
        1,
        "/persist/home/alice/app is a symlink, not a directory",
    ),
    (
        "a symlink for the home",
        |town| {
            fs::remove_dir(town.at("home/alice")).unwrap();
            symlink("../victim", town.at("home/alice")).unwrap();
        },
        "app",
        1,
        "/home/alice is a symlink or no directory, and is not followed",
    ),
    (
        "a fifo",
        |town| {
            nix::unistd::mkfifo(&town.at("home/alice/app"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        },
        "app",
        1,
        "/home/alice/app is a fifo and stands in the way",
    ),
    (
        "a symlink for the store",
        |town| {
            let store = town.at("persist");
            assert!(Command::new("umount").arg(&store).status().unwrap().success());
            fs::remove_dir(&store).unwrap();
            symlink("victim", store).unwrap();
        },
        "app",
        2,
        "the store /persist is not a directory of its own: /persist is a symlink or no directory",
    ),
    ("a way up", |_| {}, "../../victim/app", 2, "has a . or .. in it"),
];

#[test]
fn userns_what_would_lead_elsewhere_is_refused_and_named() {
    inside("attacks::table::userns_what_would_lead_elsewhere_is_refused_and_named", |top| {
        for (number, (what, prepare, target, status, says)) in REFUSED.into_iter().enumerate() {
            let top = top.join(number.to_string());
            fs::create_dir(&top).unwrap();
            let town = Town::new(&top);
            town.build_outside();
            prepare(&town);
            town.configure("config", &[(target, DIRECTORY)]);
            let before = (town.outside(), town.mounts());
            for command in [&["apply"][..], &["adopt", &format!("/home/alice/{target}")]] {
                let (ended, _, said) = town.say(command);
                assert_eq!(ended, status, "{what}: {said}");
                assert!(said.contains(says), "{what}: {said}");
            }
            assert_eq!((town.outside(), town.mounts()), before, "{what}");
        }
    });
}

#[test]
fn userns_a_link_to_a_file_of_root_gives_nobody_more_than_before() {
    inside(
        "attacks::table::userns_a_link_to_a_file_of_root_gives_nobody_more_than_before",
        |top| {
            if !has_alice() {
                return;
            }
            let town = Town::new(top);
            let key = town.file("etc/key", 0, 0o600, SECRET);
            let program = town.file("etc/program", 0, 0o4755, "a program");
            town.dir("home/alice/data", ALICE, 0o755);
            let mine = town.file("home/alice/data/mine", ALICE, 0o4750, "alice's");
            for (original, link) in [(&key, "data/key"), (&program, "data/program"), (&key, "one")]
            {
                fs::hard_link(original, town.at("home/alice").join(link)).unwrap();
            }
            let seen = |at: &Path| {
                let meta = fs::symlink_metadata(at).unwrap();
                (
                    meta.uid(),
                    meta.gid(),
                    meta.mode() & 0o7777,
                    meta.mtime_nsec(),
                    fs::read(at).unwrap(),
                )
            };
            let before = [&key, &program, &mine].map(|at| seen(at));
            town.configure("config", &[("data", DIRECTORY), ("one", FILE)]);
            let (status, _, said) = town.say(&["apply"]);
            assert_eq!(status, 0, "{said}");
            assert_eq!([&key, &program].map(|at| seen(at)), before[..2]);
            let store = town.at("persist/home/alice");
            assert_eq!(seen(&store.join("data/mine")), before[2]);
            assert_eq!(seen(&store.join("data/key")), before[0]);
            assert_eq!(seen(&store.join("one")), before[0]);
            // It would outlive the day on which the program is mended.
            assert_eq!(seen(&store.join("data/program")).2, 0o755);
            for closed in [store.join("data/key"), store.join("one"), town.at("home/alice/one")] {
                let output = as_alice().arg("cat").arg(&closed).output().unwrap();
                assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
            }
        },
    );
}

fn as_alice() -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid=1000", "--regid=1000", "--clear-groups", "--"]);
    command
}

#[test]
fn userns_nobody_gets_into_what_is_made_for_root_by_an_acl_on_the_directory_above() {
    inside(
        "attacks::table::userns_nobody_gets_into_what_is_made_for_root_by_an_acl_on_the_directory_above",
        |top| {
            if !has_alice() {
                return;
            }
            let town = Town::new(top);
            for home in ["home/alice", "persist/home/alice"] {
                let set = as_alice()
                    .args(["setfacl", "-d", "-m", "u:1000:rwx"])
                    .arg(town.at(home))
                    .status();
                assert!(set.unwrap().success());
            }
            let of_root = "user = \"root\"\ngroup = \"root\"\nmode = \"0770\"";
            town.configure(
                "config",
                &[
                    ("dir", &format!("{DIRECTORY}\n{of_root}")),
                    ("file", &format!("{FILE}\n{of_root}")),
                ],
            );
            assert_eq!(town.say(&["apply"]).0, 0);
            for name in ["dir", "file"] {
                let made = town.at("persist/home/alice").join(name);
                let meta = fs::metadata(&made).unwrap();
                assert_eq!((meta.uid(), meta.gid(), meta.mode() & 0o7777), (0, 0, 0o770));
                let got_in = as_alice().arg("test").arg("-r").arg(&made).status().unwrap();
                assert!(!got_in.success(), "alice can read {made:?}");
            }
        },
    );
}
