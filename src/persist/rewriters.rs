//! Files that their programs replace by a rename, and what to declare instead of them.
//!
//! A file that is an entry of its own stays what it is only while it is written in place. A rename onto
//! a bind mount fails with EBUSY; a rename onto a symlink puts a plain file where the symlink was, and
//! the store keeps the old content. Pure: a table, and sentences made from it.

mod table;

use crate::config::{Config, Entry, How, Kind};
use crate::path::HostPath;
use table::{SYSTEM, USERS};

/// A file that a program replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rewriter {
    /// Its path. `*` stands for any letters of one component. Without a slash in front it is a path in
    /// a home, and only the last components are compared.
    pub pattern: &'static str,
    /// Who replaces it.
    pub program: &'static str,
    /// What the program does.
    pub act: Act,
    /// What to do instead of declaring the file.
    pub cure: Cure,
}

/// What a program does to its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Writes a new file and renames it over the old one, whether that is a symlink or not.
    Rename,
    /// The same, but where the file is a symlink, over what it leads to: a symlink holds.
    RenameBehindLink,
    /// Writes in place, and removes it when nothing is left to be written.
    Unlink,
}

/// What to do instead of declaring a file that is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cure {
    /// Declare this directory; of a file in a home, seen from there.
    Directory(&'static str),
    /// Something else, as the rest of a sentence.
    Other(&'static str),
    /// Declare it as a symlink, which the program follows.
    Symlink,
}

/// Returns who replaces the file that `entry` declares, where that undoes the entry.
#[must_use]
pub fn warning(entry: &Entry) -> Option<Rewriter> {
    if entry.kind != Kind::File {
        return None;
    }
    let known = known(&entry.target)?;
    (entry.how == How::Bind || known.act != Act::RenameBehindLink).then_some(*known)
}

/// Returns who replaces the file at `target`, however it is declared.
#[must_use]
pub fn known(target: &HostPath) -> Option<&'static Rewriter> {
    SYSTEM.iter().chain(USERS).find(|row| fits(row.pattern, target))
}

/// Everything in a configuration that will not hold although it can be declared, as sentences that end
/// in the cure.
#[must_use]
pub fn warnings(config: &Config) -> Vec<String> {
    config.entries().filter_map(|(_, entry)| warning_of(config, entry)).collect()
}

/// What will not hold about one entry, as a sentence that ends in the cure.
#[must_use]
pub fn warning_of(config: &Config, entry: &Entry) -> Option<String> {
    match warning(entry) {
        Some(rewriter) => Some(rewriter.sentence(entry)),
        None => half_a_pair(config, entry),
    }
}

impl Rewriter {
    /// What goes wrong with `entry`, and the cure.
    #[must_use]
    pub fn sentence(&self, entry: &Entry) -> String {
        let (target, program) = (&entry.target, self.program);
        let act = match self.act {
            Act::Unlink => format!("is removed by {program} at times"),
            Act::Rename | Act::RenameBehindLink => {
                format!("is replaced by {program} through a rename")
            }
        };
        let end = match (entry.how, self.act) {
            (How::Bind, _) => "which a bind mount stops (EBUSY)",
            (How::Symlink, Act::Unlink) => "which takes the symlink away",
            (How::Symlink, _) => "which puts a plain file where the symlink was",
        };
        format!("{target} {act}, {end}; {}", self.cure(target))
    }

    fn cure(&self, target: &HostPath) -> String {
        match self.cure {
            Cure::Other(cure) => cure.to_owned(),
            Cure::Symlink => {
                "declare it with how = \"symlink\", which that program follows".to_owned()
            }
            Cure::Directory(directory) => {
                format!("declare the directory {} instead", self.directory(target, directory))
            }
        }
    }

    /// The directory to declare instead; of a file in a home one in the same home.
    fn directory(&self, target: &HostPath, directory: &str) -> String {
        let depth = self.pattern.split('/').count();
        let home = || std::iter::successors(Some(target.clone()), HostPath::parent).nth(depth);
        let path = if directory.starts_with('/') {
            directory.as_bytes().to_vec()
        } else {
            [home().unwrap_or_else(HostPath::root).as_bytes(), b"/", directory.as_bytes()].concat()
        };
        crate::path::escape(&path)
    }
}

/// Whether `target` is what `pattern` describes; whole components are compared.
fn fits(pattern: &str, target: &HostPath) -> bool {
    let mut names = target.as_bytes().rsplit(|&b| b == b'/').filter(|name| !name.is_empty());
    let mut wanted = pattern.as_bytes().rsplit(|&b| b == b'/').filter(|name| !name.is_empty());
    let is_like = wanted.all(|wanted| names.next().is_some_and(|name| fits_name(wanted, name)));
    is_like && (!pattern.starts_with('/') || names.next().is_none())
}

/// `*` in a pattern of one component stands for any letters.
fn fits_name(pattern: &[u8], name: &[u8]) -> bool {
    let mut parts = pattern.splitn(2, |&b| b == b'*');
    match (parts.next(), parts.next()) {
        (Some(front), Some(back)) => {
            name.len() >= front.len() + back.len()
                && name.starts_with(front)
                && name.ends_with(back)
        }
        _ => pattern == name,
    }
}

