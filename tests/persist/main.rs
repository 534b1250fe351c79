//! Putting entries in place: on a fake that can fail at any call, and on real mounts.
#![allow(missing_docs, reason = "tests")]

mod fake;
mod faults;
mod plans;
mod real;
