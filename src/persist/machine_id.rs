//! `/etc/machine-id`, the one file that is made with content where nobody made it yet: pure.
//!
//! An empty one, or the word `uninitialized`, would leave it to systemd what becomes of it, and that
//! differs from version to version: an id for one boot only, mounted over the file; a first boot, with
//! all that belongs to one; a service that has to write the id down later. With an id of our own there
//! is nothing to be done: whoever reads it finds the one that stays.

use crate::config::{Entry, Kind};

/// Where it lies.
const TARGET: &str = "/etc/machine-id";

/// The most that is read of it, in bytes.
pub const LIMIT: usize = 4096;

/// The mode it is made with, unless another one is declared: all may read it and nobody writes to it.
pub const MODE: u32 = 0o444;

/// What lies at a host's `/etc/machine-id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Id {
    /// Nothing, nothing yet, or the word for that.
    Unset,
    /// An id, by its digits.
    Set([u8; 32]),
    /// Something else.
    Other,
}

/// What the host's machine id is, and what is kept of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ids {
    /// What the target says.
    pub at_target: Id,
    /// What the store says.
    pub at_source: Id,
    /// What is kept: the store's, or else the one in another store, from where the entry was moved.
    pub kept: Id,
}

impl Ids {
    /// Whether the store has no id yet.
    #[must_use]
    pub fn lacks_source(self) -> bool {
        self.at_source == Id::Unset
    }

    /// Whether target and store have the same id. There is nothing else to it: when it was written says
    /// no more.
    #[must_use]
    pub fn is_one(self) -> bool {
        matches!(self.at_target, Id::Set(_)) && self.at_target == self.at_source
    }
}

/// Whether `entry` is the machine id.
#[must_use]
pub fn is_of(entry: &Entry) -> bool {
    entry.kind == Kind::File && entry.target.as_bytes() == TARGET.as_bytes()
}

/// Tells what the content of the file is, as machine-id(5) has it.
#[must_use]
pub fn parse(content: &[u8]) -> Id {
    let line = content.strip_suffix(b"\n").unwrap_or(content);
    let is_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    match (line, <[u8; 32]>::try_from(line)) {
        (b"" | b"uninitialized", _) => Id::Unset,
        (_, Ok(digits)) if digits.iter().all(is_hex) => Id::Set(digits),
        (_, Ok(_) | Err(_)) => Id::Other,
    }
}

/// Makes the content of the file from random bits: as systemd does, they say of themselves that they
/// are random (RFC 9562, version 4).
#[must_use]
pub fn content(bits: [u8; 16]) -> String {
    let id = u128::from_be_bytes(bits);
    let id = id & !(0xf << 76) | 0x4 << 76;
    let id = id & !(0x3 << 62) | 0x2 << 62;
    format!("{id:032x}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_32_lower_case_digits_and_what_is_not_set_is_told_from_what_is_odd() {
        let set = Id::Set(*b"08f2a1c57ad94a3c9e3f6d1b2c4e5f60");
        let table: [(&[u8], Id); 9] = [
            (b"", Id::Unset),
            (b"\n", Id::Unset),
            (b"uninitialized", Id::Unset),
            (b"uninitialized\n", Id::Unset),
            (b"08f2a1c57ad94a3c9e3f6d1b2c4e5f60\n", set),
            (b"08f2a1c57ad94a3c9e3f6d1b2c4e5f60", set),
            (b"08F2A1C57AD94A3C9E3F6D1B2C4E5F60\n", Id::Other),
            (b"08f2a1c5-7ad9-4a3c-9e3f-6d1b2c4e5f60", Id::Other),
            (b"uninitialized\n\n", Id::Other),
        ];
        for (content, expected) in table {
            assert_eq!(parse(content), expected, "{}", content.escape_ascii());
        }
    }

    #[test]
    fn what_is_made_from_random_bits_is_an_id_of_version_4() {
        for (bits, id) in [
            ([0x00; 16], "00000000000040008000000000000000\n"),
            ([0xff; 16], "ffffffffffff4fffbfffffffffffffff\n"),
            (
                std::array::from_fn(|at| 0x11 * u8::try_from(at).unwrap()),
                "00112233445546778899aabbccddeeff\n",
            ),
        ] {
            assert_eq!(content(bits), id);
            let digits = id.trim_end().as_bytes().try_into().unwrap();
            assert_eq!(parse(content(bits).as_bytes()), Id::Set(digits));
        }
    }
}
