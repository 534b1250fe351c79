//! What a host is put together from: a root, views, detached mounts.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::Path;

use blankslate::sys::detached::mount as detached;
use blankslate::sys::linux::LinuxSys;
use blankslate::sys::{Look, Sys};

use crate::support::{
    dir, id_at, in_namespaces, meta, mount, names, path, read, seen, sys, watch, write,
};

in_namespaces! {
    fn userns_a_path_is_opened_below_the_innermost_view(root: &Path) {
        write(root, "old/etc/x", "old");
        write(root, "old/persist/hidden", "old");
        write(root, "store/x", "store");
        write(root, "inner/x", "inner");
        let open = |at: &str| File::open(root.join(at)).unwrap().into();
        let host = LinuxSys::of(detached("tmpfs", "tmpfs", "", true).unwrap())
            .with_view(path("/persist/in"), open("inner"))
            .with_view(path("/"), open("old"))
            .with_view(path("/persist"), open("store"));
        let text = |at: &str| String::from_utf8(host.read(&path(at), 100).unwrap()).unwrap();
        assert_eq!(text("/etc/x"), "old");
        assert_eq!(text("/persist/x"), "store");
        assert_eq!(text("/persist/in/x"), "inner");
        assert_eq!(host.look(&path("/persist/hidden")).unwrap(), Look::Absent);
        assert_eq!(host.look(&path("/persistent")).unwrap(), Look::Absent);
        let mut host = host;
        host.make_dir(&path("/persist/new"), meta(0o755)).unwrap();
        host.stage(&path("/etc"), &path("/persist/etc"), &watch).unwrap();
        host.publish(&path("/persist/etc")).unwrap();
        assert_eq!(names(&root.join("store")), ["etc", "new", "x"]);
        assert_eq!(names(&root.join("old")), ["etc", "persist"]);
        assert_eq!(read(root, "store/etc/x"), "old");
        // The top of a view is no name that could be given to something else.
        assert!(host.set_aside(&path("/persist"), id_at(root, "/persist"), &blankslate::sys::Place::File(meta(0))).is_err());
    }

    fn userns_a_view_needs_no_directory_to_lie_on(root: &Path) {
        write(root, "old/x", "x");
        dir(root, "store", 0, 0o755);
        let open = |at: &str| File::open(root.join(at)).unwrap().into();
        let mut host = LinuxSys::of(detached("tmpfs", "tmpfs", "", true).unwrap())
            .with_view(path("/old"), open("old"))
            .with_view(path("/no/where/store"), open("store"));
        host.stage(&path("/old"), &path("/no/where/store/kept"), &watch).unwrap();
        host.publish(&path("/no/where/store/kept")).unwrap();
        assert_eq!(read(root, "store/kept/x"), "x");
        assert_eq!(names(&root.join("store")), ["kept"]);
    }

    fn userns_no_symlink_leads_out_of_a_view(root: &Path) {
        write(root, "secret", "secret");
        dir(root, "top", 0, 0o755);
        symlink("../secret", root.join("top/up")).unwrap();
        symlink(root.join("secret"), root.join("top/away")).unwrap();
        symlink("/proc/self/root", root.join("top/magic")).unwrap();
        let view = File::open(root.join("top")).unwrap().into();
        let host = sys(&dir(root, "empty", 0, 0o755)).with_view(path("/v"), view);
        for at in ["/v/up", "/v/away", "/v/magic/etc/passwd"] {
            assert!(host.read(&path(at), 100).is_err(), "{at}");
        }
        assert_eq!(host.look(&path("/v/magic/etc")).unwrap(), Look::Blocked(path("/v/magic")));
    }

    fn userns_only_regular_files_of_some_size_are_read(root: &Path) {
        let sys = sys(root);
        write(root, "file", "12345");
        nix::unistd::mkfifo(&root.join("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        symlink("file", root.join("link")).unwrap();
        assert_eq!(sys.read(&path("/file"), 5).unwrap(), b"12345");
        let error = sys.read(&path("/file"), 4).unwrap_err();
        assert_eq!(error.to_string(), "cannot read /file: it is bigger than 4 bytes");
        let error = sys.read(&path("/fifo"), 4).unwrap_err();
        assert_eq!(error.to_string(), "cannot read /fifo: it is no regular file");
        assert!(sys.read(&path("/link"), 9).is_err());
        assert!(sys.read(&path("/"), 9).is_err());
        assert_eq!(sys.read(&path("/none"), 9).unwrap_err().cause.kind(), ErrorKind::NotFound);
    }

    fn userns_a_bare_root_shows_what_mounts_hide(root: &Path) {
        write(root, "srv/hidden", "hidden");
        mount("tmpfs", &root.join("srv"));
        write(root, "srv/shown", "shown");
        let whole = sys(root);
        assert_eq!(whole.look(&path("/srv/hidden")).unwrap(), Look::Absent);
        let bare = whole.bare().unwrap();
        assert_eq!(bare.read(&path("/srv/hidden"), 10).unwrap(), b"hidden");
        assert_eq!(bare.look(&path("/srv/shown")).unwrap(), Look::Absent);
        assert!(!seen(&bare, "/srv").is_mount);
    }

    fn userns_what_cannot_be_mounted_is_told_with_what_the_kernel_says(root: &Path) {
        write(root, "x", "x");
        let error = detached("tmpfs", "tmpfs", "size=1m,sice=2", false).unwrap_err();
        let said = error.to_string();
        assert!(said.contains("sice"), "{said}");
        let error = detached("x", "nosuchfs", "", false).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(nix::errno::Errno::ENODEV as i32));
        let error = detached("LABEL=no such/label", "ext4", "", true).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied), "{error}");
    }

    fn userns_a_read_only_mount_takes_no_writes_and_keeps_its_programs_whole(root: &Path) {
        let top = detached("tmpfs", "tmpfs", "", true).unwrap();
        let mut host = LinuxSys::of(top.try_clone().unwrap());
        let error = host.make_dir(&path("/d"), meta(0o755)).unwrap_err();
        assert_eq!(error.cause.kind(), ErrorKind::ReadOnlyFilesystem);
        let flags = nix::sys::statvfs::fstatvfs(&top).unwrap().flags();
        assert!(flags.contains(nix::sys::statvfs::FsFlags::ST_RDONLY));
        assert!(!flags.contains(nix::sys::statvfs::FsFlags::ST_NOSUID));
        assert!(names(root).is_empty());
    }

    fn userns_closing_the_last_descriptor_unmounts(root: &Path) {
        // A device that is mounted cannot be opened for this program alone.
        let image = root.join("image");
        File::create(&image).unwrap().set_len(16 << 20).unwrap();
        let made = std::process::Command::new("mkfs.ext4").arg("-q").arg(&image).status();
        let device = std::process::Command::new("losetup").args(["-f", "--show"]).arg(&image).output();
        let device = match (made, device) {
            (Ok(made), Ok(device)) if made.success() && device.status.success() => device.stdout,
            _ => return eprintln!("skipped: no loop devices here"),
        };
        let device = String::from_utf8(device).unwrap().trim().to_owned();
        let alone = || {
            let flags = nix::fcntl::OFlag::O_EXCL | nix::fcntl::OFlag::O_RDWR;
            nix::fcntl::open(device.as_str(), flags, nix::sys::stat::Mode::empty()).is_ok()
        };
        let mut results = Vec::new();
        for _ in 0..20 {
            let top = detached(&device, "ext4", "noatime", false).unwrap();
            let mut host = LinuxSys::of(top);
            let _ = host.make_file(&path("/f"), meta(0o644));
            results.push(alone());
            drop(host);
            results.push(alone());
        }
        crate::support::run("losetup", &["-d", &device]);
        fs::remove_file(image).unwrap();
        assert_eq!(results, [false, true].repeat(20));
    }
}
