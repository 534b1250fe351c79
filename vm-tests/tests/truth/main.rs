//! The truth test of `what-will-i-lose`: on a host as near to NixOS as Debian's packages allow, with
//! real services, every kind of change is planted, the loss is predicted, the host boots again, and
//! both are compared path by path. No path is left out of the comparison.
#![allow(missing_docs, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "keeps the score beside the serial logs")]

mod listing;
mod plants;
mod report;
mod score;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use listing::Listing;
use report::{ONE_LINERS, Paths, Said};
use score::World;
use vm_tests::cache::Cache;
use vm_tests::debian::{Debian, bash, wait_until_it_runs};
use vm_tests::guest::{Guest, Machine, Mode};
use vm_tests::image::Image;
use vm_tests::programs::Programs;
use vm_tests::workdir::Workdir;

const CONFIG: &str = include_str!("../../guest/truth/config.toml");
const LATE: &str = include_str!("../../guest/truth/config.late.toml");
const SEED: &str = include_str!("../../guest/truth/seed");

/// Boots, and waits until systemd has started all there is to start.
fn boot(machine: &Machine<'_>) -> Result<Guest> {
    let mut guest = machine.boot(Mode::Host)?;
    wait_until_it_runs(&mut guest)?;
    for step in ["boot", "persist"] {
        ensure!(guest.step_status(step)? == 0, "blankslate-initrd {step} failed");
    }
    Ok(guest)
}

/// Takes the listing of the bare root until two in a row are the same, with `between` them. Services
/// go on running, as they do on a host, and write when they want to; what was taken between two
/// listings that do not differ in a byte agrees with both.
fn while_nothing_changes<T>(
    guest: &mut Guest,
    mut between: impl FnMut(&mut Guest) -> Result<T>,
) -> Result<(Listing, T)> {
    // What begins by the clock would be in the way: at midnight all of it begins.
    guest.ok(&bash("systemctl stop '*.timer'; journalctl --sync"))?;
    let mut before = listing::take(guest, "bare")?;
    let mut restless = Paths::new();
    for _ in 0..10 {
        let value = between(guest)?;
        let after = listing::take(guest, "bare")?;
        if before == after {
            return Ok((after, value));
        }
        restless = differing(&before, &after);
        before = after;
    }
    let names: Vec<String> = restless.iter().map(|path| path.escape_ascii().to_string()).collect();
    anyhow::bail!("the root does not come to rest: {names:?}")
}

fn differing(one: &Listing, other: &Listing) -> Paths {
    let paths = one.keys().chain(other.keys());
    paths.filter(|path| one.get(*path) != other.get(*path)).cloned().collect()
}

fn plant(guest: &mut Guest) -> Result<()> {
    guest.ok(&bash("mkdir -p /run/bare && mount --bind / /run/bare"))?;
    let all = plants::PLANTS.iter().map(|plant| (plant.kind, plant.script));
    for (kind, script) in all.chain([("declared", plants::DECLARED)]) {
        let script = bash(&format!("set -e; umask 022; cd /opt/site\n{script}"));
        guest.ok(&script).with_context(|| format!("cannot plant: {kind}"))?;
    }
    guest.ok(&bash("umount /run/bare; journalctl --sync; sync")).map(drop)
}

/// The directories that systemd makes for the host's units, as it knows them.
fn service_directories(guest: &mut Guest) -> Result<BTreeSet<String>> {
    let script = "systemctl show '*.service' -p StateDirectory,CacheDirectory,LogsDirectory";
    let text = guest.ok(&bash(script))?;
    let mut directories = BTreeSet::new();
    for (key, names) in text.lines().filter_map(|line| line.split_once('=')) {
        let below = match key {
            "StateDirectory" => "/var/lib",
            "CacheDirectory" => "/var/cache",
            _ => "/var/log",
        };
        for name in names.split_whitespace() {
            directories.insert(format!("{below}/{name}"));
            directories.insert(format!("{below}/private/{name}"));
        }
    }
    Ok(directories)
}

/// What was known before the reboot.
struct Predicted {
    blank: Listing,
    before: Listing,
    said: BTreeMap<Vec<u8>, Said>,
    columns: Vec<(&'static str, Paths)>,
    service_directories: BTreeSet<String>,
}

fn before_the_reboot(machine: &Machine<'_>) -> Result<Predicted> {
    let mut guest = boot(machine)?;
    guest.ok(&format!("cat >/run/guest/declared.toml <<'END'\n{CONFIG}{LATE}\nEND"))?;
    let blank = listing::take(&mut guest, "blank")?;
    plant(&mut guest)?;
    // As long as its timer runs, systemd knows a service.
    let service_directories = service_directories(&mut guest)?;
    let (before, said) = while_nothing_changes(&mut guest, report::predict)?;
    let mut columns = vec![("what-will-i-lose", score::reported(&said))];
    for one in &ONE_LINERS {
        columns.push((one.name, one.ask(&mut guest)?));
    }
    guest.power_off()?;
    Ok(Predicted { blank, before, said, columns, service_directories })
}

#[test]
fn vm_what_is_gone_was_reported_and_what_was_reported_is_gone_on_a_host_with_services() -> Result<()>
{
    let workdir = Workdir::new("truth")?;
    let cache = Cache::find()?;
    let image = Image::new(&cache, &Programs::built()?)?;
    let (debian, image) = Debian::add_to(image, &cache)?;
    let disk = [debian.installed_disk(&workdir, &image, SEED)?];
    let first = image.clone().with_config(CONFIG).write(&workdir)?;
    let second = image.with_config(&[CONFIG, LATE].concat()).write(&workdir)?;

    let predicted = before_the_reboot(&Machine::new(&workdir, &first, &disk))?;
    let mut guest = boot(&Machine::new(&workdir, &second, &disk))?;
    let (after, store) = while_nothing_changes(&mut guest, |guest| listing::take(guest, "store"))?;
    guest.power_off()?;

    let Predicted { blank, before, said, columns, service_directories } = predicted;
    let world = World { blank, before, after, store, service_directories };
    let misjudged = world.judge(&said);
    let text = format!("{}\n{misjudged}", score::table(&world, &columns));
    println!("{text}");
    std::fs::write(workdir.join("score.txt"), &text)?;
    for plant in plants::PLANTS {
        for path in plant.paths {
            ensure!(world.is_gone(path), "{}: {} is not gone", plant.kind, path.escape_ascii());
        }
    }
    ensure!(misjudged.failures.is_empty(), "paths are misjudged: see above");
    Ok(())
}
