//! The real program on real mounts, stopped, starved and attacked: nothing is lost, nothing leads root
//! astray, and the next run ends where a good one ends.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unnecessary_debug_formatting,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod attacks;
mod faults;
mod host;
#[path = "../support/namespace.rs"]
mod namespace;
#[path = "../support/skip.rs"]
mod skip;
mod together;
