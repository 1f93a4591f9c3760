//! `POST token/refresh/`: trades the refresh token for a new pair (RFC 6749 §6).

use axum::extract::{Request, State};
use axum::response::Response;
use hardtack_guard::activity_of;
use hardtack_store::Store;
use http::StatusCode;
use http::header::SET_COOKIE;
use http::request::Parts;
use serde::Serialize;
use serde_json::json;

use super::dates::iso_date;
use super::error::{ApiError, json_response};
use super::extract::{check_csrf_of_one, refresh_cookies};
use super::fields::Fields;
use crate::client::Client;
use crate::flow::refresh::{DeadCookies, RefreshError};
use crate::hardtack::Hardtack;
use crate::settings::{
    ErrorShape, MissingRefreshStatus, ResponseSettings, TokenShape, TokensInBody,
};

const MISSING: &str = "No valid refresh token found.";

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
    let settings = hardtack.settings();
    if fields.token("refresh").is_none() && !settings.csrf.exempt_refresh {
        check_csrf_of_one(&hardtack, &headers, &presented)?;
    }
    let grant = hardtack
        .refresh(&presented, &client, activity_of(&headers))
        .await
        .map_err(|error| refused(&hardtack, error, &presented))?;
    let in_body = settings.tokens.in_body;
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
    let mut response = match settings.response.refresh {
        TokenShape::Full => json_response(StatusCode::OK, &body),
        TokenShape::Empty => json_response(StatusCode::OK, &json!({})),
        TokenShape::AccessToken => {
            json_response(StatusCode::OK, &json!({ "access_token": body.access }))
        }
    };
    for cookie in hardtack.cookies().set(&grant) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// What the client is told, in the shape that front-ends were told of.
fn refused<S: Store>(hardtack: &Hardtack<S>, error: RefreshError, presented: &[&str]) -> ApiError {
    let response = &hardtack.settings().response;
    let is_missing = match response.missing_refresh_status {
        MissingRefreshStatus::Unauthorized => matches!(error, RefreshError::Missing),
        // The systems that answer so ask whether the cookie is anything at all.
        MissingRefreshStatus::BadRequest | MissingRefreshStatus::Forbidden => {
            presented.iter().all(|token| token.is_empty())
        }
    };
    let reason = match error {
        RefreshError::Throttled(wait) | RefreshError::Wait(wait) => {
            return ApiError::Throttled(wait);
        }
        RefreshError::Unavailable(unavailable) => return ApiError::Unavailable(unavailable),
        _ if is_missing => return missing(response),
        RefreshError::Missing | RefreshError::Invalid => {
            ApiError::TokenNotValid("Token is invalid")
        }
        RefreshError::WrongType => ApiError::TokenNotValid("Token has wrong type"),
        RefreshError::Expired(_) => ApiError::TokenNotValid("Token is expired"),
        RefreshError::Revoked(_) => ApiError::TokenNotValid("Token is blacklisted"),
        RefreshError::UserDisabled(_) => ApiError::NoActiveAccount,
    };
    let cookies = error.dead_cookies();
    let error = match response.error {
        ErrorShape::Detail => reason,
        ErrorShape::Error => {
            ApiError::UnderError(StatusCode::UNAUTHORIZED, "Invalid refresh token")
        }
    };
    match cookies {
        DeadCookies::Keep => error,
        DeadCookies::Clear => {
            ApiError::ClearingCookies(Box::new(error), hardtack.cookies().clear())
        }
    }
}

fn missing(response: &ResponseSettings) -> ApiError {
    let status = match response.missing_refresh_status {
        MissingRefreshStatus::Unauthorized => StatusCode::UNAUTHORIZED,
        MissingRefreshStatus::BadRequest => StatusCode::BAD_REQUEST,
        MissingRefreshStatus::Forbidden => StatusCode::FORBIDDEN,
    };
    match (response.error, response.missing_refresh_status) {
        (ErrorShape::Error, _) => ApiError::UnderError(status, "Refresh token missing"),
        (_, MissingRefreshStatus::Unauthorized) => ApiError::TokenNotValid(MISSING),
        (_, MissingRefreshStatus::BadRequest) => ApiError::RefreshTokenMissing(MISSING),
        (_, MissingRefreshStatus::Forbidden) => ApiError::NotPermitted,
    }
}
