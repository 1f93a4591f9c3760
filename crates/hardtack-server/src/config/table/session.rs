//! Tokens and sessions: how long they live, how their end is known and remembered.

use std::num::NonZeroU32;
use std::time::Duration;

use hardtack::settings::{RevocationSettings, TokensInBody};
use hardtack_core::key::Algorithm;

use super::super::form::{file, not_empty};
use super::super::key::{Default, Key, Kind};
use super::SECOND;
pub(super) static TOKENS: &[Key] = &[
    Key {
        name: "tokens.algorithm",
        kind: Kind::Choice(&[
            ("ES256", |config| config.keys.algorithm = Algorithm::Es256),
            ("EdDSA", |config| config.keys.algorithm = Algorithm::EdDsa),
            ("RS256", |config| config.keys.algorithm = Algorithm::Rs256),
            ("HS256", |config| config.keys.algorithm = Algorithm::Hs256),
        ]),
        default: Default::Is("ES256"),
        meaning: "What new signing keys are made for; keys that exist stay. HS256 shares one secret with an existing Django site and needs `tokens.key_file`.",
    },
    Key {
        name: "tokens.key_file",
        kind: Kind::Text {
            form: "file",
            put: |config, text| {
                config.keys.key_file = Some(file(text)?);
                Ok(())
            },
        },
        default: Default::Unset("`keys.json`, made at first start"),
        meaning: "The signing keys, relative to the data directory; for its owner only (0600). With HS256: the shared secret itself, as text.",
    },
    Key {
        name: "tokens.pepper_file",
        kind: Kind::Text {
            form: "file",
            put: |config, text| {
                config.keys.pepper_file = Some(file(text)?);
                Ok(())
            },
        },
        default: Default::Unset("`pepper`, made at first start"),
        meaning: "The key that refresh tokens are derived under: 32 random bytes in base64, relative to the data directory; for its owner only (0600). Another pepper ends every session.",
    },
    Key {
        name: "tokens.access_lifetime",
        kind: Kind::Duration {
            at_least: SECOND,
            place: |config| &mut config.settings.tokens.access_lifetime,
        },
        default: Default::Is("15m"),
        meaning: "How long an access token is good. Verifiers that do not ask for revocations believe one that long after a logout.",
    },
    Key {
        name: "tokens.issuer",
        kind: Kind::Text {
            form: "text",
            put: |config, text| {
                config.settings.tokens.issuer = Some(not_empty(text)?.to_owned());
                Ok(())
            },
        },
        default: Default::Unset("the public URL"),
        meaning: "`iss` of access tokens.",
    },
    Key {
        name: "tokens.audience",
        kind: Kind::Text {
            form: "text",
            put: |config, text| {
                config.settings.tokens.audience = Some(not_empty(text)?.to_owned());
                Ok(())
            },
        },
        default: Default::Unset("no `aud`"),
        meaning: "`aud` of access tokens; tokens without it are refused then.",
    },
    Key {
        name: "tokens.in_body",
        kind: Kind::Choice(&[
            ("none", |config| {
                config.settings.tokens.in_body = TokensInBody::None;
            }),
            ("access", |config| {
                config.settings.tokens.in_body = TokensInBody::Access;
            }),
            ("both", |config| {
                config.settings.tokens.in_body = TokensInBody::Both;
            }),
        ]),
        default: Default::Is("none"),
        meaning: "Which tokens appear in bodies besides the cookies. A script that can read a body can steal what is in it. `both` wants the bodies of login and refresh `full`.",
    },
    Key {
        name: "tokens.accept_simplejwt",
        kind: Kind::Flag(|config| &mut config.settings.tokens.accept_simplejwt),
        default: Default::Is("false"),
        meaning: "Believe access tokens that a Django site signed with the shared HS256 secret. User numbers must be the same on both sides.",
    },
];

