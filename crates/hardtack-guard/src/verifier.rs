//! Verifies access tokens, each once, and asks the revocation set every time.

mod cache;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use hardtack_core::access_token::{self, Claims, Expectations, LEEWAY, VerifyError};
use hardtack_core::jws::Unverified;
use hardtack_core::key::KeySet;
use hardtack_core::rotation::Position;
use hardtack_core::{Clock, SessionId, Timestamp};

use crate::activity::ActivityReporter;
use crate::last_time::LastTime;
use crate::{Freshness, Refusal, RevokedSet};
use cache::Cache;

/// Is told which tokens are in use. It must not block: it runs inside the request.
pub type UseReporter = Arc<dyn Fn(SessionId, Position) + Send + Sync>;

/// A token that is believed.
pub struct Verified {
    token: Box<str>,
    /// Of the keys that it was verified under.
    epoch: u64,
    claims: Claims,
    reported_at: LastTime,
    seen: LastTime,
}

impl Verified {
    /// What the token says.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// When it last came with a request that counts, to the second.
    pub(crate) fn seen(&self) -> &LastTime {
        &self.seen
    }
}

impl fmt::Debug for Verified {
    /// Without the token, which whoever reads it could use.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Verified")
            .field("claims", &self.claims)
            .finish_non_exhaustive()
    }
}

/// Decides whether access tokens are believed: the keys, what they must say, and which sessions
/// were ended.
///
/// A signature is verified once. After that the token is found again in a bounded cache, whole
/// and byte for byte, until it expires or the keys change; whether its session was ended is asked
/// every time. A hit allocates nothing and takes no lock.
pub struct Verifier {
    keys: ArcSwap<Keys>,
    changes: AtomicU64,
    expected: Expectations,
    clock: Arc<dyn Clock>,
    revoked: Arc<RevokedSet>,
    cache: Cache,
    reporter: Option<(UseReporter, Duration)>,
    activity: Option<ActivityReporter>,
    on_unknown_key: Option<Box<dyn Fn() + Send + Sync>>,
}

struct Keys {
    set: KeySet,
    /// No two sets have the same. What was verified under another one is forgotten.
    epoch: u64,
}

impl Verifier {
    /// Believes what `keys` signed, if it says what is `expected` and its session is not in
    /// `revoked`.
    #[must_use]
    pub fn new(
        keys: KeySet,
        expected: Expectations,
        clock: Arc<dyn Clock>,
        revoked: Arc<RevokedSet>,
    ) -> Self {
        Self {
            keys: ArcSwap::from_pointee(Keys {
                set: keys,
                epoch: 0,
            }),
            expected,
            clock,
            revoked,
            changes: AtomicU64::new(0),
            cache: Cache::new(),
            reporter: None,
            activity: None,
            on_unknown_key: None,
        }
    }

    /// Also tells `reporter` which tokens are in use, at most once per `every` for each token.
    ///
    /// The authority settles generations by it (docs/rotation.md). A report that is lost delays the
    /// detection of a stolen token; one too many costs a write.
    #[must_use]
    pub fn with_use_reporter(mut self, reporter: UseReporter, every: Duration) -> Self {
        self.reporter = Some((reporter, every));
        self
    }

    /// Also tells `reporter` when somebody is there: of every request that a guard admits and that
    /// [`counts`](crate::activity_of), at most once a second for each token.
    #[must_use]
    pub fn with_activity_reporter(mut self, reporter: ActivityReporter) -> Self {
        self.activity = Some(reporter);
        self
    }

