//! What a boot script of NixOS makes for certain. Pure: text in, values out.
//!
//! This is no shell. It knows the few simple lines that NixOS writes, outside of every `if`, loop and
//! function, and takes back what a later line removes. A line that it does not know makes nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::path::HostPath;

/// What makes a word more than itself.
const SPECIAL: &[u8] = b"$`*?[]{}<>|;&()'\"\\~!";

/// What a script makes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Script {
    /// Directories, with their permission bits.
    pub directories: BTreeMap<HostPath, u32>,
    /// Symlinks, with their texts.
    pub links: BTreeMap<HostPath, Vec<u8>>,
    /// Files that are made empty where they are missing.
    pub files: BTreeSet<HostPath>,
    /// Symlinks under the names from which they are renamed.
    unfinished: BTreeMap<HostPath, Vec<u8>>,
}

impl Script {
    /// Reads one or more scripts that run one after the other.
    pub(super) fn parse<'t>(texts: impl IntoIterator<Item = &'t [u8]>) -> Self {
        let mut script = Self::default();
        for text in texts {
            script.read(text);
        }
        script
    }

    fn read(&mut self, text: &[u8]) {
        let mut lines = text.split(|&byte| byte == b'\n');
        let (mut depth, mut before): (usize, &[u8]) = (0, b"");
        let mut quote = None;
        while let Some(line) = lines.next() {
            let words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            let words: Vec<&[u8]> = words.take_while(|word| !word.starts_with(b"#")).collect();
            if closes(&words) {
                // Not understood where it began.
                let Some(outer) = depth.checked_sub(1) else { return };
                depth = outer;
            }
            if depth == 0 && words.first() == Some(&b"exit".as_slice()) {
                return;
            }
            // Whether it is run or not: what may be removed is not certain.
            if words.iter().any(|word| matches!(*word, b"rm" | b"rmdir")) {
                self.forget(&words);
            }
            // What is not there on an empty root is no symlink there.
            let is_whole = quote.is_none() && !goes_on(before);
            quote = quote_after(quote, line);
            let is_certain = is_whole && (depth == 0 || depth == 1 && guards(before, &words));
            if is_certain && !self.command(&words) && line == b": >> /etc/machine-id" {
                self.files.extend(HostPath::new(b"/etc/machine-id"));
            }
            if opens(&words) {
                depth += 1;
            }
            if let Some(end) = heredoc(line) {
                lines.by_ref().find(|line| line.trim_ascii_start() == end);
            }
            before = line;
        }
    }

    /// Does what a line says; returns whether it is one that is known.
    fn command(&mut self, words: &[&[u8]]) -> bool {
        let Some((&name, rest)) = words.split_first() else { return false };
        let plain = rest.iter().map(|word| plain(word)).collect::<Option<Vec<&[u8]>>>();
        match (name, plain) {
            (b"mkdir", Some(words)) => self.make(&words, false),
            (b"install", Some(words)) => self.make(&words, true),
            (b"chmod", Some(words)) => self.change(&words),
            (b"ln", Some(words)) => self.link(&words),
            (b"mv", Some(words)) => self.rename(&words),
            _ => return false,
        }
        true
    }

    /// `mkdir [-p] [-m MODE] PATH…`, or `install` with `-d`.
    fn make(&mut self, words: &[&[u8]], is_install: bool) {
        let (mut mode, mut is_directory, mut paths) = (None, !is_install, Vec::new());
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let Some(flags) = word.strip_prefix(b"-") else {
                paths.push(*word);
                continue;
            };
            let allowed: &[u8] = if is_install { b"dm" } else { b"pm" };
            if flags.is_empty() || flags.iter().any(|flag| !allowed.contains(flag)) {
                return;
            }
            is_directory |= flags.contains(&b'd');
            if flags.contains(&b'm') {
                // `-m0755` and `-mp` are not written there.
                let Some(stated) = words.next().and_then(|word| octal(word)) else { return };
                mode = Some(stated);
            }
        }
        if is_directory {
            let paths = paths.into_iter().filter_map(|path| HostPath::new(path).ok());
            for path in paths {
                // `mkdir` leaves the mode of what is there; `install` sets it.
                let stated = self.directories.entry(path).or_insert(mode.unwrap_or(0o755));
                *stated = if is_install { mode.unwrap_or(0o755) } else { *stated };
            }
        }
    }

    fn change(&mut self, words: &[&[u8]]) {
        let Some((mode, paths)) = words.split_first() else { return };
        for path in paths.iter().filter_map(|path| HostPath::new(path).ok()) {
            if let Some(mode) = octal(mode) {
                self.directories.entry(path).and_modify(|stated| *stated = mode);
            } else {
                // By letters: not known any more.
                self.directories.remove(&path);
            }
        }
    }

    fn link(&mut self, words: &[&[u8]]) {
        if let [flags, text, path] = words
            && matches!(*flags, b"-s" | b"-sf" | b"-sfn" | b"-sfT")
            && let Ok(path) = HostPath::new(path)
        {
            self.unfinished.insert(path, text.to_vec());
        }
    }

    fn rename(&mut self, words: &[&[u8]]) {
        let words = words.strip_prefix(&[b"-f".as_slice()]).unwrap_or(words);
        if let [from, to] = words
            && let (Ok(from), Ok(to)) = (HostPath::new(from), HostPath::new(to))
            && let Some(text) = self.unfinished.remove(&from)
        {
            self.links.insert(to, text);
        }
    }

    /// What is removed is not made, nor what lies below it.
    fn forget(&mut self, words: &[&[u8]]) {
        for gone in words.iter().filter(|word| word.starts_with(b"/")) {
            // Of a pattern everything that begins like it.
            let fixed = gone.split(|byte| SPECIAL.contains(byte)).next().unwrap_or_default();
            let is_gone = |path: &HostPath| path.as_bytes().starts_with(fixed);
            self.directories.retain(|path, _| !is_gone(path));
            self.links.retain(|path, _| !is_gone(path));
            self.unfinished.retain(|path, _| !is_gone(path));
            self.files.retain(|path| !is_gone(path));
        }
    }
}

