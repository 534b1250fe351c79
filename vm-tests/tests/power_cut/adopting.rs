//! The power is cut while the boot step adopts: data that is declared lies on the old root, or whole in
//! the store. It is never lost, and after the next boot all is as if there had been no cut.

use super::*;

const ENTRY: &str = "[[store.entry]]\ntarget = \"/var/lib/moved\"\nkind = \"directory\"\n";

const SOURCE: &str = "mkdir -p /persist/var/lib/moved";

/// Brings the host back to where the entry was declared and its data lies on the root alone.
const MOVE: &str = "set -e; umount /var/lib/moved; rm -rf /persist/var/lib/moved; cd /var/lib/moved; \
    for i in 1 2 3 4 5 6 7 8 9; do mkdir -m 2750 $i; chown 7$i:80 $i; \
    for j in 1 2 3 4 5; do head -c 60000 /dev/urandom >$i/$j; done; ln $i/1 $i/link; done; sync";

/// Everything about the data, by the name that programs know.
const DATA: &str = "set -e; cd /var/lib/moved; find . | sort | xargs stat -c '%n %F %a %u %g %h %y'; \
    find . -type f | sort | xargs sha256sum";

/// What lies in the store beside it.
const BESIDE: &str = "cd /persist; find . | grep -v '^./var/lib/moved' | sort";

fn check(guest: &mut Guest, data: &str, beside: &str, blank: &str) -> Result<&'static str> {
    ensure!(guest.step_status("boot")? == 0, "the boot step failed");
    ensure!(guest.step_status("persist")? == 0, "the persist step failed");
    let receipt: Value = serde_json::from_str(&guest.ok("cat /run/blankslate/boot.json")?)?;
    let now = guest.ok(DATA)?;
    ensure!(now == data, "not the same data:\n{data}\n{now}\n{receipt:#}");
    let now = guest.ok(BESIDE)?;
    ensure!(now == beside, "left in the store: {now}\n{receipt:#}");
    let now = root(guest)?;
    ensure!(now == blank, "the root is not blank: {now}");
    let adopted = receipt["roots"][0]["adopted"].as_array().context("nothing adopted")?;
    let hows: Vec<&str> = adopted.iter().filter_map(|entry| entry["how"].as_str()).collect();
    match (receipt["roots"][0]["outcome"].as_str(), hows.as_slice()) {
        (Some("rolled-back"), ["adopted"]) => Ok("adopted after the cut"),
        (Some("rolled-back" | "skipped"), []) => Ok("adopted before the cut"),
        _ => anyhow::bail!("a third thing: {receipt:#}"),
    }
}

#[test]
fn vm_a_power_cut_at_any_instant_of_adopting_loses_nothing() -> Result<()> {
    let workdir = Workdir::new("adopt-cuts")?;
    let image = Image::new(&Cache::find()?, &Programs::built()?)?;
    let image = image.with_config(&[CONFIG, ENTRY].concat());
    let disk = installed_disk(&workdir, &image, &[SEED, "; ", SOURCE].concat())?;
    let machine = Machine::new(&workdir, &image.write(&workdir)?, &[disk]);

    let mut guest = machine.boot(Mode::Host)?;
    let (blank, beside) = (root(&mut guest)?, guest.ok(BESIDE)?);
    guest.ok(MOVE)?;
    guest.cut_power()?;
    let step = machine.time_between(Mode::Host, BEGINS, ENDED)?;
    let mut guest = machine.boot(Mode::Host)?;
    let mut found = Vec::new();
    for cut in 0..cuts()? {
        guest.ok(MOVE)?;
        let data = guest.ok(DATA)?;
        let ended = if cut % 2 == 0 { guest.cut_power() } else { guest.power_off() };
        ended?;
        let after = step.mul_f64(f64::from(cut) / f64::from(cuts()?.max(2) - 1) * 1.1);
        machine.boot_and_cut(Mode::Host, BEGINS, after)?;
        guest = machine.boot(Mode::Host)?;
        let told = check(&mut guest, &data, &beside, &blank);
        found.push((after, told.with_context(|| format!("cut {cut}, {after:?} into {step:?}"))?));
    }
    println!("the boot step takes {step:?}");
    for (after, what) in &found {
        println!("cut after {after:?}: {what}");
    }
    both_sides(&found, ["adopted after the cut", "adopted before the cut"])?;
    guest.power_off()
}
