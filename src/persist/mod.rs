//! config → observe → plan → apply: what the host declares, and where it ends up.
//!
//! Looking comes first and changes nothing; the plan is pure and has no step that removes data;
//! applying it goes step by step and tells what became of each.

pub mod apply;
pub mod observe;
pub mod plan;
pub mod record;
