//! Whether the systemd of a host knows all modifiers of tmpfiles.d(5). One that does not leaves the whole
//! line out. Nothing is run for that: the library of systemd has the version in its name.

use std::ffi::OsStr;

use crate::loss::evidence::load::{lasts, list};
use crate::path::HostPath;
use crate::sys::files::Files;

/// The first version that knows `$`.
const KNOWS_PURGE: u32 = 257;

/// Where the library lies, below a system of NixOS and below `/`.
const OF_SYSTEM: [&str; 3] = ["systemd", "lib", "systemd"];
const OF_HOST: [&str; 3] = ["usr", "lib", "systemd"];

/// Whether the systemd that goes with `etc` knows `$`, and the next boot finds that one.
pub(super) fn knows_purge(host: &Files, on_root: &Files, etc: &HostPath) -> bool {
    let Some(above) = etc.parent() else { return false };
    let names = if above.is_root() { OF_HOST } else { OF_SYSTEM };
    let directory = names.iter().fold(above, |path, name| path.join(OsStr::new(name)));
    lasts(host, &directory, on_root) && is_new(&list(host, &directory))
}

/// Whether there is such a library, and none of an older version.
fn is_new(names: &[String]) -> bool {
    let mut versions = names.iter().filter_map(|name| version(name)).peekable();
    versions.peek().is_some() && versions.all(|version| version >= KNOWS_PURGE)
}

/// The version in the name of the library; 0 for one that is not understood.
fn version(name: &str) -> Option<u32> {
    let rest = name.strip_prefix("libsystemd-shared-")?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    Some(rest.get(..end).and_then(|digits| digits.parse().ok()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_systemd_is_new_only_where_every_library_of_it_is() {
        let table: [(&[&str], bool); 9] = [
            (&["libsystemd-shared-257.so"], true),
            (&["libsystemd-core-257.so", "libsystemd-shared-258~rc1.so", "systemd"], true),
            (&["libsystemd-shared-257.9-1.fc42.so"], true),
            (&["libsystemd-shared-256.so"], false),
            (&["libsystemd-shared-256.so", "libsystemd-shared-257.so"], false),
            (&["libsystemd-shared-.so", "libsystemd-shared-257.so"], false),
            (&["libsystemd-shared-99999999999.so"], false),
            (&["libsystemd-core-257.so"], false),
            (&[], false),
        ];
        for (names, expected) in table {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            assert_eq!(is_new(&names), expected, "{names:?}");
        }
    }
}
