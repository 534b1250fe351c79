//! The entries of one directory, shared by two threads.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

/// With fewer entries a second thread costs more than it saves.
const WORTH_A_THREAD: usize = 8;

/// Handles the items one after the other, on two threads where they are many, until one stops it.
/// Returns the first that did, with its number.
pub(super) fn share<T: Sync, R: Send>(
    items: &[T],
    handle: impl Fn(&T) -> Result<(), R> + Sync,
) -> Result<(), (usize, R)> {
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        while !stopped.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let item = items.get(number)?;
            if let Err(reason) = handle(item) {
                stopped.store(true, Ordering::Relaxed);
                return Some((number, reason));
            }
        }
        None
    };
    let reasons = thread::scope(|scope| {
        let second = (items.len() >= WORTH_A_THREAD)
            .then(|| thread::Builder::new().spawn_scoped(scope, work));
        let mine = work();
        // Without a second thread the first has done everything.
        let second = second.and_then(Result::ok).and_then(|second| {
            second.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        [mine, second]
    });
    // Whoever stopped last may hold the smaller number.
    let first = reasons.into_iter().flatten().min_by_key(|(number, _)| *number);
    first.map_or(Ok(()), Err)
}

/// Locks; a thread that panicked with the lock takes the whole program with it anyway.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
