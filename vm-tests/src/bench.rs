//! How fast and how big: the boot step beside `zfs rollback -r` and the report beside `zfs diff`, in
//! one guest, a whole boot with it and without, and the program as it is shipped. Times under emulation mean nothing alone; the ratios do.

mod boot;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;

use anyhow::{Context as _, Result, ensure};

use crate::cache::Cache;
use crate::command;
use crate::disk;
use crate::guest::{Guest, Machine, Mode};
use crate::image::Image;
use crate::programs::Programs;
use crate::workdir::{Workdir, target_directory};

const SCRIPT: &str = include_str!("../guest/bench");

/// How often each is timed; the median counts.
const ROUNDS: usize = 9;

/// How often `zfs diff` is timed, which takes seconds.
const ROUNDS_OF_DIFF: usize = 3;

/// How many changes both have to see.
const CHANGES: usize = 3000;

/// A table of its own.
type Part = fn(&mut dyn Write) -> Result<()>;

/// All of them, each with its name.
const PARTS: [(&str, Part); 3] = [("pool", pool), ("boot", boot::run), ("shipped", shipped)];

/// Measures and prints the tables, or only the one of this name.
///
/// # Errors
/// When there is none of this name, or a guest or a program does not do what it should.
pub fn run(out: &mut dyn Write, only: Option<&str>) -> Result<()> {
    let names = PARTS.map(|(name, _)| name);
    ensure!(only.is_none_or(|only| names.contains(&only)), "write one of {}", names.join(", "));
    for (_, part) in PARTS.iter().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
        part(out)?;
    }
    Ok(())
}

/// The boot step and the report, on one pool in one guest.
fn pool(out: &mut dyn Write) -> Result<()> {
    let workdir = Workdir::new("bench")?;
    let image = Image::new(&Cache::find()?, &Programs::built()?)?;
    let machine = Machine::new(&workdir, &image.write(&workdir)?, &[disk::empty(&workdir)?]);
    let mut guest = machine.boot(Mode::Bare)?;
    guest.ok(&format!("cat >/run/bench <<'END'\n{SCRIPT}\nEND\n. /run/bench; prepare"))?;
    writeln!(out, "\nRolling back, in a guest under emulation (median of {ROUNDS}, ms):")?;
    writeln!(out, "  newer snapshots  zfs rollback -r  blankslate-initrd boot  ratio")?;
    for newer in [0, 20, 100] {
        let (zfs, ours) = compare(&mut guest, newer)?;
        let ratio = f64::from(zfs) / f64::from(ours.max(1));
        writeln!(out, "  {newer:>15}  {zfs:>15}  {ours:>22}  {ratio:>4.1} ×")?;
    }
    let (without, with) = adopting(&mut guest)?;
    writeln!(out, "  with 100 entries and nothing to adopt: {with}, without entries: {without}")?;
    let peak = guest.ok(". /run/bench; live 0; peak")?;
    writeln!(out, "  peak memory of the boot step: {} KiB", peak.trim())?;
    report(out, &mut guest)?;
    guest.power_off()
}

/// The medians of both ways, in milliseconds, taken in turns.
fn compare(guest: &mut Guest, newer: u32) -> Result<(u32, u32)> {
    let (mut zfs, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        zfs.push(timed(guest, newer, "zfs rollback -r rpool/local/root@blank")?);
        ours.push(timed(guest, newer, "/bin/blankslate-initrd boot --config /run/config.toml")?);
    }
    Ok((median(zfs), median(ours)))
}

/// The medians of a boot step that has nothing to look for, and of one that looks and finds nothing.
fn adopting(guest: &mut Guest) -> Result<(u32, u32)> {
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for (times, config) in [(&mut without, "config"), (&mut with, "entries")] {
            let step = format!("/bin/blankslate-initrd boot --config /run/{config}.toml");
            times.push(timed_after(guest, "live_with_entries 0", &step)?);
        }
    }
    Ok((median(without), median(with)))
}

/// The report beside `zfs diff`, on a root of which the blank is empty, as most are, and on another.
fn report(out: &mut dyn Write, guest: &mut Guest) -> Result<()> {
    writeln!(out, "\nSeeing {CHANGES} changed files, in the same guest (median, ms):")?;
    writeln!(
        out,
        "                                        zfs diff  what-will-i-lose --every  ratio"
    )?;
    let kinds = [("added", "all added"), ("mixed", "a third each added, changed, removed")];
    for (kind, words) in kinds {
        let (zfs, ours) = seeing_changes(guest, kind)?;
        let ratio = f64::from(zfs) / f64::from(ours.max(1));
        writeln!(out, "  {words:<36}  {zfs:>8}  {ours:>24}  {ratio:>4.0} ×")?;
    }
    Ok(())
}

