//! The text at 80 columns, with names that want to do harm.

use blankslate::cli::status::look::{Bed, Entries, Looked};
use blankslate::cli::status::text::render;
use blankslate::cli::status::{Aside, Now};
use blankslate::config::{Entry, How, Kind};
use blankslate::path::HostPath;
use blankslate::persist::observe::Observation;
use blankslate::persist::plan::{EntryPlan, Then};
use blankslate::persist::state::{State, Status};
use blankslate::persist::strays::{Amount, Conflict, Gap, Stray, Strays};

fn path(bytes: &[u8]) -> HostPath {
    HostPath::new(bytes).unwrap()
}

fn looked(target: &str, state: State, sentence: &str) -> Looked {
    let target = path(target.as_bytes());
    let entry = Entry {
        target: target.clone(),
        kind: Kind::Directory,
        how: How::Bind,
        user: None,
        group: None,
        mode: None,
        because: None,
        line: 1,
    };
    let source = target.below(&path(b"/persist"));
    let ends = Err(String::new());
    let seen = Observation { entry, store: path(b"/persist"), source: source.clone(), ends };
    let steps = Ok(Vec::new());
    let (how, is_declared, then) = (How::Bind, true, Then::End);
    let plan = EntryPlan { target, source, how, is_declared, steps, then };
    Looked { seen, plan, status: Status { state, sentence: sentence.to_owned() }, bed: Bed::Root }
}

fn stray(at: &[u8], bytes: u64) -> Stray {
    Stray { path: path(at), is_directory: true, amount: Amount { bytes, files: 3 } }
}

fn now() -> Now {
    let declared = vec![
        looked("/good", State::InPlace, ""),
        looked(
            "/a\u{1b}[2J\nmissing /b: x",
            State::Missing,
            "nothing lies there; run `blankslate apply`",
        ),
        looked(
            "/srv/x",
            State::Shadowed,
            "the mount hides other data, which the next boot erases; `mount --bind / /mnt` shows it at /mnt/srv/x",
        ),
        looked("/secret", State::Unseen, "cannot look at /secret: Permission denied (os error 13)"),
    ];
    let conflict = Conflict {
        stray: stray("/persist/etc/\u{202e}x.from-old-root".as_bytes(), 4096),
        source: path("/persist/etc/\u{202e}x".as_bytes()),
    };
    let gap =
        Gap { path: path(b"/persist/\xff"), error: "cannot read the directory: \u{1b}".to_owned() };
    Now {
        same_config: Some(false),
        entries: Entries { declared, undeclared: Vec::new(), is_beneath_seen: true },
        open: vec![(path(b"/persist/var/lib/it's private"), 0o755)],
        aside: vec![Aside {
            target: "/srv/\u{7}x".into(),
            path: path(b"/srv/x.blankslate-adopted-1"),
            is_erased: false,
        }],
        strays: Strays {
            strays: vec![stray(b"/persist/\x1b]0;title\x07", 3 << 30), stray(b"/persist/old", 0)],
            conflicts: vec![conflict],
            gaps: vec![gap],
            ..Strays::default()
        },
        notes: vec!["a note".into()],
        ..Now::default()
    }
}

#[test]
fn every_line_fits_80_columns_and_no_name_reaches_the_terminal_raw() {
    let text = render(&now(), Some(80), false);
    let expected = r"missing /a\x1b[2J\nmissing /b: x: nothing lies there; run `blankslate apply`
shadowed /srv/x: the mount hides other data, which the next boot erases;
    `mount --bind / /mnt` shows it at /mnt/srv/x
unseen /secret: cannot look at /secret: Permission denied (os error 13)
wrong-mode /persist/var/lib/it's private: others may enter it, mode 0755; run
    `chmod 0700 '/persist/var/lib/it'\''s private'`
conflict /persist/etc/\u{202e}x: the old root had other data, it lies at
    /persist/etc/\u{202e}x.from-old-root, 3 files, 4.0 KiB; compare the two,
    keep one
unseen /persist/\xff: cannot read the directory: \x1b
the initrd read another configuration than the host has now
2 of 4 entries are in place, 1 could not be looked at

note: /srv/x.blankslate-adopted-1 is what lay at /srv/\x07x before it was copied
    into the store; remove it when you are sure that nothing is missing
note: a note

In the stores, and not declared: 6 files, 3.0 GiB (nothing removes it)
   3.0 GiB  /persist/\x1b]0;title\x07/
       0 B  /persist/old/
";
    assert_eq!(text, expected);
    assert!(text.lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn where_no_terminal_is_each_thing_is_one_line() {
    let text = render(&now(), None, false);
    assert_eq!(text.lines().filter(|line| line.starts_with("    ")).count(), 1, "{text}");
    assert!(text.contains(
        "shadowed /srv/x: the mount hides other data, which the next boot erases; `mount"
    ));
}
