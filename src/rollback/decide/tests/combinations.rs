//! Every combination of facts: one objection is enough.

use super::*;

/// A change to the good world, and whether it forbids a rollback.
type Change = (fn(&mut World), bool);

/// Every dimension of the facts with all its values; the first of each is the good one.
const DIMENSIONS: &[&[Change]] = &[
    &[
        (|_| (), false),
        (|w| w.situation.switch = Switch::Off, true),
        (|w| w.situation.switch = Switch::NotUnderstood("x".into()), true),
    ],
    &[(|_| (), false), (|w| w.situation.resume = Some("image".into()), true)],
    &[
        (|_| (), false),
        (|w| w.mount("rpool/local/root"), true),
        (|w| w.mount("rpool/local/root2"), false),
        (|w| w.situation.mounts = Err("unreadable".into()), true),
    ],
    &[
        (|_| (), false),
        (|w| w.root.snapshot = "none".parse().unwrap(), true),
        (|w| w.root.snapshot_guid = Some(1), true),
        (|w| w.root.snapshot_guid = Some(70), false),
    ],
    &[(|_| (), false), (|w| change(w, |p| p.kind = "volume".into()), true)],
    &[(|_| (), false), (|w| change(w, |p| p.bookmarks.push("b".into())), false)],
    &[
        (|_| (), false),
        (|w| change(w, |p| p.snapshots.insert(0, snapshot("a", 80, 90))), false),
        (|w| hold(w, |s| s.holds.push("tag".into())), true),
        (|w| hold(w, |s| s.clones.push("clone".into())), true),
        (|w| refuse(w), true),
    ],
    &[(|_| (), false), (|w| w.facts.present = None, true)],
    &[
        (|_| (), false),
        (|w| w.situation.adopt = Switch::Off, false),
        (|w| w.situation.adopt = Switch::NotUnderstood("x".into()), true),
    ],
    &[
        (|_| (), false),
        (|w| w.searched[0].failure = Some("full".into()), true),
        (|w| w.searched.clear(), true),
    ],
];

fn change(world: &mut World, how: impl FnOnce(&mut Present)) {
    how(world.present());
}

fn hold(world: &mut World, how: impl FnOnce(&mut SnapshotFacts)) {
    let mut newer = snapshot("m", 81, 91);
    how(&mut newer);
    world.newer([newer]);
}

fn refuse(world: &mut World) {
    world.root.newer_snapshots = NewerSnapshots::Refuse;
    world.newer([snapshot("m", 81, 91)]);
}

#[test]
fn of_all_combinations_only_those_without_any_objection_are_rolled_back() {
    let count: usize = DIMENSIONS.iter().map(|values| values.len()).product();
    let mut proceeded = 0;
    for number in 0..count {
        let (mut world, mut forbidden, mut rest) = (World::good(), false, number);
        for values in DIMENSIONS {
            let (apply, forbids) = values[rest % values.len()];
            rest /= values.len();
            apply(&mut world);
            forbidden |= forbids;
        }
        if let Some(present) = &world.facts.present {
            let newer = present.snapshots.iter().any(|s| s.createtxg > 20);
            forbidden |= newer && !present.bookmarks.is_empty();
        }
        let decision = world.decide();
        assert_eq!(decision.order.is_none(), forbidden, "{world:?}");
        let doomed = doomed(&decision);
        assert!(!doomed.iter().any(|name| name == "blank" || name == "zeroth"), "{world:?}");
        proceeded += usize::from(!forbidden);
    }
    assert_eq!((count, proceeded), (34560, 24));
}
