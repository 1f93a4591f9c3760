//! Points in time as the wire writes them.

use hardtack_core::Timestamp;
use jiff::fmt::{rfc2822, temporal};

/// ISO 8601 in UTC with six decimals: `2026-11-22T00:48:47.652421Z` (docs/contract.md §3).
pub(crate) fn iso_date(at: Timestamp) -> String {
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
