//! The words of the schema, which never change.

use crate::loss::{Keeper, Maker, Remark};

pub(super) fn evidence(maker: &Maker) -> &'static str {
    match maker {
        Maker::Etc => "etc",
        Maker::Tmpfiles(_) => "tmpfiles",
        Maker::Unit(..) => "unit",
        Maker::Boot(_) => "boot",
        Maker::HomeManager(_) => "home-manager",
    }
}

pub(super) fn kept_by(keeper: &Keeper) -> &'static str {
    match keeper {
        Keeper::Entry(_) => "entry",
        Keeper::Mount => "mount",
        Keeper::Parent => "parent",
        Keeper::Adopted(_) => "adoption",
    }
}

pub(super) fn remark(remark: &Remark) -> Option<&'static str> {
    match remark {
        Remark::None => None,
        Remark::MountPoint => Some("mount-point"),
        Remark::Shadowed => Some("shadowed"),
        Remark::NotInPlace(_) => Some("not-in-place"),
        Remark::NoSource(_) => Some("no-source"),
    }
}
