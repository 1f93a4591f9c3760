//! From a request to its answer: what is known at once, else what the routes say.

use std::cell::RefCell;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse as _, Response};
use axum::routing::future::RouteFuture;
use hardtack::AtOnceRoutes;
use hardtack_store::SqliteStore;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, StatusCode};
use hyper::body::{Body as _, Incoming};
use tower::Service as _;
use tracing::error;

/// Answers the requests of one connection. A panic ends its request with 500 and no other
/// (docs/threat-model.md SV-3); nothing of the request is used after it.
pub(super) struct Answers {
    /// Its own: a clone for each request would have the threads wait for each other at the count of
    /// clones.
    app: RefCell<Router>,
    at_once: AtOnceRoutes<SqliteStore>,
    hardened: Arc<HeaderMap>,
    peer: SocketAddr,
}

/// An answer that is under way.
pub(super) enum Answering {
    Over(Option<Response>),
    Asked(RouteFuture<Infallible>),
}

impl Answers {
    /// Of `app`, to the client at `peer`. `at_once` is asked before it, and `hardened` are the headers of
    /// a 500 that it did not give.
    pub(super) fn new(
        app: Router,
        at_once: AtOnceRoutes<SqliteStore>,
        hardened: Arc<HeaderMap>,
        peer: SocketAddr,
    ) -> Self {
        Self {
            app: RefCell::new(app),
            at_once,
            hardened,
            peer,
        }
    }

    pub(super) fn ask(&self, mut request: Request<Incoming>) -> Answering {
        let answer = AssertUnwindSafe(|| self.at_once.answer(&request));
        let answer = catch_unwind(answer).unwrap_or_else(|_| Some(fault(&self.hardened)));
        if answer.is_some() {
            return Answering::Over(answer);
        }
        request.extensions_mut().insert(ConnectInfo(self.peer));
        Answering::Asked(self.app.borrow_mut().call(request.map(body)))
    }
}

impl Answering {
    /// `hardened` are the headers of a 500 that no route gave.
    pub(super) fn poll(
        &mut self,
        hardened: &HeaderMap,
        context: &mut Context<'_>,
    ) -> Poll<Response> {
        let poll = AssertUnwindSafe(|| match self {
            // Nobody asks again after it was taken.
            Self::Over(response) => response.take().map_or(Poll::Pending, Poll::Ready),
            Self::Asked(answering) => Pin::new(answering)
                .poll(context)
                .map(|Ok(response)| response),
        });
        catch_unwind(poll).unwrap_or_else(|_| Poll::Ready(fault(hardened)))
    }
}

fn fault(hardened: &HeaderMap) -> Response {
    error!("a handler panicked");
    let kind = [(CONTENT_TYPE, "application/json")];
    let body = r#"{"detail":"Internal server error."}"#;
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    (status, hardened.clone(), kind, body).into_response()
}

/// Most requests have none, and what is empty need not be kept on the heap.
fn body(incoming: Incoming) -> Body {
    if incoming.is_end_stream() {
        Body::empty()
    } else {
        Body::new(incoming)
    }
}
