//! Somebody who owns the directory above renames and swaps what is in it all the while.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use blankslate::sys::{Meta, Place, Sys};

use crate::support::{
    dir, id_at, in_namespaces, meta, mountinfo, names, owned, path, sys, user, watch, write,
};

const ROUNDS: usize = 3000;

/// What must not change: a directory outside, with a directory and a file that look just like what is
/// worked on.
struct Outside(PathBuf);

impl Outside {
    fn new(root: &Path) -> Self {
        let outside = dir(root, "outside", 0, 0o755);
        dir(&outside, "t", 0, 0o700);
        write(&outside, "f", "");
        symlink("/x", outside.join("l")).unwrap();
        let outside = Self(outside);
        outside.check();
        outside
    }

    fn check(&self) {
        assert_eq!(names(&self.0), ["f", "l", "t"]);
        assert!(names(&self.0.join("t")).is_empty());
        assert_eq!(owned(&self.0.join("t")), (0, 0, 0o700));
        assert_eq!(owned(&self.0.join("f")), (0, 0, 0o644));
        assert_eq!(fs::read(self.0.join("f")).unwrap(), b"");
        assert_eq!(fs::read_link(self.0.join("l")).unwrap(), Path::new("/x"));
    }
}

/// Works while another thread swaps `a/b`, a directory, for a symlink to the outside and back, and in
/// it the names `t` and `other`. `work` tells whether it succeeded; it has to, now and then.
fn against_swaps(root: &Path, mut work: impl FnMut(&Path, usize) -> bool) {
    let outside = Outside::new(root);
    let above = dir(root, "a", user(), 0o755);
    let (here, away, link) = (above.join("b"), above.join("away"), above.join("link"));
    dir(root, "a/b", user(), 0o755);
    symlink(&outside.0, &link).unwrap();
    let is_done = AtomicBool::new(false);
    let swaps = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                let _ = fs::rename(&here, &away).and_then(|()| fs::rename(&link, &here));
                swaps.fetch_add(usize::from(here.is_symlink()), Ordering::Relaxed);
                let _ = fs::rename(&here, &link).and_then(|()| fs::rename(&away, &here));
                let _ = fs::rename(here.join("t"), here.join("other"));
                let _ = fs::rename(here.join("other"), here.join("t"));
            }
        });
        let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let (mut round, mut done) = (0, 0);
            // On a busy machine the other thread may stop where nothing can succeed.
            let is_raced = |done: usize| done >= 10 && swaps.load(Ordering::Relaxed) > 100;
            while round < ROUNDS || !is_raced(done) && round < 1000 * ROUNDS {
                done += usize::from(work(&here, round));
                round += 1;
            }
            assert!(done >= 10, "{done}");
        }));
        is_done.store(true, Ordering::Relaxed);
        worked.unwrap();
    });
    assert!(swaps.into_inner() > 100);
    outside.check();
}

