//! Durations, sizes and lists as people write them.

use std::fmt::Write as _;
use std::time::Duration;

/// A value as it came: typed from the file, bare text from a variable or a flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Given {
    /// From a variable, a flag, or the table's default. It may be a number or a list in disguise.
    Bare(String),
    /// A text in the file.
    Text(String),
    /// A whole number in the file.
    Whole(i64),
    /// `true` or `false` in the file.
    Flag(bool),
    /// A list of texts in the file.
    Texts(Vec<String>),
    /// Something that no key takes; its TOML type, never its content.
    Other(&'static str),
}

impl Given {
    /// The text, if it is one.
    pub(crate) fn text(&self) -> Result<&str, String> {
        match self {
            Self::Bare(text) | Self::Text(text) => Ok(text),
            other => Err(format!(
                "a text in quotes is wanted, not {}",
                other.type_name()
            )),
        }
    }

    fn type_name(&self) -> &'static str {
        match self {
            Self::Bare(_) | Self::Text(_) => "a text",
            Self::Whole(_) => "a number",
            Self::Flag(_) => "true or false",
            Self::Texts(_) => "a list",
            Self::Other(name) => name,
        }
    }
}

const DURATION_UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
const SIZE_UNITS: [(&str, usize); 3] = [("MiB", 1024 * 1024), ("KiB", 1024), ("B", 1)];

/// `90s`, `15m`, `1h30m`, `7d`. A bare number is refused: of what?
pub(crate) fn parse_duration(given: &Given) -> Result<Duration, String> {
    let wanted = || {
        "a duration with its unit is wanted, as in \"90s\", \"15m\", \"12h\" or \"7d\"".to_owned()
    };
    let (Given::Bare(text) | Given::Text(text)) = given else {
        return Err(wanted());
    };
    let mut rest = text.as_str();
    let mut seconds = 0_u64;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let (unit, scale) = DURATION_UNITS
            .iter()
            .find(|(unit, _)| after.starts_with(unit))
            .ok_or_else(wanted)?;
        let number: u64 = number.parse().map_err(|_| wanted())?;
        seconds = number
            .checked_mul(*scale)
            .and_then(|more| seconds.checked_add(more))
            .ok_or_else(wanted)?;
        rest = after.strip_prefix(unit).unwrap_or_default();
    }
    // A century is past every use, and keeps sums of times far from overflow.
    if text.is_empty() || seconds > 100 * 365 * 86_400 {
        return Err(wanted());
    }
    Ok(Duration::from_secs(seconds))
}

/// The shortest way to write whole seconds: `15m`, `1h30m`.
pub(crate) fn write_duration(duration: Duration) -> String {
    let mut rest = duration.as_secs();
    let mut text = String::new();
    for (unit, scale) in DURATION_UNITS {
        if rest >= scale {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "{}{unit}", rest / scale);
            rest %= scale;
        }
    }
    if text.is_empty() {
        "0s".to_owned()
    } else {
        text
    }
}

/// `64KiB`, `2MiB`, `500B`; a bare number is bytes.
pub(crate) fn parse_size(given: &Given) -> Result<usize, String> {
    let wanted = || "a size is wanted, as in \"64KiB\" or \"2MiB\"".to_owned();
    if let Given::Whole(bytes) = given {
        return usize::try_from(*bytes).map_err(|_| wanted());
    }
    let (Given::Bare(text) | Given::Text(text)) = given else {
        return Err(wanted());
    };
    let (number, scale) = SIZE_UNITS
        .iter()
        .find_map(|(unit, scale)| Some((text.strip_suffix(unit)?, *scale)))
        .unwrap_or((text, 1));
    parse_digits(number)
        .and_then(|number| usize::try_from(number).ok()?.checked_mul(scale))
        .ok_or_else(wanted)
}

/// The largest unit that divides it.
pub(crate) fn write_size(bytes: usize) -> String {
    let (unit, scale) = SIZE_UNITS
        .into_iter()
        .find(|(_, scale)| bytes >= *scale && bytes.is_multiple_of(*scale))
        .unwrap_or(("B", 1));
    format!("{}{unit}", bytes / scale)
}

