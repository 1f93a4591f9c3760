//! The only place that writes `Set-Cookie` (RFC 6265bis §4.1), and that knows what the cookies are
//! called in the end.

use std::time::Duration;

use hardtack_core::Timestamp;
use hardtack_core::session::RememberMe;
use http::HeaderValue;

use crate::flow::Grant;
use crate::settings::{CookiePrefix, CookieSettings, PlacedCookie, SameSite, Settings};

/// The double-submit cookie lives a year, as Django's does: it is worth nothing without a session.
const CSRF_LIFETIME: Duration = Duration::from_secs(31_449_600);

/// A choice that nobody wants to make again soon.
const LANGUAGE_LIFETIME: Duration = Duration::from_secs(365 * 86_400);

/// What browsers hold to one host, `Path=/` and TLS.
const HOST: &str = "__Host-";
/// What browsers hold to TLS.
const SECURE: &str = "__Secure-";

/// As many bytes as all that stands in a cookie beside name, value, path and domain.
const ATTRIBUTES: usize = 160;

impl CookieSettings {
    /// Access, refresh and CSRF cookie as browsers will keep them, for routes at `base_path`.
    #[must_use]
    pub fn placed(&self, base_path: &str) -> [PlacedCookie; 3] {
        let (host, secure) = match self.prefix {
            CookiePrefix::None => ("", ""),
            CookiePrefix::Host => (HOST, SECURE),
        };
        let place = |prefix: &str, name: &str, path: &str| PlacedCookie {
            name: format!("{prefix}{name}"),
            path: path.to_owned(),
            domain: self.domain.clone(),
            partitioned: self.partitioned,
        };
        let refresh_path = self.refresh_path.as_deref().unwrap_or(base_path);
        [
            place(host, &self.access_name, &self.access_path),
            place(secure, &self.refresh_name, refresh_path),
            place(host, &self.csrf_name, "/"),
        ]
    }
}

/// Writes the cookies of one authority.
#[derive(Debug, Clone)]
pub(crate) struct CookieWriter {
    access: PlacedCookie,
    refresh: PlacedCookie,
    csrf: PlacedCookie,
    former: Vec<PlacedCookie>,
    former_names: FormerNames,
    secure: bool,
    same_site: SameSite,
}

/// Names that a refresh cookie may have had.
#[derive(Debug, Clone, Default)]
struct FormerNames {
    /// Still believed: renamed, no more.
    believed: Vec<String>,
    /// From before a change of prefix.
    ended: Vec<String>,
}

/// May a script read it?
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Hidden,
    Readable,
}

impl CookieWriter {
    pub(crate) fn new(settings: &Settings) -> Self {
        let cookies = &settings.cookies;
        let [access, refresh, csrf] = cookies.placed(&settings.base_path);
        let mut former_names = FormerNames::default();
        for PlacedCookie { name, .. } in &cookies.former {
            // docs/threat-model.md CK-2: a sibling host can plant the plain name, so it says nothing beside
            // the prefixed one.
            let names = if name.starts_with("__") == refresh.name.starts_with("__") {
                &mut former_names.believed
            } else {
                &mut former_names.ended
            };
            let is_current = [&access, &refresh, &csrf]
                .iter()
                .any(|now| now.name == *name);
            if !is_current && !names.contains(name) {
                names.push(name.clone());
            }
        }
        Self {
            access,
            refresh,
            csrf,
            former: cookies.former.clone(),
            former_names,
            secure: cookies.secure,
            same_site: cookies.same_site,
        }
    }

    /// The access cookie's name on the wire.
    pub(crate) fn access_name(&self) -> &str {
        &self.access.name
    }

    /// The refresh cookie's name on the wire.
    pub(crate) fn refresh_name(&self) -> &str {
        &self.refresh.name
    }

    /// The CSRF cookie's name on the wire.
    pub(crate) fn csrf_name(&self) -> &str {
        &self.csrf.name
    }

    /// Names under which a refresh token is believed besides today's.
    pub(crate) fn believed_former_names(&self) -> &[String] {
        &self.former_names.believed
    }

    /// Names under which a refresh token is good for one thing: ending its session.
    pub(crate) fn ended_former_names(&self) -> &[String] {
        &self.former_names.ended
    }

    /// Both token cookies, in the contract's order. Their lives end with the tokens', at the latest,
    /// or with the browser's if the login asked for it.
    pub(crate) fn set(&self, grant: &Grant) -> [HeaderValue; 2] {
        let life = |ends| Life::of(grant.remember_me, grant.now, ends);
        let (access, refresh) = (grant.access.expose_secret(), grant.refresh.expose_secret());
        let (access_life, refresh_life) = (
            life(grant.access_expires_at),
            life(grant.refresh_cookie_expires_at),
        );
        [
            self.write(&self.access, access, access_life, Script::Hidden),
            self.write(&self.refresh, refresh, refresh_life, Script::Hidden),
        ]
    }

