//! The parts of a unit's name: `getty@tty1.service` is the instance `tty1` of the template
//! `getty@.service`. Pure.

use super::specifiers::fill_in;

/// The name of a unit, as systemd takes it: its parts with characters that are allowed, a type, and at
/// most 255 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct UnitName(String);

/// The longest name, in bytes, and what may stand in one beside letters and digits.
const LONGEST: usize = 255;
const MARKS: &str = ":-_.\\@";

impl UnitName {
    /// Takes a name; none if it is none of a unit.
    pub(super) fn new(text: &str) -> Option<Self> {
        let (stem, kind) = text.rsplit_once('.')?;
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || MARKS.contains(c);
        let is_name = !stem.is_empty()
            && !stem.starts_with('@')
            && text.len() <= LONGEST
            && stem.chars().all(is_allowed)
            && TYPES.contains(&kind);
        is_name.then(|| Self(text.to_owned()))
    }

    /// The whole name.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The type: `service`, `target`, ….
    pub(super) fn kind(&self) -> &str {
        self.0.rsplit_once('.').map_or("", |(_, kind)| kind)
    }

    fn stem(&self) -> &str {
        self.0.rsplit_once('.').map_or("", |(stem, _)| stem)
    }

    fn prefix(&self) -> &str {
        self.stem().split_once('@').map_or(self.stem(), |(prefix, _)| prefix)
    }

    /// What stands between the `@` and the type; empty for a template, none for a unit of another kind.
    fn instance(&self) -> Option<&str> {
        self.stem().split_once('@').map(|(_, instance)| instance)
    }

    /// Whether it is a template: no unit, but what units are made from.
    pub(super) fn is_template(&self) -> bool {
        self.instance() == Some("")
    }

    /// The template of an instance.
    pub(super) fn template(&self) -> Option<Self> {
        let instance = self.instance().filter(|instance| !instance.is_empty());
        instance.map(|_| Self(format!("{}@.{}", self.prefix(), self.kind())))
    }

    /// The instance that this template has in place of the `other` one's.
    pub(super) fn with_instance_of(self, other: &Self) -> Self {
        match other.instance() {
            Some(instance) if self.is_template() => {
                Self(format!("{}@{instance}.{}", self.prefix(), self.kind()))
            }
            Some(_) | None => self,
        }
    }

    /// The names whose directories of drop-ins and links count for this unit, its own first: then that
    /// of its template, and `foo-.service` for all whose name begins with `foo-`.
    pub(super) fn also_said_of(&self) -> Vec<String> {
        let mut names = vec![self.0.clone()];
        names.extend(self.template().map(|template| template.0));
        let mut prefix = self.prefix();
        while let Some((shorter, _)) = prefix.trim_end_matches('-').rsplit_once('-') {
            if !shorter.is_empty() {
                names.push(format!("{shorter}-.{}", self.kind()));
            }
            prefix = shorter;
        }
        names
    }

    /// Fills in the specifiers of a setting of this unit; none where one is not certain.
    pub(super) fn fill_in(&self, text: &str) -> Option<String> {
        fill_in(text, &|letter| {
            let instance = || self.instance().filter(|instance| !instance.is_empty());
            Some(match letter {
                'n' => self.0.clone(),
                'N' => self.stem().to_owned(),
                'p' => self.prefix().to_owned(),
                'P' => unescape(self.prefix())?,
                'i' => instance()?.to_owned(),
                'I' => unescape(instance()?)?,
                'j' => self.prefix().rsplit('-').next()?.to_owned(),
                'E' => "/etc".to_owned(),
                _ => return None,
            })
        })
    }
}

const TYPES: [&str; 11] = [
    "service",
    "target",
    "socket",
    "mount",
    "automount",
    "timer",
    "path",
    "slice",
    "swap",
    "device",
    "scope",
];

/// A part of a name with `-` as the slash that it stands for, and `\x2d` as the byte.
fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..)?;
        match c {
            '-' => bytes.push(b'/'),
            '\\' => {
                let digits = rest.strip_prefix('x')?.get(..2)?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = rest.get(3..)?;
            }
            c => bytes.extend(c.to_string().bytes()),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(text: &str) -> UnitName {
        UnitName::new(text).unwrap()
    }

    #[test]
    fn what_is_no_name_of_a_unit_is_not_taken() {
        for text in ["a.service", "a@.service", "-.mount", "dev-\\x2d.device", "a:b_c.d.timer"] {
            assert_eq!(name(text).as_str(), text);
        }
        let long = "x".repeat(250) + ".service";
        for text in
            ["", "a", ".service", "a.conf", "@a.service", "a b.service", "a/b.service", &long]
        {
            assert_eq!(UnitName::new(text), None, "{text}");
        }
    }

    #[test]
    fn an_instance_has_a_template_and_a_template_becomes_an_instance() {
        let tty = name("getty@tty1.service");
        assert_eq!(tty.template(), Some(name("getty@.service")));
        assert!(tty.template().unwrap().is_template() && !tty.is_template());
        assert_eq!(name("autovt@.service").with_instance_of(&tty), name("autovt@tty1.service"));
        assert_eq!(name("plain.service").with_instance_of(&tty), name("plain.service"));
        assert_eq!(name("plain.service").template(), None);
    }

    #[test]
    fn a_unit_hears_what_is_said_of_its_template_and_of_its_prefixes() {
        let table: &[(&str, &[&str])] = &[
            ("a.service", &["a.service"]),
            ("a-b-c.service", &["a-b-c.service", "a-b-.service", "a-.service"]),
            ("a-b@c-d.service", &["a-b@c-d.service", "a-b@.service", "a-.service"]),
            ("-.mount", &["-.mount"]),
            ("a-.slice", &["a-.slice"]),
        ];
        for (text, expected) in table {
            assert_eq!(name(text).also_said_of(), *expected, "{text}");
        }
    }

    #[test]
    fn specifiers_tell_the_parts_of_the_name() {
        let instance = name("a-b@c-d\\x2de.service");
        let table = [
            ("%n %N", Some("a-b@c-d\\x2de.service a-b@c-d\\x2de")),
            ("%p %P %j", Some("a-b a/b b")),
            ("%i %I", Some("c-d\\x2de c/d-e")),
            ("%S/%p %E", Some("/var/lib/a-b /etc")),
            ("%m", None),
        ];
        for (text, expected) in table {
            assert_eq!(instance.fill_in(text).as_deref(), expected, "{text}");
        }
        assert_eq!(name("a@.service").fill_in("%i"), None);
        assert_eq!(name("a@\\x2.service").fill_in("%I"), None);
    }

    proptest! {
        #[test]
        fn any_name_has_parts(text in "[-a@\\\\x0-9\u{e9}.]{0,12}(\\.service)?") {
            if let Some(name) = UnitName::new(&text) {
                let said_of = name.also_said_of();
                prop_assert_eq!(said_of.first().map(String::as_str), Some(name.as_str()));
                let filled = name.fill_in("%n%N%p%P%i%I%j");
                prop_assert!(filled.is_none_or(|filled| filled.starts_with(name.as_str())));
            }
        }
    }
}
