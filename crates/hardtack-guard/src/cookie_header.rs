//! Cookies as the bytes that arrived (RFC 6265 §4.2, docs/threat-model.md CK-4).
//!
//! Old readings of the header are attacks today: a quoted value that swallows the cookies after
//! it, `$Version` that changes how the rest is read, names that only match once decoded or folded.
//! Here a name is its bytes, a value is its bytes, and `;` always ends one.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

/// The values of every cookie called exactly `name`, in the order of their arrival.
///
/// Spaces and tabs around a pair are dropped, and nothing else is: no quotes, no percent decoding,
/// no case folding. A value that is no UTF-8 is passed over; no value of ours ever was.
pub fn cookie_values<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h str> {
    cookie_bytes(headers, name).filter_map(|value| std::str::from_utf8(value).ok())
}

/// The same, those among them that are no UTF-8 as well.
pub(crate) fn cookie_bytes<'h>(
    headers: &'h HeaderMap,
    name: &str,
) -> impl Iterator<Item = &'h [u8]> {
    headers
        .get_all(COOKIE)
        .iter()
        .flat_map(|header| pairs(header.as_bytes()))
        .filter_map(move |pair| trim(pair).strip_prefix(name.as_bytes())?.strip_prefix(b"="))
}

/// What stands between the semicolons. An access token is long, so they are not looked for byte by
/// byte: that alone would cost more than finding the token in the cache.
fn pairs(header: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(header);
    std::iter::from_fn(move || {
        let bytes = rest?;
        let (pair, after) = match memchr::memchr(b';', bytes) {
            Some(end) => (bytes.get(..end)?, bytes.get(end + 1..)),
            None => (bytes, None),
        };
        rest = after;
        Some(pair)
    })
}

/// Makes `value` the only cookie called exactly `name`, as if the browser had sent it. The others stay
/// as they arrived, in one header.
///
/// Nothing is changed where that would be no header.
pub fn replace_cookie(headers: &mut HeaderMap, name: &str, value: &str) {
    let mut cookies = Vec::new();
    for header in headers.get_all(COOKIE) {
        let others = pairs(header.as_bytes())
            .map(trim)
            .filter(|pair| !pair.is_empty() && !is_called(pair, name));
        for pair in others {
            cookies.extend_from_slice(pair);
            cookies.extend_from_slice(b"; ");
        }
    }
    cookies.extend_from_slice(name.as_bytes());
    cookies.push(b'=');
    cookies.extend_from_slice(value.as_bytes());
    if let Ok(mut header) = HeaderValue::from_bytes(&cookies) {
        header.set_sensitive(true);
        headers.insert(COOKIE, header);
    }
}

fn is_called(pair: &[u8], name: &str) -> bool {
    pair.strip_prefix(name.as_bytes())
        .is_some_and(|rest| rest.starts_with(b"="))
}

fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn values(cookies: &[&[u8]]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(COOKIE, HeaderValue::from_bytes(cookie).unwrap());
        }
        cookie_values(&headers, "access")
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn values_are_found_wherever_they_stand() {
        assert_eq!(values(&[b"access=1"]), ["1"]);
        assert_eq!(
            values(&[b"a=b; access=1; access=2", b"c=d;\t access=3 \t;e=f"]),
            ["1", "2", "3"]
        );
        assert_eq!(values(&[b"access="]), [""]);
        assert_eq!(values(&[b"access=a=b=="]), ["a=b=="]);
        assert!(values(&[]).is_empty());
    }

    /// CK-4: other names that some parser takes for this one.
    #[test]
    fn a_name_is_its_exact_bytes() {
        for cookie in [
            "Access=1",
            "ACCESS=1",
            "access =1",
            "%61ccess=1",
            "acces\u{017f}=1",
            "xaccess=1",
            "access2=1",
            "__Host-access=1",
            "access",
            "$Path=/; \u{a0}access=1",
            "\"access\"=1",
        ] {
            assert!(values(&[cookie.as_bytes()]).is_empty(), "{cookie}");
        }
    }

    /// CK-4, the cookie sandwich: a quote opened in one cookie and closed in another must not hide
    /// what lies between, nor carry it into a value.
    #[test]
    fn quotes_and_versions_mean_nothing() {
        assert_eq!(
            values(&[b"$Version=1; a=\"x; access=good; b=y\""]),
            ["good"]
        );
        assert_eq!(values(&[b"access=\"good\""]), ["\"good\""]);
        assert_eq!(values(&[b"access=go%6Fd,access=2"]), ["go%6Fd,access=2"]);
    }

    #[test]
    fn a_cookie_that_is_replaced_is_the_only_one_of_its_name() {
        let mut headers = HeaderMap::new();
        for cookie in [
            &b"access=old; a=\xff;;access2=x"[..],
            b"xaccess=1; access=",
            b"access",
        ] {
            headers.append(COOKIE, HeaderValue::from_bytes(cookie).unwrap());
        }
        replace_cookie(&mut headers, "access", "new");
        let lines: Vec<_> = headers.get_all(COOKIE).iter().collect();
        assert_eq!(lines.len(), 1);
        let line = b"a=\xff; access2=x; xaccess=1; access; access=new";
        assert_eq!(lines[0].as_bytes(), line);
        assert_eq!(
            cookie_values(&headers, "access").collect::<Vec<_>>(),
            ["new"]
        );

        replace_cookie(&mut headers, "access", "not\na value");
        assert_eq!(
            cookie_values(&headers, "access").collect::<Vec<_>>(),
            ["new"]
        );
        let mut none = HeaderMap::new();
        replace_cookie(&mut none, "access", "new");
        assert_eq!(none[COOKIE], "access=new");
    }

    #[test]
    fn bytes_that_are_no_text_are_passed_over() {
        assert_eq!(values(&[b"access=\xff\xfe; access=good"]), ["good"]);
    }
}
