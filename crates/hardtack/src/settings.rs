//! What can be set, as types that cannot be wrong. The binary reads them from `hardtack.toml`; an
//! embedding application writes them in Rust.

use std::time::Duration;

use hardtack_core::csrf::TrustedOrigins;
use hardtack_core::password::HashCost;
use http::Uri;
use ipnet::IpNet;

mod audit;
mod cookies;
mod links;
mod mail;
mod pages;
mod place;
mod preset;
mod rate_limit;
mod registration;
mod response;
mod revocations;
mod routes;
mod service_token;
mod session;
mod tokens;

pub use audit::AuditSettings;
pub use cookies::{CookiePrefix, CookieSettings, PlacedCookie, SameSite};
pub use links::{LinkPath, LinkSettings, LinkTo};
pub use mail::MailSettings;
pub use pages::{Colour, PageSettings, ParseColourError};
pub use preset::Preset;
pub use rate_limit::RateLimitSettings;
pub use registration::{EmailVerification, RegistrationMode, RegistrationSettings};
pub use response::{
    ErrorShape, MessageShape, MissingRefreshStatus, RefusedLoginStatus, ResponseSettings,
    TokenShape, UserFields, UserKey,
};
pub use revocations::RevocationSettings;
pub(crate) use routes::NamedRoute;
pub use routes::RouteSettings;
pub use service_token::{ServiceToken, ServiceTokenError};
pub use session::SessionSettings;
pub use tokens::{TokenSettings, TokensInBody};

/// Everything that [`Hardtack`](crate::Hardtack) can be told. Start from [`Settings::new`], whose
/// values are those of a hardened production server.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// Where browsers reach this service: scheme, host and port. Its origin is the one that may
    /// always change something, and the default issuer of tokens.
    pub public_url: PublicUrl,
    /// Where the routes are mounted, as a browser sees it: `/api/auth`.
    pub base_path: String,
    /// What the routes are called that systems call differently.
    pub routes: RouteSettings,
    /// What answers look like where systems differ.
    pub response: ResponseSettings,
    /// Names and attributes of the cookies.
    pub cookies: CookieSettings,
    /// Access tokens.
    pub tokens: TokenSettings,
    /// Lifetimes and rotation.
    pub session: SessionSettings,
    /// Who may change something.
    pub csrf: CsrfSettings,
    /// Which other origins may call with credentials; each also counts as trusted for CSRF.
    pub cors_allowed_origins: Vec<String>,
    /// How often one may try.
    pub rate_limit: RateLimitSettings,
    /// How passwords are kept.
    pub password: PasswordSettings,
    /// Proxies whose `X-Forwarded-For` is believed. Empty: the peer is the client.
    pub trusted_proxies: Vec<IpNet>,
    /// What one request may cost.
    pub limits: LimitSettings,
    /// Who is told which sessions were ended, and what holds while nobody can tell.
    pub revocations: RevocationSettings,
    /// What is kept of what happened.
    pub audit: AuditSettings,
    /// Who may become a user.
    pub registration: RegistrationSettings,
    /// Where the links in mails lead.
    pub links: LinkSettings,
    /// The pages that people use an account on.
    pub pages: PageSettings,
    /// What mails look like.
    pub mail: MailSettings,
}

impl Settings {
    /// The defaults for a service that browsers reach at `public_url`.
    #[must_use]
    pub fn new(public_url: PublicUrl) -> Self {
        Self {
            public_url,
            base_path: "/api/auth".to_owned(),
            routes: RouteSettings::default(),
            response: ResponseSettings::default(),
            cookies: CookieSettings::default(),
            tokens: TokenSettings::default(),
            session: SessionSettings::default(),
            csrf: CsrfSettings::default(),
            cors_allowed_origins: Vec::new(),
            rate_limit: RateLimitSettings::default(),
            password: PasswordSettings::default(),
            trusted_proxies: Vec::new(),
            limits: LimitSettings::default(),
            revocations: RevocationSettings::default(),
            audit: AuditSettings::default(),
            registration: RegistrationSettings::default(),
            links: LinkSettings::default(),
            pages: PageSettings::default(),
            mail: MailSettings::default(),
        }
    }
}

