//! `email/change/`: another address; below it `confirm/`, at the new one, and `revert/`, at the old.

use axum::extract::State;
use axum::response::Response;
use hardtack_core::access_token::VerifyError;
use hardtack_core::user::EmailAddress;
use hardtack_guard::Refusal;
use hardtack_store::Store;

use super::error::{ApiError, done};
use super::extract::Caller;
use super::fields::{FieldFaults, Fields, TextRule};
use super::login::password;
use super::registration::{email, key};
use crate::client::Client;
use crate::flow::{ChangeEmailError, ConfirmEmailError, ProofError};
use crate::hardtack::Hardtack;

/// Answers the same whether somebody else has the address or not.
pub(super) async fn change<S: Store>(
    State(hardtack): State<Hardtack<S>>,
    Caller(caller): Caller,
    client: Client,
    mut fields: Fields,
) -> Result<Response, ApiError> {
    let to = email(&mut fields, TextRule::REQUIRED);
    let password = password(&mut fields, "password");
    fields.finish()?;
    let Some(password) = password else {
        return Err(ApiError::Internal);
    };
    let to = to.unwrap_or(EmailAddress::none());
    hardtack
        .request_email_change(caller.user, caller.session, password, to, &client)
        .await?;
    Ok(done("Confirmation e-mail sent."))
}

pub(super) async fn confirm<S: Store>(
    State(hardtack): State<Hardtack<S>>,
    client: Client,
    fields: Fields,
) -> Result<Response, ApiError> {
    hardtack
        .confirm_email_change(&key(fields)?, &client)
        .await?;
    Ok(done("ok"))
}

pub(super) async fn revert<S: Store>(
    State(hardtack): State<Hardtack<S>>,
    client: Client,
    fields: Fields,
) -> Result<Response, ApiError> {
    hardtack.revert_email(&key(fields)?, &client).await?;
    Ok(done("Password reset e-mail has been sent."))
}

impl From<ProofError> for ApiError {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Wrong => Self::Fields(FieldFaults::of(
                "password",
                "Your password was entered incorrectly. Please enter it again.",
            )),
            ProofError::UserGone => Refusal::TokenNotValid(VerifyError::Invalid).into(),
            ProofError::Throttled(wait) => Self::Throttled(wait),
            ProofError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}

impl From<ChangeEmailError> for ApiError {
    fn from(error: ChangeEmailError) -> Self {
        match error {
            ChangeEmailError::Proof(error) => error.into(),
            ChangeEmailError::Throttled(wait) => Self::Throttled(wait),
        }
    }
}

impl From<ConfirmEmailError> for ApiError {
    fn from(error: ConfirmEmailError) -> Self {
        match error {
            ConfirmEmailError::Code(error) => error.into(),
            ConfirmEmailError::Taken => Self::Fields(FieldFaults::of(
                "email",
                "User is already registered with this e-mail address.",
            )),
        }
    }
}
