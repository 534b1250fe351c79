//! Entries whose source is there already.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use blankslate::persist::record::Record;
use blankslate::sys::linux::LinuxSys;
use blankslate::sys::{Meta, Sys};

use super::{first, in_namespace, mount, mountinfo, place, read, write};
use crate::fake::path;
use crate::setup::{config, initrd, run};

#[test]
fn userns_entries_of_every_kind_are_in_place_and_a_second_run_changes_nothing() {
    in_namespace(
        "placing::userns_entries_of_every_kind_are_in_place_and_a_second_run_changes_nothing",
        |root| {
            let key = write(root, "persist/var/lib/bluetooth/key", "key");
            fs::set_permissions(&key, fs::Permissions::from_mode(0o4640)).unwrap();
            fs::set_permissions(root.join("persist/var/lib"), fs::Permissions::from_mode(0o711))
                .unwrap();
            write(root, "persist/etc/machine-id", "id\n");
            write(root, "persist/var/lib/acme/cert", "cert");
            let config = config(&[(
                "/persist",
                &[
                    "dir bind /var/lib/bluetooth",
                    "file bind /etc/machine-id",
                    "dir sym /var/lib/acme",
                ],
            )]);
            let (ends, record) = place(root, &config, &Record::default());
            assert_eq!(
                ends,
                ["/etc/machine-id done", "/var/lib/acme done", "/var/lib/bluetooth done"]
            );
            let shown = root.join("var/lib/bluetooth/key");
            assert_eq!(fs::metadata(&shown).unwrap().mode() & 0o7777, 0o4640);
            assert_eq!(fs::metadata(root.join("var/lib")).unwrap().mode() & 0o7777, 0o711);
            let link = fs::read_link(root.join("var/lib/acme")).unwrap();
            assert_eq!(link, Path::new("/persist/var/lib/acme"));
            fs::write(root.join("etc/machine-id"), "new\n").unwrap();
            assert_eq!(read(root, "persist/etc/machine-id").unwrap(), "new\n");
            let before = mountinfo();
            let (ends, _) = place(root, &config, &record);
            assert!(ends.iter().all(|end| end.ends_with(" unchanged")), "{ends:?}");
            assert_eq!(mountinfo(), before);
        },
    );
}

#[test]
fn userns_what_is_mounted_below_a_source_is_seen_at_the_target_too() {
    in_namespace(
        "placing::userns_what_is_mounted_below_a_source_is_seen_at_the_target_too",
        |root| {
            fs::create_dir_all(root.join("persist/srv/sub")).unwrap();
            mount("tmpfs", &root.join("persist/srv/sub"));
            write(root, "persist/srv/sub/deep", "deep");
            let declared = config(&[("/persist", &["dir bind /srv"])]);
            let (ends, record) = place(root, &declared, &Record::default());
            assert_eq!(ends, ["/srv done"]);
            assert_eq!(read(root, "srv/sub/deep").unwrap(), "deep");
            // What came along keeps it in use: it stays until the next boot, and that is said.
            let (ends, record) = place(root, &config(&[("/persist", &[])]), &record);
            assert_eq!(ends.len(), 1);
            assert!(ends[0].starts_with("/srv failed: cannot unmount /srv: "), "{ends:?}");
            assert_eq!(read(root, "srv/sub/deep").unwrap(), "deep");
            assert!(record.entries[0].in_place);
        },
    );
}

#[test]
fn userns_entries_in_one_another_are_all_in_place_after_one_run() {
    in_namespace("placing::userns_entries_in_one_another_are_all_in_place_after_one_run", |root| {
        fs::create_dir(root.join("big")).unwrap();
        mount("tmpfs", &root.join("big"));
        write(root, "persist/srv/x", "x");
        write(root, "big/srv/big/y", "y");
        let config = config(&[
            ("/persist", &["dir bind /srv", "dir bind /srv/made/here"]),
            ("/big", &["dir bind /srv/big"]),
        ]);
        let (ends, record) = place(root, &config, &Record::default());
        assert_eq!(ends, ["/srv done", "/srv/big done", "/srv/made/here done"]);
        assert_eq!(read(root, "srv/x").unwrap() + &read(root, "srv/big/y").unwrap(), "xy");
        assert!(root.join("persist/srv/made/here").is_dir());
        let before = mountinfo();
        let (ends, _) = place(root, &config, &record);
        assert!(ends.iter().all(|end| end.ends_with(" unchanged")), "{ends:?}");
        assert_eq!(mountinfo(), before);
    });
}

#[test]
fn userns_a_target_that_is_seen_through_its_store_already_is_left_alone() {
    in_namespace(
        "placing::userns_a_target_that_is_seen_through_its_store_already_is_left_alone",
        |root| {
            write(root, "persist/home/alice/diary/page", "page");
            fs::create_dir(root.join("home")).unwrap();
            let (from, to) = (root.join("persist/home"), root.join("home"));
            let bind = std::process::Command::new("mount").arg("--bind").arg(from).arg(to).status();
            assert!(bind.unwrap().success());
            let before = mountinfo();
            let ends = first(root, &config(&[("/persist", &["dir bind /home/alice/diary"])]));
            assert_eq!(ends, ["/home/alice/diary unchanged"]);
            assert_eq!(mountinfo(), before);
            assert_eq!(read(root, "persist/home/alice/diary/page").unwrap(), "page");
            assert_eq!(fs::read_dir(root.join("home/alice")).unwrap().count(), 1);
        },
    );
}

