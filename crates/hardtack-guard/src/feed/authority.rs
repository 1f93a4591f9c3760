//! The two questions to the authority, and what counts as an answer.

use std::fmt;
use std::time::Duration;

use hardtack_core::rotation::Position;
use hardtack_core::{SessionId, Timestamp};
use http::HeaderValue;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Client, RequestBuilder, Response, Url};
use serde::{Deserialize, Serialize};

use super::FeedError;
use crate::remote;

/// How long an answer may take besides the wait that was asked for.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Twice the largest page.
const LONGEST_BODY: usize = 1024 * 1024;

/// An access token lives a day at most, and its entry a minute longer. What claims more would fill
/// the memory.
const LONGEST_ENTRY: Duration = Duration::from_secs(86_400 + 120);

pub(super) struct Authority {
    client: Client,
    revocations: Url,
    uses: Url,
    credential: HeaderValue,
}

/// One page of the feed.
pub(super) struct Page {
    pub(super) cursor: String,
    /// Sessions, and how much longer each must be remembered.
    pub(super) revocations: Vec<(SessionId, Duration)>,
    /// The name of the keys that the authority publishes; one that is older tells none.
    pub(super) keys: Option<String>,
    pub(super) more: bool,
    /// When the log was read, by the authority's clock.
    pub(super) now: Timestamp,
}

#[derive(Deserialize)]
struct PageJson {
    cursor: String,
    revocations: Vec<RevocationJson>,
    keys: Option<String>,
    more: bool,
    now: f64,
}

#[derive(Deserialize)]
struct RevocationJson {
    sid: String,
    expires_at: f64,
}

#[derive(Serialize)]
struct ReportJson {
    uses: Vec<UseJson>,
}

#[derive(Serialize)]
struct UseJson {
    sid: String,
    #[serde(rename = "gen")]
    generation: u32,
    branch: u32,
    used_at: f64,
}

impl Authority {
    pub(super) fn new(base_url: &str, service_token: &str) -> Result<Self, FeedError> {
        let wrong = || FeedError::Address(base_url.to_owned());
        let below = |route: &str| {
            let base = base_url.trim_end_matches('/');
            remote::parse_address(&format!("{base}/{route}/")).ok_or_else(wrong)
        };
        let token = service_token.trim();
        let credential = HeaderValue::try_from(format!("Bearer {token}"));
        let mut credential = credential.map_err(|_| FeedError::Token)?;
        if token.is_empty() {
            return Err(FeedError::Token);
        }
        credential.set_sensitive(true);
        let revocations = below("revocations")?;
        Ok(Self {
            client: remote::client(&revocations, TIMEOUT).map_err(FeedError::Unreachable)?,
            revocations,
            uses: below("uses")?,
            credential,
        })
    }

    /// What was ended after `cursor`, and whether it still publishes `keys`; without news the
    /// authority may take `wait` to answer.
    pub(super) async fn ask(
        &self,
        cursor: Option<&str>,
        keys: Option<&str>,
        wait: Duration,
    ) -> Result<Page, FeedError> {
        let mut url = self.revocations.clone();
        if let Some(cursor) = cursor {
            let seconds = wait.as_secs().to_string();
            url.query_pairs_mut()
                .append_pair("since", cursor)
                .append_pair("wait", &seconds);
            if let Some(keys) = keys {
                url.query_pairs_mut().append_pair("keys", keys);
            }
        }
        let response = self
            .send(self.client.get(url).timeout(TIMEOUT + wait))
            .await?;
        let body = remote::body(response, LONGEST_BODY)
            .await
            .map_err(FeedError::Unreachable)?
            .ok_or(FeedError::Malformed("it is longer than a megabyte"))?;
        let page: PageJson = serde_json::from_slice(&body)
            .map_err(|_| FeedError::Malformed("it is not the JSON of a feed"))?;
        Page::try_from(page)
    }

    /// Reports uses, each at its time by the authority's clock.
    pub(super) async fn report(
        &self,
        uses: &[(SessionId, Position, Timestamp)],
    ) -> Result<(), FeedError> {
        let uses = uses.iter().map(|(session, position, used_at)| UseJson {
            sid: session.to_string(),
            generation: position.generation,
            branch: position.branch,
            used_at: used_at.to_numeric_date(),
        });
        let body = serde_json::to_vec(&ReportJson {
            uses: uses.collect(),
        });
        let body = body.map_err(|_| FeedError::Malformed("a report has no JSON"))?;
        let request = self.client.post(self.uses.clone());
        self.send(request.header(CONTENT_TYPE, "application/json").body(body))
            .await
            .map(drop)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, FeedError> {
        let request = request.header(AUTHORIZATION, self.credential.clone());
        let answer = request.send().await;
        let response = answer.map_err(|error| FeedError::Unreachable(remote::chain(&error)))?;
        match response.status().as_u16() {
            200 => Ok(response),
            401 => Err(FeedError::Refused),
            status => Err(FeedError::Status(status)),
        }
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.revocations.as_str())
    }
}

impl TryFrom<PageJson> for Page {
    type Error = FeedError;

    /// All of it or nothing: who takes half of an answer for the whole is wrong about who is in.
    fn try_from(page: PageJson) -> Result<Self, FeedError> {
        let time = |seconds| {
            Timestamp::from_numeric_date(seconds).ok_or(FeedError::Malformed("a time is none"))
        };
        if page.cursor.is_empty() || page.cursor.len() > 256 {
            return Err(FeedError::Malformed("its cursor is empty or endless"));
        }
        // It goes into the next question.
        if page.keys.as_ref().is_some_and(|keys| keys.len() > 256) {
            return Err(FeedError::Malformed("the name of its keys is endless"));
        }
        let now = time(page.now)?;
        let revocations = page.revocations.into_iter().map(|entry| {
            let session: SessionId = entry
                .sid
                .parse()
                .map_err(|_| FeedError::Malformed("a sid is none"))?;
            // By the authority's clock alone, so that ours may differ.
            let kept_for = time(entry.expires_at)?.since(now).min(LONGEST_ENTRY);
            Ok((session, kept_for))
        });
        Ok(Self {
            revocations: revocations.collect::<Result<_, FeedError>>()?,
            cursor: page.cursor,
            keys: page.keys,
            more: page.more,
            now,
        })
    }
}
