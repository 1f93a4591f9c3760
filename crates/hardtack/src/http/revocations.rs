//! `GET revocations/`: which sessions were ended, for verifiers in other processes
//! (docs/revocation.md, "The feed on the wire").

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use hardtack_core::Timestamp;
use hardtack_core::key::KeySet;
use hardtack_store::{LogPosition, Revocation, RevocationPage, Store};
use http::header::{ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use serde::Serialize;

use super::error::{ApiError, json_response};
use super::fields::FieldFaults;
use super::service::Verifier;
use crate::hardtack::Hardtack;

/// Who asks for longer waits as long as this: proxies cut off at 30 s.
const LONGEST_WAIT: Duration = Duration::from_secs(25);

/// What is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Question {
    since: Option<LogPosition>,
    /// The name of the keys that the asker has.
    keys: Option<String>,
    wait: Duration,
}

#[derive(Serialize)]
struct FeedJson {
    /// To be sent as `since` the next time.
    cursor: String,
    revocations: Vec<RevocationJson>,
    /// The name of the keys that are published: another one means that they are to be fetched.
    keys: String,
    /// Is there more to read at once?
    more: bool,
    /// When the log was read, by the store's clock.
    now: f64,
}

#[derive(Serialize)]
struct RevocationJson {
    sid: String,
    /// In whole seconds, rounded up: a token may live to the last of them.
    expires_at: i64,
}

pub(super) async fn show<S: Store>(
    State(hardtack): State<Hardtack<S>>,
    _: Verifier,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Question { since, keys, wait } = Question::parse(uri.query().unwrap_or_default())?;
    let knows = |page: &RevocationPage| names(&headers, &etag(page, &published(&hardtack)));
    let is_news = |page: &RevocationPage| match since {
        Some(since) => {
            let has_other_keys = keys
                .as_ref()
                .is_some_and(|keys| *keys != published(&hardtack));
            page.position != since || !page.revocations.is_empty() || has_other_keys
        }
        None => !knows(page),
    };
    let page = hardtack.find_news(since, is_news, wait).await?;
    let published = published(&hardtack);
    let headers = [(ETAG, etag(&page, &published))];
    if knows(&page) && !is_news(&page) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let body = FeedJson {
        cursor: page.position.to_string(),
        keys: published,
        more: !page.is_last,
        now: page.now.to_numeric_date(),
        revocations: page.revocations.iter().map(RevocationJson::from).collect(),
    };
    Ok((headers, json_response(StatusCode::OK, &body)).into_response())
}

impl From<&Revocation> for RevocationJson {
    fn from(revocation: &Revocation) -> Self {
        let almost_a_second = Duration::from_micros(999_999);
        let rounded_up: Timestamp = revocation.expires_at + almost_a_second;
        Self {
            sid: revocation.session.to_string(),
            expires_at: rounded_up.unix_seconds(),
        }
    }
}

impl Question {
    fn parse(query: &str) -> Result<Self, ApiError> {
        let mut question = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "since" => {
                    let position = value.parse().map_err(|_| fault("since", "Not a cursor."))?;
                    question.since = Some(position);
                }
                "keys" => question.keys = Some(value.into_owned()),
                "wait" => {
                    let seconds = value
                        .parse()
                        .map_err(|_| fault("wait", "A valid integer is required."))?;
                    question.wait = Duration::from_secs(seconds).min(LONGEST_WAIT);
                }
                _ => {}
            }
        }
        Ok(question)
    }
}

fn fault(name: &'static str, message: &str) -> ApiError {
    ApiError::Fields(FieldFaults::of(name, message))
}

/// The name of the keys that this process publishes now.
fn published<S: Store>(hardtack: &Hardtack<S>) -> String {
    KeySet::name_of_jwks(hardtack.verifier().keys().to_jwks_json().as_bytes())
}

/// Names what an answer says: how far the log is known to whoever has it, and which keys.
fn etag(page: &RevocationPage, keys: &str) -> HeaderValue {
    // Hexadecimal digits, dashes, dots and base64url always fit.
    HeaderValue::try_from(format!("\"{}.{keys}\"", page.position))
        .unwrap_or(HeaderValue::from_static("\"\""))
}

/// Is the tag among those of `If-None-Match` (RFC 9110 §13.1.2)?
fn names(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .map(|tag| tag.strip_prefix(b"W/").unwrap_or(tag))
        .any(|tag| tag == etag.as_bytes())
}

#[cfg(test)]
mod tests {
    use hardtack_store::LogId;

    use super::*;

    #[test]
    fn a_question_has_a_cursor_and_a_bounded_wait() {
        let position = LogPosition {
            log: LogId::draw(),
            sequence: 7,
        };
        let query = format!("since={position}&wait=3&unknown=x");
        let Question { since, keys, wait } = Question::parse(&query).unwrap();
        assert_eq!((since, keys, wait.as_secs()), (Some(position), None, 3));
        assert_eq!(Question::parse("").unwrap(), Question::default());
        assert_eq!(Question::parse("wait=86400").unwrap().wait, LONGEST_WAIT);
        for broken in [
            "since=",
            "since=7",
            "since=x-7",
            "wait=-1",
            "wait=1.5",
            "wait=",
        ] {
            assert!(Question::parse(broken).is_err(), "{broken}");
        }
    }
}
