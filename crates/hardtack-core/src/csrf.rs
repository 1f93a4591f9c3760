//! May this request change something? Cross-site request forgery, decided from what browsers say
//! about a request's origin (ASVS 5.0 §3.5.1-3.5.3, docs/threat-model.md CS-1).
//!
//! For every method but the safe ones, in this order:
//!
//! 1. `Origin` is there: it must be exactly one of the trusted ones. Two of them, an empty one and
//!    `null` are not.
//! 2. `Sec-Fetch-Site` is there: `cross-site` is refused, `same-site` too unless sibling hosts are
//!    trusted.
//! 3. `Referer` is there: its origin must be a trusted one.
//! 4. None of the three: no browser sent it, and what no browser sends, no other site can forge.
//!
//! Cookies with `SameSite=Lax` stop most of it already, but not a sibling host of the same site,
//! and not the browser that was told to forget about it. The token of [`token`] can be demanded
//! besides.

mod origin;
pub mod token;

use std::fmt;

use origin::origin_of;
pub use origin::{NotAnOrigin, TrustedOrigins};

/// As much of a header as is shown in a refusal: the rest is an attacker's to choose.
const MAX_SHOWN_CHARS: usize = 100;

/// A header that should be there once at most. How often it is there matters: parsers differ on
/// which of two counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HeaderValues<'a> {
    /// Not there.
    #[default]
    Absent,
    /// Once.
    One(&'a [u8]),
    /// More than once.
    Several,
}

impl<'a> HeaderValues<'a> {
    /// Counts the values of a header.
    pub fn of(values: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut values = values.into_iter();
        match (values.next(), values.next()) {
            (None, _) => Self::Absent,
            (Some(one), None) => Self::One(one),
            (Some(_), Some(_)) => Self::Several,
        }
    }
}

/// What a request says about where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Provenance<'a> {
    /// `Origin` (RFC 6454 §7).
    pub origin: HeaderValues<'a>,
    /// `Sec-Fetch-Site` (Fetch Metadata §2.4). Scripts cannot set it.
    pub sec_fetch_site: HeaderValues<'a>,
    /// `Referer` (RFC 9110 §10.1.3).
    pub referer: HeaderValues<'a>,
}

/// Why a request may not change anything. It displays as the contract's words, without the
/// `CSRF Failed: ` before them; what the client sent is cut and escaped in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CsrfRefusal {
    /// `Origin` is not a trusted one: empty, `null` or another.
    UntrustedOrigin(String),
    /// `Origin` is there more than once.
    RepeatedOrigin,
    /// `Sec-Fetch-Site` says so.
    OtherSite,
    /// `Sec-Fetch-Site` is there more than once, or says what no browser says.
    OddFetchSite,
    /// `Referer` is not of a trusted origin.
    UntrustedReferer(String),
    /// `Referer` is there more than once, or is no address.
    OddReferer,
}

impl CsrfRefusal {
    /// A stable word for logs and metrics, without anything the client sent.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::UntrustedOrigin(_) => "untrusted_origin",
            Self::RepeatedOrigin => "repeated_origin",
            Self::OtherSite => "other_site",
            Self::OddFetchSite => "odd_fetch_site",
            Self::UntrustedReferer(_) => "untrusted_referer",
            Self::OddReferer => "odd_referer",
        }
    }
}

impl fmt::Display for CsrfRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::UntrustedOrigin(shown) => {
                return write!(
                    formatter,
                    "Origin checking failed - {shown} does not match any trusted origins."
                );
            }
            Self::UntrustedReferer(shown) => {
                return write!(
                    formatter,
                    "Referer checking failed - {shown} does not match any trusted origins."
                );
            }
            Self::RepeatedOrigin => "Origin checking failed - there is more than one Origin.",
            Self::OtherSite => "Origin checking failed - the request comes from another site.",
            Self::OddFetchSite => "Origin checking failed - Sec-Fetch-Site is malformed.",
            Self::OddReferer => "Referer checking failed - Referer is malformed.",
        };
        formatter.write_str(text)
    }
}

