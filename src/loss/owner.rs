//! Who a path belongs to, and how much it hurts to lose it. Values only; `evidence` collects them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use super::rules::above;
use crate::path::HostPath;
use crate::presets::{Pattern, Rank};

/// Who makes and uses a path. Reports are grouped by it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// The unit that names it, such as `postgresql.service`.
    Unit(String),
    /// The preset that names it, where no unit on this host does.
    Preset(String),
    /// The user in whose home it lies.
    Home(String),
    /// The file of tmpfiles.d(5) that names it.
    Tmpfiles(String),
    /// Nobody who is known here.
    Unknown,
}

/// Whose a path is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Owned {
    /// Who makes and uses it.
    pub owner: Owner,
    /// The preset that keeps it, by its name.
    pub preset: Option<String>,
    /// How much it hurts to lose it.
    pub rank: Rank,
}

static UNKNOWN: LazyLock<Arc<Owned>> =
    LazyLock::new(|| Arc::new(Owned { owner: Owner::Unknown, preset: None, rank: Rank::State }));

/// Everything that is known about whose paths are.
#[derive(Debug, Clone, Default)]
pub struct Owners {
    claims: HashMap<Vec<u8>, Claim>,
    /// By the directory in which the name lies.
    patterns: HashMap<Vec<u8>, Vec<(Pattern, Arc<Owned>)>>,
    /// The directories above everything that is claimed.
    above: HashSet<Vec<u8>>,
    /// How long the longest of all these paths is. A longer one need not be looked up: users can make
    /// paths of megabytes, and each has thousands of directories above it.
    longest: usize,
}

#[derive(Debug, Clone)]
struct Claim {
    itself: Arc<Owned>,
    below: Arc<Owned>,
    is_structure: bool,
}

impl Owners {
    /// Claims `path` and everything below it. Of two claims on one path the stronger owner counts, the
    /// preset stays, and with it its rank. What is a structure is nobody's.
    pub fn claim(&mut self, path: &HostPath, owned: Owned) {
        let merged = match self.claims.get(path.as_bytes()) {
            Some(Claim { is_structure: true, .. }) => return,
            Some(claim) => merge(&claim.itself, owned),
            None => owned,
        };
        let owned = Arc::new(merged);
        let claim = Claim { itself: Arc::clone(&owned), below: owned, is_structure: false };
        self.insert(path, claim);
    }

    /// Claims every name in the directory `parent` that fits.
    pub fn claim_pattern(&mut self, parent: &HostPath, pattern: Pattern, owned: Owned) {
        self.above.extend(itself_and_above(parent));
        self.longest = self.longest.max(parent.as_bytes().len());
        let patterns = self.patterns.entry(parent.as_bytes().to_vec()).or_default();
        patterns.push((pattern, Arc::new(owned)));
    }

    /// Says that `path` only holds what belongs to many, as `/var/lib` or a home: it is never one line
    /// in a report, and each thing in it is a line of its own. What nobody claims in it is of `below`;
    /// without that nobody's.
    pub fn structure(&mut self, path: &HostPath, below: Option<Owned>) {
        let below = below.map_or_else(unknown, Arc::new);
        self.insert(path, Claim { itself: Arc::clone(&below), below, is_structure: true });
    }

    fn insert(&mut self, path: &HostPath, claim: Claim) {
        self.above.extend(above(path).map(<[u8]>::to_vec));
        self.longest = self.longest.max(path.as_bytes().len());
        self.claims.insert(path.as_bytes().to_vec(), claim);
    }

    /// Whose `path` is: of the nearest that is claimed at or above it.
    #[must_use]
    pub fn of(&self, path: &HostPath) -> Arc<Owned> {
        if let Some(claim) = self.claim_on(path) {
            return Arc::clone(&claim.itself);
        }
        let mut inner = path.as_bytes();
        for outer in above(path) {
            if outer.len() <= self.longest {
                if let Some(owned) = self.fitting(outer, inner) {
                    return Arc::clone(owned);
                }
                if let Some(claim) = self.claims.get(outer) {
                    return Arc::clone(&claim.below);
                }
            }
            inner = outer;
        }
        unknown()
    }

    fn claim_on(&self, path: &HostPath) -> Option<&Claim> {
        let is_short = path.as_bytes().len() <= self.longest;
        is_short.then(|| self.claims.get(path.as_bytes())).flatten()
    }

    /// The claim of a pattern on `path`, which lies directly in `parent`.
    fn fitting(&self, parent: &[u8], path: &[u8]) -> Option<&Arc<Owned>> {
        let patterns = self.patterns.get(parent)?;
        let name = path.rsplit(|&byte| byte == b'/').next()?;
        patterns.iter().find(|(pattern, _)| pattern.matches(name)).map(|(_, owned)| owned)
    }

    /// Whether everything that can lie below `directory` belongs to one, the directory's own.
    #[must_use]
    pub fn is_uniform(&self, directory: &HostPath) -> bool {
        if directory.as_bytes().len() > self.longest {
            return true;
        }
        let claim = self.claim_on(directory);
        !self.above.contains(directory.as_bytes()) && claim.is_none_or(|claim| !claim.is_structure)
    }

    /// Whether `path` only holds what belongs to many.
    #[must_use]
    pub fn is_structure(&self, path: &HostPath) -> bool {
        self.claim_on(path).is_some_and(|claim| claim.is_structure)
    }
}

