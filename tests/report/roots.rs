//! Configurations that declare more roots than the one that is scanned.

use serde_json::Value;

use crate::support::{Host, changes, in_mount_namespace};

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

/// Where another file system is mounted at `/` than what is declared, the boot neither erases what lies
/// there nor looks for it.
#[test]
fn what_lies_in_the_place_of_a_declared_root_is_lost_and_never_adopted() {
    let host = Host::new();
    let entry = "[[store.entry]]\ntarget = \"/var/lib/app\"\nkind = \"directory\"\n";
    let store = "[[store]]\npath = \"/persist\"\ndevice = \"r/p\"\nfs = \"zfs\"\n";
    host.config(&format!("{}{store}{entry}", root("/")));
    let script = |mount: &str, args: &str| {
        format!(
            "{mount}; cd \"$D/root\"; mkdir -p persist var/lib/app .zfs/snapshot/blank/etc; \
             mount -t tmpfs none persist; echo x >var/lib/app/data; report {args}"
        )
    };
    let told = |mount: &str, args: &str| in_mount_namespace(&host, &script(mount, args));
    let instead = "mount -t tmpfs -o mode=755 rpool/other \"$D/root\"";
    let Some(json) = told(instead, "--format json") else { return };
    let report: Value = serde_json::from_str(&json.stdout).unwrap();
    let sentence = "this report is of what is mounted now: what is mounted at / is rpool/other (tmpfs), \
        and line 2 of the configuration declares no/such- there: a boot from that leaves what lies here \
        behind, and neither erases nor adopts it; before such a boot run `blankslate apply`, which copies \
        what is declared into the stores, or mend dataset in line 2";
    assert_eq!(gaps(&report), [["/", sentence]]);
    assert_eq!(report["blank"], "nothing, because no/such- is not what is mounted");
    let app = |report: &Value| -> Vec<String> {
        let all = changes(report).into_iter();
        all.filter(|line| line.contains("/var/lib/app")).collect()
    };
    let lost = ["kept added /var/lib/app", "lost added /var/lib/app/data not-in-place"];
    assert_eq!((app(&report), json.status), (lost.map(String::from).into(), 2));
    let Some(text) = told(instead, "") else { return };
    let joined = text.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let head = "The next boot would leave this behind on /";
    let doubt =
        "The next boot may do something else than is said here: this report is of what is mounted";
    assert!(joined.starts_with(head) && joined.contains(doubt), "{}", text.stdout);
    assert!(
        !joined.contains("would erase") && !joined.contains("not in the store yet"),
        "{joined}"
    );
    // Where nothing says what it is, it is taken for what is declared.
    let Some(json) = told("true", "--format json") else { return };
    let report: Value = serde_json::from_str(&json.stdout).unwrap();
    let kept = ["kept added /var/lib/app", "kept added /var/lib/app/data"];
    assert_eq!(app(&report), kept);
}
