//! Mounts that nobody else sees: file systems that are reached only through a descriptor.

mod fstab;

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags};

use crate::path::escape;
use fstab::{Setting, node};

pub(crate) use fstab::tag;

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
    let node = node(device);
    let mounted = configure(&context, &node, options, read_only).and_then(|attributes| {
        rustix::mount::fsconfig_create(context.as_fd())?;
        rustix::mount::fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes)
    });
    mounted.map_err(|errno| match errno {
        Errno::NOENT if is_missing(&node) => io::Error::new(
            io::ErrorKind::NotFound,
            format!("there is no {}", escape(node.as_bytes())),
        ),
        errno => explained(errno.into(), &messages(&context)),
    })
}

/// Whether udev has made no such node. The kernel says the same of a subvolume that is missing.
fn is_missing(node: &str) -> bool {
    node.starts_with("/dev/") && rustix::fs::stat(node).err() == Some(Errno::NOENT)
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
    // nobody else sees this mount. To look at a file is not to use it.
    let mut attributes = MountAttrFlags::MOUNT_ATTR_NOATIME;
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
    fn only_errors_are_told_and_their_kind_stays() {
        assert_eq!(complaint(b"e tmpfs: Bad value\x1b\n"), Some("tmpfs: Bad value\\x1b".into()));
        assert_eq!(complaint(b"w tmpfs: deprecated"), None);
        let told = explained(Errno::BUSY.into(), &["zfs: in use".to_owned()]);
        assert_eq!(told.kind(), io::ErrorKind::ResourceBusy);
        assert!(told.to_string().ends_with(": zfs: in use"), "{told}");
        assert_eq!(explained(Errno::NOENT.into(), &[]).kind(), io::ErrorKind::NotFound);
    }
}
