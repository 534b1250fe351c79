//! What is mounted in the place of a declared root.

use std::fs;

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
            let left = "lies on tmpfs (tmpfs), which is mounted at /, and line 2 of the configuration declares rpool/root there: a boot from that leaves it behind, and neither erases nor adopts it.\n";
            let none = "\nThe next boot looks for it on rpool/root, which is not what is mounted at / now, so it copies nothing of this into the store.\n";
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
