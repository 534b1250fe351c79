//! What blankslate adds to a boot: the host of the example with its units and without them, in turns.

use std::io::Write;

use anyhow::{Context as _, Result, ensure};

use super::median;
use crate::cache::Cache;
use crate::debian::{bash, wait_until_it_runs};
use crate::guest::Mode;
use crate::image::BootImage;
use crate::nixos::Nixos;
use crate::programs::Programs;
use crate::workdir::Workdir;

/// How often each is booted.
const ROUNDS: usize = 5;

/// Services that do more at a first start than at others, which every start is on a blank root.
const UNEVEN: [&str; 3] = ["postgresql.service", "sshd-keygen.service", "sshd.service"];

/// Until when it took, in milliseconds.
#[derive(Default)]
struct Times {
    /// systemd in the initrd, from its start to that of the host's.
    initrd: Vec<u32>,
    /// From the kernel's start to the last unit of the host.
    whole: Vec<u32>,
    /// Our two units of the initrd, as its journal tells.
    units: Vec<u32>,
}

/// The units of which the time is told on its own.
const UNITS: &str = "journalctl -b -o short-monotonic _PID=1 + _SYSTEMD_UNIT=init.scope \
    | grep -E '(Starting|Finished) blankslate-(rollback|persist)[.]service'";

/// Measures and prints the table.
pub(super) fn run(out: &mut dyn Write) -> Result<()> {
    let workdir = Workdir::new("bench-boot")?;
    let nixos = Nixos::new(&Cache::find()?, &Programs::built()?)?;
    let config = Nixos::example()?;
    let disk = nixos.installed_disk(&workdir, &config, "")?;
    let with = nixos.initrd(&config).write(&workdir)?;
    let without = nixos.initrd_without_blankslate().write(&workdir)?;
    let boot = |image: &BootImage, masked: &[&str], times: &mut Times| -> Result<()> {
        let mut machine = nixos.machine(&workdir, image, std::slice::from_ref(&disk));
        for unit in UNEVEN.iter().chain(masked) {
            machine = machine.with_parameter(&format!("systemd.mask={unit}"));
        }
        let mut guest = machine.boot(Mode::Host)?;
        wait_until_it_runs(&mut guest)?;
        let show = "systemctl show -P InitRDTimestampMonotonic -P UserspaceTimestampMonotonic \
            -P FinishTimestampMonotonic";
        let text = guest.ok(&bash(show))?;
        let moments: Vec<u64> = text.split_whitespace().filter_map(|at| at.parse().ok()).collect();
        let &[initrd, userspace, finish] = moments.as_slice() else {
            anyhow::bail!("systemd does not tell its times: {text}")
        };
        times.initrd.push(milliseconds(userspace.saturating_sub(initrd))?);
        times.whole.push(milliseconds(finish)?);
        if masked.is_empty() {
            times.units.push(between(&guest.ok(&bash(UNITS))?)?);
        }
        guest.power_off()
    };
    // What is created only once is not counted.
    boot(&with, &[], &mut Times::default())?;
    let (mut ours, mut bare) = (Times::default(), Times::default());
    for _ in 0..ROUNDS {
        boot(&with, &[], &mut ours)?;
        boot(&without, &["blankslate.service"], &mut bare)?;
    }
    writeln!(
        out,
        "\nBooting with the example's 16 entries, under emulation (median of {ROUNDS}, ms):"
    )?;
    writeln!(out, "                    without    with   added")?;
    for (what, bare, ours) in
        [("the initrd", &bare.initrd, &ours.initrd), ("until all is up", &bare.whole, &ours.whole)]
    {
        let (bare, ours) = (median(bare.clone()), median(ours.clone()));
        let added = i64::from(ours) - i64::from(bare);
        writeln!(out, "  {what:<16}  {bare:>7}  {ours:>6}  {added:>6}")?;
    }
    writeln!(out, "  of it the two units of the initrd: {}", median(ours.units))?;
    writeln!(out, "  (without, the root is the old one, where activation finds all made already)")?;
    Ok(())
}

/// The milliseconds between the starts and the ends in lines of the journal, all of them together.
fn between(journal: &str) -> Result<u32> {
    let mut total = 0.0;
    for line in journal.lines() {
        let at = line.trim_start_matches(['[', ' ']).split(']').next().unwrap_or_default();
        let at: f64 = at.parse().with_context(|| format!("there is no time in {line}"))?;
        total += if line.contains("Finished ") { at } else { -at };
    }
    ensure!(total > 0.0, "the journal does not tell when the units ran:\n{journal}");
    milliseconds(std::time::Duration::from_secs_f64(total).as_micros().try_into()?)
}

fn milliseconds(microseconds: u64) -> Result<u32> {
    u32::try_from(microseconds / 1000).context("a boot took too long to count")
}
