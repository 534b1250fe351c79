//! The second process: a user who swaps everything in directories of her own in a tight loop.
//!
//! All she swaps with lies ready as props: a swap is one system call, so it comes at any moment. Nothing
//! is ever removed, so whatever was read out of a place that is not hers is found in the end.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::town::{ALICE, Town};

/// Where she works; only the process that attacks has it.
const ATTACK: &str = "BLANKSLATE_TEST_ATTACK";

/// What she swaps with, beside what the names stand for.
const PROPS: [&str; 9] =
    ["to-victim", "to-secret", "to-key", "fifo", "full", "empty", "file", "hard", "roots"];

/// The names that entries have, in the home and in `.config`.
const ENTRIES: [&str; 6] = ["data", ".profile", "app", "app.conf", "deep", "of-root"];

/// The names that the program uses for what waits to appear, and for what was set aside.
const OURS: [&str; 5] = [
    ".blankslate-new-0",
    ".blankslate-new-1",
    ".blankslate-adopted-0",
    ".blankslate-adopted-1",
    ".blankslate-adopting",
];

/// How many things that were swapped away lie ready to come back.
const SLOTS: u64 = 48;

pub struct Attacker {
    child: Child,
    stop: PathBuf,
}

impl Attacker {
    /// Starts it as alice, in her home and in what the store keeps of it.
    pub fn start(town: &Town) -> Self {
        // Wherever this program lies, she may start it from here.
        let program = town.top.join("attacker");
        fs::write(&program, "").unwrap();
        let this = std::env::current_exe().unwrap();
        let bound = Command::new("mount").arg("--bind").arg(this).arg(&program).status().unwrap();
        assert!(bound.success());
        let id = ALICE.to_string();
        let child = Command::new("setpriv")
            .args(["--reuid", &id, "--regid", &id, "--clear-groups", "--inh-caps", "-all", "--"])
            .arg(&program)
            .args(["--exact", "attacks::attacker::the_other_process", "--nocapture"])
            .env(ATTACK, &town.root)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self { child, stop: town.top.join("stop") }
    }

    /// Ends it; returns how many rounds it made, and how many of them changed something.
    pub fn stop(mut self) -> (u64, u64) {
        fs::write(&self.stop, "").unwrap();
        let mut said = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(self.child.wait().unwrap().success(), "{said}");
        let count = |key: &str| -> u64 {
            let (_, rest) = said.split_once(key).unwrap();
            rest.split_whitespace().next().unwrap().parse().unwrap()
        };
        (count("rounds="), count("changes="))
    }
}

#[test]
fn the_other_process() {
    let Some(root) = std::env::var_os(ATTACK).map(PathBuf::from) else { return };
    assert!(fs::read_dir(root.join("etc/secret")).is_err(), "she is root");
    let homes = [root.join("home/alice"), root.join("persist/home/alice")];
    let mut attack = Attack { state: 0x9e37_79b9_7f4a_7c15, changes: 0 };
    let mut rounds = 0_u64;
    while !rounds.is_multiple_of(64) || !root.join("../stop").exists() {
        let home = &homes[attack.pick(2)];
        attack.round(home);
        rounds += 1;
        // Without a rest root never gets beyond the first look.
        if rounds % 4096 > 4032 {
            std::thread::sleep(Duration::from_micros(attack.pick(1000) as u64));
        }
    }
    println!("rounds={rounds} changes={} ", attack.changes);
}

struct Attack {
    state: u64,
    changes: u64,
}

