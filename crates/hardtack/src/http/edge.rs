//! What every request and every answer passes: CSRF, CORS, and the headers that keep browsers
//! from making things worse.

mod at_once;
mod headers;

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::extract::Request;
use axum::handler::Handler;
use axum::response::{IntoResponse as _, Response};
use hardtack_core::event::Event;
use hardtack_guard::{Refusal, cookie_values};
use hardtack_store::Store;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use super::error::ApiError;
use super::extract::{client_of, refresh_cookies};
use crate::hardtack::Hardtack;
pub use at_once::AtOnceRoutes;
pub(super) use at_once::{AtOnce, Tell};
use headers::BY_ORIGIN;

/// Fixed lists: what is allowed is never copied from the request (docs/threat-model.md CO-1).
const ALLOWED_METHODS: HeaderValue =
    HeaderValue::from_static("DELETE, GET, OPTIONS, PATCH, POST, PUT");
const ALLOWED_HEADERS: HeaderValue = HeaderValue::from_static(
    "accept, authorization, content-type, user-agent, x-csrftoken, x-hardtack-background, x-requested-with",
);
const EXPOSED_HEADERS: HeaderValue = HeaderValue::from_static("Date, Retry-After");
const A_DAY: HeaderValue = HeaderValue::from_static("86400");

/// With `Content-Length` and `Date`, which come later.
const ADDED_HEADERS: usize = 12;

/// What lies behind the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The routes of the base path, which cookies reach.
    BasePath,
    /// The routes of the root, which change nothing and need no credential.
    Root,
    /// The inside of another edge, where everything has been done.
    Inside,
}

/// Puts the edge around routes.
pub(crate) struct EdgeLayer<S> {
    hardtack: Hardtack<S>,
    place: Place,
}

impl<S> EdgeLayer<S> {
    /// Around the routes of the base path.
    pub(crate) fn of_base_path(hardtack: &Hardtack<S>) -> Self {
        Self {
            hardtack: hardtack.clone(),
            place: Place::BasePath,
        }
    }

    /// Around the routes of the root.
    pub(crate) fn of_root(hardtack: &Hardtack<S>) -> Self {
        Self {
            hardtack: hardtack.clone(),
            place: Place::Root,
        }
    }
}

impl<S> Clone for EdgeLayer<S> {
    fn clone(&self) -> Self {
        Self {
            hardtack: self.hardtack.clone(),
            place: self.place,
        }
    }
}

impl<S, Inner> Layer<Inner> for EdgeLayer<S> {
    type Service = Edge<S, Inner>;

    fn layer(&self, inner: Inner) -> Edge<S, Inner> {
        Edge {
            edge: self.clone(),
            inner,
        }
    }
}

/// Routes with the edge around them. Not `axum::middleware::from_fn`, which boxes every request
/// and every answer once more than there is need (budget B1 of the design).
pub(crate) struct Edge<S, Inner> {
    edge: EdgeLayer<S>,
    inner: Inner,
}

impl<S, Inner: Clone> Clone for Edge<S, Inner> {
    fn clone(&self) -> Self {
        Self {
            edge: self.edge.clone(),
            inner: self.inner.clone(),
        }
    }
}

impl<S, Inner> Service<Request> for Edge<S, Inner>
where
    S: Store,
    Inner: Service<Request, Response = Response>,
{
    type Response = Response;
    type Error = Inner::Error;
    type Future = Answering<S, Inner::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Inner::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let EdgeLayer { hardtack, place } = self.edge.clone();
        pass(hardtack, place, request, |request| self.inner.call(request))
    }
}

/// The edge around single handlers of the base path.
///
/// A layer around a route is a route of its own, which is boxed, copied and asked for with every
/// request once more (budget B1 of the design); a handler is part of the route that it has anyway.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HandlerEdge(Place);

impl HandlerEdge {
    pub(crate) fn of_base_path() -> Self {
        Self(Place::BasePath)
    }

    /// None, for handlers whose routes get an [`EdgeLayer`] around what stands between.
    pub(crate) fn further_out() -> Self {
        Self(Place::Inside)
    }

    pub(crate) fn around<H>(self, handler: H) -> AtEdge<H> {
        AtEdge {
            handler,
            place: self.0,
        }
    }
}

/// A handler with the edge around it.
#[derive(Clone)]
pub(crate) struct AtEdge<H> {
    handler: H,
    place: Place,
}

impl<S, T, H> Handler<T, Hardtack<S>> for AtEdge<H>
where
    S: Store,
    H: Handler<T, Hardtack<S>>,
{
    type Future = Answering<S, H::Future>;

    fn call(self, request: Request, hardtack: Hardtack<S>) -> Self::Future {
        let state = hardtack.clone();
        pass(hardtack, self.place, request, |request| {
            self.handler.call(request, state)
        })
    }
}

/// On the way in.
fn pass<S: Store, F>(
    hardtack: Hardtack<S>,
    place: Place,
    request: Request,
    ask: impl FnOnce(Request) -> F,
) -> Answering<S, F> {
    let (origin, answered) = enter(&hardtack, place, &request);
    let state = match answered {
        Some(response) => State::Answered {
            response: Some(response),
        },
        None => State::Asked {
            answering: ask(request),
        },
    };
    Answering {
        state,
        hardtack,
        place,
        origin,
    }
}

