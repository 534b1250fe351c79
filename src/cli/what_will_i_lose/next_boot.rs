//! Whether the next boot goes by the configuration that a report is made from.

use std::io;

use crate::config::DEFAULT_FILE;
use crate::loss::Gap;
use crate::path::HostPath;
use crate::sys::files::Files;

/// The system that the boot loader starts, after `nixos-rebuild boot` or `test` another than the one that
/// runs; and its configuration, which its initrd has as well.
const NEXT: &str = "/nix/var/nix/profiles/system";

/// A gap where the next boot goes by another configuration than this report, or nobody can tell.
pub(super) fn other_configuration(host: &Files) -> Option<Gap> {
    let error = match difference(host) {
        Ok(None) => return None,
        Ok(Some(error)) => error,
        Err(cause) => {
            format!("cannot tell whether the next boot goes by this configuration: {cause}")
        }
    };
    Some(Gap { path: HostPath::root(), error })
}

/// What is another about the configuration of the next boot. Only what is missing is taken as missing.
fn difference(host: &Files) -> io::Result<Option<String>> {
    let path = |text: &str| HostPath::new(text.as_bytes()).map_err(io::Error::other);
    let (here, next) = (path(DEFAULT_FILE)?, path(NEXT)?);
    let there = here.below(&next);
    let (ours, theirs) = (host.read(&here)?, host.read(&there)?);
    if theirs.is_some() {
        let other = format!(
            "the next boot goes by another configuration; run what-will-i-lose --config {there} as well"
        );
        return Ok((ours != theirs).then_some(other));
    }
    // One that was written by hand is in no system.
    let is_of_system = host.link(&here)?.is_some_and(|text| text.starts_with(b"/etc/static/"));
    let is_gone = ours.is_some() && is_of_system && host.look(&next)?.is_some();
    let none = format!("the next boot starts {next}, which has no configuration of blankslate");
    Ok(is_gone.then_some(none))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "makes the hosts that are read")]

    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    /// A host whose configuration is a file, a symlink to that of its system, or missing; and what the
    /// next system has.
    fn gap(ours: Option<(&str, bool)>, theirs: Option<&str>) -> Option<String> {
        let top = tempfile::tempdir().unwrap();
        let at = |path: &str| {
            let at = top.path().join(path.trim_start_matches('/'));
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            at
        };
        let system = format!("{NEXT}{DEFAULT_FILE}");
        fs::create_dir_all(at(NEXT)).unwrap();
        if let Some(text) = theirs {
            fs::write(at(&system), text).unwrap();
        }
        match ours {
            Some((text, true)) => {
                fs::write(at("/etc/static/blankslate/config.toml"), text).unwrap();
                symlink("/etc/static/blankslate/config.toml", at(DEFAULT_FILE)).unwrap();
            }
            Some((text, false)) => fs::write(at(DEFAULT_FILE), text).unwrap(),
            None => {}
        }
        other_configuration(&Files::of_host(top.path()).unwrap()).map(|gap| gap.error)
    }

    #[test]
    fn another_configuration_of_the_next_boot_is_a_gap_that_names_it() {
        let other = "the next boot goes by another configuration; run what-will-i-lose --config \
                     /nix/var/nix/profiles/system/etc/blankslate/config.toml as well";
        let none = "the next boot starts /nix/var/nix/profiles/system, which has no configuration of \
                    blankslate";
        let table = [
            (None, None, None),
            (Some(("a", true)), Some("a"), None),
            (Some(("a", false)), Some("a"), None),
            (Some(("a", true)), Some("b"), Some(other)),
            (None, Some("b"), Some(other)),
            (Some(("a", true)), None, Some(none)),
            (Some(("a", false)), None, None),
        ];
        for (ours, theirs, expected) in table {
            assert_eq!(gap(ours, theirs).as_deref(), expected, "{ours:?} {theirs:?}");
        }
        let long = "x".repeat((4 << 20) + 1);
        let said = gap(Some(("a", false)), Some(&long)).unwrap_or_default();
        let front = "cannot tell whether the next boot goes by this configuration: ";
        assert!(said.starts_with(front), "{said}");
    }
}
