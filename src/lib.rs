//! blankslate erases a NixOS root at boot, keeps what was declared, and says beforehand what would
//! be lost.
//!
//! Three flows, each an effect at either end and a pure middle:
//!
//! ```text
//! config → observe → plan → apply     what the host declares → where it ends up   (persist)
//! scan → classify → report            what lies on the root → what becomes of it  (loss)
//! facts → decide → roll back          what the pool says → one atomic act, or a refusal (rollback)
//! ```
//!
//! Effects are behind two narrow traits, [`sys::Sys`] and [`zfs::Zfs`].

#[cfg(feature = "cli")]
pub mod cli;
pub mod config;
pub mod human;
#[cfg(feature = "cli")]
pub mod loss;
#[cfg(feature = "cli")]
pub mod nix_store;
pub mod path;
pub mod persist;
#[cfg(feature = "cli")]
pub mod presets;
pub mod rollback;
pub mod sys;
pub mod zfs;
