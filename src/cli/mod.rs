//! The programs for people: arguments in, reports and exit statuses out.

pub mod args;
pub mod exit;
pub mod what_will_i_lose;
