//! The words and escapes of a line of tmpfiles.d(5). Pure.

/// Takes the first `count` words off a line, or fewer where it has fewer, and returns them with the rest
/// of it as it stands there. Quotes are gone and backslashes are left: what one means depends on the
/// version of systemd. None where a quote is not closed.
pub(super) fn words(line: &str, count: usize) -> Option<(Vec<String>, String)> {
    let mut rest = line.trim_start_matches(BLANKS);
    let mut words = Vec::new();
    while words.len() < count && !rest.is_empty() {
        let (word, after) = word(rest)?;
        words.push(word);
        rest = after.trim_start_matches(BLANKS);
    }
    Some((words, rest.to_owned()))
}

const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];

/// The first word without its quotes, with its escapes as they are, and what follows it.
fn word(text: &str) -> Option<(String, &str)> {
    let mut word = String::new();
    let mut quote = None;
    let mut rest = text.char_indices();
    while let Some((at, c)) = rest.next() {
        match (quote, c) {
            (_, '\\') => {
                word.push(c);
                word.push(rest.next()?.1);
            }
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, c) if BLANKS.contains(&c) => return Some((word, text.get(at..)?)),
            (_, c) => word.push(c),
        }
    }
    quote.is_none().then_some((word, ""))
}

/// Puts characters in the place of the escapes of C; none where one is not known, or makes no text.
pub(super) fn escapes(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c == '\\' {
            bytes.push(escape(&mut rest)?);
        } else {
            bytes.extend(c.encode_utf8(&mut [0; 4]).bytes());
        }
    }
    String::from_utf8(bytes).ok()
}

fn escape(rest: &mut std::str::Chars) -> Option<u8> {
    Some(match rest.next()? {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0b,
        's' => b' ',
        c @ ('\\' | '"' | '\'') => u8::try_from(c).ok()?,
        'x' => number(None, rest, 16)?,
        c @ '0'..='7' => number(Some(c), rest, 8)?,
        _ => return None,
    })
}

/// A byte as `first` and the next two digits; none where it is NUL.
fn number(first: Option<char>, rest: &mut std::str::Chars, radix: u32) -> Option<u8> {
    let digits: String = first.into_iter().chain(rest.take(2)).collect();
    let is_whole = digits.chars().count() == 2 + usize::from(first.is_some());
    let is_plain = is_whole && digits.chars().all(|c| c.is_digit(radix));
    u8::from_str_radix(&digits, radix).ok().filter(|&byte| is_plain && byte != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_taken_off_with_quotes_and_escapes_and_the_rest_stays() {
        type Taken<'t> = Option<(&'t [&'t str], &'t str)>;
        let table: &[(&str, usize, Taken)] = &[
            ("d /x  0755", 3, Some((&["d", "/x", "0755"], ""))),
            ("d /x  \"the rest\"  z", 2, Some((&["d", "/x"], "\"the rest\"  z"))),
            ("d \"/a b\"'c d'", 2, Some((&["d", "/a bc d"], ""))),
            ("d /a\\x20b\\\"", 2, Some((&["d", "/a\\x20b\\\""], ""))),
            ("d \"open", 2, None),
            ("d /x\\", 2, None),
            ("", 2, Some((&[], ""))),
        ];
        for (line, count, expected) in table {
            let got = words(line, *count);
            let got = got.as_ref().map(|(words, rest)| {
                (words.iter().map(String::as_str).collect::<Vec<_>>(), rest.as_str())
            });
            assert_eq!(got, expected.map(|(words, rest)| (words.to_vec(), rest)), "{line}");
        }
    }

    #[test]
    fn escapes_are_those_of_c() {
        let table = [
            ("\\n\\t\\\\\\s", Some("\n\t\\ ")),
            ("\\x41\\102", Some("AB")),
            ("\\xc3\\xa9", Some("\u{e9}")),
            ("\\xff", None),
            ("\\x4", None),
            ("\\x00", None),
            ("\\777", None),
            ("\\u0041", None),
            ("\\", None),
        ];
        for (text, expected) in table {
            assert_eq!(escapes(text).as_deref(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_words_or_none(text in "([\\\\\"' x0-9a-f]|.){0,30}", count in 0..8_usize) {
            if let Some((words, rest)) = words(&text, count) {
                prop_assert!(words.len() <= count && text.ends_with(&rest));
            }
        }
    }
}
