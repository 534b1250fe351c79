//! Setting aside.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

use blankslate::sys::{Meta, Place, Sys};

use crate::support::{
    chattr, dir, id_at, in_namespaces, meta, mount, names, owned, path, read, sys, user, write,
};

in_namespaces! {
    fn userns_what_lies_there_gets_a_name_beside_and_the_place_its_own(root: &Path) {
        let mut sys = sys(root);
        let to = Meta { uid: user(), gid: user(), mode: 0o2751 };
        let places = [
            Place::Directory(to),
            Place::File(to),
            Place::Symlink(path("/store/x y")),
        ];
        for (number, place) in places.iter().enumerate() {
            for (kind, at) in ["dir", "file", "link"].iter().enumerate() {
                let name = format!("h/{at}-{number}");
                match *at {
                    "dir" => drop(write(root, &format!("{name}/data"), "data")),
                    "file" => drop(write(root, &name, "data")),
                    _ => symlink("data", root.join(&name)).unwrap(),
                }
                let inode = fs::symlink_metadata(root.join(&name)).unwrap().ino();
                let aside = sys.set_aside(&path(&format!("/{name}")), id_at(root, &format!("/{name}")), place).unwrap().unwrap();
                assert_eq!(aside.to_string(), format!("/h/.blankslate-adopted-{}", number * 3 + kind));
                let aside = root.join(&aside.to_string()[1..]);
                assert_eq!(fs::symlink_metadata(&aside).unwrap().ino(), inode);
                match place {
                    Place::Symlink(text) => assert_eq!(
                        fs::read_link(root.join(&name)).unwrap().to_str(),
                        Some(text.to_string().as_str())
                    ),
                    _ => assert_eq!(owned(&root.join(&name)), (user(), user(), 0o2751)),
                }
            }
        }
        assert_eq!(read(root, "h/.blankslate-adopted-0/data"), "data");
        assert_eq!(names(&root.join("h")).len(), 18);
    }

    fn userns_an_empty_directory_is_gone_and_an_empty_file_is_not(root: &Path) {
        let mut sys = sys(root);
        dir(root, "d", user(), 0o750);
        write(root, "f", "");
        assert_eq!(sys.set_aside(&path("/d"), id_at(root, "/d"), &Place::File(meta(0o600))).unwrap(), None);
        let aside = sys.set_aside(&path("/f"), id_at(root, "/f"), &Place::Directory(meta(0o700))).unwrap().unwrap();
        assert_eq!(aside, path("/.blankslate-adopted-0"));
        assert_eq!(names(root), [".blankslate-adopted-0", "d", "f"]);
    }

    fn userns_where_it_cannot_be_set_aside_all_is_as_it_was(root: &Path) {
        let mut sys = sys(root);
        write(root, "h/data/x", "x");
        mount("tmpfs", &dir(root, "h/mounted", 0, 0o755));
        let is_flagged = chattr("+i", &root.join("h/data"));
        let inode = |at: &str| fs::symlink_metadata(root.join(at)).unwrap().ino();
        for place in [Place::Directory(meta(0o700)), Place::File(meta(0)), Place::Symlink(path("/x"))] {
            for target in ["/h/none", "/h/mounted", "/h/data/x/y", "/"] {
                assert!(sys.set_aside(&path(target), id_at(root, target), &place).is_err(), "{target}");
            }
            if is_flagged {
                let before = inode("h/data");
                let error = sys.set_aside(&path("/h/data"), id_at(root, "/h/data"), &place).unwrap_err();
                assert_eq!(error.cause.kind(), std::io::ErrorKind::PermissionDenied);
                assert_eq!(inode("h/data"), before);
            }
            assert_eq!(names(&root.join("h")), ["data", "mounted"]);
        }
        assert!(!is_flagged || chattr("-i", &root.join("h/data")));
        // All names beside it are taken.
        for number in 0..1000 {
            write(root, &format!("h/.blankslate-adopted-{number}"), "");
        }
        let before = inode("h/data");
        for place in [Place::Directory(meta(0o700)), Place::File(meta(0)), Place::Symlink(path("/x"))] {
            assert!(sys.set_aside(&path("/h/data"), id_at(root, "/h/data"), &place).is_err());
            assert_eq!(inode("h/data"), before);
            assert_eq!(names(&root.join("h")).len(), 1002);
        }
        assert_eq!(read(root, "h/data/x"), "x");
    }

    fn userns_what_was_set_aside_is_put_back_unless_its_place_is_in_use(root: &Path) {
        let mut sys = sys(root);
        for place in [Place::Directory(meta(0o700)), Place::File(meta(0)), Place::Symlink(path("/x"))] {
            write(root, "h/t", "old");
            let aside = sys.set_aside(&path("/h/t"), id_at(root, "/h/t"), &place).unwrap().unwrap();
            sys.set_back(&path("/h/t"), &aside).unwrap();
            assert_eq!(names(&root.join("h")), ["t"]);
            assert_eq!(read(root, "h/t"), "old");
        }
        let place = Place::File(meta(0o644));
        let aside = sys.set_aside(&path("/h/t"), id_at(root, "/h/t"), &place).unwrap().unwrap();
        write(root, "h/t", "new");
        assert!(sys.set_back(&path("/h/t"), &aside).is_err());
        assert_eq!(read(root, "h/t"), "new");
        assert_eq!(read(root, "h/.blankslate-adopted-0"), "old");
    }

    fn userns_what_is_not_what_was_looked_at_stays_where_it_is(root: &Path) {
        let mut sys = sys(root);
        write(root, "h/t", "old");
        let looked_at = id_at(root, "/h/t");
        // As programs save: a new file is renamed over the old one.
        write(root, "h/new", "new");
        fs::rename(root.join("h/new"), root.join("h/t")).unwrap();
        for place in [Place::Directory(meta(0o700)), Place::File(meta(0)), Place::Symlink(path("/x"))] {
            assert!(sys.set_aside(&path("/h/t"), looked_at, &place).is_err());
            assert_eq!(names(&root.join("h")), ["t"]);
            assert_eq!(read(root, "h/t"), "new");
        }
    }

    fn userns_what_a_kill_left_between_two_names_is_neither_used_nor_removed(root: &Path) {
        let mut sys = sys(root);
        // As it is after the exchange: the old data waits, the place is in place.
        dir(root, "h/.blankslate-new-0", 0, 0o700);
        write(root, "h/.blankslate-new-0/data", "one");
        write(root, "h/.blankslate-new-1", "two");
        symlink("three", root.join("h/.blankslate-new-2")).unwrap();
        write(root, "h/t", "again");
        sys.set_aside(&path("/h/t"), id_at(root, "/h/t"), &Place::Directory(meta(0o755))).unwrap();
        sys.make_dir(&path("/h/d"), meta(0o700)).unwrap();
        sys.unlink(&path("/h/.blankslate-new-2"), &path("/three")).unwrap_err();
        assert_eq!(read(root, "h/.blankslate-new-0/data"), "one");
        assert_eq!(read(root, "h/.blankslate-new-1"), "two");
        assert_eq!(fs::read_link(root.join("h/.blankslate-new-2")).unwrap(), Path::new("three"));
        assert_eq!(read(root, "h/.blankslate-adopted-0"), "again");
    }
}
