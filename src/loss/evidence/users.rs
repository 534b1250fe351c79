//! Users and groups as units and rules name them. Pure.

use super::homes::FIRST;
use crate::persist::accounts::{Accounts, User};

/// The number of a user, by name or as digits.
pub(super) fn uid(accounts: &Accounts, name: &str) -> Option<u32> {
    name.parse().ok().or_else(|| Some(accounts.users.get(name)?.uid))
}

/// The number of a group, by name or as digits.
pub(super) fn gid(accounts: &Accounts, name: &str) -> Option<u32> {
    name.parse().ok().or_else(|| accounts.groups.get(name).copied())
}

/// Whether a user is neither root nor a person.
pub(super) fn is_of_system(user: &User) -> bool {
    (1..FIRST).contains(&user.uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_digits_have_numbers_and_only_low_numbers_are_of_the_system() {
        let user = |uid| User { uid, gid: None, home: None };
        let mut accounts = Accounts::default();
        accounts
            .users
            .extend([("root", 0), ("db", 71), ("al", 1000)].map(|(n, u)| (n.into(), user(u))));
        accounts.groups.insert("db".into(), 72);
        let table =
            [("root", Some(0)), ("db", Some(71)), ("42", Some(42)), ("no", None), ("", None)];
        for (name, expected) in table {
            assert_eq!(uid(&accounts, name), expected, "{name}");
        }
        let groups = ["db", "7", "al"].map(|name| gid(&accounts, name));
        assert_eq!(groups, [Some(72), Some(7), None]);
        assert_eq!(
            [0, 71, 999, 1000].map(|uid| is_of_system(&user(uid))),
            [false, true, true, false]
        );
    }
}
