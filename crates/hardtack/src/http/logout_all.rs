//! `POST logout/all/`: ends every session of the user, or every other one.

use axum::extract::State;
use axum::response::Response;
use hardtack_store::Store;
use http::{HeaderMap, StatusCode};
use serde_json::json;

use super::error::{ApiError, json_response};
use super::extract::{Caller, refresh_cookies_to_end};
use super::fields::Fields;
use super::login::clear_cookies;
use crate::client::Client;
use crate::hardtack::Hardtack;

pub(super) async fn log_out<S: Store>(
    State(hardtack): State<Hardtack<S>>,
    Caller(caller): Caller,
    client: Client,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, ApiError> {
    let keep_current = fields.flag("keep_current").unwrap_or(false);
    fields.finish()?;
    let except = caller.session.filter(|_| keep_current);
    let ended = hardtack
        .log_out_everywhere(caller.user, except, &client)
        .await?;
    let mut response = json_response(
        StatusCode::OK,
        &json!({ "detail": "Successfully logged out.", "sessions_ended": ended }),
    );
    if !keep_current {
        // The cookies go, so whatever sessions they carried besides go with them, as at a logout.
        let presented = refresh_cookies_to_end(&hardtack, &headers).into_iter();
        hardtack.log_out(presented, caller.session, &client).await?;
        clear_cookies(&hardtack, &mut response);
    }
    Ok(response)
}