#[test]
fn userns_what_nobody_declares_any_more_is_taken_out_and_what_is_in_use_stays() {
    in_namespace(
        "placing::userns_what_nobody_declares_any_more_is_taken_out_and_what_is_in_use_stays",
        |root| {
            write(root, "persist/srv/x", "x");
            write(root, "persist/etc/id", "id");
            write(root, "persist/etc/link", "link");
            let all = ["dir bind /srv", "file bind /etc/id", "file sym /etc/link"];
            let (_, record) = place(root, &config(&[("/persist", &all)]), &Record::default());
            let open = fs::File::open(root.join("srv/x")).unwrap();
            let nothing = config(&[("/persist", &[])]);
            let (ends, record) = place(root, &nothing, &record);
            assert_eq!(
                ends[..1],
                ["/srv failed: cannot unmount /srv: Device or resource busy (os error 16)"]
            );
            assert_eq!(ends[1..], ["/etc/link done", "/etc/id done"]);
            assert_eq!(read(root, "srv/x").unwrap(), "x");
            assert!(!root.join("etc/link").is_symlink());
            assert_eq!(read(root, "etc/id").unwrap(), "");
            drop(open);
            let (ends, _) = place(root, &nothing, &record);
            assert_eq!(ends, ["/srv done"]);
            assert_eq!(fs::read_dir(root.join("srv")).unwrap().count(), 0);
            for (at, text) in [("srv/x", "x"), ("etc/id", "id"), ("etc/link", "link")] {
                assert_eq!(read(root, &format!("persist/{at}")).unwrap(), text);
            }
        },
    );
}

#[test]
fn userns_another_way_is_taken_by_the_next_run() {
    in_namespace("placing::userns_another_way_is_taken_by_the_next_run", |root| {
        write(root, "persist/srv/x", "x");
        let by = |how: &str| config(&[("/persist", &[&format!("dir {how} /srv")])]);
        let (_, record) = place(root, &by("bind"), &Record::default());
        let (ends, record) = place(root, &by("sym"), &record);
        assert_eq!(ends, ["/srv done"]);
        assert_eq!(fs::read_link(root.join("srv")).unwrap(), Path::new("/persist/srv"));
        let (ends, _) = place(root, &by("bind"), &record);
        assert_eq!(ends, ["/srv done"]);
        assert_eq!(read(root, "srv/x").unwrap(), "x");
    });
}

#[test]
fn userns_no_symlink_leads_out_of_the_root() {
    in_namespace("placing::userns_no_symlink_leads_out_of_the_root", |root| {
        let outside = tempfile::tempdir().unwrap();
        write(root, "persist/home/alice/x", "x");
        symlink(outside.path(), root.join("home")).unwrap();
        let ends = first(root, &config(&[("/persist", &["dir bind /home/alice"])]));
        assert!(ends[0].starts_with("/home/alice refused: /home is a symlink"), "{ends:?}");
        let mut sys = LinuxSys::below(root).unwrap();
        let meta = Meta { uid: 0, gid: 0, mode: 0o755 };
        for made in [sys.make_dir(&path("/home/d"), meta), sys.make_file(&path("/home/f"), meta)] {
            assert!(made.is_err());
        }
        assert!(sys.symlink(&path("/home/l"), &path("/x")).is_err());
        assert!(sys.bind(&path("/persist"), &path("/home")).is_err());
        assert!(sys.stage(&path("/persist/home"), &path("/home/s"), &|_| ()).is_err());
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    });
}

/// `/home` is mounted after the initrd: the way to its entry is made once more, by the host.
#[test]
fn userns_a_home_that_is_mounted_later_belongs_to_its_owner() {
    in_namespace("placing::userns_a_home_that_is_mounted_later_belongs_to_its_owner", |root| {
        if std::os::unix::fs::chown(write(root, "probe", ""), Some(1000), None).is_err() {
            return; // a user namespace has only one user
        }
        let config = config(&[("/persist", &["dir bind /home/alice/.ssh user=alice"])]);
        let mut sys = LinuxSys::below(root).unwrap();
        let (_, record) = run(&mut sys, &config, &Record::default(), &initrd());
        mount("tmpfs", &root.join("home"));
        let (ends, record) = place(root, &config, &record);
        assert_eq!(ends, ["/home/alice/.ssh done"]);
        for at in ["home/alice", "persist/home/alice", "home/alice/.ssh"] {
            let seen = fs::metadata(root.join(at)).unwrap();
            assert_eq!((seen.uid(), seen.gid(), seen.mode() & 0o7777), (1000, 100, 0o700), "{at}");
        }
        let before = mountinfo();
        let (ends, _) = place(root, &config, &record);
        assert_eq!((ends, mountinfo()), (vec!["/home/alice/.ssh unchanged".to_owned()], before));
    });
}
