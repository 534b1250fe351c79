//! Names as text that is safe to show.

use std::fmt::Write as _;

/// Returns a file name as text that a terminal cannot obey: control, bidirectional and invisible
/// characters, backslashes and bytes that are not UTF-8 are written as escapes (`\n`, `\x1b`,
/// `\u{202e}`, `\xff`). Two different names never look the same.
#[must_use]
pub fn escape(bytes: &[u8]) -> String {
    // Nearly every name is like that, and a long report escapes a million of them.
    if bytes.iter().all(|&byte| matches!(byte, b' '..=b'~') && byte != b'\\') {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            push_escaped(&mut text, c);
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}"); // a String takes everything
        }
    }
    text
}

fn push_escaped(text: &mut String, c: char) {
    match c {
        '\n' => text.push_str("\\n"),
        '\t' => text.push_str("\\t"),
        '\r' => text.push_str("\\r"),
        '\\' => text.push_str("\\\\"),
        c if c.is_ascii_control() => _ = write!(text, "\\x{:02x}", u32::from(c)),
        c if is_deceptive(c) => _ = write!(text, "\\u{{{:x}}}", u32::from(c)),
        c => text.push(c),
    }
}

/// Characters that change how the rest of a line looks, or that cannot be seen: C1 controls, the
/// bidirectional controls of UAX #9, zero-width and format characters, separators, variation
/// selectors and tags.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0xad | 0x61c | 0x34f | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f
            | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f
            | 0xfeff | 0xffa0 | 0xfff0..=0xfffb | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_names_are_shown_escaped() {
        let table: &[(&[u8], &str)] = &[
            (b"plain name", "plain name"),
            (b"two\nlines", "two\\nlines"),
            (b"\x1b[31mred", "\\x1b[31mred"),
            (b"back\\slash", "back\\\\slash"),
            (b"latin\xe9", "latin\\xe9"),
            ("über".as_bytes(), "über"),
            ("a\u{202e}gpj.exe".as_bytes(), "a\\u{202e}gpj.exe"),
            ("zero\u{200b}width".as_bytes(), "zero\\u{200b}width"),
            ("c1\u{9b}".as_bytes(), "c1\\u{9b}"),
        ];
        for (bytes, shown) in table {
            assert_eq!(&escape(bytes), shown);
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_has_no_control_characters(bytes: Vec<u8>) {
            prop_assert!(escape(&bytes).chars().all(|c| !c.is_control() && !is_deceptive(c)));
        }

        #[test]
        fn two_different_names_never_look_the_same(a: Vec<u8>, b: Vec<u8>) {
            prop_assert_eq!(a == b, escape(&a) == escape(&b));
        }
    }
}
