//! Finds the units of a host and reads them, with their drop-ins, as systemd does when it starts.
//!
//! systemd itself need not run, so a root can be asked that is not the running one's. What cannot be
//! read is logged, and makes the unit one of which nothing is certain.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;

use super::told;
use super::unit_file::UnitFile;
use super::unit_name::UnitName;
use crate::path::HostPath;
use crate::sys::files::Files;

/// Where units lie; what stands first counts first (systemd.unit(5)).
const LOAD_PATH: [&str; 13] = [
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/etc/systemd/system.attached",
    "/run/systemd/system",
    "/run/systemd/system.attached",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
];

/// Where the admin enables and masks units.
const ADMIN: &str = "/etc/systemd/system";

/// What is replaced by the `etc` that is asked for.
const ETC: &str = "/etc";

/// How many names a unit may go through until its own.
const DEPTH: usize = 8;

/// All units of a host.
#[derive(Debug)]
pub(super) struct Units<'h> {
    host: &'h Files,
    root: &'h Files,
    places: Vec<Place>,
    are_lasting: bool,
}

/// A directory of the load path.
#[derive(Debug)]
struct Place {
    path: HostPath,
    names: BTreeSet<String>,
    /// Whether the next boot finds it as it is.
    lasts: bool,
}

/// One unit, with all that is said of it.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    /// Its own name, whatever it was asked for by.
    pub(super) name: UnitName,
    /// Its settings.
    pub(super) file: UnitFile,
    /// Whether the next boot finds all of it as it is.
    pub(super) lasts: bool,
    names: Vec<UnitName>,
}

/// What lies in the load path by one name.
enum Found {
    Nothing,
    Masked,
    Alias(UnitName),
    File(UnitFile, bool),
}

impl<'h> Units<'h> {
    /// Lists the load path of `host`, with `etc` as its `/etc`. What lies on `root` does not last.
    pub(super) fn of(host: &'h Files, root: &'h Files, etc: &HostPath) -> Self {
        let mut units = Self { host, root, places: Vec::new(), are_lasting: false };
        for text in LOAD_PATH {
            let Some(path) = in_etc(text, etc) else { continue };
            let names: BTreeSet<String> = list(host, &path).into_iter().collect();
            let lasts = lasts(host, &path, root);
            units.are_lasting |= text == ADMIN && lasts;
            if !names.is_empty() {
                units.places.push(Place { path, names, lasts });
            }
        }
        units
    }

    /// Whether the next boot finds the admin's directory as it is. Where it lies on the root, a mask
    /// that was taken away since the blank would be there again, and nobody could tell.
    pub(super) fn are_lasting(&self) -> bool {
        self.are_lasting
    }

    /// The names of all units that lie in the load path or are linked to be started, sorted.
    pub(super) fn names(&self) -> BTreeSet<UnitName> {
        let mut names = BTreeSet::new();
        for place in &self.places {
            names.extend(place.names.iter().filter_map(|name| UnitName::new(name)));
            let is_list = |name: &&String| LISTS.iter().any(|list| name.ends_with(list));
            for directory in place.names.iter().filter(is_list) {
                let linked = list(self.host, &place.path.join(OsStr::new(directory)));
                names.extend(linked.iter().filter_map(|name| UnitName::new(name)));
            }
        }
        names
    }

    /// Reads a unit; none where there is none, or it is masked.
    pub(super) fn load(&self, name: &UnitName) -> Option<Unit> {
        let mut names = vec![name.clone()];
        for _ in 0..DEPTH {
            let name = names.last()?.clone();
            let found = match (self.find(&name), name.template()) {
                (Found::Nothing, Some(template)) => self.find(&template),
                (found, _) => found,
            };
            match found {
                Found::Nothing | Found::Masked => return None,
                Found::Alias(other) => names.push(other.with_instance_of(&name)),
                Found::File(file, lasts) => {
                    let mut unit = Unit { name, file, lasts, names };
                    self.add_drop_ins(&mut unit);
                    return Some(unit);
                }
            }
        }
        tracing::warn!("the unit {} is a link that leads in circles", name.as_str());
        None
    }

    fn find(&self, name: &UnitName) -> Found {
        for place in self.places.iter().filter(|place| place.names.contains(name.as_str())) {
            let path = place.path.join(OsStr::new(name.as_str()));
            let link = told(self.host.link(&path), &path);
            if link.as_deref() == Some(b"/dev/null") {
                return Found::Masked;
            }
            if let Some(alias) = link.and_then(|text| self.alias(place, &text))
                && alias != *name
            {
                return Found::Alias(alias);
            }
            match self.host.read(&path) {
                Ok(None) => {}
                Ok(Some(text)) if text.is_empty() => return Found::Masked,
                Ok(Some(text)) => {
                    let lasts = place.lasts && lasts(self.host, &path, self.root);
                    return Found::File(UnitFile::parse(&text), lasts);
                }
                Err(cause) => {
                    tracing::warn!("cannot read the unit {path}: {cause}");
                    return Found::File(UnitFile::default(), false);
                }
            }
        }
        Found::Nothing
    }

