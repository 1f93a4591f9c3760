//! Points in time as operators read them.

use anyhow::{Context as _, Result};
use hardtack_core::Timestamp;

/// RFC 3339 in UTC: `2026-11-22T03:04:05.123456Z`.
pub(crate) fn iso(timestamp: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(timestamp.unix_micros())
        .map_or_else(|_| "never".to_owned(), |timestamp| timestamp.to_string())
}

/// Reads what [`iso`] writes.
pub(crate) fn parse_iso(text: &str) -> Result<Timestamp> {
    let timestamp: jiff::Timestamp = text
        .parse()
        .with_context(|| format!("{text:?} is not a time as in 2026-11-22T03:04:05Z"))?;
    Ok(Timestamp::from_unix_micros(timestamp.as_microsecond()))
}

/// How far from `now`, in the largest unit: `3 min ago`, `in 29 d`.
pub(crate) fn relative(timestamp: Timestamp, now: Timestamp) -> String {
    let (span, past) = if timestamp <= now {
        (now.since(timestamp), true)
    } else {
        (timestamp.since(now), false)
    };
    let seconds = span.as_secs();
    let (count, unit) = match seconds {
        0..60 => (seconds, "s"),
        60..3_600 => (seconds / 60, "min"),
        3_600..86_400 => (seconds / 3_600, "h"),
        _ => (seconds / 86_400, "d"),
    };
    if past {
        format!("{count} {unit} ago")
    } else {
        format!("in {count} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_survives_its_text_to_the_microsecond() {
        for micros in [0, 1_700_000_000_123_456, -1] {
            let timestamp = Timestamp::from_unix_micros(micros);
            assert_eq!(parse_iso(&iso(timestamp)).unwrap(), timestamp);
        }
        assert_eq!(
            iso(Timestamp::from_unix_seconds(1_700_000_000)),
            "2023-11-14T22:13:20Z"
        );
        assert!(parse_iso("yesterday").is_err());
    }

    #[test]
    fn a_distance_has_the_largest_unit() {
        let now = Timestamp::from_unix_seconds(10_000_000);
        for (seconds, text) in [
            (0, "0 s ago"),
            (-59, "59 s ago"),
            (-3_599, "59 min ago"),
            (-86_399, "23 h ago"),
            (-864_000, "10 d ago"),
            (61, "in 1 min"),
        ] {
            assert_eq!(
                relative(Timestamp::from_unix_seconds(10_000_000 + seconds), now),
                text
            );
        }
    }
}
