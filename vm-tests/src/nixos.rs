//! A host that boots as NixOS does: systemd in the initrd, with the unit files of the project and what
//! the NixOS module adds to them for its example, then activation on an empty root, then the Debian host.
//!
//! Everything of the project is what people run: `initrd/units`, the programs, and the golden files of
//! `tests/nixos`, which a test holds against what the module makes of the example.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::cache::Cache;
use crate::debian::Debian;
use crate::disk;
use crate::guest::{Machine, Mode};
use crate::image::{BootImage, Image};
use crate::programs::Programs;
use crate::source::{Source, files_below};
use crate::units::links_of;
use crate::upstream;
use crate::workdir::Workdir;

/// Where the host finds its configuration: a place that is not erased and that a test can write to, as
/// `nixos-rebuild switch` does through the system's profile.
pub const CURRENT: &str = "/nix/var/guest/config.toml";

/// How long it may take to unpack the host.
const INSTALL: Duration = Duration::from_secs(300);

/// Where the initrd has its own units.
const UNITS: &str = "etc/systemd/system";

/// The file systems of the example's host. The generator of systemd makes the mounts of the initrd of it,
/// too, for which NixOS puts it there under a name of its own.
const FSTAB: &str = include_str!("../guest/nixos/fstab");
const INITRD_FSTAB: &str = "/etc/initrd-fstab";

/// Where systemd gives up, in the initrd as on the host, a test goes on.
const EMERGENCY: &str = include_str!("../guest/nixos/emergency.service");

/// The units of the two steps of the boot, and that of the host.
const STAGE1: [&str; 2] = ["blankslate-rollback.service", "blankslate-persist.service"];
const STAGE2: [&str; 1] = ["blankslate.service"];

/// The host and its initrd.
#[derive(Debug, Clone)]
pub struct Nixos {
    installer: Image,
    initrd: Image,
    host: Debian,
}

impl Nixos {
    /// Puts the host together.
    ///
    /// # Errors
    /// When `make setup` has not made the Debian tree, or a file cannot be read.
    pub fn new(cache: &Cache, programs: &Programs) -> Result<Self> {
        let image = Image::new(cache, programs)?;
        let (host, installer) = Debian::add_with(image, cache, host_files()?)?;
        let initrd = initrd(installer.clone(), &host)?;
        Ok(Self { installer, initrd, host })
    }

    /// Returns the configuration of the module's example, byte for byte.
    ///
    /// # Errors
    /// When the golden file cannot be read.
    pub fn example() -> Result<String> {
        read(&golden("example.toml"))
    }

    /// Returns a disk with the host on it: a fresh install, with this configuration. The script runs at
    /// its end, with the store at its path.
    ///
    /// # Errors
    /// When the host cannot be installed.
    pub fn installed_disk(&self, workdir: &Workdir, config: &str, seed: &str) -> Result<PathBuf> {
        let seed = format!("{}\n{seed}", write_current(config));
        self.host.installed_disk(workdir, &self.installer, &seed)
    }

    /// As [`Nixos::installed_disk`], laid out and mounted below `/mnt` by a script of its own, to which
    /// `ZFS` is the partition.
    ///
    /// # Errors
    /// When the host cannot be installed.
    pub fn disk_by(&self, workdir: &Workdir, config: &str, layout: &str) -> Result<PathBuf> {
        let fresh = disk::empty(workdir)?;
        let disks = [fresh.clone(), self.host.tar().to_owned()];
        let machine = Machine::new(workdir, &self.installer.write(workdir)?, &disks);
        let mut guest = machine.boot(Mode::Bare)?;
        guest.ok(&format!("set -e\nZFS=/dev/vda1\n{layout}")).context("cannot lay out the pool")?;
        let fill = self.host.fill_in("mkdir -p /mnt@debian@; tar -x -f /dev/vdb -C /mnt@debian@");
        let script = format!(
            "set -e\ncp -a /nix/store /mnt/nix/\n{fill}\n{}\n\
             umount /mnt/nix /mnt/home /mnt/persist /mnt\nzpool export rpool",
            write_current(config)
        );
        guest.run_within(&script, INSTALL)?.ok().context("cannot install the host")?;
        guest.power_off()?;
        Ok(fresh)
    }

    /// Returns the initrd of a generation with this configuration.
    #[must_use]
    pub fn initrd(&self, config: &str) -> Image {
        self.initrd.clone().with_config(config)
    }

    /// Returns the same initrd without blankslate.
    #[must_use]
    pub fn initrd_without_blankslate(&self) -> Image {
        let masked = STAGE1.map(|unit| format!("{UNITS}/{unit}"));
        masked.iter().fold(self.initrd.clone(), |image, unit| image.with_symlink(unit, "/dev/null"))
    }

    /// Runs a script on the pool of a disk while nothing of the host runs, as from installation media.
    ///
    /// # Errors
    /// When the script fails.
    pub fn from_media(&self, workdir: &Workdir, disk: &Path, script: &str) -> Result<()> {
        let image = self.installer.write(workdir)?;
        let mut guest = Machine::new(workdir, &image, &[disk.to_owned()]).boot(Mode::Bare)?;
        guest.ok(&format!(
            "set -e\nzpool import -N -f -d /dev rpool\n{script}\nzpool export rpool"
        ))?;
        guest.power_off()
    }

