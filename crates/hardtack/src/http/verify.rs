//! `POST token/verify/`: is this token good now?

use axum::extract::State;
use axum::response::Response;
use hardtack_store::Store;
use http::StatusCode;
use serde_json::json;

use super::error::{ApiError, json_response};
use super::fields::{Fields, TextRule};
use crate::flow::verify::VerifyTokenError;
use crate::hardtack::Hardtack;

/// Cookies are not looked at: a back-end asks about a token that it was given.
pub(super) async fn verify<S: Store>(
    State(hardtack): State<Hardtack<S>>,
    mut fields: Fields,
) -> Result<Response, ApiError> {
    let token = fields.text("token", TextRule::REQUIRED);
    fields.finish()?;
    match hardtack
        .verify_token(token.as_deref().unwrap_or_default())
        .await
    {
        Ok(()) => Ok(json_response(StatusCode::OK, &json!({}))),
        Err(VerifyTokenError::Invalid) => Err(ApiError::TokenNotValid("Token is invalid")),
        Err(VerifyTokenError::Expired) => Err(ApiError::TokenNotValid("Token is expired")),
        Err(VerifyTokenError::Revoked) => Err(ApiError::TokenNotValid("Token is blacklisted")),
        Err(VerifyTokenError::Unavailable(unavailable)) => Err(unavailable.into()),
    }
}
