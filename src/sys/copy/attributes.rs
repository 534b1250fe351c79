//! Extended attributes; POSIX ACLs and file capabilities are some of them.

use std::ffi::CStr;
use std::io;
use std::os::fd::BorrowedFd;

use rustix::buffer::spare_capacity;
use rustix::fs::XattrFlags;
use rustix::io::Errno;

use super::Fault;
use super::node::proc_path;
use crate::sys::acl;

/// The attribute that lends a program privileges; it is taken along like the set-user-ID bit.
pub(super) const CAPABILITY: &CStr = c"security.capability";

/// What the kernel, or its security module, sets on every file by itself, and how a file system is to
/// store it: taken along where that works, and no part of the data.
const LABELS: [&[u8]; 6] = [
    b"security.selinux",
    b"security.SMACK64",
    b"security.apparmor",
    b"security.ima",
    b"security.evm",
    b"btrfs.",
];

/// The most that the kernel hands out, of names and of a value (`XATTR_LIST_MAX`, `XATTR_SIZE_MAX`).
const MOST: usize = 64 * 1024;

/// How the attributes of a node are reached.
#[derive(Debug)]
pub(in crate::sys) enum Reach<'n> {
    /// By its open descriptor.
    Open(BorrowedFd<'n>),
    /// By a name for a descriptor that only holds it; the name leads to no other node, ever.
    Pinned(String),
}

impl Reach<'_> {
    pub(in crate::sys) fn pinned(node: BorrowedFd) -> Self {
        Self::Pinned(proc_path(node))
    }

    /// The names of all attributes that this process may see; none where there are no attributes.
    pub(in crate::sys) fn names(&self) -> io::Result<Vec<u8>> {
        let mut list = Vec::with_capacity(MOST);
        let listed = match self {
            Self::Open(fd) => rustix::fs::flistxattr(fd, spare_capacity(&mut list)),
            Self::Pinned(path) => rustix::fs::listxattr(path.as_str(), spare_capacity(&mut list)),
        };
        match listed {
            Ok(_) | Err(Errno::OPNOTSUPP) => Ok(list),
            Err(errno) => Err(errno.into()),
        }
    }

    /// The value of an attribute; nothing when it is not there.
    pub(in crate::sys) fn value(&self, name: &CStr) -> io::Result<Option<Vec<u8>>> {
        let mut value = Vec::with_capacity(MOST);
        let got = match self {
            Self::Open(fd) => rustix::fs::fgetxattr(fd, name, spare_capacity(&mut value)),
            Self::Pinned(path) => {
                rustix::fs::getxattr(path.as_str(), name, spare_capacity(&mut value))
            }
        };
        match got {
            Ok(_) => Ok(Some(value)),
            Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    pub(super) fn set(&self, name: &CStr, value: &[u8]) -> Result<(), Fault> {
        let set = match self {
            Self::Open(fd) => rustix::fs::fsetxattr(fd, name, value, XattrFlags::empty()),
            Self::Pinned(path) => {
                rustix::fs::setxattr(path.as_str(), name, value, XattrFlags::empty())
            }
        };
        set.map_err(|errno| {
            let cause = io::Error::from(errno);
            let name = crate::path::escape(name.to_bytes());
            // ext4 has a block for them at most, and says the same as when it is full.
            let text = if errno == Errno::TOOBIG || errno == Errno::NOSPC && self.has_room() {
                let size = value.len();
                format!(
                    "its attribute {name}, {size} bytes, does not fit there, however much space is \
                     free; make it smaller, or remove it (setfattr -x)"
                )
            } else {
                format!("its attribute {name} cannot be kept there: {cause}")
            };
            Fault::copying(io::Error::new(cause.kind(), text))
        })
    }

    /// Whether its file system has far more space left than an attribute needs. Unknown counts as no.
    fn has_room(&self) -> bool {
        let told = match self {
            Self::Open(fd) => rustix::fs::fstatvfs(fd),
            Self::Pinned(path) => rustix::fs::statvfs(path.as_str()),
        };
        told.is_ok_and(|told| told.f_bavail.saturating_mul(told.f_frsize) > 16 * MOST as u64)
    }
}

/// Sets all attributes of `from` on `to`, but the capability, which is returned.
pub(super) fn copy(from: &Reach, to: &Reach) -> Result<Option<Vec<u8>>, Fault> {
    let mut capability = None;
    let names = from.names().map_err(Fault::reading)?;
    for name in split(&names) {
        let Some(value) = from.value(name).map_err(Fault::reading)? else {
            return Err(Fault::changed());
        };
        if name == CAPABILITY {
            capability = Some(value);
            continue;
        }
        match to.set(name, &value) {
            Err(fault) if is_label(name) => {
                tracing::debug!("left out: {}", fault.cause);
            }
            set => set?,
        }
    }
    Ok(capability)
}

/// Takes the ACLs away that the new directory or file `to` has from the directory above it.
pub(super) fn strip_inherited_acls(to: BorrowedFd) -> Result<(), Fault> {
    acl::strip(to).map_err(Fault::copying)
}

/// Whether both have the same attributes with the same values, capability and labels aside.
pub(super) fn are_equal(one: &Reach, other: &Reach) -> io::Result<bool> {
    let (names, other_names) = (one.names()?, other.names()?);
    let (names, other_names) = (compared(&names), compared(&other_names));
    if names != other_names {
        return Ok(false);
    }
    for name in names {
        if one.value(name)? != other.value(name)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn compared(names: &[u8]) -> Vec<&CStr> {
    let mut names: Vec<&CStr> =
        split(names).filter(|name| *name != CAPABILITY && !is_label(name)).collect();
    names.sort_unstable();
    names
}

/// The kernel ends each name with a NUL.
pub(in crate::sys) fn split(names: &[u8]) -> impl Iterator<Item = &CStr> {
    names.split_inclusive(|&byte| byte == 0).filter_map(|name| CStr::from_bytes_with_nul(name).ok())
}

pub(in crate::sys) fn is_label(name: &CStr) -> bool {
    LABELS.iter().any(|label| name.to_bytes().starts_with(label))
}
