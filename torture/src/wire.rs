//! One request and its answer over a real socket, or its loss.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use reqwest::header::{CONTENT_TYPE, COOKIE, HeaderMap, ORIGIN, SET_COOKIE};
use reqwest::{Client, Method};
use serde_json::Value;

/// Where the browsers believe to be.
pub(crate) const PUBLIC_URL: &str = "https://app.example.com";

/// Where a password is hashed.
const HASHING: [&str; 5] = [
    "/api/auth/login/",
    "/api/auth/password/change/",
    "/api/auth/password/reset/confirm/",
    "/api/auth/registration/",
    "/api/auth/email/change/",
];

/// What becomes of an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fate {
    /// The browser reads it.
    Delivered,
    /// The server sent it, and the network lost it.
    Lost,
    /// The client hangs up so long after it asked, whatever the server is doing then.
    HungUpAfter(Duration),
}

/// What a browser sends.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) access: Option<String>,
    pub(crate) refresh: Option<String>,
    pub(crate) body: Option<Value>,
}

impl Request {
    pub(crate) fn get(path: &'static str) -> Self {
        Self {
            method: Method::GET,
            path,
            access: None,
            refresh: None,
            body: None,
        }
    }

    pub(crate) fn post(path: &'static str) -> Self {
        Self {
            method: Method::POST,
            ..Self::get(path)
        }
    }

    pub(crate) fn delete(path: &'static str) -> Self {
        Self {
            method: Method::DELETE,
            ..Self::get(path)
        }
    }
}

/// What a browser is told.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The whole body, for the story.
    pub(crate) text: String,
    /// Both cookies, where they were set.
    pub(crate) tokens: Option<Tokens>,
}

#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

#[derive(Debug)]
pub(crate) enum Heard {
    Answer(Answer),
    /// The status is known to this program and not to the browser.
    Lost(u16),
    Nothing(String),
}

/// The way to one life of the server.
#[derive(Debug)]
pub(crate) struct Wire {
    client: Client,
    url: String,
    over: AtomicBool,
    slowest_micros: AtomicU64,
    slowest_before: Duration,
}

impl Wire {
    pub(crate) fn to(url: &str, patience: Duration) -> Result<Self> {
        Ok(Self {
            client: Client::builder().no_proxy().timeout(patience).build()?,
            url: url.to_owned(),
            over: AtomicBool::new(false),
            slowest_micros: AtomicU64::new(0),
            slowest_before: Duration::ZERO,
        })
    }

    /// The way to the life after `before`. A late answer there is felt here, at the next rotation.
    pub(crate) fn after(before: &Self, url: &str, patience: Duration) -> Result<Self> {
        Ok(Self {
            slowest_before: before.slowest_here(),
            ..Self::to(url, patience)?
        })
    }

    /// Is it time for the browsers to stop?
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// The longest that a request which hashes nothing has taken, in this life and the one before.
    pub(crate) fn slowest(&self) -> Duration {
        self.slowest_here().max(self.slowest_before)
    }

    fn slowest_here(&self) -> Duration {
        Duration::from_micros(self.slowest_micros.load(Ordering::Relaxed))
    }

    pub(crate) async fn ask(&self, request: Request, fate: Fate) -> Heard {
        let is_quick = !HASHING.contains(&request.path) && request.method != Method::DELETE;
        let sent = Instant::now();
        let answered = self.send(request);
        let heard = match fate {
            Fate::Delivered => answered.await.map_or_else(Heard::Nothing, Heard::Answer),
            Fate::Lost => match answered.await {
                Ok(answer) => Heard::Lost(answer.status),
                Err(reason) => Heard::Nothing(reason),
            },
            // Dropping the request closes its connection.
            Fate::HungUpAfter(moment) => match tokio::time::timeout(moment, answered).await {
                Ok(Ok(answer)) => Heard::Lost(answer.status),
                Ok(Err(reason)) => Heard::Nothing(reason),
                Err(_) => Heard::Nothing(format!("hung up after {} ms", moment.as_millis())),
            },
        };
        if is_quick && matches!(heard, Heard::Answer(_) | Heard::Lost(_)) {
            let micros = u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.slowest_micros.fetch_max(micros, Ordering::Relaxed);
        }
        heard
    }

    async fn send(&self, request: Request) -> Result<Answer, String> {
        let url = format!("{}{}", self.url, request.path);
        let mut sending = self
            .client
            .request(request.method, url)
            .header(ORIGIN, PUBLIC_URL);
        let cookies: Vec<_> = [("access", request.access), ("refresh", request.refresh)]
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", value?)))
            .collect();
        if !cookies.is_empty() {
            sending = sending.header(COOKIE, cookies.join("; "));
        }
        if let Some(body) = request.body {
            sending = sending
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_string());
        }
        let response = sending.send().await.map_err(|error| reason(&error))?;
        let status = response.status().as_u16();
        let tokens = tokens(response.headers());
        let text = response.text().await.map_err(|error| reason(&error))?;
        Ok(Answer {
            status,
            text,
            tokens,
        })
    }
}

fn tokens(headers: &HeaderMap) -> Option<Tokens> {
    let value = |wanted: &str| {
        headers
            .get_all(SET_COOKIE)
            .iter()
            .filter_map(|header| header.to_str().ok()?.split(';').next()?.split_once('='))
            .find(|(name, value)| *name == wanted && !value.is_empty())
            .map(|(_, value)| value.to_owned())
    };
    Some(Tokens {
        access: value("access")?,
        refresh: value("refresh")?,
    })
}

/// The innermost cause, which is what the socket said.
fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
