//! `GET session/`: who am I, and until when? 200 for nobody too, so that a page may ask freely.

use axum::extract::{Request, State};
use axum::response::Response;
use hardtack_core::Timestamp;
use hardtack_guard::{Authenticated, Refusal};
use hardtack_store::Store;
use http::StatusCode;
use serde::Serialize;

use super::dates::iso_date;
use super::error::{ApiError, json_response};
use crate::hardtack::Hardtack;

/// Told by the token alone: no row is read.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = Session))]
pub(super) struct SessionJson {
    authenticated: bool,
    user: Option<SubjectJson>,
    session: Option<String>,
    access_expiration: Option<String>,
    /// When the refresh cookie that came with the access cookie ends, if nobody uses the session.
    refresh_expiration: Option<String>,
    /// When the session ends, if nobody uses it after this request.
    idle_expiration: Option<String>,
    /// When it ends whatever happens.
    absolute_expiration: Option<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = Subject))]
pub(super) struct SubjectJson {
    pk: i64,
}

pub(super) async fn show<S: Store>(
    State(hardtack): State<Hardtack<S>>,
    // Not its headers alone, which would be a copy of them all.
    request: Request,
) -> Result<Response, ApiError> {
    let caller = match hardtack.guard().authenticate(request.headers()) {
        // Perhaps somebody: a page that is told "nobody" logs its user out.
        Err(refusal @ Refusal::RevocationsStale) => return Err(refusal.into()),
        answer => answer.ok(),
    };
    let told = |which: fn(&Authenticated) -> Option<Timestamp>| {
        caller.as_ref().and_then(which).map(iso_date)
    };
    let body = SessionJson {
        authenticated: caller.is_some(),
        user: caller.as_ref().map(|caller| SubjectJson {
            pk: caller.user.as_i64(),
        }),
        session: caller
            .as_ref()
            .and_then(|caller| caller.session)
            .map(|session| session.to_string()),
        access_expiration: caller.as_ref().map(|caller| iso_date(caller.expires_at)),
        refresh_expiration: told(|caller| caller.refresh_expires_at),
        idle_expiration: told(|caller| caller.idle_expires_at),
        absolute_expiration: told(|caller| caller.session_expires_at),
    };
    Ok(json_response(StatusCode::OK, &body))
}
