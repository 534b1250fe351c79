//! Reads lines of tmpfiles.d(5). Pure: a line in, what it says out.

use super::text::{escapes, words};
use crate::loss::evidence::specifiers::fill_in;
use crate::path::HostPath;

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// A rule about one path.
    Rule(Rule),
    /// Something at paths that begin with this is taken away or changed, or it is not known what
    /// happens there: nothing is certain of them.
    Unclear(String),
}

/// A rule that makes something, or that looks after a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    /// Its letter.
    pub(super) letter: char,
    /// Whether it has a `+`: then it counts beside others for the same path.
    pub(super) adds: bool,
    /// Whether it has a `$`: a systemd that does not know that leaves the whole line out.
    pub(super) purges: bool,
    /// Whether what it makes is told by this line alone.
    pub(super) is_certain: bool,
    /// The path.
    pub(super) path: HostPath,
    /// The mode it asks for.
    pub(super) mode: Option<u32>,
    /// The owner it asks for.
    pub(super) user: Option<String>,
    /// The group it asks for.
    pub(super) group: Option<String>,
    /// The last field as it stands there.
    pub(super) argument: Option<String>,
}

/// What makes something.
const MAKING: &str = "fFdDvqQpLcbC";

/// What only touches the metadata of what is there, or keeps it from being cleaned up.
const HARMLESS: &str = "ezZmxXtThHaA";

/// What may stand behind the letter, and of that what makes it uncertain what is made: it depends on
/// more than the line, or an older systemd does not know it and leaves the line out.
const MODIFIERS: &str = "!+-=~^$?";
const VAGUE: &str = "~^?";

/// Reads a line; none where it says nothing, or nothing that systemd understands either.
pub(super) fn parse(line: &str) -> Option<Said> {
    let line = line.trim_matches([' ', '\t', '\r', '\n']);
    if line.is_empty() || line.starts_with(['#', ';']) {
        return None;
    }
    let (fields, argument) = words(line, 6)?;
    let mut fields = fields.into_iter();
    let (action, path) = (fields.next()?, fields.next()?);
    let mut letters = action.chars();
    let letter = letters.next()?;
    let modifiers = letters.as_str();
    let is_known = modifiers.chars().all(|c| MODIFIERS.contains(c)) && !path.contains('\\');
    if !is_known || !(MAKING.contains(letter) || HARMLESS.contains(letter)) {
        return Some(Said::Unclear(certain_part(&path)));
    }
    if HARMLESS.contains(letter) && (letter != 'e' || path.contains(GLOB)) {
        return None;
    }
    let path = fill_in(&path, &|_| None)?;
    let mut field = || fields.next().filter(|field| !matches!(field.as_str(), "" | "-"));
    let (mode, user, group) = (field(), field(), field());
    let mode = mode.as_deref().map(octal);
    let plain = |name: Option<String>| name.map(|name| name.trim_start_matches(':').to_owned());
    Some(Said::Rule(Rule {
        letter,
        adds: modifiers.contains('+'),
        purges: modifiers.contains('$'),
        is_certain: !modifiers.contains(|c| VAGUE.contains(c)) && mode != Some(None),
        path: HostPath::new(path.as_bytes()).ok()?,
        mode: mode.flatten(),
        user: plain(user),
        group: plain(group),
        argument: (!argument.is_empty() && argument != "-").then_some(argument),
    }))
}

const GLOB: [char; 3] = ['*', '?', '['];

/// How far it is certain which paths are meant. A backslash may take the meaning from what follows it.
fn certain_part(path: &str) -> String {
    let end = path.find(['*', '?', '[', '{', '\\', '%']).unwrap_or(path.len());
    path.get(..end).unwrap_or_default().to_owned()
}

/// A mode, also one that counts only for what is made. One that depends on what is there is none.
fn octal(text: &str) -> Option<u32> {
    let digits = text.trim_start_matches(':');
    let mode = u32::from_str_radix(digits, 8).ok()?;
    (!digits.starts_with('+') && mode <= 0o7777).then_some(mode)
}

impl Rule {
    /// Whether it makes something.
    pub(super) fn makes(&self) -> bool {
        MAKING.contains(self.letter)
    }

    /// Whether it makes a directory; where the file system has them, a subvolume.
    pub(super) fn makes_directory(&self) -> bool {
        "dDvqQ".contains(self.letter)
    }

    /// Whether both do the same beside owner, group and mode.
    pub(super) fn does_as(&self, other: &Self) -> bool {
        (self.letter, &self.argument) == (other.letter, &other.argument)
    }

