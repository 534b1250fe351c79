//! What has become of a time of modification on the file system of a copy. Pure.
//!
//! Some hold whole seconds only (ext4 with small inodes), and most hold no time before 1901 or behind
//! 2446: the kernel takes the nearest that it can hold. Anybody can date a file as he likes, so that is no
//! reason to keep nothing of it.

use std::ops::RangeInclusive;

/// Seconds since 1970 and nanoseconds.
pub(super) type Time = (i64, u32);

/// The seconds that every file system holds: to 2038.
const EVERYWHERE: RangeInclusive<i64> = 0..=0x7fff_ffff;

/// How the time of a copy stands to that of its original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    Exactly,
    /// Without the part of a second.
    Cut,
    /// It is the earliest there, and later than the original's.
    Earliest,
    /// It is the latest there, and earlier than the original's.
    Latest,
    /// It is another one.
    Not,
}

impl Held {
    pub(super) fn of(time: Time, copied: Time) -> Self {
        let ((seconds, _), (copied_seconds, nanoseconds)) = (time, copied);
        if copied == time {
            return Self::Exactly;
        }
        // The earliest and the latest have no part of a second.
        if nanoseconds != 0 {
            return Self::Not;
        }
        if copied_seconds == seconds {
            Self::Cut
        } else if (seconds..=*EVERYWHERE.start()).contains(&copied_seconds) {
            Self::Earliest
        } else if (*EVERYWHERE.end()..=seconds).contains(&copied_seconds) {
            Self::Latest
        } else {
            Self::Not
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_cannot_be_held_is_cut_or_the_nearest_one() {
        const MIN: i64 = -0x8000_0000;
        const MAX: i64 = 0x7fff_ffff;
        const EXT4_MAX: i64 = 0x3_7fff_ffff;
        let (year_1800, year_2100, year_2500) = (-5_364_662_400, 4_102_444_800, 16_725_225_600);
        let table = [
            ((7, 5), (7, 5), Held::Exactly),
            ((7, 0), (7, 0), Held::Exactly),
            ((7, 5), (7, 0), Held::Cut),
            ((7, 5), (7, 4), Held::Not),
            ((7, 0), (7, 5), Held::Not),
            ((7, 5), (8, 0), Held::Not),
            ((7, 5), (6, 0), Held::Not),
            ((-7, 5), (-7, 0), Held::Cut),
            ((year_1800, 5), (MIN, 0), Held::Earliest),
            ((year_1800, 5), (MIN, 5), Held::Not),
            // NFS and others begin with 1970.
            ((-7, 5), (0, 0), Held::Earliest),
            ((-7, 5), (1, 0), Held::Not),
            ((-7, 5), (-8, 0), Held::Not),
            ((year_2100, 5), (MAX, 0), Held::Latest),
            ((year_2100, 5), (MAX - 1, 0), Held::Not),
            ((year_2500, 5), (EXT4_MAX, 0), Held::Latest),
            ((year_2500, 5), (EXT4_MAX, 5), Held::Not),
            ((year_2100, 5), (EXT4_MAX, 0), Held::Not),
            ((MAX, 5), (MAX, 0), Held::Cut),
            ((MAX - 1, 5), (MAX, 0), Held::Not),
        ];
        for (time, copied, expected) in table {
            assert_eq!(Held::of(time, copied), expected, "{time:?} {copied:?}");
        }
    }
}
