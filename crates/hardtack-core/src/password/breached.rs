//! Is a password among those that leaked somewhere? Asked by k-anonymity, as the range search of
//! Have I Been Pwned (<https://haveibeenpwned.com/API/v3#PwnedPasswords>) answers: whoever keeps
//! the list learns five of the forty digits of a SHA-1, which some thousand leaked passwords and
//! countless others share.

use std::fmt;

use aws_lc_rs::digest;
use data_encoding::HEXUPPER;

use super::Password;
use crate::Secret;

/// Digits of a SHA-1 that are told.
const PREFIX_DIGITS: usize = 5;
/// Digits that are kept.
const SUFFIX_DIGITS: usize = 35;

/// What is asked about one password, and what is not.
pub struct BreachQuery {
    prefix: String,
    /// Not the password, but enough to guess it offline.
    suffix: Secret<String>,
}

/// An answer that is no list of ranges: a proxy's error page, or half of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer is no list of leaked passwords")]
pub struct UnreadableRange;

impl BreachQuery {
    /// The question about `password`, in its NFC form, which is how nearly everybody's keyboard
    /// wrote what has leaked.
    #[must_use]
    pub fn of(password: &Password) -> Self {
        let text = password.expose_secret();
        let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
        let digits = Secret::new(HEXUPPER.encode(digest.as_ref()));
        let (prefix, suffix) = digits.expose_secret().split_at(PREFIX_DIGITS);
        Self {
            prefix: prefix.to_owned(),
            suffix: Secret::new(suffix.to_owned()),
        }
    }

    /// The part that is told: five hexadecimal digits in upper case.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Is the password in `range`, the list of all that share the prefix? A line is the rest of a
    /// SHA-1, a colon, and how often it was seen; those never seen are padding, which keeps
    /// eavesdroppers from telling ranges by their length.
    ///
    /// # Errors
    /// [`UnreadableRange`] if any line is something else: half an answer proves nothing.
    pub fn is_in(&self, range: &[u8]) -> Result<bool, UnreadableRange> {
        let wanted = self.suffix.expose_secret().as_bytes();
        let mut found = false;
        let mut lines = 0;
        for line in range.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                continue;
            }
            let (suffix, count) = line
                .split_at_checked(SUFFIX_DIGITS)
                .ok_or(UnreadableRange)?;
            let count = count.strip_prefix(b":").ok_or(UnreadableRange)?;
            if count.is_empty()
                || !count.iter().all(u8::is_ascii_digit)
                || !suffix.iter().all(u8::is_ascii_hexdigit)
            {
                return Err(UnreadableRange);
            }
            lines += 1;
            let is_padding = count.iter().all(|digit| *digit == b'0');
            found |= !is_padding && suffix.eq_ignore_ascii_case(wanted);
        }
        // Every prefix has leaked passwords, so an empty list was not looked up.
        if lines == 0 {
            return Err(UnreadableRange);
        }
        Ok(found)
    }
}

impl fmt::Debug for BreachQuery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("BreachQuery")
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-1 of `password`: 5BAA6 1E4C9B93F3F0682250B6CF8331B7EE68FD8.
    const SUFFIX: &str = "1E4C9B93F3F0682250B6CF8331B7EE68FD8";
    const OTHER: &str = "0018A45C4D1DEF81644B54AB7F969B88D65";

    fn query(text: &str) -> BreachQuery {
        BreachQuery::of(&Password::parse(text.to_owned()).unwrap())
    }

    #[test]
    fn five_digits_of_the_sha_1_are_told_and_the_rest_is_kept() {
        let query = query("password");
        assert_eq!(query.prefix(), "5BAA6");
        assert!(!format!("{query:?}").contains("1E4C9"));
    }

    #[test]
    fn both_spellings_of_an_accent_ask_the_same() {
        assert_eq!(
            query("caf\u{e9} au lait").prefix(),
            query("cafe\u{301} au lait").prefix()
        );
    }

    #[test]
    fn a_password_is_found_by_the_rest_of_its_digest() {
        let query = query("password");
        for (range, found) in [
            (format!("{OTHER}:1\r\n{SUFFIX}:10434004\r\n"), true),
            (format!("{SUFFIX}:2"), true),
            (format!("{}:2\n", SUFFIX.to_lowercase()), true),
            (format!("{OTHER}:1\r\n"), false),
            // Padding, which may be any suffix.
            (format!("{OTHER}:1\r\n{SUFFIX}:0\r\n"), false),
            (format!("{SUFFIX}:00"), false),
        ] {
            assert_eq!(query.is_in(range.as_bytes()), Ok(found), "{range}");
        }
    }

    #[test]
    fn what_is_no_list_of_digests_says_nothing() {
        let query = query("password");
        for range in [
            "",
            "\r\n\r\n",
            "<html><body>502 Bad Gateway</body></html>",
            "1E4C9B93F3F0682250B6CF8331B7EE68FD8",
            "1E4C9B93F3F0682250B6CF8331B7EE68FD8:",
            "1E4C9B93F3F0682250B6CF8331B7EE68FD8:-1",
            "1E4C9B93F3F0682250B6CF8331B7EE68FD8:1:2",
            "1E4C9B93F3F0682250B6CF8331B7EE68FD:1",
            "1E4C9B93F3F0682250B6CF8331B7EE68FDG:1",
            // Cut off in the middle, after the line that was looked for.
            "1E4C9B93F3F0682250B6CF8331B7EE68FD8:3\r\n0018A45C4D1DE",
        ] {
            assert_eq!(
                query.is_in(range.as_bytes()),
                Err(UnreadableRange),
                "{range}"
            );
        }
        assert_eq!(query.is_in(&[0xff; 64]), Err(UnreadableRange));
    }
}
