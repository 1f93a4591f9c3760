//! The keys of an authority elsewhere: fetched, kept fresh, kept when it is down.
//!
//! One address, written down by whoever set this up, is all that is ever asked. A token cannot
//! steer it: one that names an unknown key only hastens the next fetch, and not more often than
//! every few seconds (docs/threat-model.md TK-2). No request waits for a fetch.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Weak};
use std::time::Duration;

use hardtack_core::Clock;
use hardtack_core::access_token::Expectations;
use hardtack_core::key::ring::JWKS_CACHE_LIFETIME;
use hardtack_core::key::{KeyError, KeySet};
use reqwest::{Client, Url, redirect};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use crate::{RevokedSet, Verifier};

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
#[derive(Debug, Clone)]
pub struct RemoteKeys {
    url: Url,
    refresh_every: Duration,
    pause: Duration,
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
        let wrong = || RemoteError::Address(url.to_owned());
        let url: Url = url.parse().map_err(|_| wrong())?;
        match url.scheme() {
            // A password in an address would end up in logs.
            _ if !url.username().is_empty() || url.password().is_some() => return Err(wrong()),
            "https" => {}
            "http" if is_loopback(&url) => {}
            _ => return Err(wrong()),
        }
        Ok(Self {
            url,
            refresh_every: JWKS_CACHE_LIFETIME,
            pause: Duration::from_secs(10),
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
        let verifier = Arc::new(
            Verifier::new(keys, expected, clock, revoked)
                .with_unknown_key_signal(move || signal.notify_one()),
        );
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
        let mut client = Client::builder()
            // A redirect would let whoever answers there choose our keys.
            .redirect(redirect::Policy::none())
            .timeout(Self::TIMEOUT)
            .user_agent("hardtack-guard");
        if is_loopback(&source.url) {
            client = client.no_proxy();
        }
        let client = client
            .build()
            .map_err(|error| RemoteError::Unreachable(chain(&error)))?;
        Ok(Self { client, source })
    }

    async fn fetch(&self) -> Result<KeySet, RemoteError> {
        let unreachable = |error: reqwest::Error| RemoteError::Unreachable(chain(&error));
        let mut response = self
            .client
            .get(self.source.url.clone())
            .send()
            .await
            .map_err(unreachable)?;
        if response.status() != 200 {
            return Err(RemoteError::Status(response.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > KeySet::MAX_JWKS_BYTES {
                return Err(KeyError::Jwks("it is too large").into());
            }
            body.extend_from_slice(&chunk);
        }
        let text = std::str::from_utf8(&body).map_err(|_| KeyError::Jwks("it is no UTF-8"))?;
        Ok(KeySet::from_jwks_json(text)?)
    }
}

/// An error with its causes: reqwest's own words stop before what matters.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let inside = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
        || inside.is_some_and(|host| host.parse() == Ok(Ipv6Addr::LOCALHOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_over_https_or_from_this_machine() {
        for good in [
            "https://app.example.com/.well-known/jwks.json",
            "http://localhost:8000/.well-known/jwks.json",
            "http://127.0.0.1:8000/",
            "http://[::1]:8000/",
        ] {
            assert!(RemoteKeys::new(good).is_ok(), "{good}");
        }
        for bad in [
            "http://app.example.com/.well-known/jwks.json",
            "http://localhost.example.com/",
            "http://127.0.0.1.example.com/",
            "http://10.0.0.1/",
            "https://user@app.example.com/",
            "file:///etc/passwd",
            "app.example.com",
            "",
        ] {
            assert!(RemoteKeys::new(bad).is_err(), "{bad}");
        }
    }
}
