//! What a machine cannot do is not tested on it, and that is said.

use std::io::{self, Write as _};

/// Says that a test could not be made, for want of a program that can be installed, or of root.
///
/// # Panics
/// Where `BLANKSLATE_NO_SKIP` is set, as on a machine that has all there is to have.
#[track_caller]
pub fn skip(why: &str) {
    let is_allowed = std::env::var_os("BLANKSLATE_NO_SKIP").is_none_or(|set| set.is_empty());
    assert!(is_allowed, "this may not be skipped where BLANKSLATE_NO_SKIP is set: {why}");
    unable(why);
}

/// Says that a test could not be made, for want of what only another kernel, or its container, could give.
pub fn unable(why: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    // Not eprintln!, which nobody sees of a test that passes.
    let _ = writeln!(io::stderr(), "SKIPPED {test}: {why}");
}
