//! The forms of texts: what is read here cannot break out of a header later.

use hardtack::settings::PublicUrl;
use ipnet::IpNet;

pub(super) fn not_empty(text: &str) -> Result<&str, String> {
    if text.is_empty() {
        Err("it is empty; leave it out instead".to_owned())
    } else {
        Ok(text)
    }
}

pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let network: IpNet = text
        .parse()
        .or_else(|_| {
            text.parse()
                .map(|address: std::net::IpAddr| IpNet::from(address))
        })
        .map_err(|_| format!("{text:?} is not a network, as in 10.0.0.0/8 or 192.0.2.1"))?;
    // Everybody would choose their own address, and with it their own rate limit (CVE-2026-45364).
    if network.prefix_len() == 0 {
        return Err(format!("{text} would believe everybody; name the proxies"));
    }
    Ok(network)
}

/// The exact bytes of an `Origin` header, for they are compared as bytes.
pub(super) fn origin(text: &str) -> Result<String, String> {
    if text.contains('*') {
        return Err("a * would let every site act as the user, and browsers refuse it with cookies; list the origins".to_owned());
    }
    PublicUrl::parse(text)
        .map(|url| url.origin().to_owned())
        .map_err(|_| format!("{text:?} is not an origin, as in https://app.example.com"))
}

pub(super) fn base_path(text: &str) -> Result<String, String> {
    let segments_fit = text.strip_prefix('/').is_some_and(|rest| {
        rest.split('/').all(|segment| {
            !matches!(segment, "" | "." | "..")
                && segment
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
        })
    });
    if segments_fit {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not a path as in /api/auth"))
    }
}

pub(super) fn cookie_name(text: &str) -> Result<String, String> {
    // RFC 6265 §4.1.1: a token of RFC 9110 §5.6.2.
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_token) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} cannot be the name of a cookie"))
    }
}

pub(super) fn cookie_path(text: &str) -> Result<String, String> {
    // RFC 6265 §4.1.1: anything but controls and `;`. Blanks and commas only make trouble.
    if text.starts_with('/')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b";,\"\\".contains(&byte))
    {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not a path as in /api/auth"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who may name every proxy may name every address (CVE-2026-45364).
    #[test]
    fn trusting_every_proxy_is_refused() {
        for text in ["0.0.0.0/0", "::/0", "10.0.0.0/33", "proxy.example", ""] {
            assert!(network(text).is_err(), "{text}");
        }
        assert_eq!(network("192.0.2.1").unwrap().to_string(), "192.0.2.1/32");
    }

    /// CORS with credentials for everybody (ASVS 5.0 §3.4.2).
    #[test]
    fn a_star_or_a_pattern_is_no_origin() {
        for text in [
            "*",
            "https://*",
            "null",
            "",
            "https://a.example/path",
            "app.example.com",
            "ftp://a.example",
        ] {
            assert!(origin(text).is_err(), "{text}");
        }
        assert_eq!(
            origin("https://App.Example:443/").as_deref(),
            Ok("https://app.example")
        );
    }

    #[test]
    fn what_would_break_out_of_a_cookie_is_refused() {
        for text in ["", "a b", "a;b", "a=b", "a,b", "ä", "a\r\nb"] {
            assert!(cookie_name(text).is_err(), "{text}");
        }
        for text in ["", "x", "/a;b", "/a b", "/a\r\n", "/ä"] {
            assert!(cookie_path(text).is_err(), "{text}");
        }
        for text in ["", "/", "x", "/a/", "/a//b", "/a/../b", "/{x}", "/a b"] {
            assert!(base_path(text).is_err(), "{text}");
        }
    }
}
