//! Making directories, files and symlinks; giving them away; taking a symlink back.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

use blankslate::sys::{Meta, Sys};

use crate::support::{dir, id_at, in_namespaces, meta, names, owned, path, read, sys, user, write};

const STRANGE: &str = "it is not as this program made it";

in_namespaces! {
    fn userns_what_is_made_has_its_owner_and_mode_from_the_first_moment(root: &Path) {
        let mut sys = sys(root);
        let meta = Meta { uid: user(), gid: user(), mode: 0o2750 };
        sys.make_dir(&path("/d"), meta).unwrap();
        sys.make_file(&path("/f"), meta).unwrap();
        sys.symlink(&path("/l"), &path("/some where")).unwrap();
        assert_eq!(owned(&root.join("d")), (user(), user(), 0o2750));
        assert_eq!(owned(&root.join("f")), (user(), user(), 0o2750));
        assert_eq!(fs::read_link(root.join("l")).unwrap(), Path::new("/some where"));
        assert_eq!(names(root), ["d", "f", "l"]);
    }

    fn userns_what_lies_there_is_not_replaced_and_nothing_is_left(root: &Path) {
        let mut sys = sys(root);
        write(root, "dir/data", "data");
        write(root, "file", "data");
        symlink("nowhere", root.join("link")).unwrap();
        for at in ["/dir", "/file", "/link"] {
            assert!(sys.make_dir(&path(at), meta(0o755)).is_err());
            assert!(sys.make_file(&path(at), meta(0o644)).is_err());
            assert!(sys.symlink(&path(at), &path("/x")).is_err());
        }
        let error = sys.make_dir(&path("/dir"), meta(0o755)).unwrap_err();
        assert_eq!(error.to_string(), "cannot make the directory /dir: File exists (os error 17)");
        assert_eq!(names(root), ["dir", "file", "link"]);
        assert_eq!((read(root, "dir/data"), read(root, "file")), ("data".into(), "data".into()));
        for missing in ["/none/d", "/file/d", "/link/d", "/"] {
            assert!(sys.make_dir(&path(missing), meta(0o755)).is_err(), "{missing}");
            assert!(sys.make_file(&path(missing), meta(0o644)).is_err(), "{missing}");
            assert!(sys.symlink(&path(missing), &path("/x")).is_err(), "{missing}");
        }
        assert_eq!(names(root), ["dir", "file", "link"]);
    }

    fn userns_what_a_killed_run_left_is_used_and_what_holds_something_is_not(root: &Path) {
        let mut sys = sys(root);
        // Killed before and after it was given its owner.
        dir(root, ".blankslate-new-0", 0, 0o700);
        sys.make_dir(&path("/one"), meta(0o755)).unwrap();
        dir(root, ".blankslate-new-0", user(), 0o751);
        sys.make_dir(&path("/two"), Meta { uid: user(), gid: user(), mode: 0o751 }).unwrap();
        assert_eq!(names(root), ["one", "two"]);
        // What somebody had at a target, and a kill left half set aside.
        dir(root, ".blankslate-new-0", 0, 0o700);
        write(root, ".blankslate-new-0/data", "data");
        write(root, ".blankslate-new-1", "data");
        symlink("/etc", root.join(".blankslate-new-2")).unwrap();
        dir(root, ".blankslate-new-3", 0, 0o755);
        dir(root, ".blankslate-new-4", 0, 0o700);
        crate::support::mount("tmpfs", &root.join(".blankslate-new-4"));
        let before = names(root);
        sys.make_dir(&path("/three"), meta(0o750)).unwrap();
        assert_eq!(names(root).len(), before.len() + 1);
        assert!(before.iter().all(|name| names(root).contains(name)));
        assert_eq!(read(root, ".blankslate-new-0/data"), "data");
        assert_eq!(read(root, ".blankslate-new-1"), "data");
        assert_eq!(owned(&root.join(".blankslate-new-3")), (0, 0, 0o755));
    }

    fn userns_only_what_is_as_it_was_made_is_given_away(root: &Path) {
        let mut sys = sys(root);
        let (from, to) = (meta(0o700), Meta { uid: user(), gid: user(), mode: 0o4755 });
        for at in ["/d", "/f", "/odd", "/two"] {
            match at {
                "/d" => sys.make_dir(&path(at), from).unwrap(),
                _ => sys.make_file(&path(at), from).unwrap(),
            }
        }
        sys.own(&path("/d"), id_at(root, "/d"), from, to).unwrap();
        sys.own(&path("/f"), id_at(root, "/f"), from, to).unwrap();
        assert_eq!(owned(&root.join("d")), (user(), user(), 0o4755));
        assert_eq!(owned(&root.join("f")), (user(), user(), 0o4755));
        // Another mode, another name, another type, nothing.
        fs::hard_link(root.join("two"), root.join("names")).unwrap();
        symlink("odd", root.join("link")).unwrap();
        nix::unistd::mkfifo(&root.join("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        dir(root, "other", 0, 0o701);
        for at in ["/other", "/two", "/link", "/fifo"] {
            let before = owned(&root.join(&at[1..]));
            let error = sys.own(&path(at), id_at(root, at), from, to).unwrap_err().to_string();
            assert!(error.ends_with(STRANGE), "{error}");
            assert_eq!(owned(&root.join(&at[1..])), before, "{at}");
        }
        assert_eq!(owned(&root.join("odd")), (0, 0, 0o700));
        assert!(sys.own(&path("/none"), id_at(root, "/none"), from, to).is_err());
        if user() != 0 {
            dir(root, "theirs", user(), 0o700);
            assert!(sys.own(&path("/theirs"), id_at(root, "/theirs"), from, meta(0o755)).is_err());
            assert_eq!(owned(&root.join("theirs")), (user(), user(), 0o700));
        }
    }

    fn userns_only_the_very_symlink_is_taken_away(root: &Path) {
        let mut sys = sys(root);
        sys.symlink(&path("/l"), &path("/x")).unwrap();
        sys.unlink(&path("/l"), &path("/x")).unwrap();
        assert!(names(root).is_empty());
        symlink("/y", root.join("other")).unwrap();
        symlink("/x/", root.join("longer")).unwrap();
        write(root, "file", "data");
        dir(root, "dir", 0, 0o755);
        let inode = |at: &str| fs::symlink_metadata(root.join(at)).unwrap().ino();
        for at in ["other", "longer", "file", "dir"] {
            let before = inode(at);
            let error = sys.unlink(&path(&format!("/{at}")), &path("/x")).unwrap_err().to_string();
            assert!(error.ends_with(STRANGE), "{error}");
            assert_eq!(inode(at), before);
        }
        assert!(sys.unlink(&path("/none"), &path("/x")).is_err());
        assert_eq!(names(root), ["dir", "file", "longer", "other"]);
        // Names that somebody took are passed over.
        write(root, ".blankslate-new-0", "data");
        symlink("/x", root.join("l")).unwrap();
        sys.unlink(&path("/l"), &path("/x")).unwrap();
        assert_eq!(read(root, ".blankslate-new-0"), "data");
        assert!(fs::symlink_metadata(root.join("l")).is_err());
    }
}
