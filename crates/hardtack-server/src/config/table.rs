//! Every key that can be set.

use std::num::NonZeroU32;
use std::time::Duration;

use hardtack::settings::{
    CookiePrefix, PlacedCookie, PublicUrl, RevocationSettings, SameSite, TokensInBody,
};
use hardtack_core::key::Algorithm;
use hardtack_core::password::HashCost;

use super::form::{base_path, cookie_name, cookie_path, file, network, not_empty, origin};
use super::key::{Default, Key, Kind};
use super::{Config, LogFormat};

const KIB: usize = 1024;
const SECOND: Duration = Duration::from_secs(1);

/// Every key, by section, in the order of the reference.
pub(crate) static KEYS: &[Key] = &[
    Key {
        name: "server.listen",
        kind: Kind::Text {
            form: "address:port",
            put: |config, text| {
                config.server.listen = text
                    .parse()
                    .map_err(|_| format!("{text:?} is not address:port, as in 127.0.0.1:8000"))?;
                Ok(())
            },
        },
        default: Default::Is("127.0.0.1:8000"),
        meaning: "Where the server listens, in plain HTTP unless `server.tls_cert` is set. Port 0 takes any free port and prints it.",
    },
    Key {
        name: "server.tls_cert",
        kind: Kind::Text {
            form: "file",
            put: |config, text| {
                config.server.tls_cert = Some(file(text)?);
                Ok(())
            },
        },
        default: Default::Unset("no TLS here: it ends at a proxy in front"),
        meaning: "The certificate chain in PEM, the server's own first, relative to the data directory. With it and `server.tls_key` the server speaks HTTPS itself (TLS 1.2 and 1.3) and nothing else; `--dev` speaks plain HTTP all the same. Changed files are taken up within three seconds; a pair that cannot be used is logged, and the old one stays.",
    },
    Key {
        name: "server.tls_key",
        kind: Kind::Text {
            form: "file",
            put: |config, text| {
                config.server.tls_key = Some(file(text)?);
                Ok(())
            },
        },
        default: Default::Unset("no TLS here"),
        meaning: "The certificate's private key in PEM, unencrypted, relative to the data directory; for its owner only (0600).",
    },
    Key {
        name: "server.public_url",
        kind: Kind::Text {
            form: "scheme://host[:port]",
            put: |config, text| {
                config.settings.public_url =
                    PublicUrl::parse(text).map_err(|error| error.problem)?;
                config.public_url_given = true;
                Ok(())
            },
        },
        default: Default::Unset("required; `--dev` takes the listener's own address"),
        meaning: "Where browsers reach this service. Its origin may always change something (CSRF), and it is the issuer of tokens unless `tokens.issuer` is set.",
    },
    Key {
        name: "server.data_dir",
        kind: Kind::Text {
            form: "directory",
            put: |config, text| {
                config.server.data_dir = not_empty(text)?.into();
                Ok(())
            },
        },
        default: Default::Is("hardtack-data"),
        meaning: "Where the database, the keys and the pepper are, relative to the working directory. Created for its owner only.",
    },
    Key {
        name: "server.trusted_proxies",
        kind: Kind::Texts {
            form: "network, as in 10.0.0.0/8 or 192.0.2.1",
            put: |config, texts| {
                config.settings.trusted_proxies = texts
                    .iter()
                    .map(|text| network(text))
                    .collect::<Result<_, _>>()?;
                Ok(())
            },
        },
        default: Default::Is(""),
        meaning: "Proxies whose `X-Forwarded-For` is believed; the client is the rightmost address that is none of them. Empty: whoever connects is the client.",
    },
    Key {
        name: "server.max_connections",
        kind: Kind::Count {
            unit: "connections",
            range: 1..=1_000_000,
            put: |config, count| config.server.max_connections = whole(count),
        },
        default: Default::Is("10000"),
        meaning: "Connections held at once. A newcomer sends away the one that has waited longest without a request, and itself waits if there is none. Fewer where the hard limit of open files (`ulimit -Hn`) allows fewer.",
    },
    Key {
        name: "server.max_head_size",
        kind: Kind::Size {
            // hyper takes no less than 8 KiB.
            range: 8 * KIB..=1024 * KIB,
            put: |config, bytes| config.server.max_head_bytes = bytes,
        },
        default: Default::Is("32KiB"),
        meaning: "The longest head of a request; longer ones are answered 431.",
    },
    Key {
        name: "server.max_body_size",
        kind: Kind::Size {
            range: KIB..=16 * 1024 * KIB,
            put: |config, bytes| config.settings.limits.body_bytes = bytes,
        },
        default: Default::Is("64KiB"),
        meaning: "The longest body of a request; longer ones are answered 413.",
    },
    Key {
        name: "server.head_timeout",
        kind: Kind::Duration {
            at_least: SECOND,
            place: |config| &mut config.server.head_timeout,
        },
        default: Default::Is("10s"),
        meaning: "How long the head of a request may take to arrive, and before it the handshake of TLS.",
    },
    Key {
        name: "server.body_timeout",
        kind: Kind::Duration {
            at_least: SECOND,
            place: |config| &mut config.settings.limits.body_timeout,
        },
        default: Default::Is("15s"),
        meaning: "How long the body of a request may take to arrive.",
    },
    Key {
        name: "server.keep_alive_timeout",
        kind: Kind::Duration {
            at_least: SECOND,
            place: |config| &mut config.server.keep_alive_timeout,
        },
        default: Default::Is("60s"),
        meaning: "How long a connection may stay open without a request. Longer than the one of a proxy in front, or it meets connections that are just being closed.",
    },
    Key {
        name: "server.shutdown_timeout",
        kind: Kind::Duration {
            at_least: SECOND,
            place: |config| &mut config.server.shutdown_timeout,
        },
        default: Default::Is("10s"),
        meaning: "How long requests under way may take to end after SIGTERM or SIGINT.",
    },
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
        meaning: "Where the routes are, as a browser sees them.",
    },
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
        meaning: "Which tokens appear in bodies besides the cookies. A script that can read a body can steal what is in it.",
    },
    Key {
        name: "tokens.accept_simplejwt",
        kind: Kind::Flag(|config| &mut config.settings.tokens.accept_simplejwt),
        default: Default::Is("false"),
        meaning: "Believe access tokens that a Django site signed with the shared HS256 secret. User numbers must be the same on both sides.",
    },
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
    Key {
        name: "csrf.double_submit",
        kind: Kind::Flag(|config| &mut config.settings.csrf.double_submit),
        default: Default::Is("false"),
        meaning: "Also demand `X-CSRFToken` with the value of the CSRF cookie, as Django front-ends send it. The checks of Origin and Sec-Fetch-Site are always on.",
    },
    Key {
        name: "csrf.allow_same_site",
        kind: Kind::Flag(|config| &mut config.settings.csrf.allow_same_site),
        default: Default::Is("false"),
        meaning: "Believe sibling hosts of the same site in requests that carry no Origin.",
    },
    Key {
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
    },
    Key {
        name: "rate_limit.login_per_user",
        kind: Kind::Count {
            unit: "logins",
            // A hundred failures in a row are a day's rest in any case (SP 800-63B-4 §3.2.2).
            range: 1..=100,
            put: |config, count| config.settings.rate_limit.login_per_user = count,
        },
        default: Default::Is("10"),
        meaning: "Logins of one user in a minute, by whatever spelling; after that the wait doubles with each failure. At most 100, for after so many without one success the user rests for a day.",
    },
    Key {
        name: "rate_limit.login_per_address",
        kind: Kind::Count {
            unit: "logins",
            range: 1..=1_000_000,
            put: |config, count| config.settings.rate_limit.login_per_address = count,
        },
        default: Default::Is("60"),
        meaning: "Logins from one address in a minute; of IPv6, from one /64.",
    },
    Key {
        name: "rate_limit.refused_refreshes",
        kind: Kind::Count {
            unit: "refreshes",
            range: 1..=1_000_000,
            put: |config, count| config.settings.rate_limit.refused_refreshes = count,
        },
        default: Default::Is("10"),
        meaning: "Refused refreshes of one client in a minute; good ones always pass.",
    },
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
    Key {
        name: "audit.kept_for",
        kind: Kind::Duration {
            at_least: Duration::ZERO,
            place: |config| &mut config.settings.audit.kept_for,
        },
        default: Default::Is("90d"),
        meaning: "How long `hardtack audit list` can tell what happened: logins, refusals, ended sessions, new passwords, with user, session, address and reason. Refreshes are logged and not kept. `0s` keeps nothing.",
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
    Key {
        name: "password.min_length",
        kind: Kind::Count {
            unit: "characters",
            range: 8..=64,
            put: |config, count| config.settings.password.min_length = whole(count),
        },
        default: Default::Is("8"),
        meaning: "The shortest new password. NIST SP 800-63B-4 recommends 15 where it is the only factor.",
    },
    Key {
        name: "password.argon2_memory",
        kind: Kind::Size {
            range: 19 * 1024 * KIB..=256 * 1024 * KIB,
            put: |config, bytes| {
                let memory_kib = u32::try_from(bytes / KIB).unwrap_or(u32::MAX);
                let iterations = config.settings.password.cost.iterations();
                set_cost(config, memory_kib, iterations);
            },
        },
        default: Default::Is("19MiB"),
        meaning: "Memory of one password hash (Argon2id). Hashes that cost less are made again at the next login.",
    },
    Key {
        name: "password.argon2_iterations",
        kind: Kind::Count {
            unit: "passes",
            range: 2..=10,
            put: |config, iterations| {
                let memory_kib = config.settings.password.cost.memory_kib();
                set_cost(config, memory_kib, iterations);
            },
        },
        default: Default::Is("2"),
        meaning: "Passes of one password hash over its memory.",
    },
    Key {
        name: "password.hash_threads",
        kind: Kind::Count {
            unit: "threads",
            range: 1..=1024,
            put: |config, count| config.settings.password.threads = whole(count),
        },
        default: Default::Unset("one for each processor"),
        meaning: "Threads that hash passwords, at low priority; each keeps the memory of one hash.",
    },
    Key {
        name: "password.hash_queue",
        kind: Kind::Count {
            unit: "logins",
            range: 1..=1_000_000,
            put: |config, count| config.settings.password.queue = whole(count),
        },
        default: Default::Unset("16 for each processor"),
        meaning: "Logins that may wait for a hash thread; more are answered 503.",
    },
    Key {
        name: "store.url",
        kind: Kind::Text {
            form: "sqlite:file",
            put: |config, text| {
                config.database = text
                    .strip_prefix("sqlite:")
                    .filter(|path| !path.is_empty())
                    .ok_or("sqlite:FILE is wanted, as in sqlite:hardtack.db")?
                    .into();
                Ok(())
            },
        },
        default: Default::Is("sqlite:hardtack.db"),
        meaning: "The database; a file relative to the data directory.",
    },
    Key {
        name: "log.level",
        kind: Kind::Choice(&[
            ("error", |config| config.log.level = tracing::Level::ERROR),
            ("warn", |config| config.log.level = tracing::Level::WARN),
            ("info", |config| config.log.level = tracing::Level::INFO),
            ("debug", |config| config.log.level = tracing::Level::DEBUG),
        ]),
        default: Default::Is("info"),
        meaning: "The least important line that is logged.",
    },
    Key {
        name: "log.format",
        kind: Kind::Choice(&[
            ("auto", |config| config.log.format = LogFormat::Auto),
            ("text", |config| config.log.format = LogFormat::Text),
            ("json", |config| config.log.format = LogFormat::Json),
        ]),
        default: Default::Is("auto"),
        meaning: "How log lines look; `auto` is text in a terminal and one JSON object a line elsewhere.",
    },
];

