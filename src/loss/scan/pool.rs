//! What the threads of a scan have in common: what is to be done, and how much was found and not told.
//!
//! Work is taken from the end at which it is put in, so that a scan is deep before it is wide: what is
//! told next is looked at next, and few directories are open at a time. Nobody waits for a thread that
//! waits: only what a thread has begun with is waited for, and it needs nobody to go on.

use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::pair::Work;
use super::sum::{Count, Piece, Uncounted};
use crate::loss::{Change, Extent, Gap, Sum};

/// How many bytes of what was found may wait to be told before nobody looks ahead any more.
const AHEAD: usize = 8 * 1024 * 1024;

/// Something that was found.
#[derive(Debug)]
pub(super) enum Event {
    Change(Change),
    Gap(Gap),
    /// All that is found in a directory, or in a part of a large one.
    Inner(Arc<Task>),
    /// A change with what lies below it in one number.
    Sum(Change, fn(Sum) -> Extent, Arc<Count>),
}

/// What a look at a directory comes to.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) events: Vec<Event>,
    /// The tops of what is to be summed up.
    pub(super) sums: Vec<Uncounted>,
}

/// A directory that has to be looked at, or a part of it.
#[derive(Debug)]
pub(super) struct Task(Mutex<Slot>);

#[derive(Debug)]
enum Slot {
    Waiting(Work),
    Begun,
    /// With the bytes that it takes up.
    Done(Vec<Event>, usize),
}

/// What becomes of a task that is needed now.
#[derive(Debug)]
pub(super) enum Claim {
    Begin(Work),
    Begun,
    Done(Vec<Event>, usize),
}

impl Task {
    pub(super) fn new(work: Work) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Slot::Waiting(work))))
    }

    pub(super) fn claim(&self) -> Claim {
        let mut slot = lock(&self.0);
        match mem::replace(&mut *slot, Slot::Begun) {
            Slot::Waiting(work) => Claim::Begin(work),
            Slot::Begun => Claim::Begun,
            Slot::Done(events, weight) => Claim::Done(events, weight),
        }
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(*lock(&self.0), Slot::Done(..))
    }

    fn begin(&self) -> Option<Work> {
        let mut slot = lock(&self.0);
        match mem::replace(&mut *slot, Slot::Begun) {
            Slot::Waiting(work) => Some(work),
            other => {
                *slot = other;
                None
            }
        }
    }

    fn is_waiting(&self) -> bool {
        matches!(*lock(&self.0), Slot::Waiting(_))
    }
}

/// Something to do.
#[derive(Debug)]
pub(super) enum Job {
    Look(Arc<Task>, Work),
    Count(Piece),
}

/// What is to be done.
#[derive(Debug, Default)]
pub(super) struct Pool {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    looks: Vec<Arc<Task>>,
    counts: Vec<Uncounted>,
    /// Bytes of what was found ahead.
    ahead: usize,
    asleep: usize,
    is_over: bool,
}

impl State {
    /// Counting comes first: somebody waits for the number, and it takes no memory.
    fn take(&mut self) -> Option<Job> {
        if let Some(last) = self.counts.last_mut() {
            let piece = last.next();
            if last.is_empty() {
                self.counts.pop();
            }
            return piece.map(Job::Count);
        }
        if self.ahead > AHEAD {
            return None;
        }
        while let Some(task) = self.looks.pop() {
            if let Some(work) = task.begin() {
                return Some(Job::Look(task, work));
            }
        }
        None
    }

    /// In reverse, so that what is told first is taken first.
    fn push(&mut self, events: &[Event], sums: Vec<Uncounted>) {
        // Whoever tells does not wait for its turn: what it has taken lies at the end.
        while self.looks.last().is_some_and(|task| !task.is_waiting()) {
            self.looks.pop();
        }
        let tasks = events.iter().rev().filter_map(|event| match event {
            Event::Inner(task) => Some(Arc::clone(task)),
            Event::Change(_) | Event::Gap(_) | Event::Sum(..) => None,
        });
        self.looks.extend(tasks);
        self.counts.extend(sums.into_iter().rev());
    }
}

impl Pool {
    /// Something to do for a thread that does nothing else; nothing when all is over.
    pub(super) fn next_job(&self) -> Option<Job> {
        self.job(|state| state.is_over)
    }

