//! Mounts that nobody else sees: file systems that are reached only through a descriptor.

use std::fmt::Write as _;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags};

use crate::path::escape;

/// The longest message of the kernel that is read.
const MESSAGE: usize = 4096;

/// The most messages of the kernel that are read.
const MESSAGES: usize = 32;

/// Mounts `device` and returns the top of it; it is mounted nowhere. Closing the last descriptor of it
/// or of a file on it unmounts it, before the call that closes returns.
///
/// `device` is what fstab(5) takes: `UUID=…` and the like, a device, for ZFS a dataset. `options` are
/// those of mount(8), separated by commas. Nobody else sees it. Programs on it keep
/// their set-user-ID bits, which nobody can use through a mount that nobody sees: a copy that is made
/// from it would lose them.
///
/// # Errors
/// Not privileged, the file system's type is not known, there is no such device, or it cannot be
/// mounted; with what the kernel has to say about it.
pub fn mount(device: &str, fs: &str, options: &str, read_only: bool) -> io::Result<OwnedFd> {
    let context = rustix::mount::fsopen(fs, FsOpenFlags::FSOPEN_CLOEXEC)?;
    let mounted = configure(&context, &source(device), options, read_only).and_then(|attributes| {
        rustix::mount::fsconfig_create(context.as_fd())?;
        rustix::mount::fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes)
    });
    mounted.map_err(|errno| explained(errno.into(), &messages(&context)))
}

fn configure(
    context: &OwnedFd,
    source: &str,
    options: &str,
    read_only: bool,
) -> rustix::io::Result<MountAttrFlags> {
    let fs = context.as_fd();
    rustix::mount::fsconfig_set_string(fs, c"source", source)?;
    // Device nodes stay what they are: whoever copies them would otherwise have to leave them out, and
    // nobody else sees this mount.
    let mut attributes = MountAttrFlags::empty();
    for option in options.split(',').filter(|option| !option.is_empty()) {
        match Setting::of(option) {
            Setting::Nothing => {}
            Setting::Attribute(attribute) => attributes |= attribute,
            Setting::Flag(flag) => rustix::mount::fsconfig_set_flag(fs, flag)?,
            Setting::Value(key, value) => rustix::mount::fsconfig_set_string(fs, key, value)?,
        }
    }
    if read_only {
        rustix::mount::fsconfig_set_flag(fs, c"ro")?;
        attributes |= MountAttrFlags::MOUNT_ATTR_RDONLY;
    }
    Ok(attributes)
}

/// What an option of mount(8) is for the kernel.
#[derive(Debug, PartialEq, Eq)]
enum Setting<'o> {
    /// Only mount(8) and systemd know it, or it is how it is anyway.
    Nothing,
    /// Of the mount.
    Attribute(MountAttrFlags),
    /// Of the file system.
    Flag(&'o str),
    /// Of the file system, with a value.
    Value(&'o str, &'o str),
}

impl<'o> Setting<'o> {
    fn of(option: &'o str) -> Self {
        match option {
            "defaults" | "auto" | "noauto" | "nofail" | "_netdev" | "user" | "nouser" | "users"
            | "owner" | "group" | "suid" | "dev" | "nodev" | "exec" | "relatime" | "diratime"
            | "atime" | "norelatime" | "nostrictatime" | "rw" | "bind" => Self::Nothing,
            "ro" => Self::Attribute(MountAttrFlags::MOUNT_ATTR_RDONLY),
            "nosuid" => Self::Attribute(MountAttrFlags::MOUNT_ATTR_NOSUID),
            "noexec" => Self::Attribute(MountAttrFlags::MOUNT_ATTR_NOEXEC),
            "noatime" => Self::Attribute(MountAttrFlags::MOUNT_ATTR_NOATIME),
            "strictatime" => Self::Attribute(MountAttrFlags::MOUNT_ATTR_STRICTATIME),
            "nodiratime" => Self::Attribute(MountAttrFlags::MOUNT_ATTR_NODIRATIME),
            _ if option.starts_with("x-") || option.starts_with("X-") => Self::Nothing,
            _ => match option.split_once('=') {
                Some(("comment", _)) => Self::Nothing,
                Some((key, value)) => Self::Value(key, value),
                None => Self::Flag(option),
            },
        }
    }
}

