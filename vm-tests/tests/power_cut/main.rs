//! The power is cut at points spread over the whole boot step. The next boot has to come up blank, with
//! every byte of the store, and with a receipt that tells the truth: the cut left the old root with all
//! its newer snapshots, or the blank with none; never a third thing.
#![allow(missing_docs, clippy::indexing_slicing, clippy::disallowed_methods, reason = "tests")]

mod adopting;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use vm_tests::cache::Cache;
use vm_tests::guest::{Guest, Machine, Mode};
use vm_tests::image::Image;
use vm_tests::install::installed_disk;
use vm_tests::programs::Programs;
use vm_tests::workdir::Workdir;

const CONFIG: &str = "version = 1\n\
    [[root]]\nmount = \"/\"\nkind = \"zfs\"\ndataset = \"rpool/local/root\"\nsnapshot = \"blank\"\n\
    [[store]]\npath = \"/persist\"\ndevice = \"rpool/safe/persist\"\nfs = \"zfs\"\n\
    [[store.entry]]\ntarget = \"/var/lib/kept\"\nkind = \"directory\"\n";

const SEED: &str = "mkdir -p /persist/var/lib/kept; head -c 300000 /dev/urandom >/persist/var/lib/kept/data; \
    echo home >/home/letter";

/// Snapshots that are newer than the blank whenever the power is cut.
const NEWER: usize = 6;

/// Writes darlings, synced one by one so that they are in the intent log, and takes snapshots.
const LIVE: &str = "set -e; i=0; while [ $i -lt 6 ]; do dd if=/dev/urandom of=/darling$i bs=50000 count=1 \
    conv=fsync 2>/dev/null; zfs snapshot rpool/local/root@n$i; i=$((i + 1)); done; \
    echo last >/last; dd if=/dev/zero of=/synced bs=1000 count=1 conv=fsync 2>/dev/null";

/// Everything that no boot may change.
const WITNESS: &str = "set -e; zfs list -H -p -t all -o name,guid,createtxg | grep -v '^rpool/local/root@n' | sort; \
    cd /persist; find . -type f | sort | xargs sha256sum; sha256sum /home/letter; \
    find /nix -type f | sort | xargs cat | sha256sum; cat /var/lib/kept/data | sha256sum";

const BEGINS: &str = "blankslate-initrd boot begins";
const ENDED: &str = "blankslate-initrd boot ended";

/// How often the power is cut: a handful, unless `make soak` asks for more.
fn cuts() -> Result<u32> {
    match std::env::var("BLANKSLATE_CUTS") {
        Ok(text) => text.parse().context("BLANKSLATE_CUTS is no number"),
        Err(_) => Ok(6),
    }
}

/// What is on the root itself: nothing but the places that the boot made.
fn root(guest: &mut Guest) -> Result<String> {
    guest.ok("mkdir -p /run/bare; mount -o bind / /run/bare; cd /run/bare; find . | sort | tr '\\n' ' '; cd /; umount /run/bare")
}

/// Checks what the boot after a cut wrote down. `whole` tells that the cut came after the boot step.
fn check_receipt(receipt: &Value, whole: bool) -> Result<&'static str> {
    let root = &receipt["roots"][0];
    let snapshots = root["facts"]["snapshots"].as_array().context("no facts")?;
    let newer = snapshots.iter().filter(|s| s["name"] != "blank").count();
    let destroyed = root["destroyed"].as_array().context("nothing destroyed")?.len();
    match (root["outcome"].as_str(), newer, destroyed) {
        (Some("rolled-back"), NEWER, NEWER) => Ok("found the old root whole"),
        (Some("skipped"), 0, 0) => Ok("found the blank"),
        (Some("rolled-back"), 0, 0) if whole => Ok("found the blank, mounted since"),
        _ => anyhow::bail!("a third thing: {receipt:#}"),
    }
}

