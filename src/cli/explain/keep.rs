//! The lines that keep a path, ready to be pasted into the configuration.

use std::fmt::Write as _;

use crate::cli::status::look::Host;
use crate::config::{Entry, How, Kind};
use crate::path::HostPath;
use crate::persist::accounts::Accounts;
use crate::persist::create::{self, Around};
use crate::persist::paste::{nix, toml};
use crate::persist::rewriters;
use crate::sys::{Look, Meta, Sys};

/// Lines that declare a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keep {
    /// What goes into `config.toml`.
    pub toml: String,
    /// What goes into the configuration of the host.
    pub nix: String,
    /// Why it will not hold all the same.
    pub warning: Option<String>,
}

/// An owner or mode that is not what the entry would be made with anyway.
#[derive(Debug, Default)]
struct Unusual {
    user: Option<String>,
    group: Option<String>,
    mode: Option<u32>,
}

/// Returns the lines that keep `path`; `declared` is what it is called on the host, where that differs.
///
/// # Errors
/// Why it cannot be an entry, and what can.
pub(super) fn lines(
    host: &Host<'_>,
    path: &HostPath,
    declared: Option<&HostPath>,
    look: Option<&Look>,
) -> Result<Keep, String> {
    let target = declared.unwrap_or(path);
    let (kind, meta) = match look {
        Some(Look::Directory(seen)) => (Kind::Directory, Some(seen.meta)),
        Some(Look::File(seen)) => (Kind::File, Some(seen.meta)),
        Some(Look::Absent) | None => (Kind::Directory, None),
        Some(Look::Symlink(_)) => {
            return Err("A symlink cannot be an entry; keep what it leads to.".to_owned());
        }
        Some(Look::Special(word)) => {
            return Err(format!("A {word} cannot be an entry; whoever uses it makes it."));
        }
        Some(Look::Blocked(blocker)) => {
            return Err(format!("{blocker} is no directory, so nothing can lie there."));
        }
    };
    if std::str::from_utf8(target.as_bytes()).is_err() {
        return Err("Its name is not UTF-8, so no configuration can hold it; keep the directory \
                    that it lies in."
            .to_owned());
    }
    if let Some(store) = host.config.stores.iter().find(|store| store.path.starts_with(target)) {
        return Err(format!(
            "It holds the store {}, which an entry would cover; keep what lies beside that.",
            store.path
        ));
    }
    if target.is_root() {
        return Err("The root itself cannot be an entry; keep what lies on it.".to_owned());
    }
    let how = How::Bind;
    let (user, group, mode, because, line) = (None, None, None, None, 0);
    let target = target.clone();
    let entry = Entry { target, kind, how, user, group, mode, because, line };
    let unusual = meta.map(|meta| unusual(host, &entry, path, meta)).unwrap_or_default();
    let store = host.config.stores.first().map(|store| store.path.exact());
    Ok(Keep {
        toml: as_toml(&entry, &unusual, store.as_deref()),
        nix: as_nix(&entry, &unusual, store.as_deref(), &host.accounts),
        warning: rewriters::warning_of(host.config, &entry),
    })
}

/// What has to be declared so that the entry gets the owner and mode that the path has, should it ever
/// have to be made.
fn unusual(host: &Host<'_>, entry: &Entry, path: &HostPath, meta: Meta) -> Unusual {
    let parent = match path.parent().map(|parent| host.sys.look(&parent)) {
        Some(Ok(Look::Directory(seen))) => seen.meta,
        _ => return Unusual::default(),
    };
    let around = Around { path: &entry.target, parent, other: None };
    let Ok(new) = create::entry(entry, around, &host.accounts) else { return Unusual::default() };
    let (users, groups) = (&host.accounts.users, &host.accounts.groups);
    let user = users.iter().find(|(_, user)| user.uid == meta.uid).map(|(name, _)| name);
    let group = groups.iter().find(|(_, gid)| **gid == meta.gid).map(|(name, _)| name);
    let named = |name: Option<&String>, id: u32| match (name, id) {
        (Some(name), _) => toml(name),
        (None, 0) => toml("root"),
        (None, id) => id.to_string(),
    };
    Unusual {
        user: (meta.uid != new.meta.uid).then(|| named(user, meta.uid)),
        group: (meta.gid != new.meta.gid).then(|| named(group, meta.gid)),
        mode: (meta.mode != new.meta.mode).then_some(meta.mode),
    }
}

fn as_toml(entry: &Entry, unusual: &Unusual, store: Option<&str>) -> String {
    let mut text = match store {
        Some(store) => format!("# below the [[store]] with path = {}\n", toml(store)),
        None => "# there is no store yet; these three lines are an example\n[[store]]\n\
                 path = \"/persist\"\ndevice = \"rpool/safe/persist\"\nfs = \"zfs\"\n\n"
            .to_owned(),
    };
    let target = toml(&entry.target.exact());
    let _ = writeln!(text, "[[store.entry]]\ntarget = {target}\nkind = \"{}\"", entry.kind);
    for (key, value) in [("user", &unusual.user), ("group", &unusual.group)] {
        if let Some(value) = value {
            let _ = writeln!(text, "{key} = {value}");
        }
    }
    if let Some(mode) = unusual.mode {
        let _ = writeln!(text, "mode = \"{mode:04o}\"");
    }
    text
}

fn as_nix(entry: &Entry, unusual: &Unusual, store: Option<&str>, accounts: &Accounts) -> String {
    let many = match entry.kind {
        Kind::Directory => "directories",
        Kind::File => "files",
    };
    let (user, path) = in_home(&entry.target, accounts);
    let path = nix(&path);
    let mut attributes = format!("path = {path};");
    for (key, value) in [("user", &unusual.user), ("group", &unusual.group)] {
        if let Some(value) = value {
            let _ = write!(attributes, " {key} = {value};");
        }
    }
    if let Some(mode) = unusual.mode {
        let _ = write!(attributes, " mode = \"{mode:04o}\";");
    }
    let is_plain = unusual.user.is_none() && unusual.group.is_none() && unusual.mode.is_none();
    let item = if is_plain { path } else { format!("{{ {attributes} }}") };
    let user = user.map(|user| format!(".users.{}", nix(&user))).unwrap_or_default();
    let store = nix(store.unwrap_or("/persist"));
    format!("blankslate.stores.{store}{user}.{many} = [ {item} ];\n")
}

/// The user in whose home a path lies, and the path seen from there; otherwise the path itself.
fn in_home(target: &HostPath, accounts: &Accounts) -> (Option<String>, String) {
    let user = accounts.home_of(target);
    let name = user.and_then(|user| {
        accounts.users.iter().find(|(_, other)| *other == user).map(|(name, _)| name.clone())
    });
    let inside = user.and_then(|user| target.seen_from(user.home.as_ref()?));
    match (name, inside) {
        (Some(name), Some(inside)) if !inside.is_root() => {
            (Some(name), inside.exact().trim_start_matches('/').to_owned())
        }
        _ => (None, target.exact()),
    }
}
