//! Whether a hibernated system may be waiting to be resumed. Its kernel believes that it knows every
//! block of the pool; a rollback underneath it destroys the pool.
//!
//! Pure: the kernel's command line and a page of the swap device to values. `sys::machine` reads both.

use super::situation::words;

/// Where the kernel would look for an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The device's path.
    pub device: String,
    /// Where the swap header is on it, in pages.
    pub page: u64,
}

/// Whether the kernel resumes nothing in this boot. `nohibernate`, which NixOS sets for ZFS, forbids
/// resuming as much as hibernating.
#[must_use]
pub fn is_off(cmdline: &str) -> bool {
    words(cmdline).any(|word| matches!(word, "noresume" | "nohibernate" | "hibernate=no"))
}

/// Returns where the kernel's command line says that an image would be; none where it says nothing.
///
/// # Errors
/// A value that cannot be understood: whether there is an image cannot be told then.
pub fn place(cmdline: &str) -> Result<Option<Place>, String> {
    let value = |key: &str| words(cmdline).filter_map(|word| word.strip_prefix(key)).last();
    let Some(device) = value("resume=").filter(|device| !device.is_empty()) else {
        return Ok(None);
    };
    let page = value("resume_offset=").unwrap_or("0");
    let page = page.parse().map_err(|_| {
        format!("resume_offset={} is not understood", crate::path::escape(page.as_bytes()))
    })?;
    Ok(Some(Place { device: device_path(device), page }))
}

/// `UUID=x` and its like, as udev links them.
fn device_path(device: &str) -> String {
    let links = [
        ("UUID=", "uuid"),
        ("LABEL=", "label"),
        ("PARTUUID=", "partuuid"),
        ("PARTLABEL=", "partlabel"),
    ];
    let link = links.iter().find_map(|(tag, dir)| {
        device.strip_prefix(tag).map(|name| format!("/dev/disk/by-{dir}/{name}"))
    });
    link.unwrap_or_else(|| device.to_owned())
}

/// Whether a page that holds a swap header says that an image lies behind it. The signature is the
/// page's last ten bytes; the kernel writes the old one back before it resumes, so one that is still
/// there was not tried.
#[must_use]
pub fn has_image(page: &[u8]) -> bool {
    let signature = page.len().checked_sub(10).and_then(|at| page.get(at..)).unwrap_or_default();
    [b"S1SUSPEND", b"ULSUSPEND", b"S2SUSPEND"].iter().any(|s| signature.starts_with(*s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_an_image_is_read_from_the_command_line() {
        let at = |device: &str, page| Ok(Some(Place { device: device.into(), page }));
        let table = [
            ("quiet", Ok(None)),
            ("resume=/dev/sda2", at("/dev/sda2", 0)),
            ("resume=UUID=12-ab resume_offset=77", at("/dev/disk/by-uuid/12-ab", 77)),
            ("resume=LABEL=swap", at("/dev/disk/by-label/swap", 0)),
            ("resume=PARTUUID=1 resume=/dev/vdb", at("/dev/vdb", 0)),
            ("resume=", Ok(None)),
            ("xresume=/dev/sda2", Ok(None)),
            (
                "resume=/dev/sda2 resume_offset=no",
                Err("resume_offset=no is not understood".to_owned()),
            ),
        ];
        for (cmdline, expected) in table {
            assert_eq!(place(cmdline), expected, "{cmdline}");
        }
    }

    #[test]
    fn resuming_is_off_only_when_the_command_line_says_so() {
        for (cmdline, off) in [
            ("quiet resume=/dev/sda2 noresume", true),
            ("nohibernate", true),
            ("hibernate=no", true),
            ("resume=/dev/sda2", false),
            ("noresumes", false),
        ] {
            assert_eq!(is_off(cmdline), off, "{cmdline}");
        }
    }

    #[test]
    fn an_image_is_known_by_the_last_bytes_of_the_page() {
        let page = |signature: &[u8]| {
            let mut page = vec![0; 4096 - signature.len()];
            page.extend_from_slice(signature);
            page
        };
        assert!(has_image(&page(b"S1SUSPEND\0")));
        assert!(has_image(&page(b"ULSUSPEND\0")));
        assert!(!has_image(&page(b"SWAPSPACE2")));
        assert!(!has_image(&page(b"S1SUSPEND\0\0")));
        assert!(!has_image(b"short"));
    }
}
