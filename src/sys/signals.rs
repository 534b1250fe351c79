//! Signals, where one would do harm.

use std::io;

use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, raise, sigprocmask};

/// Keeps every signal that can be kept from this process until it ends. OpenZFS stops a channel
/// program whose caller gets a signal, in the middle of what it does; only SIGKILL is left then.
///
/// # Errors
/// The kernel refuses.
pub fn hold_all() -> io::Result<()> {
    Ok(sigprocmask(SigmaskHow::SIG_BLOCK, Some(&SigSet::all()), None)?)
}

/// Whether this is how the kernel says that it stopped a channel program that it had begun: EINTR for
/// a signal, ETIME for the limit of instructions, ENOSPC for the limit of memory.
#[must_use]
pub fn is_stopped_program(cause: &io::Error) -> bool {
    let stopped = [Errno::EINTR, Errno::ETIME, Errno::ENOSPC].map(|errno| errno as i32);
    cause.raw_os_error().is_none_or(|errno| stopped.contains(&errno))
}

/// The signals by which a person ends a program: from the keyboard, by hanging up, by asking.
#[derive(Debug)]
pub struct Endings(SigSet);

/// Holds these signals back from this thread and those that it starts from now on.
///
/// # Errors
/// The kernel refuses.
pub fn hold_endings() -> io::Result<Endings> {
    let set: SigSet = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP].into_iter().collect();
    set.thread_block()?;
    Ok(Endings(set))
}

impl Endings {
    /// Waits for such a signal, calls `tidy`, and lets the signal do what it does: it ends the program,
    /// unless whoever started that had it ignored. Returns only when it cannot wait any longer.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn obey(&self, tidy: &dyn Fn()) -> io::Result<()> {
        loop {
            let signal = self.0.wait()?;
            tidy();
            self.0.thread_unblock()?;
            raise(signal)?;
            self.0.thread_block()?;
        }
    }
}
