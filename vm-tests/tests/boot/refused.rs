//! A rollback that is refused, or that is told not to be done: the host boots on with the old root and
//! says so, or stops, as its configuration wants it.

use anyhow::{Result, ensure};
use vm_tests::guest::{Guest, Mode};
use vm_tests::nixos::with_emergency;

use crate::{Host, ask, ask_for, cut_power, is_well, says, shut_down, switch_config};

const REFUSAL: &str = "NOT rolled back";

fn hold_a_newer_snapshot(guest: &mut Guest) -> Result<()> {
    ask(
        guest,
        "echo old >/etc/old; sync
        zfs snapshot rpool/local/root@newer; zfs hold test rpool/local/root@newer",
    )
    .map(drop)
}

const LET_GO: &str = "zfs release test rpool/local/root@newer; zfs destroy rpool/local/root@newer";

#[test]
fn vm_a_refused_rollback_boots_the_old_root_and_is_seen_everywhere() -> Result<()> {
    let host = Host::fresh("refused")?;
    let generation = host.generation(&host.example)?;
    let mut guest = host.boot(&generation)?;
    hold_a_newer_snapshot(&mut guest)?;
    shut_down(guest)?;

    let mut guest = host.machine(&generation).boot(Mode::Host)?;
    says(&guest.serial()?, REFUSAL)?;
    let state = ask_for(&mut guest, 1, "systemctl is-system-running --wait")?;
    ensure!(state == "degraded\n", "the host is {state:?}");
    says(&ask(&mut guest, "systemctl --failed --plain")?, "blankslate-rollback.service")?;
    ask(&mut guest, "test -e /etc/old")?;
    says(&ask_for(&mut guest, 1, "blankslate status")?, REFUSAL)?;
    says(&ask(&mut guest, "journalctl -b -p err")?, REFUSAL)?;
    ask(&mut guest, LET_GO)?;
    shut_down(guest)?;

    let parameter = "blankslate.rollback=no";
    let mut guest = host.machine(&generation).with_parameter(parameter).boot(Mode::Host)?;
    ask(&mut guest, "systemctl is-system-running --wait; test -e /etc/old")?;
    says(&ask_for(&mut guest, 0, "blankslate status")?, parameter)?;
    cut_power(guest)?;

    let mut guest = host.boot(&generation)?;
    is_well(&mut guest)?;
    ask_for(&mut guest, 1, "test -e /etc/old")?;
    guest.power_off()
}

#[test]
fn vm_a_root_that_must_be_blank_stops_in_emergency_and_goes_on_when_it_is_mended() -> Result<()> {
    let host = Host::fresh("emergency")?;
    let config = host.example.replace("on-failure = \"continue\"", "on-failure = \"emergency\"");
    ensure!(config != host.example, "the example has another word now");
    let generation = host.write(&with_emergency(host.nixos.initrd(&config)))?;
    let mut guest = host.boot(&generation)?;
    switch_config(&mut guest, &config)?;
    hold_a_newer_snapshot(&mut guest)?;
    shut_down(guest)?;

    let mut guest = host.machine(&generation).boot(Mode::Emergency)?;
    says(&guest.serial()?, REFUSAL)?;
    says(&guest.serial()?, "rpool/local/root@newer")?;
    ask_initrd(&mut guest, "! mountpoint -q /sysroot; systemctl is-failed blankslate-rollback")?;
    rollback_is_tied_to_the_mount_that_systemd_makes(&mut guest)?;
    let verified =
        ask_initrd(&mut guest, "systemd-analyze verify --man=no initrd.target 2>&1 || true")?;
    ensure!(verified.is_empty(), "systemd-analyze complains: {verified}");
    ask_initrd(&mut guest, LET_GO)?;
    guest.send("PATH=$PATH:/usr/bin; systemctl --no-block default")?;
    guest.reach(Mode::Host)?;
    vm_tests::debian::wait_until_it_runs(&mut guest)?;
    is_well(&mut guest)?;
    ask_for(&mut guest, 1, "test -e /etc/old")?;
    guest.power_off()
}

/// The pool has lost the dataset that everything is kept in.
#[test]
fn vm_a_missing_store_stops_the_boot_and_erases_nothing_that_was_declared() -> Result<()> {
    let host = Host::fresh("no-store")?;
    let generation = host.generation(&host.example)?;
    let mut guest = host.boot(&generation)?;
    // Only on the root: what a service writes before its directory is declared.
    let later = "[[store.entry]]\ntarget = \"/var/lib/later\"\nkind = \"directory\"\n";
    let config = [&host.example, later].concat();
    ask(&mut guest, "mkdir /var/lib/later; echo precious >/var/lib/later/file; sync")?;
    switch_config(&mut guest, &config)?;
    cut_power(guest)?;
    let rename = "zfs rename rpool/safe/persist rpool/safe/hidden";
    host.nixos.from_media(&host.workdir, &host.disk, rename)?;

    let generation = host.generation(&config)?;
    let guest = host.machine(&generation).boot(Mode::Emergency)?;
    says(&guest.serial()?, "rpool/safe/persist")?;
    says(&guest.serial()?, REFUSAL)?;
    // Whether systemd stops in the initrd or goes on, to give up on the host, is a race of its own.
    guest.cut_power()?;
    let rename = "zfs rename rpool/safe/hidden rpool/safe/persist";
    host.nixos.from_media(&host.workdir, &host.disk, rename)?;

    let mut guest = host.boot(&generation)?;
    ask(&mut guest, "grep precious /persist/var/lib/later/file")?;
    ask(&mut guest, "grep precious /var/lib/later/file")?;
    let journal = ask(&mut guest, "journalctl -b -u blankslate-rollback")?;
    says(&journal, "adopted /var/lib/later: 2 files")?;
    guest.power_off()
}

/// Nobody writes the mount unit of the root: systemd makes it of fstab, and links are all that ties the
/// rollback to it.
fn rollback_is_tied_to_the_mount_that_systemd_makes(guest: &mut Guest) -> Result<()> {
    ask_initrd(guest, "test -e /etc/initrd-release")?;
    let shown = ask_initrd(guest, "systemctl show -p FragmentPath,Requires,After sysroot.mount")?;
    says(&shown, "FragmentPath=/run/systemd/generator/sysroot.mount\n")?;
    for key in ["Requires=", "After="] {
        let line = shown.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        says(line, "blankslate-rollback.service")?;
    }
    Ok(())
}

fn ask_initrd(guest: &mut Guest, script: &str) -> Result<String> {
    guest.ok(&format!("set -e; PATH=$PATH:/usr/bin\n{script}"))
}
