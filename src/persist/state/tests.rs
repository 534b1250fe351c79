//! Every state, and the sentence about it.

mod meta;
mod waiting;

use super::*;
use crate::config::{Entry, Kind};
use crate::persist::accounts::Accounts;
use crate::persist::observe::{Against, Data, Parent, Scene};
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
