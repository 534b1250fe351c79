//! What /proc says of a process: its text to values.

use rustix::fs::OFlags;

use crate::sys::FileId;

/// Whether a file is open for writing, from the text of its fdinfo file (proc(5)); none where it is
/// not understood.
pub(in crate::sys) fn is_for_writing(info: &[u8]) -> Option<bool> {
    let flags = info.split(|&b| b == b'\n').find_map(|line| line.strip_prefix(b"flags:"))?;
    let flags = u32::from_str_radix(std::str::from_utf8(flags.trim_ascii()).ok()?, 8).ok()?;
    let mode = flags & OFlags::RWMODE.bits();
    Some(mode == OFlags::WRONLY.bits() || mode == OFlags::RDWR.bits())
}

/// The files that are swapped to, from the text of /proc/swaps (proc(5)): the first field of every line
/// but the first. The kernel writes white space in it as `\\040`.
pub(in crate::sys) fn swap_files(swaps: &[u8]) -> Vec<Vec<u8>> {
    let lines = swaps.split(|&b| b == b'\n').skip(1);
    let first =
        |line: &[u8]| line.split(u8::is_ascii_whitespace).next().map(crate::sys::mounts::unescape);
    lines.filter_map(first).filter(|name| name.starts_with(b"/")).collect()
}

/// A mapping through which a file is written.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::sys) struct Mapping {
    /// The addresses, as they are written.
    pub(in crate::sys) range: String,
    /// The file, as the line names it.
    pub(in crate::sys) id: FileId,
}

impl Mapping {
    /// Takes a line of a maps file (proc(5)): `7f0-7f1 rw-s 00000000 08:02 135522 /a file`. None where
    /// it is not understood; none in it where nothing is written to a file.
    #[expect(clippy::option_option, reason = "not understood is not the same as harmless")]
    pub(in crate::sys) fn parse(line: &[u8]) -> Option<Option<Self>> {
        if line.is_empty() {
            return Some(None);
        }
        let mut fields = line.split(|&b| b == b' ').map(std::str::from_utf8);
        let mut field = || fields.next()?.ok();
        let (range, rights, _offset) = (field()?, field()?, field()?);
        let (major, minor) = field()?.split_once(':')?;
        let number = |text| u32::from_str_radix(text, 16).ok();
        let device = (number(major)?, number(minor)?);
        let inode = field()?.parse().ok()?;
        let is_written = rights.contains('w') && rights.contains('s') && inode != 0;
        Some(is_written.then(|| Self { range: range.to_owned(), id: FileId { device, inode } }))
    }
}

/// The unit in the text of a cgroup file (cgroups(7)): of the hierarchy of version 2 the highest
/// service or scope. What lies below it may have been named by whoever runs there, as in a user's own
/// manager, whose units are none of the system's.
pub(in crate::sys) fn unit_in(text: &[u8]) -> Option<String> {
    let path = text.split(|&b| b == b'\n').find_map(|line| line.strip_prefix(b"0::"))?;
    let is_unit = |name: &&[u8]| name.ends_with(b".service") || name.ends_with(b".scope");
    let name = path.split(|&b| b == b'/').find(is_unit)?;
    if name.starts_with(b"user@") {
        return None;
    }
    // systemd puts it in front of a name that the kernel could take for its own.
    let name = name.strip_prefix(b"_").unwrap_or(name);
    Some(String::from_utf8_lossy(name).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_access_mode_is_read_from_the_flags() {
        let table: [(&[u8], Option<bool>); 9] = [
            (b"pos:\t0\nflags:\t0100000\nmnt_id:\t1\n", Some(false)),
            (b"pos:\t0\nflags:\t0100001\nmnt_id:\t1\n", Some(true)),
            (b"flags:\t0100002\n", Some(true)),
            (b"flags:\t02100002\n", Some(true)),
            (b"flags:\t012100000\n", Some(false)),
            (b"flags:\t3\n", Some(false)),
            (b"flags:\t9\n", None),
            (b"pos:\t0\n", None),
            (b"", None),
        ];
        for (text, expected) in table {
            assert_eq!(is_for_writing(text), expected, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn only_shared_mappings_that_can_be_written_count() {
        let written =
            Mapping { range: "7f0-7f1".into(), id: FileId { device: (0xfe, 0x10), inode: 135 } };
        let table: [(&[u8], Option<Option<Mapping>>); 8] = [
            (b"7f0-7f1 rw-s 00000000 fe:10 135       /a b", Some(Some(written))),
            (b"7f0-7f1 rw-p 00000000 fe:10 135       /a b", Some(None)),
            (b"7f0-7f1 r--s 00000000 fe:10 135       /a\xff", Some(None)),
            (b"7f0-7f1 rw-s 00000000 00:00 0 ", Some(None)),
            (b"7f0-7f1 rw-p 00000000 00:00 0         [heap]", Some(None)),
            (b"", Some(None)),
            (b"7f0-7f1 rw-s 00000000 fe10 135", None),
            (b"7f0-7f1 rw-s 00000000 fe:10", None),
        ];
        for (line, expected) in table {
            assert_eq!(Mapping::parse(line), expected, "{}", line.escape_ascii());
        }
    }

    #[test]
    fn the_highest_unit_of_the_unified_hierarchy_is_named_and_none_that_a_user_named() {
        let table: [(&[u8], Option<&str>); 7] = [
            (b"0::/system.slice/sshd.service\n", Some("sshd.service")),
            (b"1:name=x:/a.service\n0::/init.scope\n", Some("init.scope")),
            (b"0::/user.slice/user@1000.service/app.slice/a\\x2db.service\n", None),
            (b"0::/system.slice/docker.service/payload\n", Some("docker.service")),
            (b"0::/system.slice/_cgroup.service\n", Some("cgroup.service")),
            (b"0::/\n", None),
            (b"1:name=systemd:/a.service\n", None),
        ];
        for (text, expected) in table {
            assert_eq!(unit_in(text).as_deref(), expected, "{}", text.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_a_parser_panic(text: Vec<u8>) {
            let _ = (is_for_writing(&text), Mapping::parse(&text), unit_in(&text));
        }
    }

    #[test]
    fn swap_files_are_read_with_their_odd_names() {
        let text = b"Filename\t\t\tType\t\tSize\n/dev/vda2  partition 1\n/my\\040swap\tfile\t2\n";
        assert_eq!(swap_files(text), [b"/dev/vda2".to_vec(), b"/my swap".to_vec()]);
        assert_eq!(swap_files(b""), Vec::<Vec<u8>>::new());
    }
}
