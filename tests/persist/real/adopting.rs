//! Data that lies at the target goes into the store, whole, and only then the entry is put in place.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use blankslate::persist::record::Record;

use super::{first, in_namespace, mount, mountinfo, place, read, write};
use crate::setup::config;

#[test]
fn userns_a_directory_with_data_is_adopted_and_bound_and_a_second_run_changes_nothing() {
    in_namespace(
        "adopting::userns_a_directory_with_data_is_adopted_and_bound_and_a_second_run_changes_nothing",
        |root| {
            let rows = write(root, "var/lib/db/deep/rows", "rows");
            fs::set_permissions(&rows, fs::Permissions::from_mode(0o640)).unwrap();
            fs::hard_link(&rows, root.join("var/lib/db/again")).unwrap();
            symlink("deep/rows", root.join("var/lib/db/link")).unwrap();
            fs::set_permissions(root.join("var/lib/db"), fs::Permissions::from_mode(0o2750))
                .unwrap();
            fs::set_permissions(root.join("var/lib"), fs::Permissions::from_mode(0o711)).unwrap();
            let config = config(&[("/persist", &["dir bind /var/lib/db"])]);
            let (ends, record) = place(root, &config, &Record::default());
            assert_eq!(ends, ["/var/lib/db done"]);
            for top in ["var/lib/db", "persist/var/lib/db"] {
                assert_eq!(read(root, &format!("{top}/deep/rows")).unwrap(), "rows");
                let mode = fs::metadata(root.join(top)).unwrap().mode() & 0o7777;
                assert_eq!(mode, 0o2750, "{top}");
                let file = fs::metadata(root.join(top).join("again")).unwrap();
                assert_eq!((file.mode() & 0o7777, file.nlink()), (0o640, 2), "{top}");
                let link = fs::read_link(root.join(top).join("link")).unwrap();
                assert_eq!(link, Path::new("deep/rows"));
            }
            let above = fs::metadata(root.join("persist/var/lib")).unwrap();
            assert_eq!(above.mode() & 0o7777, 0o711);
            // What was there lies beside it, and nothing half done in the store.
            let aside = &record.entries[0].set_aside;
            assert_eq!(aside.len(), 1);
            assert_eq!(read(root, &format!("{}/deep/rows", &aside[0][1..])).unwrap(), "rows");
            let names = |at: &str| fs::read_dir(root.join(at)).unwrap().count();
            assert_eq!((names("persist"), names("persist/var/lib"), names("var/lib")), (1, 1, 2));
            let before = mountinfo();
            let (ends, again) = place(root, &config, &record);
            assert_eq!(ends, ["/var/lib/db unchanged"]);
            assert_eq!((mountinfo(), again.entries[0].set_aside.clone()), (before, aside.clone()));
            // What is written from now on is in the store.
            write(root, "var/lib/db/new", "new");
            assert_eq!(read(root, "persist/var/lib/db/new").unwrap(), "new");
        },
    );
}

#[test]
fn userns_a_file_is_adopted_and_linked_or_bound() {
    in_namespace("adopting::userns_a_file_is_adopted_and_linked_or_bound", |root| {
        write(root, "etc/linked", "linked");
        write(root, "etc/bound", "bound");
        write(root, "etc/same", "same");
        write(root, "persist/etc/same", "same");
        let same = fs::metadata(root.join("etc/same")).unwrap().modified().unwrap();
        let kept = fs::File::options().write(true).open(root.join("persist/etc/same")).unwrap();
        kept.set_modified(same).unwrap();
        drop(kept);
        let all = ["file sym /etc/linked", "file bind /etc/bound", "file bind /etc/same"];
        let ends = first(root, &config(&[("/persist", &all)]));
        assert_eq!(ends, ["/etc/bound done", "/etc/linked done", "/etc/same done"]);
        let link = fs::read_link(root.join("etc/linked")).unwrap();
        assert_eq!(link, Path::new("/persist/etc/linked"));
        for name in ["linked", "bound", "same"] {
            assert_eq!(read(root, &format!("persist/etc/{name}")).unwrap(), name);
        }
        assert_eq!(read(root, "etc/bound").unwrap(), "bound");
    });
}

