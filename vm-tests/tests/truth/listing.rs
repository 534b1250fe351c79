//! All there is to know of the files of one file system, taken with the tools of the Debian system
//! and nothing of blankslate: type, mode, owner, content, attributes, flags. Times are not part of it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use vm_tests::guest::Guest;

use crate::bash;

const SCRIPT: &str = include_str!("../../guest/truth/listing");

/// Reading all of it takes a while under emulation.
const WITHIN: Duration = Duration::from_secs(300);

/// What lies at one path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// Type and mode, as stat(2) has them.
    mode: u32,
    owner: String,
    /// The number of a device.
    device: String,
    /// The hash of a file, the text of a symlink.
    content: Vec<u8>,
    flags: String,
    /// Extended attributes and access control lists.
    attributes: Vec<String>,
}

impl State {
    pub fn of(mode: u32, content: &[u8]) -> Self {
        Self { mode, content: content.to_vec(), ..Self::default() }
    }

    pub fn is_file_or_link(&self) -> bool {
        matches!(self.mode & 0o170_000, 0o100_000 | 0o120_000)
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mode, owner, device, content, flags, attributes } = self;
        let content = content.get(..content.len().min(80)).unwrap_or_default().escape_ascii();
        write!(formatter, "{mode:o} {owner} {device} {content} {flags} {attributes:?}")
    }
}

/// All of one file system by absolute paths.
pub type Listing = BTreeMap<Vec<u8>, State>;

/// Takes the listing of a place: `bare`, the root without what is mounted on it; `blank`; `store`.
pub fn take(guest: &mut Guest, place: &str) -> Result<Listing> {
    let mut part = |part: &str| -> Result<Vec<u8>> {
        let script = bash(&format!("place={place} part={part}\n{SCRIPT}"));
        guest.run_within(&script, WITHIN)?.ok_bytes()
    };
    let mut listing = Listing::new();
    for [path, node] in pairs(&part("nodes")?) {
        let node = String::from_utf8(node)?;
        let words: Vec<&str> = node.split(' ').collect();
        let [mode, user, group, device] = words[..] else { bail!("cannot read {node:?}") };
        let (mode, owner) = (u32::from_str_radix(mode, 16)?, format!("{user}:{group}"));
        listing.insert(path, State { mode, owner, device: device.to_owned(), ..State::default() });
    }
    for [path, target] in pairs(&part("links")?) {
        at(&mut listing, &path)?.content = target;
    }
    for line in fields(&part("hashes")?) {
        let (hash, path) = line.split_at_checked(66).context("cannot read a hash")?;
        at(&mut listing, &absolute(path))?.content = hash.to_vec();
    }
    add_flags(&mut listing, &part("names")?, &part("flags")?)?;
    add_attributes(&mut listing, &part("attributes")?)?;
    Ok(listing)
}

fn add_flags(listing: &mut Listing, names: &[u8], mut flags: &[u8]) -> Result<()> {
    for name in fields(names) {
        // Names may hold newlines: each is known before it is read.
        let (word, rest) = flags.split_at_checked(22).context("the flags end early")?;
        let rest = rest.strip_prefix(b" ").and_then(|rest| rest.strip_prefix(&name[..]));
        flags = rest
            .and_then(|rest| rest.strip_prefix(b"\n"))
            .with_context(|| format!("cannot find the flags of {}", name.escape_ascii()))?;
        at(listing, &absolute(&name))?.flags = String::from_utf8(word.to_vec())?;
    }
    ensure!(flags.is_empty(), "there are flags of more names");
    Ok(())
}

fn add_attributes(listing: &mut Listing, dump: &[u8]) -> Result<()> {
    let mut path = Vec::new();
    for line in String::from_utf8(dump.to_vec())?.lines() {
        if let Some(name) = line.strip_prefix("# file: ") {
            path = unescape_octal(name.as_bytes(), b"\\");
        } else if !line.is_empty() {
            let place = [b"/", path.strip_prefix(b"./").unwrap_or(&path)].concat();
            at(listing, &place)?.attributes.push(line.to_owned());
        }
    }
    Ok(())
}

fn at<'l>(listing: &'l mut Listing, path: &[u8]) -> Result<&'l mut State> {
    let found = listing.get_mut(path);
    found.with_context(|| format!("{} came while it was listed", path.escape_ascii()))
}

/// Replaces `prefix` and three octal digits by the byte they stand for.
pub fn unescape_octal(text: &[u8], prefix: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((&first, others)) = rest.split_first() {
        let digits = rest.strip_prefix(prefix).and_then(|rest| rest.split_at_checked(3));
        let decoded = digits.and_then(|(digits, after)| {
            let digits = std::str::from_utf8(digits).ok()?;
            Some((u8::from_str_radix(digits, 8).ok()?, after))
        });
        let byte;
        (byte, rest) = match decoded {
            Some(found) => found,
            None => (first, others),
        };
        bytes.push(byte);
    }
    bytes
}

fn fields(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut fields: Vec<Vec<u8>> = bytes.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
    fields.pop();
    fields
}

/// Reads `path\0what\0`.
fn pairs(bytes: &[u8]) -> Vec<[Vec<u8>; 2]> {
    let fields = fields(bytes);
    fields.chunks_exact(2).map(|pair| [absolute(&pair[0]), pair[1].clone()]).collect()
}

fn absolute(path: &[u8]) -> Vec<u8> {
    path.strip_prefix(b".").unwrap_or(path).to_vec()
}
