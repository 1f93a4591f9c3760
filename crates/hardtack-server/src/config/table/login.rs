//! What guessing costs.

use hardtack::breached::RangeUrl;
use hardtack_core::password::HashCost;

use super::super::Config;
use super::super::key::{Default, Key, Kind};
use super::{KIB, SECOND, whole};
pub(super) static RATE_LIMIT: &[Key] = &[
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
        name: "rate_limit.login_total",
        kind: Kind::Count {
            unit: "logins",
            range: 1..=1_000_000,
            put: |config, count| config.settings.rate_limit.login_total = count,
        },
        default: Default::Is("3000"),
        meaning: "Logins of everybody together in a minute that fail; more are answered 429, right ones as well. It slows guesses that are spread over accounts and addresses. Keep it well above what people mistype, for whoever reaches it keeps others from logging in.",
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
        name: "rate_limit.registration",
        kind: Kind::Count {
            unit: "registrations",
            range: 1..=1_000_000,
            put: |config, count| config.settings.rate_limit.registration = count,
        },
        default: Default::Is("10"),
        meaning: "Registrations from one address in an hour; of IPv6, from one /64. Those that fail because a name is taken count as well.",
    },
    Key {
        name: "rate_limit.reset",
        kind: Kind::Count {
            unit: "mails",
            range: 1..=1_000_000,
            put: |config, count| config.settings.rate_limit.reset = count,
        },
        default: Default::Is("10"),
        meaning: "Mails that may be asked for without being logged in, to reset a password or to verify an address, from one network address in an hour; and as many of them to one mailbox, beyond which the answer stays the same and nothing is sent.",
    },
];

pub(super) static PASSWORD: &[Key] = &[
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
        name: "password.breached_check",
        kind: Kind::Flag(|config| &mut config.breached.check),
        default: Default::Is("false"),
        meaning: "Compare new passwords with those that leaked elsewhere, by asking the list at `password.breached_url` for the five first digits of a SHA-1. The list learns no password and no user. When it does not answer, the password is taken, and the log says so.",
    },
    Key {
        name: "password.breached_url",
        kind: Kind::Text {
            form: "https URL",
            put: |config, text| {
                let url = RangeUrl::parse(text).map_err(|error| error.to_string())?;
                config.breached.url = Some(url);
                Ok(())
            },
        },
        default: Default::Is("https://api.pwnedpasswords.com/range/"),
        meaning: "Where leaked passwords are looked up: Have I Been Pwned, or a copy of its list at home that answers alike. Plain http for this machine only. Proxies of the environment (`HTTPS_PROXY`) are used.",
    },
    Key {
        name: "password.breached_timeout",
        kind: Kind::Duration {
            at_least: SECOND,
            place: |config| &mut config.settings.password.breached_timeout,
        },
        default: Default::Is("1s"),
        meaning: "How long the list of leaked passwords may take to answer, at most 10s. One that fails is left alone for half a minute.",
    },
];

fn set_cost(config: &mut Config, memory_kib: u32, iterations: u32) {
    // The table's ranges are the library's bounds; `the_bounds_of_a_hash_are_the_librarys` holds them together.
    if let Ok(cost) = HashCost::new(memory_kib, iterations, 1) {
        config.settings.password.cost = cost;
    }
}
