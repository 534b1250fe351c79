//! Configurations that declare more roots than the one that is scanned.

use serde_json::Value;

use crate::support::Host;

fn root(mount: &str) -> String {
    format!(
        "[[root]]\nmount = \"{mount}\"\nkind = \"zfs\"\ndataset = \"no/such{}\"\nsnapshot = \"blank\"\n",
        mount.replace('/', "-")
    )
}

/// A host on which nothing would be lost, whose blank is the directory of the same name.
fn host(roots: &[&str]) -> Host {
    let host = Host::new();
    host.config(&roots.iter().map(|mount| root(mount)).collect::<String>());
    host.both("/etc/hosts", "same");
    host
}

fn gaps(report: &Value) -> Vec<[&str; 2]> {
    let gaps = report["gaps"].as_array().unwrap();
    gaps.iter().map(|gap| ["path", "error"].map(|key| gap[key].as_str().unwrap())).collect()
}

fn sentence(tree: &str) -> String {
    format!(
        "it is a root of its own, which is erased too, and it was not scanned; \
         run what-will-i-lose --root {tree} --blank DIR for it"
    )
}

#[test]
fn each_root_beside_the_one_at_slash_is_a_gap_that_names_the_cure() {
    let host = host(&["/", "/home", "/var/lib/acme"]);
    let report = host.json(&[]);
    let tree = host.root();
    let tree = tree.to_str().unwrap();
    let (home, acme) =
        (sentence(&format!("{tree}/home")), sentence(&format!("{tree}/var/lib/acme")));
    let expected = [["/home", home.as_str()], ["/var/lib/acme", acme.as_str()]];
    assert_eq!(gaps(&report), expected);
    assert_eq!(report["complete"], false);
    let said = host.run(&[]);
    assert_eq!(said.status, 2);
    assert!(said.stdout.contains(&format!("  /home: {home}\n")), "{}", said.stdout);
}

#[test]
fn a_root_at_slash_alone_leaves_no_gap() {
    let host = host(&["/"]);
    assert_eq!(host.json(&[])["complete"], true);
    assert_eq!(host.run(&[]).status, 0);
}

#[test]
fn a_declared_root_that_is_the_one_scanned_is_no_gap_of_itself() {
    let host = Host::new();
    host.both("/same", "x");
    let tree = host.root();
    let tree = tree.to_str().unwrap();
    let inner = format!("{tree}/inner");
    host.config(&["/", "/home", tree, &inner].map(root).concat());
    let report = host.json(&[]);
    assert_eq!(gaps(&report), [["/inner", sentence(&inner).as_str()]]);
    host.config(&["/", "/home", tree].map(root).concat());
    assert_eq!(host.run(&[]).status, 0);
}

#[test]
fn a_declared_root_is_compared_with_its_own_snapshot() {
    let host = Host::new();
    let tree = host.root();
    let tree = tree.to_str().unwrap();
    host.config(&["/", tree].map(root).concat());
    let report = host.json(&[]);
    let expected = format!("cannot read the snapshot no/such{}@blank", tree.replace('/', "-"));
    let [[path, error]] = gaps(&report)[..] else { panic!("{report}") };
    assert_eq!(path, "/");
    assert!(error.starts_with(&expected), "{error}");
}

#[test]
fn rules_for_paths_of_the_host_accept_nothing_below_another_root() {
    let host = Host::new();
    let tree = host.root();
    let accept = "[[report.accept]]\nglob = \"/tmp/**\"\n";
    host.config(&format!("{}{}{accept}", root("/"), root(tree.to_str().unwrap())));
    host.both("/etc/hosts", "same");
    host.file("/tmp/report.db", "rows");
    assert_eq!(host.run(&[]).status, 1);
    assert_eq!(host.json(&[])["totals"]["accepted"]["files"], 0);
}

#[test]
fn a_report_on_one_place_is_not_incomplete_for_a_root_elsewhere() {
    let host = host(&["/", "/home"]);
    for (place, status) in [("/etc", 0), ("/", 2)] {
        assert_eq!(host.run(&[place]).status, status, "{place}");
    }
}
