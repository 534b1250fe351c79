//! Detached mounts of real file systems, by the names that fstab(5) has for devices. Needs root and loop
//! devices; where it cannot, each test says so on standard error.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use blankslate::sys::Sys;
use blankslate::sys::detached::mount as detached;
use blankslate::sys::linux::LinuxSys;
use nix::sys::stat::{Mode, SFlag};

use crate::images::has_images;
use crate::support::{in_namespace, meta, mount, names, path, run};

/// A file system in a file, on a loop device that goes with this.
struct Disk {
    device: PathBuf,
    uuid: String,
}

impl Disk {
    /// A new one with the label `my disk`, and the links that udev would make, in a /dev of this
    /// namespace.
    fn with(fs: &str, root: &Path) -> Self {
        let image = root.join(fs);
        // The least that mkfs.xfs takes.
        File::create(&image).unwrap().set_len(320 << 20).unwrap();
        // No other test may have the same one at this time.
        let uuid = fs::read_to_string("/proc/sys/kernel/random/uuid").unwrap().trim().to_owned();
        let mkfs = format!("mkfs.{fs}");
        let named = match fs {
            "xfs" => vec!["-m".to_owned(), format!("uuid={uuid}")],
            _ => vec!["-U".to_owned(), uuid.clone()],
        };
        said(Command::new(mkfs).args(["-q", "-L", "my disk"]).args(named).arg(&image));
        let device = said(Command::new("losetup").args(["-f", "--show"]).arg(&image));
        let disk = Self { device: device.trim().into(), uuid };
        disk.link();
        disk
    }

    fn link(&self) {
        let number = nix::sys::stat::stat(&self.device).unwrap().st_rdev;
        mount("tmpfs", Path::new("/dev"));
        nix::sys::stat::mknod(&self.device, SFlag::S_IFBLK, Mode::S_IRWXU, number).unwrap();
        for (directory, name) in [("uuid", self.uuid.as_str()), ("label", "my\\x20disk")] {
            let directory = Path::new("/dev/disk").join(format!("by-{directory}"));
            fs::create_dir_all(&directory).unwrap();
            symlink(&self.device, directory.join(name)).unwrap();
        }
    }

    fn node(&self) -> &str {
        self.device.to_str().unwrap()
    }

    /// A mount of the usual kind, to look at the whole of it.
    fn shown(&self, root: &Path) -> PathBuf {
        let top = root.join("top");
        fs::create_dir(&top).unwrap();
        run("mount", &[self.node(), top.to_str().unwrap()]);
        top
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        run("losetup", &["-d", self.node()]);
    }
}

fn said(command: &mut Command) -> String {
    // There is no /dev/null where a disk was linked.
    let Output { status, stdout, stderr } = command.stdin(Stdio::inherit()).output().unwrap();
    assert!(status.success(), "{command:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// Runs a test in a namespace of its own, where there is what it needs.
fn on_disk(fs: &str, name: &str, test: fn(&Path)) {
    if has_images(fs) {
        in_namespace(&format!("devices::{name}"), test);
    }
}

/// Something is made through each name, and all of it is on the disk.
fn by_every_name(fs: &str, root: &Path) {
    let disk = Disk::with(fs, root);
    let make = |device: &str, options: &str, at: &str| -> io::Result<()> {
        let mut host = LinuxSys::of(detached(device, fs, options, false)?);
        host.make_dir(&path(at), meta(0o755)).map_err(|error| error.cause)
    };
    let options = "defaults,noatime,nosuid,nodev,nofail,x-initrd.mount,comment=mine,lazytime,rw";
    let quoted = format!("UUID=\"{}\"", disk.uuid);
    make(&quoted, options, "/uuid").unwrap();
    make("LABEL=my disk", "", "/label").unwrap();
    make(disk.node(), "noatime,strictatime", "/node").unwrap();

    let error = make("LABEL=none", "", "/none").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.to_string(), "there is no /dev/disk/by-label/none");
    let error = make(&quoted, "ro", "/none").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ReadOnlyFilesystem);
    let error = make(&quoted, "no_such_option", "/none").unwrap_err();
    assert!(error.to_string().contains("no_such_option"), "{error}");

    let top = disk.shown(root);
    let left = names(&top).into_iter().filter(|name| name != "lost+found");
    assert_eq!(left.collect::<Vec<_>>(), ["label", "node", "uuid"]);
    run("umount", &[top.to_str().unwrap()]);
}

#[test]
fn an_ext4_is_mounted_by_every_name_that_it_has() {
    let name = "an_ext4_is_mounted_by_every_name_that_it_has";
    on_disk("ext4", name, |root| by_every_name("ext4", root));
}

#[test]
fn an_xfs_is_mounted_by_every_name_that_it_has() {
    let name = "an_xfs_is_mounted_by_every_name_that_it_has";
    on_disk("xfs", name, |root| by_every_name("xfs", root));
}

#[test]
fn a_btrfs_is_mounted_by_every_name_that_it_has() {
    let name = "a_btrfs_is_mounted_by_every_name_that_it_has";
    on_disk("btrfs", name, |root| by_every_name("btrfs", root));
}

#[test]
fn subvolumes_of_one_device_are_mounted_side_by_side() {
    on_disk("btrfs", "subvolumes_of_one_device_are_mounted_side_by_side", |root| {
        let disk = Disk::with("btrfs", root);
        let top = disk.shown(root);
        for name in ["@one", "@two"] {
            said(Command::new("btrfs").args(["subvolume", "create"]).arg(top.join(name)));
        }
        let open = |options: &str| detached("LABEL=my disk", "btrfs", options, false);
        let one = open("subvol=@one,noatime,compress=zstd,ssd").unwrap();
        let two = open("subvol=/@two,noatime,compress=zstd").unwrap();
        let mut host = LinuxSys::of(one).with_view(path("/two"), two);
        host.make_dir(&path("/of-one"), meta(0o755)).unwrap();
        host.make_dir(&path("/two/of-two"), meta(0o755)).unwrap();
        assert_eq!(names(&top.join("@one")), ["of-one"]);
        assert_eq!(names(&top.join("@two")), ["of-two"]);
        // The device is there: what is missing is something else.
        let error = open("subvol=@three").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(!error.to_string().contains("there is no /dev"), "{error}");
        drop(host);
        run("umount", &[top.to_str().unwrap()]);
    });
}
