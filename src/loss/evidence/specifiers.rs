//! The specifiers that units and rules of tmpfiles.d have in common. Pure.
//!
//! Only what is the same at every boot of a host is filled in. A text with any other specifier says
//! nothing for certain, so nothing is made of it.

/// Fills in the specifiers of `text`: those that `own` knows by their letter, and those that are
/// the same everywhere. None when there is one that is not certain.
pub(super) fn fill_in(text: &str, own: &dyn Fn(char) -> Option<String>) -> Option<String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c == '%' {
            let letter = rest.next()?;
            filled.push_str(&own(letter).or_else(|| everywhere(letter))?);
        } else {
            filled.push(c);
        }
    }
    Some(filled)
}

fn everywhere(letter: char) -> Option<String> {
    let text = match letter {
        '%' => "%",
        'C' => "/var/cache",
        'L' => "/var/log",
        'S' => "/var/lib",
        't' => "/run",
        'h' => "/root",
        'u' | 'g' => "root",
        'U' | 'G' => "0",
        _ => return None,
    };
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_certain_is_filled_in_and_all_else_is_not_certain() {
        let own = |letter: char| (letter == 'i').then(|| "one%S".to_owned());
        let table = [
            ("/plain", Some("/plain")),
            ("%S/%i/%%", Some("/var/lib/one%S/%")),
            ("%C%L%t%h%u%U", Some("/var/cache/var/log/run/rootroot0")),
            ("/x/%m", None),
            ("/x/%H", None),
            ("%T", None),
            ("/x%", None),
            ("", Some("")),
        ];
        for (text, filled) in table {
            assert_eq!(fill_in(text, &own).as_deref(), filled, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_text_without_specifiers_stays_as_it_is(text in "[^%]*") {
            prop_assert_eq!(fill_in(&text, &|_| None), Some(text));
        }
    }
}
