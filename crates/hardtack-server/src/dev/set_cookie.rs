//! What a `Set-Cookie` line says besides its value.

use serde::Serialize;

/// Name and attributes of a cookie that is set or cleared (RFC 6265 §4.1).
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct SetCookie {
    name: String,
    path: Option<String>,
    /// Seconds; 0 clears the cookie.
    max_age: Option<i64>,
    http_only: bool,
    secure: bool,
    same_site: Option<String>,
}

impl SetCookie {
    /// Reads one header line and drops the value at once.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let mut parts = line.split(';');
        let (name, _value) = parts.next()?.split_once('=')?;
        let mut cookie = Self {
            name: name.trim().to_owned(),
            path: None,
            max_age: None,
            http_only: false,
            secure: false,
            same_site: None,
        };
        for part in parts {
            let (attribute, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim();
            match attribute.trim().to_ascii_lowercase().as_str() {
                "path" => cookie.path = Some(value.to_owned()),
                "max-age" => cookie.max_age = value.parse().ok(),
                "httponly" => cookie.http_only = true,
                "secure" => cookie.secure = true,
                "samesite" => cookie.same_site = Some(value.to_owned()),
                _ => {}
            }
        }
        Some(cookie)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cleared_cookie_is_seen_as_cleared() {
        let line =
            "access=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; max-age=0; PATH=/; samesite=Lax";
        assert_eq!(
            SetCookie::parse(line),
            Some(SetCookie {
                name: "access".to_owned(),
                path: Some("/".to_owned()),
                max_age: Some(0),
                http_only: false,
                secure: false,
                same_site: Some("Lax".to_owned()),
            })
        );
    }

    #[test]
    fn a_line_without_a_name_is_nothing() {
        assert_eq!(SetCookie::parse("just-a-value; Path=/"), None);
    }
}
