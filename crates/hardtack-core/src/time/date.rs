//! Points in time as the wire and the log write them.
//!
//! By hand, because every answer that tells when a session ends has four of them and every line of
//! the log has one: a calendar library needs ten times the instructions for each.

use std::fmt;
use std::ops::Deref;

use super::Timestamp;

const MICROS_IN_A_SECOND: i64 = 1_000_000;
const SECONDS_IN_A_DAY: u32 = 86_400;

/// The last second of the year 9999: a year has four digits.
const LAST_SECOND: i64 = 253_402_300_799;

/// A date of `N` ASCII characters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DateText<const N: usize>([u8; N]);

impl<const N: usize> DateText<N> {
    /// Its characters.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl<const N: usize> Deref for DateText<N> {
    type Target = str;

    fn deref(&self) -> &str {
        // Digits and what stands between them are always text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl<const N: usize> fmt::Display for DateText<N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self)
    }
}

impl<const N: usize> fmt::Debug for DateText<N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self)
    }
}

impl Timestamp {
    /// ISO 8601 in UTC with six decimals: `2026-11-22T00:48:47.652421Z` (docs/contract.md §3).
    ///
    /// What lies before 1970 or after 9999 is written as the first or the last moment of the years
    /// between.
    #[must_use]
    pub fn iso_date(self) -> DateText<27> {
        let Civil {
            year: [y1, y2, y3, y4],
            month: [mo1, mo2],
            day: [d1, d2],
            hour: [h1, h2],
            minute: [mi1, mi2],
            second: [s1, s2],
            ..
        } = Civil::of(self);
        let micros = self.0.clamp(0, LAST_MICRO) % MICROS_IN_A_SECOND;
        let micros = u32::try_from(micros).unwrap_or_default();
        let [f1, f2, f3] = three(micros / 1000);
        let [f4, f5, f6] = three(micros % 1000);
        DateText([
            y1, y2, y3, y4, b'-', mo1, mo2, b'-', d1, d2, b'T', h1, h2, b':', mi1, mi2, b':', s1,
            s2, b'.', f1, f2, f3, f4, f5, f6, b'Z',
        ])
    }

    /// IMF-fixdate (RFC 9110 §5.6.7): `Sun, 22 Nov 2026 00:48:47 GMT`. Bounded as
    /// [`iso_date`](Self::iso_date) is.
    #[must_use]
    pub fn http_date(self) -> DateText<29> {
        let Civil {
            year: [y1, y2, y3, y4],
            month_name: [m1, m2, m3],
            day: [d1, d2],
            weekday_name: [w1, w2, w3],
            hour: [h1, h2],
            minute: [mi1, mi2],
            second: [s1, s2],
            ..
        } = Civil::of(self);
        DateText([
            w1, w2, w3, b',', b' ', d1, d2, b' ', m1, m2, m3, b' ', y1, y2, y3, y4, b' ', h1, h2,
            b':', mi1, mi2, b':', s1, s2, b' ', b'G', b'M', b'T',
        ])
    }
}

/// The last moment that has a text.
const LAST_MICRO: i64 = LAST_SECOND * MICROS_IN_A_SECOND + MICROS_IN_A_SECOND - 1;

/// A second in UTC, in digits.
struct Civil {
    year: [u8; 4],
    month: [u8; 2],
    month_name: [u8; 3],
    day: [u8; 2],
    weekday_name: [u8; 3],
    hour: [u8; 2],
    minute: [u8; 2],
    second: [u8; 2],
}

