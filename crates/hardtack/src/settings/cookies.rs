//! Names, places and attributes of the cookies.

use super::SettingsError;

mod placed;

pub use placed::PlacedCookie;
use placed::{is_domain, is_path, is_token};

/// `SameSite` of the cookies (RFC 6265bis §5.6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SameSite {
    /// Sent along when a person follows a link to the site, and by the site itself.
    #[default]
    Lax,
    /// Sent by the site itself only.
    Strict,
    /// Sent from everywhere; only together with `Secure`.
    None,
}

/// Whether names carry a prefix that browsers hold the setter to (RFC 6265bis §4.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CookiePrefix {
    /// The plain names, as dj-rest-auth has them.
    #[default]
    None,
    /// `__Host-` for the access and the CSRF cookie, `__Secure-` for the refresh cookie, whose
    /// narrow path `__Host-` does not allow.
    ///
    /// No sibling host and no plain-HTTP page can plant the first two: cookie tossing ends. The
    /// plain names mean nothing then, or tossing would go on under them (docs/threat-model.md CK-2). A
    /// verifier elsewhere must be told the whole name, `__Host-access`.
    ///
    /// The CSRF cookie carries it as well, though its token is bound to the session: scripts
    /// send the first cookie that they find, and with a planted one every change is refused.
    Host,
}

/// Names and attributes of the cookies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookieSettings {
    /// The access token's cookie, without prefix.
    pub access_name: String,
    /// The refresh token's cookie, without prefix.
    pub refresh_name: String,
    /// The double-submit token's cookie, which scripts read, without prefix.
    pub csrf_name: String,
    /// What browsers are to hold the names to.
    pub prefix: CookiePrefix,
    /// Only over TLS. Off for loopback development only.
    pub secure: bool,
    /// `SameSite` of all three.
    pub same_site: SameSite,
    /// `Partitioned` (CHIPS): a jar of its own inside each embedding site.
    pub partitioned: bool,
    /// `Domain`; none by default, so that no sibling host sees them.
    pub domain: Option<String>,
    /// `Path` of the access cookie.
    pub access_path: String,
    /// `Path` of the refresh cookie; `None` is the base path, which reaches refresh and logout
    /// and nothing else (docs/contract.md §10.15).
    pub refresh_path: Option<String>,
    /// The cookies as they were before names, places or prefix changed. A login, a password change
    /// and a logout clear them, so that the jar holds one pair again, and end their sessions.
    ///
    /// A refresh takes a token from a former name, so that renaming logs nobody out; not so
    /// across a change of `prefix`, for a prefixed and a plain name are never both believed.
    pub former: Vec<PlacedCookie>,
}

impl Default for CookieSettings {
    fn default() -> Self {
        Self {
            access_name: "access".to_owned(),
            refresh_name: "refresh".to_owned(),
            csrf_name: "csrftoken".to_owned(),
            prefix: CookiePrefix::None,
            secure: true,
            same_site: SameSite::Lax,
            partitioned: false,
            domain: None,
            access_path: "/".to_owned(),
            refresh_path: None,
            former: Vec::new(),
        }
    }
}

impl CookieSettings {
    /// Refuses what browsers would drop and what would lock people out, for routes at `base`.
    pub(super) fn verify(&self, base: &str) -> Result<(), SettingsError> {
        self.verify_names()?;
        self.verify_attributes()?;
        self.verify_paths(base)?;
        self.verify_former(base)
    }

    fn verify_names(&self) -> Result<(), SettingsError> {
        let names = [
            ("cookies.access_name", &self.access_name),
            ("cookies.refresh_name", &self.refresh_name),
            ("cookies.csrf_name", &self.csrf_name),
        ];
        for (key, name) in names {
            if !is_token(name) {
                return wrong(key, "must be letters, digits and -_.");
            }
            // Browsers compare prefixes without regard to case (RFC 6265bis §5.7 step 20).
            if name.starts_with("__") {
                return wrong(
                    key,
                    "names with a prefix demand attributes that this setting does not choose; leave the prefix out and set cookies.prefix = \"host\"",
                );
            }
            if names.iter().filter(|(_, other)| *other == name).count() > 1 {
                return wrong(key, "each cookie needs a name of its own");
            }
        }
        Ok(())
    }

    fn verify_attributes(&self) -> Result<(), SettingsError> {
        if self.same_site == SameSite::None && !self.secure {
            return wrong(
                "cookies.same_site",
                "\"none\" needs cookies.secure = true; browsers drop the cookie otherwise",
            );
        }
        if self.partitioned && !self.secure {
            return wrong(
                "cookies.partitioned",
                "needs cookies.secure = true; browsers drop the cookie otherwise",
            );
        }
        if self
            .domain
            .as_deref()
            .is_some_and(|domain| !is_domain(domain.strip_prefix('.').unwrap_or(domain)))
        {
            return wrong(
                "cookies.domain",
                "must be a host name with a dot, as in example.com",
            );
        }
        if self.prefix == CookiePrefix::None {
            return Ok(());
        }
        if !self.secure {
            return wrong(
                "cookies.prefix",
                "\"host\" needs cookies.secure = true; browsers drop the cookies otherwise",
            );
        }
        if self.domain.is_some() {
            return wrong(
                "cookies.domain",
                "cannot go with cookies.prefix = \"host\", which ties the cookies to one host; leave one of them out",
            );
        }
        if self.access_path != "/" {
            return wrong(
                "cookies.access_path",
                "cannot go with cookies.prefix = \"host\", which demands Path=/; leave one of them out",
            );
        }
        Ok(())
    }

