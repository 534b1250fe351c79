//! Reads who is known: the user databases of a host, the maps that NixOS keeps in a store.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use nix::errno::Errno as NixErrno;
use rustix::fs::{FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use crate::config::{Config, Principal};
use crate::path::HostPath;
use crate::persist::accounts::{Accounts, User};
use crate::sys::SysError;
use crate::sys::linux::LinuxSys;

/// Where NixOS writes down which number it gave whom.
const MAPS: &str = "/var/lib/nixos";

/// The most that is read of one of these files.
const LIMIT: usize = 16 << 20;

/// Returns everybody whom the host below `root` knows: its user databases, and where `root` is `/`
/// also those of `users` and `groups` whom only a name service knows.
///
/// # Errors
/// A database cannot be read; one that is missing is empty. A name service failed.
pub fn of_host(root: &Path, users: &[String], groups: &[String]) -> io::Result<Accounts> {
    let mut accounts = Accounts {
        users: parse_passwd(&database(root, "etc/passwd")?),
        groups: parse_group(&database(root, "etc/group")?),
        is_complete: true,
    };
    if root == Path::new("/") {
        ask_services(&mut accounts, users, groups)?;
    }
    Ok(accounts)
}

/// The text of a user database. It may be a symlink, which is root's; it leads nowhere outside.
fn database(root: &Path, file: &str) -> io::Result<Vec<u8>> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = rustix::fs::open(root, flags, Mode::empty())?;
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let opened = match rustix::fs::openat2(root, file, flags, Mode::empty(), resolve) {
        Err(Errno::NOENT) => return Ok(Vec::new()),
        opened => opened?,
    };
    let mode = rustix::fs::fstat(&opened)?.st_mode;
    let mut text = Vec::new();
    if FileType::from_raw_mode(mode) == FileType::RegularFile {
        File::from(opened).take(LIMIT as u64 + 1).read_to_end(&mut text)?;
    } else {
        return Err(io::Error::other(format!("/{file} is no regular file")));
    }
    if text.len() > LIMIT {
        return Err(io::Error::other(format!("/{file} is too big")));
    }
    Ok(text)
}

fn ask_services(accounts: &mut Accounts, users: &[String], groups: &[String]) -> io::Result<()> {
    for name in users.iter().filter(|name| name.as_str() != "root") {
        if !accounts.users.contains_key(name) {
            let found = unless_unknown(nix::unistd::User::from_name(name))?;
            accounts.users.extend(found.map(|user| {
                let home = HostPath::new(user.dir.as_os_str().as_encoded_bytes()).ok();
                let (uid, gid) = (user.uid.as_raw(), Some(user.gid.as_raw()));
                (name.clone(), User { uid, gid, home })
            }));
        }
    }
    for name in groups.iter().filter(|name| name.as_str() != "root") {
        if !accounts.groups.contains_key(name) {
            let found = unless_unknown(nix::unistd::Group::from_name(name))?;
            accounts.groups.extend(found.map(|group| (name.clone(), group.gid.as_raw())));
        }
    }
    Ok(())
}

/// Some name services say by an error that they know nobody of that name (getpwnam(3)).
fn unless_unknown<T>(found: nix::Result<Option<T>>) -> io::Result<Option<T>> {
    match found {
        Err(NixErrno::ENOENT | NixErrno::ESRCH | NixErrno::EBADF | NixErrno::EPERM) => Ok(None),
        found => Ok(found?),
    }
}

/// Takes the text of a passwd file (passwd(5)). A line that is no account is skipped, as libc does; of
/// two accounts of one name the first counts.
fn parse_passwd(text: &[u8]) -> BTreeMap<String, User> {
    accounts(text, |fields| match fields {
        [_, _, uid, gid, _, home, ..] => Some(User {
            uid: number(uid)?,
            gid: Some(number(gid)?),
            home: HostPath::new(home).ok(),
        }),
        _ => None,
    })
}

/// Takes the text of a group file (group(5)), likewise.
fn parse_group(text: &[u8]) -> BTreeMap<String, u32> {
    accounts(text, |fields| match fields {
        [_, _, gid, ..] => number(gid),
        _ => None,
    })
}

fn accounts<T>(text: &[u8], parse: impl Fn(&[&[u8]]) -> Option<T>) -> BTreeMap<String, T> {
    let mut all = BTreeMap::new();
    for line in text.split(|&b| b == b'\n') {
        let fields: Vec<&[u8]> = line.split(|&b| b == b':').collect();
        let name = fields.first().and_then(|name| std::str::from_utf8(name).ok());
        // A comment, an empty line, or a reference to a name service: "+", "-name", "+@group".
        let name = name.filter(|name| !name.is_empty() && !name.starts_with(['#', '+', '-']));
        if let (Some(name), Some(account)) = (name, parse(&fields)) {
            all.entry(name.to_owned()).or_insert(account);
        }
    }
    all
}

/// A number as these files hold it. The highest one stands for nobody at all in the calls of the
/// kernel.
fn number(field: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(field).ok()?;
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|&number| is_plain && number != u32::MAX)
}

