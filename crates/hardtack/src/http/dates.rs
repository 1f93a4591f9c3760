//! Points in time as the wire writes them.

use hardtack_core::Timestamp;
use jiff::fmt::{rfc2822, temporal};

/// ISO 8601 in UTC with six decimals: `2026-11-22T00:48:47.652421Z` (docs/contract.md §3).
///
/// By hand until the year 9999: `session/` tells four dates, and a general printer would
/// cost more than all else of that answer (budget B1 of the design).
pub(crate) fn iso_date(at: Timestamp) -> String {
    match u64::try_from(at.unix_micros()) {
        Ok(micros) if at < Timestamp::from_unix_seconds(253_370_764_800) => of_this_era(micros),
        _ => printed(at),
    }
}

/// The date that lies `micros` after 1970, in years of four digits.
fn of_this_era(micros: u64) -> String {
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Years begin in March, so that the leap day is the last: H. Hinnant, "chrono-Compatible
    // Low-Level Date Algorithms", `civil_from_days`.
    let (era, day_of_era) = ((days + 719_468) / 146_097, (days + 719_468) % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months + 2) / 5 + 1;
    let month = if months < 10 { months + 3 } else { months - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let mut text = String::with_capacity(27);
    for (value, first_digit, after) in [
        (year, 1_000, '-'),
        (month, 10, '-'),
        (day, 10, 'T'),
        (second / 3_600, 10, ':'),
        (second / 60 % 60, 10, ':'),
        (second % 60, 10, '.'),
        (fraction, 100_000, 'Z'),
    ] {
        let mut divisor = first_digit;
        while divisor > 0 {
            let digit = u8::try_from(value / divisor % 10).unwrap_or(0);
            text.push(char::from(b'0' + digit));
            divisor /= 10;
        }
        text.push(after);
    }
    text
}

fn printed(at: Timestamp) -> String {
    const PRINTER: temporal::DateTimePrinter = temporal::DateTimePrinter::new().precision(Some(6));
    PRINTER.timestamp_to_string(&civil(at))
}

/// IMF-fixdate (RFC 9110 §5.6.7): `Sun, 22 Nov 2026 00:48:47 GMT`.
pub(crate) fn http_date(at: Timestamp) -> String {
    const PRINTER: rfc2822::DateTimePrinter = rfc2822::DateTimePrinter::new();
    PRINTER
        .timestamp_to_rfc9110_string(&civil(at))
        .unwrap_or_else(|_| "Thu, 01 Jan 1970 00:00:00 GMT".to_owned())
}

fn civil(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(at.unix_micros()).unwrap_or(jiff::Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_by_hand_is_the_one_that_is_printed() {
        let last = 253_370_764_799_999_999;
        // A step that meets every month, hour and leap day in the end, and both ends.
        let times = (0..last)
            .step_by(86_399_999_777_321)
            .chain([last, last + 1, -1]);
        for micros in times {
            let at = Timestamp::from_unix_micros(micros);
            assert_eq!(iso_date(at), printed(at), "{micros}");
        }
        for day in 0..50_000 {
            let at = Timestamp::from_unix_seconds(day * 86_400);
            assert_eq!(iso_date(at), printed(at), "{day}");
        }
    }

    #[test]
    fn dates_are_written_as_the_contract_shows_them() {
        let at = Timestamp::from_unix_micros(1_795_308_527_652_421);
        assert_eq!(iso_date(at), "2026-11-22T00:48:47.652421Z");
        assert_eq!(http_date(at), "Sun, 22 Nov 2026 00:48:47 GMT");
        assert_eq!(
            iso_date(Timestamp::from_unix_seconds(0)),
            "1970-01-01T00:00:00.000000Z"
        );
        assert_eq!(
            http_date(Timestamp::from_unix_seconds(0)),
            "Thu, 01 Jan 1970 00:00:00 GMT"
        );
    }
}
