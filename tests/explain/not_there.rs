//! What is not there yet, or as good as not there.

use std::fs;

use super::fate::what_will_i_lose;
use super::{Host, explain, inside, json};

/// The kind of what nobody made yet is that of its preset, or a guess.
#[test]
fn userns_what_is_not_there_yet_is_offered_as_what_it_will_be() {
    inside("not_there::userns_what_is_not_there_yet_is_offered_as_what_it_will_be", |top| {
        let host = Host::new(top, &[], &[]);
        host.write("etc/passwd", "al:x:1000:100::/home/al:/bin/sh\n");
        let table = [
            ("/etc/ssh/ssh_host_ed25519_key", "file", false),
            ("/var/lib/bluetooth", "directory", false),
            ("/home/al/.ssh", "directory", false),
            ("/home/al/.config/kwinrc", "file", false),
            ("/var/lib/no/such/thing", "directory", true),
        ];
        let guess = "\nNothing is there, so that it is to be a directory is a guess; for a file, write kind = \"file\".\n";
        for (path, kind, is_guess) in table {
            let keep = json(&host, path)["keep"].clone();
            let toml = keep["toml"].as_str().unwrap();
            assert!(toml.contains(&format!("\nkind = \"{kind}\"\n")), "{path}: {toml}");
            assert_eq!(keep["guessed"], is_guess, "{path}");
            let (_, said) = explain(&host, path);
            assert_eq!(said.contains(guess), is_guess, "{said}");
        }
        let (code, said) = explain(&host, "/etc/adjtime");
        let end = "\n/etc/adjtime is replaced by systemd-timedated through a rename, which a bind mount stops (EBUSY); set time.hardwareClockInLocalTime, which writes what matters of it.\n";
        assert!(said.ends_with(end) && code == 1, "{said}");
    });
}

#[test]
fn userns_a_file_that_nobody_made_yet_is_kept_from_when_it_is_made() {
    inside("not_there::userns_a_file_that_nobody_made_yet_is_kept_from_when_it_is_made", |top| {
        let host = Host::new(top, &[("/etc/ssh/key", "file", "bind")], &[]);
        fs::create_dir_all(top.join(".zfs/snapshot/blank")).unwrap();
        let expected = "/etc/ssh/key is an entry.\n\
            It is declared in line 11 of the configuration.\n\
            The store keeps it at /persist/etc/ssh/key, which is to be mounted there.\n\
            Now: it waits: nothing has made it yet; as soon as something has, `blankslate apply` or the next boot keeps it, unless something else erases it before.\n\
            `blankslate apply` has nothing to do.\n\
            The next boot makes nothing there: an empty file would be taken for a broken one.\n";
        assert_eq!(explain(&host, "/etc/ssh/key"), (0, expected.to_owned()));
        let told = json(&host, "/etc/ssh/key");
        let (fate, state) = (&told["fate"], &told["entry"]["state"]);
        assert_eq!((fate, state), (&"kept".into(), &"waiting".into()));
        // Then it is no news that it is kept; but what made the way to it does not make it again.
        host.write("etc/ssh/key", "key");
        assert_eq!(what_will_i_lose(&host, "/etc/ssh"), Some(0));
        let (code, said) = explain(&host, "/etc/ssh/key");
        let next = "\nThe next boot copies what lies there to /persist/etc/ssh/key before the root is rolled back, and puts it in place.\n";
        assert!(code == 1 && said.contains(next), "{said}");
        fs::remove_file(top.join("etc/ssh/key")).unwrap();
        assert_eq!(what_will_i_lose(&host, "/etc/ssh"), Some(1));
    });
}

#[test]
fn userns_an_empty_place_is_put_in_place_and_nothing_is_copied_from_it() {
    inside(
        "not_there::userns_an_empty_place_is_put_in_place_and_nothing_is_copied_from_it",
        |top| {
            let id = "0123456789abcdef0123456789abcdef\n";
            let entries =
                [("/var/lib/x", "directory", "bind"), ("/etc/machine-id", "file", "bind")];
            let host = Host::new(top, &entries, &[]);
            host.write("persist/var/lib/x/data", "data");
            host.write("persist/etc/machine-id", id);
            fs::create_dir_all(top.join("var/lib/x")).unwrap();
            for (path, text) in [
                ("/var/lib/x", ""),
                ("/etc/machine-id", ""),
                ("/etc/machine-id", "uninitialized\n"),
            ] {
                host.write("etc/machine-id", text);
                let (code, said) = explain(&host, path);
                let end = said.ends_with("\nThe next boot puts it in place.\n");
                assert!(code == 1 && end, "{path} {text}: {said}");
            }
            // Another id than the store's is somebody's.
            host.write("etc/machine-id", &id.replace('0', "1"));
            let (code, said) = explain(&host, "/etc/machine-id");
            let kept = "\nThe next boot keeps what lies there as /persist/etc/machine-id.from-old-root, and puts the store's in place.\n";
            assert!(code == 1 && said.ends_with(kept), "{said}");
        },
    );
}