/// The origin that may read the answer, and the answer to what no handler is asked about.
fn enter<S: Store>(
    hardtack: &Hardtack<S>,
    place: Place,
    request: &Request,
) -> (Option<HeaderValue>, Option<Response>) {
    if place != Place::BasePath {
        return (None, None);
    }
    let origin = allowed_origin(hardtack, request.headers());
    let answered = answer_at_once(hardtack, request, origin.is_some());
    (origin, answered)
}

/// What no handler is asked about: preflights, and requests that may not change anything.
fn answer_at_once<S: Store>(
    hardtack: &Hardtack<S>,
    request: &Request,
    allowed: bool,
) -> Option<Response> {
    let is_preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(ORIGIN)
        && request
            .headers()
            .contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if is_preflight {
        return Some(preflight(allowed));
    }
    let refusal = check_origin(hardtack, request).err()?;
    let client = client_of(hardtack, request.headers(), request.extensions());
    hardtack.report(
        &Event::CsrfRefused {
            reason: refusal.reason(),
        },
        &client,
    );
    Some(ApiError::from(refusal).into_response())
}

pin_project! {
    /// The answer of a request, on its way out.
    pub(crate) struct Answering<S, F> {
        #[pin]
        state: State<F>,
        hardtack: Hardtack<S>,
        place: Place,
        origin: Option<HeaderValue>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Answered { response: Option<Response> },
        Asked { #[pin] answering: F },
    }
}

impl<S: Store, F> Future for Answering<S, F>
where
    F: Future,
    F::Output: Outcome,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut outcome = match this.state.project() {
            StateProjection::Asked { answering } => ready!(answering.poll(context)),
            StateProjection::Answered { response } => match response.take() {
                Some(response) => F::Output::answered(response),
                // Asked again after it was answered, which nobody may.
                None => return Poll::Pending,
            },
        };
        if let Some(response) = outcome.response() {
            let origin = this.origin.take();
            leave(this.hardtack, *this.place, origin, response.headers_mut());
        }
        Poll::Ready(outcome)
    }
}

/// On the way out.
fn leave<S: Store>(
    hardtack: &Hardtack<S>,
    place: Place,
    origin: Option<HeaderValue>,
    headers: &mut HeaderMap,
) {
    if place == Place::Inside {
        return;
    }
    // At once, for they are many.
    headers.reserve(ADDED_HEADERS);
    if place == Place::BasePath {
        headers.append(VARY, BY_ORIGIN);
    }
    allow(origin, headers);
    hardtack.harden(headers);
}

/// Lets pages of `origin` read the answer.
fn allow(origin: Option<HeaderValue>, headers: &mut HeaderMap) {
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
    }
}

/// What comes of asking a handler, or a service.
pub(crate) trait Outcome {
    fn answered(response: Response) -> Self;

    /// The answer, if there is one.
    fn response(&mut self) -> Option<&mut Response>;
}

impl Outcome for Response {
    fn answered(response: Response) -> Self {
        response
    }

    fn response(&mut self) -> Option<&mut Response> {
        Some(self)
    }
}

impl<E> Outcome for Result<Response, E> {
    fn answered(response: Response) -> Self {
        Ok(response)
    }

    fn response(&mut self) -> Option<&mut Response> {
        self.as_mut().ok()
    }
}

/// A page of another site may change nothing here, logging in included. Who proves themselves by
/// a Bearer token alone is no browser that was tricked: its cookies are not there to be abused.
fn check_origin<S: Store>(hardtack: &Hardtack<S>, request: &Request) -> Result<(), Refusal> {
    let headers = request.headers();
    let cookies = hardtack.cookies();
    let brings = |name: &str| cookie_values(headers, name).next().is_some();
    let bearer_alone = || {
        headers.contains_key(AUTHORIZATION)
            && !brings(cookies.access_name())
            && refresh_cookies(hardtack, headers).is_empty()
            && hardtack.guard().authenticate(headers).is_ok()
    };
    // Most requests change nothing, so that is asked first.
    match hardtack.guard().check_origin(request.method(), headers) {
        Err(_) if bearer_alone() => Ok(()),
        decision => decision,
    }
}

/// The request's origin, if it is on the list, byte for byte.
fn allowed_origin<S: Store>(hardtack: &Hardtack<S>, headers: &HeaderMap) -> Option<HeaderValue> {
    let mut origins = headers.get_all(ORIGIN).iter();
    let origin = origins.next().filter(|_| origins.next().is_none())?;
    let text = origin.to_str().ok()?;
    let settings = hardtack.settings();
    // In development a front-end's own server on another port is as good as listed.
    let allowed = settings
        .cors_allowed_origins
        .iter()
        .any(|listed| listed == text)
        || settings.csrf.allow_loopback && hardtack.guard().trusts(text);
    allowed.then(|| origin.clone())
}

/// A stranger's preflight is no error: without the headers below it is a "no" to the browser.
fn preflight(allowed: bool) -> Response {
    if !allowed {
        return StatusCode::OK.into_response();
    }
    let headers = [
        (ACCESS_CONTROL_ALLOW_METHODS, ALLOWED_METHODS),
        (ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS),
        (ACCESS_CONTROL_MAX_AGE, A_DAY),
    ];
    (StatusCode::OK, headers).into_response()
}
