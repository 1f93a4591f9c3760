//! The keys of an authority elsewhere: fetched, kept fresh, kept when it is down.
//!
//! One address, written down by whoever set this up, is all that is ever asked. A token cannot
//! steer it: one that names an unknown key only hastens the next fetch, and not more often than
//! every few seconds (SECURITY.md TK-2). No request waits for a fetch.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use hardtack_core::Clock;
use hardtack_core::access_token::Expectations;
use hardtack_core::key::ring::JWKS_CACHE_LIFETIME;
use hardtack_core::key::{KeyError, KeySet};
use reqwest::{Client, Url, redirect};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use crate::{RevokedSet, Verifier};

/// Why keys could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// Keys that arrive unprotected are anybody's.
    #[error("{0:?} is not an https address; plain http is for this machine only")]
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

/// Where keys are fetched, and how often.
#[derive(Debug, Clone)]
pub struct JwksSource {
    url: Url,
    refresh_every: Duration,
    pause: Duration,
}

impl JwksSource {
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
}

/// A verifier with the keys of another authority. Dropping it ends the fetching, and the verifier
/// goes on with the keys it has.
pub struct RemoteKeys {
    verifier: Arc<Verifier>,
    task: JoinHandle<()>,
}

impl RemoteKeys {
    /// Fetches the keys once, and goes on doing so in a task of its own. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`RemoteError`]: without keys there is nothing to begin with. Later failures are logged and
    /// tried again, and the keys at hand stay.
    pub async fn fetch(
        source: JwksSource,
        expected: Expectations,
        clock: Arc<dyn Clock>,
        revoked: Arc<RevokedSet>,
    ) -> Result<Self, RemoteError> {
        let fetcher = Fetcher::new(source)?;
        let keys = fetcher.fetch().await?;
        if keys.is_empty() {
            return Err(RemoteError::Empty);
        }
        let unknown_key = Arc::new(Notify::new());
        let signal = Arc::clone(&unknown_key);
        let verifier = Arc::new(
            Verifier::new(keys.clone(), expected, clock, revoked)
                .with_unknown_key_signal(move || signal.notify_one()),
        );
        let task = tokio::spawn(keep_fresh(
            fetcher,
            keys,
            Arc::clone(&verifier),
            unknown_key,
        ));
        Ok(Self { verifier, task })
    }

    /// The verifier, whose keys are kept fresh.
    #[must_use]
    pub fn verifier(&self) -> &Arc<Verifier> {
        &self.verifier
    }
}

impl Drop for RemoteKeys {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RemoteKeys")
            .field("verifier", &self.verifier)
            .finish_non_exhaustive()
    }
}

async fn keep_fresh(
    fetcher: Fetcher,
    keys: KeySet,
    verifier: Arc<Verifier>,
    unknown_key: Arc<Notify>,
) {
    let mut published = keys.to_jwks_json();
    loop {
        // An unknown key may hasten a fetch and never puts one off.
        let earliest = Instant::now() + fetcher.source.pause.min(fetcher.source.refresh_every);
        tokio::select! {
            () = sleep(fetcher.source.refresh_every) => {}
            () = unknown_key.notified() => sleep_until(earliest).await,
        }
        match fetcher.fetch().await {
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
    source: JwksSource,
}

impl Fetcher {
    /// How long one fetch may take as a whole, its last byte included.
    const TIMEOUT: Duration = Duration::from_secs(5);

    fn new(source: JwksSource) -> Result<Self, RemoteError> {
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
            assert!(JwksSource::new(good).is_ok(), "{good}");
        }
        for bad in [
            "http://app.example.com/.well-known/jwks.json",
            "http://localhost.example.com/",
            "http://127.0.0.1.example.com/",
            "http://10.0.0.1/",
            "file:///etc/passwd",
            "app.example.com",
            "",
        ] {
            assert!(JwksSource::new(bad).is_err(), "{bad}");
        }
    }
}
