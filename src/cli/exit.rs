//! Exit statuses, as diff(1) has them.

use std::io;
use std::process::ExitCode;

use crate::sys::privilege::{Need, drop_others, is_root};

/// How a program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// Nothing would be lost.
    Clean = 0,
    /// Something would be lost.
    Loss = 1,
    /// It cannot be told, or not wholly: a bad configuration, a gap, a root that cannot be read.
    Trouble = 2,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status as u8)
    }
}

/// Ends the program `name`: an error is printed once, with all its causes.
///
/// When nobody reads the output any more, as behind `head`, nothing is printed; but what was not
/// written was not told, so it does not end as if nothing would be lost.
#[must_use]
pub fn end(name: &str, result: anyhow::Result<ExitStatus>) -> ExitCode {
    match result {
        Ok(status) => status.into(),
        Err(error) if is_broken_pipe(&error) => ExitStatus::Trouble.into(),
        Err(error) => {
            let why = format!("{error:#}");
            complain(name, &format!("{why}{}", denied(&why, is_root())));
            ExitStatus::Trouble.into()
        }
    }
}

/// The cure where `why` is that something was not allowed, and root may do it; otherwise nothing.
#[must_use]
pub fn denied(why: &str, is_root: bool) -> &'static str {
    // EPERM and EACCES.
    let is_denied = ["(os error 1)", "(os error 13)"].iter().any(|error| why.contains(error));
    if is_denied && !is_root { "; run as root" } else { "" }
}

/// Gives up every privilege that looking does not need, before anything is looked at.
pub fn look_only(name: &str) {
    if let Err(problem) = drop_others(Need::Look) {
        complain(name, &problem.to_string());
    }
}

/// Prints a sentence to standard error, where talk goes.
pub fn complain(name: &str, sentence: &str) {
    eprintln!("{name}: {sentence}");
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let is = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    };
    error.chain().any(is)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn a_broken_pipe_is_found_behind_its_context_and_ends_as_trouble() {
        let broken = || Err::<ExitStatus, _>(io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(is_broken_pipe(&broken().context("cannot write the report").unwrap_err()));
        assert!(!is_broken_pipe(&anyhow::anyhow!("broken pipe")));
        let shown = |code: ExitCode| format!("{code:?}");
        let trouble = shown(ExitStatus::Trouble.into());
        assert_eq!(shown(end("test", broken().context("cannot write the report"))), trouble);
        assert_ne!(shown(ExitStatus::Clean.into()), trouble);
    }
}
