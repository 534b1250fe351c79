//! Single calls: what is made, what is seen, and what is refused.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use blankslate::sys::linux::LinuxSys;
use blankslate::sys::{Look, Meta, Sys};

use super::{in_namespace, write};
use crate::fake::path;

#[test]
fn userns_what_is_made_appears_with_its_owner_and_mode_and_replaces_nothing() {
    in_namespace(
        "calls::userns_what_is_made_appears_with_its_owner_and_mode_and_replaces_nothing",
        |root| {
            let mut sys = LinuxSys::below(root).unwrap();
            let meta = Meta { uid: 0, gid: 0, mode: 0o2750 };
            // A killed run left the directory that was about to be born.
            let left = root.join(".blankslate-new-0");
            fs::create_dir(&left).unwrap();
            fs::set_permissions(&left, fs::Permissions::from_mode(0o700)).unwrap();
            sys.make_dir(&path("/d"), meta).unwrap();
            sys.make_file(&path("/f"), Meta { mode: 0o640, ..meta }).unwrap();
            assert_eq!(fs::metadata(root.join("d")).unwrap().mode() & 0o7777, 0o2750);
            assert_eq!(fs::metadata(root.join("f")).unwrap().mode() & 0o7777, 0o640);
            assert!(!left.exists());
            write(root, "full/data", "data");
            assert!(sys.make_dir(&path("/full"), meta).is_err());
            assert!(sys.make_file(&path("/full/data"), meta).is_err());
            assert!(sys.symlink(&path("/full/data"), &path("/x")).is_err());
            assert_eq!(fs::read_to_string(root.join("full/data")).unwrap(), "data");
        },
    );
}

#[test]
fn userns_a_look_tells_what_lies_there_and_what_is_mounted() {
    in_namespace("calls::userns_a_look_tells_what_lies_there_and_what_is_mounted", |root| {
        let sys = LinuxSys::below(root).unwrap();
        write(root, "full", "x");
        write(root, "empty", "");
        fs::create_dir(root.join("dir")).unwrap();
        symlink("dangling\n", root.join("link")).unwrap();
        nix::unistd::mkfifo(&root.join("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        let look = |at: &str| sys.look(&path(at)).unwrap();
        assert_eq!(look("/none/below"), Look::Absent);
        assert_eq!(look("/link"), Look::Symlink(b"dangling\n".to_vec()));
        assert_eq!(look("/fifo"), Look::Special("fifo"));
        assert_eq!(look("/link/x"), Look::Blocked(path("/link")));
        assert_eq!(look("/full/x"), Look::Blocked(path("/full")));
        assert!(matches!(look("/full"), Look::File(seen) if !seen.is_empty && !seen.is_mount));
        assert!(matches!(look("/empty"), Look::File(seen) if seen.is_empty));
        assert!(matches!(look("/dir"), Look::Directory(seen) if seen.is_empty && !seen.is_mount));
        assert!(
            matches!(look("/persist"), Look::Directory(seen) if seen.is_empty && seen.is_mount)
        );
        assert!(matches!(look("/"), Look::Directory(seen) if !seen.is_empty));
    });
}

#[test]
fn userns_below_a_directory_that_hands_its_group_on_directories_are_made_too() {
    in_namespace(
        "calls::userns_below_a_directory_that_hands_its_group_on_directories_are_made_too",
        |root| {
            fs::create_dir(root.join("shared")).unwrap();
            fs::set_permissions(root.join("shared"), fs::Permissions::from_mode(0o2775)).unwrap();
            let mut sys = LinuxSys::below(root).unwrap();
            sys.make_dir(&path("/shared/d"), Meta { uid: 0, gid: 0, mode: 0o750 }).unwrap();
            assert_eq!(fs::metadata(root.join("shared/d")).unwrap().mode() & 0o7777, 0o750);
        },
    );
}

#[test]
fn userns_what_somebody_put_in_the_way_is_neither_taken_nor_covered() {
    in_namespace(
        "calls::userns_what_somebody_put_in_the_way_is_neither_taken_nor_covered",
        |root| {
            let secret = write(root, "home/.blankslate-new-0/secret", "secret");
            fs::set_permissions(secret.parent().unwrap(), fs::Permissions::from_mode(0o700))
                .unwrap();
            write(root, "home/.blankslate-new-1", "");
            symlink("/etc", root.join("home/.blankslate-new-2")).unwrap();
            fs::create_dir(root.join("home/.blankslate-new-3")).unwrap();
            let mut sys = LinuxSys::below(root).unwrap();
            let meta = Meta { uid: 0, gid: 0, mode: 0o755 };
            sys.make_dir(&path("/home/made"), meta).unwrap();
            assert_eq!(fs::read_dir(root.join("home/made")).unwrap().count(), 0);
            assert_eq!(fs::read_to_string(&secret).unwrap(), "secret");
            assert_eq!(fs::metadata(secret.parent().unwrap()).unwrap().mode() & 0o7777, 0o700);
            // Written after the look and before the mount.
            let late = write(root, "home/made/late", "late");
            fs::create_dir(root.join("persist/made")).unwrap();
            let error = sys.bind(&path("/persist/made"), &path("/home/made")).unwrap_err();
            assert_eq!(
                error.to_string(),
                "cannot mount on /home/made: Directory not empty (os error 39)"
            );
            assert_eq!(fs::read_to_string(late).unwrap(), "late");
        },
    );
}