pub(super) static SESSION: &[Key] = &[
    Key {
        name: "session.idle_timeout",
        kind: Kind::Duration {
            at_least: SECOND,
            place: |config| &mut config.settings.session.lifetime.idle_timeout,
        },
        default: Default::Is("7d"),
        meaning: "A session that is not used that long ends.",
    },
    Key {
        name: "session.absolute_timeout",
        kind: Kind::Duration {
            at_least: SECOND,
            place: |config| &mut config.settings.session.lifetime.absolute_timeout,
        },
        default: Default::Is("30d"),
        meaning: "A session ends that long after its login, however much it is used.",
    },
    Key {
        name: "session.remembered_idle_timeout",
        kind: Kind::Duration {
            at_least: SECOND,
            place: |config| &mut config.settings.session.remembered_lifetime.idle_timeout,
        },
        default: Default::Is("30d"),
        meaning: "As `session.idle_timeout`, for a login that said `remember_me: true`. Not shorter than that.",
    },
    Key {
        name: "session.remembered_absolute_timeout",
        kind: Kind::Duration {
            at_least: SECOND,
            place: |config| &mut config.settings.session.remembered_lifetime.absolute_timeout,
        },
        default: Default::Is("90d"),
        meaning: "As `session.absolute_timeout`, for a login that said `remember_me: true`. Not shorter than that.",
    },
    Key {
        name: "session.limit_per_user",
        kind: Kind::Count {
            unit: "sessions",
            range: 0..=1_000_000,
            put: |config, count| {
                config.settings.session.limit_per_user = NonZeroU32::new(count);
            },
        },
        default: Default::Is("100"),
        meaning: "Sessions that one user may have at once; 0 is without limit. A login beyond it ends the one that was idle longest.",
    },
    Key {
        name: "session.rotation_window",
        kind: Kind::Duration {
            at_least: SECOND,
            place: |config| &mut config.settings.session.rotation_window,
        },
        default: Default::Is("60s"),
        meaning: "The time in which an older message may still arrive: refreshes inside it get the same successor. At least two round trips and the 30 s in which a browser writes cookies to disk.",
    },
    Key {
        name: "session.sliding",
        kind: Kind::Flag(|config| &mut config.settings.session.sliding),
        default: Default::Is("false"),
        meaning: "Also renew the access cookie with the answer to an ordinary request, when it is missing or in the last third of its life: for front-ends that cannot refresh by themselves. Needs `cookies.refresh_path = \"/\"`, and the refresh cookie then goes with every request of the host.",
    },
];

pub(super) static REVOCATIONS: &[Key] = &[
    Key {
        name: "revocations.service_token_file",
        kind: Kind::Text {
            form: "file",
            put: |config, text| {
                config.revocations.service_token_file = Some(file(text)?);
                Ok(())
            },
        },
        default: Default::Unset("no feed: `revocations/` and `uses/` are 404"),
        meaning: "What verifiers in other processes prove themselves with to learn which sessions were ended: random tokens, one a line (`openssl rand -base64 32`), relative to the data directory; for its owner only (0600). Read at the start.",
    },
    Key {
        name: "revocations.stale_after",
        kind: Kind::Duration {
            at_least: RevocationSettings::SHORTEST_STALE_AFTER,
            place: |config| &mut config.settings.revocations.stale_after,
        },
        default: Default::Is("10s"),
        meaning: "When the database has not told for so long which sessions were ended elsewhere, this server's knowledge is stale and `/readyz` says so. It is asked once a second.",
    },
    Key {
        name: "revocations.fail_open_for",
        kind: Kind::Duration {
            at_least: Duration::ZERO,
            place: |config| &mut config.settings.revocations.fail_open_for,
        },
        default: Default::Is("60s"),
        meaning: "How long access tokens are believed all the same from then on; after that they are answered 503 until the database tells again. `0s` is fail-closed; `tokens.access_lifetime` or more is fail-open, for no token is believed longer anyway.",
    },
];

pub(super) static AUDIT: &[Key] = &[
    Key {
        name: "audit.kept_for",
        kind: Kind::Duration {
            at_least: Duration::ZERO,
            place: |config| &mut config.settings.audit.kept_for,
        },
        default: Default::Is("90d"),
        meaning: "How long `hardtack audit list` can tell what happened: logins, refusals, ended sessions, new passwords, with user, session, address and reason. Refreshes are logged and not kept. Entries are written once a second, so a kill loses those of the last one. `0s` keeps nothing.",
    },
    Key {
        name: "audit.refusals_per_minute",
        kind: Kind::Count {
            unit: "entries",
            range: 1..=1_000_000,
            put: |config, count| config.settings.audit.refusals_per_minute = count,
        },
        default: Default::Is("600"),
        meaning: "Refusals kept one by one in a minute. Strangers cause them for nothing; of more than these only the number is kept, so that nobody can fill the disk.",
    },
];