    pub(crate) fn activity_reporter(&self) -> Option<&ActivityReporter> {
        self.activity.as_ref()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Also calls `signal` when a token names a key that is not known. It gets nothing of the
    /// token, which nobody has signed.
    #[cfg(feature = "remote")]
    #[must_use]
    pub(crate) fn with_unknown_key_signal(
        mut self,
        signal: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        self.on_unknown_key = Some(Box::new(signal));
        self
    }

    /// Believes `keys` and no others from now on. What was verified before is forgotten: the key
    /// that signed it may be one that was withdrawn.
    pub fn replace_keys(&self, keys: KeySet) {
        let epoch = self.changes.fetch_add(1, Ordering::Relaxed) + 1;
        self.keys.store(Arc::new(Keys { set: keys, epoch }));
        self.cache.clear();
    }

    /// The keys that are believed.
    #[must_use]
    pub fn keys(&self) -> KeySet {
        self.keys.load().set.clone()
    }

    /// The set that is asked about ended sessions.
    #[must_use]
    pub fn revoked(&self) -> &Arc<RevokedSet> {
        &self.revoked
    }

    /// Decides whether `token` is believed now.
    ///
    /// # Errors
    /// [`Refusal::TokenNotValid`], [`Refusal::SessionEnded`] or [`Refusal::RevocationsStale`].
    pub fn verify(&self, token: &str) -> Result<Arc<Verified>, Refusal> {
        self.decide(token.as_bytes(), || Ok(token), self.now())
    }

    /// As [`verify`](Self::verify), for a token as it arrived. Whether it is text at all is asked of
    /// strangers only: to look through the whole of it takes as long as to find it again.
    pub(crate) fn verify_at(&self, token: &[u8], now: Timestamp) -> Result<Arc<Verified>, Refusal> {
        let text = || std::str::from_utf8(token).map_err(|_| VerifyError::Invalid);
        self.decide(token, text, now)
    }

    fn decide<'t>(
        &self,
        token: &[u8],
        text: impl FnOnce() -> Result<&'t str, VerifyError>,
        now: Timestamp,
    ) -> Result<Arc<Verified>, Refusal> {
        let keys = self.keys.load();
        let known = self
            .cache
            .find(token, keys.epoch)
            .filter(|verified| now < verified.claims.expires_at + LEEWAY);
        let verified = match known {
            Some(verified) => verified,
            None => self.verify_signature(text()?, &keys, now)?,
        };
        if let Some(session) = verified.claims.session {
            if self.revoked.contains(session) {
                return Err(Refusal::SessionEnded(verified.claims.user));
            }
            // Only now: who is known to be out is told so in an outage too.
            if self.revoked.freshness(now) == Freshness::Closed {
                return Err(Refusal::RevocationsStale);
            }
        }
        self.report(&verified, now);
        Ok(verified)
    }

    fn verify_signature(
        &self,
        token: &str,
        keys: &Keys,
        now: Timestamp,
    ) -> Result<Arc<Verified>, VerifyError> {
        let claims = access_token::verify(token, &keys.set, &self.expected, now)
            .inspect_err(|_| self.signal_unknown_key(token, &keys.set))?;
        // Under the epoch of the keys that were used: should they have changed meanwhile, the
        // entry is dead as it is put in.
        let verified = Arc::new(Verified {
            token: token.into(),
            epoch: keys.epoch,
            claims,
            reported_at: LastTime::default(),
            seen: LastTime::default(),
        });
        self.cache.insert(Arc::clone(&verified));
        Ok(verified)
    }

    fn signal_unknown_key(&self, token: &str, keys: &KeySet) {
        let Some(signal) = &self.on_unknown_key else {
            return;
        };
        let names_another = Unverified::parse(token).is_ok_and(|token| {
            token
                .header()
                .kid
                .as_deref()
                .is_some_and(|kid| keys.find(kid).is_none())
        });
        if names_another {
            signal();
        }
    }

    fn report(&self, verified: &Verified, now: Timestamp) {
        let Some((reporter, every)) = &self.reporter else {
            return;
        };
        let (Some(session), Some(position)) = (verified.claims.session, verified.claims.position)
        else {
            return;
        };
        // Of many threads that find it due, one reports.
        if verified.reported_at.is_due(*every, now, || true) {
            reporter(session, position);
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Verifier")
            .field("keys", &self.keys.load().set)
            .field("expected", &self.expected)
            .finish_non_exhaustive()
    }
}
