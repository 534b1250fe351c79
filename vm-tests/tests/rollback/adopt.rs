//! What is declared and lies only on a root is adopted before the root is rolled back, or it is not
//! rolled back.

use super::*;

/// What most of these boots are declared with: a root, a store, one entry.
const ONE: &str = "root / rpool/local/root blank; store; entry /var/lib/x";

/// The root of the receipt.
fn first(receipt: &Value) -> &Value {
    &receipt["roots"][0]
}

/// What the receipt says of every entry, as `how target to`.
fn adopted(root: &Value) -> Vec<String> {
    let each = root["adopted"].as_array().into_iter().flatten();
    each.map(|e| format!("{} {} {}", text(&e["how"]), text(&e["target"]), text(&e["to"]))).collect()
}

fn rolled_back(guest: &mut Guest, receipt: &Value) -> Result<()> {
    ensure!(first(receipt)["outcome"] == "rolled-back", "not rolled back: {receipt:#}");
    let now = sh(guest, "holds rpool/local/root")?;
    ensure!(now.is_empty(), "not blank: {now}");
    Ok(())
}

fn refused(receipt: &Value, why: &str) -> Result<()> {
    let (outcome, reason) = (&first(receipt)["outcome"], text(&first(receipt)["reason"]));
    ensure!(outcome == "refused", "not refused: {receipt:#}");
    ensure!(reason.contains(why), "another reason: {reason}");
    let cure = ", or boot once with blankslate.adopt=no, which erases what was not adopted";
    ensure!(reason.ends_with(cure), "no cure: {reason}");
    Ok(())
}

/// Grows a tree at `/var/lib/x` of a fresh root, and describes it.
fn grown(guest: &mut Guest) -> Result<String> {
    sh(guest, "fresh; on_root grow var/lib/x; on_root describe var/lib/x")
}

fn nothing_in_the_store(guest: &mut Guest) -> Result<()> {
    let before = grown(guest)?;
    let (status, receipt) = boot(guest, ONE)?;
    rolled_back(guest, &receipt)?;
    ensure!(status == 0, "exit status {status}");
    ensure!(adopted(first(&receipt)) == ["adopted /var/lib/x /persist/var/lib/x"], "{receipt:#}");
    let after = sh(guest, "in_store describe var/lib/x")?;
    ensure!(before == after, "not the same:\n{before}\n{after}");
    let others = sh(guest, "in_store rm -r var/lib/x; paths rpool/safe/persist")?;
    ensure!(others == ".\n./kept\n./live\n./var\n./var/lib\n", "left behind: {others}");
    let said = guest.ok("dmesg | grep 'adopted /var/lib/x: '")?;
    ensure!(said.contains("/var/lib/x: 12 files, "), "{said}");
    ensure!(sh(guest, "mount")?.lines().all(|line| !line.contains("zfs")), "still mounted");
    Ok(())
}

fn an_empty_directory_in_the_store(guest: &mut Guest) -> Result<()> {
    let before = grown(guest)?;
    sh(guest, "in_store mkdir -p var/lib/x")?;
    let (_, receipt) = boot(guest, ONE)?;
    rolled_back(guest, &receipt)?;
    ensure!(adopted(first(&receipt)) == ["adopted /var/lib/x /persist/var/lib/x"], "{receipt:#}");
    ensure!(sh(guest, "in_store describe var/lib/x")? == before, "not the same");
    Ok(())
}

fn a_store_that_is_full(guest: &mut Guest) -> Result<()> {
    sh(guest, "fresh; on_root grow var/lib/x 9000000")?;
    sh(guest, "zpool sync; zfs set quota=3M rpool/safe/persist")?;
    let before = sh(guest, "on_root describe var/lib/x")?;
    // The directories above the source may stay: they are empty.
    let stored = "paths rpool/safe/persist | grep -vx './var\\|./var/lib'";
    let before_in_store = sh(guest, stored)?;
    let (status, receipt) = boot(guest, ONE)?;
    ensure!(status == 1, "exit status {status}");
    refused(&receipt, "cannot adopt /var/lib/x: ")?;
    refused(&receipt, "; mend that, or boot once")?;
    refused(&receipt, "quota exceeded")?;
    ensure!(sh(guest, "on_root describe var/lib/x")? == before, "the root changed");
    let now = sh(guest, stored)?;
    ensure!(now == before_in_store, "left in the store: {now}");
    // The sentence ends in the cure.
    let no = format!("cmdline quiet blankslate.adopt=no; {ONE}");
    let (status, receipt) = boot(guest, &no)?;
    sh(guest, "umount /proc/cmdline")?;
    rolled_back(guest, &receipt)?;
    ensure!(status == 0 && adopted(first(&receipt)).is_empty(), "{receipt:#}");
    ensure!(
        text(&first(&receipt)["reason"]).starts_with("blankslate.adopt=no is on"),
        "{receipt:#}"
    );
    Ok(())
}

