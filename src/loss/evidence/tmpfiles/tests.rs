//! Rules of hosts in a directory: what they claim, and what they make for certain.

#![expect(clippy::disallowed_methods, reason = "makes the hosts that are read")]

mod real;
mod version;

use super::*;
use crate::loss::FileType;
use crate::loss::evidence::units::tests::host::{Host, is_root, maker, path};
use crate::presets::Rank;

const SETUP: &str = "[Service]\nType=oneshot\n\
     ExecStart=systemd-tmpfiles --create --remove --boot --exclude-prefix=/dev\n";

/// A host that carries out the rules in `/etc/tmpfiles.d`, which lies in the store.
fn host() -> Host {
    let host = Host::new();
    host.unit(SERVICE, SETUP);
    host.wants("sysinit.target.wants", SERVICE);
    host.link("/etc/tmpfiles.d", "/nix/store/rules");
    host
}

fn rules(host: &Host, name: &str, text: &str) {
    host.file(&format!("/nix/store/rules/{name}.conf"), text);
}

fn evidence(host: &Host) -> Evidence {
    let (files, on_root) = host.files();
    let mut evidence = Evidence::default();
    tmpfiles(&files, &on_root, &host.accounts(), &mut evidence);
    evidence
}

#[expect(clippy::unnecessary_wraps, reason = "compared with what may be none")]
fn by(file: &str) -> Option<Maker> {
    Some(Maker::Tmpfiles(format!("{file}.conf")))
}

