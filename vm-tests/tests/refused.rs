//! A whole host on which the rollback is refused, or switched off at the boot menu: it boots, keeps
//! everything, and says so.
#![allow(missing_docs, reason = "tests")]

use anyhow::{Result, ensure};
use vm_tests::cache::Cache;
use vm_tests::guest::{Guest, Machine, Mode};
use vm_tests::image::Image;
use vm_tests::install::installed_disk;
use vm_tests::programs::Programs;
use vm_tests::workdir::Workdir;

const CONFIG: &str = "version = 1\n[[root]]\nmount = \"/\"\nkind = \"zfs\"\n\
    dataset = \"rpool/local/root\"\nsnapshot = \"blank\"\n";

/// The exit status of `blankslate status`, and what it says.
fn status(guest: &mut Guest) -> Result<(i32, String)> {
    let output = guest.run("blankslate status --config /run/guest/config.toml")?;
    Ok((output.status, String::from_utf8(output.stdout)?))
}

fn check(guest: &mut Guest, code: i32, said: &str, darling: bool) -> Result<()> {
    ensure!(guest.step_status("boot")? == code, "the boot step ended otherwise");
    ensure!(
        guest.ok("[ -e /darling ] && echo there || true")? == if darling { "there\n" } else { "" }
    );
    let status = status(guest)?;
    ensure!(status == (code, format!("{said}\n")), "status: {status:?}");
    if code != 0 {
        // The kernel's own line, which `quiet` does not keep from the console.
        let console = guest.serial()?;
        ensure!(
            console.contains(&format!("] blankslate: {said}")),
            "not on the console: {console}"
        );
    }
    let logged = guest.ok("dmesg")?;
    ensure!(logged.contains(&format!("blankslate: {said}")), "not in the kernel log: {logged}");
    Ok(())
}

#[test]
fn vm_a_host_that_may_not_be_erased_boots_keeps_everything_and_is_loud() -> Result<()> {
    let workdir = Workdir::new("refused")?;
    let image = Image::new(&Cache::find()?, &Programs::built()?)?.with_config(CONFIG);
    let disk = installed_disk(&workdir, &image, "")?;
    let machine = Machine::new(&workdir, &image.write(&workdir)?, &[disk]);

    let mut guest = machine.boot(Mode::Host)?;
    guest.ok(
        "touch /darling; zfs snapshot rpool/local/root@mine; zfs hold backup rpool/local/root@mine",
    )?;
    guest.power_off()?;

    let mut guest = machine.boot(Mode::Host)?;
    let held = "rpool/local/root NOT rolled back: rpool/local/root@mine is newer than the blank and held; \
        release it with `zfs release 'backup' rpool/local/root@mine`";
    check(&mut guest, 1, held, true)?;
    // The sentence ends in the cure.
    guest.ok("zfs release 'backup' rpool/local/root@mine")?;
    guest.power_off()?;

    let mut guest = machine.clone().with_parameter("blankslate.rollback=no").boot(Mode::Host)?;
    let off =
        "rpool/local/root left as it is: blankslate.rollback=no is on the kernel's command line";
    check(&mut guest, 0, off, true)?;
    guest.power_off()?;

    let mut guest = machine.boot(Mode::Host)?;
    let done = "rpool/local/root rolled back to rpool/local/root@blank, 1 newer snapshot destroyed";
    check(&mut guest, 0, done, false)?;
    guest.power_off()
}
