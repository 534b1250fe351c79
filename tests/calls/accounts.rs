//! Who is known on a host, and in the initrd.

use std::fs;
use std::os::unix::fs::symlink;

use blankslate::config::Config;
use blankslate::sys::accounts::{of_host, of_stores};

use crate::support::{path, sys, write};

const CONFIG: &str = r#"
version = 1
[[root]]
mount = "/"
kind = "zfs"
dataset = "rpool/local/root"
snapshot = "blank"
[[store]]
path = "/persist"
device = "rpool/safe/persist"
fs = "zfs"
[[store.entry]]
target = "/home/alice/x"
kind = "directory"
user = "alice"
group = "users"
[[store]]
path = "/keep"
device = "rpool/safe/keep"
fs = "zfs"
"#;

#[test]
fn a_host_knows_whom_its_files_name_and_nobody_else() {
    let root = tempfile::tempdir().unwrap();
    let nobody = of_host(root.path(), &["root".into()], &[]).unwrap();
    assert!(nobody.users.is_empty() && nobody.groups.is_empty() && nobody.is_complete);
    // As userborn keeps them: a symlink, which leads nowhere out of the root.
    write(root.path(), "var/lib/nixos/passwd", "alice:x:1000:100::/home/alice:/bin/sh\n");
    fs::create_dir(root.path().join("etc")).unwrap();
    symlink("/var/lib/nixos/passwd", root.path().join("etc/passwd")).unwrap();
    write(root.path(), "etc/group", "users:x:100:\n");
    let known = of_host(root.path(), &["daemon".into()], &["daemon".into()]).unwrap();
    assert_eq!(known.users.keys().collect::<Vec<_>>(), ["alice"]);
    assert_eq!(known.users["alice"].home, Some(path("/home/alice")));
    assert_eq!(known.groups["users"], 100);
    fs::remove_file(root.path().join("etc/group")).unwrap();
    fs::create_dir(root.path().join("etc/group")).unwrap();
    assert!(of_host(root.path(), &[], &[]).is_err());
}

#[test]
fn the_running_host_also_asks_its_name_services() {
    let names = ["root".to_owned(), "no-such-user-here".to_owned()];
    let known = of_host(std::path::Path::new("/"), &names, &names).unwrap();
    assert_eq!(known.users["root"].uid, 0);
    assert!(known.is_complete && !known.users.contains_key("no-such-user-here"));
}

#[test]
fn stores_tell_the_numbers_that_nixos_gave() {
    let root = tempfile::tempdir().unwrap();
    let config = Config::parse(CONFIG).unwrap();
    let sys = sys(root.path());
    assert_eq!(of_stores(&sys, &config), blankslate::persist::accounts::Accounts::default());
    write(root.path(), "persist/var/lib/nixos/uid-map", r#"{"alice":1000,"bob":1001}"#);
    write(root.path(), "keep/var/lib/nixos/uid-map", r#"{"alice":2000,"carol":2001}"#);
    write(root.path(), "persist/var/lib/nixos/gid-map", "not JSON");
    write(root.path(), "keep/var/lib/nixos/gid-map", r#"{"users":100}"#);
    let known = of_stores(&sys, &config);
    let users: Vec<_> = known.users.iter().map(|(name, user)| (name.as_str(), user.uid)).collect();
    assert_eq!(users, [("alice", 1000), ("bob", 1001), ("carol", 2001)]);
    assert_eq!((known.groups["users"], known.is_complete), (100, false));
    assert!(known.users.values().all(|user| user.gid.is_none() && user.home.is_none()));
    // Where nobody is named, nothing is asked.
    let config = CONFIG.replace("user = \"alice\"\ngroup = \"users\"\n", "user = \"root\"\n");
    assert!(of_stores(&sys, &Config::parse(&config).unwrap()).users.is_empty());
}
