//! Access tokens, and where tokens may be seen.

use std::time::Duration;

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

/// Clocks of verifiers may differ by this much (docs/rotation.md).
const MARGIN: Duration = Duration::from_secs(60);

impl TokenSettings {
    /// How long the end of a session must be remembered for the sake of such tokens: their lifetime
    /// and a margin of a minute, by which the clocks of verifiers may differ. It is what
    /// [`Revoke::remembered_for`](hardtack_store::Revoke::remembered_for) wants.
    #[must_use]
    pub fn ends_remembered_for(&self) -> Duration {
        self.access_lifetime + MARGIN
    }
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