impl Settings {
    /// Refuses what cannot be and what contradicts itself.
    ///
    /// # Errors
    /// [`SettingsError`] for the first fault found.
    pub fn verify(&self) -> Result<(), SettingsError> {
        let wrong = |key, problem: &str| {
            Err(SettingsError {
                key,
                problem: problem.to_owned(),
            })
        };
        let base = self.base_path.as_str();
        place::verify("routes.base_path", base, "/api/auth")?;
        self.cookies.verify(base)?;
        self.routes.verify(self)?;
        self.response.verify(self.tokens.in_body)?;
        self.session.verify(self.tokens.access_lifetime)?;
        if self.session.sliding && self.cookies.refresh_path.as_deref() != Some("/") {
            return wrong(
                "session.sliding",
                "needs cookies.refresh_path = \"/\": from elsewhere the browser does not send the refresh cookie with ordinary requests",
            );
        }
        if self.tokens.access_lifetime > Duration::from_secs(86_400) {
            return wrong(
                "tokens.access_lifetime",
                "must be at most 24h: a copied access token lives that long",
            );
        }
        for origin in &self.cors_allowed_origins {
            if origin == "*" {
                return wrong(
                    "cors.allowed_origins",
                    "\"*\" cannot be allowed together with credentials; list the origins",
                );
            }
            let normal = PublicUrl::parse(origin).map_err(|error| SettingsError {
                key: "cors.allowed_origins",
                problem: error.problem,
            })?;
            if normal.origin() != origin {
                let problem = format!(
                    "{origin:?} is never sent by a browser; write {:?}",
                    normal.origin()
                );
                return Err(SettingsError {
                    key: "cors.allowed_origins",
                    problem,
                });
            }
        }
        self.verify_sites()?;
        self.revocations.verify()?;
        self.rate_limit.verify()?;
        self.registration.verify()?;
        self.links.verify()?;
        self.pages.verify(&self.public_url, base, &self.cookies)?;
        if self.password.min_length < 8 || self.password.min_length > 64 {
            return wrong(
                "password.min_length",
                "must lie between 8 and 64 (SP 800-63B-4 §3.1.1.2)",
            );
        }
        if self.password.breached_timeout > Duration::from_secs(10) {
            return wrong(
                "password.breached_timeout",
                "must be at most 10s: whoever chooses a password waits for it",
            );
        }
        Ok(())
    }
}

impl Settings {
    /// Browsers keep and send `SameSite=Lax` and `Strict` cookies for pages of the same site only,
    /// so with another site's origin nobody would ever be logged in. Hosts whose last two labels
    /// differ are never one site; whether others are, only the public suffix list knows.
    fn verify_sites(&self) -> Result<(), SettingsError> {
        if self.cookies.same_site == SameSite::None {
            return Ok(());
        }
        let own = site(self.public_url.origin());
        let mut origins = self.cors_allowed_origins.iter();
        origins.find(|origin| site(origin) != own).map_or(Ok(()), |origin| {
            Err(SettingsError {
                key: "cors.allowed_origins",
                problem: format!(
                    "{origin} is another site than {}, and browsers drop SameSite={:?} cookies there; \
                     serve both from one site, or set cookies.same_site = \"none\"",
                    self.public_url.origin(),
                    self.cookies.same_site,
                ),
            })
        })
    }
}

/// What two origins of one site have in common at least: the scheme, and the last two labels of a
/// name or the whole of an address.
fn site(origin: &str) -> (&str, &str) {
    let (scheme, authority) = origin.split_once("://").unwrap_or(("", origin));
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    if host.ends_with(']') || host.parse::<std::net::Ipv4Addr>().is_ok() {
        return (scheme, host);
    }
    let last_two = host
        .rmatch_indices('.')
        .nth(1)
        .map_or(0, |(dot, _)| dot + 1);
    (scheme, host.get(last_two..).unwrap_or(host))
}

/// The address of the service itself: `https://app.example.com`, without path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    origin: String,
    https: bool,
}

impl PublicUrl {
    /// Reads `scheme://host[:port]`, the scheme `http` or `https`, without path, query or user.
    ///
    /// # Errors
    /// [`SettingsError`], which says what is wanted.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        let wrong = || SettingsError {
            key: "server.public_url",
            problem: format!(
                "{text:?} is not scheme://host[:port] without path, as in https://app.example.com"
            ),
        };
        let uri: Uri = text
            .strip_suffix('/')
            .unwrap_or(text)
            .parse()
            .map_err(|_| wrong())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(wrong());
        };
        if !matches!(scheme, "http" | "https")
            || uri.path() != "/" && !uri.path().is_empty()
            || uri.query().is_some()
            || authority.as_str().contains('@')
        {
            return Err(wrong());
        }
        // Browsers leave the default port out of `Origin` and write the host in lower case.
        let default_port = if scheme == "https" { ":443" } else { ":80" };
        let authority = authority.as_str().to_ascii_lowercase();
        let authority = authority.strip_suffix(default_port).unwrap_or(&authority);
        let origin = format!("{scheme}://{authority}");
        // What no browser calls an origin would be trusted in vain.
        TrustedOrigins::new([origin.as_str()]).map_err(|_| wrong())?;
        Ok(Self {
            origin,
            https: scheme == "https",
        })
    }

    /// As a browser writes it in `Origin` (RFC 6454 §6.2).
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Is it reached over TLS?
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.https
    }
}

