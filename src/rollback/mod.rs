//! facts → decide → adopt → decide → roll back: what the pool says, and one atomic act or a refusal.
//!
//! Reading the facts and deciding is pure; only [`decide`](decide::decide) can make the order that
//! [`run`](run::run) takes.

pub mod adoption;
pub mod decide;
pub mod facts;
mod guid;
pub mod receipt;
pub mod resume;
pub mod run;
pub mod situation;