impl Attack {
    /// A number below `below`, by chance.
    fn pick(&mut self, below: u64) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state % below).unwrap()
    }

    fn round(&mut self, home: &Path) {
        let config = home.join(".config");
        let dir = if self.pick(2) == 0 { home } else { &config };
        let name = dir.join(ENTRIES[self.pick(6)]);
        let prop = dir.join(PROPS[self.pick(9)]);
        let slot = dir.join(format!("slot-{}", self.pick(SLOTS)));
        match self.pick(18) {
            // The directory above: away and back, or for something else and back.
            0..4 => {
                let other = home.join(PROPS[self.pick(7)]);
                self.swap(&config, &other);
                self.swap(&config, &other);
            }
            4 | 5 => {
                self.moved(&config, &home.join("away"));
                self.moved(&home.join("away"), &config);
            }
            6..9 => {
                self.swap(&name, &prop);
                self.swap(&name, &prop);
            }
            9 => self.swap(&name, &prop),
            10 => self.swap(&name, &slot),
            11 => self.moved(&name, &slot),
            12 => self.moved(&slot, &name),
            13 => {
                let ours = dir.join(OURS[self.pick(5)]);
                self.swap(&ours, &prop);
                self.moved(&name, &ours);
            }
            14 => {
                let ours = dir.join(OURS[self.pick(5)]);
                self.moved(&ours, &slot);
                let mode = [0o700, 0o777, 0, 0o4755, 0o2770][self.pick(5)];
                let _ = fs::set_permissions(&slot, fs::Permissions::from_mode(mode));
            }
            15 | 16 => {
                // Within what is adopted, a file or directory for a symlink.
                let (one, other) = [("f", "to-key"), ("d", "to-victim")][self.pick(2)];
                for _ in 0..64 {
                    self.swap(&name.join(one), &name.join(other));
                }
            }
            _ => self.tidy(home, dir, &slot),
        }
    }

    fn swap(&mut self, one: &Path, other: &Path) {
        let swapped = renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE);
        self.changes += u64::from(swapped.is_ok());
    }

    fn moved(&mut self, from: &Path, to: &Path) {
        let moved = renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE);
        self.changes += u64::from(moved.is_ok());
    }

    /// Makes what is missing: now and then, or hardly anything would be there to be adopted.
    fn tidy(&mut self, home: &Path, dir: &Path, slot: &Path) {
        if !home.join(".config").symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
            self.moved(&home.join(".config"), slot);
            let _ = fs::create_dir(home.join(".config"));
        }
        if self.pick(8) > 0 {
            return;
        }
        // As many steps up as lead to the root.
        let depth = dir.components().rev().take_while(|name| name.as_os_str() != "root").count();
        let up = "../".repeat(depth);
        let _ = symlink(format!("{up}victim"), dir.join("to-victim"));
        let _ = symlink(format!("{up}etc/secret"), dir.join("to-secret"));
        let _ = symlink(format!("{up}victim/key"), dir.join("to-key"));
        let _ = nix::unistd::mkfifo(&dir.join("fifo"), nix::sys::stat::Mode::S_IRWXU);
        let _ = fs::create_dir(dir.join("empty"));
        let _ = fs::hard_link(format!("{up}victim/key"), dir.join("hard"));
        let _ = fs::File::create_new(dir.join("file"));
        let _ = fs::hard_link(dir.join("file"), slot);
        if fs::create_dir(dir.join("full")).is_ok() {
            let _ = symlink(format!("{up}../victim"), dir.join("full/app"));
            let _ = fs::create_dir(dir.join("full/data"));
            let _ = fs::write(dir.join("full/data/f"), "alice's");
            let _ = fs::write(dir.join("full/app.conf"), "alice's");
        }
        let name = dir.join(ENTRIES[self.pick(6)]);
        match self.pick(4) {
            0 => drop(
                fs::File::create_new(name)
                    .and_then(|mut file| std::io::Write::write_all(&mut file, b"alice's")),
            ),
            1 => drop(fs::create_dir(name)),
            _ if fs::create_dir(&name).is_ok() => {
                let _ = fs::write(name.join("f"), "alice's");
                let _ = fs::create_dir(name.join("d"));
                let _ = symlink(format!("{up}../victim/key"), name.join("to-key"));
                let _ = symlink(format!("{up}../victim"), name.join("to-victim"));
            }
            _ => {}
        }
    }
}
