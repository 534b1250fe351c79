//! Users and groups by name, as far as they are known where the program runs.
//!
//! On the host everybody is known. In the initrd there is no user database yet: only numbers, and what
//! NixOS wrote down into the store (`/var/lib/nixos/uid-map`, `gid-map`).

use std::collections::BTreeMap;

use crate::config::Principal;
use crate::path::HostPath;

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its number.
    pub uid: u32,
    /// The number of its primary group, where that is known.
    pub gid: Option<u32>,
    /// Its home directory, where that is known and an absolute path.
    pub home: Option<HostPath>,
}

/// Everybody who is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accounts {
    /// Users by name.
    pub users: BTreeMap<String, User>,
    /// Groups by name.
    pub groups: BTreeMap<String, u32>,
    /// Whether this is everybody: a name that is not here does not exist. Otherwise it may be known
    /// later.
    pub is_complete: bool,
}

/// What a declared name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved {
    /// This number.
    Number(u32),
    /// Nobody knows yet.
    Later,
    /// There is nobody of that name.
    Nobody,
}

impl Accounts {
    /// What a declared user stands for.
    #[must_use]
    pub fn user(&self, user: &Principal) -> Resolved {
        let number = |name: &str| self.users.get(name).map(|user| user.uid);
        self.resolve(user, number)
    }

    /// What a declared group stands for.
    #[must_use]
    pub fn group(&self, group: &Principal) -> Resolved {
        self.resolve(group, |name| self.groups.get(name).copied())
    }

    fn resolve(&self, who: &Principal, number: impl Fn(&str) -> Option<u32>) -> Resolved {
        match who {
            Principal::Id(id) => Resolved::Number(*id),
            Principal::Name(name) => match number(name) {
                Some(id) => Resolved::Number(id),
                None if name == "root" => Resolved::Number(0),
                None if self.is_complete => Resolved::Nobody,
                None => Resolved::Later,
            },
        }
    }

    /// The user with this number.
    #[must_use]
    pub fn by_number(&self, uid: u32) -> Option<&User> {
        self.users.values().find(|user| user.uid == uid)
    }

    /// The user in whose home `path` lies, or whose home it is; of nested homes the innermost.
    #[must_use]
    pub fn home_of(&self, path: &HostPath) -> Option<&User> {
        let is_in = |user: &&User| {
            user.uid != 0
                && user.home.as_ref().is_some_and(|home| !home.is_root() && path.starts_with(home))
        };
        let depth = |user: &&User| user.home.as_ref().map_or(0, |home| home.as_bytes().len());
        self.users.values().filter(is_in).max_by_key(depth)
    }
}
