//! Units of hosts in a directory: what they claim, and what they make for certain.

#![expect(clippy::disallowed_methods, reason = "changes the hosts that are read")]

pub(in crate::loss::evidence) mod host;
mod places;
mod real;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::*;
use host::{Host, is_root, maker, path};

fn evidence(host: &Host) -> Evidence {
    let (files, on_root) = host.files();
    let mut evidence = Evidence::default();
    units(&files, &on_root, &host.accounts(), &mut evidence);
    evidence
}

#[expect(clippy::unnecessary_wraps, reason = "compared with what may be none")]
fn by(unit: &str, setting: &'static str) -> Option<Maker> {
    Some(Maker::Unit(unit.to_owned(), setting))
}

fn owner(evidence: &Evidence, at: &str) -> Option<(String, Rank)> {
    let owned = evidence.owners.of(&path(at));
    match &owned.owner {
        Owner::Unit(name) => Some((name.clone(), owned.rank)),
        _ => None,
    }
}

#[test]
fn only_a_service_that_every_boot_starts_for_certain_makes_its_directory() {
    if !is_root() {
        return;
    }
    let host = Host::new();
    let table = [
        ("plain", "", true),
        ("conditional", "[Unit]\nConditionPathExists=/x\n", false),
        ("asserting", "[Unit]\nAssertPathExists=/x\n", false),
        ("reset", "[Unit]\nConditionPathExists=/x\nConditionPathExists=\n", true),
        ("no-command", "[Service]\n", false),
        ("as-user", "[Service]\nUser=root\nGroup=root\n", true),
        ("as-number", "[Service]\nUser=0\n", true),
        // The directory on the root is root's, with mode 0755: made again it would be another.
        ("as-another", "[Service]\nUser=db\n", false),
        ("as-another-group", "[Service]\nGroup=db\n", false),
        ("as-it-is", "[Service]\nStateDirectoryMode=0755\n", true),
        ("as-it-is-not", "[Service]\nStateDirectoryMode=0700\n", false),
        ("as-nobody-known", "[Service]\nUser=other\n", false),
        ("of-no-group", "[Service]\nGroup=other\n", false),
        ("dynamic-or-not", "[Service]\nDynamicUser=perhaps\n", false),
        ("not-understood", "[Unit]\nwhat\n", false),
        ("needs-nothing-there", "[Unit]\nRequires=missing.service\n", false),
        ("needs-masked", "[Unit]\nBindsTo=masked.service\n", false),
        ("needs-conditional", "[Unit]\nRequires=conditional.service\n", true),
        ("needs-asserting", "[Unit]\nRequires=asserting.service\n", false),
        ("needs-a-device", "[Unit]\nBindsTo=dev-sda.device\n", false),
        ("needs-a-slice", "[Unit]\nRequires=system.slice -.mount\n", true),
        ("wants-quoted", "[Unit]\nWants='plain.service'\n", false),
        ("needs-unclear", "[Unit]\nRequires=x-%m.service\n", false),
        ("needs-started", "[Unit]\nRequisite=plain.service\n", false),
        ("wants-nothing-there", "[Unit]\nWants=missing.service\n", true),
        ("fighting", "[Unit]\nConflicts=fought.service\n", false),
        ("fought", "", false),
        ("peaceful", "[Unit]\nConflicts=shutdown.target\n", true),
        ("overridden", "", false),
        ("type-dbus", "[Service]\nType=dbus\n", false),
    ];
    for (name, text, _) in table {
        host.wanted(name, text);
    }
    host.file("/nix/store/units/overridden.service.d/x.conf", "[Unit]\nConditionUser=root\n");
    host.unit(
        "no-command.service",
        "[Service]\nExecStart=/x\nExecStart=\nStateDirectory=no-command\n",
    );
    host.link("/nix/store/units/masked.service", "/dev/null");
    let evidence = evidence(&host);
    for (name, _, is_made) in table {
        let at = format!("/var/lib/{name}");
        let expected = by(&format!("{name}.service"), "StateDirectory").filter(|_| is_made);
        assert_eq!(maker(&evidence, &at, FileType::Directory), expected, "{name}");
        assert_eq!(maker(&evidence, &format!("{at}/x"), FileType::Directory), None, "{name}");
    }
}

