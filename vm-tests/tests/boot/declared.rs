//! A path is declared on the running host, and the power fails before anything has put it in place; the
//! host goes back to an older generation and forward again.

use anyhow::{Result, ensure};
use vm_tests::guest::Guest;

use crate::{Host, ask, ask_for, cut_power, is_well, says, shut_down, switch_config};

const LATER: &str = "
[[store.entry]]
target = \"/var/lib/later\"
kind = \"directory\"

[[store.entry]]
target = \"/var/log/journal\"
kind = \"directory\"

[[store.entry]]
target = \"/etc/ipsec.secrets\"
kind = \"file\"
";

const LATEST: &str = "
[[store.entry]]
target = \"/srv/site\"
kind = \"directory\"
";

fn has(guest: &mut Guest, path: &str, content: &str) -> Result<()> {
    let found = ask(guest, &format!("cat {path}"))?;
    ensure!(found == content, "{path} holds {found:?}, not {content:?}");
    Ok(())
}

#[test]
fn vm_what_is_declared_on_the_running_host_survives_a_power_cut_and_an_older_generation()
-> Result<()> {
    let host = Host::fresh("declared")?;
    let second = [&host.example, LATER].concat();
    let third = [&host.example, LATER, LATEST].concat();
    let old = host.generation(&host.example)?;
    let new = host.generation(&second)?;

    let mut guest = host.boot(&old)?;
    ask(
        &mut guest,
        "mkdir -m 0750 /var/lib/later; echo precious >/var/lib/later/file
        umask 077; echo psk >/etc/ipsec.secrets",
    )?;
    switch_config(&mut guest, &second)?;
    cut_power(guest)?;

    let mut guest = host.boot(&new)?;
    is_well(&mut guest)?;
    has(&mut guest, "/var/lib/later/file", "precious\n")?;
    has(&mut guest, "/persist/var/lib/later/file", "precious\n")?;
    has(&mut guest, "/etc/ipsec.secrets", "psk\n")?;
    let modes = ask(&mut guest, "stat -c %a /var/lib/later /etc/ipsec.secrets")?;
    ensure!(modes == "750\n600\n", "the modes are {modes:?}");
    let first = ask(&mut guest, "cat /proc/sys/kernel/random/boot_id")?.replace('-', "");

    // A switch on the running host: what it declares is in place when it ends.
    ask(&mut guest, "mkdir /srv/site; echo page >/srv/site/index")?;
    switch_config(&mut guest, &third)?;
    ask(&mut guest, "systemctl reload blankslate.service; findmnt /srv/site")?;
    has(&mut guest, "/persist/srv/site/index", "page\n")?;
    let said = ask_for(&mut guest, 0, "blankslate status")?;
    says(&said, "another configuration")?;
    shut_down(guest)?;

    // The generation before: its initrd and its configuration.
    let mut guest = host.boot(&new)?;
    let journal = ask(&mut guest, &format!("journalctl -b {} ", first.trim()))?;
    says(&journal, "rpool/local/root rolled back to rpool/local/root@blank")?;
    switch_config(&mut guest, &host.example)?;
    shut_down(guest)?;
    let mut guest = host.boot(&old)?;
    ask_for(&mut guest, 1, "test -e /var/lib/later")?;
    has(&mut guest, "/persist/var/lib/later/file", "precious\n")?;
    says(&ask_for(&mut guest, 0, "blankslate status --strays")?, "/persist/var/lib/later")?;
    switch_config(&mut guest, &third)?;
    shut_down(guest)?;

    let mut guest = host.boot(&host.generation(&third)?)?;
    // What was written to a directory while it was not declared is kept beside what the store holds.
    let said = ask_for(&mut guest, 1, "blankslate status")?;
    says(&said, "/persist/var/log/journal.from-old-root")?;
    has(&mut guest, "/var/lib/later/file", "precious\n")?;
    has(&mut guest, "/srv/site/index", "page\n")?;
    guest.power_off()
}
