//! What waits to be made, and what stands where there is nothing to be kept.

use super::*;
use crate::persist::machine_id::{Id, Ids};

const UNSET: Ids = Ids { at_target: Id::Unset, at_source: Id::Unset, kept: Id::Unset };

#[test]
fn what_waits_is_fine_and_says_for_what() {
    let file = |kind, ends| {
        let mut seen = observation(How::Bind, Ok(ends));
        seen.entry.kind = kind;
        said(&seen, &Beneath::Nothing)
    };
    let nowhere = || ends(Look::Absent, Look::Absent);
    let made = "nothing has made it yet; as soon as something has, `blankslate apply` or the next boot keeps it, unless something else erases it before";
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
fn the_word_for_no_machine_id_is_nothing_that_is_copied() {
    let (word, id) = (|| Look::File(seen(10)), || Look::File(seen(20)));
    let set = Id::Set(*b"0123456789abcdef0123456789abcdef");
    let none = "there is no machine id yet; run `blankslate apply`, which makes a new one";
    let held = "it says that there is no machine id yet, and /persist/srv/x holds one; run `blankslate apply`";
    let elsewhere = "it says that there is no machine id yet, and another store holds one; run `blankslate apply`";
    let copied = "what lies there is not in the store yet; run `blankslate apply`, which copies it to /persist/srv/x";
    let table = [
        (Look::Absent, Id::Unset, Id::Unset, None, none),
        (id(), Id::Unset, Id::Unset, None, none),
        (id(), Id::Unset, set, None, held),
        (Look::Absent, Id::Unset, Id::Unset, Some(path("/old/srv/x")), elsewhere),
        (Look::Absent, set, Id::Unset, None, copied),
    ];
    for (at_source, at_target, in_store, elsewhere, sentence) in table {
        let ids = Ids { at_target, at_source: in_store, kept: in_store };
        let ends = Ends { elsewhere, machine_id: Some(ids), ..ends(at_source, word()) };
        let mut seen = observation(How::Bind, Ok(data(ends, Against::Nothing)));
        seen.entry.kind = Kind::File;
        assert_eq!(said(&seen, &Beneath::Nothing), (State::Missing, sentence.to_owned()));
        assert_eq!(is_copied_at_boot(&seen), sentence == copied);
    }
}
