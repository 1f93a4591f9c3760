//! Every key that can be set, a file for each group of sections.

use std::time::Duration;

use super::key::Key;

mod cookies;
mod login;
mod mail;
mod pages;
mod registration;
mod response;
mod server;
mod session;

const KIB: usize = 1024;
const SECOND: Duration = Duration::from_secs(1);

/// The sections, in the order of the reference.
static SECTIONS: &[&[Key]] = &[
    response::PRESET,
    server::SERVER,
    response::ROUTES,
    response::RESPONSE,
    cookies::COOKIES,
    session::TOKENS,
    session::SESSION,
    cookies::CSRF,
    cookies::CORS,
    login::RATE_LIMIT,
    session::REVOCATIONS,
    session::AUDIT,
    login::PASSWORD,
    registration::REGISTRATION,
    registration::LINKS,
    pages::PAGES,
    mail::MAIL,
    server::STORE,
    server::LOG,
];

/// Every key, by section.
pub(crate) fn keys() -> impl Iterator<Item = &'static Key> {
    SECTIONS.iter().copied().flatten()
}

fn whole(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use hardtack::settings::PublicUrl;

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
        for key in keys() {
            let same = keys().filter(|other| other.name == key.name);
            assert_eq!(same.count(), 1, "{}", key.name);
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
