//! What every request and every answer passes: CSRF, CORS, and the headers that keep browsers
//! from making things worse.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use hardtack_core::event::Event;
use hardtack_guard::{Refusal, cookie_values};
use hardtack_store::Store;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, ORIGIN,
    REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::error::ApiError;
use super::extract::{client_of, refresh_cookies};
use crate::hardtack::Hardtack;

/// Fixed lists: what is allowed is never copied from the request (SECURITY.md CO-1).
const ALLOWED_METHODS: HeaderValue =
    HeaderValue::from_static("DELETE, GET, OPTIONS, PATCH, POST, PUT");
const ALLOWED_HEADERS: HeaderValue = HeaderValue::from_static(
    "accept, authorization, content-type, user-agent, x-csrftoken, x-hardtack-background, x-requested-with",
);
const EXPOSED_HEADERS: HeaderValue = HeaderValue::from_static("Date, Retry-After");
const A_DAY: HeaderValue = HeaderValue::from_static("86400");

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// Around the routes of the base path.
pub(crate) async fn edge<S: Store>(
    State(hardtack): State<Hardtack<S>>,
    request: Request,
    next: Next,
) -> Response {
    let origin = allowed_origin(&hardtack, request.headers());
    let is_preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(ORIGIN)
        && request
            .headers()
            .contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if is_preflight {
        preflight(origin.is_some())
    } else if let Err(refusal) = check_origin(&hardtack, &request) {
        let client = client_of(&hardtack, request.headers(), request.extensions());
        hardtack.report(
            &Event::CsrfRefused {
                reason: refusal.reason(),
            },
            &client,
        );
        ApiError::from(refusal).into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    // The answer differs by Origin even where it names none: a cache must not mix them up.
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
    }
    harden(&hardtack, headers);
    response
}

/// A page of another site may change nothing here, logging in included. Who proves themselves by
/// a Bearer token alone is no browser that was tricked: its cookies are not there to be abused.
fn check_origin<S: Store>(hardtack: &Hardtack<S>, request: &Request) -> Result<(), Refusal> {
    let headers = request.headers();
    let cookies = hardtack.cookies();
    let brings = |name: &str| cookie_values(headers, name).next().is_some();
    let bearer_alone = headers.contains_key(AUTHORIZATION)
        && !brings(cookies.access_name())
        && refresh_cookies(hardtack, headers).is_empty()
        && hardtack.guard().authenticate(headers).is_ok();
    if bearer_alone {
        Ok(())
    } else {
        hardtack.guard().check_origin(request.method(), headers)
    }
}

/// Around the routes of the root, which change nothing and need no credential.
pub(crate) async fn headers<S: Store>(
    State(hardtack): State<Hardtack<S>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    harden(&hardtack, response.headers_mut());
    response
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

/// SECURITY.md HD-1. `Referrer-Policy` is not `no-referrer`, which would make plain forms of our
/// own pages send `Origin: null`.
fn harden<S: Store>(hardtack: &Hardtack<S>, headers: &mut HeaderMap) {
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    if hardtack.settings().public_url.is_https() {
        headers.insert(
            STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
}