fn data_on_both_sides(guest: &mut Guest) -> Result<()> {
    let before = grown(guest)?;
    sh(guest, "in_store mkdir -p var/lib/x; in_store touch var/lib/x/mine")?;
    let (status, receipt) = boot(guest, ONE)?;
    rolled_back(guest, &receipt)?;
    ensure!(status == 0, "exit status {status}");
    let beside = "beside /var/lib/x /persist/var/lib/x.from-old-root";
    ensure!(adopted(first(&receipt)) == [beside], "{receipt:#}");
    ensure!(sh(guest, "in_store describe var/lib/x.from-old-root")? == before, "not the same");
    ensure!(sh(guest, "in_store ls -A var/lib/x")? == "mine\n", "the store's own changed");
    Ok(())
}

/// The places to mount on that every boot leaves on the root; those of files are known by their time.
fn nothing_to_adopt(guest: &mut Guest) -> Result<()> {
    sh(
        guest,
        "fresh; on_root mkdir -p var/lib/x; on_root touch-exactly -d @0.730419653 var/empty",
    )?;
    let before = sh(guest, "witness")?;
    let config = format!("{ONE}; entry /var/empty file; entry /var/none");
    let (_, receipt) = boot(guest, &config)?;
    ensure!(first(&receipt)["outcome"] == "rolled-back", "{receipt:#}");
    ensure!(adopted(first(&receipt)).is_empty(), "{receipt:#}");
    let after = sh(guest, "witness")?;
    let beside = |witness: &str| -> Vec<String> {
        let others = witness.lines().filter(|line| !is_about(line, "rpool/local/root"));
        others.map(str::to_owned).collect()
    };
    ensure!(beside(&before) == beside(&after), "something beside changed:\n{before}\n{after}");
    rolled_back(guest, &receipt)
}

/// Its being there is all that it says.
fn an_empty_file(guest: &mut Guest) -> Result<()> {
    sh(guest, "fresh; on_root mkdir -p var/lib; on_root touch var/lib/flag")?;
    sh(guest, "on_root chmod 640 var/lib/flag; on_root chown 70:71 var/lib/flag")?;
    let (_, receipt) = boot(guest, &format!("{ONE}; entry /var/lib/flag file"))?;
    rolled_back(guest, &receipt)?;
    let flag = "adopted /var/lib/flag /persist/var/lib/flag";
    ensure!(adopted(first(&receipt)) == [flag], "{receipt:#}");
    let kept = sh(guest, "in_store stat -c '%s %a %u:%g' var/lib/flag")?;
    ensure!(kept == "0 640 70:71\n", "not the same: {kept}");
    Ok(())
}

fn a_store_that_is_not_there(guest: &mut Guest) -> Result<()> {
    let before = grown(guest)?;
    let config = ONE.replace("store;", "store /persist rpool/safe/none;");
    let (status, receipt) = boot(guest, &config)?;
    ensure!(status == 1, "exit status {status}");
    refused(
        &receipt,
        "cannot mount the store /persist to adopt what is declared: rpool/safe/none: ",
    )?;
    refused(&receipt, "; mend its name, or import its pool before this step, or boot once")?;
    ensure!(sh(guest, "on_root describe var/lib/x")? == before, "the root changed");
    Ok(())
}

fn a_store_below_the_top_of_its_file_system(guest: &mut Guest) -> Result<()> {
    let before = grown(guest)?;
    let config =
        ONE.replace("store;", "store /persist/system rpool/safe/persist 'mount = \"/persist\"';");
    let (_, receipt) = boot(guest, &config)?;
    let why =
        "with its device mounted at /persist there is no directory /persist/system; make it, or";
    refused(&receipt, why)?;
    sh(guest, "in_store mkdir system")?;
    let (_, receipt) = boot(guest, &config)?;
    rolled_back(guest, &receipt)?;
    let to = "adopted /var/lib/x /persist/system/var/lib/x";
    ensure!(adopted(first(&receipt)) == [to], "{receipt:#}");
    ensure!(sh(guest, "in_store describe system/var/lib/x")? == before, "not the same");
    Ok(())
}

/// A rollback that fails after adopting: the next boot adopts nothing, and finds the store as it is.
fn adopted_twice(guest: &mut Guest) -> Result<()> {
    grown(guest)?;
    sh(
        guest,
        "zfs snapshot rpool/local/root@n; zfs bookmark rpool/local/root@n rpool/local/root#m",
    )?;
    sh(guest, "zfs destroy rpool/local/root@n")?;
    let (_, receipt) = boot(guest, ONE)?;
    ensure!(first(&receipt)["outcome"] == "failed", "{receipt:#}");
    ensure!(adopted(first(&receipt)) == ["adopted /var/lib/x /persist/var/lib/x"], "{receipt:#}");
    let once = sh(guest, "in_store describe .")?;
    let (_, receipt) = boot(guest, ONE)?;
    ensure!(adopted(first(&receipt)).is_empty(), "adopted again: {receipt:#}");
    ensure!(sh(guest, "in_store describe .")? == once, "the store changed");
    sh(guest, "zfs destroy rpool/local/root#m")?;
    let (_, receipt) = boot(guest, ONE)?;
    ensure!(sh(guest, "in_store describe .")? == once, "the store changed");
    rolled_back(guest, &receipt)
}

