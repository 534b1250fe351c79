//! A host boots as NixOS does: systemd in the initrd with the project's units and real ZFS, activation on
//! an empty root, systemd again with real services.
#![allow(missing_docs, clippy::indexing_slicing, reason = "tests")]

mod declared;
mod guide;
mod identity;
mod kept;
mod refused;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use vm_tests::cache::Cache;
use vm_tests::debian::{bash, wait_until_it_runs};
use vm_tests::guest::{Guest, Machine, Mode};
use vm_tests::image::{BootImage, Image};
use vm_tests::nixos::{CURRENT, Nixos};
use vm_tests::programs::Programs;
use vm_tests::workdir::Workdir;

/// It makes its databases at its first start.
const SLOW: &str = "systemd.mask=postgresql.service";

/// A host on a disk of its own, installed with the configuration of the example.
struct Host {
    workdir: Workdir,
    nixos: Nixos,
    example: String,
    disk: PathBuf,
    parameters: Vec<&'static str>,
}

impl Host {
    fn fresh(name: &str) -> Result<Self> {
        Self::installed(name, |nixos, workdir, config| nixos.installed_disk(workdir, config, ""))
    }

    /// The same on a disk that was laid out by a script.
    fn by(name: &str, layout: &str) -> Result<Self> {
        Self::installed(name, |nixos, workdir, config| nixos.disk_by(workdir, config, layout))
    }

    fn installed(
        name: &str,
        install: impl FnOnce(&Nixos, &Workdir, &str) -> Result<PathBuf>,
    ) -> Result<Self> {
        let workdir = Workdir::new(&format!("boot-{name}"))?;
        let nixos = Nixos::new(&Cache::find()?, &Programs::built()?)?;
        let example = Nixos::example()?;
        let disk = install(&nixos, &workdir, &example)?;
        Ok(Self { workdir, nixos, example, disk, parameters: vec![SLOW] })
    }

    /// The same with every service, however long its first start takes.
    fn with_all_services(self) -> Self {
        Self { parameters: Vec::new(), ..self }
    }

    /// A generation of the host: its initrd.
    fn generation(&self, config: &str) -> Result<BootImage> {
        self.write(&self.nixos.initrd(config))
    }

    fn write(&self, image: &Image) -> Result<BootImage> {
        image.write(&self.workdir)
    }

    fn machine(&self, image: &BootImage) -> Machine<'_> {
        let disks = std::slice::from_ref(&self.disk);
        let machine = self.nixos.machine(&self.workdir, image, disks);
        self.parameters.iter().fold(machine, |machine, parameter| machine.with_parameter(parameter))
    }

    /// Boots, and waits until everything runs.
    fn boot(&self, image: &BootImage) -> Result<Guest> {
        let mut guest = self.machine(image).boot(Mode::Host)?;
        wait_until_it_runs(&mut guest)?;
        Ok(guest)
    }
}

/// Runs a script with Debian's programs, and returns what it prints.
fn ask(guest: &mut Guest, script: &str) -> Result<String> {
    guest.ok(&bash(&format!("set -e\n{script}")))
}

/// Runs a command that has to end with this status, and returns what it prints.
fn ask_for(guest: &mut Guest, status: i32, command: &str) -> Result<String> {
    let output = guest.run(&bash(&format!("exec 2>&1\n{command}")))?;
    Ok(String::from_utf8_lossy(&output.ended_with(status)?).into_owned())
}

/// Everything is as it should be, by the host's own account.
fn is_well(guest: &mut Guest) -> Result<()> {
    ask_for(guest, 0, "blankslate status").map(drop)
}

/// Gives the host a configuration, as a switch to another generation does.
fn switch_config(guest: &mut Guest, config: &str) -> Result<()> {
    guest.ok(&format!("cat >{CURRENT} <<'END OF CONFIG'\n{config}\nEND OF CONFIG\nsync")).map(drop)
}

/// Shuts the host down, as an admin does.
fn shut_down(guest: Guest) -> Result<()> {
    guest.power_off_with(&bash("systemctl --no-block poweroff"))
}

/// Writes everything to the disk and cuts the power.
fn cut_power(mut guest: Guest) -> Result<()> {
    guest.ok("sync; zpool sync")?;
    guest.cut_power()
}

fn says(text: &str, expected: &str) -> Result<()> {
    ensure!(text.contains(expected), "this does not say {expected:?}:\n{text}");
    Ok(())
}