impl Civil {
    /// The day by Howard Hinnant's `civil_from_days`
    /// (<https://howardhinnant.github.io/date_algorithms.html>): a year begins in March there, so
    /// that a leap day is its last.
    fn of(at: Timestamp) -> Self {
        let seconds = u64::try_from(at.0.clamp(0, LAST_MICRO) / MICROS_IN_A_SECOND).unwrap_or(0);
        let days = u32::try_from(seconds / u64::from(SECONDS_IN_A_DAY)).unwrap_or(0);
        let second_of_day = u32::try_from(seconds % u64::from(SECONDS_IN_A_DAY)).unwrap_or(0);

        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let (month, next_year) = match month_from_march {
            0..10 => (month_from_march + 3, 0),
            _ => (month_from_march - 9, 1),
        };
        let year = era * 400 + year_of_era + next_year;

        let ([y1, y2], [y3, y4]) = (two(year / 100), two(year % 100));
        Self {
            year: [y1, y2, y3, y4],
            month: two(month),
            month_name: *match month {
                1 => b"Jan",
                2 => b"Feb",
                3 => b"Mar",
                4 => b"Apr",
                5 => b"May",
                6 => b"Jun",
                7 => b"Jul",
                8 => b"Aug",
                9 => b"Sep",
                10 => b"Oct",
                11 => b"Nov",
                _ => b"Dec",
            },
            day: two(day),
            // The first day of 1970 was a Thursday.
            weekday_name: *match days % 7 {
                0 => b"Thu",
                1 => b"Fri",
                2 => b"Sat",
                3 => b"Sun",
                4 => b"Mon",
                5 => b"Tue",
                _ => b"Wed",
            },
            hour: two(second_of_day / 3600),
            minute: two(second_of_day / 60 % 60),
            second: two(second_of_day % 60),
        }
    }
}

fn digit(number: u32) -> u8 {
    b'0' | u8::try_from(number % 10).unwrap_or_default()
}

fn two(number: u32) -> [u8; 2] {
    [digit(number / 10), digit(number)]
}

fn three(number: u32) -> [u8; 3] {
    [digit(number / 100), digit(number / 10), digit(number)]
}

#[cfg(test)]
mod tests {
    use jiff::fmt::{rfc2822, temporal};
    use proptest::prelude::*;

    use super::*;

    /// As a calendar library writes them.
    fn by_jiff(micros: i64) -> (String, String) {
        const ISO: temporal::DateTimePrinter = temporal::DateTimePrinter::new().precision(Some(6));
        const HTTP: rfc2822::DateTimePrinter = rfc2822::DateTimePrinter::new();
        let at = jiff::Timestamp::from_microsecond(micros).unwrap();
        (
            ISO.timestamp_to_string(&at),
            HTTP.timestamp_to_rfc9110_string(&at).unwrap(),
        )
    }

    fn by_us(micros: i64) -> (String, String) {
        let at = Timestamp::from_unix_micros(micros);
        (at.iso_date().to_string(), at.http_date().to_string())
    }

    #[test]
    fn dates_are_written_as_the_contract_shows_them() {
        let text = |micros| by_us(micros);
        assert_eq!(
            text(1_795_308_527_652_421),
            (
                "2026-11-22T00:48:47.652421Z".to_owned(),
                "Sun, 22 Nov 2026 00:48:47 GMT".to_owned()
            )
        );
        assert_eq!(
            text(0),
            (
                "1970-01-01T00:00:00.000000Z".to_owned(),
                "Thu, 01 Jan 1970 00:00:00 GMT".to_owned()
            )
        );
    }

    #[test]
    fn every_day_of_eight_thousand_years_is_the_one_of_the_calendar() {
        let last_of_jiff = jiff::Timestamp::MAX.as_microsecond();
        let noon = 12 * 3600 * MICROS_IN_A_SECOND;
        let day = i64::from(SECONDS_IN_A_DAY) * MICROS_IN_A_SECOND;
        for at in (0..last_of_jiff - noon).step_by(usize::try_from(day).unwrap()) {
            assert_eq!(by_us(at + noon), by_jiff(at + noon));
        }
    }

    #[test]
    fn times_that_nobody_has_are_bounded() {
        let (first, last) = (by_us(0), by_us(LAST_MICRO));
        assert_eq!(last.0, "9999-12-31T23:59:59.999999Z");
        assert_eq!(last.1, "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(by_us(-1), first);
        assert_eq!(by_us(i64::MIN), first);
        assert_eq!(by_us(LAST_MICRO + 1), last);
        assert_eq!(by_us(i64::MAX), last);
    }

    proptest! {
        #[test]
        fn any_moment_is_written_as_a_calendar_library_writes_it(
            micros in 0..253_402_207_200_000_000_i64,
        ) {
            prop_assert_eq!(by_us(micros), by_jiff(micros));
        }
    }
}
