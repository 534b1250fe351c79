//! Text to presets.
//!
//! Written over the parsed tree, as the configuration is: a fault names its line, its preset and its
//! key. The first fault ends it, because the file comes with the program and is never a user's.

use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{BadPreset, Pattern, Place, Preset, PresetPath, Rank};
use crate::config::Kind;

type Read<T> = Result<T, BadPreset>;

pub(super) fn presets(text: &str) -> Read<Vec<Preset>> {
    let root = DeTable::parse(text).map_err(|error| BadPreset {
        line: line(text, error.span().map_or(0, |span| span.start)),
        preset: String::new(),
        key: String::new(),
        what: format!("not TOML: {}", error.message().replace('\n', ", ")),
    })?;
    let mut top =
        Table { text, keys: root.get_ref(), at: 0, of: String::new(), above: "", asked: vec![] };
    let mut all = Vec::new();
    let mut seen = BTreeSet::new();
    for (number, table) in (1..).zip(top.tables("preset")?) {
        let preset = one(Table { of: format!("preset {number}"), ..table }, &mut seen)?;
        all.push(preset);
    }
    top.finish()?;
    Ok(all)
}

fn line(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|&b| b == b'\n').count()
}

/// Reads one preset. `seen` are the names and paths of those before it.
fn one(mut table: Table, seen: &mut BTreeSet<String>) -> Read<Preset> {
    let name = table.needed("name")?;
    if !is_kebab_case(&name) {
        let what = format!("\"{name}\" is not in kebab-case; write a-z, 0-9 and single -");
        return Err(table.bad("name", what));
    }
    table.of = format!("preset {name}");
    if !seen.insert(name.clone()) {
        return Err(table.bad("name", "is the name of another preset too; choose one".into()));
    }
    let title = table.needed("title")?;
    let why = table.needed("why")?;
    let source = table.needed("source")?;
    let is_verified = table.flag("verified")?;
    let is_verified = is_verified.ok_or_else(|| table.missing("verified", "true or false"))?;
    let rank = table.rank()?.ok_or_else(|| table.missing("rank", RANKS))?;
    let paths = table.tables("path")?.into_iter();
    let paths = paths.map(|each| path(each, rank, seen)).collect::<Read<Vec<_>>>()?;
    let patterns = patterns(&mut table, rank, seen)?;
    if paths.is_empty() && patterns.is_empty() {
        return Err(table.bad("", "has neither path nor match; add one, or drop it".into()));
    }
    let preset = Preset { name, title, why, rank, source, is_verified, paths, patterns };
    if preset.is_of_homes() && is_of_host(&preset) {
        return Err(table.bad("", "has paths of the host and of homes; make two of it".into()));
    }
    table.finish()?;
    Ok(preset)
}

fn is_kebab_case(name: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    name.split('-').all(is_word)
}

fn is_of_host(preset: &Preset) -> bool {
    preset.paths.iter().any(|path| matches!(path.place, Place::Host(_)))
        || preset.patterns.iter().any(|pattern| matches!(pattern.parent(), Place::Host(_)))
}

fn path(mut table: Table, of_preset: Rank, seen: &mut BTreeSet<String>) -> Read<PresetPath> {
    let text = table.needed("path")?;
    let place: Place = table.parsed("path", &text)?;
    table.first(seen, "path", place.to_string())?;
    let kind = match table.text("kind")?.as_deref() {
        None | Some("directory") => Kind::Directory,
        Some("file") => Kind::File,
        Some(word) => {
            let what = format!("\"{word}\" is not known here; write \"directory\" or \"file\"");
            return Err(table.bad("kind", what));
        }
    };
    let mode = table.mode()?;
    let (user, group) = (table.text("user")?, table.text("group")?);
    if matches!(place, Place::Home(_)) && (user.is_some() || group.is_some()) {
        return Err(table.bad("user", "is known in a home; drop user and group".into()));
    }
    let rank = table.rank()?.unwrap_or(of_preset);
    let is_optional = table.flag("optional")?.unwrap_or(false);
    table.finish()?;
    Ok(PresetPath { place, kind, mode, user, group, rank, is_optional })
}

fn patterns(table: &mut Table, rank: Rank, seen: &mut BTreeSet<String>) -> Read<Vec<Pattern>> {
    let Some(value) = table.take("match") else { return Ok(Vec::new()) };
    let cure = "is not a list of texts; write [\"…\"]";
    let items = value.get_ref().as_array().ok_or_else(|| table.bad("match", cure.into()))?;
    let read = |item: &Spanned<DeValue>| {
        let text = item.get_ref().as_str().ok_or_else(|| table.bad("match", cure.into()))?;
        let problem = |problem| table.bad("match", format!("\"{text}\" {problem}"));
        let pattern = Pattern::new(text, rank).map_err(problem)?;
        table.first(seen, "match", pattern.to_string())?;
        Ok(pattern)
    };
    items.iter().map(read).collect()
}

