//! Mounting, unmounting, and telling what is mounted.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;

use blankslate::sys::detached::mount as detached;
use blankslate::sys::linux::LinuxSys;
use blankslate::sys::{FileId, Sys};

use crate::support::{bind, dir, in_namespaces, mount, mountinfo, path, read, seen, sys, write};

fn below(sys: &LinuxSys, at: &str) -> Vec<String> {
    let mut places: Vec<String> =
        sys.mounts_below(&path(at)).unwrap().iter().map(ToString::to_string).collect();
    places.sort();
    places
}

in_namespaces! {
    fn userns_directories_and_files_are_mounted_with_what_is_mounted_below(root: &Path) {
        let mut sys = sys(root);
        write(root, "store/d/x", "x");
        write(root, "store/f", "f");
        mount("tmpfs", &dir(root, "store/d/sub", 0, 0o755));
        write(root, "store/d/sub/deep", "deep");
        dir(root, "d", 0, 0o755);
        write(root, "f", "");
        sys.bind(&path("/store/d"), &path("/d")).unwrap();
        sys.bind(&path("/store/f"), &path("/f")).unwrap();
        assert_eq!((read(root, "d/sub/deep"), read(root, "f")), ("deep".into(), "f".into()));
    }

    fn userns_data_is_not_mounted_over_nor_anything_that_is_no_place(root: &Path) {
        let mut sys = sys(root);
        write(root, "store/d/x", "x");
        write(root, "store/f", "f");
        symlink("/etc/shadow", root.join("store/link")).unwrap();
        write(root, "full/data", "data");
        write(root, "file", "data");
        write(root, "empty", "");
        dir(root, "dir", 0, 0o755);
        symlink("dir", root.join("link")).unwrap();
        nix::unistd::mkfifo(&root.join("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        let before = mountinfo();
        for (source, target) in [
            ("/store/d", "/full"),
            ("/store/f", "/file"),
            ("/store/d", "/empty"),
            ("/store/f", "/dir"),
            ("/store/d", "/link"),
            ("/store/f", "/fifo"),
            ("/store/link", "/empty"),
            ("/none", "/dir"),
            ("/store/d", "/none"),
        ] {
            assert!(sys.bind(&path(source), &path(target)).is_err(), "{source} on {target}");
        }
        assert_eq!(mountinfo(), before);
    }

    fn userns_exactly_the_mount_that_is_meant_is_unmounted(root: &Path) {
        let mut sys = sys(root);
        write(root, "store/d/x", "x");
        write(root, "other/y", "y");
        dir(root, "d", 0, 0o755);
        let before = mountinfo();
        let shows = seen(&sys, "/store/d").id;
        sys.bind(&path("/store/d"), &path("/d")).unwrap();
        sys.unbind(&path("/d"), shows).unwrap();
        assert_eq!(mountinfo(), before);
        // Of two on one place the upper one.
        bind(&root.join("other"), &root.join("d"));
        bind(&root.join("store/d"), &root.join("d"));
        sys.unbind(&path("/d"), shows).unwrap();
        assert_eq!(read(root, "d/y"), "y");
        // What is left belongs to somebody else.
        let before = mountinfo();
        let error = sys.unbind(&path("/d"), shows).unwrap_err().to_string();
        assert_eq!(error, "cannot unmount /d: something else is mounted there");
        let error = sys.unbind(&path("/store/d"), shows).unwrap_err().to_string();
        assert_eq!(error, "cannot unmount /store/d: nothing is mounted there");
        let odd = FileId { inode: shows.inode + 1, ..shows };
        assert!(sys.unbind(&path("/d"), odd).is_err());
        assert!(sys.unbind(&path("/none"), shows).is_err());
        assert!(sys.unbind(&path("/"), seen(&sys, "/").id).is_err());
        symlink("d", root.join("link")).unwrap();
        assert!(sys.unbind(&path("/link"), seen(&sys, "/other").id).is_err());
        assert_eq!(mountinfo(), before);
    }

    fn userns_what_is_in_use_stays_mounted(root: &Path) {
        let mut sys = sys(root);
        write(root, "store/d/x", "x");
        dir(root, "d", 0, 0o755);
        let shows = seen(&sys, "/store/d").id;
        sys.bind(&path("/store/d"), &path("/d")).unwrap();
        let open = File::open(root.join("d/x")).unwrap();
        let before = mountinfo();
        let error = sys.unbind(&path("/d"), shows).unwrap_err();
        assert_eq!(error.cause.kind(), std::io::ErrorKind::ResourceBusy, "{error}");
        assert_eq!(mountinfo(), before);
        drop(open);
        sys.unbind(&path("/d"), shows).unwrap();
        assert_ne!(mountinfo(), before);
        assert!(fs::read_dir(root.join("d")).unwrap().next().is_none());
    }

    fn userns_only_what_is_seen_below_a_path_is_listed(root: &Path) {
        for at in ["a/in", "a/in/deep", "ab", "odd na\\me\n"] {
            mount("tmpfs", &dir(root, at, 0, 0o755));
        }
        let whole = sys(root);
        let all = ["/a/in", "/a/in/deep", "/ab", "/odd na\\\\me\\n"];
        assert_eq!(below(&whole, "/"), all);
        assert_eq!(below(&whole, "/a"), ["/a/in", "/a/in/deep"]);
        assert_eq!(below(&whole, "/a/in"), ["/a/in/deep"]);
        assert_eq!(below(&whole, "/none"), [""; 0]);
        assert_eq!(below(&sys(&root.join("a")), "/"), ["/in", "/in/deep"]);
        let system = LinuxSys::below(Path::new("/")).unwrap();
        assert!(below(&system, "/").contains(&"/proc".to_owned()));
        // Another mount hides some of them.
        mount("tmpfs", &root.join("a"));
        assert_eq!(below(&whole, "/"), ["/a", "/ab", "/odd na\\\\me\\n"]);
        assert_eq!(below(&whole, "/a"), [""; 0]);
        // Two on one place are one place.
        mount("tmpfs", &root.join("ab"));
        assert_eq!(below(&whole, "/"), ["/a", "/ab", "/odd na\\\\me\\n"]);
    }

    fn userns_a_detached_root_has_no_mounts_and_is_mounted_nowhere(root: &Path) {
        mount("tmpfs", &dir(root, "in", 0, 0o755));
        write(root, "in/hiding", "x");
        let before = mountinfo();
        let bare = sys(root).bare().unwrap();
        assert_eq!(below(&bare, "/"), [""; 0]);
        assert!(seen(&bare, "/in").is_empty);
        let detached = LinuxSys::of(detached("tmpfs", "tmpfs", "size=1m,mode=711", false).unwrap());
        assert_eq!(below(&detached, "/"), [""; 0]);
        assert_eq!(seen(&detached, "/").meta.mode, 0o711);
        assert_eq!(mountinfo(), before);
    }
}
