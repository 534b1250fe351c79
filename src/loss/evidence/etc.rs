//! What NixOS writes into /etc at every boot: setup-etc makes a symlink or a copy of everything that
//! the system's own `etc` holds.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use super::systems::{Thing, Things, agree, has_file, has_link};
use super::told;
use crate::config::Principal;
use crate::loss::{FileType, Maker, Makers};
use crate::nix_store::StorePath;
use crate::path::HostPath;
use crate::persist::accounts::{Accounts, Resolved};
use crate::sys::Meta;
use crate::sys::files::Files;

/// What says that a system's activation script fills /etc.
const SETUP: &[u8] = b"setup-etc.pl";

/// Says what in /etc every system makes again as it lies on the root.
pub(super) fn etc(
    systems: &[HostPath],
    host: &Files,
    on_root: &Files,
    accounts: &Accounts,
    makers: &mut Makers,
) {
    let of = |system: &HostPath| {
        let top = system.join(OsStr::new("etc"));
        Etc { host, on_root, accounts, top, copies: Vec::new() }.things(system)
    };
    let all: Vec<Things> = systems.iter().map(of).collect();
    agree(&all, &Maker::Etc, makers);
}

/// One system's `etc`.
struct Etc<'f> {
    host: &'f Files,
    on_root: &'f Files,
    accounts: &'f Accounts,
    top: HostPath,
    /// What is written down in /etc/.clean, one name to a line.
    copies: Vec<Vec<u8>>,
}

impl Etc<'_> {
    fn things(mut self, system: &HostPath) -> Things {
        let activate = system.join(OsStr::new("activate"));
        let script = told(self.host.read(&activate), &activate).unwrap_or_default();
        let mut words = script.split(u8::is_ascii_whitespace);
        // With an overlay on /etc nothing is written there.
        let is_setup = |word: &[u8]| {
            StorePath::from_absolute_path_full(word)
                .is_ok_and(|(path, inside)| path.name().as_bytes() == SETUP && inside.is_empty())
        };
        if !words.any(is_setup) {
            return Things::new();
        }
        let mut things = Things::new();
        let mut waiting = vec![HostPath::root()];
        while let Some(directory) = waiting.pop() {
            let at = directory.below(&self.top);
            let names = told(self.host.names(&at), &at);
            for name in &names {
                let path = directory.join(name);
                let at = path.below(&self.top);
                match told(self.host.look(&at), &at) {
                    Some((FileType::Directory, _)) => waiting.push(path),
                    // The files beside it say how the thing is made; they themselves are not.
                    Some((what, _)) => {
                        let thing = self.thing(&path, what, &Sides { names: &names, name });
                        things.extend(thing.map(|thing| (of_etc(&path), thing)));
                    }
                    None => {}
                }
            }
        }
        self.own(&mut things);
        things
    }

    /// What is made of one thing in the system's `etc`, by what lies beside it.
    fn thing(&mut self, path: &HostPath, what: FileType, sides: &Sides) -> Option<Thing> {
        let source = path.below(&self.top);
        let target = of_etc(path);
        if !sides.has(".mode") {
            let text = [b"/etc/static", path.as_bytes()].concat();
            let is_on_root = has_link(self.on_root, &target, &text);
            return (what == FileType::Symlink)
                .then_some(Thing { what: FileType::Symlink, is_on_root });
        }
        let mode = self.side(path, ".mode")?;
        self.copies.push(path.as_bytes().get(1..)?.to_vec());
        if mode == b"direct-symlink" {
            let text = told(self.host.link(&source), &source)?;
            let is_on_root = has_link(self.on_root, &target, &text);
            return Some(Thing { what: FileType::Symlink, is_on_root });
        }
        let is_on_root = self.meta(path, &mode).is_some_and(|meta| {
            // The root's is looked at first: most of the time it is there and small.
            told(self.on_root.look(&target), &target) == Some((FileType::Regular, meta))
                && told(self.host.read(&source), &source)
                    .is_some_and(|content| has_file(self.on_root, &target, &content, meta))
        });
        Some(Thing { what: FileType::Regular, is_on_root })
    }

    /// Owner and mode of a copy. Names may have other numbers after the next boot; who it belongs to is
    /// the same.
    fn meta(&self, path: &HostPath, mode: &[u8]) -> Option<Meta> {
        let mode = u32::from_str_radix(std::str::from_utf8(mode).ok()?, 8).ok()?;
        let who = |side| {
            let text = String::from_utf8(self.side(path, side)?).ok()?;
            Some(match text.strip_prefix('+') {
                Some(number) => Principal::Id(number.parse().ok()?),
                None => Principal::Name(text),
            })
        };
        let number = |resolved| match resolved {
            Resolved::Number(number) => Some(number),
            Resolved::Later | Resolved::Nobody => None,
        };
        let uid = number(self.accounts.user(&who(".uid")?))?;
        let gid = number(self.accounts.group(&who(".gid")?))?;
        Some(Meta { uid, gid, mode })
    }

    /// The content of a file beside a thing, without the end of its line.
    fn side(&self, path: &HostPath, suffix: &str) -> Option<Vec<u8>> {
        let at = path.below(&self.top);
        let at = HostPath::new(&[at.as_bytes(), suffix.as_bytes()].concat()).ok()?;
        let text = told(self.host.read(&at), &at)?;
        Some(text.strip_suffix(b"\n").map(<[u8]>::to_vec).unwrap_or(text))
    }

    /// What setup-etc makes of its own accord.
    fn own(mut self, things: &mut Things) {
        let at = |name: &str| of_etc(&HostPath::root().join(OsStr::new(name)));
        let (list, tag, to) = (at(".clean"), at("NIXOS"), at("static"));
        self.copies.sort();
        let content: Vec<u8> =
            self.copies.iter().flat_map(|name| [name.as_slice(), b"\n"].concat()).collect();
        let meta = Meta { uid: 0, gid: 0, mode: 0o644 };
        for (path, content) in [(list, content.as_slice()), (tag, b"")] {
            let is_on_root = has_file(self.on_root, &path, content, meta);
            things.insert(path, Thing { what: FileType::Regular, is_on_root });
        }
        let text = told(self.host.link(&self.top), &self.top);
        let is_on_root = text.is_some_and(|text| has_link(self.on_root, &to, &text));
        things.insert(to, Thing { what: FileType::Symlink, is_on_root });
    }
}

/// The names beside one name, sorted.
struct Sides<'n> {
    names: &'n [OsString],
    name: &'n OsStr,
}

impl Sides<'_> {
    fn has(&self, suffix: &str) -> bool {
        let name = [self.name.as_bytes(), suffix.as_bytes()].concat();
        self.names.binary_search_by(|other| other.as_bytes().cmp(&name)).is_ok()
    }
}

/// Where a thing of a system's `etc` lies on the host.
fn of_etc(path: &HostPath) -> HostPath {
    path.below(&HostPath::root().join(OsStr::new("etc")))
}
