//! The same on a real kernel: each test in a mount namespace of its own, as root in it.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use blankslate::config::{Config, How, Kind};
use blankslate::persist::apply::{Outcome, apply};
use blankslate::persist::observe::{check_stores, observe};
use blankslate::persist::plan::plan;
use blankslate::sys::linux::LinuxSys;
use blankslate::sys::{Look, Meta, Sys};

use crate::fake::path;
use crate::plans::config;

/// Runs `test` in a new mount namespace: the test program starts itself again, in unshare(1), for
/// this one test. Without root a user namespace makes it root.
fn in_namespace(name: &str, test: fn(&Path)) {
    const INSIDE: &str = "BLANKSLATE_TEST_INSIDE";
    if std::env::var_os(INSIDE).is_some() {
        let root = tempfile::tempdir().unwrap();
        mount("tmpfs", root.path());
        fs::create_dir(root.path().join("persist")).unwrap();
        mount("tmpfs", &root.path().join("persist"));
        test(root.path());
        return;
    }
    let mut command = Command::new("unshare");
    if !nix::unistd::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    let output = command
        .args(["--mount", "--propagation", "private", "--"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &format!("real::{name}"), "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    // A name that no test has runs none, and that is a success too.
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{name} failed in its namespace, or was not run:\n{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn mount(kind: &str, at: &Path) {
    let status = Command::new("mount").args(["-t", kind, kind]).arg(at).status().unwrap();
    assert!(status.success());
}

fn write(root: &Path, at: &str, text: &str) -> PathBuf {
    let file = root.join(at);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, text).unwrap();
    file
}

fn place(root: &Path, config: &Config) -> Vec<Outcome> {
    let mut sys = LinuxSys::below(root).unwrap();
    let plans = plan(&observe(&sys, config, &check_stores(&sys, config)));
    apply(&mut sys, &plans)
}

#[test]
fn userns_entries_of_every_kind_are_in_place_and_a_second_run_changes_nothing() {
    in_namespace(
        "userns_entries_of_every_kind_are_in_place_and_a_second_run_changes_nothing",
        |root| {
            let key = write(root, "persist/var/lib/blue tooth/it's %h/key", "key");
            fs::set_permissions(&key, fs::Permissions::from_mode(0o4640)).unwrap();
            fs::set_permissions(root.join("persist/var/lib"), fs::Permissions::from_mode(0o711))
                .unwrap();
            write(root, "persist/etc/machine-id", "id\n");
            write(root, "persist/var/lib/acme/cert", "cert");
            let config = config(&[
                ("/var/lib/blue tooth/it's %h", Kind::Directory, How::Bind),
                ("/etc/machine-id", Kind::File, How::Bind),
                ("/var/lib/acme", Kind::Directory, How::Symlink),
            ]);
            let outcomes = place(root, &config);
            assert!(outcomes.iter().all(|o| matches!(o, Outcome::Done)), "{outcomes:?}");
            let shown = root.join("var/lib/blue tooth/it's %h/key");
            assert_eq!(fs::read_to_string(&shown).unwrap(), "key");
            assert_eq!(fs::metadata(&shown).unwrap().mode() & 0o7777, 0o4640);
            assert_eq!(fs::metadata(root.join("var/lib")).unwrap().mode() & 0o7777, 0o711);
            assert_eq!(fs::read_to_string(root.join("etc/machine-id")).unwrap(), "id\n");
            let link = fs::read_link(root.join("var/lib/acme")).unwrap();
            assert_eq!(link, Path::new("/persist/var/lib/acme"));
            fs::write(root.join("etc/machine-id"), "new\n").unwrap();
            assert_eq!(fs::read_to_string(root.join("persist/etc/machine-id")).unwrap(), "new\n");
            let mounts = || fs::read_to_string("/proc/self/mountinfo").unwrap();
            let before = mounts();
            let outcomes = place(root, &config);
            assert!(outcomes.iter().all(|o| matches!(o, Outcome::Unchanged)), "{outcomes:?}");
            assert_eq!(mounts(), before);
        },
    );
}

#[test]
fn userns_what_is_mounted_below_a_source_is_seen_at_the_target_too() {
    in_namespace("userns_what_is_mounted_below_a_source_is_seen_at_the_target_too", |root| {
        fs::create_dir_all(root.join("persist/srv/sub")).unwrap();
        mount("tmpfs", &root.join("persist/srv/sub"));
        write(root, "persist/srv/sub/deep", "deep");
        place(root, &config(&[("/srv", Kind::Directory, How::Bind)]));
        assert_eq!(fs::read_to_string(root.join("srv/sub/deep")).unwrap(), "deep");
    });
}

#[test]
fn userns_data_on_the_target_is_neither_hidden_nor_touched() {
    in_namespace("userns_data_on_the_target_is_neither_hidden_nor_touched", |root| {
        write(root, "persist/srv/kept", "kept");
        let own = write(root, "srv/own", "own");
        let outcomes = place(root, &config(&[("/srv", Kind::Directory, How::Bind)]));
        assert!(matches!(&outcomes[..], [Outcome::Refused(_)]), "{outcomes:?}");
        assert_eq!(fs::read_to_string(own).unwrap(), "own");
    });
}

#[test]
fn userns_no_symlink_leads_out_of_the_root() {
    in_namespace("userns_no_symlink_leads_out_of_the_root", |root| {
        let outside = tempfile::tempdir().unwrap();
        write(root, "persist/home/alice/x", "x");
        symlink(outside.path(), root.join("home")).unwrap();
        let outcomes = place(root, &config(&[("/home/alice", Kind::Directory, How::Bind)]));
        assert!(matches!(&outcomes[..], [Outcome::Refused(_)]), "{outcomes:?}");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
        let mut sys = LinuxSys::below(root).unwrap();
        let meta = Meta { uid: 0, gid: 0, mode: 0o755 };
        for made in [sys.make_dir(&path("/home/d"), meta), sys.make_file(&path("/home/f"), meta)] {
            assert!(made.is_err());
        }
        assert!(sys.symlink(&path("/home/l"), &path("/x")).is_err());
        assert!(sys.bind(&path("/persist"), &path("/home")).is_err());
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    });
}

#[test]
fn userns_what_is_made_appears_with_its_owner_and_mode_and_replaces_nothing() {
    in_namespace(
        "userns_what_is_made_appears_with_its_owner_and_mode_and_replaces_nothing",
        |root| {
            let mut sys = LinuxSys::below(root).unwrap();
            let meta = Meta { uid: 0, gid: 0, mode: 0o2750 };
            // A killed run left the directory that was about to be born.
            let left = root.join(".blankslate-new-0");
            fs::create_dir(&left).unwrap();
            fs::set_permissions(&left, fs::Permissions::from_mode(0o700)).unwrap();
            sys.make_dir(&path("/d"), meta).unwrap();
            sys.make_file(&path("/f"), Meta { mode: 0o640, ..meta }).unwrap();
            assert_eq!(fs::metadata(root.join("d")).unwrap().mode() & 0o7777, 0o2750);
            assert_eq!(fs::metadata(root.join("f")).unwrap().mode() & 0o7777, 0o640);
            assert!(!left.exists());
            write(root, "full/data", "data");
            assert!(sys.make_dir(&path("/full"), meta).is_err());
            assert!(sys.make_file(&path("/full/data"), meta).is_err());
            assert!(sys.symlink(&path("/full/data"), &path("/x")).is_err());
            assert_eq!(fs::read_to_string(root.join("full/data")).unwrap(), "data");
        },
    );
}

#[test]
fn userns_a_look_tells_what_lies_there_and_what_is_mounted() {
    in_namespace("userns_a_look_tells_what_lies_there_and_what_is_mounted", |root| {
        let sys = LinuxSys::below(root).unwrap();
        write(root, "full", "x");
        write(root, "empty", "");
        fs::create_dir(root.join("dir")).unwrap();
        symlink("dangling\n", root.join("link")).unwrap();
        nix::unistd::mkfifo(&root.join("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        let look = |at: &str| sys.look(&path(at)).unwrap();
        assert_eq!(look("/none/below"), Look::Absent);
        assert_eq!(look("/link"), Look::Symlink(b"dangling\n".to_vec()));
        assert_eq!(look("/fifo"), Look::Special("fifo"));
        assert_eq!(look("/link/x"), Look::Blocked(path("/link")));
        assert_eq!(look("/full/x"), Look::Blocked(path("/full")));
        assert!(matches!(look("/full"), Look::File(seen) if !seen.is_empty && !seen.is_mount));
        assert!(matches!(look("/empty"), Look::File(seen) if seen.is_empty));
        assert!(matches!(look("/dir"), Look::Directory(seen) if seen.is_empty && !seen.is_mount));
        assert!(
            matches!(look("/persist"), Look::Directory(seen) if seen.is_empty && seen.is_mount)
        );
        assert!(matches!(look("/"), Look::Directory(seen) if !seen.is_empty));
    });
}

#[test]
fn userns_below_a_directory_that_hands_its_group_on_directories_are_made_too() {
    in_namespace(
        "userns_below_a_directory_that_hands_its_group_on_directories_are_made_too",
        |root| {
            fs::create_dir(root.join("shared")).unwrap();
            fs::set_permissions(root.join("shared"), fs::Permissions::from_mode(0o2775)).unwrap();
            let mut sys = LinuxSys::below(root).unwrap();
            sys.make_dir(&path("/shared/d"), Meta { uid: 0, gid: 0, mode: 0o750 }).unwrap();
            assert_eq!(fs::metadata(root.join("shared/d")).unwrap().mode() & 0o7777, 0o750);
        },
    );
}

#[test]
fn userns_what_somebody_put_in_the_way_is_neither_taken_nor_covered() {
    in_namespace("userns_what_somebody_put_in_the_way_is_neither_taken_nor_covered", |root| {
        let secret = write(root, "home/.blankslate-new-0/secret", "secret");
        fs::set_permissions(secret.parent().unwrap(), fs::Permissions::from_mode(0o700)).unwrap();
        write(root, "home/.blankslate-new-1", "");
        symlink("/etc", root.join("home/.blankslate-new-2")).unwrap();
        fs::create_dir(root.join("home/.blankslate-new-3")).unwrap();
        let mut sys = LinuxSys::below(root).unwrap();
        let meta = Meta { uid: 0, gid: 0, mode: 0o755 };
        sys.make_dir(&path("/home/made"), meta).unwrap();
        assert_eq!(fs::read_dir(root.join("home/made")).unwrap().count(), 0);
        assert_eq!(fs::read_to_string(&secret).unwrap(), "secret");
        assert_eq!(fs::metadata(secret.parent().unwrap()).unwrap().mode() & 0o7777, 0o700);
        // Written after the look and before the mount.
        let late = write(root, "home/made/late", "late");
        fs::create_dir(root.join("persist/made")).unwrap();
        let error = sys.bind(&path("/persist/made"), &path("/home/made")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot mount on /home/made: Directory not empty (os error 39)"
        );
        assert_eq!(fs::read_to_string(late).unwrap(), "late");
    });
}
