//! Where the paths of a preset are, and names of which only a pattern is known.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::str::FromStr;

use super::Rank;
use crate::path::{HostPath, PathProblem};

/// Where: a path of the host, or one seen from every user's home.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A path of the host.
    Host(HostPath),
    /// A path as a home sees it: `/.ssh` for `~/.ssh`.
    Home(HostPath),
}

/// Why a text is no [`Place`], or no [`Pattern`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlaceProblem {
    /// Neither absolute nor in a home, or no path at all.
    #[error(transparent)]
    Path(#[from] PathProblem),
    /// A whole root or a whole home.
    #[error("is too much for a preset; name what is below it")]
    Whole,
    /// A `*` where none may stand.
    #[error("has a * in it; a path is one name, a pattern goes into match")]
    Star,
    /// A `*` above the last component.
    #[error("has a * above its last component; only the last one is compared")]
    StarAbove,
    /// More than one `*`.
    #[error("has more than one * in it; write one")]
    Stars,
    /// Nothing but a `*`.
    #[error("stands for everything in its directory; write a part of the name")]
    Everything,
}

impl Place {
    /// The path on the host, for the home of one user. What lies on the host is the same for all.
    #[must_use]
    pub fn of_home(&self, home: &HostPath) -> HostPath {
        match self {
            Self::Host(path) => path.clone(),
            Self::Home(path) => path.below(home),
        }
    }

    /// The path as its host or its home sees it.
    #[must_use]
    pub fn path(&self) -> &HostPath {
        match self {
            Self::Host(path) | Self::Home(path) => path,
        }
    }

    /// Whether it is `base` or lies below it; a path in homes never lies below one of the host.
    #[must_use]
    pub fn starts_with(&self, base: &Self) -> bool {
        match (self, base) {
            (Self::Host(path), Self::Host(base)) | (Self::Home(path), Self::Home(base)) => {
                path.starts_with(base)
            }
            (Self::Host(_), Self::Home(_)) | (Self::Home(_), Self::Host(_)) => false,
        }
    }

    fn read(text: &str) -> Result<Self, PlaceProblem> {
        let place = match text.strip_prefix('~') {
            Some(rest) => Self::Home(rest.parse()?),
            None => Self::Host(text.parse()?),
        };
        if place.path().is_root() { Err(PlaceProblem::Whole) } else { Ok(place) }
    }
}

impl FromStr for Place {
    type Err = PlaceProblem;

    fn from_str(text: &str) -> Result<Self, PlaceProblem> {
        let place = Self::read(text)?;
        if text.contains('*') { Err(PlaceProblem::Star) } else { Ok(place) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(path) => write!(f, "{path}"),
            Self::Home(path) if path.is_root() => f.write_str("~"),
            Self::Home(path) => write!(f, "~{path}"),
        }
    }
}

/// Names in one directory: one name, or all that begin and end as it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    parent: Place,
    front: Vec<u8>,
    /// What follows the `*`; none where the pattern is a name.
    back: Option<Vec<u8>>,
    /// How much it hurts to lose what it stands for.
    pub rank: Rank,
}

impl Pattern {
    /// Takes a path with at most one `*`, which stands for any letters of the last component.
    ///
    /// # Errors
    /// No path, too much of one, or a `*` elsewhere.
    pub fn new(text: &str, rank: Rank) -> Result<Self, PlaceProblem> {
        let place = Place::read(text)?;
        let (above, name) = match (place.path().parent(), place.path().name()) {
            (Some(above), Some(name)) => (above, name.as_bytes()),
            _ => return Err(PlaceProblem::Whole),
        };
        if above.as_bytes().contains(&b'*') {
            return Err(PlaceProblem::StarAbove);
        }
        let mut parts = name.split(|&b| b == b'*').map(<[u8]>::to_vec);
        let (front, back) = (parts.next().unwrap_or_default(), parts.next());
        if parts.next().is_some() {
            return Err(PlaceProblem::Stars);
        }
        if front.is_empty() && back.as_ref().is_none_or(Vec::is_empty) {
            return Err(PlaceProblem::Everything);
        }
        let parent = match place {
            Place::Host(_) => Place::Host(above),
            Place::Home(_) => Place::Home(above),
        };
        Ok(Self { parent, front, back, rank })
    }

    /// The directory whose names it is about.
    #[must_use]
    pub fn parent(&self) -> &Place {
        &self.parent
    }

    /// Whether `name`, one component, is what it stands for.
    #[must_use]
    pub fn matches(&self, name: &[u8]) -> bool {
        match &self.back {
            None => name == self.front,
            Some(back) => {
                name.len() >= self.front.len() + back.len()
                    && name.starts_with(&self.front)
                    && name.ends_with(back)
            }
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = self.back.as_ref().map(|back| [b"*", back.as_slice()].concat());
        let name = [self.front.as_slice(), &star.unwrap_or_default()].concat();
        let path = self.parent.path().join(OsStr::from_bytes(&name));
        let tilde = if matches!(self.parent, Place::Home(_)) { "~" } else { "" };
        write!(f, "{tilde}{path}")
    }
}
