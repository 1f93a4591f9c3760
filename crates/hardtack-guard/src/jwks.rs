//! The keys of an authority elsewhere: fetched, kept fresh, kept when it is down.
//!
//! One address, written down by whoever set this up, is all that is ever asked. A token cannot
//! steer it: one that names an unknown key only hastens the next fetch, and not more often than
//! every few seconds (docs/threat-model.md TK-2). No request waits for a fetch.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use hardtack_core::Clock;
use hardtack_core::access_token::Expectations;
use hardtack_core::key::ring::JWKS_CACHE_LIFETIME;
use hardtack_core::key::{KeyError, KeySet};
use reqwest::{Client, Url};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use crate::{RevokedSet, UseReporter, Verifier, remote};

/// Why keys could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// Keys that arrive unprotected are anybody's.
    #[error("{0:?} is not an https address without user; plain http is for this machine only")]
    Address(String),
    /// The authority could not be reached, or took too long.
    #[error("the keys could not be fetched: {0}")]
    Unreachable(String),
    /// It answered, but not with keys.
    #[error("the keys could not be fetched: the answer was {0}")]
    Status(u16),
    /// The answer is no key set that can be used.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The set is empty: the authority signs with a shared secret.
    #[error(
        "the authority publishes no keys; one that signs with HS256 cannot be verified from afar"
    )]
    Empty,
}

/// The keys of an authority elsewhere: where they are fetched, and how often.
///
/// ```no_run
/// # use std::{sync::Arc, time::Duration};
/// # use hardtack_core::{Clock, access_token::Expectations, csrf::TrustedOrigins};
/// # use hardtack_guard::{Guard, RemoteError, RemoteKeys, RevokedSet, SystemClock};
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let expected = Expectations {
///     issuer: "https://app.example.com".into(),
///     audience: None,
///     accept_simplejwt: false,
/// };
/// let revoked = Arc::new(RevokedSet::new(Duration::from_secs(16 * 60), SystemClock.now()));
/// let verifier = RemoteKeys::new("https://app.example.com/.well-known/jwks.json")?
///     .fetch(expected, Arc::new(SystemClock), revoked)
///     .await?;
/// let guard = Guard::new(verifier, "access", TrustedOrigins::new(["https://app.example.com"])?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RemoteKeys {
    url: Url,
    refresh_every: Duration,
    pause: Duration,
    reporter: Option<(UseReporter, Duration)>,
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RemoteKeys")
            .field("url", &self.url.as_str())
            .field("refresh_every", &self.refresh_every)
            .finish_non_exhaustive()
    }
}

impl RemoteKeys {
    /// The address of an authority's keys: `https://app.example.com/.well-known/jwks.json`.
    ///
    /// They are fetched every 300 s, which is how long a new key is announced before it signs, and
    /// never twice within 10 s.
    ///
    /// # Errors
    /// [`RemoteError::Address`] unless it is https, or http on this machine.
    pub fn new(url: &str) -> Result<Self, RemoteError> {
        let url = remote::parse_address(url).ok_or_else(|| RemoteError::Address(url.to_owned()))?;
        Ok(Self {
            url,
            refresh_every: JWKS_CACHE_LIFETIME,
            pause: Duration::from_secs(10),
            reporter: None,
        })
    }

    /// Fetches this often. More than the authority's cache time would miss its announcements.
    #[must_use]
    pub fn with_refresh_every(self, refresh_every: Duration) -> Self {
        Self {
            refresh_every,
            ..self
        }
    }

    /// Lets at least this much time pass between two fetches, whatever tokens arrive.
    #[must_use]
    pub fn with_pause(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    /// The verifier also tells `reporter` which tokens are in use, at most once per `every` for
    /// each token ([`Verifier::with_use_reporter`]).
    #[must_use]
    pub fn with_use_reporter(self, reporter: UseReporter, every: Duration) -> Self {
        let reporter = Some((reporter, every));
        Self { reporter, ..self }
    }

    /// Fetches the keys and makes a verifier of them, which is kept fresh by a task of its own as
    /// long as somebody holds it. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`RemoteError`]: without keys there is nothing to begin with. Later failures are logged and
    /// tried again, and the keys at hand stay.
    pub async fn fetch(
        self,
        expected: Expectations,
        clock: Arc<dyn Clock>,
        revoked: Arc<RevokedSet>,
    ) -> Result<Arc<Verifier>, RemoteError> {
        let fetcher = Fetcher::new(self)?;
        let keys = fetcher.fetch().await?;
        if keys.is_empty() {
            return Err(RemoteError::Empty);
        }
        let published = keys.to_jwks_json();
        let unknown_key = Arc::new(Notify::new());
        let signal = Arc::clone(&unknown_key);
        let mut verifier = Verifier::new(keys, expected, clock, revoked)
            .with_unknown_key_signal(move || signal.notify_one());
        if let Some((reporter, every)) = &fetcher.source.reporter {
            verifier = verifier.with_use_reporter(Arc::clone(reporter), *every);
        }
        let verifier = Arc::new(verifier);
        tokio::spawn(keep_fresh(
            fetcher,
            published,
            Arc::downgrade(&verifier),
            unknown_key,
        ));
        Ok(verifier)
    }
}

async fn keep_fresh(
    fetcher: Fetcher,
    mut published: String,
    verifier: Weak<Verifier>,
    unknown_key: Arc<Notify>,
) {
    loop {
        // An unknown key may hasten a fetch and never puts one off.
        let earliest = Instant::now() + fetcher.source.pause.min(fetcher.source.refresh_every);
        tokio::select! {
            () = sleep(fetcher.source.refresh_every) => {}
            () = unknown_key.notified() => sleep_until(earliest).await,
        }
        // Nobody holds it any more: nobody needs its keys.
        if verifier.strong_count() == 0 {
            return;
        }
        let answer = fetcher.fetch().await;
        let Some(verifier) = verifier.upgrade() else {
            return;
        };
        match answer {
            Ok(keys) => {
                let current = keys.to_jwks_json();
                // The same keys again are no reason to forget what was verified with them.
                if current != published {
                    tracing::info!(url = %fetcher.source.url, "the authority's keys changed");
                    verifier.replace_keys(keys);
                    published = current;
                }
            }
            Err(error) => {
                tracing::warn!(url = %fetcher.source.url, %error, "keeping the keys at hand");
            }
        }
    }
}

struct Fetcher {
    client: Client,
    source: RemoteKeys,
}

impl Fetcher {
    /// How long one fetch may take as a whole, its last byte included.
    const TIMEOUT: Duration = Duration::from_secs(5);

    fn new(source: RemoteKeys) -> Result<Self, RemoteError> {
        let client =
            remote::client(&source.url, Self::TIMEOUT).map_err(RemoteError::Unreachable)?;
        Ok(Self { client, source })
    }

    async fn fetch(&self) -> Result<KeySet, RemoteError> {
        let answer = self.client.get(self.source.url.clone()).send().await;
        let response = answer.map_err(|error| RemoteError::Unreachable(remote::chain(&error)))?;
        if response.status() != 200 {
            return Err(RemoteError::Status(response.status().as_u16()));
        }
        let body = remote::body(response, KeySet::MAX_JWKS_BYTES)
            .await
            .map_err(RemoteError::Unreachable)?
            .ok_or(KeyError::Jwks("it is too large"))?;
        let text = std::str::from_utf8(&body).map_err(|_| KeyError::Jwks("it is no UTF-8"))?;
        Ok(KeySet::from_jwks_json(text)?)
    }
}
