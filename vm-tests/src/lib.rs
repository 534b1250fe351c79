//! Runs blankslate on a real kernel with real OpenZFS, in QEMU.
//!
//! `make setup` fills a cache with a kernel and its modules; an [`image::Image`] adds a small
//! userland and the project's programs; a [`guest::Guest`] boots it and runs scripts in it;
//! [`install`] makes a disk with a NixOS-shaped host on it. Nothing here may touch a pool, a mount
//! or a file of the machine it runs on, outside the cache and the target directory.
#![expect(
    clippy::disallowed_methods,
    reason = "starts QEMU and writes images: all of it is effects"
)]

pub mod bench;
pub mod cache;
mod channel;
pub mod command;
pub mod debian;
pub mod disk;
pub mod guest;
pub mod image;
pub mod install;
pub mod nixos;
mod output;
pub mod programs;
mod source;
mod store_path;
pub mod story;
mod tree;
mod units;
mod upstream;
mod userland;
pub mod workdir;