fn unknown() -> Arc<Owned> {
    Arc::clone(&UNKNOWN)
}

fn itself_and_above(path: &HostPath) -> impl Iterator<Item = Vec<u8>> {
    above(path).chain([path.as_bytes()]).map(<[u8]>::to_vec)
}

fn merge(one: &Owned, other: Owned) -> Owned {
    let rank = match (&one.preset, &other.preset) {
        (Some(_), _) => one.rank,
        (None, Some(_)) => other.rank,
        (None, None) => one.rank.min(other.rank),
    };
    let owner = one.owner.clone().min(other.owner);
    Owned { owner, preset: one.preset.clone().or(other.preset), rank }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> HostPath {
        text.parse().unwrap()
    }

    fn owned(owner: Owner, preset: Option<&str>, rank: Rank) -> Owned {
        Owned { owner, preset: preset.map(str::to_owned), rank }
    }

    fn unit(name: &str) -> Owner {
        Owner::Unit(name.to_owned())
    }

    /// What the tables show: the owner's name, the preset, the rank.
    fn shown(owners: &Owners, at: &str) -> String {
        let owned = owners.of(&path(at));
        let name = match &owned.owner {
            Owner::Unit(name) | Owner::Preset(name) | Owner::Tmpfiles(name) => name.as_str(),
            Owner::Home(name) => return format!("~{name} {}", owned.rank.word()),
            Owner::Unknown => "nobody",
        };
        format!("{name} {} {}", owned.preset.as_deref().unwrap_or("-"), owned.rank.word())
    }

    fn host() -> Owners {
        let mut owners = Owners::default();
        for place in ["/", "/var", "/var/lib", "/etc", "/etc/ssh"] {
            owners.structure(&path(place), None);
        }
        owners.structure(&path("/var/log"), Some(owned(Owner::Unknown, None, Rank::Logs)));
        let alice = || owned(Owner::Home("alice".into()), None, Rank::State);
        owners.structure(&path("/home/alice"), Some(alice()));
        owners.claim(&path("/home/alice/.cache"), Owned { rank: Rank::Cache, ..alice() });
        owners.claim(&path("/var/lib/db"), owned(unit("db.service"), None, Rank::State));
        owners.claim(&path("/var/lib"), owned(unit("greedy.service"), None, Rank::State));
        let db = owned(Owner::Preset("db".into()), Some("db"), Rank::Keys);
        owners.claim(&path("/var/lib/db"), db);
        let key = owned(Owner::Preset("sshd".into()), Some("sshd"), Rank::Keys);
        let pattern = crate::presets::Presets::parse(
            "[[preset]]\nname = \"sshd\"\ntitle = \"x\"\nwhy = \"x\"\nrank = \"keys\"\n\
             source = \"x\"\nverified = false\nmatch = [\"/etc/ssh/ssh_host_*\"]\n",
        );
        let pattern = pattern.unwrap().iter().next().unwrap().patterns[0].clone();
        owners.claim_pattern(&path("/etc/ssh"), pattern, key);
        owners
    }

    #[test]
    fn the_nearest_claim_counts_and_what_lies_in_a_structure_is_nobodys() {
        let table = [
            ("/", "nobody - state"),
            ("/srv/x", "nobody - state"),
            ("/var/lib", "nobody - state"),
            ("/var/lib/other/deep", "nobody - state"),
            ("/var/lib/db", "db.service db keys"),
            ("/var/lib/db/base/1", "db.service db keys"),
            ("/var/lib/dbs", "nobody - state"),
            ("/var/log/x", "nobody - logs"),
            ("/home/alice", "~alice state"),
            ("/home/alice/src/x", "~alice state"),
            ("/home/alice/.cache/x", "~alice cache"),
            ("/home/bob", "nobody - state"),
            ("/etc/ssh/ssh_host_rsa_key", "sshd sshd keys"),
            ("/etc/ssh/ssh_host_d/below", "sshd sshd keys"),
            ("/etc/ssh/sshd_config", "nobody - state"),
            ("/etc/sshx/ssh_host_rsa_key", "nobody - state"),
        ];
        let owners = host();
        for (at, expected) in table {
            assert_eq!(shown(&owners, at), expected, "{at}");
        }
    }

    #[test]
    fn the_order_of_two_claims_on_one_path_does_not_matter() {
        let claims = [
            owned(unit("db.service"), None, Rank::State),
            owned(Owner::Preset("db".into()), Some("db"), Rank::Keys),
            owned(Owner::Tmpfiles("db.conf".into()), None, Rank::Cache),
        ];
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let mut owners = Owners::default();
            for index in order {
                owners.claim(&path("/x"), claims[index].clone());
            }
            assert_eq!(shown(&owners, "/x"), "db.service db keys", "{order:?}");
        }
    }

    #[test]
    fn only_a_directory_in_which_all_belongs_to_one_is_uniform() {
        let table = [
            ("/var/lib/db", true),
            ("/var/lib/db/base", true),
            ("/srv", true),
            ("/home/alice/src", true),
            ("/var", false),
            ("/var/log", false),
            ("/home", false),
            ("/home/alice", false),
            ("/etc/ssh", false),
            ("/etc/ssh/ssh_host_d", true),
        ];
        let owners = host();
        for (at, expected) in table {
            assert_eq!(owners.is_uniform(&path(at)), expected, "{at}");
        }
        assert!(owners.is_structure(&path("/var/lib")) && !owners.is_structure(&path("/srv")));
    }
}
