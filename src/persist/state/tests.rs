//! Every state, and the sentence about it.

use super::*;
use crate::config::{Entry, Kind, Principal};
use crate::persist::accounts::{Accounts, User};
use crate::persist::machine_id::{Id, Ids};
use crate::persist::observe::{Data, Parent, Scene, Unfinished};
use crate::persist::plan::plan;
use crate::persist::record::Placed;
use crate::sys::{Difference, FileId, Meta, Seen};

const META: Meta = Meta { uid: 0, gid: 0, mode: 0o755 };

fn path(text: &str) -> HostPath {
    text.parse().unwrap()
}

fn seen(inode: u64) -> Seen {
    let id = FileId { device: (0, 1), inode };
    Seen { id, meta: META, is_mount: false, is_empty: false, is_untouched: false }
}

const UNSET: Ids = Ids { at_target: Id::Unset, at_source: Id::Unset, kept: Id::Unset };

fn dir(inode: u64) -> Look {
    Look::Directory(seen(inode))
}

fn empty_dir(inode: u64) -> Look {
    Look::Directory(Seen { is_empty: true, ..seen(inode) })
}

fn mounted(inode: u64) -> Look {
    Look::Directory(Seen { is_mount: true, ..seen(inode) })
}

fn link(to: &str) -> Look {
    Look::Symlink(to.as_bytes().to_vec())
}

fn entry(how: How) -> Entry {
    let target = path("/srv/x");
    let kind = Kind::Directory;
    Entry { target, kind, how, user: None, group: None, mode: None, because: None, line: 7 }
}

fn ends(at_source: Look, at_target: Look) -> Ends {
    let parent = |target: &str, source: &str, inode| Parent {
        path: path(target),
        at_target: dir(inode),
        source: path(source),
        at_source: dir(inode + 1),
        is_entry: false,
        is_target_unfinished: false,
        is_source_unfinished: false,
    };
    Ends {
        at_source,
        at_target,
        parents: vec![parent("/", "/persist", 1), parent("/srv", "/persist/srv", 3)],
        is_inside: false,
        is_in_memory: false,
        machine_id: None,
        ours: None,
        unfinished: Vec::new(),
        data: None,
        elsewhere: None,
    }
}

fn observation(how: How, ends: Result<Ends, String>) -> Observation {
    let (store, source) = (path("/persist"), path("/persist/srv/x"));
    Observation { entry: entry(how), store, source, ends }
}

fn said(seen: &Observation, beneath: &Beneath) -> (State, String) {
    let scene = Scene { entries: vec![seen.clone()], undeclared: Vec::new() };
    let accounts = Accounts { is_complete: true, ..Accounts::default() };
    let plans = plan(&scene, &accounts);
    let Status { state, sentence } = state(seen, &plans[0], beneath);
    (state, sentence)
}

fn ours(ends: Ends, how: How) -> Ends {
    let placed = Placed { target: path("/srv/x"), source: path("/persist/srv/x"), how };
    let now = ends.at_source.clone();
    Ends { ours: Some((placed, now)), ..ends }
}

fn data(ends: Ends, source: Against) -> Ends {
    let (writers, mounts, inner) = (Vec::new(), Vec::new(), Vec::new());
    Ends { data: Some(Data { source, writers, mounts, inner }), ..ends }
}

