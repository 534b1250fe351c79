//! The directories that systemd makes for a service: `StateDirectory=` and its like. Pure.

use crate::loss::evidence::load::Unit;
use crate::path::HostPath;
use crate::presets::Rank;

/// A kind of directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    /// The setting that asks for it.
    pub(super) setting: &'static str,
    /// Where it is made.
    base: &'static str,
    rank: Rank,
    /// Whether that of a dynamic user is made where nobody else can look.
    can_be_private: bool,
    /// Whether it stays root's, whoever the service runs as.
    pub(super) is_of_root: bool,
}

/// Those that lie on disk; that of `RuntimeDirectory=` lies in memory.
const KINDS: [Kind; 4] = [
    Kind {
        setting: "StateDirectory",
        base: "/var/lib",
        rank: Rank::State,
        can_be_private: true,
        is_of_root: false,
    },
    Kind {
        setting: "CacheDirectory",
        base: "/var/cache",
        rank: Rank::Cache,
        can_be_private: true,
        is_of_root: false,
    },
    Kind {
        setting: "LogsDirectory",
        base: "/var/log",
        rank: Rank::Logs,
        can_be_private: true,
        is_of_root: false,
    },
    Kind {
        setting: "ConfigurationDirectory",
        base: "/etc",
        rank: Rank::State,
        can_be_private: false,
        is_of_root: true,
    },
];

/// One directory that is made.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Directory {
    /// Of which kind it is.
    pub(super) kind: Kind,
    /// Where it is.
    pub(super) real: HostPath,
    /// The symlink through which a dynamic user reaches it, and its text.
    pub(super) link: Option<(HostPath, Vec<u8>)>,
}

/// Returns the directories that are made when `unit` starts, and beside them the symlinks to those that
/// are asked for but may be made only for the service to see.
pub(super) fn of(unit: &Unit) -> (Vec<Directory>, Vec<(HostPath, Rank)>) {
    let mut directories = Vec::new();
    let mut links = Vec::new();
    let Some(is_dynamic) = unit.file.switch("Service", "DynamicUser", false) else {
        return (directories, links);
    };
    for kind in KINDS {
        for word in unit.file.words("Service", kind.setting) {
            // No symlink can be asked for there, and then systemd does not take the word at all.
            if word.contains(':') && kind.setting == "ConfigurationDirectory" {
                continue;
            }
            let mut parts = word.split(':').map(|part| name(unit, part));
            directories.extend(
                parts
                    .next()
                    .flatten()
                    .and_then(|name| directory(kind, &name, is_dynamic && kind.can_be_private)),
            );
            let link = parts.next().flatten().and_then(|name| below(kind.base, &name));
            links.extend(link.map(|link| (link, kind.rank)));
        }
    }
    (directories, links)
}

/// Whether the names of its directories depend on its own.
pub(super) fn have_specifiers(unit: &Unit) -> bool {
    let mut values = KINDS.iter().flat_map(|kind| unit.file.values("Service", kind.setting));
    values.any(|value| value.contains('%'))
}

/// Every path that a service has for itself, with how much it hurts to lose it.
pub(super) fn claims(unit: &Unit) -> Vec<(HostPath, Rank)> {
    let (directories, mut claims) = of(unit);
    for Directory { kind, real, link } in directories {
        claims.push((real, kind.rank));
        claims.extend(link.map(|(link, _)| (link, kind.rank)));
    }
    claims
}

/// The name of a directory: relative, without dots, and not in the place of the private ones. None
/// where it is not certain.
fn name(unit: &Unit, part: &str) -> Option<String> {
    if part.contains('\\') {
        return None;
    }
    let name = unit.name.fill_in(part)?;
    let whole = HostPath::new(format!("/{name}").as_bytes()).ok()?;
    let is_relative = !name.starts_with('/') && !whole.is_root();
    let is_private = whole.as_bytes() == b"/private" || whole.as_bytes().starts_with(b"/private/");
    let name = whole.relative().to_str()?.to_owned();
    (is_relative && !is_private).then_some(name)
}

fn directory(kind: Kind, name: &str, is_private: bool) -> Option<Directory> {
    if !is_private {
        return Some(Directory { kind, real: below(kind.base, name)?, link: None });
    }
    let real = below(kind.base, &format!("private/{name}"))?;
    let up = "../".repeat(name.matches('/').count());
    let text = format!("{up}private/{name}").into_bytes();
    Some(Directory { kind, real, link: Some((below(kind.base, name)?, text)) })
}

fn below(base: &str, name: &str) -> Option<HostPath> {
    format!("{base}/{name}").parse().ok()
}
