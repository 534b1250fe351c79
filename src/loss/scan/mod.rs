//! Walks the root beside its blank and tells every difference.
//!
//! In: two open trees. Out, one by one into a [`Sink`]: changes and gaps, in the order of the tree.
//! Nothing is opened by more than one name, nothing is followed, nothing is changed.
//!
//! All processors look at directories; the thread that called tells what they found, and looks itself
//! at what it needs next and nobody has begun with. Who looks ahead waits when too much is found and
//! not yet told, so memory does not grow with the tree: of it there are held the directories that the
//! walk is in, and the names in those.

mod compare;
mod look;
mod names;
mod pair;
mod pool;
mod start;
mod sum;
mod trail;

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::vec;

use super::{Change, Extent, Sink};
use crate::path::HostPath;
use crate::sys::tree::ListBuffer;
use compare::Pieces;
use pool::{Claim, Event, Found, Job, Pool, Task};
use sum::Count;

pub use start::{Outside, Trees, start};

/// What the walk has to know of the host.
pub trait Guide: Sync {
    /// What of a new directory can be summed up.
    fn summing(&self, directory: &HostPath) -> Summing;
}

/// What of a directory can be summed up, because all of it comes to the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Summing {
    /// Nothing: what lies in it has to be told apart.
    Not,
    /// All that lies below it, but not the directory itself.
    Contents,
    /// The directory with all that lies below it.
    Tree,
}

/// How many names a scan has looked at until now; any thread may ask.
#[derive(Debug, Default)]
pub struct Seen(AtomicU64);

impl Seen {
    /// The number of names, on the root and in the blank together counted once.
    #[must_use]
    pub fn names(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, names: usize) {
        self.0.fetch_add(names as u64, Ordering::Relaxed);
    }
}

/// Tells `sink` every difference between the root and its blank, and every place that it could not
/// read. Everything is told on the calling thread. The root directory itself is never told of; a
/// directory or file at which a scan was [started](start()) is, if it is a change.
///
/// # Errors
/// Only those of `sink`: whatever cannot be read is a gap.
pub fn scan<S: Sink>(trees: &Trees, guide: &dyn Guide, sink: &mut S) -> Result<(), S::Error> {
    let scan = Scan {
        guide,
        root_mount: trees.root.mount,
        blank_mount: trees.blank.map_or(0, |tree| tree.mount),
        seen: &trees.seen,
        pool: Pool::default(),
    };
    let mut hand = Hand::default();
    thread::scope(|scope| {
        let _end = End(&scan.pool);
        let top = scan.top(trees, &mut hand);
        let others = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS) - 1;
        for _ in 0..others {
            // With fewer threads it takes longer, and that is all.
            if let Err(cause) = thread::Builder::new().spawn_scoped(scope, || scan.work()) {
                tracing::debug!("cannot start a thread: {cause}");
                break;
            }
        }
        scan.tell(top, sink, &mut hand)
    })
}

/// More threads than that only wait for each other and for the disk.
const MOST_THREADS: usize = 16;

/// Lets the threads go, however the telling ends.
struct End<'p>(&'p Pool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// What all threads share.
struct Scan<'s> {
    guide: &'s dyn Guide,
    root_mount: u64,
    blank_mount: u64,
    seen: &'s Seen,
    pool: Pool,
}

/// Room that a thread has for itself.
#[derive(Debug, Default)]
struct Hand {
    buffer: ListBuffer,
    pieces: Pieces,
}

impl Scan<'_> {
    /// What the other threads do.
    fn work(&self) {
        let mut hand = Hand::default();
        while let Some(job) = self.pool.next_job() {
            self.perform(job, &mut hand);
        }
    }

    fn perform(&self, job: Job, hand: &mut Hand) {
        match job {
            Job::Look(task, work) => self.pool.publish(&task, self.look(work, hand)),
            Job::Count(piece) => self.count(piece, hand),
        }
    }

    /// Tells what was found, depth first.
    fn tell<S: Sink>(&self, top: Found, sink: &mut S, hand: &mut Hand) -> Result<(), S::Error> {
        let mut frames = vec![self.pool.spread(top).into_iter()];
        while let Some(frame) = frames.last_mut() {
            let told = match frame.next() {
                Some(Event::Change(change)) => sink.change(change),
                Some(Event::Gap(gap)) => sink.gap(gap),
                Some(Event::Inner(task)) => {
                    frames.push(self.found_in(&task, hand).into_iter());
                    Ok(())
                }
                Some(Event::Sum(change, extent, count)) => {
                    self.tell_sum(change, extent, &count, sink, hand)
                }
                None => {
                    frames.pop();
                    Ok(())
                }
            };
            if told.is_err() {
                let_go(frames);
                return told;
            }
        }
        Ok(())
    }

    fn tell_sum<S: Sink>(
        &self,
        mut change: Change,
        extent: fn(super::Sum) -> Extent,
        count: &Count,
        sink: &mut S,
        hand: &mut Hand,
    ) -> Result<(), S::Error> {
        while let Some(job) = self.pool.job_until(|| count.is_complete()) {
            self.perform(job, hand);
        }
        let (sum, gaps) = count.take();
        change.extent = extent(sum);
        // Nothing below a directory that is told by itself is nothing to tell.
        if matches!(change.extent, Extent::Tree(_)) || sum.files + sum.directories > 0 {
            sink.change(change)?;
        }
        gaps.into_iter().try_for_each(|gap| sink.gap(gap))
    }

    /// What a directory comes to: looked at here if nobody has begun, otherwise waited for while
    /// helping.
    fn found_in(&self, task: &Arc<Task>, hand: &mut Hand) -> Vec<Event> {
        loop {
            match task.claim() {
                Claim::Begin(work) => return self.pool.spread(self.look(work, hand)),
                Claim::Done(events, weight) => {
                    self.pool.taken(weight);
                    return events;
                }
                Claim::Begun => {
                    while let Some(job) = self.pool.job_until(|| task.is_done()) {
                        self.perform(job, hand);
                    }
                }
            }
        }
    }
}

/// Drops what was found and will not be told, one directory after the other: nested in one another
/// they would not fit on the stack.
fn let_go(mut frames: Vec<vec::IntoIter<Event>>) {
    while let Some(frame) = frames.pop() {
        for event in frame {
            if let Event::Inner(task) = event
                && let Claim::Done(events, _) = task.claim()
            {
                frames.push(events.into_iter());
            }
        }
    }
}