    /// The unit to which a link in `place` leads, if it lies in the load path too.
    fn alias(&self, place: &Place, text: &[u8]) -> Option<UnitName> {
        let target = follow(&place.path, text)?;
        let parent = target.parent()?;
        let is_unit = self.places.iter().any(|place| place.path == parent);
        UnitName::new(target.name()?.to_str()?).filter(|_| is_unit)
    }

    fn add_drop_ins(&self, unit: &mut Unit) {
        let mut directories = unit.said_of();
        directories.push(unit.name.kind().to_owned());
        for (name, (path, lasts)) in self.in_directories(&directories, ".d") {
            if !is_conf(&name) {
                continue;
            }
            match self.host.read(&path) {
                // A link to /dev/null takes the place of a drop-in of its name.
                Ok(text) => unit.file.extend(UnitFile::parse(&text.unwrap_or_default())),
                Err(cause) => {
                    tracing::warn!("cannot read {path}: {cause}");
                    unit.file.is_sound = false;
                }
            }
            // A mask is as lasting as the directory it lies in.
            unit.lasts &=
                lasts && (self.is_mask(&path) || self::lasts(self.host, &path, self.root));
        }
    }

    /// The units that are linked in the directories `NAME.wants` and the like, and whether the links
    /// last.
    pub(super) fn linked(&self, unit: &Unit, list: &str) -> Vec<(UnitName, bool)> {
        let links = self.in_directories(&unit.said_of(), list).into_iter();
        let links = links.filter(|(_, (path, _))| !self.is_mask(path));
        links.filter_map(|(name, (_, lasts))| Some((UnitName::new(&name)?, lasts))).collect()
    }

    /// What lies in the directories of these names in the load path, by its name; of one name what
    /// comes first counts.
    fn in_directories(&self, names: &[String], suffix: &str) -> BTreeMap<String, (HostPath, bool)> {
        let mut found = BTreeMap::new();
        for directory in names.iter().map(|name| format!("{name}{suffix}")) {
            for place in self.places.iter().filter(|place| place.names.contains(&directory)) {
                let directory = place.path.join(OsStr::new(&directory));
                let lasts = place.lasts && lasts(self.host, &directory, self.root);
                for name in list(self.host, &directory) {
                    let path = directory.join(OsStr::new(&name));
                    found.entry(name).or_insert((path, lasts));
                }
            }
        }
        found
    }

    fn is_mask(&self, path: &HostPath) -> bool {
        told(self.host.link(path), path).as_deref() == Some(b"/dev/null")
    }
}

/// The directories of links that start units.
pub(super) const LISTS: [&str; 3] = [".wants", ".requires", ".upholds"];

impl Unit {
    fn said_of(&self) -> Vec<String> {
        self.names.iter().rev().flat_map(UnitName::also_said_of).collect()
    }
}

/// The path with `etc` in the place of `/etc`.
pub(super) fn in_etc(text: &str, etc: &HostPath) -> Option<HostPath> {
    let path: HostPath = text.parse().ok()?;
    let inside = ETC.parse().ok().and_then(|from| path.seen_from(&from));
    Some(inside.map_or(path, |inside| inside.below(etc)))
}

/// Whether a file of this name counts beside others. It has to be written in just this way.
pub(super) fn is_conf(name: &str) -> bool {
    name.strip_suffix(".conf").is_some()
}

/// The names in a directory that are text; none where it cannot be read, which is said.
pub(super) fn list(host: &Files, directory: &HostPath) -> Vec<String> {
    let names = told(host.names(directory), directory).into_iter();
    names.filter_map(|name| name.into_string().ok()).collect()
}

/// Whether what lies at `path` outlives the root; what cannot be told does not.
pub(super) fn lasts(host: &Files, path: &HostPath, root: &Files) -> bool {
    told(host.outlives(path, root), path)
}

/// Where a link in `directory` leads, by its text alone.
fn follow(directory: &HostPath, text: &[u8]) -> Option<HostPath> {
    let whole = match text.first()? {
        b'/' => text.to_vec(),
        _ => [directory.as_bytes(), b"/", text].concat(),
    };
    let mut components: Vec<&[u8]> = Vec::new();
    for component in whole.split(|&byte| byte == b'/') {
        match component {
            b"" | b"." => {}
            b".." => _ = components.pop(),
            component => components.push(component),
        }
    }
    HostPath::new(&[b"/", components.join(&b'/').as_slice()].concat()).ok()
}
