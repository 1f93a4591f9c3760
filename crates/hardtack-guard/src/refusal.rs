//! The answers to who may not: status, body and headers of the contract (docs/contract.md §1 and §3).

use hardtack_core::UserId;
use hardtack_core::access_token::VerifyError;
use hardtack_core::csrf::CsrfRefusal;
use hardtack_core::csrf::token::CsrfTokenRefusal;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;

/// Why a request is not served.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Nothing was presented.
    NotProvided,
    /// The token that was presented is not believed, or its session was ended.
    TokenNotValid(VerifyError),
    /// The token is good, but its session was ended. Outside it looks like any bad token; inside it
    /// is known whose it was.
    SessionEnded(UserId),
    /// `Authorization: Bearer`, and then not one token.
    BadAuthorizationHeader,
    /// The token is good, but its user is gone.
    UserNotFound,
    /// The token is good, but its user was switched off.
    UserInactive,
    /// The request comes from a page that may not change anything.
    Csrf(CsrfRefusal),
    /// The double-submit token is missing or wrong.
    CsrfToken(CsrfTokenRefusal),
    /// The token may be good, but it cannot be heard whether its session was ended
    /// ([`Staleness`](crate::Staleness)). Trying again later is safe, and logging in again no help.
    RevocationsStale,
    /// Our own mistake: a handler asks who is there, and no guard stands before it.
    Unguarded,
}

impl Refusal {
    /// 401, 403, 503 while ended sessions are unknown, or 500 for our own mistake.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NotProvided
            | Self::TokenNotValid(_)
            | Self::SessionEnded(_)
            | Self::BadAuthorizationHeader
            | Self::UserNotFound
            | Self::UserInactive => StatusCode::UNAUTHORIZED,
            Self::Csrf(_) | Self::CsrfToken(_) => StatusCode::FORBIDDEN,
            Self::RevocationsStale => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unguarded => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The contract's JSON, its members in the contract's order.
    #[must_use]
    pub fn body(&self) -> String {
        let (detail, code) = match self {
            Self::NotProvided => (
                "Authentication credentials were not provided.".to_owned(),
                None,
            ),
            Self::TokenNotValid(error @ VerifyError::NoUser) => {
                (error.message().to_owned(), Some("token_not_valid"))
            }
            Self::TokenNotValid(_) | Self::SessionEnded(_) => (
                "Given token not valid for any token type".to_owned(),
                Some("token_not_valid"),
            ),
            Self::BadAuthorizationHeader => (
                "Authorization header must contain two space-delimited values".to_owned(),
                Some("bad_authorization_header"),
            ),
            Self::UserNotFound => ("User not found".to_owned(), Some("user_not_found")),
            Self::UserInactive => ("User is inactive".to_owned(), Some("user_inactive")),
            Self::Csrf(refusal) => (format!("CSRF Failed: {refusal}"), None),
            Self::CsrfToken(refusal) => (format!("CSRF Failed: {refusal}"), None),
            Self::RevocationsStale => (
                "Temporarily unavailable. Try again in a moment.".to_owned(),
                None,
            ),
            Self::Unguarded => ("An error has occurred.".to_owned(), None),
        };
        let messages = match self {
            Self::TokenNotValid(VerifyError::NoUser) => None,
            Self::TokenNotValid(error) => Some(error.message()),
            Self::SessionEnded(_) => Some(VerifyError::Invalid.message()),
            _ => None,
        };
        let messages = messages.map(|text| {
            [Message {
                token_class: "AccessToken",
                token_type: "access",
                text,
            }]
        });
        // A struct of strings always has a JSON form.
        serde_json::to_string(&Body {
            detail,
            code,
            messages,
        })
        .unwrap_or_default()
    }

    /// A stable word for logs and metrics, without anything the client sent.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NotProvided => "not_provided",
            Self::TokenNotValid(VerifyError::Expired) => "token_expired",
            Self::TokenNotValid(_) => "token_not_valid",
            Self::SessionEnded(_) => "session_ended",
            Self::BadAuthorizationHeader => "bad_authorization_header",
            Self::UserNotFound => "user_not_found",
            Self::UserInactive => "user_inactive",
            Self::Csrf(refusal) => refusal.reason(),
            Self::CsrfToken(refusal) => refusal.reason(),
            Self::RevocationsStale => "revocations_stale",
            Self::Unguarded => "unguarded",
        }
    }

    /// The whole answer. No cache may keep it: the next request may be let in.
    #[must_use]
    pub fn into_response<B: From<String>>(self) -> Response<B> {
        let mut response = Response::new(B::from(self.body()));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status() == StatusCode::UNAUTHORIZED {
            headers.insert(
                WWW_AUTHENTICATE,
                HeaderValue::from_static(r#"Bearer realm="api""#),
            );
        }
        if self == Self::RevocationsStale {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

#[derive(Serialize)]
struct Body {
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<[Message; 1]>,
}

#[derive(Serialize)]
struct Message {
    token_class: &'static str,
    token_type: &'static str,
    #[serde(rename = "message")]
    text: &'static str,
}

impl From<VerifyError> for Refusal {
    fn from(error: VerifyError) -> Self {
        Self::TokenNotValid(error)
    }
}

#[cfg(feature = "axum")]
impl axum::response::IntoResponse for Refusal {
    fn into_response(self) -> axum::response::Response {
        self.into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answers_are_those_of_the_contract() {
        let invalid = Refusal::TokenNotValid(VerifyError::Invalid);
        for (refusal, status, body) in [
            (
                Refusal::NotProvided,
                401,
                r#"{"detail":"Authentication credentials were not provided."}"#,
            ),
            (
                Refusal::BadAuthorizationHeader,
                401,
                r#"{"detail":"Authorization header must contain two space-delimited values","code":"bad_authorization_header"}"#,
            ),
            (
                invalid,
                401,
                r#"{"detail":"Given token not valid for any token type","code":"token_not_valid","messages":[{"token_class":"AccessToken","token_type":"access","message":"Token is invalid"}]}"#,
            ),
            (
                Refusal::TokenNotValid(VerifyError::NoUser),
                401,
                r#"{"detail":"Token contained no recognizable user identification","code":"token_not_valid"}"#,
            ),
            (
                Refusal::UserNotFound,
                401,
                r#"{"detail":"User not found","code":"user_not_found"}"#,
            ),
            (
                Refusal::UserInactive,
                401,
                r#"{"detail":"User is inactive","code":"user_inactive"}"#,
            ),
            (
                Refusal::CsrfToken(CsrfTokenRefusal::CookieMissing),
                403,
                r#"{"detail":"CSRF Failed: CSRF cookie not set."}"#,
            ),
            (
                Refusal::RevocationsStale,
                503,
                r#"{"detail":"Temporarily unavailable. Try again in a moment."}"#,
            ),
        ] {
            let response: Response<String> = refusal.into_response();
            assert_eq!(response.body(), body);
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
            assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
            let challenge = response.headers().get(WWW_AUTHENTICATE);
            assert_eq!(challenge.is_some(), status == 401);
            assert_eq!(response.headers().contains_key(RETRY_AFTER), status == 503);
        }
    }
}