    /// The argument with everything filled in, as the bytes of a file; none where it is not certain. It
    /// is empty where there is none.
    pub(super) fn content(&self) -> Option<Vec<u8>> {
        let text = escapes(self.argument.as_deref().unwrap_or_default())?;
        fill_in(&text, &|_| None).map(String::into_bytes)
    }

    /// Where a link leads, or what is copied: without an argument the file that comes with the system.
    /// None where it is not certain.
    pub(super) fn source(&self) -> Option<String> {
        match &self.argument {
            None => Some(format!(
                "/usr/share/factory{}",
                std::str::from_utf8(self.path.as_bytes()).ok()?
            )),
            Some(argument) if argument.contains('\\') => None,
            Some(argument) => fill_in(argument, &|_| None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rule(line: &str) -> Rule {
        match parse(line) {
            Some(Said::Rule(rule)) => rule,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn a_line_is_read_with_its_modifiers_and_fields() {
        let it = rule("L+!  \"/a bc/%%\" :0750 :me - 10d  ../x  y ");
        assert_eq!(it.path, "/a bc/%".parse().unwrap());
        assert_eq!((it.letter, it.adds, it.is_certain), ('L', true, true));
        assert_eq!(
            (it.mode, it.user.as_deref(), it.group.as_deref()),
            (Some(0o750), Some("me"), None)
        );
        assert_eq!(it.argument.as_deref(), Some("../x  y"));
        let short = rule("d /x");
        assert_eq!((short.mode, short.argument.clone(), short.makes()), (None, None, true));
        assert!(!rule("e /x 0755").makes());
    }

    #[test]
    fn what_is_not_told_by_the_line_alone_is_not_certain() {
        let table = [
            ("f /x 0644", true),
            ("f^ /x 0644 root root - cred", false),
            ("f~ /x - - - - eA==", false),
            ("L? /x - - - - /y", false),
            ("d /x ~0755", false),
            ("d /x 99", false),
            ("d /x 17777", false),
            ("d$ /x", true),
            ("d$? /x", false),
            ("D!-= /x", true),
        ];
        for (line, is_certain) in table {
            assert_eq!(rule(line).is_certain, is_certain, "{line}");
        }
    }

    #[test]
    fn what_removes_or_is_not_known_makes_everything_below_unclear() {
        let table = [
            ("R! /tmp/.X[0-9]*-lock", Some("/tmp/.X")),
            ("r /x", Some("/x")),
            ("w /x/y - - - - z", Some("/x/y")),
            ("R %T/x", Some("")),
            ("d@ /x", Some("/x")),
            ("J /x", Some("/x")),
            ("d /x\\x20y", Some("/x")),
            ("z /x 0755", None),
            ("e /x/*", None),
            ("x /tmp/y", None),
            ("# d /x", None),
            ("; d /x", None),
            ("", None),
            ("d", None),
            ("d relative", None),
            ("d /x/../y", None),
            ("d /x/%b", None),
            ("d \"/open", None),
        ];
        for (line, unclear) in table {
            let expected = unclear.map(|text| Said::Unclear(text.to_owned()));
            assert_eq!(parse(line), expected, "{line}");
        }
    }

    #[test]
    fn the_argument_is_filled_in_where_it_is_certain() {
        let table = [
            ("f /x - - - - a\\tb %S", Some("a\tb /var/lib")),
            ("f /x - - - - \"as it is\"", Some("\"as it is\"")),
            ("f /x - - - - -", Some("")),
            ("f /x", Some("")),
            ("f /x - - - - %m", None),
            ("f /x - - - - \\q", None),
        ];
        for (line, content) in table {
            assert_eq!(
                rule(line).content(),
                content.map(|text| text.as_bytes().to_vec()),
                "{line}"
            );
        }
        let table = [
            ("L /etc/x", Some("/usr/share/factory/etc/x")),
            ("L /x - - - - ../y", Some("../y")),
            ("L /x - - - - %t/y", Some("/run/y")),
            ("L /x - - - - y\\t", None),
        ];
        for (line, source) in table {
            assert_eq!(rule(line).source().as_deref(), source, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line_can_be_read_and_a_path_is_the_one_given(line in "([fdLRwzJ!+^%\"'\\\\/x -]|.){0,40}") {
            if let Some(Said::Rule(rule)) = parse(&line) {
                rule.content();
                rule.source();
                prop_assert!(rule.path.as_bytes().starts_with(b"/"));
            }
        }

        #[test]
        fn a_plain_path_stays_as_it_is(path in "(/[a-z.]{3,5}){1,4}", letter in "[dDvqQfFpLC]") {
            let rule = rule(&format!("{letter} {path} 0755 root root 5d x"));
            prop_assert_eq!(rule.path.exact(), path);
        }
    }
}