/// A whole number, not negative.
pub(crate) fn parse_count(given: &Given) -> Result<u32, String> {
    let count = match given {
        Given::Whole(count) => u32::try_from(*count).ok(),
        Given::Bare(text) => parse_digits(text),
        _ => None,
    };
    count.ok_or_else(|| "a whole number is wanted, without quotes".to_owned())
}

/// `true` or `false`, and no other word for it.
pub(crate) fn parse_flag(given: &Given) -> Result<bool, String> {
    match given {
        Given::Flag(flag) => Ok(*flag),
        Given::Bare(text) if text == "true" => Ok(true),
        Given::Bare(text) if text == "false" => Ok(false),
        _ => Err("true or false is wanted, without quotes".to_owned()),
    }
}

/// A list in the file; outside it, texts with commas between.
pub(crate) fn parse_texts(given: &Given) -> Result<Vec<String>, String> {
    match given {
        Given::Texts(texts) => Ok(texts.clone()),
        Given::Bare(text) => Ok(text
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
            .collect()),
        _ => Err("a list of texts is wanted, as in [\"one\", \"two\"]".to_owned()),
    }
}

fn parse_digits(text: &str) -> Option<u32> {
    // `str::parse` would take a sign.
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare(text: &str) -> Given {
        Given::Bare(text.to_owned())
    }

    #[test]
    fn durations_are_read_and_written_in_the_units_people_use() {
        for (text, seconds) in [
            ("90s", 90),
            ("15m", 900),
            ("7d", 604_800),
            ("1h30m", 5400),
            ("0s", 0),
        ] {
            assert_eq!(
                parse_duration(&bare(text)),
                Ok(Duration::from_secs(seconds)),
                "{text}"
            );
        }
        for (seconds, text) in [(90, "1m30s"), (900, "15m"), (604_800, "7d"), (0, "0s")] {
            assert_eq!(write_duration(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn a_duration_without_a_unit_or_without_an_end_is_refused() {
        for text in [
            "",
            "15",
            "m",
            "15 m",
            "-1s",
            "+1s",
            "1.5h",
            "15min",
            "7w",
            "1d2",
            "999999999999999999d",
            "101y",
            "36501d",
        ] {
            assert!(parse_duration(&bare(text)).is_err(), "{text}");
        }
        assert!(parse_duration(&Given::Whole(900)).is_err());
    }

    #[test]
    fn sizes_are_binary_and_a_bare_number_is_bytes() {
        for (given, bytes) in [
            (bare("64KiB"), 65_536),
            (bare("2MiB"), 2_097_152),
            (bare("500B"), 500),
            (bare("500"), 500),
            (Given::Whole(500), 500),
        ] {
            assert_eq!(parse_size(&given), Ok(bytes), "{given:?}");
        }
        for text in [
            "",
            "KiB",
            "64KB",
            "-1",
            "64 KiB",
            "1.5MiB",
            "99999999999999999999MiB",
        ] {
            assert!(parse_size(&bare(text)).is_err(), "{text}");
        }
        assert_eq!(write_size(65_536), "64KiB");
        assert_eq!(write_size(65_537), "65537B");
    }

    #[test]
    fn a_number_in_quotes_is_a_number_only_outside_the_file() {
        assert_eq!(parse_count(&bare("10")), Ok(10));
        assert!(parse_count(&Given::Text("10".to_owned())).is_err());
        assert!(parse_flag(&Given::Text("true".to_owned())).is_err());
        for text in ["", "-1", "+1", "1e3", "yes", "4294967296"] {
            assert!(parse_count(&bare(text)).is_err(), "{text}");
            assert!(parse_flag(&bare(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn a_list_outside_the_file_has_commas() {
        assert_eq!(
            parse_texts(&bare(" a , b,")),
            Ok(vec!["a".to_owned(), "b".to_owned()])
        );
        assert_eq!(parse_texts(&bare("")), Ok(vec![]));
    }
}
