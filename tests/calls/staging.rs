//! Copies on their way into a store.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use blankslate::sys::Sys;

use crate::support::{
    bind, chattr, dir, in_namespaces, mount, names, owned, path, read, sys, user, watch, write,
};

const STAGING: &str = ".blankslate-adopting";

in_namespaces! {
    fn userns_a_copy_is_staged_where_nobody_can_look_and_then_published(root: &Path) {
        mount("tmpfs", &dir(root, "persist", 0, 0o755));
        dir(root, "persist/home/alice", user(), 0o700);
        write(root, "home/alice/d/deep/x", "x");
        write(root, "home/alice/f", "f");
        let mut sys = sys(root);
        for (from, to) in [("/home/alice/d", "/persist/home/alice/d"), ("/home/alice/f", "/persist/home/alice/f")] {
            let copied = sys.stage(&path(from), &path(to), &watch).unwrap();
            assert!(copied.total.bytes == 1);
            let staging = root.join("persist").join(STAGING);
            assert_eq!(owned(&staging), (0, 0, 0o700));
            assert!(!root.join(&to[1..]).exists());
            sys.publish(&path(to)).unwrap();
            assert!(!staging.exists());
        }
        assert_eq!(read(root, "persist/home/alice/d/deep/x"), "x");
        assert_eq!(read(root, "persist/home/alice/f"), "f");
        assert_eq!(read(root, "home/alice/d/deep/x"), "x");
        assert_eq!(names(&root.join("persist")), ["home"]);
    }

    fn userns_the_staging_place_is_as_far_up_as_a_rename_reaches(root: &Path) {
        mount("tmpfs", &dir(root, "persist", 0, 0o755));
        dir(root, "persist/a/in", 0, 0o755);
        // The same file system on another mount: a rename does not cross it.
        bind(&root.join("persist/a"), &root.join("persist/a"));
        write(root, "data/x", "x");
        let mut sys = sys(root);
        sys.stage(&path("/data"), &path("/persist/a/in/data"), &watch).unwrap();
        assert_eq!(names(&root.join("persist/a")), [STAGING, "in"]);
        sys.publish(&path("/persist/a/in/data")).unwrap();
        assert_eq!(read(root, "persist/a/in/data/x"), "x");
    }

    fn userns_only_what_is_empty_and_of_the_same_kind_is_replaced(root: &Path) {
        write(root, "d/x", "x");
        write(root, "f", "f");
        dir(root, "s/empty", user(), 0o755);
        write(root, "s/full/data", "data");
        write(root, "s/zero", "");
        write(root, "s/some", "some");
        symlink("zero", root.join("s/link")).unwrap();
        mount("tmpfs", &dir(root, "s/mounted", 0, 0o755));
        let mut sys = sys(root);
        for (from, to) in [
            ("/d", "/s/full"), ("/d", "/s/zero"), ("/d", "/s/some"), ("/d", "/s/link"), ("/d", "/s/mounted"),
            ("/f", "/s/some"), ("/f", "/s/empty"), ("/f", "/s/full"), ("/f", "/s/link"), ("/f", "/none/f"),
        ] {
            let inode = fs::symlink_metadata(root.join(&to[1..])).map(|m| m.ino()).ok();
            // The directory above is looked for before anything is copied.
            if sys.stage(&path(from), &path(to), &watch).is_err() {
                assert_eq!(to, "/none/f");
                assert!(!root.join(STAGING).exists());
                continue;
            }
            assert!(sys.publish(&path(to)).is_err(), "{from} to {to}");
            assert_eq!(fs::symlink_metadata(root.join(&to[1..])).map(|m| m.ino()).ok(), inode);
            // Still staged: in the way no more, it can be published.
            assert_eq!(names(&root.join(STAGING)), ["copy"], "{from} to {to}");
            sys.discard(&path(to)).unwrap();
            assert!(!root.join(STAGING).exists());
        }
        assert_eq!(read(root, "s/full/data"), "data");
        assert_eq!(read(root, "s/some"), "some");
        for (from, to) in [("/d", "/s/empty"), ("/f", "/s/zero")] {
            sys.stage(&path(from), &path(to), &watch).unwrap();
            sys.publish(&path(to)).unwrap();
        }
        assert_eq!((read(root, "s/empty/x"), read(root, "s/zero")), ("x".into(), "f".into()));
        assert_eq!(names(&root.join("s")), ["empty", "full", "link", "mounted", "some", "zero"]);
        assert_eq!(names(root), ["d", "f", "s"]);
    }

    fn userns_a_copy_that_could_not_be_published_still_can_be(root: &Path) {
        write(root, "f", "f");
        let late = write(root, "s/f", "late");
        let mut sys = sys(root);
        sys.stage(&path("/f"), &path("/s/f"), &watch).unwrap();
        assert!(sys.publish(&path("/s/other")).is_err());
        assert!(sys.publish(&path("/s/f")).is_err());
        fs::remove_file(late).unwrap();
        sys.publish(&path("/s/f")).unwrap();
        assert_eq!(read(root, "s/f"), "f");
        assert!(sys.publish(&path("/s/f")).is_err());
    }

    fn userns_nothing_is_left_of_what_could_not_be_copied(root: &Path) {
        write(root, "d/x", "x");
        mount("tmpfs", &dir(root, "d/mounted", 0, 0o755));
        dir(root, "s", 0, 0o755);
        symlink("d", root.join("link")).unwrap();
        let mut sys = sys(root);
        for from in ["/d", "/none", "/link"] {
            assert!(sys.stage(&path(from), &path("/s/d"), &watch).is_err(), "{from}");
            assert_eq!(names(root), ["d", "link", "s"]);
        }
        sys.discard(&path("/s/d")).unwrap();
        assert!(names(&root.join("s")).is_empty());
    }

    fn userns_what_a_killed_run_left_is_thrown_away(root: &Path) {
        write(root, "d/x", "x");
        dir(root, "s", 0, 0o755);
        write(root, &format!("{STAGING}/copy/half"), "half");
        if chattr("+i", &root.join(STAGING).join("copy/half")) {
            eprintln!("with an immutable file");
        }
        let mut first = sys(root);
        first.stage(&path("/d"), &path("/s/d"), &watch).unwrap();
        drop(first);
        let mut second = sys(root);
        second.stage(&path("/d"), &path("/s/e"), &watch).unwrap();
        second.stage(&path("/d"), &path("/s/d"), &watch).unwrap();
        second.publish(&path("/s/d")).unwrap();
        assert_eq!((names(root), names(&root.join("s"))), (vec!["d".into(), "s".into()], vec!["d".into()]));
    }

    fn userns_a_left_over_that_anybody_could_have_made_is_not_thrown_away(root: &Path) {
        write(root, "d/x", "x");
        dir(root, "s", 0, 0o755);
        let left = write(root, &format!("{STAGING}/copy/data"), "data");
        let mut sys = sys(root);
        for mode in [0o775, 0o1777] {
            fs::set_permissions(root, fs::Permissions::from_mode(mode)).unwrap();
            let error = sys.stage(&path("/d"), &path("/s/d"), &watch).unwrap_err();
            assert_eq!(
                error.to_string(),
                "cannot make room for /s/d: /.blankslate-adopting is left from an interrupted adopt; \
                 remove it and try again"
            );
            assert_eq!(fs::read_to_string(&left).unwrap(), "data");
        }
    }

    fn userns_the_topmost_gets_its_flags_when_it_is_in_place(root: &Path) {
        write(root, "d/x", "x");
        dir(root, "s", 0, 0o755);
        if !chattr("+ai", &root.join("d")) {
            return eprintln!("skipped: no file flags here");
        }
        let mut sys = sys(root);
        sys.stage(&path("/d"), &path("/s/d"), &watch).unwrap();
        sys.publish(&path("/s/d")).unwrap();
        assert!(File::create(root.join("s/d/new")).is_err());
        assert!(chattr("-ai", &root.join("s/d")) && chattr("-ai", &root.join("d")));
        assert_eq!(names(root), ["d", "s"]);
    }
}
