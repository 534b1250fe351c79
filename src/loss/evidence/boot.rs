//! What every boot of NixOS makes beside /etc: directories and symlinks of its scripts, the places on
//! which file systems are mounted, the marks of systemd's updates.

use std::ffi::OsStr;

use super::script::Script;
use super::systems::{Thing, Things, agree, has_directory, has_file, has_link};
use super::told;
use crate::loss::{FileType, Maker, Makers};
use crate::path::HostPath;
use crate::sys::Meta;
use crate::sys::files::Files;

/// The scripts that every boot runs, in their order. Where systemd runs in the initrd the second is
/// systemd itself, in which nothing is found.
const SCRIPTS: [&str; 3] = ["prepare-root", "init", "activate"];

/// What the next system is told of the boot (bootspec), and the part of it that nixos-init uses.
const BOOTSPEC: &str = "boot.json";
const NIXOS_INIT: &str = "org.nixos.nixos-init.v1";

/// On what the kernel's file systems are mounted.
const KERNEL: [&str; 4] = ["/dev", "/proc", "/run", "/sys"];

/// What an overlay on /etc needs on the root.
const OVERLAY: [&str; 4] = ["/.rw-etc", "/.rw-etc/upper", "/.rw-etc/work", "/.rw-etc/work/work"];

/// Where systemd notes that it has brought something up to date, and the unit that does.
const UPDATED: [&str; 3] = ["/etc/.updated", "/var/.updated", "/.rw-etc/upper/.updated"];
const UPDATE_UNIT: &str = "systemd-update-done.service";

/// Who makes it, as the rest of the sentence "made again by", and what tells of it.
const SOURCES: [(&str, Source); 4] = [
    ("the boot scripts of NixOS", scripts),
    ("every boot, which mounts a file system on it", mounts),
    ("the initrd of NixOS", initrd),
    ("systemd-update-done.service", marks),
];

/// Says what every system makes again at boot as it lies on the root.
pub(super) fn boot(systems: &[HostPath], host: &Files, on_root: &Files, makers: &mut Makers) {
    for (what, source) in SOURCES {
        let all: Vec<Things> = systems.iter().map(|system| source(system, host, on_root)).collect();
        agree(&all, &Maker::Boot(what), makers);
    }
}

/// What one source of evidence says of one system.
type Source = fn(&HostPath, &Files, &Files) -> Things;

const ROOTS: Meta = Meta { uid: 0, gid: 0, mode: 0o755 };

fn scripts(system: &HostPath, host: &Files, on_root: &Files) -> Things {
    let read = |name: &&str| {
        let path = system.join(OsStr::new(name));
        told(host.read(&path), &path)
    };
    let texts: Vec<Vec<u8>> = SCRIPTS.iter().filter_map(read).collect();
    let script = Script::parse(texts.iter().map(Vec::as_slice));
    let mut things = Things::new();
    for (path, mode) in script.directories {
        let is_on_root = has_directory(on_root, &path, Meta { mode, ..ROOTS });
        things.insert(path, Thing { what: FileType::Directory, is_on_root });
    }
    for (path, text) in script.links.into_iter().chain(links(system, host)) {
        let is_on_root = has_link(on_root, &path, &text);
        things.insert(path, Thing { what: FileType::Symlink, is_on_root });
    }
    for path in script.files {
        let is_on_root = has_file(on_root, &path, b"", Meta { mode: 0o644, ..ROOTS });
        things.insert(path, Thing { what: FileType::Regular, is_on_root });
    }
    things
}

/// The symlinks that the bootspec names.
fn links(system: &HostPath, host: &Files) -> Vec<(HostPath, Vec<u8>)> {
    let spec = bootspec(system, host);
    let link = |(path, key): (&str, &str)| {
        let text = spec.as_ref()?.get(key)?.as_str()?;
        Some((HostPath::new(path.as_bytes()).ok()?, text.as_bytes().to_vec()))
    };
    let named = [("/bin/sh", "sh_binary"), ("/usr/bin/env", "env_binary")];
    named.into_iter().filter_map(link).collect()
}

fn bootspec(system: &HostPath, host: &Files) -> Option<serde_json::Value> {
    let path = system.join(OsStr::new(BOOTSPEC));
    let text = told(host.read(&path), &path)?;
    match serde_json::from_slice::<serde_json::Value>(&text) {
        Ok(mut spec) => spec.get_mut(NIXOS_INIT).map(serde_json::Value::take),
        Err(cause) => {
            tracing::warn!("cannot understand {path}: {cause}");
            None
        }
    }
}

/// The places on which the system mounts something at every boot, or does not come up.
fn mounts(system: &HostPath, host: &Files, on_root: &Files) -> Things {
    let path = system.join(OsStr::new("etc")).join(OsStr::new("fstab"));
    let text = told(host.read(&path), &path).unwrap_or_default();
    let kernel = KERNEL.iter().filter_map(|text| HostPath::new(text.as_bytes()).ok());
    let points = text.split(|&byte| byte == b'\n').filter_map(mount_point).chain(kernel);
    let directory = |point: HostPath| {
        let seen = told(on_root.look(&point), &point);
        let is_on_root = matches!(seen, Some((FileType::Directory, _)));
        (point, Thing { what: FileType::Directory, is_on_root })
    };
    points.map(directory).collect()
}