    /// Does this `Set-Cookie` write one of the token cookies, whatever it says?
    pub(crate) fn writes_token(&self, set_cookie: &HeaderValue) -> bool {
        let line = set_cookie.as_bytes();
        [&self.access.name, &self.refresh.name].iter().any(|name| {
            line.strip_prefix(name.as_bytes())
                .is_some_and(|rest| rest.starts_with(b"="))
        })
    }

    /// Every token cookie emptied, of today and of before.
    pub(crate) fn clear(&self) -> Vec<HeaderValue> {
        let mut cleared = vec![self.clear_one(&self.access), self.clear_one(&self.refresh)];
        cleared.extend(self.clear_former());
        cleared
    }

    /// The cookies of before emptied (docs/rotation.md, last row). Only beside a new pair and a new
    /// CSRF token: a page may still need the old one.
    pub(crate) fn clear_former(&self) -> impl Iterator<Item = HeaderValue> {
        self.former.iter().map(|former| self.clear_one(former))
    }

    /// The double-submit token's cookie, which the page's script copies into a header.
    pub(crate) fn set_csrf(
        &self,
        token: &str,
        remember_me: RememberMe,
        now: Timestamp,
    ) -> HeaderValue {
        let life = Life::of(remember_me, now, now + CSRF_LIFETIME);
        self.write(&self.csrf, token, life, Script::Readable)
    }

    /// The language of the pages at `path`. It outlives the browser and is nobody's secret.
    pub(crate) fn set_language(
        &self,
        name: &str,
        tag: &str,
        path: &str,
        now: Timestamp,
    ) -> HeaderValue {
        let placed = PlacedCookie {
            name: name.to_owned(),
            path: path.to_owned(),
            domain: None,
            partitioned: false,
        };
        let life = Life::Until {
            now,
            ends: now + LANGUAGE_LIFETIME,
        };
        self.write(&placed, tag, life, Script::Hidden)
    }

    /// Emptied where it was set: a browser only replaces a cookie of the same name, domain and
    /// path.
    fn clear_one(&self, cookie: &PlacedCookie) -> HeaderValue {
        let past = Life::Until {
            now: Timestamp::from_unix_seconds(0),
            ends: Timestamp::from_unix_seconds(0),
        };
        self.write(cookie, "", past, Script::Hidden)
    }

    fn write(&self, placed: &PlacedCookie, value: &str, life: Life, script: Script) -> HeaderValue {
        let PlacedCookie { name, path, .. } = placed;
        let domain = placed.domain.as_deref();
        let room = [name, value, path, domain.unwrap_or_default()].map(str::len);
        // Once, and not as it grows: every refresh writes two of them.
        let mut cookie = String::with_capacity(room.iter().sum::<usize>() + ATTRIBUTES);
        cookie.extend([name, "=", value, "; "]);
        if let Life::Until { now, ends } = life {
            let max_age = ends.since(now).as_secs().to_string();
            let expires = ends.http_date();
            cookie.extend(["Expires=", &*expires, "; Max-Age=", &max_age, "; "]);
        }
        cookie.extend(["Path=", path]);
        if script == Script::Hidden {
            cookie.push_str("; HttpOnly");
        }
        cookie.push_str(match self.same_site {
            SameSite::Lax => "; SameSite=Lax",
            SameSite::Strict => "; SameSite=Strict",
            SameSite::None => "; SameSite=None",
        });
        if self.secure {
            cookie.push_str("; Secure");
        }
        if placed.partitioned {
            cookie.push_str("; Partitioned");
        }
        if let Some(domain) = domain {
            cookie.extend(["; Domain=", domain]);
        }
        // Names, paths and domain were verified at start, tokens are ASCII by construction: what
        // fails here is an empty cookie, never a broken header. The text becomes the header; it is
        // not copied.
        let mut header = HeaderValue::try_from(cookie).unwrap_or(HeaderValue::from_static(""));
        header.set_sensitive(true);
        header
    }
}

/// How long a browser keeps a cookie.
#[derive(Clone, Copy)]
enum Life {
    /// Both dates are written: some clients know only one (RFC 6265bis §5.6).
    Until { now: Timestamp, ends: Timestamp },
    /// None is.
    UntilBrowserCloses,
}

impl Life {
    fn of(remember_me: RememberMe, now: Timestamp, ends: Timestamp) -> Self {
        match remember_me {
            RememberMe::Unsaid | RememberMe::Yes => Self::Until { now, ends },
            RememberMe::No => Self::UntilBrowserCloses,
        }
    }
}