/// An ssh host key without its public half. `sshd` would start; but `sshd-keygen` of NixOS makes no
/// new public half where the private one is there, and what reads it (agenix, ssh-to-age) fails.
fn half_a_pair(config: &Config, entry: &Entry) -> Option<String> {
    let name = entry.target.name()?.as_encoded_bytes();
    let is_key = name.starts_with(b"ssh_host_") && name.ends_with(b"_key");
    if entry.kind != Kind::File || !is_key {
        return None;
    }
    let public = HostPath::new(&[entry.target.as_bytes(), b".pub"].concat()).ok()?;
    let is_kept = config.entries().any(|(_, other)| public.starts_with(&other.target));
    let sentence = || {
        format!(
            "{} is declared without its public half, which the next boot loses; declare {public} \
             as well",
            entry.target
        )
    };
    (!is_kept).then(sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(target: &str, kind: Kind, how: How) -> Entry {
        let target = target.parse().unwrap();
        Entry { target, kind, how, user: None, group: None, mode: None, because: None, line: 1 }
    }

    #[test]
    fn what_is_replaced_by_a_rename_is_told_with_what_to_do_instead() {
        let (bind, link) = (How::Bind, How::Symlink);
        let table: &[(&str, How, &str)] = &[
            (
                "/var/lib/tailscale/tailscaled.state",
                bind,
                " is replaced by tailscaled through a rename, which a bind mount stops (EBUSY); declare the directory /var/lib/tailscale instead",
            ),
            (
                "/var/lib/tailscale/tailscaled.state",
                link,
                " is replaced by tailscaled through a rename, which puts a plain file where the symlink was; declare the directory /var/lib/tailscale instead",
            ),
            (
                "/home/alice/.local/share/fish/fish_history",
                bind,
                " is replaced by fish through a rename, which a bind mount stops (EBUSY); declare the directory /home/alice/.local/share/fish instead",
            ),
            (
                "/srv/homes/a\tb/.config/dconf/user",
                bind,
                " is replaced by dconf through a rename, which a bind mount stops (EBUSY); declare the directory /srv/homes/a\\tb/.config/dconf instead",
            ),
            (
                "/root/.config/kwinrc",
                bind,
                " is replaced by KDE through a rename, which a bind mount stops (EBUSY); declare it with how = \"symlink\", which that program follows",
            ),
            (
                "/etc/zfs/zpool.cache",
                bind,
                " is removed by the ZFS module at times, which a bind mount stops (EBUSY); drop the entry: NixOS imports pools by their names",
            ),
        ];
        for (target, how, sentence) in table {
            let entry = entry(target, Kind::File, *how);
            let said = warning(&entry).unwrap().sentence(&entry);
            assert_eq!(said, format!("{}{sentence}", entry.target));
        }
    }

    #[test]
    fn what_is_written_in_place_or_followed_or_only_similar_is_not_told() {
        for (target, how) in [
            ("/etc/machine-id", How::Bind),
            ("/etc/machine-id", How::Symlink),
            ("/root/.config/kwinrc", How::Symlink),
            ("/root/.config/rc/x", How::Bind),
            ("/sub/etc/passwd", How::Bind),
            ("/etc/passwd/x", How::Bind),
            ("/root/x.bash_history", How::Bind),
        ] {
            assert_eq!(warning(&entry(target, Kind::File, how)), None, "{target}");
        }
        assert_eq!(warning(&entry("/etc/adjtime", Kind::Directory, How::Bind)), None);
    }

    #[test]
    fn every_row_fits_its_own_pattern_alone_and_its_directory_holds_it() {
        let rows: Vec<&Rewriter> = SYSTEM.iter().chain(USERS).collect();
        for row in &rows {
            let name = row.pattern.replace('*', "x");
            let path = if name.starts_with('/') { name } else { format!("/home/alice/{name}") };
            let entry = entry(&path, Kind::File, How::Bind);
            assert_eq!(rows.iter().filter(|row| fits(row.pattern, &entry.target)).count(), 1);
            if let Cure::Directory(directory) = row.cure {
                let directory = row.directory(&entry.target, directory).parse().unwrap();
                assert!(entry.target.is_below(&directory), "{}", row.pattern);
            }
            assert_eq!(row.cure == Cure::Symlink, row.act == Act::RenameBehindLink);
        }
        assert!(SYSTEM.iter().all(|row| row.pattern.starts_with('/')));
        assert!(USERS.iter().all(|row| row.pattern.starts_with('.')));
    }

    #[test]
    fn an_ssh_host_key_wants_its_public_half() {
        let config = |more: &str| {
            let key = "[[store.entry]]\nkind = \"file\"\ntarget = \"/etc/ssh/ssh_host_ed25519_key";
            let text = format!("version = 1\n[[store]]\npath = \"/persist\"\n{key}\"\n{more}");
            Config::parse(&text).unwrap()
        };
        let half = "/etc/ssh/ssh_host_ed25519_key is declared without its public half, which the next boot loses; declare /etc/ssh/ssh_host_ed25519_key.pub as well";
        assert_eq!(warnings(&config("")), [half]);
        let public =
            "[[store.entry]]\nkind = \"file\"\ntarget = \"/etc/ssh/ssh_host_ed25519_key.pub\"\n";
        assert_eq!(warnings(&config(public)), Vec::<String>::new());
    }
}
