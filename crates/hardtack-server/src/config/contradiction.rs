//! Values that are fine alone and wrong together. Each message names the key and the remedy.
//!
//! What the library can tell by itself is [`hardtack::Settings::verify`]'s; here is what takes the
//! listener, the key files or `--dev` to know.

use hardtack_core::key::Algorithm;

use super::key::Value;
use super::problem::{Origin, Problem, Problems};
use super::secret::hide;
use super::{Config, Loaded};

mod mail;
mod places;

/// Whether the rules of production hold or those of `--dev`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A hardened production server.
    Production,
    /// Loopback, without TLS.
    Dev,
}

impl Loaded {
    /// Refuses what cannot work, or would be open, when serving.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub(crate) fn refuse_contradictions(&self, mode: Mode) -> Result<(), Problems> {
        let config = &self.config;
        let library = config
            .settings
            .verify()
            .err()
            .map(|error| (error.key, error.problem));
        let problems: Vec<Problem> = addresses(config, mode)
            .into_iter()
            .chain(library)
            .chain(tls(config, mode))
            .chain(cookies(config, mode))
            .chain(places::contradictions(config, mode))
            .chain(keys(config))
            .chain(mail::contradictions(config, mode))
            .map(|(key, message)| Problem {
                origin: self.origin(key),
                message: format!("{key}: {}", self.hide_secrets(message)),
            })
            .collect();
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Problems(problems))
        }
    }

    /// What is accepted may still be a secret in the wrong place.
    fn hide_secrets(&self, message: String) -> String {
        let values = self.entries.iter().filter_map(|entry| entry.value.as_ref());
        let texts = values.flat_map(|value| match value {
            Value::Text(text) => std::slice::from_ref(text),
            Value::Texts(texts) => texts,
            Value::Count(_) | Value::Flag(_) => &[],
        });
        texts.fold(message, |message, text| hide(message, text))
    }

    fn origin(&self, key: &str) -> Option<Origin> {
        self.entries
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| entry.origin.clone())
    }
}

