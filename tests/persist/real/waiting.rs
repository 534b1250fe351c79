//! Single files that exist nowhere yet, and the machine id.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;

use blankslate::persist::record::Record;

use super::{in_namespace, mountinfo, place, read, write};
use crate::setup::{config, on_root};

fn run(program: &str, arguments: &[&std::ffi::OsStr]) {
    assert!(Command::new(program).args(arguments).status().unwrap().success());
}

fn names(at: &std::path::Path) -> Vec<String> {
    let names = fs::read_dir(at).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

/// As sshd's keys are made: what is empty is removed, and then written anew.
#[test]
fn userns_a_file_that_exists_nowhere_waits_until_it_is_made_and_waits_again_when_it_is_gone() {
    in_namespace(
        "waiting::userns_a_file_that_exists_nowhere_waits_until_it_is_made_and_waits_again_when_it_is_gone",
        |root| {
            let config = on_root(config(&[("/persist", &["file bind /etc/ssh/key mode=0600"])]));
            let (ends, record) = place(root, &config, &Record::default());
            assert_eq!(ends, ["/etc/ssh/key waiting"]);
            assert!(!root.join("etc").exists());
            assert_eq!(names(&root.join("persist")), [""; 0]);
            let key = write(root, "etc/ssh/key", "key");
            fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
            let (ends, record) = place(root, &config, &record);
            assert_eq!(ends, ["/etc/ssh/key done"]);
            assert_eq!(read(root, "persist/etc/ssh/key").unwrap(), "key");
            // Who removes it from the store finds that it is not made again: what was mounted on is no
            // file that somebody made.
            run("umount", &[root.join("etc/ssh/key").as_ref()]);
            fs::remove_file(root.join("persist/etc/ssh/key")).unwrap();
            let before = mountinfo();
            let (ends, record) = place(root, &config, &record);
            assert_eq!(ends, ["/etc/ssh/key waiting"]);
            assert!(!root.join("persist/etc/ssh/key").exists());
            assert_eq!(mountinfo(), before);
            // One that somebody made is, however empty it is.
            fs::remove_file(root.join("etc/ssh/key")).unwrap();
            write(root, "etc/ssh/key", "");
            let (ends, record) = place(root, &config, &record);
            assert_eq!(ends, ["/etc/ssh/key done"]);
            assert_eq!(read(root, "persist/etc/ssh/key").unwrap(), "");
            let (ends, _) = place(root, &config, &record);
            assert_eq!(ends, ["/etc/ssh/key unchanged"]);
        },
    );
}

/// An overlay may keep what is written to it in a file system that forgets.
#[test]
fn userns_in_memory_nothing_waits() {
    in_namespace("waiting::userns_in_memory_nothing_waits", |root| {
        let kinds = ["tmpfs", "ramfs", "overlay"];
        let entries = kinds.map(|kind| format!("file bind /mnt/{kind}/a/key mode=0600"));
        let entries = [&entries[..], &["file bind /mnt/disk/a/key".to_owned()]].concat();
        let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
        let config = on_root(config(&[("/persist", &entries)]));
        for kind in kinds {
            let at = root.join("mnt").join(kind);
            let layers = ["lower", "upper", "work"].map(|name| root.join("layers").join(name));
            layers.iter().chain([&at]).for_each(|at| fs::create_dir_all(at).unwrap());
            let [lower, upper, work] = layers.map(|at| at.display().to_string());
            let options = match kind {
                "overlay" => format!("lowerdir={lower},upperdir={upper},workdir={work}"),
                _ => "defaults".to_owned(),
            };
            crate::namespace::mount(kind, &options, &at);
        }
        let (ends, _) = place(root, &config, &Record::default());
        let expected = ["disk waiting", "overlay done", "ramfs done", "tmpfs done"]
            .map(|end| format!("/mnt/{}", end.replace(' ', "/a/key ")));
        assert_eq!(ends, expected);
        assert_eq!(read(root, "persist/mnt/tmpfs/a/key").unwrap(), "");
        assert!(!root.join("persist/mnt/disk").exists());
    });
}

#[test]
fn userns_an_empty_file_to_mount_on_that_is_written_to_holds_data() {
    in_namespace(
        "waiting::userns_an_empty_file_to_mount_on_that_is_written_to_holds_data",
        |root| {
            let config = on_root(config(&[("/persist", &["file bind /srv/x"])]));
            write(root, "persist/srv/x", "x");
            let (ends, record) = place(root, &config, &Record::default());
            assert_eq!(ends, ["/srv/x done"]);
            run("umount", &[root.join("srv/x").as_ref()]);
            fs::remove_file(root.join("persist/srv/x")).unwrap();
            fs::write(root.join("srv/x"), "new").unwrap();
            let (ends, _) = place(root, &config, &record);
            assert_eq!(ends, ["/srv/x done"]);
            assert_eq!(read(root, "persist/srv/x").unwrap(), "new");
            assert!(fs::metadata(root.join("srv/x")).unwrap().mtime() > 0);
        },
    );
}

#[test]
fn userns_a_machine_id_is_made_once_and_each_host_has_its_own() {
    in_namespace("waiting::userns_a_machine_id_is_made_once_and_each_host_has_its_own", |root| {
        let config = config(&[("/persist", &["file bind /etc/machine-id"])]);
        let mut ids = Vec::new();
        for target in [None, Some(""), Some("uninitialized\n")] {
            if let Some(text) = target {
                write(root, "etc/machine-id", text);
            }
            let (ends, record) = place(root, &config, &Record::default());
            assert_eq!(ends, ["/etc/machine-id done"]);
            let id = read(root, "etc/machine-id").unwrap();
            assert_eq!(read(root, "persist/etc/machine-id").unwrap(), id);
            let (digits, end) = id.split_at(32);
            assert_eq!((end, &digits[12..13]), ("\n", "4"), "{id}");
            assert!(digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{id}");
            let kept = fs::metadata(root.join("persist/etc/machine-id")).unwrap();
            assert_eq!((kept.mode() & 0o7777, kept.uid(), kept.len()), (0o444, 0, 33));
            assert_eq!(names(&root.join("persist")), ["etc"]);
            let before = mountinfo();
            let (ends, _) = place(root, &config, &record);
            assert_eq!(ends, ["/etc/machine-id unchanged"]);
            assert_eq!(mountinfo(), before);
            run("umount", &[root.join("etc/machine-id").as_ref()]);
            // An empty source of an older version is filled, and keeps its owner and mode.
            fs::write(root.join("persist/etc/machine-id"), "").unwrap();
            fs::set_permissions(
                root.join("persist/etc/machine-id"),
                fs::Permissions::from_mode(0o644),
            )
            .unwrap();
            let (ends, _) = place(root, &config, &Record::default());
            assert_eq!(ends, ["/etc/machine-id done"]);
            let filled = read(root, "persist/etc/machine-id").unwrap();
            assert_eq!(read(root, "etc/machine-id").unwrap(), filled);
            let kept = fs::metadata(root.join("persist/etc/machine-id")).unwrap();
            assert_eq!((kept.mode() & 0o7777, filled.len()), (0o644, 33));
            ids.extend([id, filled]);
            run("umount", &[root.join("etc/machine-id").as_ref()]);
            fs::remove_dir_all(root.join("persist/etc")).unwrap();
            fs::remove_dir_all(root.join("etc")).unwrap();
        }
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 6, "{ids:?}");
    });
}

#[test]
fn userns_the_id_that_systemd_made_for_this_boot_goes_into_the_store() {
    in_namespace(
        "waiting::userns_the_id_that_systemd_made_for_this_boot_goes_into_the_store",
        |root| {
            const ID: &str = "08f2a1c57ad94a3c9e3f6d1b2c4e5f60\n";
            let config = on_root(config(&[("/persist", &["file bind /etc/machine-id"])]));
            let target = write(root, "etc/machine-id", "");
            fs::create_dir(root.join("run")).unwrap();
            super::mount("tmpfs", &root.join("run"));
            let transient = write(root, "run/machine-id", ID);
            fs::set_permissions(&transient, fs::Permissions::from_mode(0o444)).unwrap();
            run("mount", &["--bind".as_ref(), transient.as_ref(), target.as_ref()]);
            let before = mountinfo();
            let mut record = Record::default();
            for _ in 0..2 {
                let (ends, now) = place(root, &config, &record);
                assert_eq!(ends, ["/etc/machine-id waiting"]);
                assert_eq!(read(root, "persist/etc/machine-id").unwrap(), ID);
                assert_eq!(mountinfo(), before);
                record = now;
            }
            run("umount", &[target.as_ref()]);
            let (ends, _) = place(root, &config, &Record::default());
            assert_eq!(ends, ["/etc/machine-id done"]);
            assert_eq!(read(root, "etc/machine-id").unwrap(), ID);
        },
    );
}

/// The empty source of an old version is mounted, and systemd's id on top of it.
#[test]
fn userns_an_id_for_this_boot_over_an_empty_source_waits_for_the_next_boot() {
    in_namespace(
        "waiting::userns_an_id_for_this_boot_over_an_empty_source_waits_for_the_next_boot",
        |root| {
            let config = on_root(config(&[("/persist", &["file bind /etc/machine-id"])]));
            let target = write(root, "etc/machine-id", "");
            let source = write(root, "persist/etc/machine-id", "");
            fs::create_dir(root.join("run")).unwrap();
            super::mount("tmpfs", &root.join("run"));
            let id = write(root, "run/machine-id", "08f2a1c57ad94a3c9e3f6d1b2c4e5f60\n");
            run("mount", &["--bind".as_ref(), source.as_ref(), target.as_ref()]);
            run("mount", &["--bind".as_ref(), id.as_ref(), target.as_ref()]);
            let mut record = Record::default();
            for _ in 0..2 {
                let (ends, now) = place(root, &config, &record);
                assert_eq!(ends, ["/etc/machine-id waiting"]);
                assert_eq!(read(root, "persist/etc/machine-id").as_deref(), Some(""));
                record = now;
            }
            run("umount", &[target.as_ref()]);
            run("umount", &[target.as_ref()]);
            let (ends, _) = place(root, &config, &Record::default());
            assert_eq!(ends, ["/etc/machine-id done"]);
            assert_eq!(read(root, "etc/machine-id").unwrap().len(), 33);
        },
    );
}

/// As preservation leaves it.
#[test]
fn userns_the_word_for_no_id_in_the_store_makes_room() {
    in_namespace("waiting::userns_the_word_for_no_id_in_the_store_makes_room", |root| {
        let config = on_root(config(&[("/persist", &["file bind /etc/machine-id"])]));
        let id = "08f2a1c57ad94a3c9e3f6d1b2c4e5f60\n";
        write(root, "etc/machine-id", id);
        write(root, "persist/etc/machine-id", "uninitialized\n");
        let (ends, record) = place(root, &config, &Record::default());
        assert_eq!(ends, ["/etc/machine-id done"]);
        assert_eq!(read(root, "persist/etc/machine-id").as_deref(), Some(id));
        let (ends, _) = place(root, &config, &record);
        assert_eq!(ends, ["/etc/machine-id unchanged"]);
    });
}
