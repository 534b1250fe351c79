//! The symlinks that home-manager makes in homes at every boot, where NixOS starts it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::systems::{Thing, Things, agree, has_link, store_paths};
use super::told;
use crate::loss::{FileType, Maker, Makers};
use crate::path::HostPath;
use crate::persist::accounts::Accounts;
use crate::sys::files::Files;

/// What the name of a generation of home-manager ends in.
const GENERATION: &[u8] = b"-home-manager-generation";

/// The targets that NixOS boots into and that start what multi-user.target wants.
const TARGETS: [&[u8]; 2] = [b"multi-user.target", b"graphical.target"];

/// Says which symlinks in homes every system makes again as they lie on the root. A home that nothing
/// makes again cannot be written to.
pub(super) fn home_manager(
    systems: &[HostPath],
    host: &Files,
    on_root: &Files,
    accounts: &Accounts,
    makers: &mut Makers,
) {
    let Some(first) = systems.first() else { return };
    for name in services(first, host) {
        let all: Vec<(String, Things)> = systems
            .iter()
            .filter_map(|system| {
                let service = service(system, host, &name)?;
                let home = accounts.users.get(&service.user)?.home.clone()?;
                let is_home = !home.is_root() && makers.makes(&home);
                let things = is_home.then(|| links(&service, &home, host, on_root))?;
                Some((service.user, things))
            })
            .collect();
        if let Some((user, _)) = all.first().filter(|_| all.len() == systems.len()) {
            let maker = Maker::HomeManager(user.clone());
            let all: Vec<Things> = all.into_iter().map(|(_, things)| things).collect();
            agree(&all, &maker, makers);
        }
    }
}

/// The services of home-manager that a system starts at every boot.
fn services(system: &HostPath, host: &Files) -> Vec<Vec<u8>> {
    let wanted = units(system).join(OsStr::new("multi-user.target.wants"));
    let names = told(host.names(&wanted), &wanted);
    let names = names.iter().map(|name| name.as_bytes());
    let is_one = |name: &&[u8]| name.starts_with(b"home-manager-") && name.ends_with(b".service");
    names.filter(is_one).map(<[u8]>::to_vec).collect()
}

/// What a service starts.
struct Service {
    user: String,
    generation: HostPath,
}

/// Reads the service, where the system starts it at every boot.
fn service(system: &HostPath, host: &Files, name: &[u8]) -> Option<Service> {
    let units = units(system);
    let default = units.join(OsStr::new("default.target"));
    let target = told(host.link(&default), &default)?;
    let target = target.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    let unit = units.join(OsStr::from_bytes(name));
    let drop_ins = HostPath::new(&[unit.as_bytes(), b".d"].concat()).ok()?;
    let is_changed = !host.names(&drop_ins).is_ok_and(|names| names.is_empty());
    if !TARGETS.contains(&target)
        || is_changed
        || !services(system, host).iter().any(|other| other == name)
    {
        return None;
    }
    let text = told(host.read(&unit), &unit)?;
    let (user, command) = parse(&text)?;
    Some(Service { user, generation: generation(&command, host)? })
}

/// The user and the command of a unit; none where it may not be started, or says either twice.
fn parse(text: &[u8]) -> Option<(String, Vec<u8>)> {
    let (mut user, mut command) = (None, None);
    for line in text.split(|&byte| byte == b'\n') {
        let is_condition = line.starts_with(b"Condition") || line.starts_with(b"Assert");
        if is_condition || line.ends_with(b"\\") {
            return None;
        }
        for (key, value) in [(&b"User="[..], &mut user), (b"ExecStart=", &mut command)] {
            if let Some(rest) = line.strip_prefix(key)
                && value.replace(rest).is_some()
            {
                return None;
            }
        }
    }
    Some((String::from_utf8(user?.to_vec()).ok()?, command?.to_vec()))
}

/// The generation that a command activates: named in it, or in the script that it runs.
fn generation(command: &[u8], host: &Files) -> Option<HostPath> {
    let is_one = |path: &HostPath| path.as_bytes().ends_with(GENERATION);
    let mut named = store_paths(command);
    named.retain(is_one);
    if named.is_empty() {
        let script = command.split(u8::is_ascii_whitespace).next()?;
        let script = HostPath::new(script).ok()?;
        named = store_paths(&told(host.read(&script), &script)?);
        named.retain(is_one);
    }
    match named.as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    }
}

/// What a service makes in a home: a symlink to each file of its generation.
fn links(service: &Service, home: &HostPath, host: &Files, on_root: &Files) -> Things {
    let mut things = Things::new();
    let files = service.generation.join(OsStr::new("home-files"));
    let top = told(host.link(&files), &files).and_then(|text| HostPath::new(&text).ok());
    let Some(top) = top else { return things };
    let mut waiting = vec![HostPath::root()];
    while let Some(directory) = waiting.pop() {
        let at = directory.below(&top);
        for name in told(host.names(&at), &at) {
            let path = directory.join(&name);
            let text = path.below(&top);
            match told(host.look(&text), &text) {
                Some((FileType::Directory, _)) => waiting.push(path),
                Some((FileType::Symlink | FileType::Regular, _)) => {
                    let target = path.below(home);
                    let is_on_root = has_link(on_root, &target, text.as_bytes());
                    things.insert(target, Thing { what: FileType::Symlink, is_on_root });
                }
                Some(_) | None => {}
            }
        }
    }
    things
}

fn units(system: &HostPath) -> HostPath {
    ["etc", "systemd", "system"]
        .iter()
        .fold(system.clone(), |path, name| path.join(OsStr::new(name)))
}