#[test]
fn vm_a_power_cut_at_any_instant_leaves_the_old_root_or_the_blank() -> Result<()> {
    let workdir = Workdir::new("cuts")?;
    let image = Image::new(&Cache::find()?, &Programs::built()?)?.with_config(CONFIG);
    let disk = installed_disk(&workdir, &image, SEED)?;
    let machine = Machine::new(&workdir, &image.write(&workdir)?, &[disk]);

    let mut guest = machine.boot(Mode::Host)?;
    let witness = guest.ok(WITNESS)?;
    let blank = root(&mut guest)?;
    guest.ok(LIVE)?;
    guest.power_off()?;
    let step = machine.time_between(Mode::Host, BEGINS, ENDED)?;
    let mut guest = machine.boot(Mode::Host)?;
    guest.ok(LIVE)?;
    guest.cut_power()?;

    let cuts = cuts()?;
    let mut found = Vec::new();
    for cut in 0..cuts {
        let after = step.mul_f64(f64::from(cut) / f64::from(cuts.max(2) - 1) * 1.2);
        let serial = machine.boot_and_cut(Mode::Host, BEGINS, after)?;
        let mut guest = machine.boot(Mode::Host)?;
        let told = (|| {
            ensure!(guest.step_status("boot")? == 0, "the boot step failed");
            let receipt: Value = serde_json::from_str(&guest.ok("cat /run/blankslate/boot.json")?)?;
            let what = check_receipt(&receipt, serial.contains(ENDED))?;
            let now = root(&mut guest)?;
            ensure!(now == blank, "the root is not blank: {now}");
            let same = guest.ok(WITNESS)? == witness;
            ensure!(same, "something beside the root changed");
            Ok(what)
        })();
        found.push((after, told.with_context(|| format!("cut {cut}, {after:?} into {step:?}"))?));
        guest.ok(LIVE)?;
        // Every other time the power goes with the intent log still to be replayed.
        if cut % 2 == 0 { guest.cut_power()? } else { guest.power_off()? }
    }
    report(&found, step)
}

/// So many cuts are a soak.
const SOAK: usize = 32;

/// A soak is only worth something when its cuts came before and after the commit.
fn report(found: &[(Duration, &'static str)], step: Duration) -> Result<()> {
    println!("the boot step takes {step:?}");
    for (after, what) in found {
        println!("cut after {after:?}: {what}");
    }
    both_sides(found, ["found the old root whole", "found the blank"])
}

fn both_sides(found: &[(Duration, &'static str)], sides: [&str; 2]) -> Result<()> {
    for side in sides {
        let seen = found.iter().any(|(_, what)| *what == side);
        ensure!(seen || found.len() < SOAK, "none of {} cuts {side}", found.len());
    }
    Ok(())
}

#[test]
fn vm_what_lies_only_in_the_intent_log_is_erased_too() -> Result<()> {
    let workdir = Workdir::new("intent-log")?;
    let image = Image::new(&Cache::find()?, &Programs::built()?)?.with_config(CONFIG);
    let disk = installed_disk(&workdir, &image, SEED)?;
    let machine = Machine::new(&workdir, &image.write(&workdir)?, &[disk]);
    let mut guest = machine.boot(Mode::Host)?;
    let blank = root(&mut guest)?;
    for _ in 0..2 {
        // One synced write, and the power goes before the next transaction group: mounting the root
        // as it is would replay the log and bring the file back.
        guest
            .ok("zpool sync; dd if=/dev/zero of=/synced bs=1000 count=1 conv=fsync 2>/dev/null")?;
        guest.cut_power()?;
        guest = machine.boot(Mode::Host)?;
        let receipt: Value = serde_json::from_str(&guest.ok("cat /run/blankslate/boot.json")?)?;
        ensure!(receipt["roots"][0]["outcome"] == "rolled-back", "left alone: {receipt:#}");
        let now = root(&mut guest)?;
        ensure!(now == blank, "the root is not blank: {now}");
    }
    guest.power_off()
}
