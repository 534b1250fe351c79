//! Stopped anywhere and run again, the end is the same; and a stop never costs or covers a byte.

use std::collections::BTreeMap;

use blankslate::config::{Config, How, Kind};
use blankslate::path::HostPath;
use blankslate::persist::apply::{Outcome, apply};
use blankslate::persist::observe::observe;
use blankslate::persist::plan::plan;
use blankslate::persist::record::Record;

use crate::fake::{FakeSys, Node, ROOT, State, path};
use crate::plans::config;

/// A root with data of its own, a store with data, and entries of every kind; one is refused.
fn world() -> (FakeSys, Config) {
    let mut sys = FakeSys::new("/persist");
    sys.file("/persist/var/lib/bluetooth/key", ROOT, "key");
    sys.file("/persist/etc/machine-id", ROOT, "id");
    sys.file("/persist/var/lib/acme/cert", ROOT, "cert");
    sys.file("/persist/srv/x/y", ROOT, "y");
    sys.file("/etc/own", ROOT, "own");
    sys.file("/srv/x/precious", ROOT, "precious");
    let entries = [
        ("/var/lib/bluetooth", Kind::Directory, How::Bind),
        ("/etc/machine-id", Kind::File, How::Bind),
        ("/var/lib/acme", Kind::Directory, How::Symlink),
        ("/srv/x", Kind::Directory, How::Bind),
    ];
    (sys, config(&entries))
}

fn run(sys: &mut FakeSys, config: &Config) -> Vec<Outcome> {
    let plans = plan(&observe(sys, config, &[]));
    apply(sys, &plans)
}

fn files(state: &State) -> BTreeMap<&HostPath, &Node> {
    state
        .nodes
        .iter()
        .filter(|(_, node)| matches!(node, Node::File(_, text) if !text.is_empty()))
        .collect()
}

#[test]
fn a_second_run_finds_everything_in_place_and_changes_nothing() {
    let (mut sys, config) = world();
    let words = |outcomes: Vec<Outcome>| -> Vec<&'static str> {
        let word = |outcome: &Outcome| match outcome {
            Outcome::Unchanged => "unchanged",
            Outcome::Done => "done",
            Outcome::Refused(_) => "refused",
            Outcome::Failed(_) => "failed",
        };
        outcomes.iter().map(word).collect()
    };
    assert_eq!(words(run(&mut sys, &config)), ["done", "refused", "done", "done"]);
    let once = sys.state.clone();
    assert_eq!(words(run(&mut sys, &config)), ["unchanged", "refused", "unchanged", "unchanged"]);
    assert_eq!(sys.state, once);
}

#[test]
fn stopped_at_any_call_and_run_again_the_end_is_the_same() {
    let (mut good, config) = world();
    run(&mut good, &config);
    let calls = good.calls();
    assert!(calls > 20, "{calls} calls");
    for n in 1..=calls {
        let mut stopped = world().0.fail_at(n);
        run(&mut stopped, &config);
        let before = world().0.state;
        for (at, node) in files(&before) {
            assert_eq!(stopped.state.nodes.get(at), Some(node), "{at} after call {n}");
        }
        let mut again = FakeSys::from_state(stopped.state, "/persist");
        run(&mut again, &config);
        assert_eq!(again.state, good.state, "stopped at call {n}");
    }
}

#[test]
fn nothing_is_ever_mounted_over_data_that_lies_only_there() {
    let (mut sys, config) = world();
    run(&mut sys, &config);
    for target in sys.state.mounts.keys() {
        let covered = |(at, node): (&HostPath, &Node)| {
            at.starts_with(target) && matches!(node, Node::File(_, text) if !text.is_empty())
        };
        assert!(!sys.state.nodes.iter().any(covered), "{target} covers data");
    }
    assert!(!sys.state.mounts.contains_key(&path("/srv/x")));
}

#[test]
fn one_entry_that_fails_does_not_stop_the_others() {
    let (sys, config) = world();
    let mut sys = sys;
    let observations = observe(&sys, &config, &[]);
    // Between looking and doing, somebody makes the first entry's target.
    sys.file("/etc/machine-id", ROOT, "someone else's");
    let outcomes = apply(&mut sys, &plan(&observations));
    assert!(matches!(&outcomes[0], Outcome::Failed(error)
        if error.to_string() == "cannot make the file /etc/machine-id: entity already exists"));
    assert!(outcomes[2].is_in_place() && outcomes[3].is_in_place());
    assert!(!sys.state.mounts.contains_key(&path("/etc/machine-id")));
}

#[test]
fn the_record_says_what_became_of_each_entry_and_fits_its_schema() {
    let (mut sys, config) = world();
    let plans = plan(&observe(&sys, &config, &[]));
    let outcomes = apply(&mut sys, &plans);
    let record = Record::new(&config.digest, vec!["/home".into()], &plans, &outcomes);
    let words: Vec<&str> = record.entries.iter().map(|entry| entry.outcome.as_str()).collect();
    assert_eq!(words, ["done", "refused", "done", "done"]);
    let schema = include_str!("../../docs/schema/persist-1.json");
    let schema = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    let value = serde_json::to_value(&record).unwrap();
    let faults: Vec<String> = schema.iter_errors(&value).map(|fault| fault.to_string()).collect();
    assert_eq!(faults, Vec::<String>::new());
}
