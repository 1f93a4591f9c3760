//! The caller is a verifier in another process, and proves it with a service token.

use axum::extract::FromRequestParts;
use hardtack_guard::Refusal;
use hardtack_store::Store;
use http::header::AUTHORIZATION;
use http::request::Parts;

use super::error::ApiError;
use crate::hardtack::Hardtack;
use crate::settings::ServiceToken;

/// Proof that the request comes from a verifier. No cookie and no access token is one.
pub(super) struct Verifier;

impl<S: Store> FromRequestParts<Hardtack<S>> for Verifier {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut Parts,
        hardtack: &Hardtack<S>,
    ) -> Result<Self, ApiError> {
        let mut values = parts.headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(Refusal::NotProvided.into());
        };
        let Some((b"Bearer " | b"bearer ", token)) = value.as_bytes().split_at_checked(7) else {
            return Err(Refusal::NotProvided.into());
        };
        if ServiceToken::is_one_of(&hardtack.settings().revocations.service_tokens, token) {
            Ok(Self)
        } else {
            Err(ApiError::TokenNotValid("Token is invalid"))
        }
    }
}
