//! What a stranger may know when something did not work: status and the contract's JSON shapes.

use std::borrow::Cow;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use hardtack_guard::Refusal;
use http::header::{CONTENT_TYPE, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, StatusCode};
use serde::Serialize;
use serde_json::json;

use super::fields::FieldFaults;
use crate::flow::Unavailable;

/// Every way in which a request of ours can fail. Texts are fixed: nothing of the inside shows.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// 400, by field.
    Fields(FieldFaults),
    /// The credential, or a forged request: the guard's words.
    Refused(Refusal),
    /// 400: not JSON.
    BrokenJson(String),
    /// 400: not a form of several parts.
    BrokenMultipart(String),
    /// 400: the connection gave up half-way.
    BodyBroken,
    /// 408.
    BodyTooSlow,
    /// 413.
    BodyTooLarge(usize),
    /// 415: the type as it was sent.
    UnsupportedMediaType(String),
    /// 405.
    MethodNotAllowed(Method),
    /// 404.
    NotFound,
    /// 403: nobody may register.
    RegistrationClosed,
    /// 401 with `code: token_not_valid`, for a refresh or verified token.
    TokenNotValid(&'static str),
    /// 401: the refresh token is good, its user is switched off.
    NoActiveAccount,
    /// 400: a refresh without a refresh token, where front-ends were told of that status.
    RefreshTokenMissing(&'static str),
    /// 403: the same where they were told of that one.
    NotPermitted,
    /// 403: wrong name or password, where front-ends were told of that status.
    WrongCredentials,
    /// The text under `error` instead of `detail`, where front-ends were told of that.
    UnderError(StatusCode, &'static str),
    /// As the inner error, and the browser's dead cookies are cleared.
    ClearingCookies(Box<Self>, Vec<HeaderValue>),
    /// 429.
    Throttled(Duration),
    /// 503: hashing is at its limit, or the store does not answer. Nothing was changed.
    Unavailable(Unavailable),
    /// 500: our own fault; the log says which.
    Internal,
}

impl ApiError {
    /// 400 with one message that belongs to no field.
    pub(crate) fn non_field(message: &str) -> Self {
        Self::Fields(FieldFaults::of("non_field_errors", message))
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Fields(_)
            | Self::BrokenJson(_)
            | Self::BrokenMultipart(_)
            | Self::BodyBroken
            | Self::RefreshTokenMissing(_) => StatusCode::BAD_REQUEST,
            Self::UnderError(status, _) => *status,
            Self::Refused(refusal) => refusal.status(),
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::RegistrationClosed | Self::NotPermitted | Self::WrongCredentials => {
                StatusCode::FORBIDDEN
            }
            Self::TokenNotValid(_) | Self::NoActiveAccount => StatusCode::UNAUTHORIZED,
            Self::ClearingCookies(inner, _) => inner.status(),
            Self::Throttled(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn is_under_error(&self) -> bool {
        match self {
            Self::UnderError(..) => true,
            Self::ClearingCookies(inner, _) => inner.is_under_error(),
            _ => false,
        }
    }

    /// The sentence, and `code` where the contract has one.
    fn detail(&self) -> (Cow<'static, str>, Option<&'static str>) {
        let text: Cow<'static, str> = match self {
            Self::TokenNotValid(text) | Self::RefreshTokenMissing(text) => {
                return (Cow::Borrowed(text), Some("token_not_valid"));
            }
            Self::UnderError(_, text) => Cow::Borrowed(text),
            Self::NotPermitted => "You do not have permission to perform this action.".into(),
            Self::WrongCredentials => "Incorrect authentication credentials.".into(),
            Self::RegistrationClosed => {
                let text = Cow::Borrowed("Registration is closed.");
                return (text, Some("registration_closed"));
            }
            Self::ClearingCookies(inner, _) => return inner.detail(),
            Self::BrokenJson(error) => format!("JSON parse error - {error}").into(),
            Self::BrokenMultipart(error) => format!("Multipart form parse error - {error}").into(),
            Self::BodyBroken => "The request body did not arrive whole.".into(),
            Self::BodyTooSlow => "The request body took too long to arrive.".into(),
            Self::BodyTooLarge(limit) => {
                format!("The request body is larger than {limit} bytes.").into()
            }
            Self::UnsupportedMediaType(kind) => {
                format!("Unsupported media type \"{kind}\" in request.").into()
            }
            Self::MethodNotAllowed(method) => format!("Method \"{method}\" not allowed.").into(),
            Self::NotFound => "Not found.".into(),
            Self::NoActiveAccount => "No active account found for the given token.".into(),
            Self::Throttled(wait) => {
                let seconds = whole_seconds(*wait);
                let unit = if seconds == 1 { "second" } else { "seconds" };
                format!("Request was throttled. Expected available in {seconds} {unit}.").into()
            }
            Self::Unavailable(Unavailable::HashingBusy) => {
                "Too busy. Try again in a moment.".into()
            }
            Self::Unavailable(Unavailable::Store) => {
                "Temporarily unavailable. Try again in a moment.".into()
            }
            Self::Internal | Self::Fields(_) | Self::Refused(_) => "Internal server error.".into(),
        };
        (text, None)
    }
}

#[derive(Serialize)]
struct DetailJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
}

/// Rounded up: who waits as long as told is let in.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = match self {
            Self::Refused(refusal) => return refusal.into_response(),
            Self::Fields(faults) => return json_response(status, &faults),
            _ => {
                let (text, code) = self.detail();
                let (detail, error) = if self.is_under_error() {
                    (None, Some(&*text))
                } else {
                    (Some(&*text), None)
                };
                json_response(
                    status,
                    &DetailJson {
                        detail,
                        error,
                        code,
                    },
                )
            }
        };
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"api\""),
            );
        }
        match self {
            Self::Throttled(wait) => {
                headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
            }
            Self::Unavailable(_) => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Self::ClearingCookies(_, cookies) => {
                for cookie in cookies {
                    headers.append(SET_COOKIE, cookie);
                }
            }
            _ => {}
        }
        response
    }
}

/// Headers that an answer of ours may have: room for all of them is made at once.
const MOST_HEADERS: usize = 16;

/// As many bytes as nearly every answer stays below.
const USUAL_LENGTH: usize = 1024;

/// A compact JSON answer.
pub(crate) fn json_response(status: StatusCode, body: &impl Serialize) -> Response {
    let mut bytes = Vec::with_capacity(USUAL_LENGTH);
    match serde_json::to_writer(&mut bytes, body) {
        Ok(()) => json_bytes_response(status, bytes),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written as JSON");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// 200, and one sentence for a person.
pub(super) fn done(sentence: &str) -> Response {
    json_response(StatusCode::OK, &json!({ "detail": sentence }))
}

/// An answer whose JSON is written already.
pub(crate) fn json_bytes_response(status: StatusCode, json: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(json));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(MOST_HEADERS);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Unavailable> for ApiError {
    fn from(unavailable: Unavailable) -> Self {
        Self::Unavailable(unavailable)
    }
}
