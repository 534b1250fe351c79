//! Every case of source and target, and what the plan makes of it.

use blankslate::config::{Config, Entry, How, Kind};
use blankslate::persist::observe::{check_stores, observe};
use blankslate::persist::plan::plan;
use blankslate::sys::Meta;

use crate::fake::{FakeSys, Node, ROOT, path};

const SECRET: Meta = Meta { uid: 5, gid: 6, mode: 0o700 };

/// A configuration with one store and these entries.
pub fn config(entries: &[(&str, Kind, How)]) -> Config {
    let entry = |&(target, kind, how): &(&str, Kind, How)| Entry {
        target: path(target),
        kind,
        how,
        user: None,
        group: None,
        mode: None,
        because: None,
        line: 9,
    };
    let mut config = Config::parse("version = 1\n[[store]]\npath = \"/persist\"\n").unwrap();
    config.stores[0].entries = entries.iter().map(entry).collect();
    config
}

/// The plan as text: a line a step, or the refusal.
fn planned(sys: &FakeSys, config: &Config) -> String {
    let plans = plan(&observe(sys, config, &check_stores(sys, config)));
    let text = plans.iter().map(|entry| match &entry.steps {
        Ok(steps) if steps.is_empty() => "nothing".to_owned(),
        Ok(steps) => steps.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        Err(refusal) => format!("refused: {refusal}"),
    });
    text.collect::<Vec<_>>().join("\n")
}

fn absent(_: &mut FakeSys, _: &str) {}

fn empty_dir(sys: &mut FakeSys, at: &str) {
    sys.dir(at, SECRET);
}

fn full_dir(sys: &mut FakeSys, at: &str) {
    sys.dir(at, SECRET);
    sys.file(&format!("{at}/data"), ROOT, "data");
    sys.put(at, Node::Directory(SECRET));
}

fn empty_file(sys: &mut FakeSys, at: &str) {
    sys.file(at, SECRET, "");
}

fn full_file(sys: &mut FakeSys, at: &str) {
    sys.file(at, SECRET, "data");
}

fn fifo(sys: &mut FakeSys, at: &str) {
    sys.file(at, ROOT, "");
    sys.put(at, Node::Fifo);
}

fn link(sys: &mut FakeSys, at: &str, to: &str) {
    sys.file(at, ROOT, "");
    sys.put(at, Node::Symlink(to.into()));
}

fn right_link(sys: &mut FakeSys, at: &str) {
    link(sys, at, "/persist/a/b");
}

fn wrong_link(sys: &mut FakeSys, at: &str) {
    link(sys, at, "/elsewhere");
}

fn right_mount(sys: &mut FakeSys, at: &str) {
    empty_dir(sys, at);
    sys.state.mounts.insert(path(at), path("/persist/a/b"));
}

fn right_file_mount(sys: &mut FakeSys, at: &str) {
    empty_file(sys, at);
    sys.state.mounts.insert(path(at), path("/persist/a/b"));
}

fn other_mount(sys: &mut FakeSys, at: &str) {
    empty_dir(sys, at);
    sys.dir("/other", ROOT);
    sys.state.mounts.insert(path(at), path("/other"));
}

type Put = fn(&mut FakeSys, &str);

#[test]
fn each_case_of_source_and_target_has_its_plan() {
    const GONE: &str =
        "refused: /persist/a/b does not exist; create it, a directory, and try again";
    const BIND: &str = "bind /persist/a/b on /a/b";
    const MAKE: &str = "make the directory /a, owner 0:0, mode 0755; make the directory /a/b, owner 5:6, mode 0700; bind /persist/a/b on /a/b";
    const MAKE_FILE: &str = "make the directory /a, owner 0:0, mode 0755; make the file /a/b, owner 5:6, mode 0700; bind /persist/a/b on /a/b";
    const HIDE: &str = "refused: /a/b holds data that /persist/a/b would hide; compare the two, keep one, and try again";
    const MOUNTED: &str = "refused: something else is mounted on /a/b; unmount it and try again";
    let (dir, file) = (Kind::Directory, Kind::File);
    let (bind, sym) = (How::Bind, How::Symlink);
    let in_the_way = |what: &str| {
        format!("refused: /a/b is a {what} and stands in the way; move it away and try again")
    };
    let not_a = |found: &str, kind: Kind| {
        format!(
            "refused: /persist/a/b is a {found}, not a {kind}; mend kind in line 9, or move it away"
        )
    };
    let other_link = "refused: /a/b is a symlink to /elsewhere, not to /persist/a/b; remove the symlink and try again";
    let linked = "make the directory /a, owner 0:0, mode 0755; link /a/b to /persist/a/b";
    let table: Vec<(Kind, How, Put, Put, String)> = vec![
        (dir, bind, absent, absent, GONE.into()),
        (dir, bind, absent, full_dir, GONE.into()),
        (dir, bind, full_file, absent, not_a("file", dir)),
        (dir, bind, fifo, absent, not_a("fifo", dir)),
        (dir, bind, wrong_link, absent, not_a("symlink", dir)),
        (file, bind, full_dir, absent, not_a("directory", file)),
        (dir, bind, empty_dir, absent, MAKE.into()),
        (dir, bind, full_dir, absent, MAKE.into()),
        (file, bind, full_file, absent, MAKE_FILE.into()),
        (file, bind, empty_file, absent, MAKE_FILE.into()),
        (dir, bind, full_dir, empty_dir, BIND.into()),
        (dir, bind, full_dir, full_dir, HIDE.into()),
        (dir, bind, empty_dir, full_dir, HIDE.into()),
        (file, bind, full_file, full_file, HIDE.into()),
        (file, bind, full_file, empty_file, BIND.into()),
        (dir, bind, full_dir, right_mount, "nothing".into()),
        (file, bind, full_file, right_file_mount, "nothing".into()),
        (dir, bind, full_dir, other_mount, MOUNTED.into()),
        (dir, bind, full_dir, right_link, in_the_way("symlink")),
        (dir, bind, full_dir, full_file, in_the_way("file")),
        (file, bind, full_file, empty_dir, in_the_way("directory")),
        (file, bind, full_file, fifo, in_the_way("fifo")),
        (dir, sym, full_dir, absent, linked.into()),
        (file, sym, full_file, absent, linked.into()),
        (dir, sym, full_dir, right_link, "nothing".into()),
        (dir, sym, full_dir, wrong_link, other_link.into()),
        (dir, sym, full_dir, empty_dir, in_the_way("directory")),
        (dir, sym, full_dir, full_dir, in_the_way("directory")),
        (file, sym, full_file, full_file, in_the_way("file")),
    ];
    for (at, (kind, how, source, target, expected)) in table.into_iter().enumerate() {
        let mut sys = FakeSys::new("/persist");
        source(&mut sys, "/persist/a/b");
        target(&mut sys, "/a/b");
        assert_eq!(planned(&sys, &config(&[("/a/b", kind, how)])), expected, "row {at}");
    }
}

