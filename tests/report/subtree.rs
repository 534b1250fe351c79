//! A scan that begins below the root, and what it is told of a directory and of its contents.

use std::convert::Infallible;
use std::path::Path;

use blankslate::loss::{Change, Gap, Outside, Sink, Summing, scan, start};
use blankslate::sys::tree;

use crate::engine::{Always, Told, told, told_from};
use crate::support::{Host, below, in_mount_namespace, is_root};

fn from(host: &Host, path: &str) -> Vec<String> {
    let blank = host.blank().exists().then(|| host.blank());
    let told = told_from(&host.root(), blank.as_deref(), path, Summing::Not).unwrap();
    assert_eq!(told.gap_lines(), Vec::<String>::new());
    told.lines()
}

fn refused(host: &Host, path: &str) -> String {
    match told_from(&host.root(), None, path, Summing::Not) {
        Err(refused) => refused.to_string(),
        Ok(told) => panic!("{path}: {:?}", told.lines()),
    }
}

#[test]
fn a_scan_from_a_path_tells_it_and_what_is_below_as_the_host_sees_it() {
    let host = Host::new();
    host.both("/var/lib/old/same", "x");
    host.blank_file("/var/lib/old/gone", "x");
    host.file("/var/lib/new/a", "x");
    host.file("/var/lib/new/b", "x");
    host.file("/var/other", "x");
    host.link("/var/link", "/etc");
    let table: [(&str, &[&str]); 7] = [
        ("/var/lib/new", &["added /var/lib/new", "added /var/lib/new/a", "added /var/lib/new/b"]),
        ("/var/lib/new/a", &["added /var/lib/new/a"]),
        ("/var/lib/old", &["removed /var/lib/old/gone"]),
        ("/var/lib/old/same", &[]),
        ("/var/link", &["added /var/link"]),
        ("/var/other", &["added /var/other"]),
        (
            "/var/lib",
            &[
                "added /var/lib/new",
                "added /var/lib/new/a",
                "added /var/lib/new/b",
                "removed /var/lib/old/gone",
            ],
        ),
    ];
    for (path, lines) in table {
        assert_eq!(from(&host, path), lines, "{path}");
    }
}

#[test]
fn below_a_path_that_the_blank_does_not_have_as_a_directory_everything_is_added() {
    let host = Host::new();
    host.file("/a/b/c", "x");
    host.file("/d/e/f", "x");
    host.blank_file("/d/e", "x");
    assert_eq!(from(&host, "/a/b"), ["added /a/b", "added /a/b/c"]);
    assert_eq!(from(&host, "/d/e/f"), ["added /d/e/f"]);
    assert_eq!(from(&host, "/d/e"), ["type-changed /d/e", "added /d/e/f"]);
}

#[test]
fn a_path_that_does_not_lie_on_the_root_is_refused_with_the_reason() {
    let host = Host::new();
    host.file("/var/file", "x");
    host.link("/var/run", "/run");
    let table = [
        ("/nothing", "there is no /nothing on the root"),
        ("/var/no/thing", "there is no /var/no on the root, and so no /var/no/thing"),
        ("/var/file/x", "/var/file/x does not lie on the root: /var/file is a file"),
        ("/var/run/x", "/var/run/x does not lie on the root: /var/run is a symlink"),
    ];
    for (path, sentence) in table {
        assert_eq!(refused(&host, path), sentence);
    }
}

/// Tells, inside of a mount namespace, what [`start`] says about some paths of `$D/root`.
#[test]
fn userns_a_path_below_a_mount_point_is_refused_with_its_name() {
    if let Some(root) = std::env::var_os("SUBTREE_INSIDE") {
        let root = tree::open_bare(Path::new(&root)).unwrap();
        for path in ["/persist/x", "/persist/deep/er", "/persist"] {
            match start(&root, None, &path.parse().unwrap()) {
                Err(refused) => println!("> {refused}"),
                Ok(_) => println!("> {path} may be scanned"),
            }
        }
        return;
    }
    let host = Host::new();
    host.dir("/persist/x");
    let this = std::env::current_exe().unwrap();
    let script = format!(
        "mount -t tmpfs none \"$D/root/persist\"; mkdir -p \"$D/root/persist/x\"; \
         export SUBTREE_INSIDE=\"$D/root\"; \
         {} --exact --nocapture subtree::userns_a_path_below_a_mount_point_is_refused_with_its_name",
        this.display()
    );
    let Some(said) = in_mount_namespace(&host, &script) else { return };
    let sentences: Vec<&str> = said.stdout.lines().filter(|line| line.starts_with('>')).collect();
    let expected = [
        "> /persist/x does not lie on the root: something else is mounted at /persist",
        "> /persist/deep/er does not lie on the root: something else is mounted at /persist",
        "> /persist may be scanned",
    ];
    assert_eq!(sentences, expected, "{}", said.stderr);
}

