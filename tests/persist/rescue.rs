//! Before a root is rolled back: whatever is declared and lies only there is in a store afterwards,
//! wherever the power went, and the old root is as it was.

use blankslate::config::Config;
use blankslate::persist::rescue::{RescueEnd, Rescued, rescue};
use blankslate::sys::Sys;

use crate::fake::{Body, FakeSys, Fault, Inode, Item, ROOT, Tree, errno, path};
use crate::promises::Promises;
use crate::setup::{config, initrd, on_root};

const DIFFERENT: &str = "/persist/srv/x.from-old-root";

/// An old root and its stores, with every case.
fn world() -> (Tree, Config) {
    let mut tree = Tree::new(&["/persist", "/big"]);
    tree.file("/var/lib/app/conf", ROOT, "conf");
    tree.file("/var/lib/app/cache/blob", ROOT, "blob");
    tree.file("/var/lib/app/db/rows", ROOT, "rows");
    tree.file("/etc/machine-id", ROOT, "id");
    tree.file("/persist/etc/machine-id", ROOT, "id");
    tree.file("/srv/x/precious", ROOT, "precious");
    tree.file("/persist/srv/x/other", ROOT, "other");
    tree.file("/srv/kind", ROOT, "a file");
    tree.dir("/srv/empty", ROOT);
    tree.link("/srv/away", "/elsewhere");
    tree.link("/srv/linked", "/persist/srv/linked");
    tree.put(&path("/srv/pipe"), ROOT, Body::Fifo);
    tree.file("/real/below", ROOT, "below");
    tree.dir("/home/u", blankslate::sys::Meta { uid: 1000, gid: 100, mode: 0o700 });
    tree.link("/home/u/through", "/real");
    tree.file("/etc/undeclared", ROOT, "undeclared");
    let config = config(&[
        (
            "/persist",
            &[
                "dir bind /var/lib/app",
                "dir bind /var/lib/app/cache",
                "file bind /etc/machine-id",
                "dir bind /srv/x",
                "dir bind /srv/kind",
                "dir bind /srv/empty",
                "dir bind /srv/away",
                "dir sym /srv/linked",
                "dir bind /srv/pipe",
                "file bind /home/u/through/below",
                "dir bind /srv/missing",
            ],
        ),
        ("/big", &["dir bind /var/lib/app/db"]),
    ]);
    (tree, on_root(config))
}

fn run(sys: &mut dyn Sys, config: &Config) -> Vec<Rescued> {
    let roots: Vec<_> = config.roots.iter().collect();
    rescue(sys, config, &roots, &initrd(), &|_| ())
}

fn words(rescued: &[Rescued]) -> Vec<String> {
    let word = |one: &Rescued| {
        let Rescued { target, to, end } = one;
        match end {
            RescueEnd::Adopted(_) => format!("{target} adopted as {to}"),
            RescueEnd::Beside(_) => format!("{target} kept beside as {to}"),
            RescueEnd::Failed(why) => format!("{target} failed: {why}"),
            RescueEnd::NotLookedAt(why) => format!("{target} not looked at: {why}"),
        }
    };
    rescued.iter().map(word).collect()
}

/// Everything that is on no store: the old root, which is only read.
fn root_of(tree: &Tree) -> Vec<(String, Inode, Item)> {
    let in_store = |at: &str| at.starts_with("/persist/") || at.starts_with("/big/");
    let items = tree.items().into_iter().map(|(at, item)| (at.to_string(), item.inode, item));
    items.filter(|(at, ..)| !in_store(at)).collect()
}

#[test]
fn what_lies_only_on_the_old_root_is_in_the_store_and_what_differs_is_beside_it() {
    let (tree, config) = world();
    let mut sys = FakeSys::new(tree.clone());
    let rescued = run(&mut sys, &config);
    assert_eq!(
        words(&rescued),
        [
            "/home/u/through/below not looked at: /home/u/through is a symlink or no directory, and is not \
             followed; declare the path that it leads to",
            "/srv/away not looked at: it is a symlink to /elsewhere",
            "/srv/kind kept beside as /persist/srv/kind.from-old-root",
            "/srv/pipe not looked at: it is a fifo",
            "/srv/x kept beside as /persist/srv/x.from-old-root",
            "/var/lib/app adopted as /persist/var/lib/app",
            "/var/lib/app/db adopted as /big/var/lib/app/db",
        ]
    );
    let text = |at: &str| sys.tree.text(at).unwrap_or_default();
    assert_eq!(text("/persist/var/lib/app/conf"), "conf");
    assert_eq!(text("/persist/var/lib/app/cache/blob"), "blob");
    assert_eq!(text("/big/var/lib/app/db/rows"), "rows");
    assert_eq!(text("/persist/srv/x/other"), "other");
    assert_eq!(text("/persist/srv/x.from-old-root/precious"), "precious");
    assert_eq!(text("/persist/srv/kind.from-old-root"), "a file");
    assert_eq!(sys.tree.text("/persist/etc/undeclared"), None);
    assert_eq!(root_of(&sys.tree), root_of(&tree));
}

