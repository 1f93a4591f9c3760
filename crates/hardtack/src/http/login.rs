//! `POST login/`: trades a password for a session.

use axum::extract::State;
use axum::response::Response;
use hardtack_core::password::{Password, PasswordError};
use hardtack_core::session::RememberMe;
use hardtack_core::user::{CanonicalName, EmailAddress, LoginName, User};
use hardtack_store::Store;
use http::header::SET_COOKIE;
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::json;

use super::csrf;
use super::dates::iso_date;
use super::error::{ApiError, json_response};
use super::extract::refresh_cookies_to_end;
use super::fields::{Fields, TextRule};
use super::user::UserJson;
use crate::client::Client;
use crate::flow::Grant;
use crate::flow::login::{Credentials, LoginError};
use crate::hardtack::Hardtack;
use crate::settings::{RefusedLoginStatus, TokenShape, TokensInBody};

const REFUSED: &str = "Unable to log in with provided credentials.";
const NOT_VERIFIED: &str = "E-mail is not verified.";
const NAMELESS: &str = "Must include either \"username\" or \"email\" and \"password\".";

pub(super) async fn log_in<S: Store>(
    State(hardtack): State<Hardtack<S>>,
    client: Client,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, ApiError> {
    let remember_me = remember_me(&mut fields);
    let credentials = credentials(fields)?;
    let presented = refresh_cookies_to_end(&hardtack, &headers);
    let (user, grant) = hardtack
        .log_in(credentials, remember_me, presented.into_iter(), &client)
        .await
        .map_err(|error| refused(error, hardtack.settings().response.refused_login_status))?;
    Ok(logged_in(&hardtack, StatusCode::OK, &user, &grant))
}

/// `true`: longer timeouts; `false`: cookies that end with the browser; absent: neither.
pub(super) fn remember_me(fields: &mut Fields) -> RememberMe {
    match fields.flag("remember_me") {
        None => RememberMe::Unsaid,
        Some(true) => RememberMe::Yes,
        Some(false) => RememberMe::No,
    }
}

/// A non-blank address decides alone; otherwise the name, which may be an address as well.
fn credentials(mut fields: Fields) -> Result<Credentials, ApiError> {
    // Longer than any name or address; what cannot be anybody's is not normalised, hashed and logged.
    let rule = TextRule::OPTIONAL.at_most(EmailAddress::MAX_CHARS);
    let username = fields
        .text("username", rule)
        .filter(|name| !name.is_empty());
    let email = fields.text("email", rule).filter(|email| !email.is_empty());
    if email
        .as_deref()
        .is_some_and(|email| EmailAddress::parse(email).is_err())
    {
        fields.fault::<()>("email", "Enter a valid email address.");
    }
    let password = password(&mut fields, "password");
    fields.finish()?;
    let name = match (email, username) {
        (Some(email), _) => LoginName::Email(CanonicalName::of(&email)),
        (None, Some(username)) => LoginName::NameOrEmail(CanonicalName::of(&username)),
        (None, None) => return Err(ApiError::non_field(NAMELESS)),
    };
    let password = password.ok_or_else(|| ApiError::non_field(REFUSED))?;
    Ok(Credentials { name, password })
}

/// A password field, untrimmed; its faults are found before anything is hashed.
pub(super) fn password(fields: &mut Fields, name: &'static str) -> Option<Password> {
    let text = fields.text(name, TextRule::SECRET.at_most(Password::MAX_CHARS))?;
    match Password::parse(text) {
        Ok(password) => Some(password),
        Err(PasswordError::Null) => fields.fault(name, "Null characters are not allowed."),
        Err(_) => {
            let longest = Password::MAX_CHARS;
            fields.fault(
                name,
                &format!("Ensure this field has no more than {longest} characters."),
            )
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = Login))]
pub(super) struct LoginJson<'a> {
    access: &'a str,
    refresh: &'a str,
    user: UserJson<'a>,
    access_expiration: String,
    refresh_expiration: String,
}

/// The answer to every way of logging in: the user and both ends, or what else front-ends were told
/// of, and both cookies.
pub(super) fn logged_in<S: Store>(
    hardtack: &Hardtack<S>,
    status: StatusCode,
    user: &User,
    grant: &Grant,
) -> Response {
    let settings = hardtack.settings();
    let in_body = settings.tokens.in_body;
    let body = LoginJson {
        access: if in_body == TokensInBody::None {
            ""
        } else {
            grant.access.expose_secret()
        },
        refresh: if in_body == TokensInBody::Both {
            grant.refresh.expose_secret()
        } else {
            ""
        },
        user: UserJson::of(user, &settings.response),
        access_expiration: iso_date(grant.access_expires_at),
        refresh_expiration: iso_date(grant.refresh_expires_at),
    };
    let mut response = match settings.response.login {
        TokenShape::Full => json_response(status, &body),
        TokenShape::Empty => json_response(status, &json!({})),
        TokenShape::AccessToken => json_response(status, &json!({ "access_token": body.access })),
    };
    set_cookies(hardtack, &mut response, grant);
    response
}

/// Takes every cookie of ours away from the browser.
pub(crate) fn clear_cookies<S: Store>(hardtack: &Hardtack<S>, response: &mut Response) {
    for cookie in hardtack.cookies().clear() {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// Both token cookies, a double-submit token for the new session where one is demanded, and the
/// end of the cookies that these replace under another name or in another place.
pub(crate) fn set_cookies<S: Store>(
    hardtack: &Hardtack<S>,
    response: &mut Response,
    grant: &Grant,
) {
    for cookie in hardtack.cookies().set(grant) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    if hardtack.settings().csrf.double_submit {
        response.headers_mut().append(
            SET_COOKIE,
            csrf::cookie_for(hardtack, Some(grant.session), grant.remember_me, grant.now).1,
        );
    }
    for cookie in hardtack.cookies().clear_former() {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// The refusal of a name or password, with the status that front-ends were told of.
fn refused(error: LoginError, status: RefusedLoginStatus) -> ApiError {
    match (error, status) {
        (LoginError::Refused, RefusedLoginStatus::Forbidden) => ApiError::WrongCredentials,
        (error, _) => error.into(),
    }
}

impl From<LoginError> for ApiError {
    fn from(error: LoginError) -> Self {
        match error {
            // 400, not 401, which would start a front-end's refresh (docs/contract.md §4).
            LoginError::Refused => Self::non_field(REFUSED),
            LoginError::EmailNotVerified => Self::non_field(NOT_VERIFIED),
            LoginError::Throttled(wait) => Self::Throttled(wait),
            LoginError::Unavailable(unavailable) => Self::Unavailable(unavailable),
        }
    }
}
