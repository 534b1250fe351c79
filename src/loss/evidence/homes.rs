//! What homes and presets claim. Pure: accounts and presets in, claims out.

use std::collections::BTreeSet;

use super::structure::{HOME, whole};
use crate::loss::{Owned, Owner, Owners};
use crate::path::HostPath;
use crate::persist::accounts::{Accounts, User};
use crate::presets::{Place, Preset, Presets, Rank};

/// The first number of a person's account; below are the system's own (login.defs(5)).
pub(super) const FIRST: u32 = 1000;

/// The number of nobody, whose home is no home.
const NOBODY: u32 = 65534;

/// Directories in which no person lives, whatever an account says.
const NO_HOME: [&str; 7] = ["/dev", "/nix", "/nonexistent", "/proc", "/run", "/sys", "/var/empty"];

/// What a home holds that hurts less to lose than the rest of it.
const LESSER: [(&str, Rank); 6] = [
    ("/.cache", Rank::Cache),
    ("/.thumbnails", Rank::Cache),
    ("/.local/share/xorg", Rank::Logs),
    ("/.local/state/log", Rank::Logs),
    ("/.xsession-errors", Rank::Logs),
    ("/.xsession-errors.old", Rank::Logs),
];

/// Where an overlay on /etc writes what programs write into /etc.
const UPPER: &str = "/.rw-etc/upper";

/// The homes in which people live, each with whom it belongs to; of two users with one home the one
/// with the lower number. What only holds what belongs to many is nobody's home.
pub(super) fn homes(accounts: &Accounts, owners: &Owners) -> Vec<(HostPath, String)> {
    let mut users: Vec<(&String, &User)> = accounts.users.iter().collect();
    // Another name for root, such as "toor", does not own root's home.
    users.sort_by_key(|(name, user)| (user.uid, name.as_str() != "root", name.as_str()));
    let (mut taken, mut homes) = (BTreeSet::new(), Vec::new());
    for (name, user) in users {
        let is_person = user.uid == 0 || user.uid >= FIRST && user.uid != NOBODY;
        let Some(home) = user.home.as_ref().filter(|_| is_person && name != "nobody") else {
            continue;
        };
        if can_be_home(home, owners) && taken.insert(home) {
            homes.push((home.clone(), name.clone()));
        }
    }
    homes
}

fn can_be_home(home: &HostPath, owners: &Owners) -> bool {
    let is_in = |dir: &&str| dir.parse().is_ok_and(|dir: HostPath| home.starts_with(&dir));
    !home.is_root() && !owners.is_structure(home) && !NO_HOME.iter().any(is_in)
}

/// Says that homes belong to their users, what hurts less to lose in them, and what presets keep there.
pub(super) fn claim_homes(homes: &[(HostPath, String)], presets: &Presets, owners: &mut Owners) {
    let owned = |user: &String, preset: Option<&String>, rank| Owned {
        owner: Owner::Home(user.clone()),
        preset: preset.cloned(),
        rank,
    };
    for (home, user) in homes {
        for place in HOME.iter().filter_map(|text| text.parse::<HostPath>().ok()) {
            let preset = whole(presets, &Place::Home(place.clone()));
            owners.structure(&place.below(home), Some(owned(user, preset.as_ref(), Rank::State)));
        }
    }
    // Now that all structure is known: one home may lie in another.
    for (home, user) in homes {
        for preset in presets {
            for (at, claimed) in claims(preset, Some(home)) {
                owners.claim(&at, owned(user, claimed.preset.as_ref(), claimed.rank));
            }
            for pattern in &preset.patterns {
                if let parent @ Place::Home(_) = pattern.parent() {
                    let owned = owned(user, Some(&preset.name), pattern.rank);
                    owners.claim_pattern(&parent.of_home(home), pattern.clone(), owned);
                }
            }
        }
        for (text, rank) in LESSER {
            let Ok(place) = text.parse::<HostPath>() else { continue };
            owners.claim(&place.below(home), owned(user, None, rank));
        }
    }
}

/// Says what presets keep on the host itself, and what is theirs.
pub(super) fn claim_presets(presets: &Presets, owners: &mut Owners) {
    for preset in presets {
        for (at, owned) in claims(preset, None) {
            if let Some(upper) = in_upper(&at) {
                owners.claim(&upper, owned.clone());
            }
            owners.claim(&at, owned);
        }
        for pattern in &preset.patterns {
            if let Place::Host(parent) = pattern.parent() {
                let name = || preset.name.clone();
                let (owner, kept_by) = (Owner::Preset(name()), Some(name()));
                let claimed = Owned { owner, preset: kept_by, rank: pattern.rank };
                if let Some(upper) = in_upper(parent) {
                    owners.claim_pattern(&upper, pattern.clone(), claimed.clone());
                }
                owners.claim_pattern(parent, pattern.clone(), claimed);
            }
        }
    }
}

/// Where a path in /etc lies on a root with an overlay on /etc.
fn in_upper(path: &HostPath) -> Option<HostPath> {
    let (etc, upper): (HostPath, HostPath) = ("/etc".parse().ok()?, UPPER.parse().ok()?);
    Some(path.seen_from(&etc)?.below(&upper))
}

/// What a preset says of its paths: those in homes where a home is given, otherwise those on the host.
fn claims<'p>(
    preset: &'p Preset,
    home: Option<&'p HostPath>,
) -> impl Iterator<Item = (HostPath, Owned)> + 'p {
    preset.paths.iter().filter_map(move |path| {
        let at = match (&path.place, home) {
            (Place::Host(at), None) => at.clone(),
            (place @ Place::Home(_), Some(home)) => place.of_home(home),
            (Place::Host(_), Some(_)) | (Place::Home(_), None) => return None,
        };
        // What it does not keep is still its own.
        let kept_by = (!path.is_optional).then(|| preset.name.clone());
        let owner = Owner::Preset(preset.name.clone());
        Some((at, Owned { owner, preset: kept_by, rank: path.rank }))
    })
}
