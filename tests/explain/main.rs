//! `blankslate explain`, the real program on real mounts.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    dead_code,
    reason = "tests"
)]

mod fate;
#[path = "../status/host.rs"]
mod host;
mod left;
#[path = "../support/namespace.rs"]
mod namespace;
mod not_there;
#[path = "../support/unmount.rs"]
mod unmount;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use blankslate::config::Config;
use host::{Host, faults};
use namespace::{inside, mount};

fn host(top: &Path) -> Host {
    let entries = [
        ("/var/lib/x", "directory", "bind"),
        ("/etc/y", "file", "symlink"),
        ("/var/lib/gone", "directory", "bind"),
    ];
    let host = Host::new(top, &entries, &[]);
    host.write("persist/var/lib/x/data", "data");
    host.write("persist/etc/y", "y");
    fs::create_dir_all(top.join("var/lib/x")).unwrap();
    fs::create_dir_all(top.join("etc")).unwrap();
    host.bind("var/lib/x");
    symlink("/persist/etc/y", top.join("etc/y")).unwrap();
    host
}

const ERASED: &str =
    "lies on the root /: the next boot erases it when it rolls rpool/root back to @blank.\n";

const NOBODYS: &str = "Nothing on this host claims it.\n";

/// What is said of a path, without the line that there is no ZFS here with a blank.
fn explain(host: &Host, path: &str) -> (i32, String) {
    let (code, said) = host.said(&["explain", path]);
    let is_told = |line: &&str| !line.starts_with("What the blank has is not known: ");
    (code, said.split_inclusive('\n').filter(is_told).collect())
}

