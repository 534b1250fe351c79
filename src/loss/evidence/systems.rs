//! Which systems the next boot may start, and what all of them agree on.
//!
//! The system that runs and the one that the boot loader starts can be two: after `nixos-rebuild boot`
//! or `test`. What is made again must be made again by either.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::told;
use crate::loss::{FileType, Made, Maker, Makers};
use crate::nix_store::StorePath;
use crate::path::HostPath;
use crate::sys::Meta;
use crate::sys::files::Files;

/// The system that runs, and the one that was installed last.
const PLACES: [&str; 2] = ["/run/current-system", "/nix/var/nix/profiles/system"];

/// How many symlinks are followed to a system.
const HOPS: usize = 8;

/// Returns the NixOS systems that the next boot may start; none where this is no NixOS, or one of them
/// cannot be found.
pub(super) fn systems(host: &Files) -> Vec<HostPath> {
    let mut systems = Vec::new();
    for place in PLACES.iter().filter_map(|text| text.parse::<HostPath>().ok()) {
        if told(host.link(&place), &place).is_none() {
            // Only one of them: an image without profiles, or a host that does not run.
            if matches!(host.look(&place), Ok(None)) {
                continue;
            }
            return Vec::new();
        }
        let top = followed(host, place);
        let is_system = |name: &str| {
            let path = top.join(OsStr::new(name));
            told(host.read(&path), &path).is_some()
        };
        if !is_system("nixos-version") && !is_system("activate") {
            return Vec::new();
        }
        if !systems.contains(&top) {
            systems.push(top);
        }
    }
    systems
}

/// Where a symlink leads, as far as that is simple: only so that one system is not read twice.
fn followed(host: &Files, mut path: HostPath) -> HostPath {
    for _ in 0..HOPS {
        let next = match told(host.link(&path), &path) {
            Some(text) if text.starts_with(b"/") => HostPath::new(&text).ok(),
            Some(text) if !text.contains(&b'/') && !matches!(text.as_slice(), b"." | b"..") => {
                path.parent().map(|above| above.join(OsStr::from_bytes(&text)))
            }
            Some(_) | None => None,
        };
        let Some(next) = next else { break };
        path = next;
    }
    path
}

/// What one system makes at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Thing {
    /// As what.
    pub what: FileType,
    /// Whether the root has just that.
    pub is_on_root: bool,
}

/// What one system makes.
pub(super) type Things = BTreeMap<HostPath, Thing>;

/// Says what is made again: what every system makes, as the same type, and the root has as one of them
/// makes it. Another text or content than that is somebody's own, and lost.
pub(super) fn agree(all: &[Things], maker: &Maker, makers: &mut Makers) {
    let Some((first, others)) = all.split_first() else { return };
    for (path, thing) in first {
        let of_others: Option<Vec<&Thing>> = others.iter().map(|other| other.get(path)).collect();
        let Some(mut same) = of_others else { continue };
        same.push(thing);
        let is_one = same.iter().all(|other| other.what == thing.what);
        if is_one && same.iter().any(|other| other.is_on_root) {
            makers.insert(path, Made { what: thing.what, maker: maker.clone() });
        }
    }
}

/// Whether a symlink with this text lies on the root.
pub(super) fn has_link(on_root: &Files, path: &HostPath, text: &[u8]) -> bool {
    told(on_root.link(path), path).as_deref() == Some(text)
}

/// Whether a file with this content, owner and mode lies on the root.
pub(super) fn has_file(on_root: &Files, path: &HostPath, content: &[u8], meta: Meta) -> bool {
    told(on_root.look(path), path) == Some((FileType::Regular, meta))
        && told(on_root.read(path), path).as_deref() == Some(content)
}

/// Whether a directory with this owner and mode lies on the root.
pub(super) fn has_directory(on_root: &Files, path: &HostPath, meta: Meta) -> bool {
    told(on_root.look(path), path) == Some((FileType::Directory, meta))
}

/// The paths in the Nix store that a text names: each as far as the first component in the store goes.
pub(super) fn store_paths(text: &[u8]) -> Vec<HostPath> {
    let path = |path: StorePath| HostPath::new(path.to_absolute_path().as_bytes()).ok();
    StorePath::all_in(text).into_iter().filter_map(path).collect()
}
