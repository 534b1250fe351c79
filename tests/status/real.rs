//! Each state on real mounts.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use crate::host::{Host, faults, umount};
use crate::namespace::{inside, mount};
use crate::program;

pub const ROLLED: &str = "rpool/root rolled back to rpool/root@blank\n";
pub const OTHER: &str = "the initrd read another configuration than the host has now\n";

#[test]
fn userns_all_in_place_is_quiet_and_zero() {
    inside("real::userns_all_in_place_is_quiet_and_zero", |top| {
        let entries = [("/srv/x", "directory", "bind"), ("/srv/y", "file", "symlink")];
        let host = Host::new(top, &entries, &[]);
        host.write("persist/srv/x/data", "data");
        host.write("persist/srv/y", "y");
        fs::create_dir_all(top.join("srv/x")).unwrap();
        std::os::unix::fs::symlink("/persist/srv/y", top.join("srv/y")).unwrap();
        host.bind("srv/x");
        let good = format!("{ROLLED}{OTHER}2 of 2 entries are in place\n");
        assert_eq!(host.said(&["status"]), (0, good));
        umount(&top.join("srv/x"));
        let missing = format!(
            "{ROLLED}missing /srv/x: nothing is mounted there; run `blankslate apply`\n{OTHER}1 of 2 entries are in place\n"
        );
        assert_eq!(host.said(&["status"]), (1, missing));
    });
}

#[test]
fn userns_a_file_that_nobody_made_yet_is_fine_and_told() {
    inside("real::userns_a_file_that_nobody_made_yet_is_fine_and_told", |top| {
        let entries = [("/etc/x", "file", "bind"), ("/srv/y", "file", "symlink")];
        let host = Host::new(top, &entries, &[]);
        host.write("persist/srv/y", "y");
        fs::create_dir(top.join("srv")).unwrap();
        std::os::unix::fs::symlink("/persist/srv/y", top.join("srv/y")).unwrap();
        let summary = format!("{ROLLED}{OTHER}1 of 2 entries are in place, 1 is waiting\n");
        let note = "note: /etc/x waits: nothing has made it yet; as soon as something has, `blankslate apply` or the next boot keeps it, unless something else erases it before\n";
        assert_eq!(host.said(&["status"]), (0, format!("{summary}\n{note}")));
        let output = host.run(&["status", "--format=json"]);
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(faults("status-1.json", &json), Vec::<String>::new());
        assert_eq!((&json["ok"], &json["entries"][0]["state"]), (&true.into(), &"waiting".into()));
        // Only what nobody made waits.
        host.write("etc/x", "x");
        let (code, said) = host.said(&["status"]);
        let line = "\nmissing /etc/x: what lies there is not in the store yet; run `blankslate apply`, which copies it to /persist/etc/x\n";
        assert!(code == 1 && said.contains(line), "{said}");
    });
}

#[test]
fn userns_a_symlink_that_a_file_replaced_has_diverged() {
    inside("real::userns_a_symlink_that_a_file_replaced_has_diverged", |top| {
        let host = Host::new(top, &[("/etc/x", "file", "symlink")], &[("/etc/x", "symlink")]);
        for (at, text) in [("persist/etc/x", "old"), ("etc/x", "new")] {
            let file = fs::File::options().append(true).open(host.write(at, text)).unwrap();
            file.set_modified(std::time::UNIX_EPOCH).unwrap();
        }
        host.write("etc/x.blankslate-adopted-1", "older");
        let (code, said) = host.said(&["status"]);
        let line = "diverged /etc/x: a file replaced the symlink and differs from /persist/etc/x, in content; keep one of the two, move the other away, run `blankslate apply`\n";
        let aside = "note: /etc/x.blankslate-adopted-1 is what lay at /etc/x before it was copied into the store; the next boot erases it\n";
        let summary = format!("{OTHER}0 of 1 entries are in place\n");
        assert_eq!((code, said), (1, format!("{ROLLED}{line}{summary}\n{aside}")));
    });
}

