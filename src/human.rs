//! Numbers as people read them.

/// Bytes in binary units, in at most eight characters: `812 B`, `1.4 MiB`, `1023 KiB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    // In tenths of a unit, in whole numbers: 1024 of them would be more than a number can say.
    let mut tenths = u128::from(bytes) * 10 / 1024;
    let mut units = UNITS.iter();
    let mut unit = units.next().unwrap_or(&"KiB");
    for larger in units {
        if tenths < 10240 {
            break;
        }
        tenths /= 1024;
        unit = larger;
    }
    if tenths < 100 {
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    } else {
        format!("{} {unit}", tenths / 10)
    }
}

/// A number with its thousands set apart; from ten million on in millions.
#[must_use]
pub fn count(number: u64) -> String {
    if number >= 10_000_000 {
        return format!("{} M", count(number / 1_000_000));
    }
    let (millions, thousands, rest) = (number / 1_000_000, number / 1000 % 1000, number % 1000);
    match (millions, thousands) {
        (0, 0) => format!("{rest}"),
        (0, _) => format!("{thousands},{rest:03}"),
        (_, _) => format!("{millions},{thousands:03},{rest:03}"),
    }
}

/// How long ago `then` was, both in seconds since any moment, in at most seven characters: `5 s`, `12 min`, `3 d`, `14 mo`, `9 y`.
#[must_use]
pub fn age(now: i64, then: Option<i64>) -> String {
    const UNITS: [(i64, &str); 6] =
        [(31_557_600, "y"), (2_629_800, "mo"), (86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    let Some(then) = then else { return "-".to_owned() };
    let seconds = now.saturating_sub(then);
    if seconds < 0 {
        return "future".to_owned();
    }
    // Two of a unit at the least, but for seconds: "1 y" would hide eleven months.
    let unit = UNITS.iter().find(|(length, _)| seconds >= 2 * length || *length == 1);
    unit.map_or_else(|| "-".to_owned(), |(length, name)| format!("{} {name}", seconds / length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_are_in_binary_units() {
        let table = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (10 * 1024 - 1, "9.9 KiB"),
            (10 * 1024, "10 KiB"),
            (1024 * 1024 - 1, "1023 KiB"),
            (1024 * 1024, "1.0 MiB"),
            (u64::MAX, "15 EiB"),
        ];
        for (bytes, text) in table {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn counts_have_their_thousands_apart() {
        let table = [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (12_034, "12,034"),
            (1_000_001, "1,000,001"),
            (12_345_678, "12 M"),
        ];
        for (number, text) in table {
            assert_eq!(count(number), text);
        }
    }

    #[test]
    fn ages_are_in_the_unit_that_says_most() {
        let table = [
            (0, "0 s"),
            (119, "119 s"),
            (120, "2 min"),
            (7199, "119 min"),
            (7200, "2 h"),
            (86_400 * 2, "2 d"),
            (86_400 * 70, "2 mo"),
            (86_400 * 800, "2 y"),
            (-1, "future"),
        ];
        for (ago, text) in table {
            assert_eq!(age(1_000_000_000, Some(1_000_000_000 - ago)), text);
        }
    }

    proptest! {
        #[test]
        fn columns_are_as_wide_as_they_claim(bytes: u64, ago in 0i64..30_000_000_000) {
            prop_assert!(size(bytes).len() <= 8);
            prop_assert!(age(ago, Some(0)).len() <= 7);
        }
    }
}