/// The medians of `zfs diff` and of the report, on one root; both have to see all changes.
fn seeing_changes(guest: &mut Guest, kind: &str) -> Result<(u32, u32)> {
    guest.ok(&format!(". /run/bench; {kind} {}", CHANGES / 3))?;
    for seen in [". /run/bench; diff | wc -l", ". /run/bench; lose --print0 | tr -cd '\\0' | wc -c"]
    {
        let count: usize = guest.ok(seen)?.trim().parse().context("cannot read a number")?;
        // Beside the files, `zfs diff` names the directories in which they lie.
        ensure!((CHANGES..CHANGES + 20).contains(&count), "{count} changes are seen: {seen}");
    }
    let mut of = |rounds: usize, what: &str| -> Result<u32> {
        let times = (0..rounds).map(|_| time(guest, &format!(". /run/bench; timed {what}")));
        Ok(median(times.collect::<Result<Vec<u32>>>()?))
    };
    Ok((of(ROUNDS_OF_DIFF, "diff")?, of(ROUNDS, "lose")?))
}

fn timed(guest: &mut Guest, newer: u32, what: &str) -> Result<u32> {
    timed_after(guest, &format!("live {newer}"), what)
}

fn timed_after(guest: &mut Guest, prepare: &str, what: &str) -> Result<u32> {
    time(guest, &format!(". /run/bench; {prepare}; timed {what}; blank"))
}

fn time(guest: &mut Guest, script: &str) -> Result<u32> {
    let text = guest.ok(script)?;
    text.trim().parse().with_context(|| format!("cannot read a time: {text:?}"))
}

fn median(mut times: Vec<u32>) -> u32 {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The program as it is shipped, on this machine.
fn shipped(out: &mut dyn Write) -> Result<()> {
    let program = target_directory().join("release/blankslate-initrd");
    let size = fs::metadata(&program).context("cannot look at the program")?.len();
    writeln!(out, "\nThe program as it is shipped:")?;
    writeln!(out, "  size: {} KiB", size / 1024)?;
    let program = program.display().to_string();
    let mut theirs = libraries(&command::find("zfs")?.display().to_string())?;
    theirs.extend(libraries(&command::find("zpool")?.display().to_string())?);
    let more: Vec<String> = libraries(&program)?.difference(&theirs).cloned().collect();
    writeln!(out, "  libraries beyond those of zfs and zpool: {}", describe(&more)?)?;
    let start = start_time(&program)?;
    writeln!(out, "  from exec to a refusal, natively, without ZFS: {start:.1} ms (mean of 100)")?;
    Ok(())
}

fn describe(libraries: &[String]) -> Result<String> {
    let mut words = Vec::new();
    for library in libraries {
        let size =
            fs::metadata(library).with_context(|| format!("cannot look at {library}"))?.len();
        words.push(format!("{library} ({} KiB)", size / 1024));
    }
    Ok(if words.is_empty() { "none".to_owned() } else { words.join(", ") })
}

fn libraries(program: &str) -> Result<BTreeSet<String>> {
    let text = command::run("ldd", &[program])?;
    let text = String::from_utf8_lossy(&text);
    let paths = text.split_whitespace().filter(|word| word.starts_with('/'));
    Ok(paths.map(str::to_owned).collect())
}

/// Runs the boot step 100 times where there is no ZFS, in a mount namespace with a /run of its own:
/// all of it but the ioctls.
fn start_time(program: &str) -> Result<f64> {
    let script = "mount -t tmpfs run /run; mount --bind /dev/null /dev/kmsg; cd /run; \
        printf 'version = 1\\n[[root]]\\nmount = \"/\"\\nkind = \"zfs\"\\ndataset = \"r/l\"\\nsnapshot = \"b\"\\n' >c.toml; \
        start=$(date +%s%N); i=0; \
        while [ $i -lt 100 ]; do \"$1\" boot --config c.toml 2>/dev/null; i=$((i + 1)); done; \
        echo $((($(date +%s%N) - start) / 100))";
    let text = command::run("unshare", &["--mount", "--", "sh", "-c", script, "sh", program])?;
    let text = String::from_utf8_lossy(&text);
    let nanoseconds: f64 = text.trim().parse().context("cannot read a time")?;
    Ok(nanoseconds / 1e6)
}
