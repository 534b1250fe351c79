//! config → observe → plan → apply: what the host declares, and where it ends up.
//!
//! Looking comes first and changes nothing; the plan is pure and has no step that removes data;
//! applying it goes step by step and tells what became of each.

pub mod accounts;
pub mod apply;
pub mod create;
pub mod forget;
pub mod machine_id;
pub mod observe;
pub mod paste;
pub mod place;
pub mod plan;
pub mod record;
pub mod rescue;
pub mod rewriters;
pub mod session;
pub mod state;
#[cfg(feature = "cli")]
pub mod strays;
pub mod tell;
