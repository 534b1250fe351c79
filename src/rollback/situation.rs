//! What the machine says about this boot, beside the pool: the kernel's command line and the mounts.

use crate::sys::mounts::MountTable;

/// The kernel parameter that boots once with the old root: `blankslate.rollback=no`.
pub const PARAMETER: &str = "blankslate.rollback";

/// The kernel parameter that rolls back without looking for data to adopt: `blankslate.adopt=no`. The
/// way out when adopting cannot succeed.
pub const ADOPT: &str = "blankslate.adopt";

/// Everything but the pool that decides whether a root may be rolled back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Situation {
    /// What the kernel's command line says about rolling back.
    pub switch: Switch,
    /// What it says about adopting first.
    pub adopt: Switch,
    /// What is mounted; the reason where that could not be read.
    pub mounts: Result<MountTable, String>,
    /// Why a hibernated system may be waiting; none where there is certainly none.
    pub resume: Option<String>,
}

/// What the kernel's command line says about one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Switch {
    /// Nothing, or yes.
    On,
    /// Not this time.
    Off,
    /// A value that is not known here.
    NotUnderstood(String),
}

impl Switch {
    /// Reads one parameter of the kernel's command line; of several values the last one counts.
    #[must_use]
    pub fn parse(parameter: &str, cmdline: &str) -> Self {
        let values = words(cmdline)
            .filter_map(|word| word.strip_prefix(parameter).and_then(|v| v.strip_prefix('=')));
        match values.last() {
            None | Some("yes" | "1" | "on" | "true") => Self::On,
            Some("no" | "0" | "off" | "false") => Self::Off,
            Some(other) => Self::NotUnderstood(crate::path::escape(other.as_bytes())),
        }
    }
}

/// The words of the kernel's command line, without quotes around one.
pub(super) fn words(cmdline: &str) -> impl Iterator<Item = &str> {
    cmdline.split_ascii_whitespace().map(|word| word.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameter_is_read_whole_and_an_odd_value_is_not_guessed_at() {
        let table = [
            ("quiet root=fstab", Switch::On),
            ("quiet blankslate.rollback=no", Switch::Off),
            ("blankslate.rollback=no blankslate.rollback=yes", Switch::On),
            ("\"blankslate.rollback=no\"", Switch::Off),
            ("blankslate.rollback=off", Switch::Off),
            ("blankslate.rollbacks=no xblankslate.rollback=no", Switch::On),
            ("blankslate.rollback=nope", Switch::NotUnderstood("nope".into())),
            ("blankslate.rollback=", Switch::NotUnderstood(String::new())),
            ("blankslate.adopt=no", Switch::On),
        ];
        for (cmdline, expected) in table {
            assert_eq!(Switch::parse(PARAMETER, cmdline), expected, "{cmdline}");
        }
        assert_eq!(Switch::parse(ADOPT, "blankslate.adopt=no"), Switch::Off);
    }
}
