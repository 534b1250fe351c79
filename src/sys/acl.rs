//! ACLs that something new has from the directory above it.

use std::ffi::CStr;
use std::os::fd::AsFd;

use rustix::io::Errno;

/// The attributes that hold the ACL of a file, and the one for what will be made in a directory.
pub(super) const ACLS: [&CStr; 2] = [c"system.posix_acl_access", c"system.posix_acl_default"];

/// Takes the ACLs away that something new has from the directory above it: only an owner and a mode
/// were asked for, and to widen the mode would widen the mask of an ACL.
pub(super) fn strip(new: impl AsFd) -> rustix::io::Result<()> {
    for name in ACLS {
        match rustix::fs::fremovexattr(new.as_fd(), name) {
            Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}
