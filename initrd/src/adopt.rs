//! Before a rollback: what is declared and lies only on a root goes into its store.
//!
//! In: the roots that are about to be rolled back. Out: what was saved from each, or why it must not be
//! rolled back. The roots are mounted read-only, the stores only when a root holds something. All these
//! mounts are detached: nobody else sees them, and they are gone when this returns or the program ends,
//! however it ends. A root that were still mounted could not be rolled back.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use blankslate::config::{Config, Device, Entry, Root, Store};
use blankslate::path::HostPath;
use blankslate::persist::machine_id;
use blankslate::persist::observe::is_flag;
use blankslate::persist::rescue::{Rescued, rescue};
use blankslate::rollback::adoption::Searched;
use blankslate::sys::accounts::of_stores;
use blankslate::sys::detached::mount;
use blankslate::sys::linux::LinuxSys;
use blankslate::sys::{Look, Progress, Sys};

use crate::found::{copied, searched, tell};

/// How long nothing is said while something is copied.
const SILENCE: Duration = Duration::from_secs(10);

/// Saves what is declared and lies only on `roots`, which are of one pool. `clock` tells how long ago
/// some fixed moment was.
pub fn adopt(
    config: &Config,
    roots: &[&Root],
    clock: &(dyn Fn() -> Duration + Sync),
) -> Vec<Searched> {
    match save(config, roots, clock) {
        Ok(rescued) => {
            tell(&rescued);
            searched(config, roots, &rescued)
        }
        // None of them was searched, whichever it is about.
        Err(why) => roots.iter().map(|r| Searched::failed(&r.dataset, why.clone())).collect(),
    }
}

/// Every mount that is made here is gone when it returns. An error says why nothing was looked at.
fn save(
    config: &Config,
    roots: &[&Root],
    clock: &(dyn Fn() -> Duration + Sync),
) -> Result<Vec<Rescued>, String> {
    let host = old_host(roots)?;
    // In most boots no target holds anything. Then no store is mounted and nothing is compared: a
    // mount writes, and every boot pays for it.
    if !may_hold_something(&host, config, roots) {
        return Ok(Vec::new());
    }
    let mut host = with_stores(host, config, roots)?;
    let accounts = of_stores(&host, config);
    let said = AtomicU64::new(SILENCE.as_secs());
    let watch = |progress: Progress| say_now_and_then(clock(), &said, progress);
    Ok(rescue(&mut host, config, roots, &accounts, &watch))
}

/// The host as it was before the reboot, without its stores.
fn old_host(roots: &[&Root]) -> Result<LinuxSys, String> {
    let empty = mount("tmpfs", "tmpfs", "", true).map_err(|cause| {
        format!("cannot mount a tmpfs to look for what is declared: {cause}; mend the initrd")
    })?;
    let mut host = LinuxSys::of(empty);
    for root in roots {
        // Read-only, and yet the intent log is replayed: what was fsynced before a power cut is seen.
        let top = mount(root.dataset.as_str(), "zfs", "", true).map_err(|cause| {
            let cure = cure(&cause).unwrap_or("see the kernel log");
            format!("cannot mount {} to look for what is declared: {cause}; {cure}", root.dataset)
        })?;
        host = host.with_view(root.mount.clone(), top);
    }
    Ok(host)
}

/// The same with the stores that keep what lies on `roots`. Others may be missing.
fn with_stores(mut host: LinuxSys, config: &Config, roots: &[&Root]) -> Result<LinuxSys, String> {
    let keeps = |store: &&Store| store.entries.iter().any(|entry| is_on(config, roots, entry));
    let needed: Vec<&Store> = config.stores.iter().filter(keeps).collect();
    let mut mounted: Vec<&HostPath> = Vec::new();
    for store in &needed {
        if !mounted.contains(&&store.mount) {
            host = host.with_view(store.mount.clone(), mount_store(store)?);
            mounted.push(&store.mount);
        }
    }
    // Where the directory of a store is missing, its file system is not the one that was meant.
    let is_missing = |store: &&&Store| !matches!(host.look(&store.path), Ok(Look::Directory(_)));
    match needed.iter().find(is_missing) {
        Some(Store { path, mount, line, .. }) => Err(format!(
            "cannot adopt what is declared: with its device mounted at {mount} there is no directory \
             {path}; make it, or mend mount in line {line}"
        )),
        None => Ok(host),
    }
}

fn mount_store(store: &Store) -> Result<OwnedFd, String> {
    let Some(Device { name, fs, options }) = &store.device else {
        return Err(format!("cannot mount the store {}: add device and fs", store.path));
    };
    mount(name, fs, options.as_deref().unwrap_or_default(), false).map_err(|cause| {
        let (path, line) = (&store.path, store.line);
        let device = blankslate::path::escape(name.as_bytes());
        let cure = match cure(&cause) {
            Some(cure) if fs == "zfs" => cure.to_owned(),
            _ if cause.kind() == io::ErrorKind::NotFound => format!(
                "mend its device and options in line {line}, or have it unlocked and awaited before \
                 this step"
            ),
            _ => format!("mend its device, fs and options in line {line}"),
        };
        format!(
            "cannot mount the store {path} to adopt what is declared: {device}: {cause}; {cure}"
        )
    })
}

fn is_on(config: &Config, roots: &[&Root], entry: &Entry) -> bool {
    let on = config.root_of(&entry.target);
    on.is_some_and(|on| roots.iter().any(|root| root.mount == on.mount))
}

/// What helps where a file system cannot be mounted, if the error tells.
fn cure(cause: &io::Error) -> Option<&'static str> {
    match cause.kind() {
        io::ErrorKind::PermissionDenied => Some("load its key before this step"),
        io::ErrorKind::ResourceBusy => Some("unmount it before this step"),
        io::ErrorKind::NotFound => Some("mend its name, or import its pool before this step"),
        _ => None,
    }
}

/// Whether anything lies at a target. What cannot be looked at may be something.
fn may_hold_something(host: &LinuxSys, config: &Config, roots: &[&Root]) -> bool {
    let mut entries = config.entries().filter(|(_, entry)| is_on(config, roots, entry));
    entries.any(|(store, entry)| match host.look(&entry.target) {
        Ok(Look::Absent) => false,
        Ok(Look::Directory(seen)) => !seen.is_empty,
        // A machine id that is not set is made anew, and not copied.
        Ok(there @ Look::File(seen)) => {
            !seen.is_empty || is_flag(&there) && !machine_id::is_of(entry)
        }
        Ok(Look::Symlink(to)) => to != store.source(entry).as_bytes(),
        Ok(Look::Special(_) | Look::Blocked(_)) | Err(_) => true,
    })
}

/// Whoever waits at the console wants to know that it goes on.
fn say_now_and_then(now: Duration, said: &AtomicU64, progress: Progress) {
    let (due, next) = (said.load(Ordering::Relaxed), now.as_secs() + SILENCE.as_secs());
    let is_due = now.as_secs() >= due;
    // Of several threads one says it.
    if is_due && said.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
        tracing::info!("adopting, {} so far", copied(progress));
    }
}
