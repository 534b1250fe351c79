//! Where mounts are: none is entered, none is filled silently, and what one forbids stays forbidden.

use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, chown};

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};

use crate::support::{
    Bench, attribute, capability, in_namespace, mode, mount, names, times, told, zoo,
};

#[test]
fn userns_a_mount_point_in_the_tree_is_an_error_that_names_it() {
    in_namespace("userns_a_mount_point_in_the_tree_is_an_error_that_names_it", |place| {
        for (kind, point) in [("directory", "sub/mounted"), ("file", "sub/bound")] {
            let bench = Bench::at(place);
            zoo(&bench.original());
            let at = bench.original().join(point);
            if kind == "directory" {
                fs::create_dir(&at).unwrap();
                mount(&at, "size=1m");
            } else {
                fs::write(&at, "").unwrap();
                let bind = std::process::Command::new("mount")
                    .arg("--bind")
                    .args([bench.original().join("empty file"), at.clone()])
                    .status();
                assert!(bind.unwrap().success());
            }
            let expected = format!("cannot read /o/{point}: something is mounted on it");
            assert_eq!(bench.verified().unwrap_err().to_string(), expected);
            // The other way round as well: what is mounted is not discarded either.
            fs::write(at.join("data"), "data").ok();
            let dir = crate::support::held(bench.dir.path());
            let name = std::ffi::OsStr::new("original");
            assert!(blankslate::sys::copy::discard_tree(dir.as_fd(), name).is_err());
            assert!(at.exists() && (kind == "file" || at.join("data").exists()));
            assert!(std::process::Command::new("umount").arg(&at).status().unwrap().success());
        }
    });
}

#[test]
fn userns_no_space_is_an_error_and_discarding_leaves_nothing() {
    in_namespace("userns_no_space_is_an_error_and_discarding_leaves_nothing", |place| {
        let bench = Bench::at(place);
        mount(&bench.staged(), "size=2m,mode=700");
        for number in 0..40 {
            fs::write(bench.original().join(format!("{number}")), vec![1u8; 100_000]).unwrap();
        }
        fs::hard_link(bench.original().join("0"), bench.original().join("again")).unwrap();
        let error = bench.verified().unwrap_err();
        assert_eq!(error.cause.raw_os_error(), Some(28), "{error}");
        assert_eq!(names(&bench.staged()), ["tree"]);
        bench.discard();
    });
}

#[test]
fn userns_onto_another_file_system_everything_is_taken_along_or_it_is_an_error() {
    in_namespace(
        "userns_onto_another_file_system_everything_is_taken_along_or_it_is_an_error",
        |place| {
            let bench = Bench::at(place);
            mount(&bench.staged(), "size=100m,mode=700");
            zoo(&bench.original());
            match bench.verified() {
                Ok(_) => assert_eq!(told(bench.compared().unwrap()), "none"),
                // tmpfs has held attributes of users since 6.6 only.
                Err(error) => assert!(error.to_string().contains("its attribute user."), "{error}"),
            }
            bench.discard();
        },
    );
}

#[test]
fn userns_an_attribute_that_cannot_be_kept_is_an_error_with_its_name() {
    in_namespace("userns_an_attribute_that_cannot_be_kept_is_an_error_with_its_name", |place| {
        let bench = Bench::at(place);
        // A file system without any attributes.
        let status = std::process::Command::new("mount")
            .args(["-t", "ramfs", "-o", "mode=700", "ramfs"])
            .arg(bench.staged())
            .status();
        let file = bench.original().join("file");
        fs::write(&file, "x").unwrap();
        if !status.unwrap().success() || !attribute(&file, "user.note", b"x") {
            return;
        }
        let error = bench.verified().unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot copy /o/file: its attribute user.note cannot be kept there: Operation not supported (os error 95)"
        );
    });
}

