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
use http::header::CACHE_CONTROL;
use reqwest::{Client, Url};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use crate::{KeyChanges, RevokedSet, UseReporter, Verifier, remote};

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
    changes: Option<KeyChanges>,
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
            changes: None,
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

    /// Fetches as soon as the authority's feed says that the keys are others, so that a key which is
    /// retired there is refused here within two seconds instead of at the next fetch.
    #[must_use]
    pub fn with_key_changes(self, changes: KeyChanges) -> Self {
        let changes = Some(changes);
        Self { changes, ..self }
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
        let mut changes = self.changes.clone();
        let fetcher = Fetcher::new(self)?;
        let (keys, name) = fetcher.fetch(Served::ByACache).await?;
        // A copy that lay about: the task asks again.
        if let Some(changes) = changes.as_mut().filter(|told| told.differ_from(&name)) {
            changes.again();
        }
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
            changes,
        ));
        Ok(verifier)
    }
}

async fn keep_fresh(
    fetcher: Fetcher,
    mut published: String,
    verifier: Weak<Verifier>,
    unknown_key: Arc<Notify>,
    mut changes: Option<KeyChanges>,
) {
    loop {
        // An unknown key may hasten a fetch and never puts one off.
        let earliest = Instant::now() + fetcher.source.pause.min(fetcher.source.refresh_every);
        let hastened = async {
            unknown_key.notified().await;
            sleep_until(earliest).await;
        };
        let announced = tokio::select! {
            () = sleep(fetcher.source.refresh_every) => None,
            () = hastened => None,
            () = next_of(&mut changes) => changes.as_ref(),
        };
        // Nobody holds it any more: nobody needs its keys.
        if verifier.strong_count() == 0 {
            return;
        }
        let answer = match announced {
            Some(changes) => fetcher.fetch_announced(changes).await,
            None => fetcher.fetch(Served::ByACache).await,
        };
        let Some(verifier) = verifier.upgrade() else {
            return;
        };
        match answer {
            Ok((keys, _)) => {
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

/// Waits for what the feed says, if one is followed.
async fn next_of(changes: &mut Option<KeyChanges>) {
    match changes {
        Some(changes) => changes.next().await,
        None => std::future::pending().await,
    }
}

/// Whose answer is good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Served {
    /// Also that of something on the way, which has kept it (RFC 9111).
    ByACache,
    ByTheAuthority,
}

struct Fetcher {
    client: Client,
    source: RemoteKeys,
}

impl Fetcher {
    /// How long one fetch may take as a whole, its last byte included.
    const TIMEOUT: Duration = Duration::from_secs(5);

    /// Of several processes on one database another may answer than the one that told the feed, and
    /// knows it up to a second later.
    const TRIES: u32 = 10;
    const BETWEEN_TRIES: Duration = Duration::from_millis(300);

    fn new(source: RemoteKeys) -> Result<Self, RemoteError> {
        let client =
            remote::client(&source.url, Self::TIMEOUT).map_err(RemoteError::Unreachable)?;
        Ok(Self { client, source })
    }

    /// The keys that the feed speaks of. If they are not there to be had, what is there now.
    async fn fetch_announced(&self, changes: &KeyChanges) -> Result<(KeySet, String), RemoteError> {
        for _ in 1..Self::TRIES {
            let answer = self.fetch(Served::ByTheAuthority).await;
            if let Ok((_, name)) = &answer
                && !changes.differ_from(name)
            {
                return answer;
            }
            sleep(Self::BETWEEN_TRIES).await;
        }
        self.fetch(Served::ByTheAuthority).await
    }

    /// A key set, and its name ([`KeySet::name_of_jwks`]).
    async fn fetch(&self, served: Served) -> Result<(KeySet, String), RemoteError> {
        let mut request = self.client.get(self.source.url.clone());
        if served == Served::ByTheAuthority {
            request = request.header(CACHE_CONTROL, "no-cache");
        }
        let answer = request.send().await;
        let response = answer.map_err(|error| RemoteError::Unreachable(remote::chain(&error)))?;
        if response.status() != 200 {
            return Err(RemoteError::Status(response.status().as_u16()));
        }
        let body = remote::body(response, KeySet::MAX_JWKS_BYTES)
            .await
            .map_err(RemoteError::Unreachable)?
            .ok_or(KeyError::Jwks("it is too large"))?;
        let text = std::str::from_utf8(&body).map_err(|_| KeyError::Jwks("it is no UTF-8"))?;
        Ok((KeySet::from_jwks_json(text)?, KeySet::name_of_jwks(&body)))
    }
}
