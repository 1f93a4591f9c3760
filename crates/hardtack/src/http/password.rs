//! `POST password/change/`: a new password for the old one.

use axum::extract::State;
use axum::response::Response;
use hardtack_core::access_token::VerifyError;
use hardtack_core::password::{Password, PasswordFault};
use hardtack_guard::Refusal;
use hardtack_store::Store;

use super::error::{ApiError, done};
use super::extract::Caller;
use super::fields::{FieldFaults, Fields};
use super::login::{password, set_cookies};
use crate::client::Client;
use crate::flow::password::ChangePasswordError;
use crate::hardtack::Hardtack;

pub(super) async fn change<S: Store>(
    State(hardtack): State<Hardtack<S>>,
    Caller(caller): Caller,
    client: Client,
    mut fields: Fields,
) -> Result<Response, ApiError> {
    let old = password(&mut fields, "old_password");
    let new = new_password(&mut fields);
    fields.finish()?;
    let (Some(old), Some(new)) = (old, new) else {
        return Err(ApiError::Internal);
    };
    let grant = hardtack
        .change_password(caller.user, caller.session, old, new, &client)
        .await?;
    let mut response = done("New password has been saved.");
    set_cookies(&hardtack, &mut response, &grant);
    Ok(response)
}

/// A new password, given twice.
pub(super) fn new_password(fields: &mut Fields) -> Option<Password> {
    let new = password(fields, "new_password1");
    let again = password(fields, "new_password2");
    if let (Some(new), Some(again)) = (&new, &again)
        && new.expose_secret() != again.expose_secret()
    {
        return fields.fault(
            "new_password2",
            "The two password fields didn\u{2019}t match.",
        );
    }
    new
}

impl ApiError {
    /// 400: what is wrong with a new password.
    pub(super) fn new_password_faults(found: Vec<PasswordFault>) -> Self {
        let mut faults = FieldFaults::default();
        for fault in found {
            faults.add("new_password2", &fault.message());
        }
        Self::Fields(faults)
    }
}

impl From<ChangePasswordError> for ApiError {
    fn from(error: ChangePasswordError) -> Self {
        match error {
            ChangePasswordError::WrongOldPassword => Self::Fields(FieldFaults::of(
                "old_password",
                "Your old password was entered incorrectly. Please enter it again.",
            )),
            ChangePasswordError::Faults(found) => Self::new_password_faults(found),
            // The other change ended this session as well.
            ChangePasswordError::Superseded => Refusal::TokenNotValid(VerifyError::Invalid).into(),
            ChangePasswordError::Throttled(wait) => Self::Throttled(wait),
            ChangePasswordError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}