/// Where the device node is, for the names by which fstab(5) calls it.
fn source(device: &str) -> String {
    let tags = [
        ("UUID=", "uuid"),
        ("LABEL=", "label"),
        ("PARTUUID=", "partuuid"),
        ("PARTLABEL=", "partlabel"),
    ];
    for (tag, directory) in tags {
        if let Some(value) = device.strip_prefix(tag) {
            let bare = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            return format!("/dev/disk/by-{directory}/{}", encoded(bare.unwrap_or(value)));
        }
    }
    device.to_owned()
}

/// A label as udev writes it into a file name.
fn encoded(label: &str) -> String {
    let mut text = String::with_capacity(label.len());
    for c in label.chars() {
        if c.is_ascii_alphanumeric() || "#+-.:=@_".contains(c) || !c.is_ascii() {
            text.push(c);
        } else {
            let _ = write!(text, "\\x{:02x}", u32::from(c)); // a String takes everything
        }
    }
    text
}

/// What the kernel wrote down about the mount that failed.
fn messages(context: &OwnedFd) -> Vec<String> {
    let mut all = Vec::new();
    let mut message = vec![0; MESSAGE];
    // Each read gives one message; after the last one it fails.
    while all.len() < MESSAGES {
        let Ok(length) = rustix::io::read(context, message.as_mut_slice()) else { break };
        let Some(text) = message.get(..length).filter(|text| !text.is_empty()) else { break };
        all.extend(complaint(text));
    }
    all
}

/// The text of a message, if it is an error: `e ext4: bad superblock`.
fn complaint(message: &[u8]) -> Option<String> {
    Some(escape(message.strip_prefix(b"e ")?.trim_ascii()))
}

/// The error, of the same kind, with what the kernel said about it.
fn explained(cause: io::Error, messages: &[String]) -> io::Error {
    if messages.is_empty() {
        return cause;
    }
    io::Error::new(kind(&cause), format!("{cause}: {}", messages.join("; ")))
}

/// What a caller can do something about.
fn kind(cause: &io::Error) -> io::ErrorKind {
    match Errno::from_io_error(cause) {
        Some(Errno::BUSY) => io::ErrorKind::ResourceBusy,
        _ => cause.kind(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_found_by_the_names_of_fstab() {
        let table = [
            ("/dev/sda1", "/dev/sda1"),
            ("rpool/safe/persist", "rpool/safe/persist"),
            ("UUID=67E3-17ED", "/dev/disk/by-uuid/67E3-17ED"),
            ("UUID=\"67E3-17ED\"", "/dev/disk/by-uuid/67E3-17ED"),
            ("LABEL=my disk/ü\\", "/dev/disk/by-label/my\\x20disk\\x2fü\\x5c"),
            ("PARTUUID=ab", "/dev/disk/by-partuuid/ab"),
            ("PARTLABEL=../../x", "/dev/disk/by-partlabel/..\\x2f..\\x2fx"),
        ];
        for (device, expected) in table {
            assert_eq!(source(device), expected);
        }
    }

    #[test]
    fn options_are_told_apart_by_who_understands_them() {
        let table = [
            ("defaults", Setting::Nothing),
            ("x-initrd.mount", Setting::Nothing),
            ("comment=mine", Setting::Nothing),
            ("noatime", Setting::Attribute(MountAttrFlags::MOUNT_ATTR_NOATIME)),
            ("ro", Setting::Attribute(MountAttrFlags::MOUNT_ATTR_RDONLY)),
            ("zfsutil", Setting::Flag("zfsutil")),
            ("lazytime", Setting::Flag("lazytime")),
            ("subvol=@a=b", Setting::Value("subvol", "@a=b")),
        ];
        for (option, expected) in table {
            assert_eq!(Setting::of(option), expected);
        }
    }

    #[test]
    fn only_errors_are_told_and_their_kind_stays() {
        assert_eq!(complaint(b"e tmpfs: Bad value\x1b\n"), Some("tmpfs: Bad value\\x1b".into()));
        assert_eq!(complaint(b"w tmpfs: deprecated"), None);
        let told = explained(Errno::BUSY.into(), &["zfs: in use".to_owned()]);
        assert_eq!(told.kind(), io::ErrorKind::ResourceBusy);
        assert!(told.to_string().ends_with(": zfs: in use"), "{told}");
        assert_eq!(explained(Errno::NOENT.into(), &[]).kind(), io::ErrorKind::NotFound);
    }
}
