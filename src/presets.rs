//! Named sets of paths that a service, a program or a part of NixOS keeps state in.
//!
//! In: `presets.toml`, which the NixOS module reads too. Out: [`Presets`], checked whole, in the order
//! of the file. They say who a path belongs to, how much it hurts to lose it, and which one line keeps
//! it. Pure: nothing here looks at the host, and a preset that is not asked for keeps nothing.

mod place;
mod read;
#[cfg(test)]
mod tests;

use crate::config::Kind;
pub use place::{Pattern, Place, PlaceProblem};

/// How much it hurts to lose something, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// Identity, secrets, credentials: cannot be made again, or not as the same.
    Keys,
    /// What a service or a person has put together.
    State,
    /// What happened.
    Logs,
    /// Comes back by itself, at the price of time.
    Cache,
}

impl Rank {
    /// All of them, the worst first.
    pub const ALL: [Self; 4] = [Self::Keys, Self::State, Self::Logs, Self::Cache];

    /// The word for it, in the file and in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::State => "state",
            Self::Logs => "logs",
            Self::Cache => "cache",
        }
    }
}

/// One named set of paths. All of them lie on the host, or all of them in homes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preset {
    /// What it is called in a configuration, in kebab-case.
    pub name: String,
    /// What it is called in a report.
    pub title: String,
    /// What it is good for, in one line.
    pub why: String,
    /// How much it hurts to lose it, where a path does not say otherwise.
    pub rank: Rank,
    /// Where its paths are known from.
    pub source: String,
    /// Whether every path that it keeps was read there. What only tells the owner may be from memory.
    pub is_verified: bool,
    /// Its paths: those that it keeps, and those that are only said to be its own.
    pub paths: Vec<PresetPath>,
    /// Names that are its own and cannot be declared, because only a pattern is known, or because
    /// they would be made where nothing uses them.
    pub patterns: Vec<Pattern>,
}

impl Preset {
    /// The paths that it keeps, each of them one entry of a store. None where it only tells the owner.
    pub fn entries(&self) -> impl Iterator<Item = &PresetPath> {
        self.paths.iter().filter(|path| !path.is_optional)
    }

    /// Whether its paths lie in homes, so that it is to be asked for once for each user.
    #[must_use]
    pub fn is_of_homes(&self) -> bool {
        let of_paths = self.paths.iter().map(|path| &path.place);
        let mut places = of_paths.chain(self.patterns.iter().map(Pattern::parent));
        places.any(|place| matches!(place, Place::Home(_)))
    }
}

/// One path of a preset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresetPath {
    /// Where it is.
    pub place: Place,
    /// What it is.
    pub kind: Kind,
    /// Permission bits, used only when it has to be created; what exists is the truth.
    pub mode: Option<u32>,
    /// Owner, likewise. None in a home, which has one.
    pub user: Option<String>,
    /// Group, likewise.
    pub group: Option<String>,
    /// How much it hurts to lose it.
    pub rank: Rank,
    /// Whether the preset does not keep it, and only says that it is its own.
    pub is_optional: bool,
}

/// What is wrong in a file of presets; the first thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("presets, line {line}: {}{what}", prefix(preset, key))]
pub struct BadPreset {
    /// The line it stands on, from 1.
    pub line: usize,
    /// The preset it is in; its number where it has no name, empty outside of all.
    pub preset: String,
    /// The key it is about, e.g. `path.mode`; empty where there is none.
    pub key: String,
    /// What is wrong, and the cure.
    pub what: String,
}

fn prefix(preset: &str, key: &str) -> String {
    let part = |text: &str| if text.is_empty() { String::new() } else { format!("{text}: ") };
    part(preset) + &part(key)
}

/// All presets, in the order of their file: what comes first there comes first in a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presets(Vec<Preset>);

impl Presets {
    /// Reads those that come with the program.
    ///
    /// # Errors
    /// The file that was built in is wrong; a test holds that it is not.
    pub fn builtin() -> Result<Self, BadPreset> {
        Self::parse(include_str!("presets.toml"))
    }

    /// Reads presets from a text.
    ///
    /// # Errors
    /// The text is no TOML or not of the form that `presets.toml` describes in its head.
    pub fn parse(text: &str) -> Result<Self, BadPreset> {
        read::presets(text).map(Self)
    }

    /// The preset of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Preset> {
        self.iter().find(|preset| preset.name == name)
    }

    /// Every preset, in the order of the file.
    pub fn iter(&self) -> std::slice::Iter<'_, Preset> {
        self.0.iter()
    }
}

impl<'p> IntoIterator for &'p Presets {
    type Item = &'p Preset;
    type IntoIter = std::slice::Iter<'p, Preset>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
