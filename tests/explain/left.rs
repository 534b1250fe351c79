//! What is mounted in the place of a declared root, and what lies beside one that is not mounted.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use super::host::umount;
use super::namespace::mount;
use super::{NOBODYS, explain, host, inside, json};

/// Another file system is mounted at `/` than the dataset that is declared there.
#[test]
fn userns_what_lies_in_the_place_of_a_declared_root_is_left_behind_and_never_adopted() {
    inside(
        "left::userns_what_lies_in_the_place_of_a_declared_root_is_left_behind_and_never_adopted",
        |top| {
            mount("tmpfs", "mode=755", top);
            let host = host(top);
            fs::create_dir_all(top.join(".zfs/snapshot/blank/etc")).unwrap();
            fs::create_dir_all(top.join("etc/rest")).unwrap();
            host.write("var/lib/gone/data", "data");
            host.write("var/lib/lost", "lost");
            let left = "lies on tmpfs (tmpfs), and line 2 of the configuration declares rpool/root at /: a boot from that leaves it behind, and neither erases nor adopts it.\n";
            let none = "\nThe next boot looks for it on rpool/root, which is not mounted at / now, so it copies nothing of this into the store.\n";
            let again = "\nThe next boot puts it in place again.\n";
            let table = [
                ("/var/lib/x", 0, "kept", again.to_owned()),
                ("/var/lib/gone", 1, "not-in-place", none.to_owned()),
                ("/var/lib/lost", 1, "left-behind", format!("{NOBODYS}It {left}")),
                (
                    "/var/lib/new",
                    1,
                    "left-behind",
                    format!("{NOBODYS}What is written there {left}"),
                ),
                // What is another dataset's blank says nothing of it.
                (
                    "/etc/rest",
                    1,
                    "left-behind",
                    format!("{NOBODYS}It {left}All that is lost: 1 directory.\n"),
                ),
            ];
            for (path, code, fate, words) in table {
                let (got, said) = explain(&host, path);
                assert!(said.contains(&words), "{path}: {said}");
                assert!(!said.contains("before the root is rolled back"), "{path}: {said}");
                assert_eq!((got, &json(&host, path)["fate"]), (code, &fate.into()), "{path}");
            }
            umount(&top.join("persist"));
            host.write("persist/other", "x");
            let (code, said) = explain(&host, "/persist/other");
            let words = format!("\nThe store is not mounted: this {}", left.trim_end());
            assert!(said.contains(&words) && code == 1, "{said}");
        },
    );
}

/// A root at `/home` alone, which is no mount of its own: what lies beside it is not its.
#[test]
fn a_root_that_is_not_mounted_claims_nothing_beside_it() {
    let top = tempfile::tempdir_in(crate::namespace::disk()).unwrap();
    for at in ["etc", "home/x"] {
        fs::create_dir_all(top.path().join(at)).unwrap();
    }
    fs::write(top.path().join("etc/hostname"), "host").unwrap();
    let config = top.path().join("c.toml");
    fs::write(&config, HOME).unwrap();
    let beside = "The configuration declares no root at /, and / is taken as ephemeral all the same. It lies on the root: a boot with an erased root erases it.\n";
    let inside = "It lies on the root /home: the next boot erases it when it rolls rpool/home back to @blank.\n";
    for (path, words) in [("/etc/hostname", beside), ("/home/x", inside)] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_blankslate"));
        command.arg("explain").arg(path).arg("--root").arg(top.path());
        let output = command.arg("--config").arg(&config).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains(words), "{path}: {said}");
        assert_eq!(output.status.code(), Some(1), "{path}");
    }
}

const HOME: &str = "version = 1\n[[root]]\nmount = \"/home\"\nkind = \"zfs\"\ndataset = \"rpool/home\"\nsnapshot = \"blank\"\n";

#[test]
fn userns_in_the_place_of_a_root_that_is_not_mounted_lies_what_is_around_it() {
    inside(
        "left::userns_in_the_place_of_a_root_that_is_not_mounted_lies_what_is_around_it",
        |top| {
            mount("tmpfs", "mode=755", top);
            let host = host(top);
            host.write("run/blankslate/c.toml", HOME);
            host.write("home/x", "x");
            host.write("srv/x", "x");
            let left = "It lies on tmpfs (tmpfs), and line 2 of the configuration declares rpool/home at /home: a boot from that leaves it behind, and neither erases nor adopts it.\n";
            let memory = "It lies in memory, on the tmpfs at /: it is gone after every boot.\n";
            for (path, words) in [("/home/x", left), ("/srv/x", memory)] {
                let (code, said) = explain(&host, path);
                assert!(said.contains(words) && code == 1, "{path}: {said}");
            }
        },
    );
}

#[test]
fn userns_an_entry_is_put_in_place_by_the_next_boot_only_if_its_store_can_be_used() {
    inside(
        "left::userns_an_entry_is_put_in_place_by_the_next_boot_only_if_its_store_can_be_used",
        |top| {
            let host = host(top);
            host.write("var/lib/gone", "in the way");
            let ends = |words: &str| {
                for path in ["/var/lib/gone", "/etc/y"] {
                    let (code, said) = explain(&host, path);
                    let is_told = said.ends_with(&format!("\n{words}\n"));
                    assert!(is_told && code == 1, "{path}: {said}");
                }
            };
            fs::remove_file(top.join("etc/y")).unwrap();
            symlink("/elsewhere", top.join("etc/y")).unwrap();
            ends("The next boot puts it in place, unless that is in the way still.");
            let unless =
                "The next boot puts it in place only if the store /persist can be used then.";
            umount(&top.join("var/lib/x"));
            umount(&top.join("persist"));
            ends(unless);
            fs::remove_dir(top.join("persist")).unwrap();
            ends(unless);
        },
    );
}
