//! Paths as the host sees them.
//!
//! In: text from a configuration, bytes from a directory. Out: [`HostPath`], absolute and normalised.
//! A `HostPath` is a name, not a handle: no file is ever opened by it. `sys` opens it component by
//! component below a root.

mod escape;

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::str::FromStr;

pub use escape::escape;

/// An absolute, normalised path as it is seen on the running host: no `.`, no `..`, no empty
/// component, no NUL. Any other byte may stand in it; [`fmt::Display`] escapes what a terminal would
/// obey.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPath(Vec<u8>);

/// Why a text is no [`HostPath`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathProblem {
    /// Relative, or empty.
    #[error("is not absolute; write it from the root, beginning with /")]
    NotAbsolute,
    /// Has a `.` or `..` component.
    #[error("has a . or .. in it; write the path that is meant")]
    Dots,
    /// Has a NUL byte.
    #[error("has a NUL byte in it; no file can have such a name")]
    Nul,
}

impl HostPath {
    /// The root itself, `/`.
    #[must_use]
    pub fn root() -> Self {
        Self(vec![b'/'])
    }

    /// Takes bytes; repeated and trailing slashes are dropped.
    ///
    /// # Errors
    /// The text is relative, or has a `.` or `..` component or a NUL byte.
    pub fn new(bytes: &[u8]) -> Result<Self, PathProblem> {
        if bytes.first() != Some(&b'/') {
            return Err(PathProblem::NotAbsolute);
        }
        if bytes.contains(&0) {
            return Err(PathProblem::Nul);
        }
        let mut path = Vec::with_capacity(bytes.len());
        for component in bytes.split(|&b| b == b'/').filter(|c| !c.is_empty()) {
            if matches!(component, b"." | b"..") {
                return Err(PathProblem::Dots);
            }
            path.push(b'/');
            path.extend_from_slice(component);
        }
        Ok(if path.is_empty() { Self::root() } else { Self(path) })
    }

    /// Returns the path one component further down. `name` is a name as a directory lists it: not
    /// empty, no slash.
    #[must_use]
    pub fn join(&self, name: &OsStr) -> Self {
        let mut bytes = Vec::with_capacity(self.0.len() + 1 + name.len());
        bytes.extend_from_slice(&self.0);
        if bytes != b"/" {
            bytes.push(b'/');
        }
        bytes.extend_from_slice(name.as_bytes());
        Self(bytes)
    }

    /// Returns `self` seen below `base`: `/persist` and `/var/lib` make `/persist/var/lib`.
    #[must_use]
    pub fn below(&self, base: &HostPath) -> Self {
        if base.is_root() {
            return self.clone();
        }
        if self.is_root() {
            return base.clone();
        }
        Self([base.0.as_slice(), self.0.as_slice()].concat())
    }

    /// Returns what it is called where `base` is `/`; none if it does not lie there. The reverse of
    /// [`below`](Self::below).
    #[must_use]
    pub fn seen_from(&self, base: &HostPath) -> Option<Self> {
        if base.is_root() {
            return Some(self.clone());
        }
        match self.0.strip_prefix(base.0.as_slice())? {
            [] => Some(Self::root()),
            rest @ [b'/', ..] => Some(Self(rest.to_vec())),
            _ => None,
        }
    }

    /// Whether this is `/`.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0 == b"/"
    }

    /// The path as bytes, beginning with `/`.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The path as text, byte for byte; what is not UTF-8, which no configuration can hold, is replaced.
    #[must_use]
    pub fn exact(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    /// The path without its leading slash, for opening below a root; `.` for the root itself.
    #[must_use]
    pub fn relative(&self) -> &OsStr {
        let rest = self.0.strip_prefix(b"/").unwrap_or_default();
        OsStr::from_bytes(if rest.is_empty() { b"." } else { rest })
    }

    /// The directory that holds it; none for `/`.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        let cut = self.0.iter().rposition(|&b| b == b'/')?;
        Some(if cut == 0 { Self::root() } else { Self(self.0.get(..cut)?.to_vec()) })
    }

    /// The last component; none for `/`.
    #[must_use]
    pub fn name(&self) -> Option<&OsStr> {
        let last = self.0.rsplit(|&b| b == b'/').next()?;
        (!last.is_empty()).then(|| OsStr::from_bytes(last))
    }

    /// Every directory above it, the root first, itself not among them.
    #[must_use]
    pub fn ancestors(&self) -> Vec<Self> {
        let mut all: Vec<Self> = std::iter::successors(self.parent(), HostPath::parent).collect();
        all.reverse();
        all
    }

    /// Whether it is `base` or lies below it; compares whole components.
    #[must_use]
    pub fn starts_with(&self, base: &HostPath) -> bool {
        base.is_root()
            || self
                .0
                .strip_prefix(base.0.as_slice())
                .is_some_and(|rest| rest.is_empty() || rest.first() == Some(&b'/'))
    }

    /// Whether it lies below `base`, and is not `base` itself.
    #[must_use]
    pub fn is_below(&self, base: &HostPath) -> bool {
        self != base && self.starts_with(base)
    }
}

