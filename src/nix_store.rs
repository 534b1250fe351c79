//! Names in the Nix store. Pure.
//!
//! The crate `nix-compat` is meant for this and has no content on the registry yet; [`StorePath`] has
//! the shape of its type of that name, so that it can be replaced by that.

use std::fmt;

/// Where the store is, with the slash behind it.
pub const STORE_DIR: &str = "/nix/store/";

/// How many characters the digest of a store path has.
const DIGEST: usize = 32;

/// The longest name that Nix allows.
const LONGEST: usize = 211;

/// The name of something in the Nix store: `<digest>-<name>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StorePath {
    digest: String,
    name: String,
}

/// Why something is no name in the Nix store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StorePathError {
    /// It lies elsewhere.
    #[error("does not lie in {STORE_DIR}")]
    Elsewhere,
    /// It does not begin with a digest: 32 digits of Nix's base 32, and a dash.
    #[error("does not begin with a digest")]
    Digest,
    /// There is no name behind the digest, or one that Nix does not allow.
    #[error("has no name that the store allows")]
    Name,
}

impl StorePath {
    /// Takes `<digest>-<name>`.
    ///
    /// # Errors
    /// It is no name in the store.
    pub fn from_bytes(text: &[u8]) -> Result<Self, StorePathError> {
        let (digest, rest) = text.split_at_checked(DIGEST).ok_or(StorePathError::Digest)?;
        if !digest.iter().copied().all(is_digit) {
            return Err(StorePathError::Digest);
        }
        let name = rest.strip_prefix(b"-").ok_or(StorePathError::Digest)?;
        let is_allowed =
            name.iter().copied().all(is_of_name) && !name.is_empty() && name.len() <= LONGEST;
        if !is_allowed || matches!(name, b"." | b"..") {
            return Err(StorePathError::Name);
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Self { digest: text(digest), name: text(name) })
    }

    /// Takes an absolute path at or below something in the store; returns that, and the path from there,
    /// without a slash in front.
    ///
    /// # Errors
    /// It does not lie in the store, or the store cannot hold it.
    pub fn from_absolute_path_full(path: &[u8]) -> Result<(Self, &[u8]), StorePathError> {
        let inside = path.strip_prefix(STORE_DIR.as_bytes()).ok_or(StorePathError::Elsewhere)?;
        let mut parts = inside.splitn(2, |&byte| byte == b'/');
        let this = Self::from_bytes(parts.next().unwrap_or_default())?;
        Ok((this, parts.next().unwrap_or_default()))
    }

    /// Returns everything in the store that a text names, in order, each once.
    #[must_use]
    pub fn all_in(text: &[u8]) -> Vec<Self> {
        let store = STORE_DIR.as_bytes();
        let mut paths = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.windows(store.len()).position(|window| window == store) {
            rest = rest.get(at + store.len()..).unwrap_or_default();
            let end = rest.iter().position(|&byte| !is_of_name(byte)).unwrap_or(rest.len());
            paths.extend(Self::from_bytes(rest.get(..end).unwrap_or_default()));
        }
        paths.sort();
        paths.dedup();
        paths
    }

    /// The name behind the digest.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The path in the file system.
    #[must_use]
    pub fn to_absolute_path(&self) -> String {
        format!("{STORE_DIR}{self}")
    }
}

impl fmt::Display for StorePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.digest, self.name)
    }
}

/// Whether it is a digit of Nix's base 32, which leaves out e, o, t and u.
fn is_digit(byte: u8) -> bool {
    b"0123456789abcdfghijklmnpqrsvwxyz".contains(&byte)
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+-._?=".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BASH: &str = "00bgd045z0d4icpbc2yyz4gx48ak44la-bash-5.2";

    #[test]
    fn a_name_is_taken_apart_or_refused() {
        let table = [
            (BASH, Ok(("bash-5.2", &b""[..]))),
            ("00bgd045z0d4icpbc2yyz4gx48ak44la-a/bin/sh", Ok(("a", b"bin/sh"))),
            ("00bgd045z0d4icpbc2yyz4gx48ak44la-", Err(StorePathError::Name)),
            ("00bgd045z0d4icpbc2yyz4gx48ak44la-..", Err(StorePathError::Name)),
            ("00bgd045z0d4icpbc2yyz4gx48ak44la-a b", Err(StorePathError::Name)),
            ("00bgd045z0d4icpbc2yyz4gx48ak44lae-a", Err(StorePathError::Digest)),
            ("e0bgd045z0d4icpbc2yyz4gx48ak44la-a", Err(StorePathError::Digest)),
            (".links", Err(StorePathError::Digest)),
            ("", Err(StorePathError::Digest)),
        ];
        for (text, expected) in table {
            let path = format!("{STORE_DIR}{text}");
            let taken = StorePath::from_absolute_path_full(path.as_bytes());
            let taken = taken.map(|(this, rest)| (this.name().to_owned(), rest));
            assert_eq!(taken, expected.map(|(name, rest)| (name.to_owned(), rest)), "{text}");
        }
        let elsewhere = StorePath::from_absolute_path_full(b"/nix/var/x");
        assert_eq!(elsewhere, Err(StorePathError::Elsewhere));
    }

    #[test]
    fn everything_that_a_text_names_is_found_once() {
        let text = format!(
            "exec {STORE_DIR}{BASH}/bin/sh \"{STORE_DIR}00bgd045z0d4icpbc2yyz4gx48ak44la-a\" \
             {STORE_DIR}nothing /nix/store/{BASH}"
        );
        let found: Vec<String> =
            StorePath::all_in(text.as_bytes()).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["00bgd045z0d4icpbc2yyz4gx48ak44la-a", BASH]);
    }

    proptest! {
        #[test]
        fn what_is_taken_is_what_it_was(name in "[a-zA-Z0-9+._?=-]{2,211}", rest: Vec<u8>) {
            let text = format!("00bgd045z0d4icpbc2yyz4gx48ak44la-{name}");
            prop_assume!(name != "..");
            prop_assert_eq!(StorePath::from_bytes(text.as_bytes()).unwrap().to_string(), text);
            let _ = (StorePath::from_bytes(&rest), StorePath::all_in(&rest));
        }
    }
}
