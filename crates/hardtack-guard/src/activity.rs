//! Which requests count as their user's activity.

use hardtack_core::Activity;
use http::{HeaderMap, HeaderName};

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
