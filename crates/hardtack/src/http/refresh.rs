//! `POST token/refresh/`: trades the refresh token for a new pair (RFC 6749 §6).

use axum::extract::{Request, State};
use axum::response::Response;
use hardtack_guard::activity_of;
use hardtack_store::Store;
use http::StatusCode;
use http::header::SET_COOKIE;
use http::request::Parts;
use serde::Serialize;

use super::dates::iso_date;
use super::error::{ApiError, json_response};
use super::extract::{check_csrf_of_one, refresh_cookies};
use super::fields::Fields;
use crate::client::Client;
use crate::flow::refresh::{DeadCookies, RefreshError};
use crate::hardtack::Hardtack;
use crate::settings::TokensInBody;

/// As docs/contract.md §4 has it: no user and no `refresh_expiration`, unless the tokens are in bodies.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = Refresh))]
pub(super) struct RefreshJson<'a> {
    access: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh: Option<&'a str>,
    access_expiration: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_expiration: Option<String>,
}

pub(super) async fn refresh<S: Store>(
    State(hardtack): State<Hardtack<S>>,
    client: Client,
    // Not its headers alone, which would be a copy of them all.
    request: Request,
) -> Result<Response, ApiError> {
    let (Parts { headers, .. }, body) = request.into_parts();
    let fields = Fields::read(&headers, body, &hardtack.settings().limits).await?;
    // A token in the body beats the cookie; `""`, which login itself answers, and null are none.
    let presented = match fields.token("refresh") {
        Some(token) => vec![token],
        None => refresh_cookies(&hardtack, &headers),
    };
    if fields.token("refresh").is_none() {
        check_csrf_of_one(&hardtack, &headers, &presented)?;
    }
    let grant = hardtack
        .refresh(&presented, &client, activity_of(&headers))
        .await
        .map_err(|error| refused(&hardtack, error))?;
    let in_body = hardtack.settings().tokens.in_body;
    let both = in_body == TokensInBody::Both;
    let body = RefreshJson {
        access: if in_body == TokensInBody::None {
            ""
        } else {
            grant.access.expose_secret()
        },
        refresh: both.then(|| grant.refresh.expose_secret()),
        access_expiration: iso_date(grant.access_expires_at),
        refresh_expiration: both.then(|| iso_date(grant.refresh_expires_at)),
    };
    let mut response = json_response(StatusCode::OK, &body);
    for cookie in hardtack.cookies().set(&grant) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

fn refused<S: Store>(hardtack: &Hardtack<S>, error: RefreshError) -> ApiError {
    let (error, cookies) = match error {
        RefreshError::Missing => (
            ApiError::TokenNotValid("No valid refresh token found."),
            DeadCookies::Keep,
        ),
        RefreshError::Invalid => (
            ApiError::TokenNotValid("Token is invalid"),
            DeadCookies::Keep,
        ),
        RefreshError::WrongType => (
            ApiError::TokenNotValid("Token has wrong type"),
            DeadCookies::Keep,
        ),
        RefreshError::Expired(cookies) => (ApiError::TokenNotValid("Token is expired"), cookies),
        RefreshError::Revoked(cookies) => {
            (ApiError::TokenNotValid("Token is blacklisted"), cookies)
        }
        RefreshError::UserDisabled => (ApiError::NoActiveAccount, DeadCookies::Keep),
        RefreshError::Throttled(wait) | RefreshError::Wait(wait) => {
            (ApiError::Throttled(wait), DeadCookies::Keep)
        }
        RefreshError::Unavailable(unavailable) => {
            (ApiError::Unavailable(unavailable), DeadCookies::Keep)
        }
    };
    match cookies {
        DeadCookies::Keep => error,
        DeadCookies::Clear => {
            ApiError::ClearingCookies(Box::new(error), hardtack.cookies().clear())
        }
    }
}
