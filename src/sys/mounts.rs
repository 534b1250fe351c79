//! The mount table: text of `/proc/self/mountinfo` to values.

use std::io;

use crate::path::HostPath;

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The kernel's number for it.
    pub id: u64,
    /// Where it is mounted.
    pub point: HostPath,
    /// The file system's type, e.g. `zfs`.
    pub fs_type: String,
    /// What is mounted: a device or a dataset, as bytes.
    pub source: Vec<u8>,
}

/// All mounts that a process sees, in the kernel's order: of two on one path the later is seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MountTable {
    /// The mounts.
    pub mounts: Vec<Mount>,
}

/// A line of the mount table that could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot understand line {line} of the mount table")]
pub struct BadMountTable {
    /// The line, from 1.
    pub line: usize,
}

impl MountTable {
    /// Reads this process's mount table.
    ///
    /// # Errors
    /// /proc is not mounted, or the kernel's text is not understood.
    #[expect(clippy::disallowed_methods, reason = "the one place where the mount table is read")]
    pub fn read() -> io::Result<Self> {
        let text = std::fs::read("/proc/self/mountinfo")?;
        Self::parse(&text).map_err(|bad| io::Error::new(io::ErrorKind::InvalidData, bad))
    }

    /// Takes the text of a mountinfo file (proc(5)).
    ///
    /// # Errors
    /// A line does not have the form that proc(5) gives; nothing of the table is to be trusted then.
    pub fn parse(text: &[u8]) -> Result<Self, BadMountTable> {
        let lines = text.split(|&b| b == b'\n').enumerate().filter(|(_, line)| !line.is_empty());
        let mounts = lines
            .map(|(at, line)| parse_line(line).ok_or(BadMountTable { line: at + 1 }))
            .collect::<Result<_, _>>()?;
        Ok(Self { mounts })
    }

    /// Where a ZFS dataset is mounted, wherever that is; all of them if it is mounted several times.
    pub fn of_dataset<'t>(&'t self, dataset: &'t str) -> impl Iterator<Item = &'t Mount> {
        self.mounts.iter().filter(move |m| m.fs_type == "zfs" && m.source == dataset.as_bytes())
    }
}

/// `36 35 98:0 /root /mnt rw,noatime master:1 - zfs rpool/x rw`: any number of optional fields, then
/// a lone dash, type, source.
fn parse_line(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|&b| b == b' ');
    let id = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
    let point = HostPath::new(&unescape(fields.nth(3)?)).ok()?;
    let mut rest = fields.skip_while(|field| field != b"-").skip(1);
    let fs_type = String::from_utf8(unescape(rest.next()?)).ok()?;
    Some(Mount { id, point, fs_type, source: unescape(rest.next()?) })
}

/// The kernel writes space, tab, newline and backslash as `\040`, `\011`, `\012`, `\134`.
pub(super) fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, tail)) = rest.split_first() {
        let octal = (first == b'\\').then(|| tail.get(..3)).flatten().and_then(from_octal);
        if let Some(byte) = octal {
            bytes.push(byte);
            rest = tail.get(3..).unwrap_or_default();
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    bytes
}

fn from_octal(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn points_sources_and_types_are_read_with_their_odd_characters() {
        let text = b"22 1 0:20 / / rw,relatime shared:1 - zfs rpool/local/root rw,xattr\n\
            36 22 0:33 /sub /a\\040b\\134c\\012d rw - zfs rpool/with\\040space rw\n\
            40 22 0:40 / /proc rw shared:9 master:3 - proc proc rw\n";
        let mount = |id, point: &str, fs_type: &str, source: &str| Mount {
            id,
            point: point.parse().unwrap(),
            fs_type: fs_type.into(),
            source: source.into(),
        };
        let table = MountTable::parse(text).unwrap();
        let expected = [
            mount(22, "/", "zfs", "rpool/local/root"),
            mount(36, "/a b\\c\nd", "zfs", "rpool/with space"),
            mount(40, "/proc", "proc", "proc"),
        ];
        assert_eq!(table.mounts, expected);
        assert_eq!(table.of_dataset("rpool/local/root").count(), 1);
        assert_eq!(table.of_dataset("rpool/local").count(), 0);
        assert_eq!(table.of_dataset("rpool/local/root2").count(), 0);
    }

    #[test]
    fn a_line_that_is_not_understood_spoils_the_table() {
        for (text, line) in
            [("x", 1), ("22 1 0:20 / / rw - zfs rpool rw\n22 1 0:20 / rel - a b", 2)]
        {
            assert_eq!(MountTable::parse(text.as_bytes()), Err(BadMountTable { line }));
        }
    }

    proptest! {
        #[test]
        fn no_table_makes_the_parser_panic(text: Vec<u8>) {
            let _ = MountTable::parse(&text);
        }
    }
}
