//! Trees with something mounted in them.

use serde_json::Value;

use crate::support::{Host, changes, in_mount_namespace};

fn report(host: &Host, mounts: &str) -> Option<Value> {
    let said = in_mount_namespace(host, &format!("{mounts}; report --format json"))?;
    Some(serde_json::from_str(&said.stdout).unwrap_or_else(|e| panic!("{e}: {}", said.stderr)))
}

#[test]
fn userns_what_a_mount_hides_is_seen_and_marked_and_what_is_mounted_is_not_read() {
    let host = Host::new();
    host.file("/mnt/hidden/secret", "123");
    host.file("/beside", "x");
    let mount = "mount -t tmpfs none \"$D/root/mnt\"; echo inner > \"$D/root/mnt/mounted\"";
    let Some(report) = report(&host, mount) else { return };
    let expected =
        ["lost added /beside", "lost added /mnt mount-point", "lost added /mnt/hidden/ shadowed"];
    assert_eq!(changes(&report), expected);
    assert_eq!(report["complete"], true);
    assert_eq!(report["totals"]["lost"]["bytes"], 4);
}

#[test]
fn userns_a_bind_mount_from_the_same_file_system_is_not_crossed() {
    let host = Host::new();
    host.dir("/data");
    host.file("/etc/id", "");
    let mount = "mkdir \"$D/store\"; echo secret > \"$D/store/id\"; mount --bind \"$D/store\" \"$D/root/data\"; \
                 mount --bind \"$D/store/id\" \"$D/root/etc/id\"";
    let Some(report) = report(&host, mount) else { return };
    let expected =
        ["lost added /data/ mount-point", "lost added /etc", "lost added /etc/id mount-point"];
    assert_eq!(changes(&report), expected);
    assert_eq!(report["totals"]["lost"]["bytes"], 0);
}

#[test]
fn userns_an_entry_in_place_is_kept_and_what_it_hides_is_lost() {
    let host = Host::new();
    host.config(
        "[[store]]\npath = \"/persist\"\n\
         [[store.entry]]\ntarget = \"/var/lib/clean\"\nkind = \"directory\"\n\
         [[store.entry]]\ntarget = \"/var/lib/dirty\"\nkind = \"directory\"\n\
         [[store.entry]]\ntarget = \"/etc/machine-id\"\nkind = \"file\"\n",
    );
    host.dir("/persist");
    host.dir("/var/lib/clean");
    host.file("/var/lib/dirty/shadow", "12");
    host.file("/etc/machine-id", "");
    let mount = "cd \"$D/root\"; mount -t tmpfs none persist; \
                 mkdir -p persist/var/lib/clean persist/var/lib/dirty persist/etc; \
                 echo id > persist/etc/machine-id; echo x > persist/var/lib/clean/x; \
                 for e in var/lib/clean var/lib/dirty etc/machine-id; do mount --bind persist/$e $e; done";
    let Some(report) = report(&host, mount) else { return };
    let expected = [
        "kept added /etc",
        "kept added /etc/machine-id",
        "kept added /persist",
        "kept added /var",
        "kept added /var/lib",
        "kept added /var/lib/clean",
        "kept added /var/lib/dirty",
        "lost added /var/lib/dirty/shadow shadowed",
    ];
    assert_eq!(changes(&report), expected);
}

#[test]
fn userns_the_kernels_own_file_systems_are_kept_and_what_lies_below_them_is_not() {
    let host = Host::new();
    host.dir("/proc");
    host.file("/run/left", "x");
    let mount = "mount -t tmpfs none \"$D/root/run\"; mount -t tmpfs none \"$D/root/proc\"";
    let Some(report) = report(&host, mount) else { return };
    let expected = [
        // A tmpfs on /proc is not the kernel's.
        "lost added /proc/ mount-point",
        "kept added /run",
        "lost added /run/left shadowed",
    ];
    assert_eq!(changes(&report), expected);
}

#[test]
fn userns_without_privilege_a_mount_is_not_crossed_and_is_a_gap() {
    let host = Host::new();
    host.file("/mnt/hidden", "123");
    host.file("/run/left", "x");
    host.file("/beside", "x");
    let script = "mount -t tmpfs none \"$D/root/mnt\"; echo inner > \"$D/root/mnt/mounted\"; \
                  mount -t tmpfs none \"$D/root/run\"; chmod -R a+rX \"$D\"; cp \"$P\" \"$D/p\"; \
                  setpriv --bounding-set=-all --inh-caps=-all --reuid=65534 --clear-groups \
                  \"$D/p\" \"$@\" --format json || :";
    let Some(said) = in_mount_namespace(&host, script) else { return };
    if said.stdout.is_empty() {
        return crate::support::skip(&format!("cannot drop privileges here: {}", said.stderr));
    }
    let report: Value = serde_json::from_str(&said.stdout).unwrap();
    let expected = ["lost added /beside", "lost added /mnt mount-point", "kept added /run"];
    assert_eq!(changes(&report), expected);
    let gaps = report["gaps"].as_array().unwrap();
    // The kernel's own are no exception: what was left below them is erased like the rest.
    let paths: Vec<_> = gaps.iter().map(|gap| gap["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["/mnt", "/run"]);
    let error = "something is mounted here; run as root to see what it hides";
    assert!(gaps.iter().all(|gap| gap["error"] == error), "{gaps:?}");
    assert_eq!(report["complete"], false);
}
