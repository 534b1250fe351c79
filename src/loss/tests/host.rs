//! A tree of everything a report tells apart, and its host.

use std::collections::BTreeSet;

use super::*;
use crate::config::Config;
use crate::loss::groups::Order;
use crate::loss::keep::{self, Desk};
use crate::loss::open::Opened;
use crate::loss::text::{Declared, Setting, Text};
use crate::persist::accounts::{Accounts, User};
use crate::presets::{Presets, Rank};
use crate::sys::{FileId, Look, Meta, Seen};

pub(super) const NOW: i64 = 1_000_000;

pub(super) const PRESETS: &str = r#"
[[preset]]
name = "ssh-host-keys"
title = "SSH host keys"
why = "without them every client warns that this is another host"
rank = "keys"
source = "a test"
verified = false
path = [{ path = "/etc/ssh/ssh_host_ed25519_key", kind = "file", mode = "0600" }]
"#;

/// What lies at each path: by its name. A test that asks for more is wrong.
pub(super) fn look(at: &HostPath) -> Look {
    let id = FileId { device: (0, 1), inode: 1 };
    let in_home = at.is_below(&path("/home/alice"));
    let uid = if in_home { 1000 } else { 0 };
    let name = at.to_string();
    let is_file = ["key", "messages", "long-name"].iter().any(|end| name.ends_with(end));
    let mode = match (is_file, in_home, name.as_str()) {
        (true, ..) => 0o600,
        (false, _, "/var/lib/postgresql") => 0o750,
        (false, true, _) => 0o700,
        (false, ..) => 0o755,
    };
    let meta = Meta { uid, gid: uid, mode };
    let seen = Seen { id, meta, is_mount: false, is_empty: false, is_untouched: false };
    if name.ends_with("link") {
        return Look::Symlink(b"/x".to_vec());
    }
    if is_file { Look::File(seen) } else { Look::Directory(seen) }
}

pub(super) fn accounts() -> Accounts {
    let home = Some(path("/home/alice"));
    let alice = User { uid: 1000, gid: Some(1000), home };
    Accounts { users: [("alice".into(), alice)].into(), is_complete: true, ..Accounts::default() }
}

pub(super) fn owners() -> Owners {
    let owned = |owner, preset: Option<&str>, rank| Owned {
        owner,
        preset: preset.map(str::to_owned),
        rank,
    };
    let mut owners = Owners::default();
    for place in ["/", "/etc", "/etc/ssh", "/home", "/var", "/var/lib", "/var/cache"] {
        owners.structure(&path(place), None);
    }
    let alice = || Owner::Home("alice".into());
    owners.structure(&path("/home/alice"), Some(owned(alice(), None, Rank::State)));
    owners.claim(&path("/home/alice/.cache"), owned(alice(), None, Rank::Cache));
    let unit = Owner::Unit("postgresql.service".into());
    owners.claim(&path("/var/lib/postgresql"), owned(unit, None, Rank::State));
    let unit = Owner::Unit("sshd.service".into());
    let key = owned(unit, Some("ssh-host-keys"), Rank::Keys);
    owners.claim(&path("/etc/ssh/ssh_host_ed25519_key"), key);
    owners.structure(&path("/var/log"), Some(owned(Owner::Unknown, None, Rank::Logs)));
    owners
}

/// A tree of everything a report tells apart.
pub(super) fn tree() -> Vec<Change> {
    let long = "a-name-that-is-long-enough-to-need-a-line-of-its-own-where-there-are-80-columns";
    let changes = [
        dir("/etc"),
        dir("/etc/ssh"),
        file("/etc/ssh/ssh_host_ed25519_key", 411),
        dir("/home"),
        dir("/home/alice"),
        dir("/home/alice/.cache"),
        file("/home/alice/.cache/web", 90_000_000),
        dir("/home/alice/src"),
        file("/home/alice/src/code", 1_300_000),
        dir("/var"),
        dir("/var/lib"),
        dir("/var/lib/forgotten"),
        file(&format!("/var/lib/forgotten/{long}"), 12_288),
        change("/var/lib/link", FileType::Symlink),
        dir("/var/lib/postgresql"),
        file("/var/lib/postgresql/1", 43_200_000),
        file("/var/lib/postgresql/2", 3),
        dir("/var/log"),
        file("/var/log/messages", 5000),
        dir("/var/tmp"),
        file("/var/tmp/scratch", 4),
    ];
    changes.into_iter().map(|c| Change { node: Node { mtime: AGO, ..c.node }, ..c }).collect()
}

const AGO: Time = Time { seconds: NOW - 7200, nanoseconds: 0 };

pub(super) fn setting(width: Option<usize>) -> Setting {
    Setting {
        root: "/".into(),
        blank: "the snapshot rpool/local/root@blank".into(),
        config: Some("/etc/blankslate/config.toml".into()),
        declared: Declared::Yes,
        accept: accept_rules(),
        missing: Vec::new(),
        now: NOW,
        width,
        is_coloured: false,
        is_every: false,
        classes: BTreeSet::from([Class::Lost]),
        has_depth: false,
        order: Order::Rank,
        language: keep::Language::Nix,
    }
}

fn accept_rules() -> Vec<AcceptRule> {
    let rule = |glob: &str| AcceptRule { glob: glob.into(), because: None, line: 3 };
    vec![rule("/var/tmp/**")]
}

/// The text of a report on `changes`, of which `view` is shown.
pub(super) fn text(changes: &[Change], setting: Setting, view: View, open: &Opened) -> String {
    let config = "version = 1\n[[store]]\npath = \"/persist\"\ndevice = \"p\"\nfs = \"zfs\"\n";
    let config = Config::parse(config).unwrap();
    let presets = Presets::parse(PRESETS).unwrap();
    let (place, accounts) = (HostPath::root(), accounts());
    let rules =
        Rules::new(Vec::new(), &std::collections::BTreeMap::new(), accept(&["/var/tmp/**"]));
    let rules = rules.with_evidence(Makers::default(), owners());
    let look: facts::Looker<'_> = &|path| Ok(look(path));
    let desk = Desk { config: &config, accounts: &accounts, look };
    let host = keep::Host { desk, rules: &rules, presets: &presets, mounts: &[], place: &place };
    let mut out = Vec::new();
    let writer = Text::new(&mut out, setting, host, open);
    let mut report = Report::new(&rules, view, writer);
    for change in changes {
        report.change(change.clone()).unwrap();
    }
    report.finish().unwrap();
    String::from_utf8(out).unwrap()
}

pub(super) fn view() -> View {
    View { with_ways: false, classes: BTreeSet::from([Class::Lost]), ..View::all(false) }
}
