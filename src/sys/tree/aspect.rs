//! In what two files differ beside their content: owner, mode, ACL, attributes, flags.

use std::ffi::CStr;
use std::io;

use rustix::fs::IFlags;

use super::held::Held;
use crate::loss::{Aspect, FileType};
use crate::sys::acl::ACLS;
use crate::sys::copy::{attributes, flags};

/// What a file system or a security module makes up for every file: a difference only where both
/// sides have it.
const MADE_UP: [&[u8]; 3] = [b"system.nfs4_acl", b"system.nfs4_dacl", b"system.nfs4_sacl"];

/// A seal over the inode's number: it differs wherever the inode does.
const SEAL: &CStr = c"security.evm";

/// Returns the first aspect in which two files of one type differ, which are held.
///
/// # Errors
/// One of them could not be looked at, or not in full.
pub fn aspect(now: &Held, blank: &Held) -> io::Result<Option<Aspect>> {
    let (this, then) = (&now.stat, &blank.stat);
    if !this.has_owner_of(then) {
        return Ok(Some(Aspect::Owner));
    }
    // The mode of a symlink means nothing, and not every file system gives it the same.
    if this.file_type()? != FileType::Symlink && !this.has_mode_of(then) {
        return Ok(Some(Aspect::Mode));
    }
    let aspect = in_attributes(now, blank)?;
    if aspect.is_some() || !now.is_open() {
        return Ok(aspect);
    }
    let has_same_flags = flags::are_equal(now.fd(), blank.fd(), IFlags::all())?
        // Which of the two can hold less is not known.
        || flags::are_equal(blank.fd(), now.fd(), IFlags::all())?;
    Ok((!has_same_flags).then_some(Aspect::Flags))
}

/// An ACL before any other attribute.
fn in_attributes(now: &Held, blank: &Held) -> io::Result<Option<Aspect>> {
    let (now, blank) = (now.reach(), blank.reach());
    let (names, others) = (now.names()?, blank.names()?);
    let mut all: Vec<&CStr> = attributes::split(&names).chain(attributes::split(&others)).collect();
    all.sort_unstable_by_key(|name| (!ACLS.contains(name), *name));
    all.dedup();
    for name in all.into_iter().filter(|&name| name != SEAL) {
        let (value, other) = (now.value(name)?, blank.value(name)?);
        let is_told = value.is_some() && other.is_some() || !is_made_up(name);
        if is_told && value != other {
            let is_acl = ACLS.contains(&name);
            return Ok(Some(if is_acl { Aspect::Acl } else { Aspect::Attributes }));
        }
    }
    Ok(None)
}

fn is_made_up(name: &CStr) -> bool {
    attributes::is_label(name) || MADE_UP.contains(&name.to_bytes())
}
