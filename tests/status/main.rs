//! `blankslate status` and `blankslate check`, the real program on records of boots and on real mounts.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::type_complexity,
    reason = "tests"
)]

mod golden;
mod host;
#[path = "../support/namespace.rs"]
mod namespace;
#[path = "../support/program.rs"]
mod program;
mod real;
mod records;
mod roots;
#[path = "../support/unmount.rs"]
mod unmount;
mod wrong;
