//! Owner and mode of what has to be created. What exists already is the truth and is never changed.
//!
//! In: a path, what lies at the same path on the other side, what is declared, who is known. Out: owner
//! and mode, and whether they are final. Pure.

use super::accounts::{Accounts, Resolved};
use crate::config::{Entry, Kind, Principal};
use crate::path::HostPath;
use crate::sys::Meta;

/// Directories that their owner wants closed whatever lies around them. systemd refuses to start a
/// service with `DynamicUser=` where one of the first three is open ("too permissive").
const CLOSED: [&str; 4] = ["/var/lib/private", "/var/cache/private", "/var/log/private", "/root"];

/// What to create a directory or file with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct New {
    /// Owner and mode.
    pub meta: Meta,
    /// Whether the owner cannot be known yet, so that a later run has to finish it. Nobody but root
    /// can enter or read it until then.
    pub is_provisional: bool,
}

impl New {
    /// What exists elsewhere is the pattern.
    #[must_use]
    pub fn final_of(meta: Meta) -> Self {
        Self { meta, is_provisional: false }
    }

    fn of(uid: u32, gid: u32, mode: u32) -> Self {
        Self { meta: Meta { uid, gid, mode }, is_provisional: false }
    }
}

/// A declared user or group that does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// `user` or `group`.
    pub key: &'static str,
    /// What was declared.
    pub name: String,
}

/// Where it is to be created.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// The path as the host sees it, on whichever side it is created.
    pub path: &'a HostPath,
    /// Owner and mode of the directory that will hold it.
    pub parent: Meta,
    /// Owner and mode of what lies at the other side already: empty, and it will be covered.
    pub other: Option<Meta>,
}

/// What the entry itself is created with, where nothing of it exists: what is declared, and for the
/// rest what its surroundings suggest.
///
/// # Errors
/// The declared user or group does not exist.
pub fn entry(entry: &Entry, around: Around<'_>, accounts: &Accounts) -> Result<New, Unknown> {
    let owner = match &entry.user {
        Some(user) => resolved(accounts.user(user), "user", user)?,
        None => Some(inherited_owner(around, accounts)),
    };
    // What is there already is nobody else's, and nobody else may read it: that stays so.
    let other = around.other.filter(|other| Some(other.uid) == owner);
    let group = match (&entry.group, owner, other) {
        (Some(group), _, _) => resolved(accounts.group(group), "group", group)?,
        (None, Some(_), Some(other)) => Some(other.gid),
        (None, Some(uid), None) => group_for(uid, entry.user.is_some(), around, accounts),
        (None, None, _) => None,
    };
    let may_be_in_home =
        entry.user.is_none() && other.is_none() && is_unknown_home(around, accounts);
    let (Some(uid), Some(gid), false) = (owner, group, may_be_in_home) else {
        let mode = match entry.kind {
            Kind::Directory => 0o700,
            Kind::File => 0o600,
        };
        return Ok(New { is_provisional: true, ..New::of(0, 0, mode) });
    };
    let mode = match (entry.mode, other) {
        (Some(mode), _) => mode,
        (None, Some(other)) => other.mode,
        (None, None) => default_mode(entry.kind, uid, around.path),
    };
    Ok(New::of(uid, gid, mode))
}

/// What a missing directory above an entry is created with, where the other side has none to copy
/// from. The owner of a home owns what lies in it; everything else is root's.
#[must_use]
pub fn parent(entry: &Entry, around: Around<'_>, accounts: &Accounts) -> New {
    if let Some(user) = accounts.home_of(around.path) {
        let gid = user.gid.unwrap_or(around.parent.gid);
        return New::of(user.uid, gid, 0o700);
    }
    if around.parent.uid != 0 {
        return New::of(around.parent.uid, around.parent.gid, 0o700);
    }
    // An entry that belongs to a user may lie in a home that nobody knows of yet. What is made here is
    // empty but for the way to the entry, and the entry itself is closed.
    let is_provisional = is_unknown_home(around, accounts)
        || !accounts.is_complete && belongs_to_user(entry, accounts);
    let mode = if is_closed(around.path) { 0o700 } else { 0o755 };
    New { is_provisional, ..New::of(0, 0, mode) }
}

/// Whether a path that root would own may belong to a user of whom nobody knows yet.
fn is_unknown_home(around: Around<'_>, accounts: &Accounts) -> bool {
    !accounts.is_complete && around.parent.uid == 0 && around.path.as_bytes().starts_with(b"/home/")
}

fn belongs_to_user(entry: &Entry, accounts: &Accounts) -> bool {
    entry.user.as_ref().is_some_and(|user| accounts.user(user) != Resolved::Number(0))
}

fn resolved(
    who: Resolved,
    key: &'static str,
    declared: &Principal,
) -> Result<Option<u32>, Unknown> {
    match who {
        Resolved::Number(id) => Ok(Some(id)),
        Resolved::Later => Ok(None),
        Resolved::Nobody => Err(Unknown { key, name: shown(declared) }),
    }
}

fn shown(who: &Principal) -> String {
    match who {
        Principal::Id(id) => id.to_string(),
        Principal::Name(name) => crate::path::escape(name.as_bytes()),
    }
}

fn inherited_owner(around: Around<'_>, accounts: &Accounts) -> u32 {
    if let Some(other) = around.other {
        return other.uid;
    }
    accounts.home_of(around.path).map_or(around.parent.uid, |user| user.uid)
}

/// The primary group of a user who was declared or whose home it is; otherwise the group around it.
/// None where somebody was declared whose primary group is not known yet.
fn group_for(uid: u32, is_declared: bool, around: Around<'_>, accounts: &Accounts) -> Option<u32> {
    if uid == 0 {
        return Some(0);
    }
    if around.parent.uid == uid && !is_declared {
        return Some(around.parent.gid);
    }
    let primary = accounts.by_number(uid).and_then(|user| user.gid);
    primary.or_else(|| (!is_declared || accounts.is_complete).then_some(around.parent.gid))
}

/// Private where a user owns it, as everybody may read it where root does: most of what is kept in a
/// home is nobody else's business, and most of /var/lib is read by services under names of their own.
fn default_mode(kind: Kind, uid: u32, path: &HostPath) -> u32 {
    let open = uid == 0 && !is_closed(path) && !path.as_bytes().starts_with(b"/root/");
    match (kind, open) {
        (Kind::Directory, true) => 0o755,
        (Kind::Directory, false) => 0o700,
        (Kind::File, true) => 0o644,
        (Kind::File, false) => 0o600,
    }
}

/// Narrows what is made at a path that has to be closed, whatever the pattern says.
#[must_use]
pub fn closed(path: &HostPath, new: New) -> New {
    let mask = if is_closed(path) { 0o7700 } else { 0o7777 };
    New { meta: Meta { mode: new.meta.mode & mask, ..new.meta }, ..new }
}

pub(super) fn is_closed(path: &HostPath) -> bool {
    CLOSED.iter().any(|closed| path.as_bytes() == closed.as_bytes())
}
