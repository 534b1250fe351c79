//! Sizes and moments as people type them. Pure: text in, a value or a sentence with the cure out.

use std::str::FromStr;

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub u64);

/// A moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// When this kernel started.
    Boot,
    /// So many seconds ago.
    Ago(i64),
    /// At this second since 1970.
    At(i64),
}

const BAD_SIZE: &str = "is no size; write bytes, or a number with K, M, G or T, e.g. 10M";
const BAD_WHEN: &str = "is no moment; write a number with min, h, d, w or y, e.g. 3d, \
                        or a date like 2026-11-21, or boot";
const DASH: &str = "is no moment; it counts back by itself, so write it without the dash, e.g. 3d";
const BAD_DEPTH: &str = "is no number of levels; write one, e.g. 2";

/// Understands a number of levels.
///
/// # Errors
/// It is none: a sentence with the cure.
pub fn levels(text: &str) -> Result<usize, &'static str> {
    text.parse().map_err(|_| BAD_DEPTH)
}

impl FromStr for Size {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (number, unit) = number_and_unit(text).ok_or(BAD_SIZE)?;
        let shift = match unit.to_ascii_lowercase().trim_end_matches("ib").trim_end_matches('b') {
            "" => 0,
            "k" => 10,
            "m" => 20,
            "g" => 30,
            "t" => 40,
            _ => return Err(BAD_SIZE),
        };
        number.checked_mul(1 << shift).map(Self).ok_or(BAD_SIZE)
    }
}

impl FromStr for When {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "boot" {
            return Ok(Self::Boot);
        }
        if let Ok(at) = text.parse::<jiff::Timestamp>() {
            return Ok(Self::At(at.as_second()));
        }
        let is_dashed = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
        if text.strip_prefix('-').is_some_and(is_dashed) {
            return Err(DASH);
        }
        // `3d` is no date, and a date has a dash.
        if text.contains('-') {
            let at = text.parse::<jiff::civil::DateTime>();
            let at = at.ok().and_then(|at| jiff::tz::TimeZone::UTC.to_timestamp(at).ok());
            return at.map(|at| Self::At(at.as_second())).ok_or(BAD_WHEN);
        }
        let text = text.strip_suffix(" ago").map_or(text, str::trim_end);
        let (number, unit) = number_and_unit(text).ok_or(BAD_WHEN)?;
        let seconds = match unit {
            "s" => 1,
            "min" => 60,
            "h" => 3600,
            "d" => 86_400,
            "w" => 7 * 86_400,
            "y" => 31_557_600,
            _ => return Err(BAD_WHEN),
        };
        let number = i64::try_from(number).ok();
        number.and_then(|number| number.checked_mul(seconds)).map(Self::Ago).ok_or(BAD_WHEN)
    }
}

fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    Some((number.parse().ok()?, unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_are_bytes_or_binary_units() {
        let table = [
            ("0", Some(0)),
            ("512", Some(512)),
            ("1K", Some(1024)),
            ("1k", Some(1024)),
            ("10M", Some(10 << 20)),
            ("1GiB", Some(1 << 30)),
            ("2TB", Some(2 << 40)),
            ("", None),
            ("K", None),
            ("1.5M", None),
            ("-1", None),
            ("1X", None),
            ("99999999T", None),
            ("99999999999999999999", None),
        ];
        for (text, bytes) in table {
            assert_eq!(text.parse::<Size>().ok(), bytes.map(Size), "{text}");
        }
        assert_eq!("1X".parse::<Size>(), Err(BAD_SIZE));
    }

    #[test]
    fn moments_are_ago_or_dates_or_the_boot() {
        let table = [
            ("boot", Some(When::Boot)),
            ("90min", Some(When::Ago(5400))),
            ("2h", Some(When::Ago(7200))),
            ("3d", Some(When::Ago(259_200))),
            ("1w", Some(When::Ago(604_800))),
            ("1w ago", Some(When::Ago(604_800))),
            ("2h  ago", Some(When::Ago(7200))),
            ("1wago", None),
            ("ago", None),
            (" ago", None),
            ("boot ago", None),
            ("2023-11-14 ago", None),
            ("2023-11-14", Some(When::At(1_699_920_000))),
            ("2023-11-14T22:13", Some(When::At(1_700_000_000 - 20))),
            ("2023-11-14T22:13:20Z", Some(When::At(1_700_000_000))),
            ("2023-11-14T23:13:20+01:00", Some(When::At(1_700_000_000))),
            ("2023-14-11", None),
            ("3", None),
            ("3m", None),
            ("d", None),
            ("-3d", None),
            ("yesterday", None),
            ("9999999999999999999d", None),
            ("999999999999999999d", None),
        ];
        for (text, when) in table {
            assert_eq!(text.parse::<When>().ok(), when, "{text}");
        }
        for (text, problem) in [("-3d", DASH), ("--3d", BAD_WHEN), ("-x", BAD_WHEN)] {
            assert_eq!(text.parse::<When>(), Err(problem), "{text}");
        }
    }

    #[test]
    fn levels_are_a_number() {
        let table = [("0", Ok(0)), ("2", Ok(2)), ("x", Err(BAD_DEPTH)), ("-1", Err(BAD_DEPTH))];
        for (text, expected) in table {
            assert_eq!(levels(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_refused_with_the_cure(text in "\\PC{0,12}|[0-9]{1,20}[a-zA-Z]{0,3}") {
            prop_assert!(!matches!(text.parse::<Size>(), Err(problem) if problem != BAD_SIZE));
            prop_assert!(!matches!(text.parse::<When>(), Err(problem) if ![BAD_WHEN, DASH].contains(&problem)));
        }
    }
}
