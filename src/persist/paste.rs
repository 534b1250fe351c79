//! Names ready to be pasted: into a shell, into TOML, into Nix. Pure.
//!
//! What is printed is as safe on a terminal as [`crate::path::escape`] makes it, and what the reader
//! pastes means exactly the name it was made from.

use std::fmt::Write as _;

use crate::path::escape;

/// Returns `name` as one word of a POSIX shell; where it holds what a terminal would obey, as bash,
/// zsh and ksh write it (`$'…'`).
#[must_use]
pub fn shell(name: &[u8]) -> String {
    let is_plain = |b: &u8| b.is_ascii_alphanumeric() || b"/._-+:@%,=".contains(b);
    if !name.is_empty() && name.iter().all(is_plain) {
        return String::from_utf8_lossy(name).into_owned();
    }
    if is_harmless(name) {
        return format!("'{}'", String::from_utf8_lossy(name).replace('\'', "'\\''"));
    }
    let mut word = String::from("$'");
    for byte in name {
        match byte {
            b'\\' | b'\'' => _ = write!(word, "\\{}", char::from(*byte)),
            b' '..=b'~' => word.push(char::from(*byte)),
            // Three digits always: a hexadecimal escape would swallow a digit that follows.
            byte => _ = write!(word, "\\{byte:03o}"),
        }
    }
    word.push('\'');
    word
}

/// Returns `text` as a TOML string.
#[must_use]
pub fn toml(text: &str) -> String {
    let mut string = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => _ = write!(string, "\\{c}"),
            c if is_harmless(c.to_string().as_bytes()) => string.push(c),
            c => _ = write!(string, "\\U{:08X}", u32::from(c)),
        }
    }
    string.push('"');
    string
}

/// Returns `text` as a Nix expression.
#[must_use]
pub fn nix(text: &str) -> String {
    if text.split('\\').all(|part| is_harmless(part.as_bytes())) {
        let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace("${", "\\${");
        return format!("\"{text}\"");
    }
    // A Nix string has no escape for most characters; JSON has one for all.
    let mut json = String::new();
    for c in text.chars() {
        if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '\'' | '$') || c == ' ' {
            json.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(json, "\\u{unit:04x}");
            }
        }
    }
    format!("(builtins.fromJSON ''\"{json}\"'')")
}

/// Returns `text` as the name of an attribute in Nix, where an expression needs a frame of its own.
#[must_use]
pub fn nix_attribute(text: &str) -> String {
    let name = nix(text);
    match name.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        Some(expression) => format!("${{{expression}}}"),
        None => name,
    }
}

/// Whether a terminal shows it as it is.
fn is_harmless(name: &[u8]) -> bool {
    escape(name).as_bytes() == name
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::process::Command;

    #[test]
    fn names_are_quoted_only_where_they_need_it() {
        let table: &[(&[u8], &str)] = &[
            (b"/var/lib/x-1_2.d", "/var/lib/x-1_2.d"),
            (b"", "''"),
            (b"/with space", "'/with space'"),
            (b"/it's", "'/it'\\''s'"),
            (b"/$(reboot)", "'/$(reboot)'"),
            (b"/a\n1\x1b", "$'/a\\0121\\033'"),
            (b"/back\\slash", "$'/back\\\\slash'"),
            (b"/\xff", "$'/\\377'"),
        ];
        for (name, word) in table {
            assert_eq!(&shell(name), word);
        }
        assert_eq!(toml("/a \"b\" \\ \u{1b}é"), "\"/a \\\"b\\\" \\\\ \\U0000001Bé\"");
        assert_eq!(nix("/a \"b\" \\ ${c} $d"), "\"/a \\\"b\\\" \\\\ \\${c} $d\"");
        assert_eq!(
            nix("/\n$'\u{202e}"),
            "(builtins.fromJSON ''\"/\\u000a\\u0024\\u0027\\u202e\"'')"
        );
    }

    #[test]
    fn the_name_of_an_attribute_is_a_string_or_a_framed_expression() {
        let table = [
            ("alice", "\"alice\""),
            ("(a)", "\"(a)\""),
            ("a\u{202e}", "${builtins.fromJSON ''\"a\\u202e\"''}"),
        ];
        for (name, attribute) in table {
            assert_eq!(nix_attribute(name), attribute);
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "asks a real shell")]
    fn a_shell_reads_the_name_that_was_meant() {
        for name in [b"/it's \\ \x1b[31m\n9 \xff $(x) `y` ${z}".as_slice(), b"/two  spaces", b"\n"]
        {
            let script = format!("printf %s {}", shell(name));
            let output = Command::new("bash").args(["-c", &script]).output().unwrap();
            assert_eq!(output.stdout, name);
        }
    }

    proptest! {
        #[test]
        fn toml_means_the_name(name: String) {
            let document = format!("x = {}", toml(&name));
            let parsed = toml::de::DeTable::parse(&document).unwrap();
            let (_, value) = parsed.get_ref().iter().next().unwrap();
            prop_assert_eq!(value.get_ref().as_str(), Some(name.as_str()));
        }

        #[test]
        fn nothing_pasted_upsets_a_terminal(name: Vec<u8>) {
            prop_assert_eq!(escape(shell(&name).replace('\\', "").as_bytes()), shell(&name).replace('\\', ""));
            let text = String::from_utf8_lossy(&name);
            for pasted in [toml(&text), nix(&text)] {
                let pasted = pasted.replace('\\', "");
                prop_assert_eq!(escape(pasted.as_bytes()), pasted);
            }
        }
    }
}
