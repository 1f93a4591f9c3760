//! The last requests, in memory: who came, what they carried, what they were given. Never a value.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, Request, Response};
use hardtack_core::time::{Clock, Timestamp};
use serde::Serialize;
use tower::{Layer, Service};

use super::set_cookie::SetCookie;

/// How many requests are kept. More than a person reads, few enough to send on every look.
const KEPT: usize = 50;

/// The longest path that is kept, in characters; the rest teaches nothing.
const LONGEST_PATH: usize = 120;

/// The last requests that passed through this layer. Clones share one list.
#[derive(Clone)]
pub(crate) struct RequestLog {
    clock: Arc<dyn Clock>,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    count: u64,
    /// The newest first.
    exchanges: VecDeque<Exchange>,
}

/// One request and its answer. Names, paths and flags only: a value never gets this far.
#[derive(Serialize)]
struct Exchange {
    id: u64,
    at: String,
    method: String,
    path: String,
    status: u16,
    /// Names of the cookies that the request carried.
    sent: Vec<String>,
    /// The cookies that the answer sets or clears.
    set: Vec<SetCookie>,
}

impl RequestLog {
    /// An empty list, its times from `clock`.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            kept: Arc::default(),
        }
    }

    /// `{"requests": [...]}`, the newest first.
    pub(super) fn to_json(&self) -> String {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::json!({ "requests": kept.exchanges }).to_string()
    }

    fn push(&self, mut exchange: Exchange) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.count = kept.count.wrapping_add(1);
        exchange.id = kept.count;
        kept.exchanges.push_front(exchange);
        kept.exchanges.truncate(KEPT);
    }
}

impl<S> Layer<S> for RequestLog {
    type Service = Recorded<S>;

    fn layer(&self, inner: S) -> Recorded<S> {
        Recorded {
            inner,
            log: self.clone(),
        }
    }
}

/// A service whose requests go into a [`RequestLog`].
#[derive(Clone)]
pub(crate) struct Recorded<S> {
    inner: S,
    log: RequestLog,
}

impl<S, B, R> Service<Request<B>> for Recorded<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let path = request.uri().path();
        // The page asks for this very list every few seconds.
        if path.starts_with("/dev/") {
            return Box::pin(self.inner.call(request));
        }
        let log = self.log.clone();
        let mut exchange = Exchange {
            id: 0,
            at: written(log.clock.now()),
            method: request.method().to_string(),
            path: path.chars().take(LONGEST_PATH).collect(),
            status: 0,
            sent: cookie_names(request.headers()),
            set: Vec::new(),
        };
        let answering = self.inner.call(request);
        Box::pin(async move {
            let response = answering.await?;
            exchange.status = response.status().as_u16();
            exchange.set = set_cookies(response.headers());
            log.push(exchange);
            Ok(response)
        })
    }
}

fn cookie_names(headers: &HeaderMap) -> Vec<String> {
    let lines = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';'));
    // A pair without `=` is all value in the eyes of a browser, so it has no name to show.
    pairs
        .filter_map(|pair| Some(pair.split_once('=')?.0.trim().to_owned()))
        .collect()
}

fn set_cookies(headers: &HeaderMap) -> Vec<SetCookie> {
    let lines = headers
        .get_all(SET_COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok());
    lines.filter_map(SetCookie::parse).collect()
}

/// ISO 8601 with milliseconds, so that requests of one burst can be told apart.
fn written(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_microsecond(at.unix_micros()).unwrap_or_default();
    format!("{at:.3}")
}
