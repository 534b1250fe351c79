//! Copying trees and comparing them: everything is taken along, and nothing else.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod differences;
mod discards;
mod fidelity;
mod hostile;
#[path = "../support/images.rs"]
mod images;
mod limits;
#[path = "../support/namespace.rs"]
mod namespace;
mod random;
#[path = "../support/skip.rs"]
mod skip;
mod support;
mod times;
