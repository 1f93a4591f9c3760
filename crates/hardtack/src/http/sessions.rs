//! `sessions/`: GET where I am logged in, DELETE one of them.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use hardtack_core::SessionId;
use hardtack_core::session::{RememberMe, Session};
use hardtack_store::Store;
use http::{HeaderMap, StatusCode};
use serde::Serialize;

use super::dates::iso_date;
use super::error::{ApiError, done, json_response};
use super::extract::{Caller, refresh_cookies_to_end};
use super::login::clear_cookies;
use crate::client::Client;
use crate::flow::Ending;
use crate::hardtack::Hardtack;

#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = Devices))]
pub(super) struct SessionsJson<'a> {
    sessions: Vec<SessionJson<'a>>,
}

/// What the client wrote about itself stays inside; `device` is made of words of ours.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = Device))]
pub(super) struct SessionJson<'a> {
    id: String,
    created: String,
    last_seen: String,
    address: &'a str,
    device: String,
    current: bool,
    remembered: bool,
}

impl<'a> SessionJson<'a> {
    fn of(session: &'a Session, current: Option<SessionId>) -> Self {
        Self {
            id: session.id.to_string(),
            created: iso_date(session.created_at),
            last_seen: iso_date(session.last_seen_at),
            address: &session.device.address,
            device: session.device.name(),
            current: current == Some(session.id),
            remembered: session.remember_me == RememberMe::Yes,
        }
    }
}

pub(super) async fn list<S: Store>(
    State(hardtack): State<Hardtack<S>>,
    Caller(caller): Caller,
) -> Result<Response, ApiError> {
    let sessions = hardtack.list_sessions(caller.user).await?;
    let sessions = sessions
        .iter()
        .map(|session| SessionJson::of(session, caller.session))
        .collect();
    Ok(json_response(StatusCode::OK, &SessionsJson { sessions }))
}

/// Who ends the session that they ask from logs out.
pub(super) async fn end<S: Store>(
    State(hardtack): State<Hardtack<S>>,
    Caller(caller): Caller,
    session: Result<Path<String>, PathRejection>,
    client: Client,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    // What is no text is no session's name either, and is told so in the same words.
    let Path(session) = session.map_err(|_| ApiError::NotFound)?;
    let session: SessionId = session.parse().map_err(|_| ApiError::NotFound)?;
    if caller.session == Some(session) {
        let presented = refresh_cookies_to_end(&hardtack, &headers).into_iter();
        hardtack.log_out(presented, Some(session), &client).await?;
        let mut response = ended();
        clear_cookies(&hardtack, &mut response);
        return Ok(response);
    }
    match hardtack.end_session(caller.user, session, &client).await? {
        Ending::Ended => Ok(ended()),
        Ending::NotFound => Err(ApiError::NotFound),
    }
}

fn ended() -> Response {
    done("Session ended.")
}
