//! What the units of a host tell: whose its directories are, and which of them are made again.
//!
//! A directory is made again only by a service that every boot starts for certain (`graph`). All
//! services, started or not, own what they name.

mod directories;
#[cfg(test)]
pub(in crate::loss::evidence) mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;

use super::graph::Graph;
use super::load::{Unit, Units};
use super::systems::systems;
use super::unit_name::UnitName;
use super::{Evidence, told, users};
use crate::loss::owner::{Owned, Owner};
use crate::loss::{FileType, Made, Maker};
use crate::path::HostPath;
use crate::persist::accounts::Accounts;
use crate::presets::Rank;
use crate::sys::Meta;
use crate::sys::files::Files;
use directories::{Directory, Kind};

/// Where the things of services lie. Nothing elsewhere is theirs only because they may write there.
const GROUNDS: [&str; 4] = ["/var", "/srv", "/opt", "/etc"];

/// Where NixOS names its systems.
const NIXOS: [&str; 2] = ["/run/current-system", "/nix/var/nix/profiles/system"];

/// What systemd locks while it makes up a user (`dynamic-user.c` takes lckpwdf(3)'s lock).
const LOCK: &str = "/etc/.pwd.lock";

/// The home that says that there is none.
const NO_HOME: &str = "/var/empty";

/// Gathers what the units of `host` tell. `on_root` shows what lies on the root itself.
pub(super) fn units(host: &Files, on_root: &Files, accounts: &Accounts, evidence: &mut Evidence) {
    let Ok(etc) = "/etc".parse() else { return };
    claim_all(&Units::of(host, on_root, &etc), accounts, evidence);
    let makes = |etc: &HostPath| makes(&Units::of(host, on_root, etc), accounts, on_root);
    for (path, made) in agreed(etcs(host).iter().map(makes)) {
        evidence.makers.insert(&path, made);
    }
}

/// What is made by its path.
pub(super) type Makes = BTreeMap<HostPath, Made>;

/// The `/etc` of every system that the next boot may start: of NixOS each has its own in the store. None
/// where that cannot be told.
pub(super) fn etcs(host: &Files) -> Vec<HostPath> {
    let systems = systems(host);
    let etc = |system: &HostPath| system.join(OsStr::new("etc"));
    if !systems.is_empty() {
        return systems.iter().map(etc).collect();
    }
    let mut places = NIXOS.iter().filter_map(|place| place.parse().ok());
    let is_nixos = places.any(|place| !matches!(host.look(&place), Ok(None)));
    if is_nixos { Vec::new() } else { "/etc".parse().into_iter().collect() }
}

/// What every system makes, and as the same type.
pub(super) fn agreed(mut all: impl Iterator<Item = Makes>) -> Makes {
    let mut first = all.next().unwrap_or_default();
    for other in all {
        let is_same = |path: &HostPath, made: &Made| {
            other.get(path).is_some_and(|other| other.what == made.what)
        };
        first.retain(|path, made| is_same(path, made));
    }
    first
}

fn makes(units: &Units, accounts: &Accounts, on_root: &Files) -> Makes {
    let mut makes = Makes::new();
    if !units.are_lasting() {
        tracing::debug!("the units lie on the root itself: nothing that they make is certain");
        return makes;
    }
    let graph = Graph::of(units);
    for unit in graph.certain() {
        // Which of its names systemd fills in depends on which one was asked for first.
        let is_ambiguous = graph.has_alias(&unit.name) && directories::have_specifiers(unit);
        if makes_directories(unit, accounts) && !is_ambiguous {
            for directory in directories::of(unit).0 {
                make(&directory, unit, accounts, on_root, &mut makes);
            }
            lock(unit, on_root, &mut makes);
        }
    }
    makes
}

/// Whether the service comes so far that its directories are made: before its first command, and as a
/// user who is known.
fn makes_directories(unit: &Unit, accounts: &Accounts) -> bool {
    let is_dynamic = unit.file.switch("Service", "DynamicUser", false);
    let is_known = match (unit.file.last("Service", "User"), is_dynamic) {
        (_, None) => false,
        (None, _) | (_, Some(true)) => true,
        (Some(user), Some(false)) => {
            unit.name.fill_in(user).is_some_and(|user| users::uid(accounts, &user).is_some())
        }
    };
    let group = unit.file.last("Service", "Group");
    let is_group_known = group.is_none_or(|group| {
        is_dynamic == Some(true)
            || unit.name.fill_in(group).is_some_and(|group| users::gid(accounts, &group).is_some())
    });
    let has_command = !unit.file.values("Service", "ExecStart").is_empty();
    unit.name.kind() == "service" && is_known && is_group_known && has_command
}

fn make(directory: &Directory, unit: &Unit, accounts: &Accounts, on_root: &Files, all: &mut Makes) {
    let Kind { setting, .. } = directory.kind;
    let made = |what| {
        let maker = Maker::Unit(unit.name.as_str().to_owned(), setting);
        Made { what, maker }
    };
    let is_as_made = |(what, meta): &(FileType, Meta)| {
        *what == FileType::Directory && is_made_with(unit, directory.kind, accounts, *meta)
    };
    if told(on_root.look(&directory.real), &directory.real).as_ref().is_some_and(is_as_made) {
        all.insert(directory.real.clone(), made(FileType::Directory));
    }
    if let Some((link, text)) = &directory.link
        && told(on_root.link(link), link).as_ref() == Some(text)
    {
        all.insert(link.clone(), made(FileType::Symlink));
    }
}

