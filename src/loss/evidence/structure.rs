//! The directories that only hold what belongs to many. Pure: no look at the host is needed.
//!
//! Each thing in one of these is a line of its own in a report, so the list is what makes a report
//! readable: too few, and one line says "/var/lib"; too many, and one program fills a page.

use crate::loss::{Owned, Owner, Owners};
use crate::path::HostPath;
use crate::presets::{Place, Presets, Rank};

/// Directories of the host, and how much it hurts to lose what nobody claims in them.
const HOST: [(&str, Rank); 54] = [
    ("/", Rank::State),
    // Where an overlay on /etc writes.
    ("/.rw-etc", Rank::State),
    ("/.rw-etc/upper", Rank::State),
    ("/.rw-etc/upper/NetworkManager", Rank::State),
    ("/.rw-etc/upper/nix", Rank::State),
    ("/.rw-etc/upper/ssh", Rank::State),
    ("/.rw-etc/upper/systemd", Rank::State),
    ("/.rw-etc/upper/systemd/system", Rank::State),
    ("/bin", Rank::State),
    ("/etc", Rank::State),
    ("/etc/NetworkManager", Rank::State),
    ("/etc/nix", Rank::State),
    ("/etc/ssh", Rank::State),
    ("/etc/systemd", Rank::State),
    ("/etc/systemd/system", Rank::State),
    ("/home", Rank::State),
    ("/media", Rank::State),
    ("/mnt", Rank::State),
    ("/nix", Rank::State),
    ("/nix/var", Rank::State),
    ("/nix/var/nix", Rank::State),
    ("/opt", Rank::State),
    ("/run", Rank::Cache),
    ("/sbin", Rank::State),
    ("/srv", Rank::State),
    ("/srv/www", Rank::State),
    ("/tmp", Rank::Cache),
    ("/usr", Rank::State),
    ("/usr/local", Rank::State),
    ("/usr/local/bin", Rank::State),
    ("/usr/local/etc", Rank::State),
    ("/usr/local/lib", Rank::State),
    ("/usr/local/sbin", Rank::State),
    ("/usr/local/share", Rank::State),
    ("/var", Rank::State),
    ("/var/cache", Rank::Cache),
    ("/var/cache/private", Rank::Cache),
    ("/var/db", Rank::State),
    ("/var/db/sudo", Rank::Cache),
    ("/var/lib", Rank::State),
    ("/var/lib/misc", Rank::State),
    ("/var/lib/private", Rank::State),
    ("/var/local", Rank::State),
    ("/var/lock", Rank::State),
    ("/var/log", Rank::Logs),
    ("/var/log/private", Rank::Logs),
    ("/var/mail", Rank::State),
    ("/var/opt", Rank::State),
    ("/var/run", Rank::State),
    ("/var/spool", Rank::State),
    ("/var/spool/cron", Rank::State),
    ("/var/state", Rank::State),
    ("/var/tmp", Rank::Cache),
    ("/var/www", Rank::State),
];

/// Directories in a home, as the home sees them.
pub(super) const HOME: [&str; 7] =
    ["/", "/.config", "/.local", "/.local/share", "/.local/state", "/.var", "/.var/app"];

/// Says which directories of the host only hold what belongs to many. A preset that keeps the whole of
/// one of them keeps what nobody claims in it.
pub(super) fn structure(presets: &Presets, owners: &mut Owners) {
    for (text, rank) in HOST {
        let Ok(path) = HostPath::new(text.as_bytes()) else { continue };
        let preset = whole(presets, &Place::Host(path.clone()));
        let below = Owned { owner: Owner::Unknown, preset, rank };
        owners.structure(&path, Some(below));
    }
}

/// The first preset that keeps exactly this place.
pub(super) fn whole(presets: &Presets, place: &Place) -> Option<String> {
    let keeps =
        |preset: &&crate::presets::Preset| preset.entries().any(|path| path.place == *place);
    presets.iter().find(keeps).map(|preset| preset.name.clone())
}
