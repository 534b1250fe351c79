//! What is told of a copy: how far it has come, and what it could not take along.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::IFlags;

use super::file::Settled;
use super::share::lock;
use super::time::Held;
use super::{Copied, Progress, Watch, flags};
use crate::human::count;
use crate::path::HostPath;

pub(super) struct Tally<'t> {
    watch: Watch<'t>,
    things: AtomicU64,
    bytes: AtomicU64,
    copied: Mutex<Copied>,
    /// Which flags could not be set, and where first.
    unset: Mutex<(IFlags, Option<HostPath>)>,
    /// Of which the time could not be held: the first of them, and how many more.
    times: Mutex<Vec<(Held, HostPath, u64)>>,
}

impl<'t> Tally<'t> {
    pub(super) fn new(watch: Watch<'t>) -> Self {
        Self {
            watch,
            things: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            copied: Mutex::default(),
            unset: Mutex::new((IFlags::empty(), None)),
            times: Mutex::default(),
        }
    }

    /// So much more was copied.
    pub(super) fn tell(&self, things: u64, bytes: u64) {
        let things = self.things.fetch_add(things, Ordering::Relaxed) + things;
        let bytes = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        (self.watch)(Progress { things, bytes });
    }

    /// A socket was left out.
    pub(super) fn socket(&self, path: HostPath) {
        lock(&self.copied).sockets.push(path);
    }

    /// A file has got what it gets last, or not.
    pub(super) fn settled(&self, settled: Settled, is_nosuid: bool) {
        let Some(path) = settled.path else { return };
        if settled.is_unprivileged {
            let why = if is_nosuid {
                "where it lies, it does not either (nosuid)"
            } else {
                "it is also linked from elsewhere, and belongs to another user than its directory"
            };
            lock(&self.copied).notes.push(format!(
                "{path} no longer lets whoever starts it act as somebody else: {why}"
            ));
        }
        self.leave_out(settled.unset, || path);
    }

    /// Flags could not be set there.
    pub(super) fn leave_out(&self, unset: IFlags, path: impl FnOnce() -> HostPath) {
        if !unset.is_empty() {
            let mut all = lock(&self.unset);
            all.0 |= unset;
            all.1.get_or_insert_with(path);
        }
    }

    /// That has become of the time of what lies there. Anybody can make as many of them as he likes, so no
    /// more than the first is named.
    pub(super) fn time(&self, held: Held, path: impl FnOnce() -> HostPath) {
        if held == Held::Exactly {
            return;
        }
        let mut times = lock(&self.times);
        match times.iter_mut().find(|(first, ..)| *first == held) {
            Some((_, _, more)) => *more += 1,
            None => times.push((held, path(), 0)),
        }
    }

    /// Returns what was copied, and which flags could not be set somewhere.
    pub(super) fn end(&self) -> (Copied, IFlags) {
        let mut copied = std::mem::take(&mut *lock(&self.copied));
        let (unset, first) = lock(&self.unset).clone();
        if let Some(path) = first {
            let words = flags::words(unset);
            copied.notes.push(format!("file flags were left out ({words}), first at {path}"));
        }
        copied.notes.extend(lock(&self.times).iter().filter_map(time_note));
        copied.sockets.sort_unstable();
        copied.notes.sort_unstable();
        copied.total = Progress {
            things: self.things.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        };
        (copied, unset)
    }
}

fn time_note((held, path, more): &(Held, HostPath, u64)) -> Option<String> {
    let what = match held {
        Held::Exactly | Held::Not => return None,
        Held::Cut => "is kept there in whole seconds",
        Held::Earliest => {
            "is too early to be kept there: the copy has the earliest that it can have"
        }
        Held::Latest => "is too late to be kept there: the copy has the latest that it can have",
    };
    let more = if *more == 0 { String::new() } else { format!(", and of {} more,", count(*more)) };
    Some(format!("the time of modification of {path}{more} {what}"))
}
