//! Answers to requests that never reach a handler, written byte for byte.

use hardtack_core::Timestamp;
use http::{HeaderMap, StatusCode};

/// Why a request is answered before anybody has read it. The connection ends with the answer:
/// where a refused request ends is not known, so nothing after it can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Not a head as RFC 9112 wants it, or one that others may read differently.
    Malformed,
    /// No end of the first line within the longest head allowed.
    TargetTooLong,
    /// Longer than allowed, or more fields.
    HeadTooLarge,
    /// Some of it came, but not all of it in time.
    TooSlow,
    /// Neither HTTP/1.0 nor HTTP/1.1.
    VersionNotSupported,
}

impl Refusal {
    fn status(self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::TargetTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::VersionNotSupported => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
        }
    }

    fn detail(self) -> &'static str {
        match self {
            Self::Malformed => "Malformed request.",
            Self::TargetTooLong => "The request target is too long.",
            Self::HeadTooLarge => "The request head is too large.",
            Self::TooSlow => "The request took too long to arrive.",
            Self::VersionNotSupported => "Only HTTP/1.1 and HTTP/1.0 are spoken here.",
        }
    }

    /// The whole answer: the contract's JSON, and the headers that every answer has.
    pub(super) fn answer(self, hardened: &HeaderMap, now: Timestamp) -> Vec<u8> {
        let body = format!(r#"{{"detail":"{}"}}"#, self.detail());
        let mut answer = format!(
            "HTTP/1.1 {}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\ndate: {}\r\n",
            self.status(),
            body.len(),
            now.http_date(),
        )
        .into_bytes();
        for (name, value) in hardened {
            answer.extend_from_slice(name.as_str().as_bytes());
            answer.extend_from_slice(b": ");
            answer.extend_from_slice(value.as_bytes());
            answer.extend_from_slice(b"\r\n");
        }
        answer.extend_from_slice(b"\r\n");
        answer.extend_from_slice(body.as_bytes());
        answer
    }
}

#[cfg(test)]
mod tests {
    use http::header::CACHE_CONTROL;

    use super::*;

    #[test]
    fn an_answer_is_complete_and_the_last() {
        let mut hardened = HeaderMap::new();
        hardened.insert(CACHE_CONTROL, "no-store".parse().unwrap());
        let now = Timestamp::from_unix_seconds(1_795_308_527);
        let answer = String::from_utf8(Refusal::TooSlow.answer(&hardened, now)).unwrap();
        assert_eq!(
            answer,
            "HTTP/1.1 408 Request Timeout\r\n\
             content-type: application/json\r\n\
             connection: close\r\n\
             content-length: 49\r\n\
             date: Sun, 22 Nov 2026 00:48:47 GMT\r\n\
             cache-control: no-store\r\n\
             \r\n\
             {\"detail\":\"The request took too long to arrive.\"}"
        );
    }
}
