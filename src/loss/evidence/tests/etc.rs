use super::*;

/// The system's own `etc`.
const ETC: &str = "/nix/store/00000000000000000000000000000000-nixos-system-etc/etc";

/// A host whose system has a symlink, a directory, a copy and a direct symlink in its `etc`, all of
/// which lie on the root as setup-etc makes them.
fn host() -> Host {
    let host = Host::nixos().user("db", 71, "/var/lib/db").group("db", 72);
    let own = |name: &str| format!("{ETC}/{name}");
    host.link("/etc/static", ETC);
    for name in ["hosts", "ssh/sshd_config", "loop", "odd\nname"] {
        host.link(&own(name), "/nix/store/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-text");
        host.link(&format!("/etc/{name}"), &format!("/etc/static/{name}"));
    }
    host.link(&own("loop"), "loop");
    host.file(&own("sudoers"), "root ALL", 0o444);
    for (side, text) in [("mode", "0440\n"), ("uid", "+0\n"), ("gid", "root\n")] {
        host.file(&own(&format!("sudoers.{side}")), text, 0o444);
    }
    host.file("/etc/sudoers", "root ALL", 0o440);
    host.link(&own("mtab"), "/proc/mounts");
    host.file(&own("mtab.mode"), "direct-symlink", 0o444);
    host.link("/etc/mtab", "/proc/mounts");
    host.file("/etc/.clean", "mtab\nsudoers\n", 0o644);
    host.file("/etc/NIXOS", "", 0o644);
    host
}

const ALL: [&str; 10] = [
    "/etc",
    "/etc/static",
    "/etc/hosts",
    "/etc/ssh",
    "/etc/ssh/sshd_config",
    "/etc/loop",
    "/etc/odd\nname",
    "/etc/sudoers",
    "/etc/mtab",
    "/etc/.clean",
];

#[test]
fn everything_that_setup_etc_made_is_made_again() {
    as_root("etc::everything_that_setup_etc_made_is_made_again", || {
        let host = host();
        for at in ALL.iter().chain(&["/etc/NIXOS"]) {
            assert_eq!(host.maker(at), Some(Maker::Etc), "{at:?}");
        }
    });
}

/// What is done to the host, and where.
type Difference = (&'static str, fn(&Host));

#[test]
fn what_differs_from_what_setup_etc_makes_is_lost() {
    let table: [Difference; 20] = [
        ("/etc/hosts", |host| host.link("/etc/hosts", "/etc/static/other")),
        ("/etc/hosts", |host| {
            host.link("/etc/hosts", "/nix/store/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-text");
        }),
        ("/etc/hosts", |host| host.file("/etc/hosts", "mine", 0o644)),
        ("/etc/hosts", |host| host.link(&format!("{ETC}/host"), "x")),
        ("/etc/static", |host| {
            host.link("/etc/static", "/nix/store/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-etc/etc");
        }),
        ("/etc/sudoers", |host| host.file("/etc/sudoers", "me ALL", 0o440)),
        ("/etc/sudoers", |host| host.file("/etc/sudoers", "root ALL", 0o644)),
        ("/etc/sudoers", |host| host.file("/etc/sudoers", "", 0o440)),
        ("/etc/sudoers", |host| host.link("/etc/sudoers", "/etc/static/sudoers")),
        ("/etc/sudoers", |host| host.file(&format!("{ETC}/sudoers.uid"), "+1", 0o444)),
        ("/etc/sudoers", |host| host.file(&format!("{ETC}/sudoers.gid"), "db", 0o444)),
        ("/etc/sudoers", |host| host.file(&format!("{ETC}/sudoers.gid"), "none", 0o444)),
        ("/etc/sudoers", |host| host.file(&format!("{ETC}/sudoers.mode"), "odd", 0o444)),
        ("/etc/sudoers", |host| host.file(&format!("{ETC}/sudoers"), vec![0; 5 << 20], 0o444)),
        ("/etc/mtab", |host| host.link("/etc/mtab", "/etc/static/mtab")),
        ("/etc/.clean", |host| host.file("/etc/.clean", "mtab\nsudoers\nmine\n", 0o644)),
        ("/etc/NIXOS", |host| host.file("/etc/NIXOS", "mine", 0o644)),
        ("/etc/static", |host| host.file(&format!("{SYSTEM}/activate"), "nothing", 0o555)),
        ("/etc/mine", |host| host.link("/etc/mine", "/etc/static/mine")),
        ("/etc/sudoers.mode", |host| host.file("/etc/sudoers.mode", "0440\n", 0o444)),
    ];
    as_root("etc::what_differs_from_what_setup_etc_makes_is_lost", || {
        for (number, (at, differ)) in table.iter().enumerate() {
            let host = host();
            differ(&host);
            let is_kept = number == 3;
            assert_eq!(host.maker(at), is_kept.then_some(Maker::Etc), "{number}: {at}");
        }
    });
}

#[test]
fn only_what_both_systems_make_is_made_again() {
    as_root("etc::only_what_both_systems_make_is_made_again", || {
        let host = host();
        host.system(NEXT);
        host.link("/nix/var/nix/profiles/system", NEXT);
        assert_eq!(host.maker("/etc/hosts"), None);
        // Another text in the store is the same link in /etc.
        host.link(
            &format!("{NEXT}-etc/etc/hosts"),
            "/nix/store/yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy-text",
        );
        assert_eq!(host.maker("/etc/hosts"), Some(Maker::Etc));
        assert_eq!(host.maker("/etc/static"), Some(Maker::Etc));
        assert_eq!(host.maker("/etc/sudoers"), None);
        // The next system makes a symlink of it.
        host.link(
            &format!("{NEXT}-etc/etc/sudoers"),
            "/nix/store/yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy-text",
        );
        assert_eq!(host.maker("/etc/sudoers"), None);
    });
}

#[test]
fn a_directory_in_the_place_of_a_symlink_is_lost_with_what_is_in_it() {
    as_root("etc::a_directory_in_the_place_of_a_symlink_is_lost_with_what_is_in_it", || {
        let host = host();
        fs::remove_file(host.at("/etc/hosts")).unwrap();
        host.file("/etc/hosts/mine", "x", 0o644);
        assert_eq!(host.maker("/etc/hosts"), None);
        assert_eq!(host.maker("/etc/hosts/mine"), None);
    });
}
