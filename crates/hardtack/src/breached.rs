//! New passwords against those that leaked elsewhere (SP 800-63B-4 §3.1.1.2; ASVS 5.0 §6.2.12).
//!
//! Off unless [`Builder::with_breached_passwords`](crate::Builder::with_breached_passwords) is
//! given a list. The list is asked by k-anonymity ([`BreachQuery`]): it never learns the password,
//! nor whose it is.
//!
//! **It fails open.** A list that hangs, is down or talks nonsense must not keep people from
//! changing a password, least of all on the day of an incident; the log says that it was not asked.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use hardtack_core::Timestamp;
use hardtack_core::password::{BreachQuery, Password};

#[cfg(feature = "breached-passwords")]
mod range_api;

#[cfg(feature = "breached-passwords")]
pub use range_api::{ParseRangeUrlError, RangeApi, RangeApiError, RangeUrl};

/// How long a list that failed is left alone: everybody who chooses a password meanwhile would
/// wait for it in vain.
const REST: Duration = Duration::from_secs(30);

/// A list of leaked passwords, wherever it is kept.
pub trait BreachedPasswords: Send + Sync + 'static {
    /// Every known SHA-1 that begins with `prefix` (five hexadecimal digits in upper case), as the
    /// range search of Have I Been Pwned answers: a line each, the other 35 digits, a colon, and a
    /// count. Takes as long as it takes: the caller gives up by itself.
    fn find_range(&self, prefix: String) -> RangeFuture<'_>;
}

/// What becomes of a question. The error is for the log.
pub type RangeFuture<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send + 'a>>;

/// A list with a bound on what asking it may cost.
pub struct BreachCheck {
    list: Arc<dyn BreachedPasswords>,
    timeout: Duration,
    /// Microseconds since the epoch. Until then it is not asked.
    rests_until: AtomicI64,
}

impl BreachCheck {
    /// Asks `list`, and waits `timeout` for an answer at most.
    #[must_use]
    pub fn new(list: Arc<dyn BreachedPasswords>, timeout: Duration) -> Self {
        Self {
            list,
            timeout,
            rests_until: AtomicI64::new(i64::MIN),
        }
    }

    /// Has `password` leaked? `false` also when nobody can tell in time; then the list is not asked
    /// for half a minute, and the log has a warning.
    pub async fn knows(&self, password: &Password, now: Timestamp) -> bool {
        if now.unix_micros() < self.rests_until.load(Ordering::Relaxed) {
            return false;
        }
        let query = BreachQuery::of(password);
        let asked = self.list.find_range(query.prefix().to_owned());
        let answer = match tokio::time::timeout(self.timeout, asked).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("no answer within {:?}", self.timeout)),
        };
        let verdict =
            answer.and_then(|range| query.is_in(&range).map_err(|error| error.to_string()));
        verdict.unwrap_or_else(|error| {
            tracing::warn!(
                %error,
                "whether a new password has leaked could not be found out; it is taken, and the list is not asked for {} s",
                REST.as_secs()
            );
            self.rests_until
                .store((now + REST).unix_micros(), Ordering::Relaxed);
            false
        })
    }
}

impl std::fmt::Debug for BreachCheck {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("BreachCheck")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
