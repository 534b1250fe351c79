//! How a report ends: what could not be read, what is declared and not there yet, what is not shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::host::{PRESETS, accounts, look, owners, setting, view};
use super::*;
use crate::config::Config;
use crate::loss::groups::Order;
use crate::loss::keep::{self, Desk, Language, Paste};
use crate::loss::open::Opened;
use crate::loss::text::{Setting, Text};
use crate::presets::Presets;
use crate::sys::{FileId, Look, Meta, Seen};

/// What a report is made from.
struct Told<'t> {
    changes: Vec<Change>,
    gaps: Vec<Gap>,
    entries: Vec<Placement>,
    is_store_there: bool,
    setting: Setting,
    view: View,
    /// For a block to paste instead of a text.
    language: Option<&'t str>,
}

impl Default for Told<'_> {
    fn default() -> Self {
        let (changes, gaps, entries) = (Vec::new(), Vec::new(), Vec::new());
        let (setting, view) = (setting(Some(100)), view());
        Self { changes, gaps, entries, is_store_there: true, setting, view, language: None }
    }
}

fn config(entries: &[Placement]) -> Config {
    let mut text =
        "version = 1\n[[store]]\npath = \"/persist\"\ndevice = \"p\"\nfs = \"zfs\"\n".to_owned();
    for entry in entries {
        let (target, kind) = (&entry.target, entry.kind);
        let _ = write!(text, "[[store.entry]]\ntarget = \"{target}\"\nkind = \"{kind}\"\n");
    }
    Config::parse(&text).unwrap()
}

fn told(told: Told<'_>) -> String {
    let Told { changes, gaps, entries, is_store_there, mut setting, view, language } = told;
    let config = config(&entries);
    let (presets, place, accounts) =
        (Presets::parse(PRESETS).unwrap(), HostPath::root(), accounts());
    let rules = Rules::new(entries, &BTreeMap::new(), accept(&["/var/tmp/**"]));
    let rules = rules.with_evidence(Makers::default(), owners());
    setting.missing = rules.missing().cloned().collect();
    let store = path("/persist");
    let looker: facts::Looker<'_> = &|at| {
        let id = FileId { device: (0, 2), inode: 1 };
        let meta = Meta { uid: 0, gid: 0, mode: 0o755 };
        Ok(match (*at == store, is_store_there) {
            (true, true) => Look::Directory(Seen {
                id,
                meta,
                is_mount: true,
                is_empty: false,
                is_untouched: false,
            }),
            (true, false) => Look::Absent,
            (false, _) => look(at),
        })
    };
    let desk = Desk { config: &config, accounts: &accounts, look: looker };
    let host = keep::Host { desk, rules: &rules, presets: &presets, mounts: &[], place: &place };
    let (mut out, open) = (Vec::new(), Opened::default());
    match language {
        None => make(
            Report::new(&rules, view, Text::new(&mut out, setting, host, &open)),
            changes,
            gaps,
        ),
        Some(language) => {
            let language = if language == "nix" { Language::Nix } else { Language::Toml };
            make(Report::new(&rules, view, Paste::new(&mut out, host, language)), changes, gaps);
        }
    }
    String::from_utf8(out).unwrap()
}

fn make<W: Writer<Error = std::io::Error>>(
    mut report: Report<'_, W>,
    changes: Vec<Change>,
    gaps: Vec<Gap>,
) {
    for gap in gaps {
        report.gap(gap).unwrap();
    }
    for change in changes {
        report.change(change).unwrap();
    }
    report.finish().unwrap();
}

fn gap(at: &str, error: &str) -> Gap {
    Gap { path: path(at), error: error.into() }
}

const DENIED: &str = "cannot read the directory: Permission denied (os error 13)";

fn closed(count: usize) -> Vec<Gap> {
    (0..count).map(|at| gap(&format!("/srv/{at:02}"), DENIED)).collect()
}

