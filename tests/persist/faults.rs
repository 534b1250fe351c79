//! Stopped anywhere and run again, the end is the same; and a stop never costs or covers a byte.

use blankslate::config::Config;
use blankslate::persist::accounts::Accounts;
use blankslate::persist::apply::Outcome;
use blankslate::persist::record::Record;

use crate::fake::{FakeSys, Fault, ROOT, Tree, errno};
use crate::promises::Promises;
use crate::setup::{config, ends, host, initrd, is_unchanged, run};

/// A world, and what is to be made of it.
pub struct Scenario {
    pub tree: Tree,
    pub config: Config,
    /// What the run before wrote down.
    pub record: Record,
    pub accounts: Accounts,
}

const SECRET: blankslate::sys::Meta = blankslate::sys::Meta { uid: 1000, gid: 100, mode: 0o700 };

const COVERS: &str = "/var/lib/app refused: /var/lib/app holds data, and the entry /var/lib/app/";

const INSIDE: &str = "/var/lib/app/cache refused: the entry /var/lib/app around it holds data that \
    is not in the store yet; see to that one first";

/// Every kind of entry at once, after a run with another configuration: what the host and what the
/// initrd makes of it.
pub fn rich() -> Vec<(&'static str, Scenario)> {
    vec![("host", rich_with(host())), ("initrd", rich_with(initrd()))]
}

fn rich_with(accounts: Accounts) -> Scenario {
    let mut tree = Tree::new(&["/persist", "/other"]);
    tree.file("/persist/var/lib/bluetooth/key", ROOT, "key");
    tree.file("/persist/etc/machine-id", ROOT, "id");
    tree.file("/persist/gone/data", ROOT, "gone");
    tree.file("/persist/linked/data", ROOT, "linked");
    tree.file("/persist/turned/data", ROOT, "turned");
    tree.file("/other/moved/deep/data", ROOT, "moved");
    tree.file("/persist/srv/x/y", ROOT, "y");
    let earlier = config(&[
        ("/persist", &["dir bind /gone", "dir sym /linked", "dir bind /turned"]),
        ("/other", &["dir bind /moved"]),
    ]);
    let mut sys = FakeSys::new(tree);
    let (_, record) = run(&mut sys, &earlier, &Record::default(), &host());
    let mut tree = sys.tree;
    tree.file("/var/lib/app/db/rows", SECRET, "rows");
    tree.file("/var/lib/app/conf", ROOT, "conf");
    tree.file("/etc/adjtime", ROOT, "adjtime");
    tree.file("/etc/linked", ROOT, "to be linked");
    tree.file("/home/alice/.ssh/id", SECRET, "secret");
    tree.file("/srv/x/precious", ROOT, "precious");
    tree.file("/etc/own", ROOT, "own");
    let config = config(&[
        (
            "/persist",
            &[
                "dir bind /var/lib/bluetooth",
                "file bind /etc/machine-id",
                "dir bind /var/lib/app user=svc",
                "dir bind /var/lib/app/cache user=svc",
                "dir bind /nowhere/yet user=svc group=svc",
                "file bind /etc/adjtime",
                "file sym /etc/linked",
                "dir sym /turned",
                "dir bind /srv/x",
                "dir bind /moved",
            ],
        ),
        ("/other", &["dir bind /var/lib/app/db", "dir bind /home/alice/.ssh"]),
    ]);
    Scenario { tree, config, record, accounts }
}

impl Scenario {
    fn run(&self, sys: &mut FakeSys) -> (Vec<blankslate::persist::apply::Turn>, Record) {
        run(sys, &self.config, &self.record, &self.accounts)
    }
}

fn same(one: &Tree, other: &Tree, when: &str) {
    assert_eq!(one.state().against(&other.state()), [""; 0], "{when}");
}

#[test]
fn a_second_run_finds_everything_in_place_and_changes_nothing() {
    for (name, scenario) in rich() {
        let mut sys = FakeSys::new(scenario.tree.clone());
        let (turns, record) = scenario.run(&mut sys);
        let refused: Vec<String> =
            ends(&turns).into_iter().filter(|end| !end.ends_with(" done")).collect();
        assert_eq!(
            refused,
            ["/srv/x refused: /srv/x and /persist/srv/x both hold data and differ, first in the \
              existence of /srv/x/precious; compare the two, move one of them away, and run \
              `blankslate apply`"],
            "{name}"
        );
        let once = sys.tree.clone();
        let (turns, again) = run(&mut sys, &scenario.config, &record, &scenario.accounts);
        assert!(is_unchanged_or_refused(&turns), "{name}: {:#?}", ends(&turns));
        assert_eq!(sys.tree, once);
        let in_place = |record: &Record| -> Vec<(String, bool)> {
            record.entries.iter().map(|e| (e.target.clone(), e.in_place)).collect()
        };
        assert_eq!(in_place(&again), in_place(&record));
        assert_eq!(again.unfinished, record.unfinished);
    }
}

