//! Owner and mode of what has to be created, as tables.

use blankslate::persist::accounts::{Accounts, User};
use blankslate::persist::create::{Around, New, closed, entry, parent};
use blankslate::sys::Meta;

use crate::fake::{ROOT, path};
use crate::setup::{config, host, initrd};

/// An entry as declared, what is around it; then owner, group and mode, and whether they are final.
type Row<'a> = (&'a str, Option<&'a str>, Meta, (u32, u32, u32, bool));

const ALICES: Meta = Meta { uid: 1000, gid: 100, mode: 0o755 };

fn new_entry(line: &str, around: Option<&str>, parent: Meta, accounts: &Accounts) -> String {
    let config = config(&[("/persist", &[line])]);
    let (_, declared) = config.entries().next().unwrap();
    let at = around.map_or_else(|| declared.target.clone(), path);
    match entry(declared, Around { path: &at, parent, other: None }, accounts) {
        Ok(New { meta, is_provisional }) => shown((meta.uid, meta.gid, meta.mode, !is_provisional)),
        Err(unknown) => format!("no {} {}", unknown.key, unknown.name),
    }
}

fn shown((uid, gid, mode, is_final): (u32, u32, u32, bool)) -> String {
    format!("{uid}:{gid} {mode:04o}{}", if is_final { "" } else { ", for now" })
}

#[test]
fn what_is_declared_counts_and_the_rest_follows_from_what_is_around() {
    let table: [Row; 18] = [
        ("dir bind /var/lib/x", None, ROOT, (0, 0, 0o755, true)),
        ("file bind /var/lib/x", None, ROOT, (0, 0, 0o644, true)),
        ("dir bind /var/lib/x user=svc", None, ROOT, (900, 901, 0o700, true)),
        ("file bind /var/lib/x user=svc", None, ROOT, (900, 901, 0o600, true)),
        ("dir bind /var/lib/x user=svc group=users", None, ROOT, (900, 100, 0o700, true)),
        ("dir bind /var/lib/x group=users", None, ROOT, (0, 100, 0o755, true)),
        ("dir bind /var/lib/x user=svc mode=0750", None, ROOT, (900, 901, 0o750, true)),
        ("dir bind /var/lib/private", None, ROOT, (0, 0, 0o700, true)),
        ("dir bind /root", None, ROOT, (0, 0, 0o700, true)),
        ("file bind /root/.bash_history", None, ROOT, (0, 0, 0o600, true)),
        ("dir bind /home/alice/.ssh", None, ROOT, (1000, 100, 0o700, true)),
        ("dir bind /home/alice", None, ROOT, (1000, 100, 0o700, true)),
        ("dir bind /home/alice/.ssh user=root", None, ROOT, (0, 0, 0o755, true)),
        ("dir bind /home/alicex/y", None, ROOT, (0, 0, 0o755, true)),
        ("dir bind /data/x", None, ALICES, (1000, 100, 0o700, true)),
        ("dir bind /data/x user=svc", None, ALICES, (900, 901, 0o700, true)),
        ("dir bind /data/x user=root", None, ALICES, (0, 0, 0o755, true)),
        ("dir bind /data/x user=nobody-there group=svc", None, ROOT, (1, 1, 1, true)),
    ];
    for (line, around, parent, expected) in table {
        let expected =
            if expected.0 == 1 { "no user nobody-there".to_owned() } else { shown(expected) };
        assert_eq!(new_entry(line, around, parent, &host()), expected, "{line}");
    }
}

#[test]
fn where_nobody_is_known_yet_what_is_declared_by_name_is_closed_for_now() {
    let table: [Row; 7] = [
        ("dir bind /x user=svc mode=0777", None, ROOT, (0, 0, 0o700, false)),
        ("file bind /x user=svc mode=0666", None, ROOT, (0, 0, 0o600, false)),
        ("dir bind /x group=svc mode=2775", None, ROOT, (0, 0, 0o700, false)),
        ("dir bind /x user=root", None, ROOT, (0, 0, 0o755, true)),
        ("dir bind /x", None, ROOT, (0, 0, 0o755, true)),
        ("dir bind /home/alice/.ssh", None, ALICES, (1000, 100, 0o700, true)),
        ("dir bind /home/alice/.ssh", None, ROOT, (0, 0, 0o700, false)),
    ];
    for (line, around, parent, expected) in table {
        assert_eq!(new_entry(line, around, parent, &initrd()), shown(expected), "{line}");
    }
}

#[test]
fn a_directory_above_belongs_to_whom_the_home_belongs_and_else_to_root() {
    let table = [
        ("/home/alice/.config", ROOT, true, (1000, 100, 0o700, true)),
        ("/home/alice", ROOT, true, (1000, 100, 0o700, true)),
        ("/home", ROOT, true, (0, 0, 0o755, true)),
        ("/data/sub", ALICES, true, (1000, 100, 0o700, true)),
        ("/var/lib", ROOT, true, (0, 0, 0o755, true)),
        ("/var/lib/private", ROOT, true, (0, 0, 0o700, true)),
        ("/home/alice", ROOT, false, (0, 0, 0o755, false)),
        ("/data/sub", ALICES, false, (1000, 100, 0o700, true)),
    ];
    let config = config(&[("/persist", &["dir bind /home/alice/.config/x user=alice"])]);
    let (_, declared) = config.entries().next().unwrap();
    for (at, above, is_host, expected) in table {
        let accounts = if is_host { host() } else { initrd() };
        let around = Around { path: &path(at), parent: above, other: None };
        let New { meta, is_provisional } = parent(declared, around, &accounts);
        let found = (meta.uid, meta.gid, meta.mode, !is_provisional);
        assert_eq!(shown(found), shown(expected), "{at} {is_host}");
    }
}

#[test]
fn a_closed_directory_is_closed_whatever_the_pattern_is() {
    let open = New::final_of(Meta { uid: 3, gid: 4, mode: 0o2777 });
    let table = [
        ("/var/lib/private", 0o2700),
        ("/var/cache/private", 0o2700),
        ("/var/log/private", 0o2700),
        ("/root", 0o2700),
        ("/var/lib/private/svc", 0o2777),
        ("/var/lib/privatex", 0o2777),
    ];
    for (at, mode) in table {
        let meta = Meta { uid: 3, gid: 4, mode };
        assert_eq!(closed(&path(at), open), New::final_of(meta), "{at}");
    }
}

#[test]
fn of_homes_in_one_another_the_innermost_counts_and_the_root_directory_is_nobodys_home() {
    let mut accounts = host();
    let user = |uid, home| User { uid, gid: None, home: Some(path(home)) };
    accounts.users.insert("inner".into(), user(5, "/home/alice/inner"));
    accounts.users.insert("nobody".into(), user(65534, "/"));
    let of = |at| accounts.home_of(&path(at)).map(|user| user.uid);
    assert_eq!(of("/home/alice/inner/x"), Some(5));
    assert_eq!(of("/home/alice/innermost"), Some(1000));
    assert_eq!(of("/var"), None);
    assert_eq!(of("/root/x"), None);
}
