//! Signals, where one would do harm.

use std::io;

use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};

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