fn a_second_root_below_the_first(guest: &mut Guest) -> Result<()> {
    grown(guest)?;
    sh(guest, "on_root mkdir -p home/alice/docs; on_root touch home/alice/docs/covered")?;
    sh(guest, "in_dataset rpool/local/root2 grow alice/docs")?;
    let before = sh(guest, "in_dataset rpool/local/root2 describe alice/docs")?;
    let config = format!("root /home rpool/local/root2 blank; {ONE}; entry /home/alice/docs");
    let (_, receipt) = boot(guest, &config)?;
    ensure!(receipt["roots"][1]["outcome"] == "rolled-back", "{receipt:#}");
    ensure!(first(&receipt)["outcome"] == "rolled-back", "{receipt:#}");
    let home = "adopted /home/alice/docs /persist/home/alice/docs";
    ensure!(adopted(first(&receipt)) == [home], "{receipt:#}");
    ensure!(adopted(&receipt["roots"][1]).len() == 1, "{receipt:#}");
    ensure!(sh(guest, "in_store describe home/alice/docs")? == before, "not the same");
    Ok(())
}

fn a_root_without_its_key(guest: &mut Guest) -> Result<()> {
    sh(guest, "fresh; zfs destroy -r rpool/local/root; encrypted; on_root grow var/lib/x")?;
    sh(guest, "zfs unload-key rpool/local/root")?;
    let (_, receipt) = boot(guest, ONE)?;
    refused(&receipt, "cannot mount rpool/local/root to look for what is declared: ")?;
    refused(&receipt, "; load its key before this step, or boot once")?;
    sh(guest, "zfs load-key rpool/local/root")?;
    let (_, receipt) = boot(guest, ONE)?;
    rolled_back(guest, &receipt)?;
    ensure!(adopted(first(&receipt)).len() == 1, "{receipt:#}");
    Ok(())
}

/// A name, and what has to hold.
type Case = (&'static str, fn(&mut Guest) -> Result<()>);

const CASES: &[Case] = &[
    ("nothing in the store", nothing_in_the_store),
    ("an empty directory in the store", an_empty_directory_in_the_store),
    ("a store that is full", a_store_that_is_full),
    ("data on both sides", data_on_both_sides),
    ("nothing to adopt", nothing_to_adopt),
    ("an empty file", an_empty_file),
    ("a store that is not there", a_store_that_is_not_there),
    ("a store below the top of its file system", a_store_below_the_top_of_its_file_system),
    ("adopted twice", adopted_twice),
    ("a second root below the first", a_second_root_below_the_first),
    ("a root without its key", a_root_without_its_key),
];

#[test]
fn vm_what_lies_only_on_the_old_root_is_adopted_or_the_root_is_not_erased() -> Result<()> {
    let workdir = Workdir::new("adopt")?;
    let mut guest = guest(&workdir)?;
    let mut failed = Vec::new();
    for (name, case) in CASES {
        println!("{name}");
        if let Err(error) = case(&mut guest) {
            failed.push(format!("{name}: {error:#}"));
        }
        guest.run("umount /proc/cmdline; umount /run/d; umount /run/t")?;
    }
    ensure!(failed.is_empty(), "{} cases failed:\n{}", failed.len(), failed.join("\n\n"));
    guest.power_off()
}

#[test]
fn vm_what_was_fsynced_before_a_power_cut_is_adopted_from_the_intent_log() -> Result<()> {
    let workdir = Workdir::new("adopt-log")?;
    let machine = machine(&workdir)?;
    let mut guest = start(&machine)?;
    // The log of a dataset begins with a transaction group of its own; after that no group may end
    // before the power is cut, so that the tree is in the log alone.
    sh(
        &mut guest,
        "fresh; mkdir -p /run/d; mount -t zfs rpool/local/root /run/d; cd /run/d; dd if=/dev/zero of=first bs=100 count=1 conv=fsync; echo 1000 >/sys/module/zfs/parameters/zfs_txg_timeout; zpool sync",
    )?;
    let before = sh(&mut guest, "cd /run/d; grow var/lib/x; sync; describe var/lib/x")?;
    guest.cut_power()?;

    let mut guest = start(&machine)?;
    sh(&mut guest, "zpool import -N -f -d /dev rpool; zfs snapshot rpool/local/root@as-it-is")?;
    let on_disk = sh(
        &mut guest,
        "mkdir -p /run/d; mount -t zfs rpool/local/root@as-it-is /run/d; ls /run/d; umount /run/d",
    )?;
    ensure!(on_disk == "darling\nfirst\n", "not in the log alone: {on_disk}");
    let (status, receipt) = boot(&mut guest, ONE)?;
    ensure!(status == 0, "exit status {status}");
    rolled_back(&mut guest, &receipt)?;
    let after = sh(&mut guest, "in_store describe var/lib/x")?;
    ensure!(before == after, "not the same:\n{before}\n{after}");
    guest.power_off()
}