impl std::error::Error for CsrfRefusal {}

/// Decides whether a request of an unsafe method may change something.
///
/// Ask it for every method but `GET`, `HEAD`, `OPTIONS` and `TRACE`, on public endpoints too: a
/// forged login puts a victim into the attacker's account (docs/threat-model.md CS-2).
///
/// # Errors
/// [`CsrfRefusal`], and nothing may be changed then.
pub fn decide(trusted: &TrustedOrigins, provenance: &Provenance<'_>) -> Result<(), CsrfRefusal> {
    match provenance.origin {
        HeaderValues::One(origin) => {
            return match std::str::from_utf8(origin) {
                Ok(origin) if trusted.contains(origin) => Ok(()),
                _ => Err(CsrfRefusal::UntrustedOrigin(shown(origin))),
            };
        }
        HeaderValues::Several => return Err(CsrfRefusal::RepeatedOrigin),
        HeaderValues::Absent => {}
    }
    match provenance.sec_fetch_site {
        HeaderValues::One(b"same-site") if trusted.allows_same_site() => return Ok(()),
        HeaderValues::One(b"cross-site" | b"same-site") => return Err(CsrfRefusal::OtherSite),
        HeaderValues::One(b"same-origin" | b"none") | HeaderValues::Absent => {}
        HeaderValues::One(_) | HeaderValues::Several => return Err(CsrfRefusal::OddFetchSite),
    }
    match provenance.referer {
        HeaderValues::One(referer) => match origin_of(referer) {
            Some(origin) if trusted.contains(origin) => Ok(()),
            Some(origin) => Err(CsrfRefusal::UntrustedReferer(shown(origin.as_bytes()))),
            None => Err(CsrfRefusal::OddReferer),
        },
        HeaderValues::Several => Err(CsrfRefusal::OddReferer),
        HeaderValues::Absent => Ok(()),
    }
}

