//! Empty files of which their being there, and since when, is all that they say.

use std::fs::{self, File, FileTimes, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use blankslate::persist::record::Record;
use blankslate::persist::rescue::{RescueEnd, rescue};
use blankslate::sys::linux::LinuxSys;
use blankslate::sys::{Look, Meta, Sys};

use super::{first, in_namespace, place, read, write};
use crate::fake::path;
use crate::setup::{config, initrd, on_root};

fn run(program: &str, arguments: &[&Path]) {
    assert!(Command::new(program).args(arguments).status().unwrap().success());
}

fn stamp(at: &Path, time: SystemTime) {
    let file = File::options().write(true).open(at).unwrap();
    file.set_times(FileTimes::new().set_modified(time)).unwrap();
}

#[test]
fn userns_a_stamp_keeps_its_time_and_its_mode() {
    in_namespace("flags::userns_a_stamp_keeps_its_time_and_its_mode", |root| {
        let config = on_root(config(&[("/persist", &["file bind /var/lib/stamp mode=0644"])]));
        let at = write(root, "var/lib/stamp", "");
        fs::set_permissions(&at, Permissions::from_mode(0o600)).unwrap();
        stamp(&at, SystemTime::UNIX_EPOCH + Duration::new(1_714_903_200, 123));
        assert_eq!(first(root, &config), ["/var/lib/stamp done"]);
        let kept = fs::metadata(root.join("persist/var/lib/stamp")).unwrap();
        assert_eq!((kept.mtime(), kept.mtime_nsec()), (1_714_903_200, 123));
        assert_eq!(kept.mode() & 0o7777, 0o600);
        assert_eq!(fs::metadata(&at).unwrap().ino(), kept.ino());
    });
}

#[test]
fn userns_an_empty_log_that_is_open_is_not_covered() {
    in_namespace("flags::userns_an_empty_log_that_is_open_is_not_covered", |root| {
        let config = on_root(config(&[("/persist", &["file bind /etc/log"])]));
        let at = write(root, "etc/log", "");
        let open = File::options().append(true).open(&at).unwrap();
        let mut app = Command::new("sleep").arg("60").stdout(open).spawn().unwrap();
        let ends = first(root, &config);
        assert!(ends[0].starts_with("/etc/log refused: /etc/log is open for writing"), "{ends:?}");
        assert_eq!(read(root, "persist/etc/log"), None);
        app.kill().unwrap();
        app.wait().unwrap();
        assert_eq!(first(root, &config), ["/etc/log done"]);
    });
}

/// By hand, as it lies in the store, or from an archive in which every file is of the first second.
#[test]
fn userns_a_flag_that_comes_back_from_the_store_is_a_flag() {
    in_namespace("flags::userns_a_flag_that_comes_back_from_the_store_is_a_flag", |root| {
        let on = on_root(config(&[("/persist", &["file bind /etc/flag"])]));
        let off = on_root(config(&[("/persist", &[])]));
        let at = write(root, "etc/flag", "");
        stamp(&at, SystemTime::UNIX_EPOCH);
        let (_, record) = place(root, &on, &Record::default());
        place(root, &off, &record);
        fs::remove_file(&at).unwrap();
        run("mv", &[&root.join("persist/etc/flag"), &at]);
        let mut sys = LinuxSys::below(root).unwrap();
        let roots: Vec<_> = on.roots.iter().collect();
        let rescued = rescue(&mut sys, &on, &roots, &initrd(), &|_| {});
        assert!(matches!(rescued[..], [ref one] if matches!(one.end, RescueEnd::Adopted(_))));
        assert_eq!(read(root, "persist/etc/flag").as_deref(), Some(""));
    });
}

#[test]
fn userns_a_place_to_mount_on_is_known_by_its_time_on_a_disk_and_in_memory() {
    in_namespace(
        "flags::userns_a_place_to_mount_on_is_known_by_its_time_on_a_disk_and_in_memory",
        |root| {
            let mut sys = LinuxSys::below(root).unwrap();
            let meta = Meta { uid: 0, gid: 0, mode: 0o600 };
            for above in ["", "/persist"] {
                let (place, file) = (format!("{above}/place"), format!("{above}/file"));
                sys.make_place(&path(&place), meta).unwrap();
                sys.make_file(&path(&file), meta).unwrap();
                let is_place = |at: &str| match sys.look(&path(at)).unwrap() {
                    Look::File(seen) => seen.is_untouched,
                    other => panic!("{other:?}"),
                };
                assert!(is_place(&place) && !is_place(&file), "{above}");
                fs::write(root.join(&place[1..]), "x").unwrap();
                fs::write(root.join(&place[1..]), "").unwrap();
                stamp(&root.join(&file[1..]), SystemTime::UNIX_EPOCH);
                assert!(!is_place(&place) && !is_place(&file), "{above}");
            }
        },
    );
}
