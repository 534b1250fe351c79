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
#[path = "../support/images.rs"]
mod images;
mod making;
mod mounts;
#[path = "../support/namespace.rs"]
mod namespace;
mod races;
mod roots;
#[path = "../support/skip.rs"]
mod skip;
mod staging;
mod support;
mod writers;
