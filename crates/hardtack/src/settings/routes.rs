//! What the routes are called.

use super::cookies::reaches;
use super::place::{is_below, is_place, served_at};
use super::{Settings, SettingsError};

/// Names for the routes that other systems call differently.
///
/// A name is relative to `base_path` (`auth/login`) or, with a slash in front, to the root of the
/// host (`/refresh-token`). The default is Hardtack's own name. Another one is served beside it, so
/// that clients of Hardtack's own work whatever the names; an empty one takes the route away.
///
/// What stands at the root of the host is served by
/// [`Hardtack::root_router`](crate::Hardtack::root_router).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteSettings {
    /// Trades a password for a session.
    pub login: String,
    /// Ends it.
    pub logout: String,
    /// Trades the refresh token for a new pair.
    pub refresh: String,
    /// Tells whether a token is good.
    pub verify: String,
    /// Who am I?
    pub user: String,
    /// Hands out a double-submit token.
    pub csrf: String,
}

impl Default for RouteSettings {
    fn default() -> Self {
        let own = |path: &str| path.trim_start_matches('/').to_owned();
        Self {
            login: own(LOGIN),
            logout: own(LOGOUT),
            refresh: own(REFRESH),
            verify: own(VERIFY),
            user: own(USER),
            csrf: own(CSRF),
        }
    }
}

const LOGIN: &str = "/login";
const LOGOUT: &str = "/logout";
const REFRESH: &str = "/token/refresh";
const VERIFY: &str = "/token/verify";
const USER: &str = "/user";
const CSRF: &str = "/csrf";

/// The routes without a name to choose, and places below which are such: no name may be one of
/// them.
const FIXED: [&str; 10] = [
    "/session",
    "/sessions",
    "/logout/all",
    "/user/export",
    "/registration",
    "/password",
    "/email",
    "/pages",
    "/revocations",
    "/uses",
];
const DOCUMENT: &str = "/openapi.json";

/// A route that has a name to choose.
pub(crate) struct NamedRoute<'a> {
    key: &'static str,
    /// Hardtack's own name, below the base path, with a slash in front.
    pub(crate) own: &'static str,
    /// The chosen one.
    name: &'a str,
}

impl NamedRoute<'_> {
    /// Is it there at all?
    pub(crate) fn is_served(&self) -> bool {
        !self.name.is_empty()
    }

    /// The chosen name below the base path, with a slash in front, where it is another than its
    /// own.
    pub(crate) fn below_base(&self) -> Option<String> {
        let is_other = self.is_served()
            && !self.name.starts_with('/')
            && self.own.strip_prefix('/') != Some(self.name);
        is_other.then(|| format!("/{}", self.name))
    }

    /// The chosen name, where it is one below the root of the host.
    pub(crate) fn below_root(&self) -> Option<&str> {
        Some(self.name).filter(|name| name.starts_with('/'))
    }

    /// Where browsers find it besides its own place.
    fn path(&self, base: &str) -> Option<String> {
        let below_base = self.below_base().map(|name| format!("{base}{name}"));
        below_base.or_else(|| self.below_root().map(str::to_owned))
    }
}

impl RouteSettings {
    /// Each with its key.
    pub(crate) fn named(&self) -> [NamedRoute<'_>; 6] {
        [
            ("routes.login", LOGIN, &self.login),
            ("routes.logout", LOGOUT, &self.logout),
            ("routes.refresh", REFRESH, &self.refresh),
            ("routes.verify", VERIFY, &self.verify),
            ("routes.user", USER, &self.user),
            ("routes.csrf", CSRF, &self.csrf),
        ]
        .map(|(key, own, name)| NamedRoute { key, own, name })
    }

    /// Refuses what is no name, what is another's, and what cookies do not reach.
    pub(super) fn verify(&self, settings: &Settings) -> Result<(), SettingsError> {
        if self.refresh.is_empty() && !settings.session.sliding {
            return Err(SettingsError {
                key: "routes.refresh",
                problem: "is empty, and without session.sliding nobody could stay logged in beyond the first access token; name the route, or set session.sliding = true".to_owned(),
            });
        }
        let mut seen: Vec<String> = Vec::new();
        for route in self.named() {
            let wrong = |problem: String| SettingsError {
                key: route.key,
                problem,
            };
            if !route.name.is_empty() && !is_name(route.name) {
                let problem = "must look like login or token/refresh, below routes.base_path, or like /refresh-token, below the root; without a slash at the end";
                return Err(wrong(problem.to_owned()));
            }
            let Some(path) = route.path(&settings.base_path) else {
                continue;
            };
            if path.strip_prefix(&settings.base_path) == Some(route.own) {
                let own = route.own.trim_start_matches('/');
                return Err(wrong(format!(
                    "{path} is where it is anyway; write {own:?}, which is relative to routes.base_path, or leave it out"
                )));
            }
            if seen.contains(&path) || is_taken(&path, settings) {
                return Err(wrong(format!(
                    "{path} is the place of something else; choose another name"
                )));
            }
            let cookies = &settings.cookies;
            let refresh_path = cookies.refresh_path.as_deref();
            let refresh_path = refresh_path.unwrap_or(&settings.base_path);
            let wants_refresh_cookie = [LOGIN, LOGOUT, REFRESH].contains(&route.own);
            if wants_refresh_cookie && !reaches(refresh_path, &path) {
                return Err(wrong(format!(
                    "the refresh cookie (Path={refresh_path}) does not reach {path}; choose a name below it, or set cookies.refresh_path"
                )));
            }
            if route.own != VERIFY && !reaches(&cookies.access_path, &path) {
                return Err(wrong(format!(
                    "the access cookie (Path={}) does not reach {path}; choose a name below it, or set cookies.access_path",
                    cookies.access_path
                )));
            }
            seen.push(path);
        }
        Ok(())
    }
}