    /// A refresh cookie that reaches refresh and not login would outlive every login: two live
    /// sessions at each refresh, and nobody is ever let in again.
    fn verify_paths(&self, base: &str) -> Result<(), SettingsError> {
        let routes = format!("{base}/");
        let places = [
            ("cookies.access_path", Some(&self.access_path)),
            ("cookies.refresh_path", self.refresh_path.as_ref()),
        ];
        for (key, path) in places {
            let Some(path) = path else { continue };
            if !is_path(path) {
                return wrong(key, "must be a path, as in /api/auth");
            }
            if !reaches(path, &routes) {
                return Err(SettingsError {
                    key,
                    problem: format!(
                        "{path:?} does not reach routes.base_path ({base}), where refresh and logout need the cookie; use {base:?} or a path above it"
                    ),
                });
            }
        }
        Ok(())
    }

    fn verify_former(&self, base: &str) -> Result<(), SettingsError> {
        let key = "cookies.former";
        if self.former.len() > PlacedCookie::MOST_FORMER {
            return Err(SettingsError {
                key,
                problem: format!(
                    "has {} cookies, and proxies refuse an answer that clears more than {}; leave out what was changed longest ago",
                    self.former.len(),
                    PlacedCookie::MOST_FORMER
                ),
            });
        }
        for former in &self.former {
            if let Err(problem) = former.verify() {
                return Err(SettingsError {
                    key,
                    problem: format!("\"{former}\" {problem}"),
                });
            }
            // It would be cleared in the answer that sets it.
            if self.placed(base).contains(former) {
                return Err(SettingsError {
                    key,
                    problem: format!("\"{former}\" is what is set now; take it out of the list"),
                });
            }
        }
        Ok(())
    }
}

/// Does a browser send cookies of `path` with requests for `target` (RFC 6265 §5.1.4)? By a whole
/// number of segments.
pub(super) fn reaches(path: &str, target: &str) -> bool {
    target
        .strip_prefix(path)
        .is_some_and(|rest| path.ends_with('/') || rest.is_empty() || rest.starts_with('/'))
}

fn wrong(key: &'static str, problem: &str) -> Result<(), SettingsError> {
    Err(SettingsError {
        key,
        problem: problem.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(change: impl FnOnce(&mut CookieSettings)) -> String {
        let mut cookies = CookieSettings::default();
        change(&mut cookies);
        cookies.verify("/api/auth").unwrap_err().to_string()
    }

    /// Each fault alone stops the start and names its key.
    #[test]
    fn a_contradiction_names_its_key() {
        type Change = fn(&mut CookieSettings);
        let faults: [(&str, Change); 12] = [
            ("cookies.access_name", |cookies| {
                cookies.access_name = "a b".into();
            }),
            ("cookies.access_name", |cookies| {
                cookies.refresh_name = "access".into();
            }),
            ("cookies.refresh_name", |cookies| {
                cookies.refresh_name = "__Host-refresh".into();
            }),
            ("cookies.csrf_name", |cookies| {
                cookies.csrf_name = "__host-csrf".into();
            }),
            ("cookies.same_site", |cookies| {
                cookies.same_site = SameSite::None;
                cookies.secure = false;
            }),
            ("cookies.refresh_path", |cookies| {
                cookies.refresh_path = Some("/a;Domain=x".into());
            }),
            ("cookies.refresh_path", |cookies| {
                cookies.refresh_path = Some("/api/auth/token".into());
            }),
            ("cookies.domain", |cookies| {
                cookies.domain = Some("com".into());
            }),
            ("cookies.prefix", |cookies| {
                cookies.prefix = CookiePrefix::Host;
                cookies.secure = false;
            }),
            ("cookies.domain", |cookies| {
                cookies.prefix = CookiePrefix::Host;
                cookies.domain = Some("example.com".into());
            }),
            ("cookies.access_path", |cookies| {
                cookies.prefix = CookiePrefix::Host;
                cookies.access_path = "/api".into();
            }),
            ("cookies.former", |cookies| {
                cookies.former = vec![PlacedCookie::parse("refresh; Path=/api/auth").unwrap()];
            }),
        ];
        for (key, change) in faults {
            let refusal = refusal(change);
            assert!(refusal.starts_with(&format!("{key}: ")), "{refusal}");
        }
    }
}