#[test]
fn a_service_is_started_along_every_kind_of_certain_link_and_along_no_other() {
    if !is_root() {
        return;
    }
    let host = Host::new();
    let service = |name: &str| format!("[Service]\nExecStart=/x\nStateDirectory={name}\n");
    for name in
        ["required", "bound", "upheld", "aliased", "idle", "by-socket", "far", "linked-to-uphold"]
    {
        host.unit(&format!("{name}.service"), &service(name));
        host.dir(&format!("/var/lib/{name}"), 0o755);
    }
    host.unit("app@.service", &service("app-%i"));
    host.dir("/var/lib/app-one", 0o755);
    host.unit("by-socket.socket", "[Socket]\nListenStream=/run/x\n");
    host.unit(
        "hub.target",
        "[Unit]\nRequires=required.service\nBindsTo=bound.service\nWants=alias.service\n\
         Upholds=upheld.service",
    );
    host.unit("maybe.target", "[Unit]\nConditionHost=x\nWants=far.service");
    host.link("/nix/store/units/alias.service", "aliased.service");
    host.unit("ambiguous.service", &service("%N"));
    host.link("/nix/store/units/multi-user.target.wants/by-name.service", "../by-name.service");
    host.link("/nix/store/units/by-name.service", "ambiguous.service");
    host.dir("/var/lib/ambiguous", 0o755);
    host.wants("multi-user.target.wants", "hub.target");
    host.wants("multi-user.target.wants", "maybe.target");
    host.wants("hub.target.upholds", "linked-to-uphold.service");
    host.wants("basic.target.wants", "by-socket.socket");
    host.link("/nix/store/units/sysinit.target.requires/app@one.service", "../app@.service");
    let table = [
        ("required", by("required.service", "StateDirectory")),
        ("bound", by("bound.service", "StateDirectory")),
        ("upheld", by("upheld.service", "StateDirectory")),
        ("linked-to-uphold", None),
        ("aliased", by("aliased.service", "StateDirectory")),
        ("app-one", by("app@one.service", "StateDirectory")),
        ("ambiguous", None),
        ("idle", None),
        ("by-socket", None),
        ("far", None),
    ];
    let evidence = evidence(&host);
    for (name, expected) in table {
        let at = format!("/var/lib/{name}");
        assert_eq!(maker(&evidence, &at, FileType::Directory), expected, "{name}");
    }
    assert_eq!(owner(&evidence, "/var/lib/app-one/x").unwrap().0, "app@one.service");
    assert_eq!(owner(&evidence, "/var/lib/idle").unwrap().0, "idle.service");
}

