//! Whether the initrd can mount a store by itself. It has to before a rollback, when something that is
//! declared lies only on the root: then a fault that is found at boot means a root that is not erased.

use super::fault;
use crate::config::{Config, Device, Fault, Store};
use crate::sys::detached::tag;
use crate::zfs::names::DatasetName;

/// Words that mount(8) takes for a type and that name none.
const NO_TYPES: [&str; 3] = ["auto", "none", "bind"];

/// Types that lie on a device and nowhere else.
const ON_DEVICES: [&str; 6] = ["btrfs", "ext2", "ext3", "ext4", "f2fs", "xfs"];

/// Checks one store; `seen` are those before it.
pub(super) fn check(config: &Config, store: &Store, seen: &[&Store], faults: &mut Vec<Fault>) {
    let mut bad = |key, what| faults.push(fault(store.line, key, what));
    if !store.path.starts_with(&store.mount) {
        let what = format!(
            "{} is not above {}; write where the file system of the store is mounted",
            store.mount, store.path
        );
        bad("store.mount", what);
    }
    match &store.device {
        Some(device) => {
            one_device(config, device, &mut bad);
            for other in seen {
                beside(store, device, other, &mut bad);
            }
        }
        None if store.entries.iter().any(|entry| config.root_of(&entry.target).is_some()) => {
            let what = format!(
                "is missing; add device and fs of {}: the initrd mounts it by itself to adopt what \
                 lies only on a root, before that is erased",
                store.mount
            );
            bad("store.device", what);
        }
        None => {}
    }
}

fn one_device(config: &Config, device: &Device, bad: &mut impl FnMut(&'static str, String)) {
    let root = config.roots.iter().find(|root| root.dataset.as_str() == device.name);
    if let Some(root) = root {
        let what = format!(
            "{} is the root of line {}, which is erased at boot; use another dataset",
            root.dataset, root.line
        );
        bad("store.device", what);
    }
    let shown = crate::path::escape(device.name.as_bytes());
    if NO_TYPES.contains(&device.fs.as_str()) {
        let what = format!("\"{}\" names no type; write that of {shown}, e.g. \"ext4\"", device.fs);
        bad("store.fs", what);
    } else if device.fs == "zfs" && device.name.starts_with('/') {
        let what =
            format!("\"{shown}\" is a path; write the dataset's name, as `zfs list` shows it");
        bad("store.device", what);
    } else if device.fs == "zfs"
        && let Err(problem) = device.name.parse::<DatasetName>()
    {
        bad("store.device", format!("\"{shown}\" {problem}"));
    } else if ON_DEVICES.contains(&device.fs.as_str()) && !is_a_device(&device.name) {
        let what = format!(
            "\"{shown}\" names no device; write its path, or UUID=…, LABEL=…, PARTUUID=… or \
             PARTLABEL=… in capitals"
        );
        bad("store.device", what);
    }
}

fn is_a_device(name: &str) -> bool {
    tag(name).map_or_else(|| name.starts_with('/'), |(_, value)| !value.is_empty())
}

/// What tells one file system on a device from another: btrfs has many that are mounted apart.
fn subvolume(device: &Device) -> Option<&str> {
    let mut options = device.options.as_deref().unwrap_or_default().rsplit(',');
    options.find(|option| option.starts_with("subvol=") || option.starts_with("subvolid="))
}

/// What two stores say about file systems has to be one truth.
fn beside(
    store: &Store,
    device: &Device,
    other: &Store,
    bad: &mut impl FnMut(&'static str, String),
) {
    let Some(others) = &other.device else { return };
    if (&device.name, subvolume(device)) != (&others.name, subvolume(others)) {
        // Of two file systems the inner one is seen.
        let hides = |inner: &Store, outer: &Store| {
            inner.mount.starts_with(&outer.mount) && outer.path.starts_with(&inner.mount)
        };
        if hides(store, other) || hides(other, store) {
            let what = format!(
                "{} would hide the store of line {}, or be hidden; mend mount",
                store.mount, other.line
            );
            bad("store.mount", what);
        }
        return;
    }
    let odd = [
        ("store.mount", store.mount != other.mount),
        ("store.fs", device.fs != others.fs),
        ("store.options", device.options != others.options),
    ];
    for (key, _) in odd.into_iter().filter(|(_, differs)| *differs) {
        let shown = crate::path::escape(device.name.as_bytes());
        bad(key, format!("{shown} has another one in line {}; write the same", other.line));
    }
}
