//! Two at the same time, and stores that really are full or read-only.

use std::fs;
use std::process::{Command, Stdio};

use crate::host::{Host, without_leavings};
use crate::namespace::inside;

#[test]
fn userns_of_two_runs_at_the_same_time_one_waits_and_both_end_well() {
    inside("together::userns_of_two_runs_at_the_same_time_one_waits_and_both_end_well", |top| {
        let host = Host::fresh(top);
        assert!(host.run(&["apply"]).status.success());
        let good = without_leavings(host.picture());
        for _ in 0..20 {
            let host = Host::fresh(top);
            let both: Vec<_> = (0..2)
                .map(|_| {
                    Command::new(env!("CARGO_BIN_EXE_blankslate"))
                        .arg("apply")
                        .arg("--root")
                        .arg(&host.root)
                        .arg("--config")
                        .arg(&host.config)
                        .stdout(Stdio::null())
                        .spawn()
                        .unwrap()
                })
                .collect();
            for mut one in both {
                assert_eq!(one.wait().unwrap().code(), Some(0));
            }
            assert_eq!(without_leavings(host.picture()), good);
        }
    });
}

#[test]
fn userns_a_store_that_is_really_full_leaves_everything_as_it_was() {
    inside("together::userns_a_store_that_is_really_full_leaves_everything_as_it_was", |top| {
        let host = Host::fresh(top);
        // More than the 4 MiB of the store.
        fs::write(host.root.join("var/lib/data base/huge"), vec![1_u8; 6 << 20]).unwrap();
        let before = host.picture();
        let output = host.run(&["adopt", "/var/lib/data base"]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("No space left on device"), "{said}");
        assert_eq!(host.picture(), before);
    });
}

#[test]
fn userns_a_store_that_is_read_only_is_named_and_everything_stays_as_it_was() {
    inside(
        "together::userns_a_store_that_is_read_only_is_named_and_everything_stays_as_it_was",
        |top| {
            let host = Host::fresh(top);
            let store = host.root.join("persist");
            let status = Command::new("mount").args(["-o", "remount,ro"]).arg(&store).status();
            assert!(status.unwrap().success());
            let before = host.picture();
            let output = host.run(&["adopt", "/var/lib/data base"]);
            assert_eq!(output.status.code(), Some(2), "{output:?}");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(said.contains("Read-only file system"), "{said}");
            assert_eq!(host.picture(), before);
        },
    );
}

#[test]
fn userns_what_is_not_adopted_because_it_is_in_use_is_adopted_when_it_is_not() {
    inside(
        "together::userns_what_is_not_adopted_because_it_is_in_use_is_adopted_when_it_is_not",
        |top| {
            let host = Host::fresh(top);
            let table = host.root.join("var/lib/data base/table");
            let open = fs::File::options().append(true).open(&table).unwrap();
            let output = host.run(&["adopt", "/var/lib/data base"]);
            assert_eq!(output.status.code(), Some(1), "{output:?}");
            let said = String::from_utf8_lossy(&output.stderr);
            let pid = std::process::id();
            assert!(
                said.contains("/table is open for writing by ")
                    && said.contains(&format!("(pid {pid})")),
                "{said}"
            );
            assert!(!host.root.join("persist/var/lib/data base").exists());
            drop(open);
            assert!(host.run(&["adopt", "/var/lib/data base"]).status.success());
            assert_eq!(
                fs::read(host.root.join("persist/var/lib/data base/table")).unwrap().len(),
                70_000
            );
        },
    );
}