fn is_name(name: &str) -> bool {
    let name = name.strip_prefix('/').unwrap_or(name);
    is_place(&format!("/{name}"))
}

/// Is something else at this path, or below it what would be shadowed?
fn is_taken(path: &str, settings: &Settings) -> bool {
    let base = settings.base_path.as_str();
    let pages = &settings.pages;
    if served_at(path).is_some()
        || pages.enabled && is_below(path, &pages.base_path)
        || path == base
    {
        return true;
    }
    path.strip_prefix(base).is_some_and(|rest| {
        FIXED.iter().any(|fixed| is_below(rest, fixed))
            || [LOGIN, LOGOUT, REFRESH, VERIFY, USER, CSRF, DOCUMENT].contains(&rest)
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Preset, PublicUrl};
    use super::*;

    fn refusal(change: impl FnOnce(&mut Settings)) -> Option<String> {
        let mut settings = Settings::new(PublicUrl::parse("https://app.example.com").unwrap());
        change(&mut settings);
        settings.verify().err().map(|error| error.to_string())
    }

    #[test]
    fn a_name_is_relative_to_the_base_path_or_to_the_root() {
        for good in ["login", "auth/log-in", "/accounts/auth/login", "log.in~1"] {
            let refused = refusal(|settings| {
                settings.routes.login = good.to_owned();
                settings.cookies.refresh_path = Some("/".to_owned());
            });
            assert_eq!(refused, None, "{good}");
        }
        for bad in [
            "login/", "/", "//x", "a//b", "../x", "a b", "{x}", "*", "/a?b", "é",
        ] {
            let refused = refusal(|settings| settings.routes.verify = bad.to_owned()).unwrap();
            assert!(
                refused.starts_with("routes.verify: must look like"),
                "{refused}"
            );
        }
    }

    /// Two routes at one place would be found out by the router alone, which panics.
    #[test]
    fn a_name_that_is_anothers_is_refused() {
        for taken in [
            "session",
            "sessions/1",
            "logout",
            "logout/all",
            "token/verify",
            "user/export",
            "registration/verify-email",
            "password/reset",
            "openapi.json",
            "pages/renew",
            "/api/auth",
            "/api/auth/user",
            "/account/login",
            "/healthz",
            "/.well-known/jwks.json",
        ] {
            let refused = refusal(|settings| {
                settings.routes.login = taken.to_owned();
                settings.cookies.refresh_path = Some("/".to_owned());
            });
            let refused = refused.unwrap_or_else(|| panic!("{taken}"));
            assert!(refused.ends_with("choose another name"), "{refused}");
        }
        let refused = refusal(|settings| {
            settings.routes.login = "enter".to_owned();
            settings.routes.csrf = "enter".to_owned();
        });
        assert!(refused.unwrap().starts_with("routes.csrf: /api/auth/enter"));
    }

    /// "Something else" would be the route itself.
    #[test]
    fn its_own_place_written_out_is_refused_with_the_short_form() {
        for (path, own) in [
            ("/api/auth/token/refresh", "token/refresh"),
            ("/a/token/refresh", "token/refresh"),
        ] {
            let refused = refusal(|settings| {
                settings.base_path = path.strip_suffix("/token/refresh").unwrap().to_owned();
                settings.routes.refresh = path.to_owned();
            });
            assert_eq!(
                refused.unwrap(),
                format!(
                    "routes.refresh: {path} is where it is anyway; write {own:?}, which is relative to routes.base_path, or leave it out"
                )
            );
        }
    }

    /// A login that does not see the old refresh cookie leaves its session alive, and a refresh
    /// without it never succeeds.
    #[test]
    fn a_name_that_cookies_do_not_reach_is_refused() {
        type Change = fn(&mut Settings);
        let rows: [(Change, &str); 4] = [
            (
                |settings| settings.routes.refresh = "/refresh-token".to_owned(),
                "routes.refresh: the refresh cookie (Path=/api/auth) does not reach /refresh-token; choose a name below it, or set cookies.refresh_path",
            ),
            (
                |settings| {
                    settings.routes.user = "/me".to_owned();
                    settings.cookies.access_path = "/api".to_owned();
                    settings.pages.enabled = false;
                },
                "routes.user: the access cookie (Path=/api) does not reach /me; choose a name below it, or set cookies.access_path",
            ),
            (
                |settings| settings.routes.refresh = String::new(),
                "routes.refresh: is empty, and without session.sliding nobody could stay logged in beyond the first access token; name the route, or set session.sliding = true",
            ),
            (
                |settings| {
                    *settings = settings.clone().with_preset(Preset::SimplejwtActivity);
                    settings.cookies.refresh_path = None;
                },
                "routes.refresh: the refresh cookie (Path=/api/auth) does not reach /refresh-token; choose a name below it, or set cookies.refresh_path",
            ),
        ];
        for (change, message) in rows {
            assert_eq!(refusal(change).as_deref(), Some(message));
        }
    }
}