#[test]
fn userns_where_programs_cannot_act_as_others_the_copy_cannot_either() {
    in_namespace("userns_where_programs_cannot_act_as_others_the_copy_cannot_either", |place| {
        let bench = Bench::at(place);
        mount(&bench.original(), "nosuid,mode=755");
        for (name, bits) in [("suid", 0o4755), ("sgid", 0o2755), ("plain", 0o755)] {
            fs::write(bench.original().join(name), name).unwrap();
            mode(&bench.original().join(name), bits);
        }
        fs::create_dir(bench.original().join("dir")).unwrap();
        mode(&bench.original().join("dir"), 0o2755);
        let copied = bench.verified().unwrap();
        let bits = |name: &str| fs::metadata(bench.copy().join(name)).unwrap().mode() & 0o7777;
        let got = ["suid", "sgid", "plain", "dir"].map(bits);
        assert_eq!(got, [0o755, 0o755, 0o755, 0o2755]);
        let mut notes = copied.notes;
        notes.sort();
        let note = |name: &str| {
            format!(
                "/o/{name} no longer lets whoever starts it act as somebody else: where it lies, it does not either (nosuid)"
            )
        };
        assert_eq!(notes, [note("sgid"), note("suid")]);
        assert_eq!(told(bench.compared().unwrap()), "none");
        // Exactly these bits, and no others.
        mode(&bench.copy().join("suid"), 0o750);
        assert_eq!(told(bench.compared().unwrap()), "mode /o/suid");
        mode(&bench.copy().join("suid"), 0o4755);
        mode(&bench.copy().join("plain"), 0o4755);
        assert_eq!(told(bench.compared().unwrap()), "mode /o/plain");
    });
}

#[test]
fn userns_a_device_that_is_switched_off_is_an_error() {
    in_namespace("userns_a_device_that_is_switched_off_is_an_error", |place| {
        let bench = Bench::at(place);
        mount(&bench.original(), "nodev,mode=755");
        let node = bench.original().join("disk");
        let kind = FileType::BlockDevice;
        if mknodat(CWD, node, kind, Mode::from_raw_mode(0o666), makedev(7, 0)).is_err() {
            return;
        }
        assert_eq!(
            bench.verified().unwrap_err().to_string(),
            "cannot copy /o/disk: it is a device where devices are switched off (nodev)"
        );
    });
}

#[test]
fn a_program_with_names_elsewhere_keeps_its_privilege_only_in_its_owners_directory() {
    // Owner of the directory and of the program, names in the tree and outside, what is kept.
    let table = [
        (1000, 0, 1, 1, false),
        (1000, 0, 2, 1, false),
        (1000, 0, 2, 0, true),
        (1000, 0, 1, 0, true),
        (0, 0, 1, 1, true),
        (1000, 1000, 2, 2, true),
    ];
    for (dir, owner, inside, outside, kept) in table {
        let bench = Bench::new();
        let case = format!("{dir} {owner} {inside} {outside}");
        let home = bench.original().join("home");
        fs::create_dir(&home).unwrap();
        chown(&home, Some(dir), None).unwrap();
        let program = bench.dir.path().join("program");
        fs::write(&program, "#!").unwrap();
        chown(&program, Some(owner), None).unwrap();
        mode(&program, 0o4755);
        let has_capability = attribute(&program, "security.capability", &capability());
        for number in 0..inside {
            fs::hard_link(&program, home.join(format!("{number}"))).unwrap();
        }
        for number in 0..outside {
            fs::hard_link(&program, bench.dir.path().join(format!("{number}"))).unwrap();
        }
        fs::remove_file(&program).unwrap();
        let copied = bench.verified().unwrap();
        let copy = bench.copy().join("home/0");
        let bits = if kept { 0o4755 } else { 0o755 };
        assert_eq!(fs::metadata(&copy).unwrap().mode() & 0o7777, bits, "{case}");
        let mut buffer = [0; 64];
        let held = rustix::fs::lgetxattr(&copy, "security.capability", &mut buffer[..]).is_ok();
        assert_eq!(held, kept && has_capability, "{case}");
        assert_eq!(copied.notes.len(), usize::from(!kept), "{case}: {:?}", copied.notes);
        assert_eq!(fs::metadata(home.join("0")).unwrap().mode() & 0o7777, 0o4755);
        assert_eq!(told(bench.compared().unwrap()), "none", "{case}");
        if kept {
            mode(&copy, 0o755);
            assert!(told(bench.compared().unwrap()).starts_with("mode /o/home/"), "{case}");
        }
        bench.discard();
    }
}

#[test]
fn a_file_with_as_many_names_as_the_file_system_allows_is_copied() {
    let bench = Bench::new();
    let first = bench.original().join("first");
    fs::write(&first, "x").unwrap();
    let mut links = 1;
    // ext4 allows 65,000; elsewhere the test would not end.
    while links < 65_100 && fs::hard_link(&first, bench.original().join(format!("{links}"))).is_ok()
    {
        links += 1;
    }
    times(&bench.original(), 1, 1);
    assert_eq!(bench.verified().unwrap().total.things, links + 1);
    assert_eq!(fs::metadata(bench.copy().join("first")).unwrap().nlink(), links);
}
