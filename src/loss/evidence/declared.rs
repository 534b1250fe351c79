//! The user databases and homes that NixOS makes from what is declared.
//!
//! A database is only made again where nobody can add to it (`mutableUsers = false`) and each of its
//! lines is what the declaration says, down to the numbers and the hashes. Numbers that NixOS gave
//! itself come again only from a map that does not lie on the root.

use std::collections::BTreeMap;
use std::ffi::OsStr;

use serde::Deserialize;

use super::systems::{Thing, Things, agree, has_directory, store_paths};
use super::told;
use crate::loss::{FileType, Maker, Makers};
use crate::path::HostPath;
use crate::persist::accounts::Accounts;
use crate::sys::Meta;
use crate::sys::files::Files;

/// How the file is called in which a system declares its users.
const SPEC: &[u8] = b"-users-groups.json";

/// Where NixOS writes down which number it gave whom.
const MAPS: &str = "/var/lib/nixos";

/// The mode of a home where none is declared.
const HOME_MODE: &str = "700";

/// What a system declares.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    mutable_users: bool,
    users: Vec<User>,
    groups: Vec<Group>,
}

/// A declared user, as far as databases and homes are made from it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    name: String,
    uid: Option<u32>,
    group: String,
    #[serde(default)]
    description: String,
    home: String,
    home_mode: Option<String>,
    #[serde(default)]
    create_home: bool,
    shell: Option<String>,
    hashed_password: Option<String>,
    #[serde(alias = "passwordFile")]
    hashed_password_file: Option<String>,
    password: Option<String>,
    initial_password: Option<String>,
    initial_hashed_password: Option<String>,
    expires: Option<String>,
    #[serde(default)]
    sub_uid_ranges: Vec<Range>,
    #[serde(default)]
    sub_gid_ranges: Vec<Range>,
}

/// Numbers that a user may give away.
#[derive(Debug, Deserialize)]
struct Range {
    #[serde(alias = "startUid", alias = "startGid")]
    start: u64,
    count: u64,
}

/// A declared group.
#[derive(Debug, Deserialize)]
struct Group {
    name: String,
    gid: Option<u32>,
    #[serde(default)]
    members: Vec<String>,
}

/// Says which databases and homes every system makes again as they lie on the root.
pub(super) fn declared(
    systems: &[HostPath],
    host: &Files,
    on_root: &Files,
    accounts: &Accounts,
    makers: &mut Makers,
) {
    let specs: Vec<Option<Spec>> = systems.iter().map(|system| spec(system, host)).collect();
    let homes = |spec: &Option<Spec>| {
        spec.as_ref().map_or_else(Things::new, |spec| homes(spec, on_root, accounts))
    };
    let databases = |spec: &Option<Spec>| {
        let spec = spec.as_ref().filter(|spec| !spec.mutable_users);
        spec.map_or_else(Things::new, |spec| databases(spec, host, on_root, accounts))
    };
    let homes: Vec<Things> = specs.iter().map(homes).collect();
    agree(&homes, &Maker::Boot("NixOS, which makes the homes of declared users"), makers);
    let databases: Vec<Things> = specs.iter().map(databases).collect();
    agree(&databases, &Maker::Boot("NixOS, from the declared users"), makers);
}

/// What a system's activation script makes users from.
fn spec(system: &HostPath, host: &Files) -> Option<Spec> {
    let activate = system.join(OsStr::new("activate"));
    let script = told(host.read(&activate), &activate)?;
    let mut specs = store_paths(&script);
    specs.retain(|path| path.as_bytes().ends_with(SPEC));
    let [path] = specs.as_slice() else { return None };
    let text = told(host.read(path), path)?;
    let spec = serde_json::from_slice(&text);
    spec.inspect_err(|cause| tracing::warn!("cannot understand {path}: {cause}")).ok()
}

/// The homes that are made where they are missing. A user may have another number after the next boot;
/// whose home it is stays the same.
fn homes(spec: &Spec, on_root: &Files, accounts: &Accounts) -> Things {
    let home = |user: &User| {
        let path = HostPath::new(user.home.as_bytes()).ok().filter(|path| !path.is_root())?;
        let mode = user.home_mode.as_deref().unwrap_or(HOME_MODE);
        let mode = u32::from_str_radix(mode, 8).ok()?;
        let ids = accounts.users.get(&user.name).and_then(|user| Some((user.uid, user.gid?)));
        let is_on_root =
            ids.is_some_and(|(uid, gid)| has_directory(on_root, &path, Meta { uid, gid, mode }));
        Some((path, Thing { what: FileType::Directory, is_on_root }))
    };
    spec.users.iter().filter(|user| user.create_home).filter_map(home).collect()
}

fn databases(spec: &Spec, host: &Files, on_root: &Files, accounts: &Accounts) -> Things {
    let map = |name| map(host, on_root, name);
    let (uids, gids) = (map("uid-map"), map("gid-map"));
    let databases = Databases { spec, host, on_root, uids, gids };
    databases.things(accounts.groups.get("shadow").copied())
}

