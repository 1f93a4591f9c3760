//! A cookie by what browsers tell it from others.

use std::fmt;

/// A cookie as browsers tell them apart: those that differ in any of these live side by side
/// (RFC 6265bis §5.7 step 24, CHIPS).
///
/// Written as in `Set-Cookie`: `refresh; Path=/api/auth; Domain=example.com; Partitioned`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PlacedCookie {
    /// Its name, prefix included.
    pub name: String,
    /// Its `Path`.
    pub path: String,
    /// Its `Domain`; `None` is the one host that set it.
    pub domain: Option<String>,
    /// Does it live in the jar of an embedding site?
    pub partitioned: bool,
}

impl PlacedCookie {
    /// How many an answer can clear: with more its head would outgrow the 4 KiB that proxies take
    /// by default.
    pub const MOST_FORMER: usize = 12;

    /// Reads what [`Display`](fmt::Display) writes. `Path` is `/` and `Domain` none where they
    /// are left out.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = text.split(';').map(str::trim);
        let mut cookie = Self {
            name: parts.next().unwrap_or_default().to_owned(),
            path: "/".to_owned(),
            domain: None,
            partitioned: false,
        };
        for attribute in parts {
            let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            match name.to_ascii_lowercase().as_str() {
                "path" => value.clone_into(&mut cookie.path),
                "domain" => {
                    let host = value.strip_prefix('.').unwrap_or(value);
                    cookie.domain = Some(host.to_ascii_lowercase());
                }
                "partitioned" => cookie.partitioned = true,
                _ => {
                    return Err(format!(
                        "{text:?} has {name:?}; only Path, Domain and Partitioned tell cookies apart, as in \"refresh; Path=/api/auth; Domain=example.com\""
                    ));
                }
            }
        }
        cookie
            .verify()
            .map_err(|problem| format!("{text:?} {problem}"))?;
        Ok(cookie)
    }

    pub(super) fn verify(&self) -> Result<(), &'static str> {
        if !is_token(&self.name) {
            return Err("has no name that a cookie can have");
        }
        if !is_path(&self.path) {
            return Err("has a Path that is none, as in Path=/api/auth");
        }
        if self
            .domain
            .as_deref()
            .is_some_and(|domain| !is_domain(domain))
        {
            return Err("has a Domain that is none, as in Domain=example.com");
        }
        if self.name.starts_with("__Host-") && (self.path != "/" || self.domain.is_some()) {
            return Err("cannot be: __Host- cookies have Path=/ and no Domain");
        }
        Ok(())
    }
}

impl fmt::Display for PlacedCookie {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}; Path={}", self.name, self.path)?;
        if let Some(domain) = &self.domain {
            write!(formatter, "; Domain={domain}")?;
        }
        if self.partitioned {
            formatter.write_str("; Partitioned")?;
        }
        Ok(())
    }
}

/// A cookie name is a token (RFC 9110 §5.6.2).
pub(super) fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Text that fits into `Path=` (RFC 6265bis §4.1.1): visible ASCII without `;`.
pub(super) fn is_path(path: &str) -> bool {
    path.starts_with('/')
        && path
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b';')
}

pub(super) fn is_domain(domain: &str) -> bool {
    domain.contains('.')
        && !domain.starts_with('.')
        && domain
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placed_cookie_is_read_as_it_is_written() {
        for (text, written) in [
            ("refresh", "refresh; Path=/"),
            (
                "a;path=/x ;DOMAIN=.Example.com",
                "a; Path=/x; Domain=example.com",
            ),
            (
                "__Host-access; Path=/; Partitioned",
                "__Host-access; Path=/; Partitioned",
            ),
        ] {
            let cookie = PlacedCookie::parse(text).unwrap();
            assert_eq!(cookie.to_string(), written);
            assert_eq!(PlacedCookie::parse(written), Ok(cookie));
        }
        for text in [
            "",
            "a b",
            "a=b",
            "a; Path=x",
            "a; Domain=com",
            "a; HttpOnly",
            "a; Domain",
            "__Host-a; Path=/x",
            "__Host-a; Domain=example.com",
        ] {
            assert!(PlacedCookie::parse(text).is_err(), "{text}");
        }
    }
}
