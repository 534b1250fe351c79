//! Reads unit files as systemd does. Pure: text in, assignments out.
//!
//! A unit is made of several texts: its file and its drop-ins, one after the other. Where a text is
//! not understood the unit is not sound, and nothing is certain of it.

/// What the files of one unit say, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct UnitFile {
    assignments: Vec<Assignment>,
    /// Whether everything was understood.
    pub(super) is_sound: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Assignment {
    section: String,
    key: String,
    value: String,
}

impl UnitFile {
    /// Reads the text of a unit file or drop-in.
    pub(super) fn parse(text: &[u8]) -> Self {
        let mut file = Self { assignments: Vec::new(), is_sound: true };
        let Ok(text) = std::str::from_utf8(text) else {
            return Self { is_sound: false, ..file };
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut section = String::new();
        for line in logical_lines(text) {
            let line = line.trim_matches(BLANKS);
            if let Some(header) = line.strip_prefix('[') {
                file.is_sound &= header.ends_with(']');
                header.trim_end_matches(']').clone_into(&mut section);
            } else if let Some((key, value)) = line.split_once('=') {
                let key = key.trim_end_matches(BLANKS).to_owned();
                let value = value.trim_start_matches(BLANKS).to_owned();
                file.assignments.push(Assignment { section: section.clone(), key, value });
            } else {
                file.is_sound &= line.is_empty();
            }
        }
        file
    }

    /// Adds what a drop-in says.
    pub(super) fn extend(&mut self, drop_in: Self) {
        self.assignments.extend(drop_in.assignments);
        self.is_sound &= drop_in.is_sound;
    }

    /// The values of a setting that counts as often as it is given, without those before an empty one.
    pub(super) fn values(&self, section: &str, key: &str) -> Vec<&str> {
        let mut values = Vec::new();
        let is_it = |a: &&Assignment| a.section == section && a.key == key;
        for assignment in self.assignments.iter().filter(is_it) {
            match assignment.value.as_str() {
                "" => values.clear(),
                value => values.push(value),
            }
        }
        values
    }

    /// The value of a setting of which the last one counts; none where that is empty.
    pub(super) fn last(&self, section: &str, key: &str) -> Option<&str> {
        self.values(section, key).pop()
    }

    /// The words of a list of names or paths. A backslash in it stands for itself, as it does in the
    /// names of units.
    pub(super) fn words(&self, section: &str, key: &str) -> Vec<String> {
        self.values(section, key).into_iter().flat_map(words).collect()
    }

    /// Whether a setting whose name begins with `prefix` asks for something. An empty one takes back all
    /// of them that were given before.
    pub(super) fn has_any(&self, section: &str, prefix: &str) -> bool {
        let is_it = |a: &&Assignment| a.section == section && a.key.starts_with(prefix);
        self.assignments.iter().rfind(is_it).is_some_and(|last| !last.value.is_empty())
    }

    /// Whether a switch is on; none where it is given and cannot be understood.
    pub(super) fn switch(&self, section: &str, key: &str, default: bool) -> Option<bool> {
        let Some(value) = self.last(section, key) else { return Some(default) };
        match value.to_ascii_lowercase().as_str() {
            "1" | "yes" | "y" | "true" | "t" | "on" => Some(true),
            "0" | "no" | "n" | "false" | "f" | "off" => Some(false),
            _ => None,
        }
    }
}

const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];

/// The lines with those that end in a backslash put together with the next, without comments: they may
/// also stand between the two.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open: Option<String> = None;
    for line in text.split(['\n', '\r', '\0']) {
        let line = line.trim_start_matches(BLANKS);
        if line.starts_with(['#', ';']) {
            continue;
        }
        let mut whole = open.take().unwrap_or_default() + line;
        let backslashes = whole.bytes().rev().take_while(|&byte| byte == b'\\').count();
        if backslashes % 2 == 1 {
            whole.pop();
            whole.push(' ');
            open = Some(whole);
        } else {
            lines.push(whole);
        }
    }
    lines.extend(open);
    lines
}

