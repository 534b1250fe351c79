//! What lies on a declared root, beneath what is mounted there, or beside it.

use std::fs;

use crate::host::{Host, faults, umount};
use crate::namespace::{inside, mount};
use crate::real::{OTHER, ROLLED};

#[test]
fn userns_a_root_in_whose_place_something_else_is_mounted_is_off() {
    inside("roots::userns_a_root_in_whose_place_something_else_is_mounted_is_off", |top| {
        mount("tmpfs", "mode=755", top);
        let host = Host::new(top, &[], &[("/srv/x", "bind")]);
        host.write("srv/x.blankslate-adopted-1", "older");
        let line = "not-mounted rpool/root: what is mounted at / is tmpfs (tmpfs), and line 2 of the configuration declares rpool/root there: a boot from that leaves what lies here behind, and neither erases nor adopts it; before such a boot run `blankslate apply`, which copies what is declared into the stores, or mend dataset in line 2\n";
        let aside = "note: /srv/x.blankslate-adopted-1 is what lay at /srv/x before it was copied into the store; remove it when you are sure that nothing is missing\n";
        assert_eq!(host.said(&["status"]), (1, format!("{ROLLED}{line}{OTHER}\n{aside}")));
        let output = host.run(&["status", "--format=json"]);
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(faults("status-1.json", &json), Vec::<String>::new());
        let expected = serde_json::json!([{"mount": "/", "dataset": "rpool/root", "mounted": "tmpfs (tmpfs)"}]);
        assert_eq!((&json["ok"], &json["roots_not_mounted"]), (&false.into(), &expected));
    });
}

#[test]
fn userns_data_that_a_mount_hides_is_told_with_a_way_to_see_it() {
    inside("roots::userns_data_that_a_mount_hides_is_told_with_a_way_to_see_it", |top| {
        let host = Host::new(top, &[("/srv/x", "directory", "bind")], &[]);
        host.write("persist/srv/x/data", "data");
        host.write("srv/x/hidden", "hidden");
        host.bind("srv/x");
        let line = "shadowed /srv/x: the mount hides other data, which the next boot erases; `mount --bind / /mnt` shows it at /mnt/srv/x\n";
        let summary = "1 of 1 entries are in place\n";
        assert_eq!(host.said(&["status"]), (1, format!("{ROLLED}{line}{OTHER}{summary}")));
        // Of what lies on another file system it is told where that is, and that nothing erases it.
        umount(&top.join("srv/x"));
        mount("tmpfs", "mode=755", &top.join("srv"));
        host.write("srv/x/hidden", "hidden");
        host.bind("srv/x");
        let line = "shadowed /srv/x: the mount hides other data; `mount --bind /srv /mnt` shows it at /mnt/x\n";
        assert_eq!(host.said(&["status"]), (1, format!("{ROLLED}{line}{OTHER}{summary}")));
    });
}

#[test]
fn userns_beside_a_root_that_is_no_mount_of_its_own_nothing_is_erased() {
    inside("roots::userns_beside_a_root_that_is_no_mount_of_its_own_nothing_is_erased", |top| {
        let targets = ["home/x", "srv/x"];
        let entries = [("/home/x", "directory", "bind"), ("/srv/x", "directory", "bind")];
        let host = Host::new(top, &entries, &[("/home/x", "bind"), ("/srv/x", "bind")]);
        let config = fs::read_to_string(top.join("run/blankslate/c.toml")).unwrap();
        host.write("run/blankslate/c.toml", &config.replace("mount = \"/\"", "mount = \"/home\""));
        for at in targets {
            host.write(&format!("persist/{at}/data"), "data");
            host.write(&format!("{at}/hidden"), "hidden");
            host.write(&format!("{at}.blankslate-adopted-1"), "older");
            host.bind(at);
        }
        let shadowed = |target: &str, fate: &str| {
            format!(
                "shadowed {target}: the mount hides other data{fate}; `mount --bind / /mnt` shows it at /mnt{target}\n"
            )
        };
        let aside = |target: &str, fate: &str| {
            format!(
                "note: {target}.blankslate-adopted-1 is what lay at {target} before it was copied into the store; {fate}\n"
            )
        };
        let expected = [
            ROLLED.to_owned(),
            shadowed("/home/x", ", which the next boot erases"),
            shadowed("/srv/x", ""),
            format!("{OTHER}2 of 2 entries are in place\n\n"),
            aside("/home/x", "the next boot erases it"),
            aside("/srv/x", "remove it when you are sure that nothing is missing"),
        ];
        assert_eq!(host.said(&["status"]), (1, expected.concat()));
    });
}
