//! What fstab(5) and mount(8) say about a file system, as the kernel takes it.
//!
//! In: the name of a device, an option. Out: the device node, what the option sets. Nothing is looked up
//! here; whether a node is there is seen by whoever opens it.

use std::fmt::Write as _;

use rustix::mount::MountAttrFlags;

/// The tags by which fstab(5) names a device. In small letters they are those of udev's directories.
const TAGS: [&str; 4] = ["UUID", "LABEL", "PARTUUID", "PARTLABEL"];

/// The tag that a device is named by, and the value behind it without its quotes. None of a name that
/// has no tag.
pub(crate) fn tag(device: &str) -> Option<(&str, &str)> {
    let (tag, value) = device.split_once('=').filter(|(tag, _)| TAGS.contains(tag))?;
    let bare = |quote| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    Some((tag, bare('"').or_else(|| bare('\'')).unwrap_or(value)))
}

/// Where the device node is; a name that has no tag is what the kernel takes already.
pub(super) fn node(device: &str) -> String {
    tag(device).map_or_else(
        || device.to_owned(),
        // A value keeps its case: udev writes it as the file system has it.
        |(tag, value)| format!("/dev/disk/by-{}/{}", tag.to_ascii_lowercase(), encoded(value)),
    )
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

/// What an option of mount(8) is for the kernel.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Setting<'o> {
    /// Only mount(8) and systemd know it, or it makes no difference to a mount that nobody else sees.
    Nothing,
    /// Of the mount.
    Attribute(MountAttrFlags),
    /// Of the file system.
    Flag(&'o str),
    /// Of the file system, with a value.
    Value(&'o str, &'o str),
}

impl<'o> Setting<'o> {
    pub(super) fn of(option: &'o str) -> Self {
        match option {
            "ro" => Self::Attribute(MountAttrFlags::MOUNT_ATTR_RDONLY),
            "nosuid" => Self::Attribute(MountAttrFlags::MOUNT_ATTR_NOSUID),
            "noexec" => Self::Attribute(MountAttrFlags::MOUNT_ATTR_NOEXEC),
            // When it is mounted and by whom, when a file was used, what may be done on it, who sees it.
            "defaults" | "auto" | "noauto" | "nofail" | "_netdev" | "silent" | "loud" | "bind"
            | "rbind" | "user" | "nouser" | "users" | "nousers" | "owner" | "noowner" | "group"
            | "nogroup" | "atime" | "noatime" | "relatime" | "norelatime" | "strictatime"
            | "nostrictatime" | "diratime" | "nodiratime" | "rw" | "suid" | "dev" | "nodev"
            | "exec" | "symfollow" | "nosymfollow" | "iversion" | "noiversion" | "private"
            | "rprivate" | "shared" | "rshared" | "slave" | "rslave" | "unbindable"
            | "runbindable" => Self::Nothing,
            _ if option.starts_with("x-") || option.starts_with("X-") => Self::Nothing,
            _ => match option.split_once('=') {
                // With a value, who may mount and unmount it.
                Some(("comment" | "user", _)) => Self::Nothing,
                Some((key, value)) => Self::Value(key, value),
                None => Self::Flag(option),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_found_by_the_names_of_fstab() {
        let table = [
            ("/dev/sda1", "/dev/sda1"),
            ("/dev/mapper/a=b", "/dev/mapper/a=b"),
            ("rpool/safe/persist", "rpool/safe/persist"),
            ("server:/export", "server:/export"),
            ("UUID=67E3-17ED", "/dev/disk/by-uuid/67E3-17ED"),
            ("uuid=67e3-17ed", "uuid=67e3-17ed"),
            ("UUID=\"67E3-17ED\"", "/dev/disk/by-uuid/67E3-17ED"),
            ("LABEL='it is'", "/dev/disk/by-label/it\\x20is"),
            ("LABEL=\"half", "/dev/disk/by-label/\\x22half"),
            ("LABEL=my disk/ü\\", "/dev/disk/by-label/my\\x20disk\\x2fü\\x5c"),
            ("LABEL=a=b#+-.:@_", "/dev/disk/by-label/a=b#+-.:@_"),
            ("PARTUUID=ab", "/dev/disk/by-partuuid/ab"),
            ("PARTLABEL=../../x", "/dev/disk/by-partlabel/..\\x2f..\\x2fx"),
        ];
        for (device, expected) in table {
            assert_eq!(node(device), expected);
        }
    }

    #[test]
    fn options_are_told_apart_by_who_understands_them() {
        let table = [
            ("defaults", Setting::Nothing),
            ("x-initrd.mount", Setting::Nothing),
            ("X-mount.mkdir", Setting::Nothing),
            ("comment=mine", Setting::Nothing),
            ("user=alice", Setting::Nothing),
            ("noatime", Setting::Nothing),
            ("rslave", Setting::Nothing),
            ("ro", Setting::Attribute(MountAttrFlags::MOUNT_ATTR_RDONLY)),
            ("nosuid", Setting::Attribute(MountAttrFlags::MOUNT_ATTR_NOSUID)),
            ("noexec", Setting::Attribute(MountAttrFlags::MOUNT_ATTR_NOEXEC)),
            ("zfsutil", Setting::Flag("zfsutil")),
            ("lazytime", Setting::Flag("lazytime")),
            ("user_xattr", Setting::Flag("user_xattr")),
            ("subvol=@a=b", Setting::Value("subvol", "@a=b")),
        ];
        for (option, expected) in table {
            assert_eq!(Setting::of(option), expected);
        }
    }
}
