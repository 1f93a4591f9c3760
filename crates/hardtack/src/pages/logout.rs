//! `logout/`: a button, and what it does.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use hardtack_store::Store;
use http::StatusCode;
use minijinja::context;

use super::Hosted;
use super::fault::{PageFault, redirect};
use super::form::{Faults, Form};
use super::page::Page;
use super::visit::Visit;
use crate::http::extract::refresh_cookies_to_end;
use crate::http::login::clear_cookies;

/// A link to here logs nobody out: `GET` changes nothing (docs/threat-model.md CS-4).
pub(super) async fn ask<S: Store>(
    State(hosted): State<Hosted<S>>,
    visit: Visit,
) -> Result<Response, PageFault> {
    // Whoever is logged out already need not log in to be asked.
    if visit.user(&hosted).await?.is_none() && (visit.caller.is_some() || !visit.may_renew()) {
        return Ok(logged_out(&hosted, "logged-out"));
    }
    let member = visit.member(&hosted).await?;
    let faults = Faults::default();
    let page = Page::of("confirm", &faults, context! { word => "logout" });
    hosted.show(&visit, &page.for_user(&member.user))
}

/// Ends the session and clears the cookies. Whoever has no access cookie is renewed first, for it
/// names the session that is to end; whoever has none afterwards is logged out already.
pub(super) async fn log_out<S: Store>(
    State(hosted): State<Hosted<S>>,
    visit: Visit,
    body: Body,
) -> Result<Response, PageFault> {
    let hardtack = &hosted.hardtack;
    if visit.caller.is_none() && visit.may_renew() {
        let again = visit.renewal(&hosted);
        return Err(PageFault::Elsewhere(StatusCode::TEMPORARY_REDIRECT, again));
    }
    Form::read(&hosted, &visit, body).await?;
    let session = visit.caller.and_then(|caller| caller.session);
    let presented = refresh_cookies_to_end(hardtack, &visit.headers);
    hardtack
        .log_out(presented.into_iter(), session, &visit.client)
        .await?;
    let mut response = logged_out(&hosted, "logged-out");
    clear_cookies(hardtack, &mut response);
    Ok(response)
}

/// To a page that says so.
pub(super) fn logged_out<S: Store>(hosted: &Hosted<S>, notice: &str) -> Response {
    let to = format!("{}/login/?done={notice}", hosted.base());
    let now = hosted.hardtack.clock().now().unix_seconds();
    redirect(StatusCode::SEE_OTHER, &super::visit::marked(&to, now))
}