fn set_cost(config: &mut Config, memory_kib: u32, iterations: u32) {
    // The table's ranges are the library's bounds; `the_bounds_of_a_hash_are_the_librarys` holds them together.
    if let Ok(cost) = HashCost::new(memory_kib, iterations, 1) {
        config.settings.password.cost = cost;
    }
}

fn whole(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::Sources;
    use super::*;

    #[test]
    fn the_table_and_the_library_agree_on_every_default() {
        let loaded = Sources::default().load().unwrap();
        let public_url = PublicUrl::parse("http://127.0.0.1:8000").unwrap();
        let library = hardtack::settings::Settings::new(public_url);
        assert_eq!(
            format!("{:#?}", loaded.config.settings),
            format!("{library:#?}")
        );
    }

    #[test]
    fn each_key_stands_once_and_sections_stay_together() {
        let mut sections = Vec::new();
        for (index, key) in KEYS.iter().enumerate() {
            assert!(
                KEYS[..index].iter().all(|other| other.name != key.name),
                "{}",
                key.name
            );
            if sections.last() != Some(&key.section()) {
                assert!(!sections.contains(&key.section()), "{}", key.name);
                sections.push(key.section());
            }
        }
    }

    #[test]
    fn the_bounds_of_a_hash_are_the_librarys() {
        for (memory, iterations) in [("19MiB", "2"), ("256MiB", "10"), ("20MiB", "3")] {
            let config = Sources::default()
                .with_flag("--test", "password.argon2_memory", Some(memory.to_owned()))
                .with_flag(
                    "--test",
                    "password.argon2_iterations",
                    Some(iterations.to_owned()),
                )
                .load()
                .unwrap()
                .config;
            let cost = config.settings.password.cost;
            assert_eq!(format!("{}MiB", cost.memory_kib() / 1024), memory);
            assert_eq!(cost.iterations().to_string(), iterations);
        }
    }
}