/// What a client sent, fit to be shown: short, and of printable ASCII only.
fn shown(bytes: &[u8]) -> String {
    bytes
        .escape_ascii()
        .take(MAX_SHOWN_CHARS)
        .map(char::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusted() -> TrustedOrigins {
        TrustedOrigins::new(["https://app.example.com", "https://other.example.com:8443"]).unwrap()
    }

    fn one(value: &str) -> HeaderValues<'_> {
        HeaderValues::One(value.as_bytes())
    }

    fn from_origin(origin: &str) -> Provenance<'_> {
        Provenance {
            origin: one(origin),
            ..Provenance::default()
        }
    }

    /// docs/threat-model.md CS-1, the whole table.
    #[test]
    fn the_table_of_provenance() {
        use HeaderValues::{Absent, Several};
        let good = one("https://app.example.com");
        let evil = one("https://evil.example");
        let path = one("https://app.example.com/a?b#c");
        for (origin, fetch_site, referer, reason) in [
            // No browser.
            (Absent, Absent, Absent, None),
            // Origin decides alone.
            (good, Absent, Absent, None),
            (good, one("cross-site"), evil, None),
            (one("https://other.example.com:8443"), Absent, Absent, None),
            (evil, one("same-origin"), good, Some("untrusted_origin")),
            (one("null"), Absent, Absent, Some("untrusted_origin")),
            (one(""), one("same-origin"), good, Some("untrusted_origin")),
            (Several, one("same-origin"), good, Some("repeated_origin")),
            // Then Sec-Fetch-Site.
            (Absent, one("cross-site"), Absent, Some("other_site")),
            (Absent, one("same-site"), good, Some("other_site")),
            (Absent, one("same-origin"), Absent, None),
            (Absent, one("none"), Absent, None),
            (Absent, one(""), Absent, Some("odd_fetch_site")),
            (Absent, one("Same-Origin"), Absent, Some("odd_fetch_site")),
            (Absent, Several, Absent, Some("odd_fetch_site")),
            // Then Referer.
            (Absent, Absent, path, None),
            (Absent, one("same-origin"), path, None),
            (Absent, one("same-origin"), evil, Some("untrusted_referer")),
            (Absent, Absent, evil, Some("untrusted_referer")),
            (Absent, Absent, one(""), Some("odd_referer")),
            (Absent, Absent, one("about:blank"), Some("odd_referer")),
            (Absent, Absent, Several, Some("odd_referer")),
        ] {
            let provenance = Provenance {
                origin,
                sec_fetch_site: fetch_site,
                referer,
            };
            let decided = decide(&trusted(), &provenance).map_err(|refusal| refusal.reason());
            assert_eq!(decided.err(), reason, "{provenance:?}");
        }
    }

    /// better-auth CVE-2025-27143 and its kin: an address that only looks like a trusted one.
    #[test]
    fn origins_that_resemble_a_trusted_one_are_refused() {
        for origin in [
            "https://app.example.com.evil.example",
            "https://evilapp.example.com",
            "https://app.example.com:443",
            "https://app.example.com:8443",
            "https://app.example.com/",
            "https://app.example.com ",
            " https://app.example.com",
            "https://APP.example.com",
            "http://app.example.com",
            "https://app.example.com@evil.example",
            "https://evil.example/https://app.example.com",
            "https://app.example.com, https://evil.example",
            "//app.example.com",
            "app.example.com",
            "*",
        ] {
            assert!(
                decide(&trusted(), &from_origin(origin)).is_err(),
                "{origin}"
            );
        }
        for referer in [
            "https://app.example.com@evil.example/",
            "https://app.example.com\\@evil.example/",
            "https://app.example.com.evil.example/",
            "https://evil.example/?https://app.example.com/",
            "https://evil.example#https://app.example.com/",
            "javascript://app.example.com/",
        ] {
            let provenance = Provenance {
                referer: one(referer),
                ..Provenance::default()
            };
            assert!(decide(&trusted(), &provenance).is_err(), "{referer}");
        }
    }

    #[test]
    fn sibling_hosts_are_believed_only_when_told_so() {
        let provenance = Provenance {
            sec_fetch_site: one("same-site"),
            referer: one("https://sibling.example.com/"),
            ..Provenance::default()
        };
        assert_eq!(decide(&trusted(), &provenance), Err(CsrfRefusal::OtherSite));
        assert_eq!(decide(&trusted().with_same_site(), &provenance), Ok(()));
        let cross = Provenance {
            sec_fetch_site: one("cross-site"),
            ..Provenance::default()
        };
        assert!(decide(&trusted().with_same_site(), &cross).is_err());
    }

    #[test]
    fn what_is_shown_is_short_and_printable() {
        let hostile = format!("https://evil\r\n\u{1b}[31m\"<script>{}", "x".repeat(9000));
        let refusal = decide(&trusted(), &from_origin(&hostile))
            .unwrap_err()
            .to_string();
        assert!(refusal.starts_with("Origin checking failed - https://evil\\r\\n\\x1b[31m"));
        assert!(refusal.len() < 200 && !refusal.contains(char::is_control));
        assert_eq!(
            decide(&trusted(), &from_origin("https://evil.example"))
                .unwrap_err()
                .to_string(),
            "Origin checking failed - https://evil.example does not match any trusted origins."
        );
        let secret = Provenance {
            referer: one("https://evil.example/?token=abc"),
            ..Provenance::default()
        };
        assert!(
            !decide(&trusted(), &secret)
                .unwrap_err()
                .to_string()
                .contains("abc")
        );
        let binary = Provenance {
            origin: HeaderValues::One(&[0xFF, 0xFE]),
            ..Provenance::default()
        };
        assert!(
            decide(&trusted(), &binary)
                .unwrap_err()
                .to_string()
                .contains("\\xff\\xfe")
        );
    }
}
