//! The root against its blank.

use std::os::unix::fs::{PermissionsExt, symlink};

use crate::support::{Host, age, below};

fn host() -> Host {
    let host = Host::new();
    host.both("/same", "content");
    host.both("/touched", "content");
    host.both("/mode", "content");
    host.both("/dir/inner", "x");
    host.both("/dirmode/inner", "x");
    host.file("/modified", "content");
    host.blank_file("/modified", "CONTENT");
    host.file("/grown", "longer");
    host.blank_file("/grown", "long");
    host.file("/emptied", "");
    host.blank_file("/emptied", "x");
    host.file("/added/deep/file", "x");
    host.blank_file("/removed/deep/file", "x");
    host.file("/became-dir/file", "x");
    host.blank_file("/became-dir", "x");
    host.file("/became-file", "x");
    host.blank_file("/became-file/file", "x");
    host.link("/link-same", "to");
    symlink("to", below(&host.blank(), "/link-same")).unwrap();
    host.link("/link-moved", "there");
    symlink("to", below(&host.blank(), "/link-moved")).unwrap();
    age(&host.blank(), 1000);
    let mode = |path: &str, mode| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(below(&host.root(), path), permissions).unwrap();
    };
    mode("/mode", 0o4755);
    mode("/dirmode", 0o700);
    host
}

#[test]
fn each_kind_of_change_is_found_and_a_time_alone_is_none() {
    let expected = [
        "lost added /added/",
        "lost type-changed /became-dir/",
        "lost type-changed /became-file",
        "lost removed /became-file/file",
        "lost metadata /dirmode",
        "lost modified /emptied",
        "lost modified /grown",
        "lost modified /link-moved",
        "lost metadata /mode",
        "lost modified /modified",
        "lost removed /removed/",
    ];
    assert_eq!(host().changes(&[]), expected);
}

#[test]
fn every_path_of_what_was_added_or_removed_is_told_when_asked_for() {
    let changes = host().changes(&["--every"]);
    for expected in [
        "lost added /added",
        "lost added /added/deep",
        "lost added /added/deep/file",
        "lost removed /removed",
        "lost removed /removed/deep",
        "lost removed /removed/deep/file",
        "lost added /became-dir/file",
    ] {
        assert!(changes.contains(&expected.to_owned()), "{expected} in {changes:?}");
    }
}

#[test]
fn entries_and_rules_decide_what_becomes_of_it() {
    let host = Host::new();
    host.config(
        "[[store]]\npath = \"/persist\"\n\
         [[store.entry]]\ntarget = \"/var/lib/acme\"\nkind = \"directory\"\nhow = \"symlink\"\n\
         [[store.entry]]\ntarget = \"/var/lib/late\"\nkind = \"directory\"\n\
         [[store.entry]]\ntarget = \"/srv/none\"\nkind = \"directory\"\n\
         [[report.accept]]\nglob = \"/var/tmp/**\"\n",
    );
    host.link("/var/lib/acme", "/persist/var/lib/acme");
    host.file("/persist/var/lib/acme/cert", "x");
    host.file("/persist/var/lib/late/old", "x");
    host.file("/var/lib/late/db", "x");
    host.file("/srv/none/x", "x");
    host.file("/var/lib/other/db", "x");
    host.file("/var/tmp/a/b", "x");
    let expected = [
        "kept added /persist",
        "lost added /persist/var/",
        "kept added /srv",
        "kept added /srv/none",
        "lost added /srv/none/x not-in-place",
        "kept added /var",
        "kept added /var/lib",
        "kept added /var/lib/acme",
        "kept added /var/lib/late",
        "lost added /var/lib/late/db not-in-place",
        "lost added /var/lib/other/",
        "accepted added /var/tmp/",
    ];
    assert_eq!(host.changes(&[]), expected);
    let text = host.run(&[]).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for sentence in [
        "/var/lib/late is declared (line 8), but is not in place, and /persist/var/lib/late holds other data.",
        "/srv/none is declared (line 11), but is not in place.",
    ] {
        assert!(text.contains(sentence), "{text}");
    }
}
