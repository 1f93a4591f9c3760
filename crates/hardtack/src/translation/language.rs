//! Which languages there are, and which one a person reads.

use std::cmp::Reverse;

use unic_langid::LanguageIdentifier;

/// More than anybody's browser sends is not looked at.
const MAX_RANGES: usize = 32;

/// A language that Hardtack speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// `en`, spoken to everybody whose language is none of the others.
    #[default]
    English,
    /// `es`.
    Spanish,
    /// `fa`, written from right to left.
    Persian,
    /// `zh`, in simplified characters.
    Chinese,
}

/// The way a language is written; the value of HTML's `dir`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// As in English.
    LeftToRight,
    /// As in Persian.
    RightToLeft,
}

impl Direction {
    /// `ltr` or `rtl`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LeftToRight => "ltr",
            Self::RightToLeft => "rtl",
        }
    }
}

impl Language {
    /// All, in the order in which a list offers them.
    pub const ALL: [Self; 4] = [Self::English, Self::Spanish, Self::Persian, Self::Chinese];

    /// The BCP 47 tag: HTML's `lang`, and what is stored with a user.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
            Self::Persian => "fa",
            Self::Chinese => "zh",
        }
    }

    /// Its name in itself, for a list to choose from.
    #[must_use]
    pub const fn endonym(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Spanish => "Español",
            Self::Persian => "فارسی",
            Self::Chinese => "中文",
        }
    }

    /// The way it is written.
    #[must_use]
    pub const fn direction(self) -> Direction {
        match self {
            Self::Persian => Direction::RightToLeft,
            Self::English | Self::Spanish | Self::Chinese => Direction::LeftToRight,
        }
    }

    /// The language of a BCP 47 tag, whatever its script and region (RFC 4647 §3.4): `es-MX` is
    /// Spanish. [`None`] for a language that Hardtack does not speak.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next()?;
        Self::ALL
            .into_iter()
            .find(|language| primary.eq_ignore_ascii_case(language.tag()))
    }

    /// The language to speak: the one stored with the user, else the best of the `Accept-Language`
    /// header (RFC 9110 §12.5.4), else English.
    #[must_use]
    pub fn choose(stored: Option<&str>, accept_language: Option<&str>) -> Self {
        stored
            .and_then(Self::parse)
            .or_else(|| accept_language.and_then(Self::accepted))
            .unwrap_or_default()
    }

    fn accepted(header: &str) -> Option<Self> {
        let mut ranges: Vec<_> = header
            .split(',')
            .take(MAX_RANGES)
            .filter_map(weigh)
            .filter(|(weight, _)| *weight > 0)
            .collect();
        // Stable: of equal weights the first counts.
        ranges.sort_by_key(|(weight, _)| Reverse(*weight));
        ranges.into_iter().find_map(|(_, range)| Self::parse(range))
    }

    /// For plural rules.
    pub(super) fn identifier(self) -> LanguageIdentifier {
        self.tag().parse().unwrap_or_default()
    }
}

/// One language range and its weight in thousandths; [`None`] if the weight is none.
fn weigh(range: &str) -> Option<(u16, &str)> {
    let mut parts = range.split(';').map(str::trim);
    let tag = parts.next()?;
    let Some(quality) = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    }) else {
        return Some((1000, tag));
    };
    let (whole, fraction) = quality.split_once('.').unwrap_or((quality, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let thousandths = format!("{fraction:0<3}").parse::<u16>().ok()?;
    match whole {
        "0" => Some((thousandths, tag)),
        "1" if thousandths == 0 => Some((1000, tag)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_users_else_the_browsers_else_english() {
        for (stored, header, language) in [
            (None, None, Language::English),
            (Some("fa"), Some("es"), Language::Persian),
            (Some("zh-Hant-TW"), None, Language::Chinese),
            (Some("ZH_cn"), None, Language::Chinese),
            (Some("de"), Some("es-MX,es;q=0.9"), Language::Spanish),
            (None, Some("de,fr;q=0.9"), Language::English),
            (None, Some("en;q=0.4, fa;q=0.9"), Language::Persian),
            (
                None,
                Some("de, fa-IR ; q=0.5, zh;Q=0.501"),
                Language::Chinese,
            ),
            (None, Some("zh,es"), Language::Chinese),
            (None, Some("fa;q=0, es;q=0.001"), Language::Spanish),
            (None, Some("fa;q=0"), Language::English),
            (None, Some("*"), Language::English),
            (
                None,
                Some("fa;q=2,es;q=-1,zh;q=0.0001,,;;=,"),
                Language::English,
            ),
            (None, Some("fab"), Language::English),
            (Some(""), Some(""), Language::English),
        ] {
            assert_eq!(
                Language::choose(stored, header),
                language,
                "{stored:?} {header:?}"
            );
        }
    }

    #[test]
    fn only_the_first_ranges_of_a_long_header_are_read() {
        let header = format!("{}fa", "x,".repeat(MAX_RANGES));
        assert_eq!(Language::choose(None, Some(&header)), Language::English);
    }
}