const RANKS: &str = "\"keys\", \"state\", \"logs\" or \"cache\"";

/// One table while it is read; a key that was never asked for is one that nobody knows.
struct Table<'t> {
    text: &'t str,
    keys: &'t DeTable<'t>,
    at: usize,
    of: String,
    above: &'static str,
    asked: Vec<&'static str>,
}

impl<'t> Table<'t> {
    fn bad(&self, key: &str, what: String) -> BadPreset {
        let at = self.keys.get(key).map_or(self.at, |value| value.span().start);
        let dot = if self.above.is_empty() || key.is_empty() { "" } else { "." };
        BadPreset {
            line: line(self.text, at),
            preset: self.of.clone(),
            key: format!("{}{dot}{key}", self.above),
            what,
        }
    }

    fn missing(&self, key: &str, write: &str) -> BadPreset {
        self.bad(key, format!("is missing; write {key} = {write}"))
    }

    fn take(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.asked.push(key);
        self.keys.get(key)
    }

    /// A text of one line, not empty.
    fn text(&mut self, key: &'static str) -> Read<Option<String>> {
        let Some(value) = self.take(key) else { return Ok(None) };
        match value.get_ref().as_str() {
            Some("") => Err(self.bad(key, "is empty; write a value or drop the line".into())),
            Some(text) if text.chars().any(char::is_control) => {
                Err(self.bad(key, "is not one line of text; write it in one".into()))
            }
            Some(text) => Ok(Some(text.to_owned())),
            None => {
                let found = value.get_ref().type_str();
                Err(self.bad(key, format!("is a TOML {found}; write it in quotes")))
            }
        }
    }

    fn needed(&mut self, key: &'static str) -> Read<String> {
        self.text(key)?.ok_or_else(|| self.missing(key, "\"…\""))
    }

    fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
        &self,
        key: &str,
        text: &str,
    ) -> Read<T> {
        text.parse().map_err(|problem| self.bad(key, format!("\"{text}\" {problem}")))
    }

    fn flag(&mut self, key: &'static str) -> Read<Option<bool>> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let flag = value.get_ref().as_bool();
        flag.map(Some).ok_or_else(|| self.bad(key, "is neither true nor false".into()))
    }

    fn rank(&mut self) -> Read<Option<Rank>> {
        let Some(word) = self.text("rank")? else { return Ok(None) };
        let known = Rank::ALL.into_iter().find(|rank| rank.word() == word);
        let unknown = || self.bad("rank", format!("\"{word}\" is no rank; write {RANKS}"));
        known.map(Some).ok_or_else(unknown)
    }

    /// Permission bits, as the configuration writes them.
    fn mode(&mut self) -> Read<Option<u32>> {
        let Some(text) = self.text("mode")? else { return Ok(None) };
        let is_octal =
            (3..=4).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'0'..=b'7'));
        let mode = u32::from_str_radix(&text, 8).ok().filter(|_| is_octal);
        let what = format!("\"{text}\" is no mode; write 3 or 4 octal digits, e.g. \"0700\"");
        mode.map(Some).ok_or_else(|| self.bad("mode", what))
    }

    /// Refuses what another preset, or this one, has named already.
    fn first(&self, seen: &mut BTreeSet<String>, key: &str, text: String) -> Read<()> {
        if seen.contains(&text) {
            return Err(self.bad(key, format!("{text} is named already; drop one")));
        }
        seen.insert(text);
        Ok(())
    }

    /// A list of tables that may be missing.
    fn tables(&mut self, key: &'static str) -> Read<Vec<Table<'t>>> {
        let Some(value) = self.take(key) else { return Ok(Vec::new()) };
        let wrong = || self.bad(key, "is not a list of tables; write [{ … }] or [[…]]".into());
        let items = value.get_ref().as_array().ok_or_else(wrong)?;
        let above = if key == "preset" { "" } else { key };
        let table = |item: &'t Spanned<DeValue<'t>>| match item.get_ref() {
            DeValue::Table(keys) => Ok(Table {
                text: self.text,
                keys,
                at: item.span().start,
                of: self.of.clone(),
                above,
                asked: Vec::new(),
            }),
            _ => Err(wrong()),
        };
        items.iter().map(table).collect()
    }

    fn finish(self) -> Read<()> {
        let unknown = self.keys.keys().find(|key| !self.asked.contains(&key.get_ref().as_ref()));
        let Some(key) = unknown else { return Ok(()) };
        let name = crate::path::escape(key.get_ref().as_bytes());
        Err(self.bad(&name, format!("is no key here; known are {}", self.asked.join(", "))))
    }
}