#[test]
fn what_may_not_be_read_is_said_once_with_the_cure_and_the_rest_by_name() {
    let blank = "cannot read the snapshot p@b, so everything counts as added: cannot mount it: x";
    let table = [
        (
            closed(1),
            "1 place could not be read; what lies there is in no number here:\n  /srv/00: cannot read the directory: Permission denied (os error 13)\nRun this as root: then nothing is denied.\n",
        ),
        (
            closed(2),
            "2 places may not be read (permission denied); what lies there is in no number here; run this as root:\n  /srv/00, /srv/01\n",
        ),
        (
            closed(12),
            "12 places may not be read (permission denied); what lies there is in no number here; run this as root:\n  /srv/00, /srv/01, /srv/02, /srv/03, /srv/04, /srv/05, /srv/06, /srv/07, /srv/08, /srv/09 and 2 more\n",
        ),
        (
            vec![gap("/", blank)],
            "The blank cannot be read, so everything counts as added: cannot mount it: x\n",
        ),
        (
            vec![gap("/a", "x")],
            "1 place could not be read; what lies there is in no number here:\n  /a: x\n\n",
        ),
    ];
    for (gaps, expected) in table {
        let setting = Setting { width: Some(100), ..setting(None) };
        let text = told(Told { gaps, setting, ..Told::default() });
        assert!(joined(&text).contains(&joined(expected)), "{expected}{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }
}

fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn where_something_could_not_be_read_no_number_is_told_and_the_cure_is_another() {
    let changes = || vec![dir("/srv"), dir("/srv/00"), dir("/srv/data"), file("/srv/data/x", 7)];
    let text = told(Told { changes: changes(), gaps: closed(1), ..Told::default() });
    assert!(text.contains("       ?         ?     11 d  "), "{text}");
    let gaps = vec![gap("/srv/data/in", DENIED)];
    let text = told(Told { changes: changes(), gaps, ..Told::default() });
    assert!(!text.contains("7 B         1"), "{text}");
    let (changes, gaps) = (vec![dir("/etc"), dir("/etc/ssh")], vec![gap("/etc/ssh", DENIED)]);
    let text = told(Told { changes, gaps, language: Some("nix"), ..Told::default() });
    assert!(text.contains("# /etc/ssh: could not be read; run as root\n"), "{text}");
    assert!(!text.contains("needs no keeping") && !text.contains("report.accept"), "{text}");
}

fn late(target: &str, holds: Holds) -> Placement {
    entry(target, Kind::Directory, How::Bind, false, holds)
}

#[test]
fn what_is_declared_and_not_there_yet_is_one_sentence_for_each_cause() {
    let apply =
        "`blankslate apply` copies it there now, or else the next boot does before it erases.";
    let missing = "Nothing can be put in place or copied now: the store /persist is not there; is its file system mounted? In NixOS: fileSystems.\"/persist\".neededForBoot = true";
    let one = format!("/srv/0 is declared and not in the store yet (1 file, 7 B): {apply}");
    let two = "2 declared paths (2 files, 14 B) are not in the store yet: `blankslate apply` copies them now, or else the next boot does before it erases.";
    let waiting = format!(
        "{missing} 2 declared paths (2 files, 14 B) are not in the store yet: nothing copies them there before the store can be used."
    );
    let bad = format!(
        "{missing} /srv/0 is declared (line 9), but is not in place: the store cannot be used now."
    );
    let data = "/srv/0 is declared (line 9), but is not in place, and /persist/srv/0 holds other data. Keep one of the two and move the other away; the next boot keeps both, this one as /persist/srv/0.from-old-root.";
    let many = "2 declared paths are not in place, and the store holds other data: keep one of the two and move the other away; the next boot keeps both: /srv/0, /srv/1";
    let useless = "2 declared paths are not in place: what the store holds for them cannot be put in place; blankslate explain PATH tells what it is: /srv/0, /srv/1";
    let table: [(Holds, usize, bool, &str); 7] = [
        (Holds::Nothing, 1, true, &one),
        (Holds::Nothing, 2, true, two),
        (Holds::Nothing, 2, false, &waiting),
        (Holds::Unusable, 1, false, &bad),
        (Holds::Data, 1, true, data),
        (Holds::Data, 2, true, many),
        (Holds::Unusable, 2, true, useless),
    ];
    for (holds, count, is_store_there, expected) in table {
        let targets = || (0..count).map(|at| format!("/srv/{at}"));
        let entries = targets().map(|target| late(&target, holds)).collect();
        let files = targets().flat_map(|at| [dir(&at), file(&format!("{at}/x"), 7)]);
        let changes = [dir("/srv")].into_iter().chain(files).collect();
        let text = told(Told { changes, entries, is_store_there, ..Told::default() });
        assert!(joined(&text).contains(expected), "{expected}\n{text}");
        assert_eq!(text.contains("copies them now"), count == 2 && expected == two, "{text}");
        let legend = "not-in-place: it is declared, but this is not what the store keeps.";
        assert_eq!(text.contains(legend), holds != Holds::Nothing, "{text}");
    }
}

#[test]
fn a_filter_is_named_only_where_it_can_have_hidden_something() {
    let changes = || vec![dir("/srv"), file("/srv/x", 7)];
    let kept = BTreeSet::from([Class::Kept]);
    let all = view();
    let table = [
        (
            View { min_size: 9, ..all.clone() },
            all.classes.clone(),
            "1 line is not shown, 7 B of it lost: that is what --min-size or --newer-than asked for.",
        ),
        (
            View { classes: kept.clone(), ..all.clone() },
            kept,
            "1 line is not shown, 7 B of it lost: that is what --verdict asked for.",
        ),
        (View { classes: BTreeSet::new(), ..all }, BTreeSet::new(), "Everything could be read."),
    ];
    for (view, classes, expected) in table {
        let setting = Setting { classes, ..setting(None) };
        let text = told(Told { changes: changes(), setting, view, ..Told::default() });
        assert!(joined(&text).contains(expected), "{text}");
    }
    let view = View { min_size: 9, ..view() };
    let text = told(Told { changes: changes(), view, language: Some("toml"), ..Told::default() });
    let hidden = "# 1 line is not shown: that is what --min-size or --newer-than asked for.\n";
    assert_eq!(text, hidden);
}

#[test]
fn depth_has_one_line_for_a_directory_and_group() {
    let changes = || {
        let removed = Change { kind: ChangeKind::Removed, ..file("/var/lib/old", 5) };
        let (log, state) = (file("/var/log/x", 7), file("/var/lib/x", 7));
        let more = file("/var/lib/postgresql/x", 7);
        vec![
            dir("/var"),
            dir("/var/lib"),
            removed,
            dir("/var/lib/postgresql"),
            more,
            state,
            dir("/var/log"),
            log,
        ]
    };
    let table = [(Order::Size, 1), (Order::Path, 1), (Order::Rank, 3)];
    for (order, count) in table {
        let setting = Setting { order, has_depth: true, ..setting(None) };
        let view = View { depth: Some(1), ..view() };
        let text = told(Told { changes: changes(), setting, view, ..Told::default() });
        let rows = text.lines().filter(|line| line.ends_with(" /var/")).count();
        assert_eq!(rows, count, "{order:?} {text}");
        let lines = if count == 1 { "in 1 line." } else { "in 3 lines." };
        assert!(text.contains(lines), "{text}");
        assert!(
            joined(&text).contains(
                "the same command with --format nix and without --depth writes the entries."
            ),
            "{text}"
        );
        if count == 1 {
            assert!(text.contains("    21 B         4     11 d  some in /var/\n"), "{text}");
        }
    }
}

#[test]
fn a_name_that_no_string_of_nix_holds_is_an_attribute_all_the_same() {
    let config = Config::parse("version = 1\n").unwrap();
    let accounts = accounts();
    let looker: facts::Looker<'_> = &|at| Ok(look(at));
    let desk = Desk { config: &config, accounts: &accounts, look: looker };
    let at = path("/home/alice/src");
    let mut item = desk.item(&at, &at, Some(&look(&at))).unwrap();
    for (user, attribute) in
        [("alice", "\"alice\""), ("a\u{202e}", "${builtins.fromJSON ''\"a\\u202e\"''}")]
    {
        item.home = Some((user.into(), "src".into()));
        let line = keep::nix_line(&item, Some("/persist"));
        let front = format!("blankslate.stores.\"/persist\".users.{attribute}.directories = [ ");
        assert!(line.starts_with(&front), "{line}");
    }
}
