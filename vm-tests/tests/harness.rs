//! Tests of the harness itself, on a real kernel with real ZFS.
#![allow(clippy::disallowed_methods, reason = "writes stand-ins for the project's programs")]

use std::fs;
use std::time::{Duration, Instant};

use anyhow::Result;
use vm_tests::cache::Cache;
use vm_tests::disk;
use vm_tests::guest::{Machine, Mode};
use vm_tests::image::Image;
use vm_tests::install::installed_disk;
use vm_tests::programs::Programs;
use vm_tests::workdir::Workdir;

/// Scripts that do nothing but tell that they were run.
fn stand_ins(workdir: &Workdir) -> Result<Programs> {
    let names = ["blankslate-initrd", "what-will-i-lose"];
    for name in names {
        fs::write(workdir.join(name), "#!/bin/sh\necho \"stand-in $*\"\nexit 1\n")?;
    }
    Ok(Programs::from_files(names.map(|name| (name, workdir.join(name)))))
}

fn image(workdir: &Workdir) -> Result<Image> {
    Image::new(&Cache::find()?, &stand_ins(workdir)?)
}

#[test]
fn vm_a_command_returns_its_bytes_its_errors_and_its_status() -> Result<()> {
    let workdir = Workdir::new("bytes")?;
    let boot = image(&workdir)?.write(&workdir)?;
    let mut guest = Machine::new(&workdir, &boot, &[]).boot(Mode::Bare)?;

    let odd = guest.run(r"printf 'a\0b\377\r\n\n\001\004\021\023'; printf 'oh\n' >&2; exit 3")?;
    assert_eq!(odd.stdout, b"a\0b\xff\r\n\n\x01\x04\x11\x13");
    assert_eq!(odd.stderr, b"oh\n");
    assert_eq!(odd.status, 3);

    let big = guest.run("head -c 6000000 /dev/urandom | tee /run/big; md5sum /run/big >&2")?;
    assert_eq!(big.stdout.len(), 6_000_000);
    fs::write(workdir.join("big"), &big.stdout)?;
    let here = vm_tests::command::run("md5sum", &[workdir.join("big")])?;
    assert_eq!(here.get(..32), big.stderr.get(..32));

    let long = format!("true '{}'; echo read", "x".repeat(100_000));
    assert_eq!(guest.ok(&long)?, "read\n");

    let failure = guest.ok("echo 'no such thing' >&2; exit 7").unwrap_err().to_string();
    assert!(failure.contains("status 7"), "{failure}");
    assert!(failure.contains("no such thing"), "{failure}");
    assert!(failure.contains("serial log"), "{failure}");
    guest.power_off()
}

#[test]
fn vm_a_command_that_hangs_ends_in_time_and_shows_the_serial_log() -> Result<()> {
    let workdir = Workdir::new("hang")?;
    let boot = image(&workdir)?.write(&workdir)?;
    let mut guest = Machine::new(&workdir, &boot, &[]).boot(Mode::Bare)?;
    guest.ok("echo 'a last word' >/dev/console")?;

    let start = Instant::now();
    let error = guest.run_within("sleep 1000", Duration::from_secs(2)).unwrap_err();
    let error = format!("{error:#}");
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    assert!(error.contains("did not answer in time"), "{error}");
    assert!(error.contains("sleep 1000"), "{error}");
    assert!(error.contains("a last word"), "{error}");
    guest.ok("true").unwrap_err();
    guest.cut_power()
}

#[test]
fn vm_what_was_synced_survives_a_power_cut() -> Result<()> {
    let workdir = Workdir::new("power-cut")?;
    let disks = disk::several(&workdir, 2)?;
    let boot = image(&workdir)?.write(&workdir)?;
    let machine = Machine::new(&workdir, &boot, &disks);

    let mut guest = machine.boot(Mode::Bare)?;
    guest.ok("set -e; zpool create -f -m /mnt/tank tank /dev/vda1 /dev/vdb1")?;
    guest.ok("echo kept >/mnt/tank/file; sync")?;
    guest.cut_power()?;

    let mut guest = machine.boot(Mode::Bare)?;
    guest.ok("ZPOOL_IMPORT_UDEV_TIMEOUT_MS=0 zpool import -d /dev tank")?;
    assert_eq!(guest.ok("cat /mnt/tank/file")?, "kept\n");
    guest.power_off()
}

#[test]
fn vm_zfs_rolls_back_to_a_snapshot() -> Result<()> {
    let workdir = Workdir::new("zfs")?;
    let disk = disk::empty(&workdir)?;
    let boot = image(&workdir)?.write(&workdir)?;
    let mut guest = Machine::new(&workdir, &boot, &[disk]).boot(Mode::Bare)?;
    guest.ok("set -e; zpool create -f -O mountpoint=legacy tank /dev/vda1")?;
    guest.ok("zfs create tank/root && zfs snapshot tank/root@blank")?;
    guest.ok("set -e; mkdir /mnt/t; mount -t zfs tank/root /mnt/t; echo x >/mnt/t/x")?;
    assert_eq!(guest.ok("ls -A /mnt/t /mnt/t/.zfs/snapshot/blank/")?.matches('x').count(), 1);
    guest.ok("umount /mnt/t && zfs rollback tank/root@blank && mount -t zfs tank/root /mnt/t")?;
    assert_eq!(guest.ok("ls -A /mnt/t")?, "");
    guest.power_off()
}

#[test]
fn vm_a_host_boots_through_the_initrd_and_writes_nothing_on_its_root() -> Result<()> {
    let workdir = Workdir::new("host")?;
    let image = image(&workdir)?.with_config("# none\n");
    let disk = installed_disk(&workdir, &image, "echo seeded >/persist/seed")?;
    let boot = image.write(&workdir)?;
    let machine = Machine::new(&workdir, &boot, &[disk]);

    let mut guest = machine.boot(Mode::Host)?;
    assert_eq!(guest.step_status("boot")?, 1);
    assert_eq!(guest.step_status("persist")?, 1);
    assert!(guest.serial()?.contains("blankslate-initrd boot ended with status 1"));
    assert_eq!(guest.ok("cat /persist/seed")?, "seeded\n");
    let bare = "mkdir /run/bare; mount -o bind / /run/bare; cd /run/bare; find . | sort";
    let mount_points = ".\n./dev\n./home\n./nix\n./persist\n./proc\n./run\n./sys\n";
    assert_eq!(guest.ok(bare)?, mount_points);
    assert_eq!(guest.ok("ls -A /.zfs/snapshot/blank/")?, "");
    assert_eq!(guest.ok("zfs get -Ho value mounted rpool/local/root")?, "yes\n");
    let said = guest.run("what-will-i-lose --config /run/guest/config.toml")?;
    assert_eq!(said.ended_with(1)?, b"stand-in --config /run/guest/config.toml\n");
    guest.power_off()?;

    let mut guest = machine.boot(Mode::Initrd)?;
    assert_eq!(guest.ok("cat /sysroot/persist/seed")?, "seeded\n");
    guest.cut_power()?;
    let mut guest = machine.with_parameter("guest.no-rollback").boot(Mode::Host)?;
    guest.step_status("boot").unwrap_err();
    guest.power_off()
}
