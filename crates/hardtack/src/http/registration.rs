//! `registration/`: become a user; `verify-email/` and `resend-email/` below it.

use axum::extract::State;
use axum::response::Response;
use hardtack_core::password::PasswordFault;
use hardtack_core::user::{EmailAddress, NameError};
use hardtack_store::Store;
use http::{HeaderMap, StatusCode};
use serde_json::json;

use super::error::{ApiError, done, json_response};
use super::extract::refresh_cookies_to_end;
use super::fields::{FieldFaults, Fields, TextRule};
use super::login::{logged_in, password, remember_me};
use super::user::username;
use crate::client::Client;
use crate::flow::{
    CodeError, MailRequestError, RegisterError, Registered, Registration, RegistrationFault,
};
use crate::hardtack::Hardtack;

/// The longest code that a link has, with room to spare.
const LONGEST_CODE: usize = 200;

/// Answers like a login: both cookies, and in the body what a login has there (docs/contract.md
/// §10.6).
pub(super) async fn register<S: Store>(
    State(hardtack): State<Hardtack<S>>,
    client: Client,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, ApiError> {
    let remember_me = remember_me(&mut fields);
    let registration = registration(fields)?;
    let presented = refresh_cookies_to_end(&hardtack, &headers).into_iter();
    let registered = hardtack
        .register(registration, remember_me, presented, &client)
        .await?;
    Ok(match registered {
        Registered::LoggedIn { user, grant } => {
            logged_in(&hardtack, StatusCode::CREATED, &user, &grant)
        }
        Registered::MailSent => {
            let told = json!({ "detail": "Verification e-mail sent." });
            json_response(StatusCode::CREATED, &told)
        }
    })
}

/// The fields of a registration and no other (ASVS 5.0 §15.3.3).
fn registration(mut fields: Fields) -> Result<Registration, ApiError> {
    let username = username(&mut fields, TextRule::REQUIRED);
    let invitation = fields
        .text("invitation", TextRule::OPTIONAL.at_most(LONGEST_CODE))
        .filter(|key| !key.is_empty());
    // An invitation was sent to an address.
    let email = if invitation.is_some() {
        email(&mut fields, TextRule::OPTIONAL)
    } else {
        email(&mut fields, TextRule::REQUIRED)
    };
    let one = password(&mut fields, "password1");
    let again = password(&mut fields, "password2");
    fields.finish()?;
    let (Some(username), Some(password)) = (username, one) else {
        return Err(ApiError::Internal);
    };
    Ok(Registration {
        username,
        email: email.unwrap_or(EmailAddress::none()),
        password,
        password_again: again,
        invitation,
    })
}

/// An address, in lower case, as dj-rest-auth keeps it. An empty one only where the rule allows it.
pub(super) fn email(fields: &mut Fields, rule: TextRule) -> Option<EmailAddress> {
    let text = fields.text("email", rule.at_most(EmailAddress::MAX_CHARS))?;
    match EmailAddress::parse(&text.to_lowercase()) {
        Ok(email) => Some(email),
        Err(NameError::TooLong) => {
            let longest = EmailAddress::MAX_CHARS;
            let message = format!("Ensure this field has no more than {longest} characters.");
            fields.fault("email", &message)
        }
        Err(_) => fields.fault("email", "Enter a valid email address."),
    }
}

/// An address and no other field.
pub(super) fn email_alone(mut fields: Fields) -> Result<EmailAddress, ApiError> {
    let email = email(&mut fields, TextRule::REQUIRED);
    fields.finish()?;
    email.ok_or(ApiError::Internal)
}

/// `POST registration/verify-email/`.
pub(super) async fn verify_email<S: Store>(
    State(hardtack): State<Hardtack<S>>,
    client: Client,
    fields: Fields,
) -> Result<Response, ApiError> {
    hardtack.verify_email(&key(fields)?, &client).await?;
    Ok(done("ok"))
}

/// The `key` of a link and no other field. One that is too long is one that is not good.
pub(super) fn key(mut fields: Fields) -> Result<String, ApiError> {
    let key = fields.text("key", TextRule::REQUIRED);
    fields.finish()?;
    key.ok_or(ApiError::Internal)
}

/// `POST registration/resend-email/`.
pub(super) async fn resend_email<S: Store>(
    State(hardtack): State<Hardtack<S>>,
    client: Client,
    fields: Fields,
) -> Result<Response, ApiError> {
    let email = email_alone(fields)?;
    hardtack.resend_verification(&email, &client).await?;
    Ok(done("ok"))
}

impl From<RegisterError> for ApiError {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Closed => Self::RegistrationClosed,
            RegisterError::Faults(faults) => {
                let mut told = FieldFaults::default();
                for fault in &faults {
                    let (field, message) = word(fault);
                    told.add(field, &message);
                }
                Self::Fields(told)
            }
            RegisterError::Throttled(wait) => Self::Throttled(wait),
            RegisterError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}

/// The contract's words for a fault, and the field that they stand under (docs/contract.md §6).
fn word(fault: &RegistrationFault) -> (&'static str, String) {
    let (field, message) = match fault {
        RegistrationFault::UsernameTaken => {
            ("username", "A user with that username already exists.")
        }
        RegistrationFault::EmailMissing => ("email", "This field is required."),
        RegistrationFault::EmailTaken => (
            "email",
            "User is already registered with this e-mail address.",
        ),
        RegistrationFault::InvitationMissing => ("invitation", "This field is required."),
        RegistrationFault::NotInvited => ("invitation", "Invalid value"),
        RegistrationFault::PasswordsDiffer => {
            ("non_field_errors", "The two password fields didn't match.")
        }
        RegistrationFault::Password(fault @ PasswordFault::TooSimilar { .. }) => {
            return ("non_field_errors", fault.message());
        }
        RegistrationFault::Password(fault) => return ("password1", fault.message()),
    };
    (field, message.to_owned())
}

impl From<CodeError> for ApiError {
    fn from(error: CodeError) -> Self {
        match error {
            CodeError::Refused => Self::NotFound,
            CodeError::Throttled(wait) => Self::Throttled(wait),
            CodeError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}

impl From<MailRequestError> for ApiError {
    fn from(error: MailRequestError) -> Self {
        match error {
            MailRequestError::Throttled(wait) => Self::Throttled(wait),
            MailRequestError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}
