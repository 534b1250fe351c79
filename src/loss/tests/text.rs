//! How a report looks to people.

use std::collections::BTreeSet;
use std::fmt::Write as _;

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
fn tree() -> Vec<Change> {
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

const AT_80: &str = r#"The next boot would erase this from /, compared with the snapshot
rpool/local/root@blank:

    SIZE     FILES      AGE  PATH

sshd.service, SSH host keys: without them every client warns that this is
another host
   411 B         1      2 h  /etc/ssh/ssh_host_ed25519_key

postgresql.service
  41 MiB         2      2 h  /var/lib/postgresql/

alice's home
 1.2 MiB         1      2 h  /home/alice/src/

not claimed by anything
  12 KiB         1      2 h  /var/lib/forgotten/
       -         1      2 h  /var/lib/link

logs: what happened until now
 4.8 KiB         1      2 h  /var/log/messages

caches and temporary files: they come back, or nobody counts on them
  85 MiB         1      2 h  /home/alice/.cache/

Lost at the next boot: 8 files (128 MiB), 11 directories, in 7 lines.
Not listed: 7 directories that only lead to these lines.
Accepted: 1 file (4 B), 1 directory.
  /var/tmp/**: 1 file (4 B), 1 directory

To keep what is listed here, add to the configuration of this host:

  blankslate.stores."/persist" = {
    presets = [ "ssh-host-keys" ];
    directories = [
      "/var/lib/forgotten"
      { path = "/var/lib/postgresql"; mode = "0750"; }
    ];
    files = [ { path = "/var/log/messages"; mode = "0600"; } ];
    users."alice" = {
      directories = [ "src" ];
    };
  };

1 cache is left out: the same command with --format nix writes report.accept
instead.
1 line cannot be declared: the same command with --format nix says why.
"#;

#[test]
fn what_hurts_most_comes_first_and_the_end_says_what_to_do() {
    let at_80 = text(&tree(), setting(Some(80)), view(), &Opened::default());
    assert_eq!(at_80, AT_80);
    assert_eq!(text(&tree(), setting(None), view(), &Opened::default()), AT_80);
}

#[test]
fn a_wide_terminal_is_used_for_sentences_and_the_rows_stay() {
    let at_120 = text(&tree(), setting(Some(120)), view(), &Opened::default());
    let joined = AT_80
        .replace("snapshot\nrpool", "snapshot rpool")
        .replace("that this is\nanother", "that this is another")
        .replace("report.accept\ninstead", "report.accept instead");
    assert_eq!(at_120, joined);
}

#[test]
fn no_path_is_cut_where_the_terminal_is_narrow() {
    let long = format!("/var/lib/{}", "long-name/".repeat(7).trim_end_matches('/'));
    let changes = [dir("/var"), dir("/var/lib"), file(&long, 7)];
    let setting = Setting { order: Order::Path, ..setting(Some(80)) };
    let shown = text(&changes, setting, view(), &Opened::default());
    assert!(shown.contains(&format!("\n     7 B         1     11 d\n    {long}\n")), "{shown}");
}

#[test]
fn every_line_with_its_verdict_and_who_holds_it_open() {
    let mut open = Opened::default();
    let unit = Some("postgresql.service".to_owned());
    open.insert(&path("/var/lib/postgresql/1"), "post\x1bgres".into(), unit);
    let every = Setting { is_every: true, classes: Class::ALL.into(), ..setting(None) };
    let shown = text(&tree(), every, View::all(true), &open);
    for row in [
        "       -         -      2 h  lost directory /var/lib\n",
        "  41 MiB         1      2 h  lost /var/lib/postgresql/1\n                             open: post\\x1bgres (postgresql.service)\n",
        "     4 B         1      2 h  accepted /var/tmp/scratch\n",
    ] {
        assert!(shown.contains(row), "{row} in {shown}");
    }
    let folded = text(&tree(), setting(None), view(), &open);
    assert!(folded.contains("/var/lib/postgresql/\n                             open: post"));
}

#[test]
fn one_list_has_the_order_that_was_asked_for() {
    let order = |order| {
        let setting = Setting { order, ..setting(None) };
        let shown = text(&tree(), setting, view(), &Opened::default());
        let rows = shown.lines().skip_while(|line| !line.contains("PATH")).skip(1);
        let rows = rows.take_while(|line| !line.is_empty());
        rows.filter_map(|row| row.split('/').next_back_name()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        order(Order::Size),
        ".cache postgresql src forgotten messages ssh_host_ed25519_key link"
    );
    assert_eq!(
        order(Order::Files),
        "postgresql ssh_host_ed25519_key .cache src forgotten link messages"
    );
    assert_eq!(
        order(Order::Path),
        "ssh_host_ed25519_key .cache src forgotten link postgresql messages"
    );
    let same_age = order(Order::Age);
    assert_eq!(same_age, order(Order::Path));
}

/// The last name of a path that was split at its slashes.
trait LastName<'t> {
    fn next_back_name(self) -> Option<&'t str>;
}

impl<'t, I: DoubleEndedIterator<Item = &'t str>> LastName<'t> for I {
    fn next_back_name(mut self) -> Option<&'t str> {
        self.rfind(|name| !name.is_empty())
    }
}

#[test]
fn colours_are_closed_on_every_line_and_change_no_letter() {
    let coloured = Setting { is_coloured: true, ..setting(Some(80)) };
    let shown = text(&tree(), coloured, view(), &Opened::default());
    let mut plain = String::new();
    for line in shown.lines() {
        let mut rest = line;
        let mut is_open = false;
        while let Some((before, after)) = rest.split_once('\x1b') {
            plain.push_str(before);
            let (code, after) = after.split_once('m').unwrap();
            is_open = code != "[0";
            rest = after;
        }
        let _ = writeln!(plain, "{rest}");
        assert!(!is_open, "{line:?}");
    }
    assert_eq!(plain, AT_80);
    assert!(shown.contains("\x1b[1m\x1b[31msshd.service"), "{shown:?}");
}

#[test]
fn nothing_to_lose_is_one_line() {
    let shown = text(&[], setting(None), view(), &Opened::default());
    assert_eq!(shown, "Nothing would be lost at the next boot.\n");
}