/// The place in a line of fstab(5), where every boot mounts something on it for certain.
fn mount_point(line: &[u8]) -> Option<HostPath> {
    let mut fields = line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
    let first = fields.next().filter(|field| !field.starts_with(b"#"))?;
    // A backslash stands for a byte that is not written out.
    let point = fields.next().filter(|field| !field.contains(&b'\\'))?;
    let point = HostPath::new(point).ok()?;
    let (_, options) = (fields.next()?, fields.next().unwrap_or_default());
    // Something that is already there is bound onto itself.
    let is_itself = first == point.as_bytes();
    let may_fail = |option: &[u8]| matches!(option, b"noauto" | b"nofail");
    let is_certain = !options.split(|&byte| byte == b',').any(may_fail);
    (is_certain && !is_itself && !point.is_root()).then_some(point)
}

/// What the initrd makes on the root for an overlay on /etc.
fn initrd(system: &HostPath, host: &Files, on_root: &Files) -> Things {
    let spec = bootspec(system, host);
    if !spec.is_some_and(|spec| {
        spec.get("etc_metadata_image").is_some_and(serde_json::Value::is_string)
    }) {
        return Things::new();
    }
    let directory = |path: HostPath| {
        let seen = told(on_root.look(&path), &path);
        let is_on_root = matches!(seen, Some((FileType::Directory, _)));
        (path, Thing { what: FileType::Directory, is_on_root })
    };
    OVERLAY.iter().filter_map(|text| HostPath::new(text.as_bytes()).ok()).map(directory).collect()
}

/// The marks that systemd makes where there are none.
fn marks(system: &HostPath, host: &Files, on_root: &Files) -> Things {
    let units = ["etc", "systemd", "system"]
        .iter()
        .fold(system.clone(), |path, name| path.join(OsStr::new(name)));
    let unit = units.join(OsStr::new(UPDATE_UNIT));
    let wanted = units.join(OsStr::new("sysinit.target.wants")).join(OsStr::new(UPDATE_UNIT));
    let is_there =
        |path: &HostPath| told(host.read(path), path).is_some_and(|text| !text.is_empty());
    let drop_ins = HostPath::new(&[unit.as_bytes(), b".d"].concat());
    let is_changed = drop_ins.map_or(true, |path| !told(host.names(&path), &path).is_empty());
    if !is_there(&unit) || !is_there(&wanted) || is_changed {
        return Things::new();
    }
    let mark = |path: HostPath| {
        let is_on_root = told(on_root.read(&path), &path).is_some_and(|text| is_mark(&text));
        (path, Thing { what: FileType::Regular, is_on_root })
    };
    UPDATED.iter().filter_map(|text| HostPath::new(text.as_bytes()).ok()).map(mark).collect()
}

/// Whether there is nothing but comments and the one time in it.
fn is_mark(text: &[u8]) -> bool {
    let mut lines = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    lines.all(|line| line.starts_with(b"#") || line.starts_with(b"TIMESTAMP_NSEC="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_makes_it_continues_a_sentence() {
        let said = SOURCES.map(|(what, _)| crate::loss::words::maker(&Maker::Boot(what)));
        let expected = [
            "the boot scripts of NixOS",
            "every boot, which mounts a file system on it",
            "the initrd of NixOS",
            "systemd-update-done.service",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn a_line_of_fstab_says_where_every_boot_mounts_something() {
        let table: [(&str, Option<&str>); 13] = [
            ("rpool/nix /nix zfs x-initrd.mount,defaults 0 0", Some("/nix")),
            ("/dev/disk/by-uuid/1\t/srv\text4\tdefaults", Some("/srv")),
            ("/dev/sda /my\\040place ext4 defaults", None),
            ("tank /tank zfs", Some("/tank")),
            ("tank /tank", None),
            ("# /dev/sda /x ext4 defaults", None),
            ("/dev/sda / ext4 defaults", None),
            ("/dev/sda none swap defaults", None),
            ("/dev/sda /usb vfat noauto,user", None),
            ("/dev/sda /usb vfat defaults,nofail", None),
            ("/persist/a /a none bind", Some("/a")),
            ("/nix/store /nix/store none bind", None),
            ("", None),
        ];
        for (line, point) in table {
            let expected = point.map(|point| point.parse().unwrap());
            assert_eq!(mount_point(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn a_mark_with_more_than_its_time_in_it_is_somebodys_own() {
        let table = [("", true), ("# a\nTIMESTAMP_NSEC=1\n", true), ("# a\nmine\n", false)];
        for (text, expected) in table {
            assert_eq!(is_mark(text.as_bytes()), expected, "{text}");
        }
    }
}
