//! The service itself: where it listens, what it keeps where, what it logs.

use hardtack::settings::PublicUrl;

use super::super::LogFormat;
use super::super::form::{file, network, not_empty};
use super::super::key::{Default, Key, Kind};
use super::{KIB, SECOND, whole};
pub(super) static SERVER: &[Key] = &[
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
];

pub(super) static STORE: &[Key] = &[Key {
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
}];

pub(super) static LOG: &[Key] = &[
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