/// Returns whom NixOS wrote down into the stores that `sys` shows: in the initrd nobody else is known.
/// Nothing is read where the configuration names nobody. What cannot be read is said, and leaves its
/// names unknown for now.
#[must_use]
pub fn of_stores(sys: &LinuxSys, config: &Config) -> Accounts {
    let mut accounts = Accounts::default();
    let is_name = |who: &Option<Principal>| matches!(who, Some(Principal::Name(n)) if n != "root");
    let users = config.entries().any(|(_, entry)| is_name(&entry.user));
    let groups = config.entries().any(|(_, entry)| is_name(&entry.group));
    if users {
        let user = |uid| User { uid, gid: None, home: None };
        let numbers = numbers(sys, config, "uid-map");
        accounts.users.extend(numbers.into_iter().map(|(name, uid)| (name, user(uid))));
    }
    if groups {
        accounts.groups = numbers(sys, config, "gid-map");
    }
    accounts
}

/// What all stores hold in their map `name`; of two numbers for one name that of the first store.
fn numbers(sys: &LinuxSys, config: &Config, name: &str) -> BTreeMap<String, u32> {
    let mut all = BTreeMap::new();
    let mut is_found = false;
    for store in &config.stores {
        let Ok(map) = HostPath::new(format!("{MAPS}/{name}").as_bytes()) else { continue };
        let map = map.below(&store.path);
        match read_map(sys, &map) {
            Ok(None) => {}
            Ok(Some(numbers)) => {
                is_found = true;
                for (name, number) in numbers {
                    all.entry(name).or_insert(number);
                }
            }
            Err(why) => {
                is_found = true;
                tracing::warn!("cannot learn numbers of names from {map}: {why}");
            }
        }
    }
    if !is_found {
        tracing::warn!(
            "no store holds {MAPS}/{name}: what belongs to a declared name is given to it later"
        );
    }
    all
}

/// What a map holds; none where there is no such file.
fn read_map(sys: &LinuxSys, map: &HostPath) -> Result<Option<BTreeMap<String, u32>>, String> {
    match sys.read(map, LIMIT) {
        Ok(text) => parse_map(&text).map(Some),
        Err(SysError { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.cause.to_string()),
    }
}

/// Takes the text of a map: a JSON object of names and numbers. What is no number is left out.
fn parse_map(text: &[u8]) -> Result<BTreeMap<String, u32>, String> {
    let map: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let mut numbers = BTreeMap::new();
    for (name, value) in map {
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        if let Some(number) = number.filter(|&number| number != u32::MAX) {
            numbers.insert(name, number);
        }
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accounts_are_read_and_odd_lines_are_skipped() {
        let text = b"root:x:0:0:System:/root:/bin/sh\n\
            # comment:x:1:1::/:/\n\
            \n\
            +nis\n\
            +@group:x:7:7::/:/\n\
            -gone:x:8:8::/:/\n\
            few:x:9\n\
            word:x:nine:9::/:/\n\
            plus:x:+9:9::/:/\n\
            minus:x:-1:9::/:/\n\
            huge:x:4294967296:9::/:/\n\
            none:x:4294967295:9::/:/\n\
            :x:9:9::/:/\n\
            rel:x:9:9::home:/\n\
            alice:x:1000:100:A,,,:/home/alice/:/bin/sh\n\
            alice:x:1001:100::/x:\n\
            bad\xff:x:5:5::/:/\n\
            short:x:12:12::/var/empty";
        let user = |uid, gid, home: Option<&str>| User {
            uid,
            gid: Some(gid),
            home: home.map(|home| home.parse().unwrap()),
        };
        let expected = [
            ("root".to_owned(), user(0, 0, Some("/root"))),
            ("rel".to_owned(), user(9, 9, None)),
            ("alice".to_owned(), user(1000, 100, Some("/home/alice"))),
            ("short".to_owned(), user(12, 12, Some("/var/empty"))),
        ];
        assert_eq!(parse_passwd(text), BTreeMap::from(expected));
    }

    #[test]
    fn groups_are_read_and_odd_lines_are_skipped() {
        let text = b"root:x:0:\nusers:x:100:a,b\n+\n#x:x:1:\nno\nw:x:w:\nlast:x:7";
        let expected = [("root", 0), ("users", 100), ("last", 7)];
        let expected = expected.map(|(name, gid)| (name.to_owned(), gid));
        assert_eq!(parse_group(text), BTreeMap::from(expected));
    }

    #[test]
    fn a_map_holds_names_and_numbers() {
        let text = br#"{"alice":1000,"odd":"x","minus":-1,"none":4294967295,"big":5e12,"b":0}"#;
        let expected = [("alice".to_owned(), 1000), ("b".to_owned(), 0)];
        assert_eq!(parse_map(text), Ok(BTreeMap::from(expected)));
        for bad in [b"".as_slice(), b"[]", b"{", b"\xff"] {
            assert!(parse_map(bad).is_err());
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_a_parser_panic(text: Vec<u8>) {
            let _ = (parse_passwd(&text), parse_group(&text), parse_map(&text));
        }
    }
}