    /// Something to do for the thread that waits until something is ready; nothing when it is.
    pub(super) fn job_until(&self, is_ready: impl Fn() -> bool) -> Option<Job> {
        self.job(|_| is_ready())
    }

    fn job(&self, is_ready: impl Fn(&State) -> bool) -> Option<Job> {
        let mut state = lock(&self.state);
        loop {
            if is_ready(&state) {
                return None;
            }
            if let Some(job) = state.take() {
                return Some(job);
            }
            state.asleep += 1;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.asleep -= 1;
        }
    }

    /// Keeps what was found ahead until it is told.
    pub(super) fn publish(&self, task: &Task, found: Found) {
        let weight = found.events.iter().map(weight).sum();
        let mut state = lock(&self.state);
        state.push(&found.events, found.sums);
        state.ahead += weight;
        *lock(&task.0) = Slot::Done(found.events, weight);
        self.wake(state);
    }

    /// Hands out the work in what was found by the thread that tells, and returns what it is to tell.
    pub(super) fn spread(&self, found: Found) -> Vec<Event> {
        let mut state = lock(&self.state);
        state.push(&found.events, found.sums);
        self.wake(state);
        found.events
    }

    /// What was found ahead is told now.
    pub(super) fn taken(&self, weight: usize) {
        let mut state = lock(&self.state);
        let was_full = state.ahead > AHEAD;
        state.ahead -= weight.min(state.ahead);
        if was_full {
            self.wake(state);
        }
    }

    /// One directory more was counted, and those in it are to be.
    pub(super) fn counted(&self, count: &Count, inner: Option<Uncounted>) {
        let mut state = lock(&self.state);
        let found = inner.as_ref().map_or(0, Uncounted::len);
        state.counts.extend(inner);
        if count.finish_one(found) || found > 1 {
            self.wake(state);
        }
    }

    pub(super) fn end(&self) {
        let mut state = lock(&self.state);
        state.is_over = true;
        self.wake(state);
    }

    fn wake(&self, state: MutexGuard<State>) {
        let is_awaited = state.asleep > 0;
        drop(state);
        if is_awaited {
            self.changed.notify_all();
        }
    }
}

/// How many bytes something found takes up, about.
fn weight(event: &Event) -> usize {
    let text = match event {
        Event::Change(change) | Event::Sum(change, ..) => change.path.as_bytes().len(),
        Event::Gap(gap) => gap.path.as_bytes().len() + gap.error.len(),
        Event::Inner(_) => 0,
    };
    size_of::<Event>() + text
}

/// Locks; a thread that panicked with the lock takes the whole program with it anyway.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::HostPath;

    fn gap(bytes: usize) -> Event {
        Event::Gap(Gap { path: HostPath::root(), error: "x".repeat(bytes) })
    }

    fn task(state: &mut State) -> Arc<Task> {
        let task = Task::new(Work::nothing());
        state.looks.push(Arc::clone(&task));
        task
    }

    #[test]
    fn nobody_looks_ahead_while_too_much_waits_to_be_told() {
        let pool = Pool::default();
        let (first, second) = {
            let mut state = lock(&pool.state);
            (task(&mut state), task(&mut state))
        };
        let Some(Job::Look(begun, _)) = pool.job_until(|| false) else { panic!("nothing to do") };
        assert!(Arc::ptr_eq(&begun, &second));
        pool.publish(&begun, Found { events: vec![gap(AHEAD)], sums: Vec::new() });
        assert!(lock(&pool.state).take().is_none());
        let Claim::Done(events, weight) = second.claim() else { panic!("not done") };
        assert_eq!(events.len(), 1);
        pool.taken(weight);
        assert!(
            matches!(lock(&pool.state).take(), Some(Job::Look(task, _)) if Arc::ptr_eq(&task, &first))
        );
        assert_eq!(lock(&pool.state).ahead, 0);
    }

    #[test]
    fn what_was_claimed_by_who_tells_is_not_kept_in_the_queue() {
        let pool = Pool::default();
        let first = task(&mut lock(&pool.state));
        assert!(matches!(first.claim(), Claim::Begin(_)));
        assert!(matches!(first.claim(), Claim::Begun));
        pool.spread(Found::default());
        assert!(lock(&pool.state).looks.is_empty());
        assert!(lock(&pool.state).take().is_none());
    }
}