#[test]
fn parents_are_made_once_with_the_owner_and_mode_that_the_store_has() {
    let mut sys = FakeSys::new("/persist");
    for leaf in ["x", "y"] {
        sys.dir(&format!("/persist/var/lib/private/{leaf}"), SECRET);
    }
    sys.dir("/persist/var/lib/private", Meta { mode: 0o700, ..ROOT });
    sys.dir("/var", Meta { uid: 1, ..ROOT });
    let entries = [
        ("/var/lib/private/y", Kind::Directory, How::Symlink),
        ("/var/lib/private/x", Kind::Directory, How::Symlink),
    ];
    assert_eq!(
        planned(&sys, &config(&entries)),
        "make the directory /var/lib, owner 0:0, mode 0755; \
         make the directory /var/lib/private, owner 0:0, mode 0700; \
         link /var/lib/private/x to /persist/var/lib/private/x\n\
         link /var/lib/private/y to /persist/var/lib/private/y"
    );
}

#[test]
fn no_symlink_is_followed_above_a_source_or_a_target() {
    for at in ["/persist/a", "/a"] {
        let mut sys = FakeSys::new("/persist");
        sys.dir("/persist/a/b", ROOT);
        sys.put(at, Node::Symlink("/etc".into()));
        assert_eq!(
            planned(&sys, &config(&[("/a/b", Kind::Directory, How::Bind)])),
            format!(
                "refused: {at} is a symlink or no directory, and is not followed; declare the path that it leads to"
            )
        );
    }
}

#[test]
fn an_entry_inside_another_is_refused_by_name_and_the_outer_one_is_placed() {
    let mut sys = FakeSys::new("/persist");
    sys.dir("/persist/a/b", ROOT);
    let entries = [("/a/b", Kind::Directory, How::Bind), ("/a", Kind::Directory, How::Bind)];
    let text = planned(&sys, &config(&entries));
    let (outer, inner) = text.split_once('\n').unwrap();
    assert_eq!(outer, "make the directory /a, owner 0:0, mode 0755; bind /persist/a on /a");
    assert_eq!(
        inner,
        "refused: it lies inside the entry /a, which blankslate does not handle yet; drop one of the two"
    );
}

#[test]
fn a_store_that_is_missing_or_no_directory_or_on_a_root_is_named() {
    let mut config = config(&[]);
    let mut sys = FakeSys::new("/persist");
    assert!(check_stores(&sys, &config).is_empty());
    let root = "version=1\n[[root]]\nmount=\"/\"\nkind=\"zfs\"\ndataset=\"r/l\"\nsnapshot=\"b\"\n";
    config.roots = Config::parse(root).unwrap().roots;
    assert!(check_stores(&sys, &config).is_empty());
    config.stores[0].path = path("/other");
    let problem = |sys: &FakeSys, config: &Config| check_stores(sys, config)[0].problem.to_string();
    assert_eq!(
        problem(&sys, &config),
        "the store /other is not there; is its file system mounted? In NixOS: fileSystems.\"/other\".neededForBoot = true"
    );
    sys.dir("/other", ROOT);
    assert_eq!(
        problem(&sys, &config),
        "the store /other lies on the root /, which is erased at boot; is its file system mounted? In NixOS: fileSystems.\"/other\".neededForBoot = true"
    );
    sys.put("/other", Node::Symlink("/persist".into()));
    assert_eq!(
        problem(&sys, &config),
        "the store /other is not a directory of its own: /other is a symlink or no directory"
    );
}
