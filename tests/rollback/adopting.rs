//! What is declared and lies only on a root is saved before the root is rolled back, or the root is not.

use super::*;
use blankslate::rollback::adoption::{Found, Way};
use blankslate::sys::record::Level;

/// The roots of all these tests, and entries below / and /srv; /tmp has none.
fn declared() -> Config {
    let entry =
        |target: &str| format!("[[store.entry]]\ntarget = \"{target}\"\nkind = \"directory\"\n");
    let store = "[[store]]\npath = \"/persist\"\ndevice = \"a/persist\"\nfs = \"zfs\"\n";
    let text = [roots(), store.to_owned(), entry("/var/lib/x"), entry("/srv/y"), entry("/srv2/z")];
    Config::parse(&text.concat()).unwrap()
}

fn found(target: &str, how: Way) -> Found {
    let (target, to) = (target.to_owned(), format!("/persist{target}"));
    Found { target, to, how, files: 3, bytes: 4096, reason: None }
}

/// Boots with someone who writes down in the order of the pool's calls what he is asked to search,
/// and answers with `answer`.
fn boot_searched(
    zfs: &FakeZfs,
    situation: &Situation,
    answer: &dyn Fn(&Root) -> Searched,
) -> Receipt {
    let mut adopt = |roots: &[&Root]| -> Vec<Searched> {
        let names: Vec<&str> = roots.iter().map(|root| root.dataset.as_str()).collect();
        zfs.calls.borrow_mut().push(format!("search {}", names.join(" ")));
        roots.iter().map(|root| answer(root)).collect()
    };
    boot_with(&declared(), zfs, situation, &mut adopt)
}

fn fine(root: &Root) -> Searched {
    Searched::nothing(&root.dataset)
}

#[test]
fn roots_with_entries_are_searched_after_the_decision_and_before_the_act() {
    let zfs = pools();
    let receipt = boot_searched(&zfs, &situation(Switch::On), &fine);
    let calls =
        ["facts a", "search a/root", "roll back a", "facts b", "search b/root", "roll back b"];
    assert_eq!(*zfs.calls.borrow(), calls);
    assert!(receipt.roots.iter().all(|root| root.outcome == Outcome::RolledBack));
    assert_eq!(receipt.microseconds.adopt, 2);
    assert_fits_the_schema(&receipt);
}

#[test]
fn nobody_searches_a_root_that_is_not_about_to_be_erased() {
    let zfs = pools();
    zfs.datasets.borrow_mut().get_mut(&"a/tmp".parse().unwrap()).unwrap().kind = "volume".into();
    boot_searched(&zfs, &situation(Switch::On), &fine);
    let calls = ["facts a", "all facts a", "facts b", "search b/root", "roll back b"];
    assert_eq!(*zfs.calls.borrow(), calls, "a root beside it is refused");

    let zfs = pools();
    boot_searched(&zfs, &situation(Switch::On), &fine);
    zfs.calls.borrow_mut().clear();
    boot_searched(&zfs, &situation(Switch::On), &fine);
    assert_eq!(*zfs.calls.borrow(), ["facts a", "facts b"], "they are blank already");

    for (switch, adopt) in
        [(Switch::Off, Switch::On), (Switch::On, Switch::NotUnderstood("x".into()))]
    {
        let zfs = pools();
        boot_searched(&zfs, &Situation { adopt, ..situation(switch) }, &fine);
        assert_eq!(*zfs.calls.borrow(), [""; 0]);
    }
}

#[test]
fn what_was_adopted_is_in_the_receipt_and_in_the_sentence() {
    let zfs = pools();
    let receipt = boot_searched(&zfs, &situation(Switch::On), &|root| {
        let ways = [Way::Adopted, Way::Adopted, Way::Beside, Way::NotLookedAt];
        let count = if root.dataset.as_str() == "a/root" { 4 } else { 1 };
        let each = ways.into_iter().take(count).map(|way| found("/var/lib/x", way));
        Searched::of(&root.dataset, each.collect())
    });
    let [srv, root, tmp] = receipt.roots.as_slice() else { panic!("{receipt:?}") };
    assert_eq!((srv.adopted.len(), root.adopted.len(), tmp.adopted.len()), (1, 4, 0));
    assert_eq!(
        srv.sentence(),
        "b/root rolled back to b/root@blank, 1 entry adopted, 1 newer snapshot destroyed"
    );
    assert_eq!(
        root.sentence(),
        "a/root rolled back to a/root@blank, 2 entries adopted, 1 entry copied beside its source, \
         1 entry not looked at, 1 newer snapshot destroyed"
    );
    assert_eq!((srv.level(), root.level()), (Level::Notice, Level::Warning));
    assert_fits_the_schema(&receipt);
}

#[test]
fn when_adopting_fails_nothing_of_the_pool_is_rolled_back() {
    let zfs = pools();
    let before = zfs.datasets.borrow().clone();
    let receipt =
        boot_searched(&zfs, &situation(Switch::On), &|root| match root.dataset.as_str() {
            "a/root" => Searched {
                found: vec![found("/var/lib/x", Way::Adopted)],
                ..Searched::failed(&root.dataset, "the store is full; free space in it".into())
            },
            _ => fine(root),
        });
    let calls =
        ["facts a", "search a/root", "all facts a", "facts b", "search b/root", "roll back b"];
    assert_eq!(*zfs.calls.borrow(), calls);
    let [srv, root, tmp] = receipt.roots.as_slice() else { panic!("{receipt:?}") };
    let (refused, done) = (Outcome::Refused, Outcome::RolledBack);
    assert_eq!((srv.outcome, root.outcome, tmp.outcome), (done, refused, refused));
    assert_eq!(
        root.sentence(),
        "a/root NOT rolled back, 1 entry adopted: the store is full; free space in it, or boot once \
         with blankslate.adopt=no, which erases what was not adopted"
    );
    for dataset in ["a/root", "a/tmp"] {
        let name = dataset.parse().unwrap();
        assert_eq!(zfs.datasets.borrow()[&name], before[&name]);
    }
    assert!(receipt.is_trouble(), "a/root has on-failure = emergency");
    assert_fits_the_schema(&receipt);
}

#[test]
fn a_root_that_nobody_answers_for_is_not_rolled_back() {
    let zfs = pools();
    let receipt =
        boot_with(&declared(), &zfs, &situation(Switch::On), &mut |_: &[&Root]| Vec::new());
    assert!(receipt.roots.iter().all(|root| root.outcome == Outcome::Refused));
    assert!(!zfs.calls.borrow().iter().any(|call| call.starts_with("roll back")));
}

#[test]
fn the_kernel_parameter_rolls_back_without_a_search_and_says_so() {
    let zfs = pools();
    let situation = Situation { adopt: Switch::Off, ..situation(Switch::On) };
    let receipt = boot_with(&declared(), &zfs, &situation, &mut nobody);
    assert_eq!(*zfs.calls.borrow(), ["facts a", "roll back a", "facts b", "roll back b"]);
    assert_eq!(
        receipt.roots[0].sentence(),
        "b/root rolled back to b/root@blank, 1 newer snapshot destroyed: blankslate.adopt=no is on \
         the kernel's command line, so nothing was adopted before"
    );
    assert_eq!(receipt.roots[0].level(), Level::Warning);
    assert!(receipt.is_as_it_should());
    assert_fits_the_schema(&receipt);
}
