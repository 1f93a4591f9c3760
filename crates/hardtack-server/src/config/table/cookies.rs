//! What browsers are sent and who may send something back.

use hardtack::settings::{CookiePrefix, PlacedCookie, SameSite};

use super::super::form::{cookie_name, cookie_path, not_empty, origin};
use super::super::key::{Default, Key, Kind};
pub(super) static COOKIES: &[Key] = &[
    Key {
        name: "cookies.access_name",
        kind: Kind::Text {
            form: "cookie name",
            put: |config, text| {
                config.settings.cookies.access_name = cookie_name(text)?;
                Ok(())
            },
        },
        default: Default::Is("access"),
        meaning: "The cookie that carries the access token.",
    },
    Key {
        name: "cookies.refresh_name",
        kind: Kind::Text {
            form: "cookie name",
            put: |config, text| {
                config.settings.cookies.refresh_name = cookie_name(text)?;
                Ok(())
            },
        },
        default: Default::Is("refresh"),
        meaning: "The cookie that carries the refresh token.",
    },
    Key {
        name: "cookies.csrf_name",
        kind: Kind::Text {
            form: "cookie name",
            put: |config, text| {
                config.settings.cookies.csrf_name = cookie_name(text)?;
                Ok(())
            },
        },
        default: Default::Is("csrftoken"),
        meaning: "The cookie with the double-submit token, the only one that scripts can read.",
    },
    Key {
        name: "cookies.prefix",
        kind: Kind::Choice(&[
            ("none", |config| {
                config.settings.cookies.prefix = CookiePrefix::None;
            }),
            ("host", |config| {
                config.settings.cookies.prefix = CookiePrefix::Host;
            }),
        ]),
        default: Default::Is("none"),
        meaning: "`host` makes the names `__Host-access` and `__Host-csrftoken`, which browsers let no sibling host plant, and `__Secure-refresh`, which they let no plain-HTTP page plant (`__Host-` would rule its narrow path out). The plain names mean nothing then. Verifiers elsewhere, and scripts that send the CSRF token, must be told the new names. A change costs everybody one login.",
    },
    Key {
        name: "cookies.secure",
        kind: Kind::Flag(|config| &mut config.settings.cookies.secure),
        default: Default::Is("true"),
        meaning: "Send cookies over TLS only. Only `--dev` does without.",
    },
    Key {
        name: "cookies.same_site",
        kind: Kind::Choice(&[
            ("lax", |config| {
                config.settings.cookies.same_site = SameSite::Lax;
            }),
            ("strict", |config| {
                config.settings.cookies.same_site = SameSite::Strict;
            }),
            ("none", |config| {
                config.settings.cookies.same_site = SameSite::None;
            }),
        ]),
        default: Default::Is("lax"),
        meaning: "Which sites' requests carry the cookies. `strict` also leaves them out when a person follows a link from elsewhere; `none` is for a front-end on another site.",
    },
    Key {
        name: "cookies.partitioned",
        kind: Kind::Flag(|config| &mut config.settings.cookies.partitioned),
        default: Default::Is("false"),
        meaning: "Give each embedding site its own jar (CHIPS), for a service inside frames of other sites.",
    },
    Key {
        name: "cookies.domain",
        kind: Kind::Text {
            form: "host name",
            put: |config, text| {
                let text = not_empty(text)?;
                let host = text.strip_prefix('.').unwrap_or(text).to_ascii_lowercase();
                config.settings.cookies.domain = Some(host);
                Ok(())
            },
        },
        default: Default::Unset("the host of the public URL alone"),
        meaning: "Share the cookies with every host below this one. Each of them can then read the access token that it is sent.",
    },
    Key {
        name: "cookies.access_path",
        kind: Kind::Text {
            form: "/path",
            put: |config, text| {
                config.settings.cookies.access_path = cookie_path(text)?;
                Ok(())
            },
        },
        default: Default::Is("/"),
        meaning: "Which paths are sent the access token.",
    },
    Key {
        name: "cookies.refresh_path",
        kind: Kind::Text {
            form: "/path",
            put: |config, text| {
                config.settings.cookies.refresh_path = Some(cookie_path(text)?);
                Ok(())
            },
        },
        default: Default::Unset("`routes.base_path`"),
        meaning: "Which paths are sent the refresh token. The narrower, the fewer places can lose it; refresh and logout must be among them.",
    },
    Key {
        name: "cookies.former",
        kind: Kind::Texts {
            form: "name; Path=/path; Domain=host name; Partitioned",
            put: |config, texts| {
                config.settings.cookies.former = texts
                    .iter()
                    .map(|text| PlacedCookie::parse(text))
                    .collect::<Result<_, _>>()?;
                Ok(())
            },
        },
        default: Default::Is(""),
        meaning: "Cookies of a system before this one, which a login and a logout clear. What Hardtack's own were before a change of name, path, domain or prefix, it remembers by itself in the data directory.",
    },
];

pub(super) static CSRF: &[Key] = &[
    Key {
        name: "csrf.double_submit",
        kind: Kind::Flag(|config| &mut config.settings.csrf.double_submit),
        default: Default::Is("false"),
        meaning: "Also demand `X-CSRFToken` with the value of the CSRF cookie, as Django front-ends send it. The checks of Origin and Sec-Fetch-Site are always on.",
    },
    Key {
        name: "csrf.exempt_refresh",
        kind: Kind::Flag(|config| &mut config.settings.csrf.exempt_refresh),
        default: Default::Is("false"),
        meaning: "With `csrf.double_submit`: let a refresh do without the token, for front-ends that send none there. Whoever forges a refresh cannot read the answer.",
    },
    Key {
        name: "csrf.allow_same_site",
        kind: Kind::Flag(|config| &mut config.settings.csrf.allow_same_site),
        default: Default::Is("false"),
        meaning: "Believe sibling hosts of the same site in requests that carry no Origin.",
    },
];

pub(super) static CORS: &[Key] = &[Key {
    name: "cors.allowed_origins",
    kind: Kind::Texts {
        form: "origin, as in https://app.example.com",
        put: |config, texts| {
            config.settings.cors_allowed_origins = texts
                .iter()
                .map(|text| origin(text))
                .collect::<Result<_, _>>()?;
            Ok(())
        },
    },
    default: Default::Is(""),
    meaning: "Other origins whose scripts may call with cookies and read the answers. Each may change something like the public URL's own.",
}];
