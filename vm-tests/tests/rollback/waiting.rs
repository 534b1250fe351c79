//! Single files that nobody made yet, and the machine id, from boot to boot.

use super::*;

const CONFIG: &str =
    "root / rpool/local/root blank; store; entry /etc/ssh/key file; entry /etc/machine-id file";

/// What there is of the key, at its two ends, and the id, which is the same at both.
fn look(guest: &mut Guest) -> Result<(String, String)> {
    let ends = sh(
        guest,
        "placed sh -c 'for at in etc/ssh/key persist/etc/ssh/key; do cat $at 2>/dev/null || echo none; done; cmp etc/machine-id persist/etc/machine-id; cat etc/machine-id'",
    )?;
    let lines: Vec<&str> = ends.lines().collect();
    let [target, source, id] = lines[..] else { anyhow::bail!("odd: {ends}") };
    let is_id = id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    ensure!(is_id, "no id: {id}");
    Ok((format!("{target} {source}"), id.to_owned()))
}

/// A boot from a root that was used; returns what was adopted, and what [`look`] does.
fn next(guest: &mut Guest) -> Result<(usize, String, String)> {
    let (status, receipt) = boot(guest, CONFIG)?;
    let root = &receipt["roots"][0];
    ensure!(status == 0 && root["outcome"] == "rolled-back", "{receipt:#}");
    let adopted = root["adopted"].as_array().map_or(0, Vec::len);
    let (key, id) = look(guest)?;
    Ok((adopted, key, id))
}

#[test]
fn vm_a_file_that_nobody_made_waits_and_is_kept_from_the_boot_after_it_is_made() -> Result<()> {
    let workdir = Workdir::new("waiting")?;
    let machine = machine(&workdir)?;
    let mut guest = start(&machine)?;
    sh(&mut guest, "fresh")?;
    let (adopted, key, first) = next(&mut guest)?;
    ensure!((adopted, key.as_str()) == (0, "none none"), "{adopted} {key}");
    // As sshd's keys are made: an empty one is removed first, which a mount would stop.
    sh(
        &mut guest,
        "on_root sh -ec 'mkdir -p etc/ssh; rm -f etc/ssh/key; echo secret >etc/ssh/key; chmod 600 etc/ssh/key; sync'",
    )?;
    guest.cut_power()?;

    let mut guest = start(&machine)?;
    sh(&mut guest, "zpool import -N -f -d /dev rpool")?;
    let (adopted, key, id) = next(&mut guest)?;
    ensure!((adopted, key.as_str()) == (1, "secret secret"), "{adopted} {key}");
    ensure!(id == first, "another id: {id}, not {first}");
    // What it was mounted on is left on the root, and is nothing that somebody made.
    let (adopted, key, _) = next(&mut guest)?;
    ensure!((adopted, key.as_str()) == (0, "secret secret"), "{adopted} {key}");
    sh(&mut guest, "in_store rm etc/ssh/key")?;
    let (adopted, key, id) = next(&mut guest)?;
    ensure!((adopted, key.as_str()) == (0, "none none"), "{adopted} {key}");
    ensure!(id == first, "another id: {id}, not {first}");
    guest.power_off()
}
