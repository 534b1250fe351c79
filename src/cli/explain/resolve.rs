//! Where a path that was typed really leads: symlinks above it are followed, itself it is not. Pure but
//! for the looks.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use anyhow::{Context, Result, bail};

use crate::path::HostPath;
use crate::sys::{Look, SysError};

/// How many symlinks are followed, as the kernel does it.
const LINKS: usize = 40;

/// Where a path leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The path without symlinks above it.
    pub path: HostPath,
    /// The first symlink that was followed.
    pub through: Option<HostPath>,
}

/// Follows `asked`, which begins at the root.
///
/// # Errors
/// Too many symlinks, a NUL byte, or a place that cannot be looked at.
pub(super) fn resolve(
    asked: &[u8],
    look: &dyn Fn(&HostPath) -> Result<Look, SysError>,
) -> Result<Found> {
    if asked.contains(&0) {
        bail!("no path has a NUL byte in it");
    }
    let mut found = Found { path: HostPath::root(), through: None };
    let mut left = reversed(asked);
    let mut links = 0;
    while let Some(name) = left.pop() {
        if name == b".." {
            found.path = found.path.parent().unwrap_or_else(HostPath::root);
            continue;
        }
        let next = found.path.join(OsStr::from_bytes(&name));
        if left.is_empty() {
            found.path = next;
            break;
        }
        let there = look(&next).with_context(|| format!("cannot follow {next}"))?;
        let Look::Symlink(text) = there else {
            found.path = next;
            continue;
        };
        links += 1;
        if links > LINKS {
            bail!("{next} leads through too many symlinks");
        }
        if text.first() == Some(&b'/') {
            found.path = HostPath::root();
        }
        left.extend(reversed(&text));
        found.through.get_or_insert(next);
    }
    Ok(found)
}

/// The components, the first one last.
fn reversed(path: &[u8]) -> Vec<Vec<u8>> {
    let names = path.rsplit(|&b| b == b'/').filter(|name| !name.is_empty() && *name != b".");
    names.map(<[u8]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symlinks_above_are_followed_and_the_last_name_is_not() {
        let look = |path: &HostPath| {
            Ok(match path.as_bytes() {
                b"/link" => Look::Symlink(b"/var/./lib".to_vec()),
                b"/var/lib/rel" => Look::Symlink(b"../log/x".to_vec()),
                b"/loop" => Look::Symlink(b"loop".to_vec()),
                _ => Look::Absent,
            })
        };
        let path = |text: &str| text.parse::<HostPath>().unwrap();
        for (asked, to, through) in [
            ("/", "/", None),
            ("/a//b/", "/a/b", None),
            ("/a/../b/./c", "/b/c", None),
            ("/../..", "/", None),
            ("/link", "/link", None),
            ("/link/x", "/var/lib/x", Some("/link")),
            ("/link/rel/y", "/var/log/x/y", Some("/link")),
            ("/link/../up", "/var/up", Some("/link")),
        ] {
            let found = resolve(asked.as_bytes(), &look).unwrap();
            assert_eq!(found, Found { path: path(to), through: through.map(path) }, "{asked}");
        }
        let error = resolve(b"/loop/x", &look).unwrap_err().to_string();
        assert_eq!(error, "/loop leads through too many symlinks");
    }
}
