//! The only place that writes `Set-Cookie` (RFC 6265bis §4.1).

use std::fmt::Write as _;
use std::time::Duration;

use hardtack_core::Timestamp;
use http::HeaderValue;

use super::dates::http_date;
use crate::flow::Grant;
use crate::settings::{CookieSettings, SameSite, Settings};

/// The double-submit cookie lives a year, as Django's does: it is worth nothing without a session.
const CSRF_LIFETIME: Duration = Duration::from_secs(31_449_600);

/// Writes the cookies of one authority.
#[derive(Debug, Clone)]
pub(crate) struct CookieWriter {
    settings: CookieSettings,
    refresh_path: String,
}

/// May a script read it?
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Hidden,
    Readable,
}

impl CookieWriter {
    pub(crate) fn new(settings: &Settings) -> Self {
        let refresh_path = settings
            .cookies
            .refresh_path
            .clone()
            .unwrap_or_else(|| settings.base_path.clone());
        Self {
            settings: settings.cookies.clone(),
            refresh_path,
        }
    }

    /// Both token cookies, in the contract's order. Their lives end with the tokens'.
    pub(crate) fn set(&self, grant: &Grant) -> [HeaderValue; 2] {
        let CookieSettings {
            access_name,
            refresh_name,
            access_path,
            ..
        } = &self.settings;
        let (access, refresh) = (grant.access.expose_secret(), grant.refresh.expose_secret());
        let life = |ends: Timestamp| Life {
            now: grant.now,
            ends,
        };
        [
            self.write(
                access_name,
                access,
                access_path,
                life(grant.access_expires_at),
                Script::Hidden,
            ),
            self.write(
                refresh_name,
                refresh,
                &self.refresh_path,
                life(grant.refresh_expires_at),
                Script::Hidden,
            ),
        ]
    }

    /// Both token cookies emptied, with the attributes they were set with: a browser only replaces
    /// a cookie of the same name, domain and path.
    pub(crate) fn clear(&self) -> [HeaderValue; 2] {
        let CookieSettings {
            access_name,
            refresh_name,
            access_path,
            ..
        } = &self.settings;
        let past = Life {
            now: Timestamp::from_unix_seconds(0),
            ends: Timestamp::from_unix_seconds(0),
        };
        [
            self.write(access_name, "", access_path, past, Script::Hidden),
            self.write(refresh_name, "", &self.refresh_path, past, Script::Hidden),
        ]
    }

    /// The double-submit token's cookie, which the page's script copies into a header.
    pub(crate) fn set_csrf(&self, token: &str, now: Timestamp) -> HeaderValue {
        let life = Life {
            now,
            ends: now + CSRF_LIFETIME,
        };
        self.write(&self.settings.csrf_name, token, "/", life, Script::Readable)
    }

    fn write(
        &self,
        name: &str,
        value: &str,
        path: &str,
        life: Life,
        script: Script,
    ) -> HeaderValue {
        let CookieSettings {
            secure,
            same_site,
            partitioned,
            domain,
            ..
        } = &self.settings;
        let max_age = life.ends.since(life.now).as_secs();
        let expires = http_date(life.ends);
        let mut cookie =
            format!("{name}={value}; Expires={expires}; Max-Age={max_age}; Path={path}");
        if script == Script::Hidden {
            cookie.push_str("; HttpOnly");
        }
        cookie.push_str(match same_site {
            SameSite::Lax => "; SameSite=Lax",
            SameSite::Strict => "; SameSite=Strict",
            SameSite::None => "; SameSite=None",
        });
        if *secure {
            cookie.push_str("; Secure");
        }
        if *partitioned {
            cookie.push_str("; Partitioned");
        }
        if let Some(domain) = domain {
            // Writing to a string cannot fail.
            let _ = write!(cookie, "; Domain={domain}");
        }
        // Names, paths and domain were verified at start, tokens are ASCII by construction: what
        // fails here is an empty cookie, never a broken header.
        let mut header = HeaderValue::from_str(&cookie).unwrap_or(HeaderValue::from_static(""));
        header.set_sensitive(true);
        header
    }
}

#[derive(Clone, Copy)]
struct Life {
    now: Timestamp,
    ends: Timestamp,
}
