//! Paths whose `GET` waits for nothing.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use axum::routing::MethodRouter;
use axum::routing::future::RouteFuture;
use hardtack_store::Store;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tower::Service;

use super::{HandlerEdge, Place, allow, allowed_origin, enter, leave};
use crate::hardtack::Hardtack;
use crate::http::error::{ApiError, json_bytes_response};

/// What a `GET` is told: JSON that is known without waiting.
pub(crate) type Tell<S> = fn(&Hardtack<S>, &HeaderMap) -> Result<Vec<u8>, ApiError>;

/// A path whose `GET` and `HEAD` are answered as they are asked, with the edge around it.
///
/// A handler is a future in a box, in a route whose future is a box, and its answer is written into
/// twice on the way out: for what is in memory anyway, the way there and back cost more than the
/// answer (budget B1 of the design). `Content-Length` is left to the server, which knows it too.
pub(crate) struct AtOnce<S>(Arc<Inner<S>>);

struct Inner<S> {
    hardtack: Hardtack<S>,
    place: Place,
    tell: Tell<S>,
    /// Every other method.
    others: MethodRouter,
}

impl<S> Clone for AtOnce<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl HandlerEdge {
    /// Answers `GET` and `HEAD` by `tell`, and has `others` asked about everything else.
    pub(crate) fn tell<S: Store>(
        self,
        hardtack: &Hardtack<S>,
        tell: Tell<S>,
        others: MethodRouter<Hardtack<S>>,
    ) -> AtOnce<S> {
        AtOnce(Arc::new(Inner {
            hardtack: hardtack.clone(),
            place: self.0,
            tell,
            others: others.with_state(hardtack.clone()),
        }))
    }
}

impl<S: Store> Service<Request> for AtOnce<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = Told;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Told {
        match *request.method() {
            Method::GET => Told::Now(ready(Ok(self.0.answer(&request)))),
            Method::HEAD => Told::Now(ready(Ok(without_body(self.0.answer(&request))))),
            _ => Told::Later(Box::pin(self.0.others.clone().call(request))),
        }
    }
}

impl<S: Store> Inner<S> {
    fn answer(&self, request: &Request) -> Response {
        let Self {
            hardtack, place, ..
        } = self;
        match enter(hardtack, *place, request) {
            (origin, None) => self.tell(origin, request.headers()),
            (origin, Some(mut refused)) => {
                leave(hardtack, *place, origin, refused.headers_mut());
                refused
            }
        }
    }

    fn tell(&self, origin: Option<HeaderValue>, headers: &HeaderMap) -> Response {
        let Self {
            hardtack, place, ..
        } = self;
        let mut response = match (self.tell)(hardtack, headers) {
            Ok(json) if *place == Place::BasePath => {
                let mut response = Response::new(Body::from(json));
                let headers = response.headers_mut();
                *headers = hardtack.json_headers();
                allow(origin, headers);
                return response;
            }
            Ok(json) => json_bytes_response(StatusCode::OK, json),
            Err(error) => error.into_response(),
        };
        leave(hardtack, *place, origin, response.headers_mut());
        response
    }
}

/// The routes that are answered without waiting: made by [`Hardtack::at_once`].
///
/// What they answer is what the router answers. But to find its way through the router, with what
/// that keeps beside a request, takes as long as to answer it, so a server that is asked very often
/// asks here first:
///
/// `match at_once.answer(&request) { Some(response) => response, None => router.call(request) … }`
pub struct AtOnceRoutes<S>(Arc<[(String, AtOnce<S>)]>);

impl<S: Store> AtOnceRoutes<S> {
    /// At these paths, and at them with a slash at their ends.
    pub(crate) fn new(routes: impl Iterator<Item = (String, AtOnce<S>)>) -> Self {
        let both = |(path, route): (String, AtOnce<S>)| {
            let with_slash = format!("{path}/");
            [(path, route.clone()), (with_slash, route)]
        };
        Self(routes.flat_map(both).collect())
    }

    /// The answer to a `GET` for one of the routes. `None` is for the router: other methods, other
    /// paths, and what may not be answered to everybody.
    pub fn answer<B>(&self, request: &http::Request<B>) -> Option<Response> {
        let (method, path) = (request.method(), request.uri().path());
        let is_asked = |(known, _): &&(String, AtOnce<S>)| known == path;
        let (_, AtOnce(route)) = self
            .0
            .iter()
            .find(is_asked)
            .filter(|_| method == Method::GET)?;
        let (hardtack, headers) = (&route.hardtack, request.headers());
        hardtack.guard().check_origin(method, headers).ok()?;
        Some(route.tell(allowed_origin(hardtack, headers), headers))
    }
}

impl<S> Clone for AtOnceRoutes<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> Default for AtOnceRoutes<S> {
    /// No routes.
    fn default() -> Self {
        Self(Arc::default())
    }
}

/// What `HEAD` is answered where `GET` would be answered so (RFC 9110 §9.3.2).
fn without_body(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        parts.headers.insert(CONTENT_LENGTH, length.into());
    }
    Response::from_parts(parts, Body::empty())
}

/// The answer, or the way to it.
pub(crate) enum Told {
    Now(Ready<Result<Response, Infallible>>),
    /// In a box, so that the others need not be as large.
    Later(Pin<Box<RouteFuture<Infallible>>>),
}

impl Future for Told {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Now(told) => Pin::new(told).poll(context),
            Self::Later(answering) => answering.as_mut().poll(context),
        }
    }
}