/// Gives a file of the host the mode that rules give.
fn mode(host: &Host, at: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(host.at(at), std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn only_what_a_rule_would_make_of_nothing_is_made_again() {
    if !is_root() {
        return;
    }
    let (directory, file, link, fifo) =
        (FileType::Directory, FileType::Regular, FileType::Symlink, FileType::Fifo);
    let host = host();
    rules(
        &host,
        "x",
        "d /v/d 0750\nD! /v/D\nv /v/v\nq /v/q 0700\nd /v/mode 0700\nd /v/owner 0755 db\nd /v/who - ghost\n\
         d /v/type\nf /v/empty\nf /v/full - - - - a\\n%%\nf /v/other - - - - b\nf+ /v/longer\n\
         f^ /v/credential\nL /v/L - - - - ../x\nL+ /v/plus - - - - %t/y\nL /v/elsewhere - - - - z\n\
         L /etc/f\nL? /v/if - - - - x\np /v/p 0600\nC /v/copy - - - - /nix/store/c\nC /v/changed - - - - /nix/store/c\n\
         C /v/copied - - - - /nix/store/tree\nC /v/of-root - - - - /v/full\nd /v/gone\nd /v/link/inside\n\
         d /v/removed\nR! /v/rem*\nf /v/written\nw /v/written - - - - x\nd /dev/x\ne /v/e 0755\nz /v/z\n\
         c /v/c - - - - 1:3\nd /v/%b\n",
    );
    for at in ["d", "mode"] {
        host.dir(&format!("/v/{at}"), 0o750);
    }
    for at in ["D", "v", "who", "owner", "removed", "e", "z", "copied", "c"] {
        host.dir(&format!("/v/{at}"), 0o755);
    }
    host.dir("/dev/x", 0o755);
    host.dir("/v/q", 0o700);
    host.dir("/nix/store/tree", 0o755);
    host.dir("/elsewhere/inside", 0o755);
    host.link("/v/link", "../elsewhere");
    for (at, text) in [
        ("type", ""),
        ("empty", ""),
        ("full", "a\n%"),
        ("other", "a"),
        ("longer", "x"),
        ("credential", ""),
        ("copy", "c"),
        ("changed", "d"),
        ("of-root", "a\n%"),
        ("written", ""),
    ] {
        host.file(&format!("/v/{at}"), text);
        mode(&host, &format!("/v/{at}"), 0o644);
    }
    host.file("/nix/store/c", "c");
    mode(&host, "/nix/store/c", 0o644);
    for (at, text) in
        [("/v/L", "../x"), ("/v/plus", "/run/y"), ("/v/elsewhere", "y"), ("/v/if", "x")]
    {
        host.link(at, text);
    }
    host.link("/etc/f", "/usr/share/factory/etc/f");
    let made =
        std::process::Command::new("mkfifo").args(["-m", "600"]).arg(host.at("/v/p")).status();
    assert!(made.unwrap().success());
    let table = [
        ("/v/d", directory, true),
        ("/v/D", directory, true),
        ("/v/v", directory, true),
        ("/v/q", directory, true),
        ("/v", directory, true),
        ("/v/mode", directory, false),
        ("/v/owner", directory, false),
        ("/v/who", directory, false),
        ("/v/type", file, false),
        ("/v/type", directory, false),
        ("/v/empty", file, true),
        ("/v/full", file, true),
        ("/v/other", file, false),
        ("/v/longer", file, false),
        ("/v/credential", file, false),
        ("/v/L", link, true),
        ("/v/plus", link, true),
        ("/v/elsewhere", link, false),
        ("/v/if", link, false),
        ("/etc/f", link, true),
        ("/v/p", fifo, true),
        ("/v/copy", file, true),
        ("/v/changed", file, false),
        ("/v/copied", directory, true),
        ("/v/of-root", file, false),
        ("/v/gone", directory, false),
        ("/v/link/inside", directory, false),
        ("/v/removed", directory, false),
        ("/v/written", file, false),
        ("/dev/x", directory, false),
        ("/v/e", directory, false),
        ("/v/z", directory, false),
        ("/v/c", directory, false),
    ];
    let evidence = evidence(&host);
    for (at, file_type, is_made) in table {
        assert_eq!(maker(&evidence, at, file_type), by("x").filter(|_| is_made), "{at}");
    }
}

#[test]
fn of_two_rules_for_one_path_the_first_counts() {
    if !is_root() {
        return;
    }
    let host = host();
    rules(&host, "20", "d /v/a 0700\nL /v/b - - - - y\nd /v/c\nd /v/e 0755\nL+ /v/f - - - - x\n");
    rules(&host, "10", "d /v/a 0755\nL /v/b - - - - x\nd /v/c\nd /v/d\nd /v/e\nL /v/f - - - - x\n");
    rules(&host, "30", "L+ /v/c - - - - x\n");
    rules(&host, "40", "d /v/hidden 0755\n");
    rules(&host, "50", "d /v/masked 0755\n");
    host.file("/run/tmpfiles.d/60.conf", "d /v/d 0755\nd /v/fleeting 0755\n");
    host.file("/run/tmpfiles.d/40.conf", "d /v/fleeting 0755\n");
    host.link("/usr/lib/tmpfiles.d", "/nix/store/more");
    host.file("/nix/store/more/10.conf", "d /v/never 0755\n");
    host.file("/nix/store/more/70.conf", "d /v/more 0755\n");
    host.file("/nix/store/more/readme", "d /v/readme 0755\n");
    host.link("/nix/store/rules/80.conf", "/dev/null");
    host.file("/nix/store/more/80.conf", "d /v/null 0755\n");
    for at in
        ["a", "c", "d", "e", "hidden", "masked", "fleeting", "never", "more", "readme", "null"]
    {
        host.dir(&format!("/v/{at}"), 0o755);
    }
    host.link("/v/b", "x");
    host.link("/v/f", "x");
    let evidence = evidence(&host);
    let (directory, link) = (FileType::Directory, FileType::Symlink);
    let table = [
        ("/v/a", directory, by("10")),
        ("/v/b", link, by("10")),
        // A second rule takes the directory away again.
        ("/v/c", directory, None),
        // What a file in memory says may not be said at the next boot.
        ("/v/d", directory, None),
        ("/v/fleeting", directory, None),
        ("/v/e", directory, by("10")),
        ("/v/f", link, by("10")),
        ("/v/hidden", directory, by("40")),
        ("/v/masked", directory, by("50")),
        ("/v/never", directory, None),
        ("/v/more", directory, by("70")),
        ("/v/readme", directory, None),
        ("/v/null", directory, None),
    ];
    for (at, file_type, expected) in table {
        assert_eq!(maker(&evidence, at, file_type), expected, "{at}");
    }
}

#[test]
fn without_the_service_at_every_boot_nothing_is_made() {
    if !is_root() {
        return;
    }
    let table = [
        (SETUP, true),
        ("[Unit]\nConditionHost=x\n[Service]\nExecStart=systemd-tmpfiles --create --boot\n", false),
        ("[Service]\nExecStart=systemd-tmpfiles --clean\n", false),
        ("[Service]\nExecStart=systemd-tmpfiles --create\n", false),
        ("[Service]\nExecStart=systemd-tmpfiles --create --boot --prefix=/x\n", false),
        ("[Service]\nExecStart=systemd-tmpfiles --create --boot one.conf\n", false),
        ("[Service]\nExecStart=/bin/true --create --boot\n", false),
        ("[Service]\nExecStart=/x/systemd-tmpfiles --boot --create --exclude-prefix=/v\n", false),
        ("[Service]\nExecStart=-/x/systemd-tmpfiles --boot --create\n", true),
        ("", false),
    ];
    for (unit, is_made) in table {
        let host = host();
        host.unit(SERVICE, unit);
        rules(&host, "x", "d /v/d 0755\n");
        host.dir("/v/d", 0o755);
        let evidence = evidence(&host);
        let expected = by("x").filter(|_| is_made);
        assert_eq!(maker(&evidence, "/v/d", FileType::Directory), expected, "{unit}");
        assert!(
            matches!(&evidence.owners.of(&path("/v/d")).owner, Owner::Tmpfiles(file) if file == "x.conf")
        );
    }
}

#[test]
fn rules_on_the_root_itself_are_gone_with_it() {
    if !is_root() {
        return;
    }
    let host = host();
    host.link("/nix/store/rules/link.conf", "/home/link.conf");
    host.file("/home/link.conf", "d /v/link 0755\n");
    host.file("/usr/lib/tmpfiles.d/root.conf", "d /v/root 0755\nd /v/both 0755\n");
    rules(&host, "store", "d /v/store 0755\nd /v/both 0755\n");
    for at in ["link", "root", "store", "both"] {
        host.dir(&format!("/v/{at}"), 0o755);
    }
    let evidence = evidence(&host);
    for (at, expected) in [("link", None), ("root", None), ("both", None), ("store", by("store"))] {
        assert_eq!(maker(&evidence, &format!("/v/{at}"), FileType::Directory), expected, "{at}");
    }
}

#[test]
fn systemd_does_not_go_from_one_users_directory_to_anothers() {
    if !is_root() {
        return;
    }
    let host = host();
    rules(
        &host,
        "x",
        "d /v/db 0755 db db\nd /v/db/a 0755 db db\nd /v/db/r 0755\nd /v/db/r/b 0755\n",
    );
    for at in ["/v/db", "/v/db/a", "/v/db/r", "/v/db/r/b"] {
        host.dir(at, 0o755);
    }
    for at in ["/v/db", "/v/db/a"] {
        std::os::unix::fs::chown(host.at(at), Some(71), Some(71)).unwrap();
    }
    let evidence = evidence(&host);
    for (at, is_made) in [("/v/db/a", true), ("/v/db/r", true), ("/v/db/r/b", false)] {
        let expected = by("x").filter(|_| is_made);
        assert_eq!(maker(&evidence, at, FileType::Directory), expected, "{at}");
    }
}

#[test]
fn a_rule_claims_its_path_unless_it_is_a_pattern_or_not_on_disk() {
    let host = host();
    rules(
        &host,
        "x",
        "d /var/lib/a\nL /var/log/b\ne /var/cache/c\ne /var/lib/d/*\nz /var/lib/e\nr /var/lib/f\n\
         d /run/g\nd /var/lib/%b\nd /tmp/h\n",
    );
    let evidence = evidence(&host);
    let table = [
        ("/var/lib/a/x", Some(Rank::State)),
        ("/var/log/b", Some(Rank::Logs)),
        ("/var/cache/c", Some(Rank::Cache)),
        ("/tmp/h", Some(Rank::Cache)),
        ("/var/lib/d/x", None),
        ("/var/lib/e", None),
        ("/var/lib/f", None),
        ("/run/g", None),
    ];
    for (at, expected) in table {
        let owned = evidence.owners.of(&path(at));
        let is_ours = matches!(&owned.owner, Owner::Tmpfiles(file) if file == "x.conf");
        assert_eq!(is_ours.then_some(owned.rank), expected, "{at}");
    }
}