/// Whether the line begins what may not be run, or be run later.
fn opens(words: &[&[u8]]) -> bool {
    let (first, last) = (words.first().copied(), words.last().copied());
    let is_case = first == Some(b"case") && last == Some(b"in");
    let opens = matches!(last, Some(b"then" | b"do" | b"{" | b"(" | b"()")) || is_case;
    opens && first != Some(b"elif")
}

/// Whether the line ends what `opens` began.
fn closes(words: &[&[u8]]) -> bool {
    let Some(&first) = words.first() else { return false };
    let letters = first.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let word = first.get(..letters).unwrap_or_default();
    let is_end = matches!(word, b"fi" | b"done" | b"esac");
    is_end || first.starts_with(b"}") || first.starts_with(b")")
}

/// Whether the line before says that this one is only left out where its path is a symlink.
fn guards(before: &[u8], words: &[&[u8]]) -> bool {
    let path =
        before.strip_prefix(b"if [ ! -h \"").and_then(|rest| rest.strip_suffix(b"\" ]; then"));
    path.is_some_and(|path| words.last() == Some(&path))
}

/// Whether what the line begins goes on in the next: what is there is not run for certain, or is not a
/// command.
fn goes_on(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    [b"&&".as_slice(), b"||", b"|", b"\\"].iter().any(|end| line.ends_with(end))
}

/// The quote that is open after a line, if `open` was open before it.
fn quote_after(mut open: Option<u8>, line: &[u8]) -> Option<u8> {
    let (mut is_escaped, mut before) = (false, b' ');
    for &byte in line {
        match (open, byte) {
            _ if is_escaped => is_escaped = false,
            (None | Some(b'"'), b'\\') => is_escaped = true,
            (None, b'#') if before.is_ascii_whitespace() => return None,
            (None, b'"' | b'\'') => open = Some(byte),
            (Some(quote), _) if quote == byte => open = None,
            _ => {}
        }
        before = byte;
    }
    open
}

/// A word without its quotes; none where the shell would make another of it.
fn plain(word: &[u8]) -> Option<&[u8]> {
    let inner = word.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(word);
    (!inner.is_empty() && !inner.iter().any(|byte| SPECIAL.contains(byte))).then_some(inner)
}

fn octal(word: &[u8]) -> Option<u32> {
    let mode = u32::from_str_radix(std::str::from_utf8(word).ok()?, 8).ok()?;
    (mode <= 0o7777 && word.iter().all(u8::is_ascii_digit)).then_some(mode)
}

/// The line that ends a text which begins after `line`.
fn heredoc(line: &[u8]) -> Option<&[u8]> {
    let at = line.windows(2).position(|window| window == b"<<")?;
    let rest = line.get(at + 2..)?;
    if rest.starts_with(b"<") {
        return None;
    }
    let rest = rest.strip_prefix(b"-").unwrap_or(rest).trim_ascii_start();
    let rest = rest.strip_prefix(b"\\").unwrap_or(rest);
    let rest = rest.strip_prefix(b"'").or_else(|| rest.strip_prefix(b"\"")).unwrap_or(rest);
    let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let end = rest.iter().position(|byte| !is_of_word(byte)).unwrap_or(rest.len());
    rest.get(..end).filter(|word| !word.is_empty())
}
