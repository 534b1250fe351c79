//! Putting entries in place: on a system in memory that can fail at any call, and on real mounts.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod create;
mod fake;
mod faults;
mod flags;
mod kept_id;
mod layouts;
mod machine_id;
#[path = "../support/namespace.rs"]
mod namespace;
mod owners;
mod plans;
mod promises;
mod properties;
mod real;
mod records;
mod rescue;
mod setup;
mod undeclared;
#[path = "../support/unmount.rs"]
mod unmount;
mod waiting;