#[test]
fn a_second_rescue_copies_nothing_and_a_new_difference_gets_a_name_of_its_own() {
    let (tree, config) = world();
    let mut sys = FakeSys::new(tree);
    run(&mut sys, &config);
    let once = sys.tree.clone();
    sys.log.borrow_mut().clear();
    let again = run(&mut sys, &config);
    assert!(words(&again).iter().all(|word| word.contains("not looked at")), "{again:?}");
    assert_eq!((&*sys.log.borrow(), &sys.tree), (&Vec::new(), &once));
    sys.tree.file("/srv/x/precious", ROOT, "newer");
    let again = run(&mut sys, &config);
    assert!(words(&again).contains(&format!("/srv/x kept beside as {DIFFERENT}-2")));
    let text = |at: &str| sys.tree.text(&format!("{DIFFERENT}{at}")).unwrap_or_default();
    assert_eq!((text("/precious"), text("-2/precious")), ("precious".into(), "newer".into()));
}

/// Of each copy that has to be made: where from, where to, and what proves that it is whole.
const COPIES: [(&str, &str, &[&str]); 4] = [
    ("/var/lib/app", "/persist/var/lib/app", &["/conf", "/cache/blob", "/db/rows"]),
    ("/var/lib/app/db", "/big/var/lib/app/db", &["/rows"]),
    ("/srv/x", DIFFERENT, &["/precious"]),
    ("/srv/kind", "/persist/srv/kind.from-old-root", &[""]),
];

fn copies_are_whole_or_not_there(tree: &Tree, when: &str) {
    for (from, to, files) in COPIES {
        let is_there = tree.text(to).is_some();
        for file in files {
            let (was, is) =
                (tree.text(&format!("{from}{file}")), tree.text(&format!("{to}{file}")));
            assert!(was.is_some() && (is == was || !is_there), "{to}{file} {when}: {is:?}");
        }
    }
}

#[test]
fn killed_at_any_call_the_old_root_is_untouched_and_the_next_rescue_ends_the_same() {
    let (tree, config) = world();
    let mut good = FakeSys::new(tree.clone());
    run(&mut good, &config);
    let memory = blankslate::persist::record::Memory::default();
    let promises = Promises { before: &tree, config: &config, memory: &memory };
    for n in 1..=good.calls() {
        let mut killed = FakeSys::failing(tree.clone(), Fault::Killed(n));
        let ends = words(&run(&mut killed, &config));
        let when = format!("killed at call {n}");
        promises.hold(&killed.tree).unwrap_or_else(|broken| panic!("{when}: {broken}"));
        assert_eq!(root_of(&killed.tree), root_of(&tree), "{when}");
        copies_are_whole_or_not_there(&killed.tree, &when);
        assert!(ends.iter().any(|end| end.contains(" failed: ")) || n == good.calls(), "{when}");
        let mut again = FakeSys::new(killed.tree);
        run(&mut again, &config);
        assert_eq!(again.tree.state().against(&good.tree.state()), [""; 0], "{when}");
    }
}

#[test]
fn an_error_at_any_call_is_told_as_a_failure_and_the_others_are_rescued() {
    let (tree, config) = world();
    let mut good = FakeSys::new(tree.clone());
    let expected = words(&run(&mut good, &config));
    for n in 1..=good.calls() {
        let errors = [errno::ENOSPC, errno::EROFS, errno::EIO];
        let fault = Fault::Once(n, errors[n % errors.len()]);
        let mut hurt = FakeSys::failing(tree.clone(), fault);
        let ends = words(&run(&mut hurt, &config));
        let when = format!("{fault:?}");
        assert_eq!(root_of(&hurt.tree), root_of(&tree), "{when}");
        copies_are_whole_or_not_there(&hurt.tree, &when);
        let failed: Vec<_> = ends.iter().filter(|end| end.contains(" failed: ")).collect();
        assert!(failed.len() <= 1, "{when}: {failed:?}");
        let is_complete = hurt.tree.state().against(&good.tree.state()).is_empty();
        assert!(is_complete || failed.len() == 1, "{when}: silent, {ends:?}");
        assert!(failed.len() == 1 || ends == expected, "{when}: {ends:?}");
        let mut again = FakeSys::new(hurt.tree);
        let ends = words(&run(&mut again, &config));
        assert!(!ends.iter().any(|end| end.contains(" failed: ")), "{when}: {ends:?}");
        copies_are_whole_or_not_there(&again.tree, &when);
        for (_, to, _) in COPIES {
            assert!(again.tree.text(to).is_some() || failed.len() == 1, "{when}: {to}");
        }
    }
}
