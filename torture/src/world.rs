//! What the browsers of a run have in common: their users, the totals, the server's settings.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::promise::{DelayBound, PasswordNumber, Promises};
use crate::tally::Tally;

/// Somebody with a password and several browsers.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) promises: Promises,
}

/// The text of a password. Long, so that no rule stands in the way.
pub(crate) fn password_text(number: PasswordNumber) -> String {
    format!("twice baked and kept dry, batch {number}")
}

/// What all browsers of a run have in common.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) tally: Arc<Tally>,
    /// How long the server's own clock lets an access token live: no less than this, unless that
    /// clock is made to step.
    pub(crate) access_lifetime: Duration,
    pub(crate) delay_bound: DelayBound,
    /// Hashing is slow on purpose: few at once, or a burst would be made of little else.
    pub(crate) hashing: Semaphore,
}