#[test]
fn userns_a_bind_that_shows_the_old_file_has_diverged() {
    inside("real::userns_a_bind_that_shows_the_old_file_has_diverged", |top| {
        let host = Host::new(top, &[("/etc/x", "file", "bind")], &[("/etc/x", "bind")]);
        host.write("persist/etc/x", "v1");
        host.write("etc/x", "");
        host.bind("etc/x");
        let (code, said) = host.said(&["status"]);
        assert_eq!((code, said.contains("1 of 1 entries are in place")), (0, true), "{said}");
        let new = host.write("persist/etc/new", "v2");
        fs::rename(new, top.join("persist/etc/x")).unwrap();
        let (code, said) = host.said(&["status"]);
        assert_eq!(code, 1);
        let line = "\ndiverged /etc/x: it still shows what lay at /persist/etc/x before that was replaced; compare the two, then `umount /etc/x` and run `blankslate apply`\n";
        assert!(said.contains(line), "{said}");
    });
}

#[test]
fn userns_strays_are_told_by_size_and_nothing_of_an_entry_is() {
    inside("real::userns_strays_are_told_by_size_and_nothing_of_an_entry_is", |top| {
        let entries = [("/var/lib/kept", "directory", "bind"), ("/etc/id", "file", "bind")];
        let host = Host::new(top, &entries, &[]);
        host.write("persist/var/lib/kept/deep/data", &"x".repeat(100_000));
        host.write("persist/etc/id", "id");
        for at in ["var/lib/kept", "etc"] {
            fs::create_dir_all(top.join(at)).unwrap();
        }
        host.write("etc/id", "");
        host.bind("var/lib/kept");
        host.bind("etc/id");
        let file = host.write("persist/var/lib/gone/a/b", &"x".repeat(20_000));
        fs::hard_link(file, top.join("persist/var/lib/gone/a/c")).unwrap();
        host.write("persist/old\n\u{1b}[31m", "x");
        std::os::unix::fs::symlink("/etc", top.join("persist/link")).unwrap();
        // What is mounted in a store is not in it.
        fs::create_dir(top.join("persist/other")).unwrap();
        mount("tmpfs", "mode=755", &top.join("persist/other"));
        host.write("persist/other/data", "data");
        let (code, said) = host.said(&["status"]);
        assert_eq!(code, 0, "{said}");
        let strays = "\nIn the stores, and not declared: 4 files, 24 KiB (nothing removes it)\n    20 KiB  /persist/var/lib/gone/\n   4.0 KiB  /persist/old\\n\\x1b[31m\n       0 B  /persist/link\n";
        assert_eq!(said, format!("{ROLLED}{OTHER}2 of 2 entries are in place\n{strays}"));
        // What a boot kept beside a source, and what an unfinished copy left, are no strays.
        host.write("persist/etc/id.from-old-root-2", "other");
        fs::create_dir(top.join("persist/etc/.blankslate-adopting")).unwrap();
        let (code, said) = host.said(&["status"]);
        assert_eq!(code, 1);
        assert!(said.contains("\nconflict /persist/etc/id: the old root had other data, it lies at /persist/etc/id.from-old-root-2, 1 file, 4.0 KiB; compare the two, keep one\n"), "{said}");
        assert!(
            said.contains("\nnote: /persist/etc/.blankslate-adopting was left by a copy"),
            "{said}"
        );
        assert!(said.ends_with(strays), "{said}");
    });
}

#[test]
fn userns_of_many_strays_the_largest_are_told_and_all_on_demand() {
    inside("real::userns_of_many_strays_the_largest_are_told_and_all_on_demand", |top| {
        let host = Host::new(top, &[], &[]);
        for number in 1..=13 {
            host.write(&format!("persist/stray-{number:02}"), &"x".repeat(number * 4096));
        }
        let (code, said) = host.said(&["status"]);
        assert_eq!((code, said.lines().count()), (0, 15), "{said}");
        assert!(said.contains("(nothing removes it)\n    52 KiB  /persist/stray-13\n"), "{said}");
        assert!(
            said.ends_with(
                "  16 KiB  /persist/stray-04\n  … and 3 more, 24 KiB; --strays lists all\n"
            ),
            "{said}"
        );
        let (_, said) = host.said(&["status", "--strays"]);
        assert!(said.ends_with("   4.0 KiB  /persist/stray-01\n"), "{said}");
    });
}

/// What somebody without any privilege is told.
fn status_for_nobody(top: &Path) -> Output {
    let lent = top.join("blankslate");
    program::lend(env!("CARGO_BIN_EXE_blankslate"), &lent);
    let mut command = program::as_nobody(&lent);
    command.args(["status", "--root=.", "--config=run/blankslate/c.toml"]);
    command.current_dir(top).output().unwrap()
}

