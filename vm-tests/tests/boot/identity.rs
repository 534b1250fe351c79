//! Who the host is: what has to be the same after every boot.

use anyhow::{Result, ensure};
use vm_tests::guest::Guest;

use crate::ask;

/// What others know the host by.
#[derive(Debug, PartialEq, Eq)]
pub struct Identity {
    machine_id: String,
    /// The key that sshd answers with.
    host_key: String,
    /// Who owns what: users by their numbers.
    owners: String,
}

impl Identity {
    pub fn of(guest: &mut Guest) -> Result<Self> {
        let machine_id = ask(guest, "cat /etc/machine-id")?;
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        ensure!(
            machine_id.len() == 33 && machine_id.trim_end().bytes().all(is_digit),
            "this is no machine-id: {machine_id:?}"
        );
        let host_key = ask(guest, "ssh-keyscan -T 60 -t ed25519 127.0.0.1 2>/dev/null")?;
        ensure!(host_key.contains("ssh-ed25519 "), "sshd has no key: {host_key:?}");
        let owners = ask(
            guest,
            "stat -c '%n %u:%g %a' /home/alice /home/alice/Documents /home/alice/.ssh \
             /var/lib/postgresql /var/lib/secrets /var/lib/nixos /var/lib/systemd",
        )?;
        Ok(Self { machine_id, host_key, owners })
    }
}