/// impermanence binds over it, preservation leaves it there and says nothing (field.md §2.3).
#[test]
fn userns_data_that_differs_is_neither_hidden_nor_touched_on_either_side() {
    in_namespace(
        "adopting::userns_data_that_differs_is_neither_hidden_nor_touched_on_either_side",
        |root| {
            write(root, "srv/own", "own");
            write(root, "persist/srv/kept", "kept");
            write(root, "etc/id", "own");
            write(root, "persist/etc/id", "kept");
            let before = mountinfo();
            let entries = ["dir bind /srv", "file sym /etc/id"];
            let ends = first(root, &config(&[("/persist", &entries)]));
            assert_eq!(ends.len(), 2);
            let told = |end: &str| end.split("both hold data and ").nth(1).map(str::to_owned);
            let cure = "compare the two, move one of them away, and run `blankslate apply`";
            assert_eq!(
                (told(&ends[0]), told(&ends[1])),
                (
                    Some(format!("differ, first in the content of /etc/id; {cure}")),
                    Some(format!("differ, first in the presence of /srv/kept; {cure}")),
                )
            );
            assert_eq!(mountinfo(), before);
            for (at, text) in [("srv/own", "own"), ("etc/id", "own")] {
                assert_eq!(read(root, at).unwrap(), text);
            }
            for (at, text) in [("persist/srv/kept", "kept"), ("persist/etc/id", "kept")] {
                assert_eq!(read(root, at).unwrap(), text);
            }
        },
    );
}

#[test]
fn userns_what_somebody_still_writes_to_is_left_alone_and_who_is_named() {
    in_namespace(
        "adopting::userns_what_somebody_still_writes_to_is_left_alone_and_who_is_named",
        |root| {
            let log = write(root, "var/log/app/log", "log");
            let open = fs::File::options().append(true).open(log).unwrap();
            let mut app = Command::new("sleep").arg("60").stdout(open).spawn().unwrap();
            let config = config(&[("/persist", &["dir bind /var/log/app"])]);
            let (ends, record) = place(root, &config, &Record::default());
            let said = format!(
                "/var/log/app refused: /var/log/app/log is open for writing by sleep (pid {})",
                app.id()
            );
            assert!(ends[0].starts_with(&said), "{ends:?}");
            assert_eq!(fs::read_dir(root.join("persist")).unwrap().count(), 0);
            app.kill().unwrap();
            app.wait().unwrap();
            let (ends, _) = place(root, &config, &record);
            assert_eq!(ends, ["/var/log/app done"]);
            assert_eq!(read(root, "persist/var/log/app/log").unwrap(), "log");
        },
    );
}

#[test]
fn userns_a_mount_below_the_data_keeps_it_from_being_covered() {
    in_namespace("adopting::userns_a_mount_below_the_data_keeps_it_from_being_covered", |root| {
        write(root, "srv/own", "own");
        fs::create_dir(root.join("srv/disk")).unwrap();
        mount("tmpfs", &root.join("srv/disk"));
        write(root, "srv/disk/data", "data");
        let ends = first(root, &config(&[("/persist", &["dir bind /srv"])]));
        assert_eq!(
            ends,
            ["/srv refused: /srv/disk below it is a mount point, which it would cover; unmount \
              that, or declare /srv/disk as well"]
        );
        assert_eq!(read(root, "srv/disk/data").unwrap(), "data");
        assert_eq!(fs::read_dir(root.join("persist")).unwrap().count(), 0);
    });
}

/// Both peers hide it, or make an empty file over it (field.md §2.3).
#[test]
fn userns_an_entry_that_moves_to_another_store_finds_its_data_there() {
    in_namespace(
        "adopting::userns_an_entry_that_moves_to_another_store_finds_its_data_there",
        |root| {
            fs::create_dir(root.join("new")).unwrap();
            mount("tmpfs", &root.join("new"));
            write(root, "persist/srv/x", "x");
            let before = config(&[("/persist", &["dir bind /srv"]), ("/new", &[])]);
            let after = config(&[("/persist", &[]), ("/new", &["dir bind /srv"])]);
            let (_, record) = place(root, &before, &Record::default());
            let (ends, record) = place(root, &after, &record);
            assert_eq!(ends, ["/srv done"]);
            for at in ["srv/x", "new/srv/x", "persist/srv/x"] {
                assert_eq!(read(root, at).unwrap(), "x", "{at}");
            }
            write(root, "srv/y", "y");
            assert_eq!(read(root, "new/srv/y").unwrap(), "y");
            assert_eq!(place(root, &after, &record).0, ["/srv unchanged"]);
        },
    );
}