fn json(host: &Host, path: &str) -> serde_json::Value {
    let output = host.run(&["explain", "--format=json", path]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(faults("explain-1.json", &json), Vec::<String>::new(), "{path}");
    json
}

#[test]
fn userns_each_path_is_told_what_becomes_of_it() {
    inside("userns_each_path_is_told_what_becomes_of_it", |top| {
        let host = host(top);
        host.write("persist/old/data", "data");
        host.write("var/lib/lost", "lost");
        symlink("/var/lib", top.join("lib")).unwrap();
        fs::create_dir_all(top.join("home")).unwrap();
        mount("tmpfs", "mode=755", &top.join("home"));
        let starts: &[(&str, i32, String)] = &[
            ("/var/lib/x", 0, "/var/lib/x is an entry.\nIt is declared in line 11 of the configuration.\nThe store keeps it at /persist/var/lib/x, which is mounted there.\nNow: in place.\n`blankslate apply` has nothing to do.\nThe next boot puts it in place again.\n".into()),
            ("/var/lib/x/data", 0, "/var/lib/x/data lies in the entry /var/lib/x.\nIt is declared in line 11 of the configuration.\nIts data lies in the store, at /persist/var/lib/x/data.\nNow: in place.\n".into()),
            ("/lib/./x/../x/data", 0, "/lib/./x/../x/data leads through the symlink /lib to /var/lib/x/data.\n/var/lib/x/data lies in the entry /var/lib/x.\n".into()),
            ("/etc/y", 0, "/etc/y is an entry.\nIt is declared in line 15 of the configuration.\nThe store keeps it at /persist/etc/y, which is linked there.\nNow: in place.\n".into()),
            ("/persist/var/lib/x/data", 0, "/persist/var/lib/x/data is a file. It belongs to the entry /var/lib/x.\n".into()),
            ("/persist/old", 0, "/persist/old is a directory. It lies in the store /persist, and no entry declares it.\nWhat lies in a store survives every boot. Nothing removes it, and nothing puts it in place.\n\nTo put it in place, add to the configuration file:\n\n".into()),
            ("/persist", 0, "/persist is a store.\nWhat lies in a store survives every boot. Nothing removes it, and nothing puts it in place.\n".into()),
            ("/var/lib/gone", 1, "/var/lib/gone is an entry.\nIt is declared in line 19 of the configuration.\nThe store keeps it at /persist/var/lib/gone, which is to be mounted there.\nNow: missing: neither it nor /persist/var/lib/gone is there; run `blankslate apply`, which makes it empty\n`blankslate apply` would:\n    make the directory /persist/var/lib/gone, owner 0:0, mode 0755\n".into()),
            ("/var/lib", 1, "/var/lib is a directory, and no entry. These are, below it: /var/lib/gone, /var/lib/x.\nIt is kept: made again on the way to what is kept.\nWhat lies in it is lost: 1 file (4 B).\nIt holds what belongs to many, so it is too much for one entry: `what-will-i-lose /var/lib` lists what lies in it.\n".into()),
            ("/var/lib/lost", 1, format!("/var/lib/lost is a file, and no entry keeps it.\n{NOBODYS}It {ERASED}\nTo keep it, add to the configuration file:\n\n")),
            ("/var/lib/new", 1, format!("/var/lib/new is nothing yet, and no entry keeps it.\n{NOBODYS}What is written there {ERASED}Nothing is there, so that it is to be a directory is a guess; for a file, write kind = \"file\".\n\nTo keep it, add to the configuration file:\n\n")),
            ("/lib", 1, format!("/lib is a symlink to /var/lib, and no entry keeps it.\n{NOBODYS}It {ERASED}A symlink cannot be an entry; keep what it leads to.\n")),
            ("/home/x", 1, "/home/x is nothing yet, and no entry keeps it.\nWhat is written there lies in memory, on the tmpfs at /home: it is gone after every boot.\n".into()),
        ];
        for (path, code, start) in starts {
            let (got, said) = explain(&host, path);
            assert!(said.starts_with(start.as_str()), "{path}: {said}\nexpected {start}");
            assert_eq!(got, *code, "{path}");
        }
    });
}

#[test]
fn userns_data_that_is_not_in_the_store_yet_is_told_where_it_goes() {
    inside("userns_data_that_is_not_in_the_store_yet_is_told_where_it_goes", |top| {
        let host = host(top);
        host.write("var/lib/gone/data", "data");
        let (code, said) = explain(&host, "/var/lib/gone/data");
        assert_eq!(code, 1);
        if said.contains("cannot look into process") {
            // Some sandboxes hide a process even from root. Then it is not known who writes there.
            return;
        }
        let now = "\nNow: missing: what lies there is not in the store yet; run `blankslate apply`, which copies it to /persist/var/lib/gone\n";
        let next = "\nThe next boot copies what lies there to /persist/var/lib/gone before the root is rolled back, and puts it in place.\n";
        assert!(said.contains(now) && said.contains(next), "{said}");
    });
}

#[test]
fn userns_the_lines_that_keep_a_path_are_a_configuration_that_keeps_it() {
    inside("userns_the_lines_that_keep_a_path_are_a_configuration_that_keeps_it", |top| {
        let host = host(top);
        let config = fs::read_to_string(top.join("run/blankslate/c.toml")).unwrap();
        for name in ["var/lib/plain", "var/lib/it's \"${x}\" \\ \u{1b}[31m é", "srv/open/deep"] {
            let at = top.join(name);
            fs::create_dir_all(&at).unwrap();
            fs::set_permissions(&at, fs::Permissions::from_mode(0o2750)).unwrap();
            let path = format!("/{name}");
            let output = host.run(&["explain", "--format=json", &path]);
            assert_eq!(output.status.code(), Some(1));
            let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(faults("explain-1.json", &json), Vec::<String>::new());
            let toml = json["keep"]["toml"].as_str().unwrap();
            let parsed = Config::parse(&format!("{config}{toml}")).unwrap();
            let (_, entry) = parsed.entries().find(|(_, e)| e.target.exact() == path).unwrap();
            assert_eq!(entry.mode, Some(0o2750));
        }
        let (_, said) = explain(&host, "/var/lib/plain");
        assert!(said.contains("\n    blankslate.stores.\"/persist\".directories = [ { path = \"/var/lib/plain\"; mode = \"2750\"; } ];\n"), "{said}");
        let (_, said) = explain(&host, "/etc/passwd");
        assert!(!said.contains("But "), "{said}");
        host.write("etc/passwd", "root:x:0:0::/root:/bin/sh\n");
        let (_, said) = explain(&host, "/etc/passwd");
        let end = "\n/etc/passwd is replaced by passwd, useradd and NixOS through a rename, which a bind mount stops (EBUSY); set users.mutableUsers = false, or keep the account files in the store with services.userborn.passwordFilesLocation.\n";
        assert!(said.ends_with(end), "{said}");
        host.write("home/al/.config/kglobalshortcutsrc", "x");
        let (_, said) = explain(&host, "/home/al/.config/kglobalshortcutsrc");
        assert!(said.contains("    how = \"symlink\"\n") && !said.contains("But "), "{said}");
        host.write("home/al/.ssh/known_hosts", "x");
        let (_, said) = explain(&host, "/home/al/.ssh/known_hosts");
        let end = "(EBUSY); declare the directory /home/al/.ssh instead.\n";
        assert!(said.ends_with(end), "{said}");
    });
}

#[test]
fn userns_a_path_in_a_home_is_kept_with_its_user() {
    inside("userns_a_path_in_a_home_is_kept_with_its_user", |top| {
        let host = host(top);
        host.write(
            "etc/passwd",
            "root:x:0:0::/root:/bin/sh\nalice:x:1000:100::/home/alice:/bin/sh\n",
        );
        host.write("etc/group", "root:x:0:\nusers:x:100:\n");
        let at = top.join("home/alice/.config/x");
        fs::create_dir_all(&at).unwrap();
        fs::set_permissions(&at, fs::Permissions::from_mode(0o700)).unwrap();
        for path in [&at, &top.join("home/alice"), &top.join("home/alice/.config")] {
            if std::os::unix::fs::chown(path, Some(1000), Some(100)).is_err() {
                return; // a user namespace has only one user
            }
        }
        let (_, said) = explain(&host, "/home/alice/.config/x");
        assert!(said.contains("\n    blankslate.stores.\"/persist\".users.\"alice\".directories = [ \".config/x\" ];\n"), "{said}");
    });
}

#[test]
fn userns_every_kind_of_explanation_fits_its_schema() {
    inside("userns_every_kind_of_explanation_fits_its_schema", |top| {
        let host = host(top);
        symlink("/var/lib", top.join("lib")).unwrap();
        for (path, relation, fate) in [
            ("/var/lib/x", "entry", "kept"),
            ("/lib/x/data", "inside-entry", "kept"),
            ("/persist/etc/y", "in-source", "kept"),
            ("/persist/new", "in-store", "kept"),
            ("/var/lib/gone", "entry", "not-in-place"),
            ("/var", "above-entries", "kept"),
            ("/lib", "none", "erased"),
            ("/", "above-entries", "erased"),
        ] {
            let output = host.run(&["explain", "--format=json", path]);
            let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(faults("explain-1.json", &json), Vec::<String>::new(), "{path}");
            assert_eq!(
                (&json["relation"], &json["fate"]),
                (&relation.into(), &fate.into()),
                "{path}"
            );
        }
    });
}

#[test]
fn userns_a_path_that_no_entry_keeps_is_told_whose_it_is_and_what_becomes_of_it() {
    inside("userns_a_path_that_no_entry_keeps_is_told_whose_it_is_and_what_becomes_of_it", |top| {
        let host = host(top);
        let config = fs::read_to_string(top.join("run/blankslate/c.toml")).unwrap();
        let accept = "[[report.accept]]\nglob = \"/var/tmp/**\"\nbecause = \"scratch\"\n";
        host.write("run/blankslate/c.toml", &format!("{config}{accept}"));
        for (at, text) in [
            ("etc/systemd/system/db.service", "[Service]\nExecStart=/x\nStateDirectory=db\n"),
            ("var/lib/db/table", "rows"),
            ("var/lib/bluetooth/key", "key"),
            ("var/tmp/junk", "junk"),
            ("home/al/.ssh/id", "key"),
            ("etc/passwd", "al:x:1000:100::/home/al:/bin/sh\n"),
        ] {
            host.write(at, text);
        }
        let line = 1 + config.lines().count();
        let told = [
            ("/var/lib/db/table", 1, "It belongs to db.service.\n".to_owned()),
            ("/var/lib/db", 1, "All that is lost: 1 file (4 B), 1 directory.\n".into()),
            ("/var/lib/bluetooth", 1, "\nor there, for all that belongs to it:\n\n    blankslate.stores.\"/persist\".presets = [ \"bluetooth\" ];\n".into()),
            ("/home/al/.ssh", 1, "It belongs to al. SSH keys: ".into()),
            ("/var/tmp/junk", 0, format!("The next boot erases what lies there, which /var/tmp/** accepts (line {line}): scratch.\n")),
            ("/var/tmp/not/there", 0, format!("which /var/tmp/** accepts (line {line}): scratch.\n")),
        ];
        for (path, code, words) in told {
            let (got, said) = explain(&host, path);
            assert!(said.contains(&words), "{path}: {said}");
            assert_eq!(got, code, "{path}");
        }
        let json = |path: &str| -> serde_json::Value {
            let output = host.run(&["explain", "--format=json", path]);
            let json = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(faults("explain-1.json", &json), Vec::<String>::new(), "{path}");
            json
        };
        let db = json("/var/lib/db");
        assert_eq!(db["loss"]["owner"], serde_json::json!({"kind": "unit", "name": "db.service"}));
        assert_eq!(
            (&db["loss"]["lost"]["files"], &db["loss"]["rank"]),
            (&1.into(), &"state".into())
        );
        let junk = json("/var/tmp/junk");
        assert_eq!(
            (&junk["fate"], &junk["loss"]["rule"]),
            (&"accepted".into(), &"/var/tmp/**".into())
        );
    });
}