/// The numbers that NixOS gave itself, where they do not go with the root.
fn map(host: &Files, on_root: &Files, name: &str) -> BTreeMap<String, u32> {
    let path = MAPS.parse::<HostPath>().map(|maps| maps.join(OsStr::new(name)));
    let Some(path) = path.ok().filter(|path| lasts(host, on_root, path)) else {
        return BTreeMap::new();
    };
    let text = told(host.read(&path), &path);
    text.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

/// Whether what programs find at `path` is there when the root was erased: it is not on the root, no
/// symlink on the root leads to it, and where it lies lasts. What cannot be told does not.
fn lasts(host: &Files, on_root: &Files, path: &HostPath) -> bool {
    let has_no_link = |at: &HostPath| matches!(on_root.link(at), Ok(None));
    matches!(on_root.look(path), Ok(None))
        && path.ancestors().iter().filter(|at| !at.is_root()).all(has_no_link)
        && told(host.outlives(path, on_root), path)
}

/// Everything that the lines of the databases are compared with.
struct Databases<'s> {
    spec: &'s Spec,
    host: &'s Files,
    on_root: &'s Files,
    uids: BTreeMap<String, u32>,
    gids: BTreeMap<String, u32>,
}

impl Databases<'_> {
    fn things(&self, shadow: Option<u32>) -> Things {
        let everybodys = Some(Meta { uid: 0, gid: 0, mode: 0o644 });
        let secret = shadow.map(|gid| Meta { uid: 0, gid, mode: 0o640 });
        let users = || self.spec.users.iter();
        let groups = self.spec.groups.iter();
        let table: [(&str, Option<Meta>, Vec<String>); 5] = [
            ("/etc/passwd", everybodys, users().filter_map(|user| self.passwd(user)).collect()),
            ("/etc/group", everybodys, groups.filter_map(|group| self.group(group)).collect()),
            ("/etc/shadow", secret, users().filter_map(|user| self.shadow(user)).collect()),
            ("/etc/subuid", everybodys, ranges(users(), |user| &user.sub_uid_ranges)),
            ("/etc/subgid", everybodys, ranges(users(), |user| &user.sub_gid_ranges)),
        ];
        let mut things = Things::new();
        for (text, meta, lines) in table {
            let Ok(path) = text.parse::<HostPath>() else { continue };
            let is_on_root = meta.is_some_and(|meta| self.has(&path, meta, &lines));
            things.insert(path, Thing { what: FileType::Regular, is_on_root });
        }
        things
    }

    /// Whether each line of the root's database is one of these.
    fn has(&self, path: &HostPath, meta: Meta, lines: &[String]) -> bool {
        told(self.on_root.look(path), path) == Some((FileType::Regular, meta))
            && told(self.on_root.read(path), path).is_some_and(|text| {
                let mut there = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
                there.all(|line| lines.iter().any(|made| made.as_bytes() == line))
            })
    }

    fn passwd(&self, user: &User) -> Option<String> {
        let uid = user.uid.or_else(|| self.uids.get(&user.name).copied())?;
        let gid = match user.group.as_bytes() {
            // NixOS takes a single digit for a number.
            [digit @ b'0'..=b'9'] => u32::from(digit - b'0'),
            _ => self.gid(self.spec.groups.iter().find(|group| group.name == user.group)?)?,
        };
        let User { name, description, home, .. } = user;
        let shell = user.shell.as_deref()?;
        Some(format!("{name}:x:{uid}:{gid}:{description}:{home}:{shell}"))
    }

    fn gid(&self, group: &Group) -> Option<u32> {
        group.gid.or_else(|| self.gids.get(&group.name).copied())
    }

    fn group(&self, group: &Group) -> Option<String> {
        let mut members: Vec<&str> = group.members.iter().map(String::as_str).collect();
        members.sort_unstable();
        members.dedup();
        Some(format!("{}:x:{}:{}", group.name, self.gid(group)?, members.join(",")))
    }

    fn shadow(&self, user: &User) -> Option<String> {
        // The day on which an account ends would have to be counted.
        user.expires.is_none().then_some(())?;
        let hash = match (&user.hashed_password_file, &user.hashed_password) {
            (Some(file), _) => self.hash_in(file)?,
            // A password that is salted anew at every boot is never the same.
            (None, _) if user.password.is_some() => return None,
            (None, Some(hash)) => hash.clone(),
            (None, None) if user.initial_password.is_some() => return None,
            (None, None) => user.initial_hashed_password.clone().unwrap_or_else(|| "!".to_owned()),
        };
        Some(format!("{}:{hash}:1::::::", user.name))
    }

    /// The hash in a file that neither goes with the root nor is made anew at boot.
    fn hash_in(&self, file: &str) -> Option<String> {
        let path = HostPath::new(file.as_bytes()).ok()?;
        let run = HostPath::new(b"/run").ok()?;
        if path.starts_with(&run) || !lasts(self.host, self.on_root, &path) {
            return None;
        }
        let text = String::from_utf8(told(self.host.read(&path), &path)?).ok()?;
        Some(text.strip_suffix('\n').unwrap_or(&text).to_owned())
    }
}

/// The lines of declared ranges. Those that NixOS chose itself are not known, so where it did the
/// database is lost.
fn ranges<'s>(
    users: impl Iterator<Item = &'s User>,
    of: impl Fn(&'s User) -> &'s Vec<Range>,
) -> Vec<String> {
    let line = |name: &str, range: &Range| format!("{name}:{}:{}", range.start, range.count);
    users.flat_map(|user| of(user).iter().map(|range| line(&user.name, range))).collect()
}
