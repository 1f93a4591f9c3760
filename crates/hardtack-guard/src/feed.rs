//! Which sessions an authority elsewhere has ended: followed, kept when it is down, and answered for
//! (docs/revocation.md).
//!
//! Without it a token of a session that was logged out is believed until it expires. No request
//! waits for the feed: it is followed by a task beside them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hardtack_core::Clock;

use crate::{Freshness, RevokedSet, Staleness, UseReporter};
use authority::Authority;
use follower::Follower;
use sightings::Sightings;
use tokio::sync::watch;

mod authority;
mod follower;
mod sightings;

/// Why the feed could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FeedError {
    /// What arrives unprotected may come from anybody, and the service token would go to them.
    #[error("{0:?} is not an https address without user; plain http is for this machine only")]
    Address(String),
    /// It cannot be sent.
    #[error("the service token is empty, or has characters that no header can carry")]
    Token,
    /// The authority could not be reached, or took too long.
    #[error("the feed of revocations could not be read: {0}")]
    Unreachable(String),
    /// It does not know the service token.
    #[error("the authority refuses the service token")]
    Refused,
    /// It answered something else: 404 when it has no feed (`revocations.service_token_file`).
    #[error("the feed of revocations could not be read: the answer was {0}")]
    Status(u16),
    /// It answered, and that was no feed.
    #[error("the feed of revocations makes no sense: {0}")]
    Malformed(&'static str),
}

/// The feed of ended sessions of an authority elsewhere.
///
/// ```no_run
/// # use std::{sync::Arc, time::Duration};
/// # use hardtack_core::{access_token::Expectations, csrf::TrustedOrigins};
/// # use hardtack_guard::{Guard, RemoteKeys, RevocationFeed, SystemClock};
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// # let expected = Expectations { issuer: "https://app.example.com".into(), audience: None, accept_simplejwt: false };
/// let token = std::fs::read_to_string("/run/secrets/hardtack-service-token")?;
/// let clock = Arc::new(SystemClock);
/// let feed = RevocationFeed::new("https://app.example.com/api/auth", &token)?
///     .follow(clock.clone())
///     .await?;
/// let verifier = RemoteKeys::new("https://app.example.com/.well-known/jwks.json")?
///     .with_use_reporter(feed.use_reporter(), Duration::from_secs(60))
///     .with_key_changes(feed.key_changes())
///     .fetch(expected, clock, feed.revoked())
///     .await?;
/// let guard = Guard::new(verifier, "access", TrustedOrigins::new(["https://app.example.com"])?);
/// // `/readyz` of the application: feed.freshness().word()
/// # Ok(())
/// # }
/// ```
pub struct RevocationFeed {
    authority: Authority,
    staleness: Staleness,
}

impl RevocationFeed {
    /// The feed of the authority whose routes are below `base_url`, as in
    /// `https://app.example.com/api/auth`, asked with a service token (white space around it is
    /// passed over, as files have it).
    ///
    /// # Errors
    /// [`FeedError::Address`] unless it is https, or http on this machine; [`FeedError::Token`].
    pub fn new(base_url: &str, service_token: &str) -> Result<Self, FeedError> {
        Ok(Self {
            authority: Authority::new(base_url, service_token)?,
            staleness: Staleness::default(),
        })
    }

    /// Other bounds for knowledge that grows old than [`Staleness::default`].
    #[must_use]
    pub fn with_staleness(self, staleness: Staleness) -> Self {
        Self { staleness, ..self }
    }

    /// Reads everything that is ended and may still have tokens, then goes on following in a task
    /// of its own, as long as somebody holds the set. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`FeedError`]: who does not know who was logged out should not begin. Later failures are
    /// logged and tried again; what is known stays, and ages as its [`Staleness`] says.
    pub async fn follow(self, clock: Arc<dyn Clock>) -> Result<FollowedFeed, FeedError> {
        // Each entry says how long it must be kept; this is for those of an ordinary authority.
        let kept_for = Duration::from_secs(16 * 60);
        let set = RevokedSet::new(kept_for, clock.now()).with_staleness(self.staleness);
        let revoked = Arc::new(set);
        let sightings = Arc::new(Sightings::default());
        let authority = Arc::new(self.authority);
        let (told_keys, keys) = watch::channel(None);
        let mut follower = Follower::new(
            Arc::clone(&authority),
            Arc::downgrade(&revoked),
            Arc::clone(&clock),
            Arc::clone(&sightings),
            told_keys,
            self.staleness,
        );
        follower.catch_up().await?;
        tokio::spawn(follower.follow());
        tokio::spawn(sightings::report(
            Arc::clone(&sightings),
            authority,
            Arc::downgrade(&revoked),
            Arc::clone(&clock),
        ));
        Ok(FollowedFeed {
            revoked,
            sightings,
            keys,
            clock,
        })
    }
}

impl fmt::Debug for RevocationFeed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RevocationFeed")
            .field("authority", &self.authority)
            .field("staleness", &self.staleness)
            .finish()
    }
}

/// A feed that is being followed.
#[derive(Clone)]
pub struct FollowedFeed {
    revoked: Arc<RevokedSet>,
    sightings: Arc<Sightings>,
    keys: watch::Receiver<Option<String>>,
    clock: Arc<dyn Clock>,
}

impl FollowedFeed {
    /// The set for the [`Verifier`](crate::Verifier). Following ends when nobody holds it any more.
    #[must_use]
    pub fn revoked(&self) -> Arc<RevokedSet> {
        Arc::clone(&self.revoked)
    }

    /// How good the knowledge is now, for the application's own `/readyz`.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.revoked.freshness(self.clock.now())
    }

    /// Tells the authority which tokens are in use, in batches once a second: it finds copied
    /// refresh tokens sooner by it (docs/rotation.md). For
    /// [`Verifier::with_use_reporter`](crate::Verifier::with_use_reporter) with 60 s, or
    /// [`RemoteKeys::with_use_reporter`](crate::RemoteKeys::with_use_reporter).
    ///
    /// It holds no more than 65,536 sessions; what cannot be sent within seconds is dropped.
    #[must_use]
    pub fn use_reporter(&self) -> UseReporter {
        let sightings = Arc::clone(&self.sightings);
        let clock = Arc::clone(&self.clock);
        Arc::new(move |session, position| sightings.note(session, position, clock.now()))
    }

    /// When the authority's keys change, for
    /// [`RemoteKeys::with_key_changes`](crate::RemoteKeys::with_key_changes): a key that is retired
    /// there is then refused here within two seconds too.
    #[must_use]
    pub fn key_changes(&self) -> KeyChanges {
        KeyChanges(self.keys.clone())
    }
}

/// The name of the keys that an authority publishes, as its feed tells it, and when that changes.
#[derive(Debug, Clone)]
pub struct KeyChanges(watch::Receiver<Option<String>>);

impl KeyChanges {
    /// Waits for another name; for ever when the feed is not followed any more.
    pub(crate) async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Does the feed speak of other keys than these?
    pub(crate) fn differ_from(&self, name: &str) -> bool {
        self.0.borrow().as_ref().is_some_and(|told| told != name)
    }

    /// What was told last counts as news.
    pub(crate) fn again(&mut self) {
        self.0.mark_changed();
    }
}

impl fmt::Debug for FollowedFeed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("FollowedFeed")
            .field("revoked", &self.revoked)
            .finish_non_exhaustive()
    }
}