impl FromStr for HostPath {
    type Err = PathProblem;

    fn from_str(text: &str) -> Result<Self, PathProblem> {
        Self::new(text.as_bytes())
    }
}

impl fmt::Display for HostPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(&self.0))
    }
}

impl fmt::Debug for HostPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostPath({})", escape(&self.0))
    }
}

impl AsRef<OsStr> for HostPath {
    fn as_ref(&self) -> &OsStr {
        OsStr::from_bytes(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(text: &str) -> HostPath {
        text.parse().unwrap()
    }

    #[test]
    fn slashes_are_normalised_and_dots_are_refused() {
        let table: &[(&str, Result<&str, PathProblem>)] = &[
            ("/", Ok("/")),
            ("//", Ok("/")),
            ("/var//lib/", Ok("/var/lib")),
            ("/with space/'%h\"", Ok("/with space/'%h\"")),
            ("", Err(PathProblem::NotAbsolute)),
            ("var/lib", Err(PathProblem::NotAbsolute)),
            ("/var/../etc", Err(PathProblem::Dots)),
            ("/var/./lib", Err(PathProblem::Dots)),
            ("/..", Err(PathProblem::Dots)),
            ("/...", Ok("/...")),
            ("/a\0b", Err(PathProblem::Nul)),
        ];
        for (text, expected) in table {
            let got = text.parse::<HostPath>();
            assert_eq!(got, expected.map(|p| HostPath(p.as_bytes().to_vec())), "{text:?}");
        }
    }

    #[test]
    fn a_prefix_of_a_name_is_not_a_parent() {
        assert!(path("/tmp/x").starts_with(&path("/tmp")));
        assert!(path("/tmp").starts_with(&path("/tmp")));
        assert!(!path("/tmp").is_below(&path("/tmp")));
        assert!(!path("/tmpfoo").starts_with(&path("/tmp")));
        assert!(path("/tmpfoo").is_below(&HostPath::root()));
    }

    #[test]
    fn parents_names_and_sources_are_taken_apart_and_put_together() {
        assert_eq!(path("/a/b").parent(), Some(path("/a")));
        assert_eq!(path("/a").parent(), Some(HostPath::root()));
        assert_eq!(HostPath::root().parent(), None);
        assert_eq!(path("/a/b").name(), Some(OsStr::new("b")));
        assert_eq!(HostPath::root().name(), None);
        assert_eq!(path("/a/b").ancestors(), vec![HostPath::root(), path("/a")]);
        assert_eq!(path("/var/lib").below(&path("/persist")), path("/persist/var/lib"));
        assert_eq!(HostPath::root().below(&path("/persist")), path("/persist"));
        assert_eq!(path("/a").below(&HostPath::root()), path("/a"));
        assert_eq!(path("/a/b").relative(), "a/b");
        assert_eq!(HostPath::root().relative(), ".");
    }

    proptest! {
        #[test]
        fn every_path_is_absolute_and_normal_and_parses_to_itself(bytes: Vec<u8>) {
            let bytes = [b"/".as_slice(), &bytes].concat();
            if let Ok(path) = HostPath::new(&bytes) {
                prop_assert_eq!(HostPath::new(path.as_bytes()), Ok(path.clone()));
                prop_assert!(path.ancestors().iter().all(|a| path.is_below(a)));
            }
        }
    }
}
