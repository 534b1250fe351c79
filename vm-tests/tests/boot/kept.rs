//! What is declared is kept and the rest is erased, over a clean reboot and over a power cut.

use anyhow::{Result, ensure};
use vm_tests::guest::Guest;

use crate::identity::Identity;
use crate::{Host, ask, ask_for, cut_power, is_well, says, shut_down};

const KEPT: [&str; 4] = [
    "/var/lib/secrets/key",
    "/home/alice/Documents/letter",
    "/home/alice/.ssh/known_hosts",
    "/var/lib/bluetooth/device",
];
const LOST: [&str; 4] = ["/etc/lost", "/var/lib/lost", "/home/alice/Downloads", "/srv/lost"];

/// Writes what is to be kept and what is not.
fn live(guest: &mut Guest) -> Result<()> {
    ask(
        guest,
        "alice() { setpriv --reuid=1000 --regid=100 --clear-groups -- bash -c \"$1\"; }
        echo key >/var/lib/secrets/key; echo device >/var/lib/bluetooth/device
        alice 'echo letter >~alice/Documents/letter; echo host >~alice/.ssh/known_hosts'
        alice 'mkdir ~alice/Downloads; echo lost >~alice/Downloads/file'
        echo lost >/etc/lost; mkdir /var/lib/lost; echo lost >/var/lib/lost/file
        echo lost >/srv/lost",
    )
    .map(drop)
}

/// The report names all that will go, and nothing that will stay.
fn report_is_true(guest: &mut Guest) -> Result<()> {
    let said =
        ask_for(guest, 1, "what-will-i-lose --print0 | tr '\\0' '\\n'; exit ${PIPESTATUS[0]}")?;
    for path in LOST {
        let is_named = said.lines().any(|line| line.trim_end_matches('/') == path);
        ensure!(is_named, "{path} is not reported:\n{said}");
    }
    for path in KEPT.iter().chain(&["/etc/machine-id", "/etc/ssh/ssh_host_ed25519_key"]) {
        let is_named = said.lines().any(|line| path.starts_with(line.trim_end_matches('/')));
        ensure!(!is_named, "{path} is reported:\n{said}");
    }
    Ok(())
}

/// The rules of the initrd make their files in the store, not on the root below it. There they would be
/// adopted at the first boot, and refused at the next.
fn rules_of_the_initrd_act_on_what_is_kept(guest: &mut Guest) -> Result<()> {
    ask(guest, "test -e /persist/var/lib/bluetooth/by-tmpfiles")?;
    let units = "-u blankslate-persist -u systemd-tmpfiles-setup-sysroot";
    let journal = ask(guest, &format!("journalctl -b -o cat {units}"))?;
    let place = |text: &str| journal.find(text);
    let kept = place("Finished blankslate-persist.service");
    let rules = place("Starting systemd-tmpfiles-setup-sysroot.service");
    ensure!(kept.is_some() && kept < rules, "this is not the order:\n{journal}");
    Ok(())
}

fn check_after(guest: &mut Guest, before: &Identity) -> Result<()> {
    is_well(guest)?;
    for path in KEPT {
        ask(guest, &format!("test -s {path}"))?;
    }
    for path in LOST {
        ask_for(guest, 1, &format!("test -e {path}"))?;
    }
    let now = Identity::of(guest)?;
    ensure!(now == *before, "the host is another one: {now:#?}, before {before:#?}");
    Ok(())
}

#[test]
fn vm_a_fresh_install_with_exactly_the_example_keeps_what_it_declares() -> Result<()> {
    let host = Host::fresh("kept")?.with_all_services();
    let generation = host.generation(&host.example)?;

    let mut guest = host.boot(&generation)?;
    // The keys that were made in this boot are not in the store yet: the next one sees to that.
    let said = ask_for(&mut guest, 1, "blankslate status")?;
    says(&said, "/etc/ssh/ssh_host_ed25519_key")?;
    rules_of_the_initrd_act_on_what_is_kept(&mut guest)?;
    let before = Identity::of(&mut guest)?;
    live(&mut guest)?;
    report_is_true(&mut guest)?;
    // Users that were made since keep their numbers only if activation finds this map.
    let marker = "\"added-by-hand\":4711";
    ask(&mut guest, &format!("sed -i 's/^{{/{{{marker},/' /var/lib/nixos/uid-map"))?;
    shut_down(guest)?;

    let mut guest = host.boot(&generation)?;
    check_after(&mut guest, &before)?;
    says(&guest.ok("cat /run/guest/uid-map")?, marker)?;
    let keygen = ask(&mut guest, "systemctl show -P ConditionResult sshd-keygen.service")?;
    ensure!(keygen == "no\n", "the host's keys were not in place before sshd");
    let journal = ask(&mut guest, "journalctl -b -u blankslate-rollback -u blankslate")?;
    says(&journal, "rolled back to rpool/local/root@blank")?;
    says(&journal, "entries are in place")?;
    ask(&mut guest, "systemd-analyze verify --man=no default.target blankslate.service")?;
    live(&mut guest)?;
    cut_power(guest)?;

    let mut guest = host.boot(&generation)?;
    check_after(&mut guest, &before)?;
    guest.power_off()
}