/// Whether systemd makes a directory of this kind with that owner and mode. A service that gives its
/// directory another one does so later, or only once.
fn is_made_with(unit: &Unit, kind: Kind, accounts: &Accounts, meta: Meta) -> bool {
    let text = unit.file.last("Service", &format!("{}Mode", kind.setting)).unwrap_or("0755");
    let has_mode = u32::from_str_radix(text, 8).is_ok_and(|mode| mode == meta.mode);
    let is_dynamic = unit.file.switch("Service", "DynamicUser", false) != Some(false);
    let number = |key: &str, of: &dyn Fn(&str) -> Option<u32>| {
        let name = unit.file.last("Service", key)?;
        of(&unit.name.fill_in(name)?)
    };
    // Of a dynamic user nobody knows the number, and settings are left to root.
    let has_owner = match (is_dynamic, kind.is_of_root) {
        (true, false) => true,
        (_, true) => (meta.uid, meta.gid) == (0, 0),
        (false, false) => {
            let group = number("Group", &|name| users::gid(accounts, name));
            meta.uid == number("User", &|name| users::uid(accounts, name)).unwrap_or(0)
                && group.is_none_or(|group| group == meta.gid)
        }
    };
    has_mode && has_owner
}

/// A service with a user of its own makes systemd lock the user databases, which leaves an empty file.
fn lock(unit: &Unit, on_root: &Files, all: &mut Makes) {
    let Ok(path) = LOCK.parse::<HostPath>() else { return };
    let meta = Meta { uid: 0, gid: 0, mode: 0o600 };
    let is_dynamic = unit.file.switch("Service", "DynamicUser", false) == Some(true);
    let is_there = || {
        told(on_root.look(&path), &path) == Some((FileType::Regular, meta))
            && told(on_root.read(&path), &path).is_some_and(|content| content.is_empty())
    };
    if is_dynamic && is_there() {
        let maker = Maker::Unit(unit.name.as_str().to_owned(), "DynamicUser");
        all.insert(path, Made { what: FileType::Regular, maker });
    }
}

fn claim_all(units: &Units, accounts: &Accounts, evidence: &mut Evidence) {
    let names = units.names();
    let services = names.iter().filter(|name| name.kind() == "service");
    let mut loaded: Vec<Unit> = services.filter_map(|name| units.load(name)).collect();
    loaded.sort_by(|one, other| one.name.cmp(&other.name));
    loaded.dedup_by(|one, other| one.name == other.name);
    // What a service has for itself counts before what it only works in or may write to.
    let mut own = BTreeSet::new();
    for unit in &loaded {
        for (path, rank) in directories::claims(unit) {
            claim(&path, &unit.name, rank, evidence);
            own.insert(path);
        }
    }
    for unit in &loaded {
        let grounds = writable(unit).into_iter().chain(home(unit, accounts));
        for path in grounds.filter(is_of_a_service) {
            let is_owned =
                own.contains(&path) || path.ancestors().iter().any(|at| own.contains(at));
            if !is_owned {
                claim(&path, &unit.name, rank(&path), evidence);
            }
        }
    }
}

fn claim(path: &HostPath, unit: &UnitName, rank: Rank, evidence: &mut Evidence) {
    let owner = Owner::Unit(unit.as_str().to_owned());
    evidence.owners.claim(path, Owned { owner, preset: None, rank });
}

/// Where a service works, and where it says that it writes.
fn writable(unit: &Unit) -> Vec<HostPath> {
    let work = unit.file.last("Service", "WorkingDirectory").map(str::to_owned);
    let words = unit.file.words("Service", "ReadWritePaths");
    let old = unit.file.words("Service", "ReadWriteDirectories");
    let words = work.into_iter().chain(words).chain(old);
    let path = |word: String| {
        // A dash says that it may be missing, a plus that it is seen from the unit's own root.
        let text = unit.name.fill_in(word.trim_start_matches(['-', '+']))?;
        HostPath::new(text.as_bytes()).ok()
    };
    words.filter_map(path).collect()
}

/// The home of the user of the system as whom a service runs.
fn home(unit: &Unit, accounts: &Accounts) -> Option<HostPath> {
    let user = unit.name.fill_in(unit.file.last("Service", "User")?)?;
    let user = accounts.users.get(&user).filter(|user| users::is_of_system(user))?;
    user.home.clone().filter(|home| home.as_bytes() != NO_HOME.as_bytes())
}

/// Whether a path can be one service's: not one of the directories in which those of all of them lie.
/// Of the finer ones the caller knows that they are structure.
fn is_of_a_service(path: &HostPath) -> bool {
    let mut grounds = GROUNDS.iter().filter_map(|ground| ground.parse::<HostPath>().ok());
    grounds.any(|ground| path.is_below(&ground))
}

/// How much it hurts to lose what lies at a path, by where it lies.
pub(super) fn rank(path: &HostPath) -> Rank {
    let is_in = |places: &[&str]| {
        let mut places = places.iter().filter_map(|place| place.parse::<HostPath>().ok());
        places.any(|place| path.starts_with(&place))
    };
    if is_in(&["/var/log"]) {
        Rank::Logs
    } else if is_in(&["/var/cache", "/var/tmp", "/tmp"]) {
        Rank::Cache
    } else {
        Rank::State
    }
}
