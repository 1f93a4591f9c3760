//! Which requests count as their user's activity, and when their sessions were last used.

use std::sync::Arc;
use std::time::Duration;

use hardtack_core::{Activity, SessionId, Timestamp};
use http::{HeaderMap, HeaderName};

use crate::Verified;

/// Is told that somebody is there. It must not block: it runs inside the request.
pub type ActivityReporter = Arc<dyn Fn(&ActiveSession) + Send + Sync>;

/// A session that is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActiveSession {
    /// Which.
    pub session: SessionId,
    /// When it was used.
    pub seen_at: Timestamp,
    /// When it would have ended without that use, as far as is known here. `None` where the token
    /// does not tell.
    pub idle_expires_at: Option<Timestamp>,
}

/// Uses of one token that are closer than this are one: what a tab sends at once must not be
/// written down at once by every core.
const NOTED_EVERY: Duration = Duration::from_secs(1);

/// How long it may take until a use is written, when the idle end is near. One that comes later than
/// this before the end may find the session over, and one in the leeway of the clocks does.
const WRITTEN_WITHIN: Duration = Duration::from_secs(2);

/// What a page adds to a request that nobody asked for, such as one of a timer.
///
/// No form and no link can add a header, and of other origins only those that CORS allows it.
const BACKGROUND: HeaderName = HeaderName::from_static("x-hardtack-background");

/// Does a request with these headers count? `X-Hardtack-Background: 1`, once and exactly so, says
/// that it does not; anything else says nothing.
#[must_use]
pub fn activity_of(headers: &HeaderMap) -> Activity {
    let mut values = headers.get_all(BACKGROUND).iter();
    match (values.next(), values.next()) {
        (Some(value), None) if value.as_bytes() == b"1" => Activity::Background,
        _ => Activity::Counts,
    }
}

/// Tells `reporter` that a request with these headers was let through by `token`. Nothing is
/// allocated and no lock taken here, but for what the reporter does once a second.
pub(crate) fn note(
    reporter: &ActivityReporter,
    token: &Verified,
    headers: &HeaderMap,
    now: Timestamp,
) {
    let Some(session) = token.claims().session else {
        return;
    };
    let seen_before = token.seen().at();
    let ends = token.claims().ends;
    let idle_expires_at = || ends.map(|ends| ends.idle_at_after_use(seen_before));
    let mut may_be_late = false;
    // The header is looked for last: most requests are not due.
    let counts = || {
        let counts = activity_of(headers) == Activity::Counts;
        may_be_late = counts && idle_expires_at().is_some_and(|end| end < now + WRITTEN_WITHIN);
        counts && !may_be_late
    };
    // What may be late is reported and not believed: it defers no end that is told.
    if token.seen().is_due(NOTED_EVERY, now, counts) || may_be_late {
        reporter(&ActiveSession {
            session,
            seen_at: now,
            idle_expires_at: idle_expires_at(),
        });
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_request_is_in_the_background_when_it_says_exactly_so() {
        for (values, activity) in [
            (vec!["1"], Activity::Background),
            (vec![], Activity::Counts),
            (vec![""], Activity::Counts),
            (vec!["0"], Activity::Counts),
            (vec!["true"], Activity::Counts),
            (vec!["1, 1"], Activity::Counts),
            (vec!["11"], Activity::Counts),
            (vec!["1", "1"], Activity::Counts),
            (vec!["1", "0"], Activity::Counts),
        ] {
            let mut headers = HeaderMap::new();
            for value in &values {
                headers.append(BACKGROUND, HeaderValue::from_static(value));
            }
            assert_eq!(activity_of(&headers), activity, "{values:?}");
        }
    }
}
