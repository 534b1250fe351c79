//! What holds in any world, however it came about.

use std::collections::BTreeSet;

use blankslate::config::Config;
use blankslate::path::HostPath;
use blankslate::persist::observe::observe;
use blankslate::persist::plan::{EntryPlan, Step, plan};
use blankslate::persist::record::{Memory, Record};
use blankslate::sys::Meta;
use proptest::prelude::*;

use crate::fake::{Body, FakeSys, ROOT, Tree, Walk, path};
use crate::promises::Promises;
use crate::setup::{ends, host, initrd, on_root, run, try_config};

/// Where something may lie or be declared, parents first.
const PATHS: [&str; 7] = ["/a", "/a/b", "/a/b/c", "/a/b/d", "/e", "/e/f", "/var/lib/private"];
const STORES: [&str; 2] = ["/s", "/t"];

/// What lies somewhere: a number for what it is, and one for owner and mode.
type Thing = (u8, u8);

#[derive(Debug, Clone)]
struct Declared {
    at: usize,
    store: usize,
    is_file: bool,
    is_symlink: bool,
    user: u8,
}

#[derive(Clone)]
struct World {
    /// At each of the paths: on the root, and in each of the stores.
    things: Vec<[Thing; 3]>,
    /// Declared in an earlier run, which was done by the initrd, and now.
    earlier: Vec<Declared>,
    now: Vec<Declared>,
    /// Where something foreign is mounted, if something is there.
    mounted: Option<usize>,
    is_host: bool,
    has_root: bool,
}

fn declared() -> impl Strategy<Value = Declared> {
    (0..PATHS.len(), 0..STORES.len(), prop::bool::weighted(0.2), prop::bool::weighted(0.3), 0..4u8)
        .prop_map(|(at, store, is_file, is_symlink, user)| Declared {
            at,
            store,
            is_file,
            is_symlink,
            user,
        })
}

fn world() -> impl Strategy<Value = World> {
    let thing = || (0..12u8, 0..4u8);
    let things = prop::collection::vec([thing(), thing(), thing()], PATHS.len());
    let entries = || prop::collection::vec(declared(), 0..5);
    let mounted = prop::option::weighted(0.2, 0..PATHS.len());
    (things, entries(), entries(), mounted, any::<bool>(), any::<bool>()).prop_map(
        |(things, earlier, now, mounted, is_host, has_root)| World {
            things,
            earlier,
            now,
            mounted,
            is_host,
            has_root,
        },
    )
}

fn put(tree: &mut Tree, at: &HostPath, (what, who): Thing, source: &HostPath) {
    let above = at.parent().unwrap();
    let can = match tree.walk(&above) {
        Walk::There(there) => tree.names(there.inode).is_some(),
        Walk::Absent => true,
        Walk::Blocked(_) => false,
    };
    // Above it may be something that is no directory, and it may be there already.
    let is_blocked = above.ancestors().iter().any(
        |above| matches!(tree.walk(above), Walk::There(there) if tree.names(there.inode).is_none()),
    );
    if !can || is_blocked || tree.walk(at) != Walk::Absent {
        return;
    }
    let meta = [
        ROOT,
        Meta { uid: 0, gid: 0, mode: 0o700 },
        Meta { uid: 1000, gid: 100, mode: 0o755 },
        Meta { uid: 900, gid: 901, mode: 0o2750 },
    ][usize::from(who)];
    let at = at.to_string();
    match what {
        0 => _ = tree.file(&at, meta, ""),
        1 => _ = tree.file(&at, meta, "one"),
        2 => _ = tree.file(&at, meta, "two"),
        3 => _ = tree.dir(&at, meta),
        4 | 5 => {
            tree.dir(&at, meta);
            tree.file(&format!("{at}/x"), ROOT, if what == 4 { "one" } else { "two" });
        }
        6 => _ = tree.link(&at, &source.to_string()),
        7 => _ = tree.link(&at, "/elsewhere"),
        8 => _ = tree.put(&path(&at), meta, Body::Fifo),
        _ => {}
    }
}

/// The entries that can be declared together, each with what an admin might say about it.
fn config(entries: &[Declared]) -> Config {
    let mut lines: [Vec<String>; 2] = [Vec::new(), Vec::new()];
    let mut config = Config::default();
    for entry in entries {
        let (kind, how) = (["dir", "file"], ["bind", "sym"]);
        let user = ["", " user=svc", " user=alice mode=0750", " user=nobody-there"];
        let line = format!(
            "{} {} {}{}",
            kind[usize::from(entry.is_file)],
            how[usize::from(entry.is_symlink)],
            PATHS[entry.at],
            user[usize::from(entry.user)]
        );
        lines[entry.store].push(line);
        let [s, t] = lines.each_ref().map(|l| l.iter().map(String::as_str).collect::<Vec<_>>());
        match try_config(&[(STORES[0], &s), (STORES[1], &t)]) {
            Ok(good) => config = good,
            Err(_) => _ = lines[entry.store].pop(),
        }
    }
    if config.stores.is_empty() {
        config = try_config(&[(STORES[0], &[]), (STORES[1], &[])]).unwrap();
    }
    config
}

