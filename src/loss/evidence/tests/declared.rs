use super::*;

const SPEC: &str = "/nix/store/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-users-groups.json";

const ROOT: &str = r#"{"name":"root","uid":0,"group":"root","description":"Admin",
    "home":"/root","homeMode":"700","createHome":false,"shell":"/bin/sh","isSystemUser":false,
    "hashedPassword":"$6$x","subUidRanges":[{"startUid":100000,"count":65536}],"subGidRanges":[],
    "autoSubUidGidRange":false,"expires":null,"password":null,"hashedPasswordFile":null}"#;
const ALICE: &str = r#"{"name":"alice","uid":1000,"group":"users","home":"/home/alice",
    "homeMode":"0750","createHome":true,"shell":"/bin/zsh"}"#;
const GROUPS: &str = r#"[{"name":"root","gid":0,"members":[]},
    {"name":"users","gid":100,"members":["bob","alice","alice"]}]"#;

/// Declares users on the host.
fn declare(host: &Host, is_mutable: bool, users: &[&str], groups: &str) {
    let users = users.join(",");
    let spec = format!(r#"{{"mutableUsers":{is_mutable},"users":[{users}],"groups":{groups}}}"#);
    host.file(SPEC, spec, 0o444);
}

/// A host on which all databases and one home are as they were declared.
fn host() -> Host {
    let host = Host::nixos().user("alice", 0, "/home/alice").group("shadow", 0);
    host.file(&format!("{SYSTEM}/activate"), format!("perl -w {SPEC}\n"), 0o555);
    declare(&host, false, &[ROOT, ALICE], GROUPS);
    let passwd = "root:x:0:0:Admin:/root:/bin/sh\nalice:x:1000:100::/home/alice:/bin/zsh\n";
    host.file("/etc/passwd", passwd, 0o644);
    host.file("/etc/group", "root:x:0:\nusers:x:100:alice,bob\n", 0o644);
    host.file("/etc/shadow", "root:$6$x:1::::::\nalice:!:1::::::\n", 0o640);
    host.file("/etc/subuid", "root:100000:65536\n", 0o644);
    host.file("/etc/subgid", "\n", 0o644);
    host.dir("/home/alice", 0o750);
    host
}

const DATABASES: [&str; 5] =
    ["/etc/passwd", "/etc/group", "/etc/shadow", "/etc/subuid", "/etc/subgid"];

fn is_made(host: &Host, at: &str) -> bool {
    matches!(host.maker(at), Some(Maker::Boot(_)))
}

#[test]
fn databases_that_hold_only_what_is_declared_are_made_again() {
    as_root("declared::databases_that_hold_only_what_is_declared_are_made_again", || {
        let host = host();
        for at in DATABASES.iter().chain(&["/home/alice", "/home"]) {
            assert!(is_made(&host, at), "{at}");
        }
    });
}

#[test]
fn where_people_may_add_users_only_the_homes_of_declared_ones_are_made_again() {
    as_root(
        "declared::where_people_may_add_users_only_the_homes_of_declared_ones_are_made_again",
        || {
            let host = host();
            declare(&host, true, &[ROOT, ALICE], GROUPS);
            for at in DATABASES {
                assert!(!is_made(&host, at), "{at}");
            }
            assert!(is_made(&host, "/home/alice"));
        },
    );
}

/// What is lost, and what is done to the host.
type Difference = (&'static str, fn(&Host));

#[test]
fn a_database_with_anything_in_it_that_is_not_declared_is_lost() {
    let table: [Difference; 16] = [
        ("/etc/passwd", |host| host.file("/etc/passwd", "eve:x:0:0:::\n", 0o644)),
        ("/etc/passwd", |host| {
            host.file("/etc/passwd", "root:x:0:0:Admin:/root:/bin/zsh\n", 0o644);
        }),
        ("/etc/passwd", |host| host.file("/etc/passwd", "", 0o600)),
        ("/etc/passwd", |host| {
            declare(host, false, &[ROOT, &ALICE.replace("1000", "null")], GROUPS);
        }),
        ("/etc/passwd", |host| host.file(SPEC, "{}", 0o444)),
        ("/etc/passwd", |host| {
            host.file(
                &format!("{SYSTEM}/activate"),
                format!("{SPEC} {SPEC}/../y-users-groups.json /nix/store/yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy-users-groups.json"),
                0o555,
            );
        }),
        ("/etc/group", |host| host.file("/etc/group", "users:x:100:alice,eve\n", 0o644)),
        ("/etc/group", |host| host.file("/etc/group", "mine:x:7:\n", 0o644)),
        ("/etc/shadow", |host| host.file("/etc/shadow", "root:$6$mine:1::::::\n", 0o640)),
        ("/etc/shadow", |host| host.file("/etc/shadow", "root:$6$x:19000::::::\n", 0o640)),
        ("/etc/shadow", |host| host.file("/etc/shadow", "", 0o644)),
        ("/etc/subuid", |host| host.file("/etc/subuid", "alice:200000:65536\n", 0o644)),
        ("/etc/subgid", |host| host.file("/etc/subgid", "root:100000:65536\n", 0o644)),
        ("/home/alice", |host| host.dir("/home/alice", 0o700)),
        ("/home/alice", |host| {
            declare(host, false, &[ROOT, &ALICE.replace("true", "false")], GROUPS);
        }),
        ("/home/alice", |host| {
            host.system(NEXT);
            host.link("/nix/var/nix/profiles/system", NEXT);
        }),
    ];
    as_root("declared::a_database_with_anything_in_it_that_is_not_declared_is_lost", || {
        for (number, (at, differ)) in table.iter().enumerate() {
            let host = host();
            differ(&host);
            assert!(!is_made(&host, at), "{number}: {at}");
        }
    });
}

#[test]
fn a_hash_from_a_file_on_the_root_and_a_number_from_a_map_on_it_do_not_come_again() {
    as_root(
        "declared::a_hash_from_a_file_on_the_root_and_a_number_from_a_map_on_it_do_not_come_again",
        || {
            let host = host();
            let alice = ALICE
                .replace("1000", "null")
                .replace("\"shell\"", "\"hashedPasswordFile\":\"/persist/alice\",\"shell\"");
            declare(&host, false, &[ROOT, &alice], GROUPS);
            host.file("/etc/shadow", "alice:$6$y:1::::::\n", 0o640);
            host.file("/persist/alice", "$6$y\n", 0o400);
            host.file("/var/lib/nixos/uid-map", "{\"alice\":1000}", 0o644);
            assert!(!is_made(&host, "/etc/shadow") && !is_made(&host, "/etc/passwd"));
            // A symlink that goes with the root leads nowhere then.
            for (at, to) in [("/persist", "/store/persist"), ("/var/lib/nixos", "/store/nixos")] {
                fs::create_dir_all(host.at("/store")).unwrap();
                fs::rename(host.at(at), host.at(to)).unwrap();
                host.link(at, to);
            }
            assert!(!is_made(&host, "/etc/shadow") && !is_made(&host, "/etc/passwd"));
        },
    );
}