type Found = Vec<(&'static str, String)>;

fn addresses(config: &Config, mode: Mode) -> Found {
    let mut found = Found::new();
    let listen = config.server.listen;
    match mode {
        // Everything that --dev relaxes is only harmless where nobody else can connect.
        Mode::Dev if !listen.ip().is_loopback() => found.push((
            "server.listen",
            format!("{listen} is not loopback, and --dev serves this machine only; listen on 127.0.0.1, or leave --dev out"),
        )),
        Mode::Production if !config.public_url_given => found.push((
            "server.public_url",
            "is not set; say where browsers reach this service, as in public_url = \"https://app.example.com\" (or try it on this machine with --dev)".to_owned(),
        )),
        Mode::Production if !config.settings.public_url.is_https() && config.server.tls().is_some() => found.push((
            "server.public_url",
            "is plain http, and server.tls_cert has the server speak TLS; write https://".to_owned(),
        )),
        Mode::Production if !config.settings.public_url.is_https() => found.push((
            "server.public_url",
            "is plain http, where anybody on the way can take the cookies; write https://, with TLS in front or server.tls_cert and server.tls_key here (or try it on this machine with --dev)".to_owned(),
        )),
        Mode::Dev | Mode::Production => {}
    }
    found
}

fn tls(config: &Config, mode: Mode) -> Found {
    let server = &config.server;
    let mut found = Found::new();
    let lone = match (&server.tls_cert, &server.tls_key) {
        (Some(_), None) => Some(("server.tls_key", "server.tls_cert")),
        (None, Some(_)) => Some(("server.tls_cert", "server.tls_key")),
        _ => None,
    };
    if let Some((missing, given)) = lone {
        found.push((
            missing,
            format!("is not set, and {given} is nothing without it; set both, or neither where TLS ends in front"),
        ));
    }
    // Where everybody expects the one, the other only fails with words that nobody understands.
    let mismatch = match (server.listen.port(), server.tls()) {
        (443, None) if lone.is_none() => Some(
            "is where browsers speak TLS, and the server does not; set server.tls_cert and server.tls_key, or listen on another port",
        ),
        (80, Some(_)) => Some(
            "is where browsers speak plain HTTP, and the server speaks TLS; listen on port 443, or leave server.tls_cert and server.tls_key out",
        ),
        _ => None,
    };
    if let Some(problem) = mismatch.filter(|_| mode == Mode::Production) {
        found.push(("server.listen", format!("{} {problem}", server.listen)));
    }
    found
}

fn cookies(config: &Config, mode: Mode) -> Found {
    let mut found = Found::new();
    let cookies = &config.settings.cookies;
    if !cookies.secure && mode == Mode::Production {
        found.push((
            "cookies.secure",
            "is off, so that anybody on the way can take the cookies; leave it out (only --dev does without)".to_owned(),
        ));
    }
    if let Some(domain) = &cookies.domain {
        let origin = config.settings.public_url.origin();
        let authority = origin
            .split_once("://")
            .map_or(origin, |(_, authority)| authority);
        let host = authority
            .rsplit_once(':')
            .map_or(authority, |(host, _)| host);
        let covers = host == domain
            || host
                .strip_suffix(domain.as_str())
                .is_some_and(|rest| rest.ends_with('.'));
        if !covers && config.public_url_given {
            found.push((
                "cookies.domain",
                format!("{domain:?} is not the host of server.public_url ({host}) nor above it, so browsers drop the cookies; leave it out, or name a host above"),
            ));
        }
    }
    found
}

fn keys(config: &Config) -> Found {
    let mut found = Found::new();
    let shared = config.keys.algorithm == Algorithm::Hs256;
    if shared && config.keys.key_file.is_none() {
        found.push((
            "tokens.algorithm",
            "HS256 shares a secret, and none is made for you; name the file that holds it in tokens.key_file, or leave the algorithm out".to_owned(),
        ));
    }
    if config.settings.tokens.accept_simplejwt && !shared {
        found.push((
            "tokens.accept_simplejwt",
            "needs the secret that the Django site signs with; set tokens.algorithm = \"HS256\" and tokens.key_file, or leave it out".to_owned(),
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::Sources;
    use super::*;

    fn refused(mode: Mode, settings: &[(&'static str, &str)]) -> Vec<String> {
        let mut sources = Sources::default();
        for (key, value) in settings {
            sources = sources.with_flag("--test", key, Some((*value).to_owned()));
        }
        match sources.load().unwrap().refuse_contradictions(mode) {
            Ok(()) => Vec::new(),
            Err(problems) => problems
                .0
                .into_iter()
                .map(|problem| problem.message)
                .collect(),
        }
    }

    const PUBLIC: (&str, &str) = ("server.public_url", "https://app.example.com");

    #[test]
    fn the_defaults_with_a_public_url_are_enough() {
        assert_eq!(refused(Mode::Production, &[PUBLIC]), Vec::<String>::new());
        assert_eq!(
            refused(Mode::Dev, &[("cookies.secure", "false")]),
            Vec::<String>::new()
        );
    }

    #[test]
    fn every_contradiction_names_key_and_remedy() {
        let rows: &[(&[(&'static str, &str)], &str)] = &[
            (
                &[],
                "server.public_url: is not set; say where browsers reach this service, as in public_url = \"https://app.example.com\" (or try it on this machine with --dev)",
            ),
            (
                &[("server.public_url", "http://app.example.com")],
                "server.public_url: is plain http, where anybody on the way can take the cookies; write https://, with TLS in front or server.tls_cert and server.tls_key here (or try it on this machine with --dev)",
            ),
            (
                &[
                    ("server.public_url", "http://app.example.com"),
                    ("server.tls_cert", "cert.pem"),
                    ("server.tls_key", "key.pem"),
                ],
                "server.public_url: is plain http, and server.tls_cert has the server speak TLS; write https://",
            ),
            (
                &[PUBLIC, ("server.tls_cert", "cert.pem")],
                "server.tls_key: is not set, and server.tls_cert is nothing without it; set both, or neither where TLS ends in front",
            ),
            (
                &[
                    PUBLIC,
                    ("server.tls_key", "key.pem"),
                    ("server.listen", "0.0.0.0:443"),
                ],
                "server.tls_cert: is not set, and server.tls_key is nothing without it; set both, or neither where TLS ends in front",
            ),
            (
                &[PUBLIC, ("server.listen", "[::]:443")],
                "server.listen: [::]:443 is where browsers speak TLS, and the server does not; set server.tls_cert and server.tls_key, or listen on another port",
            ),
            (
                &[
                    PUBLIC,
                    ("server.listen", "[::]:80"),
                    ("server.tls_cert", "cert.pem"),
                    ("server.tls_key", "key.pem"),
                ],
                "server.listen: [::]:80 is where browsers speak plain HTTP, and the server speaks TLS; listen on port 443, or leave server.tls_cert and server.tls_key out",
            ),
            (
                &[
                    PUBLIC,
                    ("cookies.prefix", "host"),
                    ("cookies.domain", "example.com"),
                ],
                "cookies.domain: cannot go with cookies.prefix = \"host\", which ties the cookies to one host; leave one of them out",
            ),
            (
                &[
                    PUBLIC,
                    ("cookies.prefix", "host"),
                    ("cookies.access_path", "/api"),
                ],
                "cookies.access_path: cannot go with cookies.prefix = \"host\", which demands Path=/; leave one of them out",
            ),
            (
                &[PUBLIC, ("cookies.secure", "false")],
                "cookies.secure: is off, so that anybody on the way can take the cookies; leave it out (only --dev does without)",
            ),
            (
                &[PUBLIC, ("cookies.domain", "ample.com")],
                "cookies.domain: \"ample.com\" is not the host of server.public_url (app.example.com) nor above it, so browsers drop the cookies; leave it out, or name a host above",
            ),
            (
                &[PUBLIC, ("cookies.refresh_path", "/api/au")],
                "cookies.refresh_path: \"/api/au\" does not reach routes.base_path (/api/auth), where refresh and logout need the cookie; use \"/api/auth\" or a path above it",
            ),
            (
                &[PUBLIC, ("tokens.algorithm", "HS256")],
                "tokens.algorithm: HS256 shares a secret, and none is made for you; name the file that holds it in tokens.key_file, or leave the algorithm out",
            ),
            (
                &[PUBLIC, ("tokens.accept_simplejwt", "true")],
                "tokens.accept_simplejwt: needs the secret that the Django site signs with; set tokens.algorithm = \"HS256\" and tokens.key_file, or leave it out",
            ),
        ];
        for (settings, message) in rows {
            assert_eq!(refused(Mode::Production, settings), [*message]);
        }
    }

    /// What is overridden may contradict what the preset says beside it.
    #[test]
    fn a_preset_that_was_changed_by_half_names_key_and_remedy() {
        let rows: &[(&[(&'static str, &str)], &str)] = &[
            (
                &[
                    PUBLIC,
                    ("preset", "simplejwt-activity"),
                    ("tokens.in_body", "none"),
                ],
                "response.refresh: \"access_token\" puts the access token into the body, and tokens.in_body = \"none\" keeps it out; set tokens.in_body = \"access\", or \"empty\" here",
            ),
            (
                &[
                    PUBLIC,
                    ("preset", "simplejwt-activity"),
                    ("tokens.in_body", "both"),
                ],
                "response.refresh: \"access_token\" keeps the refresh token out of the body, where tokens.in_body = \"both\" has clients look for each new one: they would use an old one again, which ends the session as stolen; set \"full\", or tokens.in_body = \"access\"",
            ),
            (
                &[
                    PUBLIC,
                    ("preset", "drf-jwt-httponly-cookie"),
                    ("tokens.in_body", "both"),
                ],
                "response.login: \"empty\" keeps the refresh token out of the body, where tokens.in_body = \"both\" has clients look for each new one: they would use an old one again, which ends the session as stolen; set \"full\", or tokens.in_body = \"access\"",
            ),
            (
                &[
                    PUBLIC,
                    ("preset", "simplejwt-activity"),
                    ("routes.refresh", "token/refresh"),
                    ("cookies.refresh_path", "/api/auth"),
                ],
                "session.sliding: needs cookies.refresh_path = \"/\": from elsewhere the browser does not send the refresh cookie with ordinary requests",
            ),
            (
                &[
                    PUBLIC,
                    ("preset", "drf-jwt-httponly-cookie"),
                    ("routes.base_path", "/auth"),
                ],
                "cookies.refresh_path: \"/accounts/auth/\" does not reach routes.base_path (/auth), where refresh and logout need the cookie; use \"/auth\" or a path above it",
            ),
            (
                &[PUBLIC, ("routes.user", "session")],
                "routes.user: /api/auth/session is the place of something else; choose another name",
            ),
        ];
        for (settings, message) in rows {
            assert_eq!(refused(Mode::Production, settings), [*message]);
        }
    }

    #[test]
    fn what_the_library_refuses_is_refused_before_anything_is_opened() {
        for (key, value) in [
            ("cookies.refresh_name", "access"),
            ("session.idle_timeout", "40d"),
            ("session.remembered_idle_timeout", "6d"),
            ("session.absolute_timeout", "91d"),
            ("tokens.access_lifetime", "119s"),
        ] {
            let refused = refused(Mode::Production, &[PUBLIC, (key, value)]);
            assert_eq!(refused.len(), 1, "{refused:?}");
        }
    }

    /// Without Secure, browsers drop `SameSite=None` and everybody is logged out at once.
    #[test]
    fn same_site_none_without_secure_is_refused_in_dev_too() {
        let settings = [("cookies.secure", "false"), ("cookies.same_site", "none")];
        let refused = refused(Mode::Dev, &settings);
        assert!(
            refused.concat().starts_with("cookies.same_site: "),
            "{refused:?}"
        );
    }

    /// `--dev` on a network would hand everybody a service without its defences.
    #[test]
    fn dev_on_a_network_address_is_refused() {
        for listen in ["0.0.0.0:8000", "[::]:8000", "192.0.2.1:80"] {
            let settings = [("cookies.secure", "false"), ("server.listen", listen)];
            assert_eq!(
                refused(Mode::Dev, &settings),
                [format!(
                    "server.listen: {listen} is not loopback, and --dev serves this machine only; listen on 127.0.0.1, or leave --dev out"
                )]
            );
        }
    }
}
