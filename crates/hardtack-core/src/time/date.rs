//! Points in time as the wire and the log write them.
//!
//! By hand, because every answer that tells when a session ends has four of them and every line of
//! the log has one: a calendar library needs ten times the instructions for each.

use std::fmt;
use std::ops::Deref;

use super::Timestamp;

const MICROS_IN_A_SECOND: u64 = 1_000_000;
const SECONDS_IN_A_DAY: u64 = 86_400;

/// The last second of the year 9999: a year has four digits.
const LAST_SECOND: i64 = 253_402_300_799;

/// A date of `N` ASCII characters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DateText<const N: usize>([u8; N]);

impl<const N: usize> DateText<N> {
    /// Its characters.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; N] {
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
        let civil = Civil::of(self);
        let [[y1, y2], [y3, y4]] = [civil.year / 100, civil.year % 100].map(two);
        let [[mo1, mo2], [d1, d2]] = [civil.month, civil.day].map(two);
        let [[h1, h2], [mi1, mi2], [s1, s2]] = civil.time_of_day().map(two);
        let micros = civil.micros;
        let [[f1, f2], [f3, f4], [f5, f6]] =
            [micros / 10_000, micros / 100 % 100, micros % 100].map(two);
        DateText([
            y1, y2, y3, y4, b'-', mo1, mo2, b'-', d1, d2, b'T', h1, h2, b':', mi1, mi2, b':', s1,
            s2, b'.', f1, f2, f3, f4, f5, f6, b'Z',
        ])
    }

    /// IMF-fixdate (RFC 9110 §5.6.7): `Sun, 22 Nov 2026 00:48:47 GMT`. Bounded as
    /// [`iso_date`](Self::iso_date) is.
    #[must_use]
    pub fn http_date(self) -> DateText<29> {
        let civil = Civil::of(self);
        let [w1, w2, w3] = *civil.weekday_name();
        let [m1, m2, m3] = *civil.month_name();
        let [[d1, d2], [y1, y2], [y3, y4]] =
            [civil.day, civil.year / 100, civil.year % 100].map(two);
        let [[h1, h2], [mi1, mi2], [s1, s2]] = civil.time_of_day().map(two);
        DateText([
            w1, w2, w3, b',', b' ', d1, d2, b' ', m1, m2, m3, b' ', y1, y2, y3, y4, b' ', h1, h2,
            b':', mi1, mi2, b':', s1, s2, b' ', b'G', b'M', b'T',
        ])
    }
}

/// The last moment that has a text.
const LAST_MICRO: i64 = LAST_SECOND * 1_000_000 + 999_999;

/// A moment in UTC.
struct Civil {
    year: u32,
    month: u32,
    day: u32,
    days_since_epoch: u32,
    second_of_day: u32,
    micros: u32,
}

impl Civil {
    /// The day by Neri and Schneider, "Euclidean affine functions and their application to calendar
    /// algorithms" (2022): a year begins in March there, so that a leap day is its last, and all
    /// divisors are constants, so that no division is left.
    #[inline]
    fn of(at: Timestamp) -> Self {
        let micros = at.0.clamp(0, LAST_MICRO).unsigned_abs();
        let seconds = micros / MICROS_IN_A_SECOND;
        let days = low_half(seconds / SECONDS_IN_A_DAY);

        // In quarters of a day, of which a year has 1461.
        let shifted = 4 * (days + 719_468) + 3;
        let century = shifted / 146_097;
        let of_century = 2_939_745 * u64::from((shifted % 146_097) | 3);
        let year_of_century = low_half(of_century >> 32);
        let day_of_year = low_half(of_century) / 2_939_745 / 4;
        let of_year = 2141 * day_of_year + 197_913;
        let (month, day) = (of_year >> 16, of_year % (1 << 16) / 2141 + 1);
        let year = 100 * century + year_of_century;
        let (year, month) = match month {
            ..=12 => (year, month),
            _ => (year + 1, month - 12),
        };
        Self {
            year,
            month,
            day,
            days_since_epoch: days,
            second_of_day: low_half(seconds % SECONDS_IN_A_DAY),
            micros: low_half(micros % MICROS_IN_A_SECOND),
        }
    }

    /// Hour, minute and second.
    fn time_of_day(&self) -> [u32; 3] {
        let second = self.second_of_day;
        [second / 3600, second / 60 % 60, second % 60]
    }

    fn month_name(&self) -> &'static [u8; 3] {
        match self.month {
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
        }
    }

    fn weekday_name(&self) -> &'static [u8; 3] {
        // The first day of 1970 was a Thursday.
        match self.days_since_epoch % 7 {
            0 => b"Thu",
            1 => b"Fri",
            2 => b"Sat",
            3 => b"Sun",
            4 => b"Mon",
            5 => b"Tue",
            _ => b"Wed",
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the half that is asked for"
)]
fn low_half(number: u64) -> u32 {
    number as u32
}

/// The numbers of two digits. To look them up takes half as long as to divide.
const TWO_DIGITS: &[[u8; 2]] = b"\
    00010203040506070809101112131415161718192021222324252627282930313233343536373839\
    40414243444546474849505152535455565758596061626364656667686970717273747576777879\
    8081828384858687888990919293949596979899"
    .as_chunks()
    .0;

/// A number below 100.
fn two(number: u32) -> [u8; 2] {
    let digits = TWO_DIGITS.get(number as usize);
    digits.copied().unwrap_or_default()
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
        let day = SECONDS_IN_A_DAY * MICROS_IN_A_SECOND;
        let noon = i64::try_from(day / 2).unwrap();
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