in_namespaces! {
    fn userns_nothing_is_made_outside(root: &Path) {
        let mut sys = sys(root);
        against_swaps(root, |_, round| {
            let at = path(&format!("/a/b/made-{}", round % 50));
            let result = match round % 3 {
                0 => sys.make_dir(&at, meta(0o755)),
                1 => sys.make_file(&at, meta(0o644)),
                _ => sys.symlink(&at, &path("/x")),
            };
            result.is_ok()
        });
    }

    fn userns_nothing_outside_is_given_away(root: &Path) {
        let mut sys = sys(root);
        let (from, to) = (meta(0o700), Meta { uid: user(), gid: user(), mode: 0o777 });
        against_swaps(root, |here, _| {
            if fs::symlink_metadata(here).is_ok_and(|m| m.is_dir()) {
                // By the descriptor, as the owner of the directory could.
                let mut inside = crate::support::sys(root);
                let _ = inside.make_dir(&path("/a/b/t"), from);
            }
            sys.own(&path("/a/b/t"), id_at(root, "/a/b/t"), from, to).is_ok()
        });
    }

    fn userns_no_symlink_outside_is_taken_away(root: &Path) {
        let mut sys = sys(root);
        against_swaps(root, |_, _| {
            let at = path("/a/b/l");
            let _ = sys.symlink(&at, &path("/x"));
            sys.unlink(&at, &path("/x")).is_ok()
        });
    }

    fn userns_nothing_outside_is_set_aside_and_no_data_is_lost(root: &Path) {
        let mut sys = sys(root);
        against_swaps(root, |_, round| {
            let at = path("/a/b/t");
            let made = sys.make_dir(&at, meta(0o755));
            if made.is_ok() {
                let _ = sys.make_file(&path(&format!("/a/b/t/data-{round}")), meta(0o600));
            }
            let place = match round % 3 {
                0 => Place::Directory(meta(0o755)),
                1 => Place::File(meta(0o600)),
                _ => Place::Symlink(path("/x")),
            };
            let is_done = sys.set_aside(&at, id_at(root, "/a/b/t"), &place).is_ok();
            // As many as there can be are kept; the rest is not what this is about.
            if round % 100 == 99 {
                for base in ["a/b", "a/away"] {
                    let Ok(entries) = fs::read_dir(root.join(base)) else { continue };
                    for entry in entries.flatten() {
                        let name = entry.file_name();
                        if name.to_string_lossy().starts_with(".blankslate-") {
                            let there = entry.path();
                            let _ = fs::remove_dir_all(&there).or_else(|_| fs::remove_file(&there));
                        }
                    }
                }
            }
            is_done
        });
    }

    fn userns_nothing_is_published_outside(root: &Path) {
        write(root, "data/x", "x");
        write(root, "file", "x");
        let mut sys = sys(root);
        against_swaps(root, |_, round| {
            let from = path(if round % 2 == 0 { "/data" } else { "/file" });
            // Of every kind, and over what is empty as well.
            let at = path(&format!("/a/b/published-{}", round % 500));
            if round % 4 > 1 {
                let _ = match round % 2 {
                    0 => sys.make_dir(&at, meta(0o755)),
                    _ => sys.make_file(&at, meta(0o644)),
                };
            }
            // A copy takes its time.
            if round % 3 > 0 || sys.stage(&from, &at, &watch).is_err() {
                return false;
            }
            let is_done = sys.publish(&at).is_ok();
            sys.discard(&at).unwrap();
            is_done
        });
        assert_eq!(names(root), ["a", "data", "file", "outside"]);
    }

    fn userns_nothing_is_mounted_or_unmounted_outside(root: &Path) {
        write(root, "store/x", "x");
        let mut sys = sys(root);
        let shows = crate::support::seen(&sys, "/store").id;
        let before = mountinfo();
        against_swaps(root, |_, _| {
            let at = path("/a/b/m");
            let _ = sys.make_dir(&at, meta(0o755));
            let is_done = sys.bind(&path("/store"), &at).is_ok();
            assert!(!is_done || (0..1_000_000).any(|_| sys.unbind(&at, shows).is_ok()));
            is_done
        });
        assert_eq!(mountinfo(), before);
    }

    fn userns_a_program_that_replaces_the_target_meanwhile_loses_nothing(root: &Path) {
        let home = dir(root, "h", user(), 0o755);
        chown(&home, Some(user()), Some(user())).unwrap();
        let is_done = AtomicBool::new(false);
        let written = thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let mut written = 0;
                // At least one, however late this thread gets its turn.
                while written == 0 || !is_done.load(Ordering::Relaxed) {
                    let fresh = write(root, &format!("h/fresh-{written}"), &written.to_string());
                    fs::rename(fresh, home.join("t")).unwrap();
                    written += 1;
                    thread::yield_now();
                }
                written
            });
            let mut sys = sys(root);
            for _ in 0..ROUNDS / 10 {
                let _ = sys.set_aside(&path("/h/t"), id_at(root, "/h/t"), &Place::Symlink(path("/x")));
                let _ = sys.unlink(&path("/h/t"), &path("/x"));
            }
            is_done.store(true, Ordering::Relaxed);
            writer.join().unwrap()
        });
        // The last one that was written is there, wherever it was set aside to.
        let last = (written - 1).to_string();
        let texts: Vec<_> = names(&home)
            .into_iter()
            .map(|name| (fs::read_to_string(home.join(&name)).unwrap_or_default(), name))
            .collect();
        let newest = texts.iter().max_by_key(|(text, _)| text.parse::<u64>().unwrap_or_default());
        assert!(texts.iter().any(|(text, _)| *text == last), "{last}: {newest:?} of {texts:?}");
    }

    fn userns_what_is_written_to_a_place_while_a_copy_is_published_stays_there(root: &Path) {
        write(root, "copy", "copy");
        let both = Barrier::new(2);
        let mut published = 0;
        thread::scope(|scope| {
            scope.spawn(|| {
                for round in 0..ROUNDS / 10 {
                    let fresh = write(root, "s/fresh", "precious");
                    both.wait();
                    for _ in 0..round * 370 % 5000 {
                        std::hint::spin_loop();
                    }
                    fs::rename(fresh, root.join("s/f")).unwrap();
                    both.wait();
                }
            });
            let mut sys = sys(root);
            let at = path("/s/f");
            for _ in 0..ROUNDS / 10 {
                write(root, "s/f", "");
                sys.stage(&path("/copy"), &at, &watch).unwrap();
                both.wait();
                let result = sys.publish(&at);
                both.wait();
                // Before or after, it was written over what was empty, or over the copy.
                let text = fs::read_to_string(root.join("s/f"));
                if text.as_ref().is_ok_and(|text| text == "precious") {
                    published += usize::from(result.is_ok());
                    sys.discard(&at).unwrap();
                    continue;
                }
                eprintln!("{text:?} after {result:?}: {:?}", names(&root.join("s")));
                std::process::exit(1);
            }
        });
        assert!(published > 0 && published < ROUNDS / 10, "{published}");
    }

    fn userns_what_is_written_over_a_symlink_while_it_is_taken_away_stays(root: &Path) {
        let both = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                for round in 0..ROUNDS {
                    let fresh = write(root, "s/fresh", "precious");
                    both.wait();
                    for _ in 0..round * 7 % 1500 {
                        std::hint::spin_loop();
                    }
                    fs::rename(fresh, root.join("s/l")).unwrap();
                    both.wait();
                }
            });
            let mut sys = sys(root);
            dir(root, "s", 0, 0o755);
            for _ in 0..ROUNDS {
                symlink("/x", root.join("s/l")).unwrap();
                both.wait();
                let result = sys.unlink(&path("/s/l"), &path("/x"));
                both.wait();
                let text = fs::read_to_string(root.join("s/l"));
                if !text.as_ref().is_ok_and(|text| text == "precious") {
                    eprintln!("{text:?} after {result:?}: {:?}", names(&root.join("s")));
                    std::process::exit(1);
                }
                fs::remove_file(root.join("s/l")).unwrap();
            }
        });
    }
}
