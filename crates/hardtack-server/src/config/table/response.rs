//! What the routes are called, and what their answers look like.

use hardtack::settings::{
    ErrorShape, MessageShape, MissingRefreshStatus, Preset, RefusedLoginStatus, TokenShape,
    UserFields, UserKey,
};

use super::super::form::{base_path, route};
use super::super::key::{Default, Key, Kind};

pub(super) static PRESET: &[Key] = &[Key {
    name: "preset",
    kind: Kind::Choice(&[
        ("hardtack", |config| config.preset = Preset::Hardtack),
        ("dj-rest-auth", |config| config.preset = Preset::DjRestAuth),
        ("drf-jwt-httponly-cookie", |config| {
            config.preset = Preset::DrfJwtHttponlyCookie;
        }),
        ("simplejwt-activity", |config| {
            config.preset = Preset::SimplejwtActivity;
        }),
    ]),
    default: Default::Is("hardtack"),
    meaning: "The system whose front-ends work unchanged: a table of the settings below, which stands under whatever else is said ([compatibility.md](compatibility.md)).",
}];

pub(super) static ROUTES: &[Key] = &[
    Key {
        name: "routes.base_path",
        kind: Kind::Text {
            form: "/path without / at the end",
            put: |config, text| {
                config.settings.base_path = base_path(text)?;
                Ok(())
            },
        },
        default: Default::Is("/api/auth"),
        meaning: "Where the routes are, as a browser sees them; not where `/healthz`, `/readyz` and `/.well-known` are.",
    },
    Key {
        name: "routes.login",
        kind: Kind::Text {
            form: ROUTE,
            put: |config, text| {
                config.settings.routes.login = route(text)?;
                Ok(())
            },
        },
        default: Default::Is("login"),
        meaning: "A name for the login: below `routes.base_path`, or with a slash in front below the root. Hardtack's own name answers beside another one; an empty one takes the route away. So do the next five.",
    },
    Key {
        name: "routes.logout",
        kind: Kind::Text {
            form: ROUTE,
            put: |config, text| {
                config.settings.routes.logout = route(text)?;
                Ok(())
            },
        },
        default: Default::Is("logout"),
        meaning: "A name for the logout.",
    },
    Key {
        name: "routes.refresh",
        kind: Kind::Text {
            form: ROUTE,
            put: |config, text| {
                config.settings.routes.refresh = route(text)?;
                Ok(())
            },
        },
        default: Default::Is("token/refresh"),
        meaning: "A name for the refresh. It can be empty only with `session.sliding`.",
    },
    Key {
        name: "routes.verify",
        kind: Kind::Text {
            form: ROUTE,
            put: |config, text| {
                config.settings.routes.verify = route(text)?;
                Ok(())
            },
        },
        default: Default::Is("token/verify"),
        meaning: "A name for the verification of tokens.",
    },
    Key {
        name: "routes.user",
        kind: Kind::Text {
            form: ROUTE,
            put: |config, text| {
                config.settings.routes.user = route(text)?;
                Ok(())
            },
        },
        default: Default::Is("user"),
        meaning: "A name for the user's own data.",
    },
    Key {
        name: "routes.csrf",
        kind: Kind::Text {
            form: ROUTE,
            put: |config, text| {
                config.settings.routes.csrf = route(text)?;
                Ok(())
            },
        },
        default: Default::Is("csrf"),
        meaning: "A name for where double-submit tokens are had.",
    },
];

const ROUTE: &str = "name or /path";

pub(super) static RESPONSE: &[Key] = &[
    Key {
        name: "response.login",
        kind: Kind::Choice(&[
            ("full", |config| {
                config.settings.response.login = TokenShape::Full;
            }),
            ("empty", |config| {
                config.settings.response.login = TokenShape::Empty;
            }),
            ("access_token", |config| {
                config.settings.response.login = TokenShape::AccessToken;
            }),
        ]),
        default: Default::Is("full"),
        meaning: "The body of a login and a registration: the user and both ends with such tokens as `tokens.in_body` says; `{}`; or `{\"access_token\":…}`, for which `tokens.in_body` must let it out.",
    },
    Key {
        name: "response.refresh",
        kind: Kind::Choice(&[
            ("full", |config| {
                config.settings.response.refresh = TokenShape::Full;
            }),
            ("empty", |config| {
                config.settings.response.refresh = TokenShape::Empty;
            }),
            ("access_token", |config| {
                config.settings.response.refresh = TokenShape::AccessToken;
            }),
        ]),
        default: Default::Is("full"),
        meaning: "The body of a refresh: as for a login, without the user.",
    },
    Key {
        name: "response.logout",
        kind: Kind::Choice(&[
            ("detail", |config| {
                config.settings.response.logout = MessageShape::Detail;
            }),
            ("empty", |config| {
                config.settings.response.logout = MessageShape::Empty;
            }),
        ]),
        default: Default::Is("detail"),
        meaning: "The body of a logout: `{\"detail\":…}` or `{}`.",
    },
    Key {
        name: "response.error",
        kind: Kind::Choice(&[
            ("detail", |config| {
                config.settings.response.error = ErrorShape::Detail;
            }),
            ("error", |config| {
                config.settings.response.error = ErrorShape::Error;
            }),
        ]),
        default: Default::Is("detail"),
        meaning: "The body of a refused refresh: `{\"detail\":…,\"code\":…}` with the reason, or `{\"error\":…}` that tells a missing token from a bad one. Other routes have `detail`.",
    },
    Key {
        name: "response.missing_refresh_status",
        kind: Kind::Number(&[
            (401, |config| {
                config.settings.response.missing_refresh_status =
                    MissingRefreshStatus::Unauthorized;
            }),
            (400, |config| {
                config.settings.response.missing_refresh_status = MissingRefreshStatus::BadRequest;
            }),
            (403, |config| {
                config.settings.response.missing_refresh_status = MissingRefreshStatus::Forbidden;
            }),
        ]),
        default: Default::Is("401"),
        meaning: "The status of a refresh that brings no refresh token. With 400 and 403 an empty cookie counts as none.",
    },
    Key {
        name: "response.refused_login_status",
        kind: Kind::Number(&[
            (400, |config| {
                config.settings.response.refused_login_status = RefusedLoginStatus::BadRequest;
            }),
            (403, |config| {
                config.settings.response.refused_login_status = RefusedLoginStatus::Forbidden;
            }),
        ]),
        default: Default::Is("400"),
        meaning: "The status of a login with a wrong name or password: 400 with `non_field_errors`, or 403 with `detail`. Never 401, at which front-ends would refresh.",
    },
    Key {
        name: "response.user_key",
        kind: Kind::Choice(&[
            ("pk", |config| {
                config.settings.response.user_key = UserKey::Pk;
            }),
            ("id", |config| {
                config.settings.response.user_key = UserKey::Id;
            }),
        ]),
        default: Default::Is("pk"),
        meaning: "What the number of a user is called. `session/`, which is Hardtack's own, says `pk`.",
    },
    Key {
        name: "response.user_fields",
        kind: Kind::Texts {
            form: "username, email, first_name, last_name",
            put: |config, texts| {
                config.settings.response.user_fields =
                    UserFields::of(texts.iter().map(String::as_str))?;
                Ok(())
            },
        },
        default: Default::Is("username,email,first_name,last_name"),
        meaning: "What is told of a user besides the number.",
    },
];
