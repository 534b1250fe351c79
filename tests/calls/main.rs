//! Every call of `Sys` on a real kernel, sentence by sentence of its contract.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod accounts;
mod aside;
mod devices;
mod making;
mod mounts;
#[path = "../support/namespace.rs"]
mod namespace;
mod races;
mod roots;
mod staging;
mod support;
mod writers;
