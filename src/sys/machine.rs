//! What the machine says about this boot: the kernel's command line, the mounts, an image to resume,
//! the zfs module.

use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::mounts::MountTable;
use crate::rollback::resume::{has_image, is_off, place};
use crate::rollback::situation::{ADOPT, PARAMETER, Situation, Switch};

/// Where systemd writes down, in the firmware, that an image is to be resumed
/// (systemd-hibernate-resume-generator(8)).
const HIBERNATE_LOCATION: &str =
    "/sys/firmware/efi/efivars/HibernateLocation-8cf2644b-4b0b-428f-9387-6d876050dc67";

/// Reads everything but the pool that decides whether a root may be rolled back.
///
/// # Errors
/// The kernel's command line cannot be read.
#[expect(clippy::disallowed_methods, reason = "the one place where the machine is looked at")]
pub fn situation() -> io::Result<Situation> {
    let cmdline = std::fs::read_to_string("/proc/cmdline")?;
    Ok(Situation {
        switch: Switch::parse(PARAMETER, &cmdline),
        adopt: Switch::parse(ADOPT, &cmdline),
        mounts: MountTable::read().map_err(|cause| cause.to_string()),
        resume: resume(&cmdline),
    })
}

/// Why a hibernated system may be waiting; what cannot be told counts as waiting.
fn resume(cmdline: &str) -> Option<String> {
    if is_off(cmdline) {
        return None;
    }
    match Path::new(HIBERNATE_LOCATION).try_exists() {
        Ok(false) => {}
        Ok(true) => return Some("the firmware's variable HibernateLocation is set".to_owned()),
        Err(cause) => return Some(format!("cannot look for HibernateLocation: {cause}")),
    }
    let place = match place(cmdline) {
        Ok(place) => place?,
        Err(odd) => return Some(odd),
    };
    let device = crate::path::escape(place.device.as_bytes());
    match read_page(&place.device, place.page) {
        Ok(page) if has_image(&page) => Some(format!("an image lies on {device}")),
        Ok(_) => None,
        Err(cause) => Some(format!("cannot look for an image on {device}: {cause}")),
    }
}

#[expect(clippy::disallowed_methods, reason = "reads a swap header")]
fn read_page(device: &str, page: u64) -> io::Result<Vec<u8>> {
    let size = rustix::param::page_size();
    let mut bytes = vec![0; size];
    let at = page.saturating_mul(u64::try_from(size).unwrap_or(u64::MAX));
    std::fs::File::open(device)?.read_exact_at(&mut bytes, at)?;
    Ok(bytes)
}

/// The version of the loaded zfs module, e.g. `2.3.2-2`; none where there is no such module.
///
/// # Errors
/// The kernel does not say.
#[expect(clippy::disallowed_methods, reason = "asks the kernel about its module")]
pub fn zfs_module() -> io::Result<Option<String>> {
    match std::fs::read_to_string("/sys/module/zfs/version") {
        Ok(version) => Ok(Some(version.trim().to_owned())),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(cause),
    }
}
