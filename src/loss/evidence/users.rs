//! The users and groups that the files of a host name. Pure.

use std::collections::BTreeMap;

use super::told;
use crate::path::HostPath;
use crate::sys::files::Files;

/// Users of the system have numbers below this; from here on people log in.
const FIRST_OF_PEOPLE: u32 = 1000;

/// Everybody whom `/etc/passwd` and `/etc/group` of a host name.
#[derive(Debug, Default)]
pub(super) struct Users {
    users: BTreeMap<String, User>,
    groups: BTreeMap<String, u32>,
}

/// A user.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct User {
    /// Number.
    pub(super) uid: u32,
    /// Home; none where the field holds no path.
    pub(super) home: Option<HostPath>,
}

impl Users {
    /// Reads both files of `host`. What cannot be read is logged, and its names are unknown.
    pub(super) fn of(host: &Files) -> Self {
        let text = |path: &str| {
            let path: HostPath = path.parse().ok()?;
            told(host.read(&path), &path)
        };
        let text = |path| text(path).unwrap_or_default();
        Self::parse(&text("/etc/passwd"), &text("/etc/group"))
    }

    /// Takes the texts of both files. Of two of one name the first counts.
    pub(super) fn parse(passwd: &[u8], group: &[u8]) -> Self {
        let mut all = Self::default();
        for fields in lines(passwd) {
            if let [name, _, uid, _, _, home, ..] = fields.as_slice()
                && let Ok(uid) = uid.parse()
            {
                let home = HostPath::new(home.as_bytes()).ok();
                all.users.entry((*name).to_owned()).or_insert(User { uid, home });
            }
        }
        for fields in lines(group) {
            if let [name, _, gid, ..] = fields.as_slice()
                && let Ok(gid) = gid.parse()
            {
                all.groups.entry((*name).to_owned()).or_insert(gid);
            }
        }
        all
    }

    /// The user of that name.
    pub(super) fn get(&self, name: &str) -> Option<&User> {
        self.users.get(name)
    }

    /// The number of a user, by name or as digits.
    pub(super) fn uid(&self, name: &str) -> Option<u32> {
        name.parse().ok().or_else(|| Some(self.users.get(name)?.uid))
    }

    /// The number of a group, by name or as digits.
    pub(super) fn gid(&self, name: &str) -> Option<u32> {
        name.parse().ok().or_else(|| self.groups.get(name).copied())
    }
}

impl User {
    /// Whether it is neither root nor a person.
    pub(super) fn is_of_system(&self) -> bool {
        (1..FIRST_OF_PEOPLE).contains(&self.uid)
    }
}

fn lines(text: &[u8]) -> impl Iterator<Item = Vec<&str>> {
    let lines = text.split(|&byte| byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    lines.map(|line| line.split(':').collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_digits_have_numbers_and_the_first_of_two_counts() {
        let users = Users::parse(
            b"root:x:0:0::/root:/bin/sh\ndb:x:71:71::/var/lib/db:/x\ndb:x:72:72::/y:/x\n\
              alice:x:1000:100::/home/alice:/bin/sh\nodd:x:x:1::/:/x\nshort:x:5\n\xff:x:6:6::/:/x\n",
            b"root:x:0:\ndb:x:71:\n",
        );
        let table =
            [("root", Some(0)), ("db", Some(71)), ("42", Some(42)), ("odd", None), ("", None)];
        for (name, uid) in table {
            assert_eq!(users.uid(name), uid, "{name}");
        }
        assert_eq!(
            (users.gid("db"), users.gid("7"), users.gid("alice")),
            (Some(71), Some(7), None)
        );
        let is_of_system = |name| users.get(name).map(User::is_of_system);
        let table = [("root", Some(false)), ("db", Some(true)), ("alice", Some(false))];
        for (name, expected) in table {
            assert_eq!(is_of_system(name), expected, "{name}");
        }
        assert_eq!(users.get("db").unwrap().home, "/var/lib/db".parse().ok());
    }
}