#[test]
fn userns_without_root_nothing_is_called_in_place_that_was_not_seen() {
    inside("real::userns_without_root_nothing_is_called_in_place_that_was_not_seen", |top| {
        let entries = [("/srv/open", "directory", "bind"), ("/srv/closed", "directory", "bind")];
        let host = Host::new(top, &entries, &[]);
        for name in ["open", "closed"] {
            host.write(&format!("persist/srv/{name}/data"), "data");
            fs::create_dir_all(top.join("srv").join(name)).unwrap();
            host.bind(&format!("srv/{name}"));
        }
        fs::set_permissions(top.join("persist/srv/closed"), fs::Permissions::from_mode(0o700))
            .unwrap();
        fs::set_permissions(top, fs::Permissions::from_mode(0o755)).unwrap();
        let output = status_for_nobody(top);
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains(
                "\nunseen /srv/closed: cannot look at /persist/srv/closed: Permission denied"
            ),
            "{said}"
        );
        assert!(
            said.contains("\n1 of 2 entries are in place, 1 could not be looked at\n"),
            "{said}"
        );
        assert!(
            said.contains(
                "\nnote: what lies hidden beneath the mounts was not seen; run it as root\n"
            ),
            "{said}"
        );
    });
}

#[test]
fn userns_a_place_in_a_store_that_cannot_be_searched_is_told() {
    inside("real::userns_a_place_in_a_store_that_cannot_be_searched_is_told", |top| {
        let host = Host::new(top, &[("/srv/x", "directory", "bind")], &[]);
        fs::create_dir_all(top.join("srv/x")).unwrap();
        host.write("persist/srv/x/data", "data");
        host.bind("srv/x");
        host.write("persist/stray/in/data", "data");
        fs::set_permissions(top.join("persist/stray/in"), fs::Permissions::from_mode(0o0)).unwrap();
        let output = status_for_nobody(top);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("\nunseen /persist/stray/in: cannot read the directory: Permission denied (os error 13)\n"), "{said}");
    });
}

#[test]
fn userns_the_status_as_json_fits_its_schema() {
    inside("real::userns_the_status_as_json_fits_its_schema", |top| {
        use std::os::unix::ffi::OsStrExt;
        let entries = [
            ("/srv/x", "directory", "bind"),
            ("/etc/x", "file", "symlink"),
            ("/srv/gone", "directory", "bind"),
        ];
        let record = [("/etc/x", "symlink"), ("/srv/left", "bind")];
        let host = Host::new(top, &entries, &record);
        host.write("persist/srv/x/data", "data");
        host.write("srv/x/hidden", "hidden");
        host.bind("srv/x");
        fs::create_dir_all(top.join("persist/srv/left")).unwrap();
        fs::create_dir_all(top.join("srv/left")).unwrap();
        host.bind("srv/left");
        host.write("persist/etc/x", "old");
        host.write("etc/x", "new");
        host.write("etc/x.blankslate-adopted-1", "older");
        host.write("persist/etc/x.from-old-root", "other");
        fs::write(top.join("persist").join(std::ffi::OsStr::from_bytes(b"\xff")), "x").unwrap();
        let output = host.run(&["status", "--format=json"]);
        assert_eq!(output.status.code(), Some(1));
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(faults("status-1.json", &json), Vec::<String>::new());
        assert_eq!(faults("boot-1.json", &json["boot"]), Vec::<String>::new());
        assert_eq!(faults("persist-1.json", &json["persist"]), Vec::<String>::new());
        assert_eq!((&json["ok"], &json["complete"]), (&false.into(), &true.into()));
        let states: Vec<&str> = json["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["state"].as_str().unwrap())
            .collect();
        assert_eq!(states, ["diverged", "missing", "shadowed"]);
        assert_eq!(json["undeclared"][0]["target"], "/srv/left");
        assert_eq!(json["set_aside"][0]["erased_at_boot"], true);
        assert_eq!(json["conflicts"][0]["source"], "/persist/etc/x");
        let strays: Vec<&serde_json::Value> = json["strays"].as_array().unwrap().iter().collect();
        assert_eq!(
            strays.iter().find(|s| s["path"] == "/persist/\\xff").unwrap()["path_base64"],
            "L3BlcnNpc3Qv/w=="
        );
    });
}
