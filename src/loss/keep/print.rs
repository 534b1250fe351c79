//! Entries as text: for `config.toml` and for the configuration of NixOS. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::block::Block;
use super::{Item, Unusual};
use crate::config::{Config, How, Kind, VERSION};
use crate::path::{HostPath, escape};
use crate::persist::paste::{nix, nix_attribute, toml};
use crate::presets::Preset;

/// The store that is taken where none is declared.
const EXAMPLE: &str = "/persist";

/// What a `config.toml` begins with; nothing where `config` was read from one.
#[must_use]
pub fn toml_version(config: &Config) -> String {
    if config.is_written() { String::new() } else { format!("version = {VERSION}\n\n") }
}

/// What goes before the entries of a store in `config.toml`.
#[must_use]
pub fn toml_store(store: Option<&str>) -> String {
    match store {
        Some(store) => format!("# below the [[store]] with path = {}\n", toml(store)),
        None => format!(
            "# there is no store yet; these three lines are an example\n[[store]]\n\
             path = \"{EXAMPLE}\"\ndevice = \"rpool/safe/persist\"\nfs = \"zfs\"\n\n"
        ),
    }
}

/// One entry for `config.toml`.
#[must_use]
pub fn toml_entry(item: &Item) -> String {
    let Item { entry, unusual, .. } = item;
    let target = toml(&entry.target.exact());
    let mut text = format!("[[store.entry]]\ntarget = {target}\nkind = \"{}\"\n", entry.kind);
    if entry.how == How::Symlink {
        text.push_str("how = \"symlink\"\n");
    }
    for (key, value) in [("user", &unusual.user), ("group", &unusual.group)] {
        if let Some(value) = value {
            let _ = writeln!(text, "{key} = {value}");
        }
    }
    if let Some(mode) = unusual.mode {
        let _ = writeln!(text, "mode = \"{mode:04o}\"");
    }
    text
}

/// One entry for the configuration of NixOS, on one line.
#[must_use]
pub fn nix_line(item: &Item, store: Option<&str>) -> String {
    let user = item.home.as_ref().map(|(user, _)| format!(".users.{}", nix_attribute(user)));
    let (store, user) = (nix_attribute(store.unwrap_or(EXAMPLE)), user.unwrap_or_default());
    let many = many(item.entry.kind);
    format!("blankslate.stores.{store}{user}.{many} = [ {} ];\n", nix_item(item))
}

/// The line that asks for a preset, for the configuration of NixOS; none where it keeps nothing. A
/// preset of homes is asked for by each user.
#[must_use]
pub fn nix_preset(preset: &Preset, store: Option<&str>) -> Option<String> {
    let keeps_here = preset.entries().next().is_some() && !preset.is_of_homes();
    let (store, name) = (nix_attribute(store.unwrap_or(EXAMPLE)), nix(&preset.name));
    keeps_here.then(|| format!("blankslate.stores.{store}.presets = [ {name} ];\n"))
}

fn many(kind: Kind) -> &'static str {
    match kind {
        Kind::Directory => "directories",
        Kind::File => "files",
    }
}

fn nix_item(item: &Item) -> String {
    let Item { entry, unusual, home } = item;
    let path = match home {
        Some((_, path)) => nix(path),
        None => nix(&entry.target.exact()),
    };
    if *unusual == Unusual::default() && entry.how == How::Bind {
        return path;
    }
    let mut attributes = format!("path = {path};");
    if entry.how == How::Symlink {
        attributes.push_str(" how = \"symlink\";");
    }
    for (key, value) in [("user", &unusual.user), ("group", &unusual.group)] {
        if let Some(value) = value {
            let _ = write!(attributes, " {key} = {value};");
        }
    }
    if let Some(mode) = unusual.mode {
        let _ = write!(attributes, " mode = \"{mode:04o}\";");
    }
    format!("{{ {attributes} }}")
}

impl Block {
    /// What there is to paste into `config.toml`.
    #[must_use]
    pub fn toml(&self) -> String {
        let mut text = String::new();
        if !self.items.is_empty() {
            text = toml_store(self.store.as_deref());
        }
        let entries: Vec<String> = self.items.iter().map(toml_entry).collect();
        text.push_str(&entries.join("\n"));
        text
    }

