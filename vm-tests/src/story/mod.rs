//! The story that the project is about, on a real host: it boots erased, keeps what was declared,
//! and says beforehand what it will lose. The VM test and `make demo` tell the same one; every
//! sentence in it is checked.

mod ask;

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

use crate::cache::Cache;
use crate::guest::{Guest, Machine, Mode};
use crate::image::Image;
use crate::install::installed_disk;
use crate::programs::Programs;
use crate::workdir::Workdir;
use ask::{PathSet, State};

const CONFIG: &str = include_str!("../../guest/story/config.toml");
const SEED: &str = include_str!("../../guest/story/seed");
const KEEP: &str = include_str!("../../guest/story/keep");
const LOSE: &str = include_str!("../../guest/story/lose");

/// What nobody declared, and what therefore has to be reported, and has to go.
const DARLINGS: [&[u8]; 7] = [
    b"/etc/ipsec.secrets",
    b"/var/lib/forgotten/db",
    b"/root/notes",
    b"/root/two\nlines",
    b"/root/caf\xe9",
    b"/root/dangling",
    b"/root/fifo",
];

/// A piece of the story, as it is told.
#[derive(Debug, Clone, Copy)]
pub enum Piece<'a> {
    /// A new chapter begins.
    Chapter(&'a str),
    /// One sentence.
    Sentence(&'a str),
    /// What a program in the guest said, or a list.
    Quote(&'a str),
}

/// Who listens to the story.
pub type Listener<'a> = &'a mut dyn FnMut(Piece<'_>);

/// Tells the story with these programs, and checks every sentence of it.
///
/// # Errors
/// When the host does not behave as the story says.
pub fn tell(programs: &Programs, workdir: &Workdir, listener: Listener<'_>) -> Result<()> {
    listener(Piece::Chapter("A host on ZFS"));
    listener(Piece::Sentence(
        "A disk gets a pool as in \"Erase your darlings\": the root and its snapshot @blank, and \
         beside it /nix, /home and /persist, which are never erased.",
    ));
    let image = Image::new(&Cache::find()?, programs)?.with_config(CONFIG);
    let disk = installed_disk(workdir, &image, SEED)?;
    let boot = image.write(workdir)?;
    let machine = Machine::new(workdir, &boot, &[disk]);

    let (fresh, lost, before) = first_boot(&machine, listener)?;
    listener(Piece::Chapter("Second boot: the root is rolled back"));
    let second = later_boot(&machine, &fresh, &before, listener)?;
    check_what_is_gone(&lost.before, &second, &lost.reported, listener)?;

    listener(Piece::Chapter("Third boot: it holds"));
    later_boot(&machine, &fresh, &before, listener)?;
    listener(Piece::Sentence("The same again: nothing more is gone, nothing has come back."));
    Ok(())
}

/// What the first boot leaves to be compared.
struct Loss {
    /// All paths of the root before the reboot.
    before: PathSet,
    /// Those that were reported as lost.
    reported: PathSet,
}

fn first_boot(machine: &Machine<'_>, listener: Listener<'_>) -> Result<(PathSet, Loss, State)> {
    listener(Piece::Chapter("First boot: life goes on"));
    let mut guest = machine.boot(Mode::Host)?;
    check_steps(&mut guest)?;
    let fresh = ask::paths_of_root(&mut guest)?;
    guest.ok(KEEP)?;
    listener(Piece::Sentence("Declared, and written to where programs always write:"));
    listener(Piece::Quote(&ask::kept_files(&mut guest)?));
    guest.ok(LOSE)?;
    listener(Piece::Sentence("Written beside it, and declared by nobody:"));
    listener(Piece::Quote(&list(DARLINGS)));

    listener(Piece::Chapter("What will I lose?"));
    listener(Piece::Quote(&ask::report_as_text(&mut guest)?));
    let report = ask::report(&mut guest)?;
    ensure!(report.complete, "the report is not complete");
    for darling in DARLINGS {
        ensure!(report.lost.contains(darling), "{} was not reported", darling.escape_ascii());
    }
    let loss = Loss { before: ask::paths_of_root(&mut guest)?, reported: report.lost };
    let state = State::of(&mut guest)?;
    guest.power_off()?;
    Ok((fresh, loss, state))
}

/// Boots again: the root has to be as fresh as after the first boot, all else as it was left.
fn later_boot(
    machine: &Machine<'_>,
    fresh: &PathSet,
    before: &State,
    listener: Listener<'_>,
) -> Result<PathSet> {
    let mut guest = machine.boot(Mode::Host)?;
    check_steps(&mut guest)?;
    listener(Piece::Sentence("`blankslate status` says:"));
    listener(Piece::Quote(&guest.ok("blankslate status --config /run/guest/config.toml")?));
    let now = ask::paths_of_root(&mut guest)?;
    let left = list(now.difference(fresh).map(Vec::as_slice));
    let missing = list(fresh.difference(&now).map(Vec::as_slice));
    ensure!(left.is_empty(), "these paths should have gone with the rollback:\n{left}");
    ensure!(missing.is_empty(), "these paths should be on the root again:\n{missing}");
    before.check_unchanged(&State::of(&mut guest)?)?;
    listener(Piece::Sentence(
        "Every declared byte is there, with its owner and mode; /nix and /home are untouched.",
    ));
    let report = ask::report(&mut guest)?;
    let lost = list(report.lost.iter().map(Vec::as_slice));
    ensure!(
        lost.is_empty(),
        "on a fresh root nothing can be lost, yet these were reported:\n{lost}"
    );
    guest.power_off()?;
    Ok(now)
}

fn check_what_is_gone(
    before: &PathSet,
    now: &PathSet,
    reported: &PathSet,
    listener: Listener<'_>,
) -> Result<()> {
    let gone: PathSet = before.difference(now).cloned().collect();
    let silent = list(gone.difference(reported).map(Vec::as_slice));
    let alarm = list(reported.difference(&gone).map(Vec::as_slice));
    ensure!(silent.is_empty(), "these paths are gone and were not reported as lost:\n{silent}");
    ensure!(alarm.is_empty(), "these paths were reported as lost and are still there:\n{alarm}");
    listener(Piece::Sentence("Gone is what was reported as lost, path for path:"));
    listener(Piece::Quote(&list(gone.iter().map(Vec::as_slice))));
    Ok(())
}

fn check_steps(guest: &mut Guest) -> Result<()> {
    for step in ["boot", "persist"] {
        let status = guest.step_status(step)?;
        ensure!(
            status == 0,
            "blankslate-initrd {step} ended with status {status}:\n{}",
            guest.ok(&format!("cat /run/guest/{step}.log"))?
        );
    }
    Ok(())
}

/// One path a line, each on a line of its own whatever its name.
fn list<'a>(paths: impl IntoIterator<Item = &'a [u8]>) -> String {
    let sorted: BTreeSet<String> =
        paths.into_iter().map(|path| path.escape_ascii().to_string()).collect();
    sorted.into_iter().collect::<Vec<_>>().join("\n")
}
