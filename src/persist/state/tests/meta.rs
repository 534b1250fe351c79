//! Owners and modes that are not final, not as declared, or too open.

use super::*;
use crate::config::Principal;
use crate::persist::accounts::User;
use crate::persist::observe::Unfinished;

#[test]
fn an_owner_that_was_not_known_is_off_until_it_is_finished() {
    let meta = Meta { mode: 0o700, ..META };
    let made = Look::Directory(Seen { meta, is_mount: true, ..seen(20) });
    let unfinished = Unfinished {
        path: path("/persist/srv/x"),
        as_seen: path("/srv/x"),
        id: FileId { device: (0, 1), inode: 1 },
        meta,
        parent: META,
    };
    let ends = Ends { unfinished: vec![unfinished], ..ends(made.clone(), made) };
    let seen = observation(How::Bind, Ok(ends));
    let what = "its owner was not known yet; run `blankslate apply`".to_owned();
    assert_eq!(said(&seen, &Beneath::Nothing), (State::WrongMode, what));
    assert_eq!(note_of_meta(&seen, &Accounts::default()), None);
}

/// User, group and mode.
type Declared = (Option<Principal>, Option<Principal>, Option<u32>);

#[test]
fn another_owner_or_mode_than_declared_is_a_note_with_the_commands() {
    let user = User { uid: 1000, gid: None, home: None };
    let accounts = Accounts {
        users: [("alice".to_owned(), user)].into(),
        groups: [("users".to_owned(), 100)].into(),
        is_complete: true,
    };
    let name = |name: &str| Some(Principal::Name(name.to_owned()));
    let (alice, users) = (name("alice"), name("users"));
    let table: &[(Declared, Option<&str>)] = &[
        ((None, None, None), None),
        ((Some(Principal::Id(0)), None, Some(0o755)), None),
        ((name("nobody-knows"), None, None), None),
        (
            (alice.clone(), None, None),
            Some(
                "its owner is 0, declared is 1000; that stays, unless you run `chown 1000 /persist/srv/x`",
            ),
        ),
        (
            (None, users.clone(), None),
            Some(
                "its group is 0, declared is 100; that stays, unless you run `chgrp 100 /persist/srv/x`",
            ),
        ),
        (
            (alice, users, Some(0o2700)),
            Some(
                "its owner is 0, declared is 1000, its group is 0, declared is 100, its mode is 0755, declared is 2700; that stays, unless you run `chown 1000:100 /persist/srv/x && chmod 2700 /persist/srv/x`",
            ),
        ),
    ];
    for ((user, group, mode), note) in table {
        let mut seen = observation(How::Bind, Ok(ends(dir(20), mounted(20))));
        (seen.entry.user, seen.entry.group, seen.entry.mode) = (user.clone(), group.clone(), *mode);
        let note = note.map(|note| format!("/srv/x: {note}"));
        assert_eq!(note_of_meta(&seen, &accounts), note);
        // A note, and nothing that is off.
        assert_eq!(said(&seen, &Beneath::Nothing).0, State::InPlace);
    }
}

#[test]
fn a_directory_that_has_to_be_closed_is_told_on_the_side_where_it_is_open() {
    let open = |at_target: u32, at_source: u32| {
        let at = |mode| Look::Directory(Seen { meta: Meta { mode, ..META }, ..seen(9) });
        let mut ends = ends(dir(20), mounted(20));
        ends.parents.push(Parent {
            path: path("/var/lib/private"),
            at_target: at(at_target),
            source: path("/persist/var/lib/private"),
            at_source: at(at_source),
            is_entry: false,
            is_target_unfinished: false,
            is_source_unfinished: false,
        });
        open_directories(&observation(How::Bind, Ok(ends)))
    };
    assert_eq!(open(0o700, 0o700), []);
    assert_eq!(open(0o755, 0o700), [(path("/var/lib/private"), 0o755)]);
    assert_eq!(open(0o700, 0o710), [(path("/persist/var/lib/private"), 0o710)]);
}