fn different() -> Against {
    Against::Different(Difference { path: path("/srv/x/a"), what: "content" })
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn each_case_has_its_state_and_its_cure() {
    const SOURCE: &str = "/persist/srv/x";
    let (bind, symlink) = (How::Bind, How::Symlink);
    let two = || ends(dir(20), dir(10));
    let table: Vec<(How, Ends, State, &str)> = vec![
        (bind, ends(dir(20), mounted(20)), State::InPlace, ""),
        (symlink, ends(dir(20), link(SOURCE)), State::InPlace, ""),
        (bind, Ends { is_inside: true, ..ends(dir(20), dir(20)) }, State::InPlace, ""),
        (
            bind,
            ends(dir(20), Look::Absent),
            State::Missing,
            "nothing lies there; run `blankslate apply`",
        ),
        (
            bind,
            ends(dir(20), empty_dir(10)),
            State::Missing,
            "nothing is mounted there; run `blankslate apply`",
        ),
        (
            symlink,
            ends(dir(20), empty_dir(10)),
            State::Missing,
            "it is an empty directory, and no symlink; run `blankslate apply`",
        ),
        (
            bind,
            ends(Look::Absent, Look::Absent),
            State::Missing,
            "neither it nor /persist/srv/x is there; run `blankslate apply`, which makes it empty",
        ),
        (
            symlink,
            ends(Look::Absent, link(SOURCE)),
            State::Missing,
            "/persist/srv/x is missing; bring it back, or run `blankslate apply`, which makes it empty",
        ),
        (
            bind,
            data(ends(Look::Absent, dir(10)), Against::Nothing),
            State::Missing,
            "what lies there is not in the store yet; run `blankslate apply`, which copies it to /persist/srv/x",
        ),
        (
            bind,
            data(two(), Against::Same),
            State::Missing,
            "it is a copy of what the store holds; run `blankslate apply`",
        ),
        (
            bind,
            data(two(), different()),
            State::Diverged,
            "it differs from /persist/srv/x, first in the content of /srv/x/a; keep one of the two, move the other away, run `blankslate apply`",
        ),
        (
            symlink,
            data(ours(two(), symlink), different()),
            State::Diverged,
            "a directory replaced the symlink and differs from /persist/srv/x, first in the content of /srv/x/a; keep one of the two, move the other away, run `blankslate apply`",
        ),
        (
            symlink,
            data(ours(two(), symlink), Against::Same),
            State::Diverged,
            "a directory replaced the symlink, the same as /persist/srv/x; run `blankslate apply`",
        ),
        (
            symlink,
            data(ours(ends(Look::Absent, dir(10)), symlink), Against::Nothing),
            State::Diverged,
            "a directory replaced the symlink, and nothing lies at /persist/srv/x; run `blankslate apply`",
        ),
        (
            bind,
            ours(ends(dir(20), mounted(19)), bind),
            State::Diverged,
            "it still shows what lay at /persist/srv/x before that was replaced; compare the two, then `umount /srv/x` and run `blankslate apply`",
        ),
        (
            bind,
            ours(ends(Look::Absent, mounted(19)), bind),
            State::Missing,
            "/persist/srv/x is gone, and only the mount still shows what it held; copy that now, `cp -a /srv/x /persist/srv/x`, then `umount /srv/x` and run `blankslate apply`",
        ),
        (
            bind,
            ends(dir(20), mounted(19)),
            State::Refused,
            "something else is mounted on /srv/x; unmount it and run `blankslate apply`",
        ),
        (
            bind,
            ends(dir(20), link(SOURCE)),
            State::Diverged,
            "it is a symlink of before; run `blankslate apply`",
        ),
        (
            symlink,
            ends(dir(20), mounted(20)),
            State::Diverged,
            "what was declared before is mounted there; run `blankslate apply`",
        ),
        (
            bind,
            ends(dir(20), Look::Special("fifo")),
            State::Refused,
            "/srv/x is a fifo and stands in the way; move it away and run `blankslate apply`",
        ),
    ];
    for (how, ends, state, sentence) in table {
        let seen = observation(how, Ok(ends));
        assert_eq!(said(&seen, &Beneath::Nothing), (state, sentence.to_owned()), "{seen:?}");
    }
}

#[test]
fn what_an_earlier_configuration_mounted_from_another_store_is_not_in_place() {
    let placed = Placed { target: path("/srv/x"), source: path("/old/srv/x"), how: How::Bind };
    let ends = Ends { ours: Some((placed, dir(19))), ..ends(dir(20), mounted(19)) };
    let what = "what was declared before is mounted there; run `blankslate apply`".to_owned();
    let seen = observation(How::Bind, Ok(ends));
    assert_eq!(said(&seen, &Beneath::Nothing), (State::Diverged, what));
}

#[test]
fn what_waits_is_fine_and_says_for_what() {
    let file = |kind, ends| {
        let mut seen = observation(How::Bind, Ok(ends));
        seen.entry.kind = kind;
        said(&seen, &Beneath::Nothing)
    };
    let nowhere = || ends(Look::Absent, Look::Absent);
    let made = "nothing has made it yet; as soon as something has, `blankslate apply` or the next boot keeps it";
    let inside = "nothing has made it yet; as soon as something has, it lies in the store";
    let table = [
        (Kind::File, nowhere(), State::Waiting, made),
        (Kind::File, Ends { is_inside: true, ..nowhere() }, State::Waiting, inside),
        (
            Kind::File,
            Ends { is_in_memory: true, ..nowhere() },
            State::Missing,
            "neither it nor /persist/srv/x is there; run `blankslate apply`, which makes it empty",
        ),
        (
            Kind::Directory,
            nowhere(),
            State::Missing,
            "neither it nor /persist/srv/x is there; run `blankslate apply`, which makes it empty",
        ),
        (
            Kind::File,
            Ends { machine_id: Some(UNSET), ..nowhere() },
            State::Missing,
            "neither it nor /persist/srv/x is there; run `blankslate apply`, which makes a new one",
        ),
    ];
    for (kind, ends, state, sentence) in table {
        assert_eq!(file(kind, ends), (state, sentence.to_owned()));
    }
    let off = [State::Missing, State::Diverged, State::Shadowed, State::WrongMode];
    assert!(State::InPlace.is_fine() && State::Waiting.is_fine());
    assert!(!off.iter().any(|state| state.is_fine()));
}

#[test]
fn of_a_symlink_that_leads_nowhere_it_is_told_what_apply_does() {
    let dangling = || ends(Look::Absent, link("/persist/srv/x"));
    let elsewhere = Some(path("/old/srv/x"));
    let table = [
        (dangling(), "takes the symlink away, so that the file can be made anew"),
        (Ends { is_in_memory: true, ..dangling() }, "makes it empty"),
        (Ends { elsewhere, ..dangling() }, "copies what another store holds"),
    ];
    for (ends, does) in table {
        let mut seen = observation(How::Symlink, Ok(ends));
        seen.entry.kind = Kind::File;
        let missing = "/persist/srv/x is missing; bring it back, or run `blankslate apply`, which";
        let said = said(&seen, &Beneath::Nothing);
        assert_eq!(said, (State::Missing, format!("{missing} {does}")));
    }
}

#[test]
fn an_empty_file_that_only_the_root_has_is_not_in_the_store_yet() {
    let flag = Look::File(Seen { is_empty: true, ..seen(20) });
    let place = Look::File(Seen { is_empty: true, is_untouched: true, ..seen(20) });
    let key = || Look::File(seen(30));
    let copies = "what lies there is not in the store yet; run `blankslate apply`, which copies it to /persist/srv/x";
    let mounts = "nothing is mounted there; run `blankslate apply`";
    let table =
        [(Look::Absent, flag.clone(), copies), (key(), flag, mounts), (key(), place, mounts)];
    for (at_source, at_target, sentence) in table {
        let mut seen =
            observation(How::Bind, Ok(data(ends(at_source, at_target), Against::Nothing)));
        seen.entry.kind = Kind::File;
        assert_eq!(said(&seen, &Beneath::Nothing), (State::Missing, sentence.to_owned()));
    }
}

#[test]
fn what_was_not_looked_at_is_never_in_place() {
    let seen = observation(How::Bind, Err("cannot look at /srv/x: Permission denied".to_owned()));
    for beneath in [Beneath::Unknown, Beneath::Nothing, Beneath::Data("x".to_owned())] {
        let why = "cannot look at /srv/x: Permission denied".to_owned();
        assert_eq!(said(&seen, &beneath), (State::Unseen, why));
    }
}

#[test]
fn hidden_data_is_told_only_of_what_is_in_place() {
    let hides = Beneath::Data("it hides x".to_owned());
    let seen = observation(How::Bind, Ok(ends(dir(20), mounted(20))));
    assert_eq!(said(&seen, &hides), (State::Shadowed, "it hides x".to_owned()));
    let seen = observation(How::Bind, Ok(ends(dir(20), Look::Absent)));
    assert_eq!(said(&seen, &hides).0, State::Missing);
}

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

#[test]
fn what_nobody_declares_is_told_only_while_it_is_in_place() {
    let placed = |how| Placed { target: path("/srv/x"), source: path("/persist/srv/x"), how };
    let told = |how, at_target, at_source| {
        undeclared(&Undeclared {
            placed: placed(how),
            ends: Ok((at_target, at_source)),
            inside: None,
        })
    };
    let what = "it is in place and not declared any more; run `blankslate apply`, which takes it out and leaves /persist/srv/x as it is";
    assert_eq!(told(How::Bind, mounted(20), dir(20)).as_deref(), Some(what));
    assert_eq!(told(How::Symlink, link("/persist/srv/x"), dir(20)).as_deref(), Some(what));
    assert_eq!(told(How::Bind, dir(10), dir(20)), None);
    assert_eq!(told(How::Symlink, link("/elsewhere"), dir(20)), None);
    let unseen =
        Undeclared { placed: placed(How::Bind), ends: Err("why".to_owned()), inside: None };
    assert_eq!(undeclared(&unseen).as_deref(), Some("why"));
}