/// The words of a value; quotes may stand around a word or a part of it. Where one is not closed, the
/// rest is no word, as for systemd.
pub(super) fn words(value: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in value.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if BLANKS.contains(&c) => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_none() {
        words.extend(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> UnitFile {
        UnitFile::parse(text.as_bytes())
    }

    #[test]
    fn sections_comments_and_continued_lines_are_read_as_systemd_reads_them() {
        let file = parse(
            "\u{feff}# a comment\n; another\n [Service] \n  User = me # no comment\nUser=\n\
             StateDirectory=a \\\n# between\n  b \\\n\\\nc\n[Unit]\nStateDirectory=other\n\
             Backslash=x\\\\\nOpen=y\\",
        );
        assert!(file.is_sound);
        assert_eq!(file.last("Service", "User"), None);
        assert_eq!(file.words("Service", "StateDirectory"), ["a", "b", "c"]);
        assert_eq!(file.last("Unit", "StateDirectory"), Some("other"));
        assert_eq!(file.last("Unit", "Backslash"), Some("x\\\\"));
        assert_eq!(file.last("Unit", "Open"), Some("y"));
        assert_eq!(parse("[Service]\nUser = me # x").last("Service", "User"), Some("me # x"));
    }

    #[test]
    fn an_empty_assignment_takes_back_what_was_there_before_it() {
        let mut file = parse("[Service]\nStateDirectory=a\nStateDirectory=b\n");
        assert_eq!(file.words("Service", "StateDirectory"), ["a", "b"]);
        file.extend(parse("[Service]\nStateDirectory=\nStateDirectory=c"));
        assert_eq!(file.words("Service", "StateDirectory"), ["c"]);
        assert!(!file.has_any("Unit", "Condition"));
        file.extend(parse("[Unit]\nConditionPathExists=/x\nConditionHost=y"));
        assert!(file.has_any("Unit", "Condition"));
        file.extend(parse("[Unit]\nConditionACPower="));
        assert!(!file.has_any("Unit", "Condition"));
    }

    #[test]
    fn quotes_hold_words_together() {
        let table: &[(&str, &[&str])] = &[
            ("a b\tc", &["a", "b", "c"]),
            ("\"a b\" 'c\"d'", &["a b", "c\"d"]),
            ("x\"a b\"y", &["xa by"]),
            ("\"\" a", &["", "a"]),
            ("a 'open b", &["a"]),
            ("dev-\\x2d", &["dev-\\x2d"]),
            ("   ", &[]),
        ];
        for (value, expected) in table {
            assert_eq!(words(value), *expected, "{value}");
        }
    }

    #[test]
    fn a_switch_that_is_not_understood_is_neither_on_nor_off() {
        let table = [("On", Some(true)), ("f", Some(false)), ("maybe", None), ("", Some(true))];
        for (value, expected) in table {
            let file = parse(&format!("[Service]\nDynamicUser={value}"));
            assert_eq!(file.switch("Service", "DynamicUser", true), expected, "{value}");
        }
    }

    #[test]
    fn what_is_not_understood_is_not_sound() {
        for text in ["[Service\nA=b", "[Service]\nwords without meaning"] {
            assert!(!parse(text).is_sound, "{text}");
        }
        assert!(!UnitFile::parse(b"[Service]\nUser=\xff").is_sound);
        let mut file = parse("[Service]\nUser=x");
        file.extend(parse("what"));
        assert!(!file.is_sound);
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text in "(?s)([\\[\\]=#;\"'\\\\ \n%a]|.){0,60}") {
            let file = parse(&text);
            for assignment in &file.assignments {
                words(&assignment.value);
            }
        }

        #[test]
        fn any_bytes_can_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            UnitFile::parse(&bytes);
        }
    }
}
