//! A table of the configuration while it is read.
//!
//! Every value is asked for by its key and its type; what is wrong is written down with its line, its
//! key and the cure, and what was never asked for is a key that nobody knows.

use std::cell::RefCell;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Fault, Principal};

/// How a fault about a key that is not there begins.
pub(super) const MISSING: &str = "is missing; ";

/// What was found wrong so far in the text that is read.
pub(super) struct Document {
    /// Where its lines end.
    ends: Vec<usize>,
    faults: RefCell<Vec<Fault>>,
}

impl Document {
    pub(super) fn new(text: &str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at).collect();
        Self { ends, faults: RefCell::default() }
    }

    /// Whether nothing was found wrong so far.
    pub(super) fn is_good(&self) -> bool {
        self.faults.borrow().is_empty()
    }

    pub(super) fn into_faults(self) -> Vec<Fault> {
        self.faults.into_inner()
    }

    fn line(&self, at: usize) -> usize {
        1 + self.ends.partition_point(|&end| end < at)
    }

    pub(super) fn fault(&self, at: usize, key: &str, what: String) {
        let line = self.line(at);
        self.faults.borrow_mut().push(Fault { line, key: key.to_owned(), what });
    }
}

/// One table while it is read. Every key that is asked for is remembered; what is left over at the
/// end is a key that nobody knows.
pub(super) struct Section<'t> {
    document: &'t Document,
    table: &'t DeTable<'t>,
    at: usize,
    path: String,
    asked: Vec<&'static str>,
}

impl<'t> Section<'t> {
    pub(super) fn new(
        document: &'t Document,
        table: &'t DeTable<'t>,
        at: usize,
        path: String,
    ) -> Self {
        Self { document, table, at, path, asked: Vec::new() }
    }

    pub(super) fn line(&self) -> usize {
        self.document.line(self.at)
    }

    fn key(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    pub(super) fn fault(&self, name: &str, what: String) {
        self.document.fault(self.at, &self.key(name), what);
    }

    pub(super) fn fault_at(&self, value: &Spanned<DeValue>, name: &str, what: String) {
        self.document.fault(value.span().start, &self.key(name), what);
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    pub(super) fn take(&mut self, name: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.asked.push(name);
        self.table.get(name)
    }

    /// A text that may be missing; not empty.
    pub(super) fn text(&mut self, name: &'static str) -> Option<String> {
        let value = self.take(name)?;
        match value.get_ref().as_str() {
            Some("") => {
                self.fault_at(value, name, "is empty; write a value or drop the line".into());
            }
            Some(text) => return Some(text.to_owned()),
            None => {
                let found = value.get_ref().type_str();
                self.fault_at(value, name, format!("is a TOML {found}; write it in quotes"));
            }
        }
        None
    }

    /// A text that must be there and be a `T`.
    pub(super) fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
        &mut self,
        name: &'static str,
    ) -> Option<T> {
        if !self.has(name) {
            self.asked.push(name);
            self.fault(name, format!("{MISSING}add {name} = \"…\""));
            return None;
        }
        let text = self.text(name)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(problem) => {
                let value = self.table.get(name)?;
                let shown = crate::path::escape(text.as_bytes());
                self.fault_at(value, name, format!("\"{shown}\" {problem}"));
                None
            }
        }
    }

    /// A text that has to be a `T` where it is there; otherwise `default`.
    pub(super) fn parsed_or<T: std::str::FromStr<Err: std::fmt::Display>>(
        &mut self,
        name: &'static str,
        default: Option<T>,
    ) -> Option<T> {
        if self.has(name) {
            return self.parsed(name);
        }
        self.asked.push(name);
        default
    }

