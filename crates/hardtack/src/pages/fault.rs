//! What becomes of a request that gets no page of its own.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::header::{LOCATION, RETRY_AFTER};
use http::{HeaderValue, Method, StatusCode};

use crate::flow::Unavailable;
use crate::http::error::ApiError;

/// Why there is no page. The edge makes one of it that a person can read, in their language.
#[derive(Debug, Clone)]
pub(crate) enum PageFault {
    /// They must go somewhere else first.
    Elsewhere(StatusCode, String),
    /// There is nothing here.
    NotFound,
    /// Not to be done this way.
    MethodNotAllowed,
    /// The request does not come from a page of ours.
    Forged,
    /// What was sent cannot be read, or is too much.
    Unreadable(StatusCode),
    /// Too many tries.
    Throttled(Duration),
    /// Not at the moment.
    Unavailable,
    /// Our own fault; the log says which.
    Internal,
}

impl PageFault {
    /// For a `GET` of another page.
    pub(super) fn see(location: String) -> Self {
        Self::Elsewhere(StatusCode::SEE_OTHER, location)
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Elsewhere(status, _) | Self::Unreadable(status) => *status,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Forged => StatusCode::FORBIDDEN,
            Self::Throttled(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Which texts tell it.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "not-allowed",
            Self::Forged => "forged",
            Self::Elsewhere(..) | Self::Unreadable(_) => "unreadable",
            Self::Throttled(_) => "throttled",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// When to try again, in seconds.
    pub(super) fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Throttled(wait) => Some(whole_seconds(*wait)),
            Self::Unavailable => Some(1),
            _ => None,
        }
    }
}

/// Rounded up: who waits as long as told is let in.
pub(super) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// A redirect. What cannot be a header leads nowhere.
pub(super) fn redirect(status: StatusCode, location: &str) -> Response {
    match HeaderValue::from_str(location) {
        Ok(location) => (status, [(LOCATION, location)]).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

impl IntoResponse for PageFault {
    fn into_response(self) -> Response {
        if let Self::Elsewhere(status, location) = &self {
            return redirect(*status, location);
        }
        let mut response = self.status().into_response();
        if let Some(seconds) = self.retry_after() {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Unavailable> for PageFault {
    fn from(_: Unavailable) -> Self {
        Self::Unavailable
    }
}

impl From<ApiError> for PageFault {
    /// What can go wrong with a body before its fields are looked at.
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::BodyTooSlow => Self::Unreadable(StatusCode::REQUEST_TIMEOUT),
            ApiError::BodyTooLarge(_) => Self::Unreadable(StatusCode::PAYLOAD_TOO_LARGE),
            ApiError::UnsupportedMediaType(_) => {
                Self::Unreadable(StatusCode::UNSUPPORTED_MEDIA_TYPE)
            }
            ApiError::MethodNotAllowed(_) => Self::MethodNotAllowed,
            ApiError::NotFound => Self::NotFound,
            ApiError::Throttled(wait) => Self::Throttled(wait),
            ApiError::Unavailable(unavailable) => unavailable.into(),
            ApiError::Refused(_) => Self::Forged,
            ApiError::Internal => Self::Internal,
            _ => Self::Unreadable(StatusCode::BAD_REQUEST),
        }
    }
}

/// For every path below the pages that is none.
pub(super) async fn not_found() -> PageFault {
    PageFault::NotFound
}

/// For a path that is one, asked for otherwise.
pub(super) async fn method_not_allowed(_: Method) -> PageFault {
    PageFault::MethodNotAllowed
}
