//! The guide: what `docs/install.md` tells people to type, run as it stands there.

use anyhow::{Context as _, Result, ensure};

use crate::identity::Identity;
use crate::{Host, ask, ask_for, is_well, shut_down};

const GUIDE: &str = include_str!("../../../docs/install.md");

/// A block of commands of the guide, by the name in the comment above it.
fn block(name: &str) -> Result<&'static str> {
    let start = format!("<!-- test: {name} -->\n```sh\n");
    let rest = GUIDE.split_once(&start).with_context(|| format!("there is no block {name}"))?.1;
    Ok(rest.split_once("\n```").context("a block has no end")?.0)
}

#[test]
fn vm_a_host_that_was_laid_out_by_the_guide_is_erased_at_every_boot() -> Result<()> {
    let layout = format!("{}\n{}", block("layout")?, block("mount")?);
    let host = Host::by("guide", &layout)?;
    let generation = host.generation(&host.example)?;

    let mut guest = host.boot(&generation)?;
    ask(&mut guest, "blankslate apply")?;
    is_well(&mut guest)?;
    let before = Identity::of(&mut guest)?;
    ask(&mut guest, "echo lost >/etc/lost; echo kept >/var/lib/secrets/kept")?;
    // The hold that the guide advises is in nobody's way but of whoever destroys the blank.
    let said = ask_for(&mut guest, 1, "zfs destroy rpool/local/root@blank")?;
    ensure!(said.contains("being held"), "the blank is not held: {said}");
    shut_down(guest)?;

    let mut guest = host.boot(&generation)?;
    is_well(&mut guest)?;
    ensure!(Identity::of(&mut guest)? == before, "the host is another one");
    ask_for(&mut guest, 1, "test -e /etc/lost")?;
    ask(&mut guest, "grep kept /var/lib/secrets/kept")?;
    guest.power_off()
}