fn is_unchanged_or_refused(turns: &[blankslate::persist::apply::Turn]) -> bool {
    turns.iter().all(|t| matches!(t.outcome, Outcome::Unchanged | Outcome::Refused(_)))
}

#[test]
fn killed_at_any_call_nothing_is_lost_and_the_next_run_ends_as_if_nothing_had_happened() {
    for (name, scenario) in rich() {
        let mut good = FakeSys::new(scenario.tree.clone());
        scenario.run(&mut good);
        let promises = Promises {
            before: &scenario.tree,
            config: &scenario.config,
            memory: &scenario.record.memory(),
        };
        promises.hold(&good.tree).unwrap();
        assert!(good.calls() > 150, "{}", good.calls());
        for n in 1..=good.calls() {
            let mut killed = FakeSys::failing(scenario.tree.clone(), Fault::Killed(n));
            scenario.run(&mut killed);
            promises.hold(&killed.tree).unwrap_or_else(|broken| panic!("{name}, {n}: {broken}"));
            // Who is killed writes no record: the next run knows what the run before it knew.
            let mut again = FakeSys::new(killed.tree);
            scenario.run(&mut again);
            same(&again.tree, &good.tree, &format!("{name}: killed at call {n}"));
        }
    }
}

#[test]
fn after_an_error_at_any_call_the_others_are_placed_and_the_next_run_ends_well() {
    for (name, scenario) in rich() {
        let mut good = FakeSys::new(scenario.tree.clone());
        let (expected, _) = scenario.run(&mut good);
        let promises = Promises {
            before: &scenario.tree,
            config: &scenario.config,
            memory: &scenario.record.memory(),
        };
        for n in 1..=good.calls() {
            {
                let errors = [errno::ENOSPC, errno::EROFS, errno::EIO];
                let fault = Fault::Once(n, errors[n % errors.len()]);
                let mut hurt = FakeSys::failing(scenario.tree.clone(), fault);
                let (turns, record) = scenario.run(&mut hurt);
                let what = format!("{name}: {fault:?}");
                promises.hold(&hurt.tree).unwrap_or_else(|broken| panic!("{what}: {broken}"));
                let bad = |turns: &[blankslate::persist::apply::Turn]| -> Vec<String> {
                    ends(turns).into_iter().filter(|end| end.contains(": ")).collect()
                };
                // An entry, those inside it, and where a store cannot be looked at those in it.
                let hit = bad(&turns).len() - bad(&expected).len().min(bad(&turns).len());
                assert!(hit <= 10, "{what}: {:#?}", bad(&turns));
                assert!(turns.len() >= expected.len(), "{what}");
                let mut again = FakeSys::new(hurt.tree);
                let (turns, _) = run(&mut again, &scenario.config, &record, &scenario.accounts);
                promises.hold(&again.tree).unwrap_or_else(|broken| panic!("{what}: {broken}"));
                // The inner one was placed where the outer one failed: that is mended by a reboot.
                let (reboot, others): (Vec<String>, _) = bad(&turns)
                    .into_iter()
                    .partition(|end| end.starts_with(COVERS) || end.starts_with(INSIDE));
                assert_eq!(others, bad(&expected), "{what}");
                if reboot.is_empty() {
                    same(&again.tree, &good.tree, &what);
                } else {
                    assert!(reboot.iter().any(|end| end.starts_with(COVERS)), "{what}: {reboot:?}");
                }
            }
        }
    }
}

#[test]
fn what_a_run_leaves_is_unchanged_for_the_next_even_without_its_record() {
    let (_, scenario) = rich().remove(0);
    let mut sys = FakeSys::new(scenario.tree.clone());
    scenario.run(&mut sys);
    let once = sys.tree.clone();
    let (turns, _) = run(&mut sys, &scenario.config, &Record::default(), &scenario.accounts);
    assert!(is_unchanged_or_refused(&turns) && !is_unchanged(&turns));
    assert_eq!(sys.tree, once);
}