    /// Returns a machine with these disks that boots the host.
    #[must_use]
    pub fn machine<'a>(
        &self,
        workdir: &'a Workdir,
        image: &BootImage,
        disks: &[PathBuf],
    ) -> Machine<'a> {
        Machine::new(workdir, image, disks)
            .with_parameter("root=fstab")
            .with_parameter(&format!("init={}", self.host.init()))
    }
}

/// Writes the configuration of the host while it is installed.
fn write_current(config: &str) -> String {
    let current = format!("/mnt{CURRENT}");
    format!(
        "mkdir -p $(dirname {current})\ncat >{current} <<'END OF CONFIG'\n{config}\nEND OF CONFIG"
    )
}

/// Makes the root one that has to be blank: what the module writes for `onFailure = "emergency"`, beside
/// the same word in the configuration.
#[must_use]
pub fn with_emergency(image: Image) -> Image {
    let drop_in = format!("{UNITS}/blankslate-rollback.service.d/emergency.conf");
    image
        .without(&format!("{UNITS}/sysroot.mount.wants"))
        .with_symlink(
            &format!("{UNITS}/sysroot.mount.requires/blankslate-rollback.service"),
            "../blankslate-rollback.service",
        )
        .with_file(&drop_in, 0o444, "[Service]\nSuccessExitStatus=1\n")
}

fn initrd(image: Image, host: &Debian) -> Result<Image> {
    let image = upstream::add_to(image, host.tar())?
        .with_symlink("init", "/usr/lib/systemd/systemd")
        .with_symlink(&format!("{UNITS}/default.target"), "/usr/lib/systemd/system/initrd.target")
        .with_file("etc/initrd-release", 0o444, "ID=nixos\nVERSION_ID=guest\n")
        .with_file("etc/passwd", 0o444, "root:x:0:0::/root:/bin/sh\n")
        .with_file("etc/group", 0o444, "root:x:0:\n")
        .with_file(INITRD_FSTAB, 0o444, host.fill_in(FSTAB));
    with_blankslate(with_stage1(image, host)?)
}

/// Adds what stage 1 of NixOS has beside systemd and blankslate.
fn with_stage1(mut image: Image, host: &Debian) -> Result<Image> {
    for (name, source) in files_below(&sources().join("etc"))? {
        let text = source.text()?;
        image =
            image.with_file(&format!("etc/{name}"), 0o444, text.replace("@fstab@", INITRD_FSTAB));
    }
    for (name, source) in files_below(&sources().join("scripts"))? {
        let text = source.text()?;
        let text = image.fill_in(&host.fill_in(&text));
        image = image.with_file(&format!("scripts/{name}"), 0o555, text);
    }
    for (name, source) in files_below(&sources().join("units"))? {
        let text = source.text()?;
        let text = image
            .fill_in(&host.fill_in(&text))
            .replace("@initrd@", "/scripts")
            .replace("@fstab@", INITRD_FSTAB);
        image = with_unit(image, &name, &text);
    }
    let emergency = image.fill_in(EMERGENCY);
    Ok(with_unit(image, "emergency.service", &emergency))
}

/// Adds the units as the package ships them, and what the module adds for the example, in the form in
/// which its tests keep it.
fn with_blankslate(mut image: Image) -> Result<Image> {
    for name in STAGE1 {
        let text = image.fill_in(&shipped(name)?);
        image = with_unit(image, name, &text);
    }
    for (name, source) in files_below(&golden("initrd"))? {
        let text = source.text()?;
        if name == "links" {
            for link in text.lines() {
                let unit = link.rsplit('/').next().unwrap_or(link);
                image = image.with_symlink(&format!("{UNITS}/{link}"), &format!("../{unit}"));
            }
        } else {
            image = image.with_file(&format!("{UNITS}/{name}"), 0o444, text);
        }
    }
    Ok(image)
}

fn with_unit(image: Image, name: &str, text: &str) -> Image {
    let links = links_of(name, text);
    let image = image.with_file(&format!("{UNITS}/{name}"), 0o444, text);
    links.iter().fold(image, |image, (at, to)| image.with_symlink(&format!("{UNITS}/{at}"), to))
}

/// What the module adds to the host, named as the host's other files.
fn host_files() -> Result<Vec<(String, Source)>> {
    let mut files = vec![
        ("etc/blankslate/config.toml".to_owned(), Source::link(CURRENT)),
        ("etc/fstab".to_owned(), Source::new(FSTAB)),
        ("units/emergency.service".to_owned(), Source::new(EMERGENCY)),
    ];
    for name in STAGE2 {
        files.push((format!("units/{name}"), Source::new(shipped(name)?)));
    }
    for (name, source) in files_below(&golden("host"))? {
        let text = source.text()?;
        // The links are those that the unit asks for itself.
        if name != "links" {
            files.push((format!("units/{name}"), Source::new(text)));
        }
    }
    Ok(files)
}

/// A unit as the package installs it, but for the path of its programs.
fn shipped(name: &str) -> Result<String> {
    let text = read(&repository().join("initrd/units").join(name))?;
    Ok(text.replace("@bin@", "@userland@/bin"))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn repository() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

fn golden(name: &str) -> PathBuf {
    repository().join("tests/nixos/golden").join(name)
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("guest/nixos/initrd")
}