/// Who may change something.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a rule that holds or not, independently of the others"
)]
pub struct CsrfSettings {
    /// Also demand the double-submit token (`csrftoken` cookie, `X-CSRFToken` header) of requests
    /// that a cookie authenticates.
    pub double_submit: bool,
    /// Refresh does without that token. Front-ends of systems that never asked for it there send
    /// none; whoever forges a refresh cannot read the answer, and the origin is checked as ever.
    pub exempt_refresh: bool,
    /// Believe sibling hosts of the same site that send no `Origin`.
    pub allow_same_site: bool,
    /// Any loopback origin may change something: for `--dev`.
    pub allow_loopback: bool,
}

/// How passwords are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordSettings {
    /// The shortest that is accepted as a new one, in characters.
    pub min_length: usize,
    /// What one hash costs.
    pub cost: HashCost,
    /// How long a list of leaked passwords may take to answer, where there is one
    /// ([`crate::breached`]). At most 10 s: somebody is waiting.
    pub breached_timeout: Duration,
    /// Threads that hash; each keeps the memory of one hash.
    pub threads: usize,
    /// Logins that may wait for a thread; more are answered 503.
    pub queue: usize,
}

impl Default for PasswordSettings {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            min_length: 8,
            cost: HashCost::default(),
            breached_timeout: Duration::from_secs(1),
            threads,
            queue: 16 * threads,
        }
    }
}

/// What one request may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitSettings {
    /// The longest body, in bytes.
    pub body_bytes: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            body_bytes: 64 * 1024,
            body_timeout: Duration::from_secs(15),
        }
    }
}

/// A setting that cannot be: which one, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct SettingsError {
    /// The key in `hardtack.toml`.
    pub key: &'static str,
    /// What is wrong and what would be right.
    pub problem: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings::new(PublicUrl::parse("https://app.example.com").unwrap())
    }

    #[test]
    fn a_public_url_is_what_browsers_send_as_origin() {
        for (text, origin) in [
            ("https://App.Example.com", "https://app.example.com"),
            ("https://app.example.com:443/", "https://app.example.com"),
            ("http://localhost:8000", "http://localhost:8000"),
        ] {
            assert_eq!(PublicUrl::parse(text).unwrap().origin(), origin);
        }
        for bad in [
            "",
            "app.example.com",
            "ftp://x.org",
            "https://a.b/c",
            "https://u@a.b",
            "https://a.b?x",
            "//a.b",
            "https://*.a.b",
            "https://1",
            "https://[2001:db8:0::1]",
        ] {
            assert!(PublicUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_defaults_contradict_nothing() {
        assert_eq!(settings().verify(), Ok(()));
    }

    #[test]
    fn an_origin_of_another_site_needs_cookies_that_go_there() {
        for (origin, fits) in [
            ("https://spa.example.com", true),
            ("https://example.com:8443", true),
            ("https://a.b.example.com", true),
            ("https://spa.example.net", false),
            ("http://spa.example.com", false),
            ("https://192.0.2.1", false),
        ] {
            let mut settings = settings();
            settings.cors_allowed_origins = vec![origin.into()];
            assert_eq!(settings.verify().is_ok(), fits, "{origin}");
            settings.cookies.same_site = SameSite::None;
            assert_eq!(settings.verify(), Ok(()), "{origin}");
        }
    }

    /// Each fault alone stops the start and names its key.
    #[test]
    fn a_contradiction_names_its_key() {
        type Change = fn(&mut Settings);
        let faults: [(&str, Change); 9] = [
            ("routes.base_path", |settings| {
                settings.base_path = "api".into();
            }),
            ("routes.base_path", |settings| {
                settings.base_path = "/{anything}".into();
            }),
            ("routes.base_path", |settings| {
                settings.base_path = "/healthz".into();
            }),
            ("session.rotation_window", |settings| {
                settings.session.rotation_window = Duration::ZERO;
            }),
            ("tokens.access_lifetime", |settings| {
                settings.tokens.access_lifetime = Duration::from_secs(119);
            }),
            ("session.idle_timeout", |settings| {
                settings.session.lifetime.idle_timeout = Duration::MAX;
            }),
            ("cors.allowed_origins", |settings| {
                settings.cors_allowed_origins = vec!["*".into()];
            }),
            ("cors.allowed_origins", |settings| {
                settings.cors_allowed_origins = vec!["https://A.example.com/".into()];
            }),
            ("password.min_length", |settings| {
                settings.password.min_length = 4;
            }),
        ];
        for (key, change) in faults {
            let mut settings = settings();
            change(&mut settings);
            assert_eq!(settings.verify().unwrap_err().key, key);
        }
    }
}
