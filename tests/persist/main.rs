//! Putting entries in place: on a fake that can fail at any call, and on real mounts.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::type_complexity,
    reason = "tests"
)]

mod fake;
mod faults;
mod plans;
mod real;
