//! The programs for people: arguments in, reports and exit statuses out.

pub mod amounts;
pub mod args;
pub mod commands;
pub mod exit;
pub mod explain;
pub mod place;
pub mod plan;
mod progress;
pub mod status;
mod typed;
pub mod what_will_i_lose;
