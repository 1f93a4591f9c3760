//! What can be set, as types that cannot be wrong. The binary reads them from `hardtack.toml`; an
//! embedding application writes them in Rust.

use std::time::Duration;

use hardtack_core::password::HashCost;
use hardtack_core::session::SessionLifetime;
use http::Uri;
use ipnet::IpNet;

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
}

impl Settings {
    /// The defaults for a service that browsers reach at `public_url`.
    #[must_use]
    pub fn new(public_url: PublicUrl) -> Self {
        Self {
            public_url,
            base_path: "/api/auth".to_owned(),
            cookies: CookieSettings::default(),
            tokens: TokenSettings::default(),
            session: SessionSettings::default(),
            csrf: CsrfSettings::default(),
            cors_allowed_origins: Vec::new(),
            rate_limit: RateLimitSettings::default(),
            password: PasswordSettings::default(),
            trusted_proxies: Vec::new(),
            limits: LimitSettings::default(),
        }
    }
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
            problem: format!("{text:?} is not scheme://host[:port] without path, as in https://app.example.com"),
        };
        let uri: Uri = text.strip_suffix('/').unwrap_or(text).parse().map_err(|_| wrong())?;
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
        Ok(Self { origin: format!("{scheme}://{authority}"), https: scheme == "https" })
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

/// `SameSite` of both cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SameSite {
    /// Sent along when a person follows a link to the site, and by the site itself.
    #[default]
    Lax,
    /// Sent by the site itself only.
    Strict,
    /// Sent from everywhere; only together with `Secure`.
    None,
}

/// Names and attributes of the cookies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookieSettings {
    /// The access token's cookie.
    pub access_name: String,
    /// The refresh token's cookie.
    pub refresh_name: String,
    /// The double-submit token's cookie, which scripts read.
    pub csrf_name: String,
    /// Only over TLS. Off for loopback development only.
    pub secure: bool,
    /// `SameSite` of all three.
    pub same_site: SameSite,
    /// `Partitioned` (CHIPS): a jar of its own inside each embedding site.
    pub partitioned: bool,
    /// `Domain`; none by default, so that no sibling host sees them.
    pub domain: Option<String>,
    /// `Path` of the access cookie.
    pub access_path: String,
    /// `Path` of the refresh cookie; `None` is the base path, which reaches refresh and logout
    /// and nothing else (CONTRACT.md §10.15).
    pub refresh_path: Option<String>,
}

impl Default for CookieSettings {
    fn default() -> Self {
        Self {
            access_name: "access".to_owned(),
            refresh_name: "refresh".to_owned(),
            csrf_name: "csrftoken".to_owned(),
            secure: true,
            same_site: SameSite::Lax,
            partitioned: false,
            domain: None,
            access_path: "/".to_owned(),
            refresh_path: None,
        }
    }
}

/// Which tokens appear in bodies, besides the cookies (ASVS 5.0 §3.3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokensInBody {
    /// Neither: both fields are `""`.
    #[default]
    None,
    /// The access token, as dj-rest-auth does.
    Access,
    /// Both, for clients that have no cookies.
    Both,
}

/// Access tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSettings {
    /// How long one is good.
    pub access_lifetime: Duration,
    /// `iss`; `None` is the public URL.
    pub issuer: Option<String>,
    /// `aud`; none by default.
    pub audience: Option<String>,
    /// Which tokens appear in bodies.
    pub in_body: TokensInBody,
    /// Believe access tokens that a Django site signed with the shared HS256 key.
    pub accept_simplejwt: bool,
}

impl Default for TokenSettings {
    fn default() -> Self {
        Self {
            access_lifetime: Duration::from_secs(15 * 60),
            issuer: None,
            audience: None,
            in_body: TokensInBody::None,
            accept_simplejwt: false,
        }
    }
}

/// Lifetimes and rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionSettings {
    /// Idle and absolute timeout.
    pub lifetime: SessionLifetime,
    /// G of PROTOCOL.md §3: the time in which an older message may still arrive. At least request
    /// delay, answer delay, another request delay and the browser's cookie flush (about 30 s).
    pub rotation_window: Duration,
}

impl Default for SessionSettings {
    fn default() -> Self {
        let day = Duration::from_secs(86_400);
        Self {
            lifetime: SessionLifetime { idle_timeout: 7 * day, absolute_timeout: 30 * day },
            rotation_window: Duration::from_secs(60),
        }
    }
}

/// Who may change something.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CsrfSettings {
    /// Also demand the double-submit token (`csrftoken` cookie, `X-CSRFToken` header) of requests
    /// that a cookie authenticates.
    pub double_submit: bool,
    /// Believe sibling hosts of the same site that send no `Origin`.
    pub allow_same_site: bool,
    /// Any loopback origin may change something: for `--dev`.
    pub allow_loopback: bool,
}

/// How often one may try. Each limit is per minute unless it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimitSettings {
    /// Logins of one user; after that the delay doubles with each failure.
    pub login_per_user: u32,
    /// Logins from one address (IPv6: one /64).
    pub login_per_address: u32,
    /// Refused refreshes of one client.
    pub refused_refreshes: u32,
}

impl Default for RateLimitSettings {
    fn default() -> Self {
        Self { login_per_user: 10, login_per_address: 60, refused_refreshes: 10 }
    }
}

/// How passwords are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordSettings {
    /// The shortest that is accepted as a new one, in characters.
    pub min_length: usize,
    /// What one hash costs.
    pub cost: HashCost,
    /// Threads that hash; each keeps the memory of one hash.
    pub threads: usize,
    /// Logins that may wait for a thread; more are answered 503.
    pub queue: usize,
}

impl Default for PasswordSettings {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        Self { min_length: 8, cost: HashCost::default(), threads, queue: 16 * threads }
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
        Self { body_bytes: 64 * 1024, body_timeout: Duration::from_secs(15) }
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