    /// One of a few words. Without a default it must be there.
    pub(super) fn choice<T: Copy>(
        &mut self,
        name: &'static str,
        words: &[(&str, T)],
        default: Option<T>,
    ) -> Option<T> {
        let choices: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let choices = choices.join(" or ");
        if !self.has(name) {
            self.asked.push(name);
            if default.is_none() {
                self.fault(name, format!("{MISSING}write {name} = {choices}"));
            }
            return default;
        }
        let text = self.text(name)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let value = self.table.get(name)?;
            let shown = crate::path::escape(text.as_bytes());
            self.fault_at(value, name, format!("\"{shown}\" is not known here; write {choices}"));
        }
        found.map(|(_, value)| *value)
    }

    /// A user or group: a name, or a number that fits.
    pub(super) fn principal(&mut self, name: &'static str) -> Option<Principal> {
        if let Some(value) = self.table.get(name)
            && value.get_ref().is_integer()
        {
            self.asked.push(name);
            let id = integer(value.get_ref()).and_then(|id| u32::try_from(id).ok());
            if id.is_none_or(|id| id == u32::MAX) {
                self.fault_at(value, name, "is no user or group number".into());
            }
            return id.map(Principal::Id);
        }
        let text = self.text(name)?;
        match text.parse() {
            Ok(id) => Some(Principal::Id(id)),
            Err(_) => Some(Principal::Name(text)),
        }
    }

    /// A guid as a text: TOML's integers do not hold 64 bits without a sign.
    pub(super) fn guid(&mut self, name: &'static str) -> Option<u64> {
        let value = self.table.get(name);
        let text = self.text(name)?;
        let guid = text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
        if let (None, Some(value)) = (guid, value) {
            let what = "is no guid; write the digits that `zfs get -H -o value guid` prints";
            self.fault_at(value, name, what.into());
        }
        guid
    }

    /// Permission bits as a text of octal digits: a bare 0700 is not TOML, and 700 would be decimal.
    pub(super) fn mode(&mut self) -> Option<u32> {
        let value = self.table.get("mode");
        let text = self.text("mode")?;
        let octal = (3..=4).contains(&text.len()).then(|| u32::from_str_radix(&text, 8).ok());
        let mode = octal.flatten().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
        if let (None, Some(value)) = (mode, value) {
            let shown = crate::path::escape(text.as_bytes());
            let what = format!("\"{shown}\" is no mode; write 3 or 4 octal digits, e.g. \"0700\"");
            self.fault_at(value, "mode", what);
        }
        mode
    }

    /// A table that may be missing.
    pub(super) fn table(&mut self, name: &'static str) -> Option<Section<'t>> {
        let value = self.take(name)?;
        if let DeValue::Table(table) = value.get_ref() {
            let at = value.span().start;
            return Some(Section::new(self.document, table, at, self.key(name)));
        }
        self.fault_at(value, name, format!("is not a table; write [{}]", self.key(name)));
        None
    }

    /// A list of tables, `[[name]]`, that may be missing.
    pub(super) fn tables(&mut self, name: &'static str) -> Vec<Section<'t>> {
        let Some(value) = self.take(name) else { return Vec::new() };
        let cure = format!("is not a list of tables; write [[{}]]", self.key(name));
        let Some(items) = value.get_ref().as_array() else {
            self.fault_at(value, name, cure);
            return Vec::new();
        };
        let mut sections = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::Table(table) => {
                    let at = item.span().start;
                    sections.push(Section::new(self.document, table, at, self.key(name)));
                }
                _ => self.fault_at(item, name, cure.clone()),
            }
        }
        sections
    }

    /// Names every key that was not asked for.
    pub(super) fn finish(self) {
        for key in self.table.keys() {
            let name = key.get_ref().as_ref();
            if !self.asked.contains(&name) {
                let cure = match self.meant(name) {
                    Some(known) => {
                        self.forget_missing(known);
                        format!("did you mean {known}?")
                    }
                    None => format!("known are {}", self.asked.join(", ")),
                };
                let shown = crate::path::escape(name.as_bytes());
                let what = format!("is no key here; {cure}");
                self.document.fault(key.span().start, &self.key(&shown), what);
            }
        }
    }

    /// The known key, not used here, that a misspelt one is closest to.
    fn meant(&self, name: &str) -> Option<&'static str> {
        let distance = |known: &str| strsim::osa_distance(known, name);
        let unused = self.asked.iter().filter(|known| !self.has(known));
        unused.copied().filter(|known| distance(known) <= 2).min_by_key(|known| distance(known))
    }

    /// One mistake is one fault: a key that is there misspelt is not missing as well.
    fn forget_missing(&self, name: &str) {
        let (line, key) = (self.line(), self.key(name));
        let missing = |f: &Fault| f.line == line && f.key == key && f.what.starts_with(MISSING);
        self.document.faults.borrow_mut().retain(|fault| !missing(fault));
    }
}

/// A TOML integer's value, where it fits.
pub(super) fn integer(value: &DeValue) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}
