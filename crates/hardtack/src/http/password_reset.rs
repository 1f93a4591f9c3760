//! `password/reset/`: a mail with a link; `confirm/` below it: a new password for the link.

use axum::extract::State;
use axum::response::Response;
use hardtack_store::Store;

use super::error::{ApiError, done};
use super::fields::{FieldFaults, Fields, TextRule};
use super::password::new_password;
use super::registration::email_alone;
use crate::client::Client;
use crate::flow::ResetPasswordError;
use crate::hardtack::Hardtack;

/// Answers the same to everybody.
pub(super) async fn request<S: Store>(
    State(hardtack): State<Hardtack<S>>,
    client: Client,
    fields: Fields,
) -> Result<Response, ApiError> {
    let email = email_alone(fields)?;
    hardtack.request_password_reset(&email, &client).await?;
    Ok(done("Password reset e-mail has been sent."))
}

/// Sets no cookie: whoever has the link proves at the next login that they know the password too.
pub(super) async fn confirm<S: Store>(
    State(hardtack): State<Hardtack<S>>,
    client: Client,
    mut fields: Fields,
) -> Result<Response, ApiError> {
    let uid = fields.text("uid", TextRule::REQUIRED);
    let token = fields.text("token", TextRule::REQUIRED);
    let new = new_password(&mut fields);
    fields.finish()?;
    let (Some(uid), Some(token), Some(new)) = (uid, token, new) else {
        return Err(ApiError::Internal);
    };
    hardtack
        .confirm_password_reset(&uid, &token, new, &client)
        .await?;
    Ok(done("Password has been reset with the new password."))
}

impl From<ResetPasswordError> for ApiError {
    fn from(error: ResetPasswordError) -> Self {
        match error {
            ResetPasswordError::InvalidUid => Self::Fields(FieldFaults::of("uid", "Invalid value")),
            ResetPasswordError::InvalidToken => {
                Self::Fields(FieldFaults::of("token", "Invalid value"))
            }
            ResetPasswordError::Faults(found) => Self::new_password_faults(found),
            ResetPasswordError::Throttled(wait) => Self::Throttled(wait),
            ResetPasswordError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}
