//! `POST logout/`: ends the session, whatever state its cookies are in.

use axum::extract::State;
use axum::response::Response;
use hardtack_guard::{Refusal, Via};
use hardtack_store::Store;
use http::{HeaderMap, Method, StatusCode};
use serde_json::json;

use super::error::{ApiError, json_response};
use super::extract::{check_csrf_of_one, refresh_cookies, refresh_cookies_to_end};
use super::fields::Fields;
use super::login::clear_cookies;
use crate::client::Client;
use crate::hardtack::Hardtack;
use crate::settings::MessageShape;

pub(super) async fn log_out<S: Store>(
    State(hardtack): State<Hardtack<S>>,
    client: Client,
    headers: HeaderMap,
    fields: Result<Fields, ApiError>,
) -> Result<Response, ApiError> {
    // A native client keeps its refresh token itself and names it in the body. A body that cannot
    // be read is no reason to stay logged in (docs/contract.md §4).
    let fields = fields.ok();
    let in_body = fields.as_ref().and_then(|fields| fields.token("refresh"));
    let cookies = refresh_cookies(&hardtack, &headers);
    // Looked at and not noted: whether it may log out is not decided yet, and then there is no use left.
    let caller = match hardtack.guard().identify(&headers) {
        // It may be the only proof of a session that would live on behind a "logged out".
        Err(refusal @ Refusal::RevocationsStale) => return Err(refusal.into()),
        answer => answer.ok(),
    };

    // Who can forge a logout can only annoy; where the application demands the double-submit
    // token, it is demanded here too.
    check_csrf_of_one(&hardtack, &headers, &cookies)?;
    if let Some(caller) = caller.filter(|caller| caller.via == Via::Cookie) {
        hardtack
            .guard()
            .check_csrf(&Method::POST, &headers, caller.session)?;
    }

    let session = caller.and_then(|caller| caller.session);
    let ended = refresh_cookies_to_end(&hardtack, &headers);
    hardtack
        .log_out(ended.into_iter().chain(in_body), session, &client)
        .await?;
    let body = match hardtack.settings().response.logout {
        MessageShape::Detail => json!({ "detail": "Successfully logged out." }),
        MessageShape::Empty => json!({}),
    };
    let mut response = json_response(StatusCode::OK, &body);
    clear_cookies(&hardtack, &mut response);
    Ok(response)
}
