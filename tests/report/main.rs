//! `what-will-i-lose` on real trees: the real binary, its text, its JSON, its exit status.
//!
//! Tests whose names begin with `userns_` mount in a mount namespace of their own; where they may not,
//! they say so on standard error.
#![expect(clippy::disallowed_methods, reason = "tests make trees and start the program")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of tests are tests, which clippy.toml does not know of them"
)]

mod aspects;
mod bad_input;
mod compare;
mod engine;
mod faults;
mod hostile;
#[path = "../support/images.rs"]
mod images;
mod json;
mod machine_id;
mod mounts;
mod ncdu;
mod options;
mod paste;
#[path = "../support/program.rs"]
mod program;
mod roots;
#[path = "../support/skip.rs"]
mod skip;
mod subtree;
mod support;
mod text;
mod walk;
