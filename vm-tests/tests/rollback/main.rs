//! The boot step on real pools: what others got wrong, and what must be refused. One guest runs them
//! all; every scenario begins with a fresh pool.
#![allow(missing_docs, clippy::indexing_slicing, reason = "tests")]

mod adopt;
mod scenarios;
mod waiting;

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use scenarios::{End, SCENARIOS, Scenario};
use serde_json::Value;
use vm_tests::cache::Cache;
use vm_tests::disk;
use vm_tests::guest::{Guest, Machine, Mode};
use vm_tests::image::Image;
use vm_tests::programs::Programs;
use vm_tests::workdir::Workdir;

/// The declaration that most scenarios boot with.
const CONFIG: &str = "root / rpool/local/root blank";

/// A machine with two disks.
fn machine(workdir: &Workdir) -> Result<Machine<'_>> {
    let mut programs = Programs::built()?;
    for name in ["flock", "getfattr", "setfattr"] {
        programs = programs.with(name, vm_tests::command::find(name)?);
    }
    // That of busybox knows whole seconds.
    let programs = programs.with("touch-exactly", vm_tests::command::find("touch")?);
    let image = Image::new(&Cache::find()?, &programs)?;
    Ok(Machine::new(workdir, &image.write(workdir)?, &disk::several(workdir, 2)?))
}

/// Boots it, with the functions that scenarios are written in.
fn start(machine: &Machine<'_>) -> Result<Guest> {
    let mut guest = machine.boot(Mode::Bare)?;
    let functions = [include_str!("guest.sh"), include_str!("adopt.sh")].concat();
    guest.ok(&format!("cat >/run/lib.sh <<'END'\n{functions}\nEND"))?;
    Ok(guest)
}

fn guest(workdir: &Workdir) -> Result<Guest> {
    start(&machine(workdir)?)
}

fn sh(guest: &mut Guest, script: &str) -> Result<String> {
    guest.ok(&format!("set -e; . /run/lib.sh; {script}"))
}

/// Declares the roots and runs the boot step. Returns its exit status and the receipt.
fn boot(guest: &mut Guest, config: &str) -> Result<(i32, Value)> {
    sh(guest, &format!("{{ echo 'version = 1'; {config}; }} >/run/config.toml"))?;
    let status = guest.run("/bin/blankslate-initrd boot --config /run/config.toml")?.status;
    let receipt = guest.ok("cat /run/blankslate/boot.json")?;
    let receipt = serde_json::from_str(&receipt).context("cannot read the receipt")?;
    let schema = serde_json::from_str(include_str!("../../../docs/schema/boot-1.json"))?;
    let faults: Vec<String> =
        jsonschema::validator_for(&schema)?.iter_errors(&receipt).map(|e| e.to_string()).collect();
    ensure!(faults.is_empty(), "the receipt does not fit its schema: {faults:?}\n{receipt:#}");
    Ok((status, receipt))
}

/// Whether a line of the witness is about a root that is to be rolled back, or its snapshots.
fn is_about(line: &str, dataset: &str) -> bool {
    line.strip_prefix(dataset).is_some_and(|rest| rest.starts_with(['\t', '@', '#']))
}

/// The snapshots of a dataset in a witness, as `name guid`.
fn snapshots(witness: &str, dataset: &str) -> BTreeSet<String> {
    let prefix = format!("{dataset}@");
    let lines = witness.lines().filter_map(|line| line.strip_prefix(prefix.as_str()));
    let fields = lines.filter_map(|line| {
        let mut fields = line.split('\t');
        Some(format!("{} {}", fields.next()?, fields.next()?))
    });
    fields.collect()
}