#[test]
fn a_dynamic_user_has_a_private_directory_and_a_symlink_to_it() {
    if !is_root() {
        return;
    }
    let host = Host::new();
    let dynamic = "[Service]\nDynamicUser=yes\nExecStart=/x\nStateDirectory=right deep/er wrong\n\
                   CacheDirectory=c\nLogsDirectory=l\nConfigurationDirectory=conf\n";
    host.unit("dyn.service", dynamic);
    host.wants("multi-user.target.wants", "dyn.service");
    for at in ["/var/lib/private/right", "/var/lib/private/deep/er", "/var/cache/private/c"] {
        host.dir(at, 0o755);
    }
    host.dir("/var/lib/private/wrong", 0o755);
    host.dir("/etc/conf", 0o755);
    host.link("/var/lib/right", "private/right");
    host.link("/var/lib/deep/er", "../private/deep/er");
    host.link("/var/lib/wrong", "/var/lib/private/wrong");
    host.dir("/var/log/l", 0o755);
    let evidence = evidence(&host);
    let (directory, link) = (FileType::Directory, FileType::Symlink);
    let state = || by("dyn.service", "StateDirectory");
    let table = [
        ("/var/lib/private/right", directory, state()),
        ("/var/lib/right", link, state()),
        ("/var/lib/right", directory, None),
        ("/var/lib/deep/er", link, state()),
        ("/var/lib/private", directory, state()),
        ("/var/lib/private/wrong", directory, state()),
        ("/var/lib/wrong", link, None),
        ("/var/cache/private/c", directory, by("dyn.service", "CacheDirectory")),
        ("/etc/conf", directory, by("dyn.service", "ConfigurationDirectory")),
        ("/var/log/l", directory, None),
        ("/var/log/private/l", directory, None),
    ];
    for (at, file_type, expected) in table {
        assert_eq!(maker(&evidence, at, file_type), expected, "{at}");
    }
    let table = [
        ("/var/lib/private/right/x", Rank::State),
        ("/var/lib/right", Rank::State),
        ("/var/cache/private/c", Rank::Cache),
        ("/var/log/private/l/x", Rank::Logs),
    ];
    for (at, rank) in table {
        assert_eq!(owner(&evidence, at), Some(("dyn.service".to_owned(), rank)), "{at}");
    }
}

#[test]
fn what_a_service_has_for_itself_counts_before_what_others_may_write_to() {
    let host = Host::new();
    host.unit(
        "z.service",
        "[Service]\nStateDirectory=db db/sub link:alias quote\\x2d ../up /abs\n",
    );
    host.unit(
        "a.service",
        "[Service]\nUser=db\nWorkingDirectory=-/srv/work\n\
         ReadWritePaths=/var/lib/db /var/lib/db/sub/x -/var/log/a /var /home/x /var/cache/%N\n",
    );
    host.unit("t@.service", "[Service]\nStateDirectory=t all-%i\n");
    host.unit("x.socket", "[Socket]\nStateDirectory=of-socket\n");
    let evidence = evidence(&host);
    let a = |rank| Some(("a.service".to_owned(), rank));
    let z = || Some(("z.service".to_owned(), Rank::State));
    let table = [
        ("/var/lib/db", z()),
        ("/var/lib/db/sub/x", z()),
        ("/var/lib/alias", z()),
        ("/srv/work/x", a(Rank::State)),
        ("/var/log/a", a(Rank::Logs)),
        ("/var/cache/a", a(Rank::Cache)),
        ("/var/lib/db-home", a(Rank::State)),
        ("/var/lib/t", Some(("t@.service".to_owned(), Rank::State))),
        ("/var/lib/all-", None),
        ("/var/lib/of-socket", None),
        ("/var/lib/quote-", None),
        ("/var/lib/up", None),
        ("/var/up", None),
        ("/abs", None),
        ("/var/other", None),
        ("/home/x", None),
    ];
    for (at, expected) in table {
        assert_eq!(owner(&evidence, at), expected, "{at}");
    }
}

#[test]
fn a_made_up_user_leaves_the_lock_of_the_user_databases() {
    if !is_root() {
        return;
    }
    let table = [
        ("yes", "", 0o600, true),
        ("no", "", 0o600, false),
        ("yes", "x", 0o600, false),
        ("yes", "", 0o644, false),
    ];
    for (is_dynamic, content, mode, is_made) in table {
        let host = Host::new();
        host.wanted("dyn", &format!("[Service]\nDynamicUser={is_dynamic}\n"));
        host.file(LOCK, content);
        fs::set_permissions(host.at(LOCK), fs::Permissions::from_mode(mode)).unwrap();
        let expected = by("dyn.service", "DynamicUser").filter(|_| is_made);
        assert_eq!(
            maker(&evidence(&host), LOCK, FileType::Regular),
            expected,
            "{content} {mode:o}"
        );
    }
}
