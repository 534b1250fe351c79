//! How a report looks to people.

use std::fmt::Write as _;

use super::host::{setting, text, tree, view};
use super::*;
use crate::loss::groups::Order;
use crate::loss::open::Opened;
use crate::loss::text::Setting;

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