    /// The rules for `config.toml` that accept the loss of the caches.
    #[must_use]
    pub fn toml_accept(&self) -> String {
        let rule = |glob: &String| {
            format!("[[report.accept]]\nglob = {}\nbecause = \"cache\"\n", toml(glob))
        };
        self.caches.iter().map(rule).collect::<Vec<_>>().join("\n")
    }

    /// What there is to paste into the configuration of NixOS.
    #[must_use]
    pub fn nix(&self) -> String {
        let (host, users) = self.by_user();
        if host.is_empty() && users.is_empty() {
            return String::new();
        }
        let store = nix_attribute(self.store.as_deref().unwrap_or(EXAMPLE));
        let mut text = format!("blankslate.stores.{store} = {{\n");
        host.write("  ", &mut text);
        for (user, lists) in users {
            let _ = writeln!(text, "  users.{} = {{", nix_attribute(user));
            lists.write("    ", &mut text);
            text.push_str("  };\n");
        }
        text.push_str("};\n");
        text
    }

    /// The rules for the configuration of NixOS that accept the loss of the caches.
    #[must_use]
    pub fn nix_accept(&self) -> String {
        if self.caches.is_empty() {
            return String::new();
        }
        let mut text = "blankslate.report.accept = [\n".to_owned();
        for glob in &self.caches {
            let _ = writeln!(text, "  {{ glob = {}; because = \"cache\"; }}", nix(glob));
        }
        text.push_str("];\n");
        text
    }

    /// The rules that accept the loss of what cannot be declared, as comments of `config.toml`.
    #[must_use]
    pub fn toml_offer(&self) -> String {
        let rule = |glob: &String| format!("# [[report.accept]]\n# glob = {}\n", toml(glob));
        self.acceptable.iter().map(rule).collect()
    }

    /// The same as comments of the configuration of NixOS.
    #[must_use]
    pub fn nix_offer(&self) -> String {
        let rule = |glob: &String| format!("#   {{ glob = {}; }}\n", nix(glob));
        let rules: String = self.acceptable.iter().map(rule).collect();
        if rules.is_empty() {
            return rules;
        }
        format!("# blankslate.report.accept = [\n{rules}# ];\n")
    }

    /// What cannot be declared, as comments of either.
    #[must_use]
    pub fn comments(&self) -> String {
        let comment =
            |(path, why): &(HostPath, String)| format!("# {path}: {}\n", escape(why.as_bytes()));
        self.cannot.iter().map(comment).collect()
    }

    fn by_user(&self) -> (Lists, BTreeMap<&String, Lists>) {
        let mut host = Lists::default();
        let mut users: BTreeMap<&String, Lists> = BTreeMap::new();
        for (user, preset) in &self.presets {
            let lists = user.as_ref().map_or(&mut host, |user| users.entry(user).or_default());
            lists.presets.insert(nix(preset));
        }
        for item in self.items.iter().filter(|item| !self.is_in_preset(item)) {
            let user = item.home.as_ref().map(|(user, _)| user);
            let lists = user.map_or(&mut host, |user| users.entry(user).or_default());
            let list = match item.entry.kind {
                Kind::Directory => &mut lists.directories,
                Kind::File => &mut lists.files,
            };
            list.push(nix_item(item));
        }
        (host, users)
    }
}

/// What is declared in one place, as Nix.
#[derive(Default)]
struct Lists {
    presets: BTreeSet<String>,
    directories: Vec<String>,
    files: Vec<String>,
}

impl Lists {
    fn is_empty(&self) -> bool {
        self.presets.is_empty() && self.directories.is_empty() && self.files.is_empty()
    }

    fn write(&self, indent: &str, text: &mut String) {
        let presets: Vec<String> = self.presets.iter().cloned().collect();
        let lists =
            [("presets", &presets), ("directories", &self.directories), ("files", &self.files)];
        for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            let line = format!("{indent}{name} = [ {} ];\n", list.join(" "));
            if line.chars().count() <= 72 {
                text.push_str(&line);
                continue;
            }
            let _ = writeln!(text, "{indent}{name} = [");
            for item in list {
                let _ = writeln!(text, "{indent}  {item}");
            }
            let _ = writeln!(text, "{indent}];");
        }
    }
}
