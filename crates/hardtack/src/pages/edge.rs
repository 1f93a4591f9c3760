//! What every request for a page and every page passes.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse as _, Response};
use hardtack_core::event::Event;
use hardtack_store::Store;
use http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, VARY};
use http::{HeaderValue, Method};

use super::Hosted;
use super::fault::PageFault;
use super::visit::language_of;
use crate::http::extract::client_of;

/// Refuses what a page of another site sent, makes pages of faults, and adds the headers.
///
/// The rule is that of the routes (docs/threat-model.md CS-1, CS-2): a form says where it comes
/// from in `Origin`, login and registration included. Nothing is allowed to other origins.
pub(super) async fn pass<S: Store>(
    State(hosted): State<Hosted<S>>,
    request: Request,
    next: Next,
) -> Response {
    let hardtack = &hosted.hardtack;
    let language = language_of(request.headers());
    // What was sent cannot be asked for again in another language.
    // HTTP/2 names the host in the same place, and the address of a page is a path.
    let asked = request.uri();
    let address = match asked.path_and_query() {
        Some(whole) if request.method() == Method::GET => whole.as_str().to_owned(),
        _ => asked.path().to_owned(),
    };
    let refusal = hardtack
        .guard()
        .check_origin(request.method(), request.headers());
    let mut response = match refusal {
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            let client = client_of(hardtack, request.headers(), request.extensions());
            let reason = refusal.reason();
            hardtack.report(&Event::CsrfRefused { reason }, &client);
            PageFault::Forged.into_response()
        }
    };
    if let Some(fault) = response.extensions_mut().remove::<PageFault>()
        && let Some(html) = hosted.tell(language, &address, &fault)
    {
        let headers = response.headers().clone();
        response = (fault.status(), Html(html)).into_response();
        for (name, value) in &headers {
            // Of the empty answer everything is kept but how long it was.
            if !response.headers().contains_key(name) && name != http::header::CONTENT_LENGTH {
                response.headers_mut().insert(name, value.clone());
            }
        }
    }
    let headers = response.headers_mut();
    hardtack.harden(headers);
    headers.insert(CONTENT_SECURITY_POLICY, hosted.pages.policy.clone());
    // An address may hold a code, so no address leaves the page, not even for a log of our own.
    // `no-referrer` would do that too, and make our forms send `Origin: null` (Fetch, "append a
    // request `Origin` header").
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("strict-origin"));
    headers.insert(VARY, HeaderValue::from_static("Cookie, Accept-Language"));
    response
}
