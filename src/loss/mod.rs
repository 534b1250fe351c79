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
mod depth;
mod evidence;
pub mod facts;
mod fold;
pub mod groups;
pub mod json;
pub mod keep;
mod machine_id;
mod makers;
pub mod ncdu;
pub mod open;
mod owner;
pub mod print0;
mod report;
mod rules;
mod scan;
#[cfg(test)]
mod tests;
pub mod text;
pub mod unmounted;
pub mod view;
pub mod words;

pub use accept::{Accept, BadGlob, escape_glob};
pub use change::{
    Aspect, Change, ChangeKind, Extent, FileType, Gap, Node, Sink, Sum, Time, scan_order,
};
pub use classify::{Judge, Judged, Keeper, Remark, Verdict, classify};
pub use evidence::{Evidence, gather};
pub use fold::Fold;
pub use machine_id::MachineIds;
pub use makers::{Made, Maker, Makers};
pub use owner::{Owned, Owner, Owners};
pub use report::{Hidden, Report, Summary, Tally, Totals, Writer, report};
pub use rules::{Mounted, Placement, Rules, Unfolded};
pub use scan::{Guide, Outside, Seen, Summing, Trees, scan, start};
pub use view::{Class, Line, View};