#[test]
fn a_path_that_may_not_be_looked_at_is_refused() {
    if is_root() {
        return;
    }
    let host = Host::new();
    host.file("/shut/inner/x", "x");
    crate::walk::close(&below(&host.root(), "/shut"));
    let refused = told_from(&host.root(), None, "/shut/inner/x", Summing::Not);
    assert!(matches!(refused, Err(Outside::Unreadable { .. })));
}

#[test]
fn a_new_directory_is_told_with_or_beside_the_sum_of_its_contents() {
    let host = Host::new();
    host.file("/d/a", "x");
    host.file("/d/e/b", "x");
    host.link("/d/e/c", "nowhere");
    host.dir("/empty");
    let table = [
        (Summing::Tree, vec!["added /d/ 3+1", "added /empty/ 0+0"]),
        (Summing::Contents, vec!["added /d", "added /d/* 3+1", "added /empty"]),
        (
            Summing::Not,
            vec![
                "added /d",
                "added /d/a",
                "added /d/e",
                "added /d/e/b",
                "added /d/e/c",
                "added /empty",
            ],
        ),
    ];
    for (summing, lines) in table {
        assert_eq!(told(&host.root(), None, summing).lines(), lines);
        // The same of what was removed.
        let (root, blank) = (host.path().join("nothing"), host.root());
        std::fs::create_dir_all(&root).unwrap();
        let removed: Vec<String> =
            lines.iter().map(|line| line.replace("added", "removed")).collect();
        assert_eq!(told(&root, Some(&blank), summing).lines(), removed);
    }
}

#[test]
fn it_is_known_how_many_names_were_seen() {
    let host = Host::new();
    for at in 0..1300 {
        host.both(&format!("/d/{at}"), "");
    }
    host.file("/e/f/g", "");
    for summing in [Summing::Not, Summing::Tree, Summing::Contents] {
        assert_eq!(told(&host.root(), Some(&host.blank()), summing).seen, 1304);
    }
}

#[test]
fn sums_are_the_same_as_what_is_told_one_by_one_in_a_tree_of_every_shape() {
    let host = Host::new();
    for wide in 0..1500 {
        host.file(&format!("/wide/{wide}"), "12");
        host.dir(&format!("/many/{wide}/inner"));
    }
    for deep in 0..40 {
        host.file(&format!("/{}file", "deep/".repeat(deep)), "123");
    }
    let every = told(&host.root(), None, Summing::Not);
    let summed = told(&host.root(), None, Summing::Tree);
    let contents = told(&host.root(), None, Summing::Contents);
    let sum = |told: &Told| {
        let mut all = blankslate::loss::Sum::default();
        told.changes.iter().for_each(|change| all.add(&change.sum()));
        all
    };
    assert_eq!(every.changes.len(), 1500 + 1 + 2 * 1500 + 1 + 40 + 39);
    assert_eq!(sum(&every), sum(&summed));
    assert_eq!(sum(&every), sum(&contents));
    assert_eq!((sum(&every).bytes, sum(&every).directories), (3000 + 120, 3041 - 1 + 1));
}

/// Takes so many changes and then no more.
struct Tired(usize);

impl Sink for Tired {
    type Error = &'static str;

    fn change(&mut self, _: Change) -> Result<(), Self::Error> {
        self.0 = self.0.checked_sub(1).ok_or("tired")?;
        Ok(())
    }

    fn gap(&mut self, _: Gap) -> Result<(), Self::Error> {
        Ok(())
    }
}

#[test]
fn a_sink_that_fails_ends_the_scan_at_once_and_leaves_nothing_waiting() {
    let host = Host::new();
    for wide in 0..600 {
        host.file(&format!("/a/{wide}/x"), "");
    }
    host.file(&format!("/b/{}x", "d/".repeat(900)), "");
    let root = tree::open_bare(&host.root()).unwrap();
    for summing in [Summing::Not, Summing::Tree, Summing::Contents] {
        for room in [0, 1, 700] {
            let trees = start(&root, None, &"/".parse().unwrap()).unwrap();
            let told = scan(&trees, &Always(summing), &mut Tired(room));
            let has_room = summing != Summing::Not && room == 700;
            assert_eq!(told, if has_room { Ok(()) } else { Err("tired") }, "{summing:?} {room}");
        }
    }
}

#[test]
fn what_panics_in_the_sink_does_not_hang() {
    struct Panics;
    impl Sink for Panics {
        type Error = Infallible;
        fn change(&mut self, _: Change) -> Result<(), Infallible> {
            panic!("as it should")
        }
        fn gap(&mut self, _: Gap) -> Result<(), Infallible> {
            Ok(())
        }
    }
    let host = Host::new();
    host.file("/a/b", "x");
    let root = tree::open_bare(&host.root()).unwrap();
    let trees = start(&root, None, &"/".parse().unwrap()).unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ = scan(&trees, &Always(Summing::Not), &mut Panics);
    }));
    assert!(panicked.is_err());
}
