//! Files of the repository that go into a guest.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};

/// One file: of a link where it leads, otherwise its content.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) content: Vec<u8>,
    pub(crate) mode: u32,
    pub(crate) is_link: bool,
}

impl Source {
    pub(crate) fn new(text: impl Into<Vec<u8>>) -> Self {
        Self { content: text.into(), mode: 0o444, is_link: false }
    }

    pub(crate) fn link(to: &str) -> Self {
        Self { is_link: true, ..Self::new(to) }
    }

    /// The content as text.
    pub(crate) fn text(&self) -> Result<String> {
        String::from_utf8(self.content.clone()).context("cannot read a file as text")
    }
}

/// Returns the files below a directory, by their names below it, in order. Scripts start, whatever
/// their mode in a checkout.
pub(crate) fn files_below(directory: &Path) -> Result<Vec<(String, Source)>> {
    let mut files = Vec::new();
    let mut left = vec![directory.to_owned()];
    while let Some(place) = left.pop() {
        let entries =
            fs::read_dir(&place).with_context(|| format!("cannot read {}", place.display()))?;
        for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            let source = read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            match source {
                None => left.push(path),
                Some(source) => {
                    let name = path.strip_prefix(directory).unwrap_or(&path);
                    files.push((name.to_string_lossy().into_owned(), source));
                }
            }
        }
    }
    files.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(files)
}

/// Returns nothing for a directory.
fn read(path: &Path) -> std::io::Result<Option<Source>> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_dir() {
        return Ok(None);
    }
    if metadata.is_symlink() {
        let to = fs::read_link(path)?.into_os_string().into_encoded_bytes();
        return Ok(Some(Source { is_link: true, ..Source::new(to) }));
    }
    let content = fs::read(path)?;
    let starts = content.starts_with(b"#!") || metadata.permissions().mode() & 0o100 != 0;
    Ok(Some(Source { mode: if starts { 0o555 } else { 0o444 }, ..Source::new(content) }))
}
