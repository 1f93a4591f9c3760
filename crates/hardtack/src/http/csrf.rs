//! `GET csrf/`: a double-submit token, for front-ends that send one.

use axum::extract::State;
use axum::response::Response;
use hardtack_core::csrf::token::CsrfToken;
use hardtack_core::session::RememberMe;
use hardtack_core::{SessionId, Timestamp};
use hardtack_guard::cookie_values;
use hardtack_store::Store;
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;

use super::error::{ApiError, json_response};
use super::extract::refresh_cookies;
use crate::hardtack::Hardtack;

/// Gives the token in the body and in a readable cookie; the page sends it back as `X-CSRFToken`.
/// It is bound to the session, so one that somebody else planted is worth nothing (CS-5).
pub(super) async fn issue<S: Store>(
    State(hardtack): State<Hardtack<S>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let caller = hardtack.guard().authenticate(&headers).ok();
    let is_somebody = caller.is_some();
    let session = caller.and_then(|caller| caller.session);
    // Past the access token's end the refresh cookie still knows the session, where its path
    // brings it here.
    let session = session.or_else(|| {
        hardtack
            .recognise(refresh_cookies(&hardtack, &headers).into_iter())
            .first()
            .map(|(session, _)| *session)
    });
    // What the login said stands in a row that nobody reads here; without the session the token
    // is worth nothing, however long the browser keeps it.
    let now = hardtack.clock().now();
    // Where the refresh cookie's path is too narrow to bring it here, the token in the jar may be
    // that of the session which a refresh is about to find. A new one would be worth nothing to it.
    let kept = cookie_values(&headers, hardtack.cookies().csrf_name())
        .find(|token| CsrfToken::is_well_formed(token))
        .filter(|_| !is_somebody && session.is_none());
    let (token, cookie) = match kept {
        Some(token) => {
            let cookie = hardtack.cookies().set_csrf(token, RememberMe::Unsaid, now);
            (token.to_owned(), cookie)
        }
        None => cookie_for(&hardtack, session, RememberMe::Unsaid, now),
    };
    let mut response = json_response(StatusCode::OK, &json!({ "token": token }));
    response.headers_mut().append(SET_COOKIE, cookie);
    Ok(response)
}

/// A token for `session`, and the cookie that carries it.
pub(super) fn cookie_for<S: Store>(
    hardtack: &Hardtack<S>,
    session: Option<SessionId>,
    remember_me: RememberMe,
    now: Timestamp,
) -> (String, HeaderValue) {
    let token = CsrfToken::issue(hardtack.csrf_key(), session, hardtack.entropy());
    let cookie = hardtack
        .cookies()
        .set_csrf(token.expose_secret(), remember_me, now);
    (token.expose_secret().to_owned(), cookie)
}
