use super::*;
use crate::config::How;
use crate::persist::plan::Then;
use crate::sys::{FileId, Progress};

fn path(text: &str) -> HostPath {
    text.parse().unwrap()
}

/// A turn of the entry `/a`. What it did is told from what other turns did by `number`.
fn turn(number: u64, outcome: Outcome, took_out: bool) -> Turn {
    let at = |what: &str| path(&format!("/{what}-{number}"));
    let plan = EntryPlan {
        target: path("/a"),
        source: at("source"),
        how: How::Bind,
        is_declared: true,
        steps: Ok(Vec::new()),
        then: Then::End,
    };
    let copied = Copied { total: Progress { things: number, bytes: 0 }, ..Copied::default() };
    let made = Made {
        path: at("provisional"),
        entry: path("/a"),
        meta: Meta { uid: 0, gid: 0, mode: 0o700 },
        id: FileId { device: (0, 1), inode: number },
    };
    Turn {
        adopted: vec![(at("adopted"), copied)],
        set_aside: vec![at("aside")],
        provisional: vec![made],
        finished: vec![at("finished")],
        took_out,
        ..Turn::new(plan, outcome)
    }
}

#[test]
fn a_later_turn_adds_to_what_the_earlier_one_did_and_its_plan_counts() {
    for took_out in [(true, false), (false, true)] {
        let mut both = turn(1, Outcome::Done, took_out.0);
        both.go_on(turn(2, Outcome::Done, took_out.1));
        assert_eq!(both.plan.source, path("/source-2"));
        let adopted: Vec<u64> =
            both.adopted.iter().map(|(_, copied)| copied.total.things).collect();
        assert_eq!(adopted, [1, 2]);
        assert_eq!(both.set_aside, [path("/aside-1"), path("/aside-2")]);
        let made: Vec<u64> = both.provisional.iter().map(|made| made.id.inode).collect();
        assert_eq!(made, [1, 2]);
        assert_eq!(both.finished, [path("/finished-1"), path("/finished-2")]);
        assert!(both.took_out, "{took_out:?}");
    }
}

#[test]
fn the_outcome_of_two_turns_is_the_later_one_but_what_was_done_stays_done() {
    let refused = || Outcome::Refused(changed(&path("/a")));
    let table: [(Outcome, Outcome, &str); 5] = [
        (Outcome::Done, Outcome::Unchanged, "done"),
        (Outcome::Unchanged, Outcome::Unchanged, "unchanged"),
        (Outcome::Unchanged, Outcome::Done, "done"),
        (Outcome::Done, refused(), "refused"),
        (refused(), Outcome::Unchanged, "unchanged"),
    ];
    for (earlier, later, expected) in table {
        let case = format!("{earlier:?}, {later:?}");
        let mut both = turn(1, earlier, false);
        both.go_on(turn(2, later, false));
        assert_eq!(both.outcome.in_words().0, expected, "{case}");
    }
}
