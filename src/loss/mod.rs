//! The loss report: what lies on the root, and what becomes of it at the next boot.
//!
//! ```text
//! scan ─ Change ─▶ classify ─ Judged ─▶ report
//! ```
//!
//! [`scan()`] walks and compares, and finds; [`classify()`] and the folding in [`report()`] are pure.
//! Changes are passed on one by one, so memory does not grow with the number of files that end up in
//! one line.

mod accept;
pub mod blank;
mod change;
mod classify;
mod compare;
pub mod facts;
mod fold;
pub mod json;
mod level;
mod names;
mod report;
mod rules;
mod scan;
mod sum;
#[cfg(test)]
mod tests;
pub mod text;

pub use accept::{Accept, BadGlob};
pub use change::{Change, ChangeKind, FileType, Gap, Node, Sink, Sum, Time, scan_order};
pub use classify::{Judged, Keeper, Remark, Verdict, classify};
pub use fold::Fold;
pub use report::{Report, Summary, Tally, Totals, Writer, report};
pub use rules::{Mounted, Placement, Rules, Unfolded};
pub use scan::{Guide, Trees, scan};