/// What it became is told where it matters.
impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { things, earlier, now, mounted, is_host, has_root } = self;
        write!(f, "{things:?} {earlier:?} {now:?} {mounted:?} {is_host} {has_root}")
    }
}

impl World {
    fn config(&self, entries: &[Declared]) -> Config {
        let config = config(entries);
        if self.has_root { on_root(config) } else { config }
    }

    /// The world after the earlier run, with its record.
    fn made(&self) -> (Tree, Record) {
        let mut tree = Tree::new(&STORES);
        for (at, things) in PATHS.iter().zip(&self.things) {
            let source = path(at).below(&path(STORES[0]));
            put(&mut tree, &path(at), things[0], &source);
            for (store, thing) in STORES.iter().zip(&things[1..]) {
                put(&mut tree, &path(at).below(&path(store)), *thing, &source);
            }
        }
        let mut sys = FakeSys::new(tree);
        let (_, record) = run(&mut sys, &self.config(&self.earlier), &Record::default(), &initrd());
        let mut tree = sys.tree;
        if let Some(at) = self.mounted.map(|at| path(PATHS[at]))
            && let Walk::There(there) = tree.walk(&at)
            && tree.names(there.inode).is_some()
        {
            tree.file("/foreign/data", ROOT, "foreign");
            tree.mount("/foreign", &at.to_string());
        }
        (tree, record)
    }
}

fn touched(plan: &EntryPlan) -> Vec<&HostPath> {
    let step = |step| match step {
        &Step::MakeDirectory { ref path, .. }
        | &Step::MakeFile { ref path, .. }
        | &Step::MakeMachineId { ref path, .. }
        | &Step::Own { ref path, .. } => path,
        Step::Adopt { to, .. } => to,
        Step::MakePlace { target, .. }
        | Step::SetAside { target, .. }
        | Step::Bind { target, .. }
        | Step::Symlink { target, .. }
        | Step::Unbind { target, .. }
        | Step::Unlink { target, .. } => target,
    };
    plan.steps.iter().flatten().map(step).collect()
}

/// Where a plan may work: at both ends of its entry and above them, and at what an earlier run made
/// for it.
fn allowed(plan: &EntryPlan, memory: &Memory) -> BTreeSet<HostPath> {
    let made = memory.unfinished.iter().filter(|made| made.entry == plan.target);
    let mut all: BTreeSet<HostPath> = made.map(|made| made.path.clone()).collect();
    for end in [&plan.target, &plan.source] {
        all.insert(end.clone());
        all.extend(end.ancestors());
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_plan_works_only_at_its_two_ends_and_equal_scenes_give_equal_plans(world in world()) {
        let (tree, record) = world.made();
        let (config, memory) = (world.config(&world.now), record.memory());
        let sys = FakeSys::new(tree);
        let scene = observe(&sys, &config, &[], &memory, &|_| true);
        let plans = plan(&scene, &host());
        prop_assert_eq!(&plans, &plan(&scene.clone(), &host()));
        prop_assert_eq!(scene, observe(&sys, &config, &[], &memory, &|_| true));
        for one in &plans {
            let allowed = allowed(one, &memory);
            for at in touched(one) {
                prop_assert!(allowed.contains(at), "{} in {:?}", at, one);
            }
        }
    }

    #[test]
    fn nothing_is_lost_hidden_loosened_or_half_done_and_twice_is_once(world in world()) {
        let (tree, record) = world.made();
        let (config, memory) = (world.config(&world.now), record.memory());
        let accounts = if world.is_host { host() } else { initrd() };
        let mut sys = FakeSys::new(tree.clone());
        let (turns, record) = run(&mut sys, &config, &record, &accounts);
        let told = |again: &[_]| {
            let declared: Vec<_> = config.entries().map(|(store, e)| (&store.path, e)).collect();
            format!(
                "{:#?}\n{declared:?}\nfirst {:#?}\nsecond {:#?}",
                tree.state(), ends(&turns), ends(again)
            )
        };
        let promises = Promises { before: &tree, config: &config, memory: &memory };
        if let Err(broken) = promises.hold(&sys.tree) {
            prop_assert!(false, "{}\n{:?}\n{}", broken, sys.log, told(&[]));
        }
        let once = sys.tree.clone();
        let (again, second) = run(&mut sys, &config, &record, &accounts);
        prop_assert_eq!(sys.tree.items(), once.items(), "{}", told(&again));
        prop_assert_eq!(&sys.tree.mounts, &once.mounts, "{}", told(&again));
        let bad = |turns: &[_]| -> Vec<String> {
            // Not the reason: what is in place below it now was not, when it was refused first.
            let end = |end: String| end.split_once(": ").map(|(refused, _)| refused.to_owned());
            ends(turns).into_iter().filter_map(end).collect()
        };
        prop_assert_eq!(bad(&turns), bad(&again), "{}", told(&again));
        prop_assert_eq!(second.unfinished, record.unfinished);
    }
}
