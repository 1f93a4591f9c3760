//! Origins as browsers write them (RFC 6454 §6.2), and those that are trusted.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The origins whose pages may change something.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrustedOrigins {
    exact: Vec<String>,
    loopback: bool,
    same_site: bool,
}

/// The text is not an origin as a browser writes it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not an origin as browsers write it: scheme://host, in lower case, with a port only if it is not the scheme's own, without path"
)]
pub struct NotAnOrigin(pub String);

impl TrustedOrigins {
    /// Trusts exactly these origins, byte for byte. The service's own is one of them: nothing is
    /// taken from `Host`, which a proxy or an attacker may have written.
    ///
    /// # Errors
    /// [`NotAnOrigin`] for a text that no browser would ever send, `null` and `*` among them: it
    /// would look like trust and refuse everybody.
    pub fn new<O: Into<String>>(origins: impl IntoIterator<Item = O>) -> Result<Self, NotAnOrigin> {
        let exact = origins
            .into_iter()
            .map(Into::into)
            .map(|origin| {
                if is_origin(&origin) {
                    Ok(origin)
                } else {
                    Err(NotAnOrigin(origin))
                }
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            exact,
            ..Self::default()
        })
    }

    /// Also trusts every page of this machine: `http` or `https`, `localhost`, `127.x.x.x` or
    /// `[::1]`, any port. For development: a page of any program on the machine may then act.
    #[must_use]
    pub fn with_loopback(self) -> Self {
        Self {
            loopback: true,
            ..self
        }
    }

    /// Also believes `Sec-Fetch-Site: same-site` where there is no `Origin`: every sibling host,
    /// down to the forgotten ones, may then act.
    #[must_use]
    pub fn with_same_site(self) -> Self {
        Self {
            same_site: true,
            ..self
        }
    }

    pub(super) fn allows_same_site(&self) -> bool {
        self.same_site
    }

    /// May pages of `origin` change something?
    #[must_use]
    pub fn contains(&self, origin: &str) -> bool {
        self.exact.iter().any(|trusted| trusted == origin) || self.loopback && is_loopback(origin)
    }
}

/// The origin of an address: all before its path. The rest of a `Referer` may hold secrets of its
/// own and is never shown.
pub(super) fn origin_of(address: &[u8]) -> Option<&str> {
    let address = std::str::from_utf8(address).ok()?;
    let (scheme, rest) = address.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let origin = address.get(..scheme.len() + 3 + end)?;
    is_origin(origin).then_some(origin)
}

/// Is it `scheme://host[:port]` as browsers serialise it (RFC 6454 §6.2)?
fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else {
        return false;
    };
    let scheme_fits = scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'+' | b'-' | b'.'));
    let (host, port) = split_port(authority);
    let host_fits = if let Some(address) = host.strip_prefix('[') {
        address
            .strip_suffix(']')
            .is_some_and(|inside| inside.parse().is_ok_and(|it| written_as(it) == inside))
    } else if ends_in_number(host) {
        // Browsers take such a host for an IPv4 address and write it as one: `1` is `0.0.0.1`.
        host.parse::<Ipv4Addr>().is_ok()
    } else {
        !host.is_empty()
            && host
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_'))
    };
    let port_fits = match port {
        None => true,
        Some("443") if scheme == "https" => false,
        Some("80") if scheme == "http" => false,
        Some(port) => {
            port.bytes().all(|byte| byte.is_ascii_digit())
                && !port.starts_with('0')
                && port.parse::<u16>().is_ok()
        }
    };
    scheme_fits && host_fits && port_fits
}

/// An IPv6 address as browsers write it (URL Standard, "IPv6 serializer"): in hexadecimal, also where
/// it stands for an IPv4 address.
fn written_as(address: Ipv6Addr) -> String {
    if address.to_ipv4_mapped().is_some() {
        let [.., high, low] = address.segments();
        format!("::ffff:{high:x}:{low:x}")
    } else {
        address.to_string()
    }
}

/// URL Standard, "ends in a number checker".
fn ends_in_number(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit_once('.').map_or(host, |(_, last)| last);
    let hexadecimal = last
        .strip_prefix("0x")
        .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    hexadecimal || !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_loopback(origin: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    let (host, _) = split_port(authority);
    is_origin(origin)
        && matches!(scheme, "http" | "https")
        && (matches!(host, "localhost" | "[::1]")
            || host
                .parse()
                .is_ok_and(|address: Ipv4Addr| address.is_loopback()))
}

/// Host and port of an authority. A colon inside brackets belongs to the address.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_this_machine_and_nothing_that_sounds_like_it() {
        let production = TrustedOrigins::new(["https://app.example.com"]).unwrap();
        let dev = production.clone().with_loopback();
        for origin in [
            "http://localhost",
            "http://localhost:5173",
            "https://localhost:8000",
            "http://127.0.0.1:3000",
            "http://127.9.8.7",
            "http://[::1]:8080",
        ] {
            assert!(dev.contains(origin), "{origin}");
            assert!(!production.contains(origin), "{origin}");
        }
        for origin in [
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example",
            "http://127.1",
            "http://2130706433",
            "http://0x7f.0.0.1",
            "http://128.0.0.1",
            "http://[::2]",
            "http://localhost:99999",
            "http://localhost:",
            "http://localhost:80:80",
            "ftp://localhost",
            "http://localhost/",
            "null",
        ] {
            assert!(!dev.contains(origin), "{origin}");
        }
    }

    #[test]
    fn an_origin_that_no_browser_sends_cannot_be_trusted() {
        for good in [
            "https://a.example",
            "http://a:8080",
            "capacitor://localhost",
            "https://[2001:db8::1]:9",
            "https://[::ffff:102:304]",
            "https://192.0.2.1",
            "https://1password.example",
        ] {
            assert!(TrustedOrigins::new([good]).is_ok(), "{good}");
        }
        for bad in [
            "*",
            "null",
            "",
            "a.example",
            "https://A.example",
            "https://a.example/",
            "https://a.example:443",
            "http://a.example:80",
            "https://*.a.example",
            "https://a.example:08",
            "https://",
            "http://1",
            "http://1.2.3",
            "http://1.2.3.4.",
            "http://a.256",
            "http://0x7f.1",
            "https://[2001:DB8::1]",
            "https://[2001:db8:0::1]",
            "https://[::ffff:1.2.3.4]",
        ] {
            assert_eq!(
                TrustedOrigins::new([bad]),
                Err(NotAnOrigin(bad.to_owned())),
                "{bad}"
            );
        }
    }
}
