//! What has to be declared so that a path is kept, ready to be pasted into a configuration.
//!
//! In: a path, what lies there, who is known. Out: an entry, or a sentence on why it cannot be one. The
//! host is looked at only through [`Desk::look`]; nothing is changed.

mod block;
mod harm;
mod paste;
mod print;

use super::facts::Looker;
use crate::config::{Config, Entry, How, Kind};
use crate::path::HostPath;
use crate::persist::accounts::Accounts;
use crate::persist::create::{self, Around};
use crate::persist::paste::toml;
use crate::sys::{Look, Meta};

pub use block::{Block, Hand, Host};
pub use paste::{Language, Paste};
pub use print::{nix_line, nix_preset, toml_entry, toml_store, toml_version};

/// What has to be known to write an entry down.
#[derive(Clone, Copy)]
pub struct Desk<'h> {
    /// What is declared already.
    pub config: &'h Config,
    /// Who is known by name.
    pub accounts: &'h Accounts,
    /// Tells what lies at a path.
    pub look: Looker<'h>,
}

/// An entry that is not declared yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The entry; its owner and mode stand in `unusual`.
    pub entry: Entry,
    /// What it has to say of its owner and mode.
    pub unusual: Unusual,
    /// The user in whose home it lies, and its path as seen from there.
    pub home: Option<(String, String)>,
}

/// An owner or mode that is not what the entry would be made with anyway; as values of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unusual {
    /// The owner.
    pub user: Option<String>,
    /// The group.
    pub group: Option<String>,
    /// Permission bits.
    pub mode: Option<u32>,
}

impl Desk<'_> {
    /// Returns the entry that keeps `path`, which is called `target` on the host and as which `look`
    /// was seen; of what is not there yet a directory.
    ///
    /// # Errors
    /// Why it cannot be an entry, and what can, as a sentence.
    pub fn item(
        &self,
        path: &HostPath,
        target: &HostPath,
        look: Option<&Look>,
    ) -> Result<Item, String> {
        let (kind, meta) = kind(look)?;
        if std::str::from_utf8(target.as_bytes()).is_err() {
            return Err(
                "Its name is not UTF-8, so no configuration can hold it; keep the directory \
                        that it lies in."
                    .to_owned(),
            );
        }
        let holds = |store: &&crate::config::Store| store.path.starts_with(target);
        if let Some(store) = self.config.stores.iter().find(holds) {
            return Err(format!(
                "It holds the store {}, which an entry would cover; keep what lies beside that.",
                store.path
            ));
        }
        if target.is_root() {
            return Err("The root itself cannot be an entry; keep what lies on it.".to_owned());
        }
        if let Some(own) = harm::system(target) {
            return Err(format!(
                "{own} is the system itself, which belongs on a file system of its own."
            ));
        }
        let (how, target) = (How::Bind, target.clone());
        let (user, group, mode, because, line) = (None, None, None, None, 0);
        let entry = Entry { target, kind, how, user, group, mode, because, line };
        let unusual = meta.map(|meta| self.unusual(&entry, path, meta)).unwrap_or_default();
        let home = in_home(&entry.target, self.accounts);
        Ok(Item { entry, unusual, home })
    }

    /// What has to be declared so that the entry gets the owner and mode that the path has, should it
    /// ever have to be made.
    fn unusual(&self, entry: &Entry, path: &HostPath, meta: Meta) -> Unusual {
        let parent = match path.parent().map(|parent| (self.look)(&parent)) {
            Some(Ok(Look::Directory(seen))) => seen.meta,
            _ => return Unusual::default(),
        };
        let around = Around { path: &entry.target, parent, other: None };
        let Ok(new) = create::entry(entry, around, self.accounts) else {
            return Unusual::default();
        };
        let (users, groups) = (&self.accounts.users, &self.accounts.groups);
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
}

fn kind(look: Option<&Look>) -> Result<(Kind, Option<Meta>), String> {
    match look {
        Some(Look::Directory(seen)) => Ok((Kind::Directory, Some(seen.meta))),
        Some(Look::File(seen)) => Ok((Kind::File, Some(seen.meta))),
        Some(Look::Absent) | None => Ok((Kind::Directory, None)),
        Some(Look::Symlink(_)) => {
            Err("A symlink cannot be an entry; keep what it leads to.".to_owned())
        }
        Some(Look::Special(word)) => {
            Err(format!("A {word} cannot be an entry; whoever uses it makes it."))
        }
        Some(Look::Blocked(blocker)) => {
            Err(format!("{blocker} is no directory, so nothing can lie there."))
        }
    }
}

/// The user in whose home a path lies, and the path as seen from there.
fn in_home(target: &HostPath, accounts: &Accounts) -> Option<(String, String)> {
    let user = accounts.home_of(target)?;
    let (name, _) = accounts.users.iter().find(|(_, other)| *other == user)?;
    let inside = target.seen_from(user.home.as_ref()?).filter(|inside| !inside.is_root())?;
    Some((name.clone(), inside.exact().trim_start_matches('/').to_owned()))
}

impl std::fmt::Debug for Desk<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}
