use super::*;
use crate::loss::Owner;

const PRESETS: &str = r#"
[[preset]]
name = "db"
title = "x"
why = "x"
rank = "keys"
source = "x"
verified = false
path = [{ path = "/var/lib/db" }, { path = "/var/cache/db", rank = "cache", optional = true }]
match = ["/etc/ssh/key_*", "/var/lib/dbs-*"]

[[preset]]
name = "logs"
title = "x"
why = "x"
rank = "logs"
source = "x"
verified = false
path = [{ path = "/var/log" }]

[[preset]]
name = "ssh"
title = "x"
why = "x"
rank = "keys"
source = "x"
verified = false
path = [{ path = "~/.ssh" }, { path = "~/.cache/ssh", rank = "cache", optional = true }]
match = ["~/.ssh-*"]
"#;

fn host() -> Host {
    Host::empty()
        .user("alice", 1000, "/home/alice")
        .user("bob", 1001, "/srv/people/bob")
        .user("second", 1002, "/home/alice")
        .user("toor", 0, "/root")
        .user("everywhere", 1003, "/")
        .user("lib", 1004, "/var/lib")
        .user("nixbld1", 30001, "/var/empty")
        .user("nobody", 65534, "/home/nobody")
        .user("daemon", 200, "/var/lib/daemon")
}

/// The owner, the preset and the rank.
fn shown(evidence: &Evidence, at: &str) -> String {
    let owned = evidence.owners.of(&path(at));
    let name = match &owned.owner {
        Owner::Unit(name) | Owner::Preset(name) | Owner::Tmpfiles(name) => name.clone(),
        Owner::Home(name) => format!("~{name}"),
        Owner::Unknown => "nobody".to_owned(),
    };
    format!("{name} {} {}", owned.preset.as_deref().unwrap_or("-"), owned.rank.word())
}

#[test]
fn homes_presets_and_what_only_holds_them_have_their_owners_and_ranks() {
    let evidence = host().gathered(PRESETS);
    let table = [
        ("/", "nobody - state"),
        ("/srv/x", "nobody - state"),
        ("/tmp/x/y", "nobody - cache"),
        ("/var/cache/x", "nobody - cache"),
        ("/var/log/x", "nobody logs logs"),
        ("/var/log", "nobody logs logs"),
        ("/var/lib/x", "nobody - state"),
        ("/var/lib/db/x", "db db keys"),
        ("/var/cache/db", "db - cache"),
        ("/var/lib/dbs-1", "db db keys"),
        ("/var/lib/dbs", "nobody - state"),
        ("/var/lib/daemon", "nobody - state"),
        ("/etc/ssh/key_a", "db db keys"),
        ("/.rw-etc/upper/ssh/key_a", "db db keys"),
        ("/etc/ssh/config", "nobody - state"),
        ("/root/x", "~root - state"),
        ("/home/alice/x", "~alice - state"),
        ("/home/alice/.cache/x", "~alice - cache"),
        ("/home/alice/.cache/ssh", "~alice - cache"),
        ("/home/alice/.ssh/id", "~alice ssh keys"),
        ("/home/alice/.ssh-old", "~alice ssh keys"),
        ("/home/alice/.local/share/x", "~alice - state"),
        ("/home/alice/.xsession-errors", "~alice - logs"),
        ("/home/nobody/.ssh", "nobody - state"),
        ("/srv/people/bob/.ssh", "~bob ssh keys"),
        ("/srv/people", "nobody - state"),
        ("/var/empty/x", "nobody - state"),
    ];
    for (at, expected) in table {
        assert_eq!(shown(&evidence, at), expected, "{at}");
    }
}

#[test]
fn what_only_holds_what_belongs_to_many_is_never_one_line() {
    let owners = host().gathered(PRESETS).owners;
    let table = [
        ("/", true),
        ("/var/lib", true),
        ("/var/lib/private", true),
        ("/var/log", true),
        ("/tmp", true),
        ("/.rw-etc/upper", true),
        ("/home", true),
        ("/home/alice", true),
        ("/home/alice/.config", true),
        ("/home/alice/.local/share", true),
        ("/root", true),
        ("/srv/people/bob", true),
        ("/home/alice/.cache", false),
        ("/home/alice/.config/x", false),
        ("/home/nobody", false),
        ("/var/lib/db", false),
        ("/var/lib/daemon", false),
        ("/usr/share", false),
    ];
    for (at, expected) in table {
        assert_eq!(owners.is_structure(&path(at)), expected, "{at}");
    }
}

#[test]
fn the_presets_that_come_with_the_program_claim_no_whole_structure() {
    let presets = Presets::builtin().unwrap();
    let mut owners = crate::loss::Owners::default();
    super::super::structure::structure(&presets, &mut owners);
    for preset in &presets {
        for path in
            preset.entries().filter(|path| !matches!(path.place, crate::presets::Place::Home(_)))
        {
            assert!(!owners.is_structure(path.place.path()), "{}: {:?}", preset.name, path.place);
        }
    }
}