fn destroyed(root: &Value) -> BTreeSet<String> {
    let each = root["destroyed"].as_array().into_iter().flatten();
    each.map(|s| format!("{} {}", text(&s["name"]), text(&s["guid"]))).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Plays a scenario and checks the pool, the receipt and the exit status.
fn play(guest: &mut Guest, scenario: &Scenario) -> Result<()> {
    sh(guest, &format!("fresh; {}", scenario.prepare))?;
    // Looked at first: to mount a dataset, even read-only, writes a little.
    let held = sh(guest, scenario.look)?;
    let before = sh(guest, "witness")?;
    let config = if scenario.config.is_empty() { CONFIG } else { scenario.config };
    let (status, receipt) = boot(guest, config)?;
    let after = sh(guest, "witness")?;
    let roots = receipt["roots"].as_array().context("no roots in the receipt")?;
    ensure!(roots.len() == scenario.ends.len(), "other roots: {receipt:#}");
    let mut erased = Vec::new();
    for (root, end) in roots.iter().zip(scenario.ends) {
        let dataset = text(&root["dataset"]).to_owned();
        if check_end(root, end, &before, &after)? {
            let now = sh(guest, &format!("holds '{dataset}'"))?;
            ensure!(now.is_empty(), "{dataset} is not blank: {now}");
            erased.push(dataset);
        }
    }
    if erased.is_empty() {
        ensure!(before == after, "nothing may change:\n{before}\n{after}");
        ensure!(held == sh(guest, scenario.look)?, "what the root holds changed");
    }
    let beside = |witness: &str| -> Vec<String> {
        let others = witness.lines().filter(|line| !erased.iter().any(|root| is_about(line, root)));
        others.map(str::to_owned).collect()
    };
    ensure!(beside(&before) == beside(&after), "something beside changed:\n{before}\n{after}");
    ensure!(status == scenario.status, "exit status {status}: {receipt:#}");
    Ok(())
}

/// Checks what became of one root; tells whether it was rolled back.
fn check_end(root: &Value, end: &End, before: &str, after: &str) -> Result<bool> {
    let (outcome, reason) = (text(&root["outcome"]), text(&root["reason"]));
    let (expected, why) = match end {
        End::RolledBack(gone) => {
            ensure!(outcome == "rolled-back", "not rolled back: {root:#}");
            let dataset = text(&root["dataset"]);
            let (was, is) = (snapshots(before, dataset), snapshots(after, dataset));
            let missing: BTreeSet<String> = was.difference(&is).cloned().collect();
            ensure!(missing.len() == *gone, "these went: {missing:?}");
            ensure!(missing == destroyed(root), "the receipt names others: {root:#}");
            ensure!(is.is_subset(&was), "new snapshots: {is:?}");
            return Ok(true);
        }
        End::Skipped(why) => ("skipped", why),
        End::Refused(why) => ("refused", why),
        End::Misdeclared(why) => ("misdeclared", why),
        End::Failed(why) => ("failed", why),
    };
    ensure!(outcome == expected, "not {expected}: {root:#}");
    let told = match why.strip_suffix('…') {
        Some(beginning) => reason.starts_with(beginning),
        None => reason == *why,
    };
    ensure!(told, "another reason: {reason}\nexpected: {why}");
    Ok(false)
}

/// Plays every second scenario, from `first` on: two guests share the work.
fn play_half(first: usize) -> Result<()> {
    let workdir = Workdir::new(&format!("rollback-{first}"))?;
    let mut guest = guest(&workdir)?;
    let mut failed = Vec::new();
    for scenario in SCENARIOS.iter().skip(first).step_by(2) {
        println!("{}", scenario.name);
        if let Err(error) = play(&mut guest, scenario) {
            failed.push(format!("{}: {error:#}", scenario.name));
        }
        guest.run(
            "killall sleep; umount /proc/cmdline; umount /run/mounted; . /run/lib.sh; let_go",
        )?;
    }
    ensure!(failed.is_empty(), "{} scenarios failed:\n{}", failed.len(), failed.join("\n\n"));
    guest.power_off()
}

#[test]
fn vm_only_the_declared_root_is_erased_and_what_is_not_understood_is_not() -> Result<()> {
    play_half(0)
}

#[test]
fn vm_only_the_declared_root_is_erased_and_what_is_not_understood_is_not_either() -> Result<()> {
    play_half(1)
}

#[test]
fn vm_run_twice_it_does_nothing_and_says_so() -> Result<()> {
    let workdir = Workdir::new("twice")?;
    let mut guest = guest(&workdir)?;
    sh(&mut guest, "fresh; newer 3")?;
    assert_eq!(boot(&mut guest, CONFIG)?.1["roots"][0]["outcome"], "rolled-back");
    let before = sh(&mut guest, "witness")?;
    let (status, receipt) = boot(&mut guest, CONFIG)?;
    assert_eq!((status, text(&receipt["roots"][0]["outcome"])), (0, "skipped"));
    assert_eq!(receipt["roots"][0]["reason"], "it is blank already");
    assert_eq!(sh(&mut guest, "witness")?, before);
    guest.power_off()
}

#[test]
fn vm_a_second_run_waits_for_the_lock_of_the_first() -> Result<()> {
    let workdir = Workdir::new("lock")?;
    let mut guest = guest(&workdir)?;
    sh(&mut guest, "fresh; mkdir -p /run/blankslate")?;
    guest.ok("flock /run/blankslate/lock sh -c 'touch /run/held; sleep 3; touch /run/let-go' >/dev/null 2>&1 &")?;
    guest.ok("while ! [ -e /run/held ]; do usleep 10000; done")?;
    let (status, receipt) = boot(&mut guest, CONFIG)?;
    assert_eq!((status, text(&receipt["roots"][0]["outcome"])), (0, "rolled-back"));
    guest.ok("[ -e /run/let-go ]")?;
    guest.power_off()
}

#[test]
fn vm_the_program_looks_again_inside_the_kernel_before_it_acts() -> Result<()> {
    let workdir = Workdir::new("again")?;
    let mut guest = guest(&workdir)?;
    sh(&mut guest, "fresh; newer 2")?;
    let program = include_str!("../../../src/zfs/rollback.lua");
    guest.ok(&format!("cat >/run/rollback.lua <<'END'\n{program}\nEND"))?;
    let before = sh(&mut guest, "witness")?;
    // What decide would have ordered, with one thing changed since.
    // Lua's numbers are signed, and so are the shell's.
    let guid = "g() { echo $(($(zfs get -H -p -o value guid $1))); }; t() { zfs get -H -p -o value createtxg $1; }; D=rpool/local/root; T=$(printf '\\t')";
    let good = "root$T$D$T$(g $D)$T$D@blank$T$(g $D@blank)";
    let (a0, z1) = ("doomed$T$D@a0$T$(t $D@a0)", "doomed$T$D@z1$T$(t $D@z1)");
    let table = [
        (
            format!("{good}\n{a0}"),
            "rpool/local/root@z1 is newer than the blank and was not there before",
        ),
        (
            format!("{good}\n{a0}\ndoomed$T$D@z1${{T}}1"),
            "rpool/local/root@z1 is newer than the blank and was not there before",
        ),
        (
            format!("{good}\n{a0}\n{z1}\ndoomed$T$D@blank$T$(t $D@blank)"),
            "not all that the order names is newer than rpool/local/root@blank",
        ),
        (
            format!("{good}\n{a0}\n{z1}\ndoomed$T$D@older$T$(t $D@older)"),
            "not all that the order names is newer than rpool/local/root@blank",
        ),
        (
            format!("{good}\n{a0}\n{z1}\ndoomed$T$D@q${{T}}1"),
            "not all that the order names is newer than rpool/local/root@blank",
        ),
        (
            format!("root$T$D${{T}}1$T$D@blank$T$(g $D@blank)\n{a0}\n{z1}"),
            "rpool/local/root is not the dataset that was looked at",
        ),
        (
            format!("root$T$D$T$(g $D)$T$D@blank${{T}}1\n{a0}\n{z1}"),
            "rpool/local/root@blank is not the snapshot that was looked at",
        ),
        (format!("{good}\n{a0}\nodd"), "the order has a line that is not understood"),
        (String::new(), "the order names no dataset"),
    ];
    for (order, why) in &table {
        let said = guest.ok(&run_order(guid, order))?;
        ensure!(said.contains(&format!("changed\t{why}")), "{order}: {said}");
        ensure!(sh(&mut guest, "witness")? == before, "{order} changed something");
    }
    sh(&mut guest, "zfs bookmark rpool/local/root@a0 rpool/local/root#mark")?;
    let marked = sh(&mut guest, "witness")?;
    let said = guest.ok(&run_order(guid, &format!("{good}\n{a0}\n{z1}")))?;
    ensure!(said.contains("root#mark is a bookmark and was not there before"), "{said}");
    ensure!(sh(&mut guest, "witness")? == marked, "a bookmark did not stop it");
    guest.power_off()
}

/// A script that runs the program with the order written into it: zfs(8) passes no tables.
fn run_order(functions: &str, order: &str) -> String {
    format!(
        "{functions}; {{ printf 'local args = {{order = [[%s]]}}\\n' \"{order}\"; \
         grep -v '^args = ' /run/rollback.lua; }} >/run/p.lua; zfs program rpool /run/p.lua"
    )
}

#[test]
fn vm_a_signal_in_the_middle_does_not_leave_half_of_it() -> Result<()> {
    let workdir = Workdir::new("signal")?;
    let mut guest = guest(&workdir)?;
    sh(
        &mut guest,
        "fresh; newer 60; { echo 'version = 1'; root / rpool/local/root blank; } >/run/c",
    )?;
    // OpenZFS stops a program whose caller gets a signal. The storm begins when the step holds signals
    // back, before it has looked at a pool, and lasts to its end.
    let status = guest.ok(
        "/bin/blankslate-initrd boot --config /run/c 2>/dev/null & p=$!; s=/proc/$p/status; \
         holds() { grep -q '^Name:.blankslate' $s && grep -q '^SigBlk:.*[1-9a-f]' $s; }; \
         ended() { ! [ -e $s ] || grep -q '^State:.Z' $s; }; \
         until holds || ended; do usleep 1000; done; echo >/run/storms; \
         until ended; do echo >>/run/storms; \
         for i in 1 2 3 4 5 6 7 8; do kill -TERM $p; kill -INT $p; usleep 2000; done; done; \
         wait $p; echo $?",
    )?;
    let rounds = guest.ok("wc -l </run/storms")?;
    ensure!(rounds.trim().parse::<u32>()? > 1, "it ended before any signal came");
    assert_eq!(status, "0\n");
    let receipt: Value = serde_json::from_str(&guest.ok("cat /run/blankslate/boot.json")?)?;
    assert_eq!(receipt["roots"][0]["outcome"], "rolled-back");
    assert_eq!(destroyed(&receipt["roots"][0]).len(), 60);
    assert_eq!(sh(&mut guest, "holds rpool/local/root")?, "");
    guest.power_off()
}

#[test]
fn vm_without_the_module_it_refuses_with_a_sentence() -> Result<()> {
    let workdir = Workdir::new("module")?;
    let mut guest = guest(&workdir)?;
    guest.ok("rmmod zfs && rmmod spl")?;
    let (status, receipt) = boot(&mut guest, CONFIG)?;
    assert_eq!((status, text(&receipt["roots"][0]["outcome"])), (1, "refused"));
    assert_eq!(
        receipt["roots"][0]["reason"],
        "ZFS does not answer: the module is not loaded; load the zfs module, of the version that libzfs has"
    );
    guest.power_off()
}
