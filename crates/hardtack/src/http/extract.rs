//! What handlers take from a request besides its body.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts};
use hardtack_core::refresh_token::RefreshToken;
use hardtack_core::user::UserState;
use hardtack_guard::{Authenticated, Refusal, cookie_values};
use hardtack_store::Store;
use http::header::{ACCEPT_LANGUAGE, USER_AGENT};
use http::request::Parts;
use http::{Extensions, HeaderMap, Method};

use super::error::ApiError;
use crate::client::{Client, client_address};
use crate::hardtack::Hardtack;

/// The user that the request proves to come from; refused without one.
pub(crate) struct Caller(pub(crate) Authenticated);

impl<S: Store> FromRequestParts<Hardtack<S>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut Parts,
        hardtack: &Hardtack<S>,
    ) -> Result<Self, ApiError> {
        match hardtack.guard().admit(&parts.method, &parts.headers) {
            Ok(caller) => Ok(Self(caller)),
            Err(refusal) => Err(explain(hardtack, refusal).await),
        }
    }
}

/// Tells the owner of an ended session why, where the contract does: the user was switched off or
/// deleted. Everybody else learns that the token is not valid.
async fn explain<S: Store>(hardtack: &Hardtack<S>, refusal: Refusal) -> ApiError {
    let Refusal::SessionEnded(user) = refusal else {
        return refusal.into();
    };
    match hardtack.find_user(user).await {
        Err(unavailable) => unavailable.into(),
        Ok(None) => Refusal::UserNotFound.into(),
        Ok(Some(user)) if user.state == UserState::Disabled => Refusal::UserInactive.into(),
        Ok(Some(_)) => refusal.into(),
    }
}

impl<S: Store> FromRequestParts<Hardtack<S>> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        hardtack: &Hardtack<S>,
    ) -> Result<Self, Infallible> {
        Ok(client_of(hardtack, &parts.headers, &parts.extensions))
    }
}

pub(crate) fn client_of<S: Store>(
    hardtack: &Hardtack<S>,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Client {
    let forwarded_for = headers
        .get_all("x-forwarded-for")
        .iter()
        .map(|line| line.to_str().unwrap_or_default());
    let address = extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(peer)| {
            client_address(
                peer.ip(),
                &hardtack.settings().trusted_proxies,
                forwarded_for,
            )
        });
    let user_agent =
        headers
            .get(USER_AGENT)
            .map(|value| match std::str::from_utf8(value.as_bytes()) {
                Ok(text) => text.to_owned(),
                Err(_) => String::from_utf8_lossy(value.as_bytes()).into_owned(),
            });
    let accept_language = headers
        .get(ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok());
    Client {
        address,
        user_agent: user_agent.unwrap_or_default(),
        accept_language: accept_language.unwrap_or_default().to_owned(),
    }
}

/// Every value of the refresh cookie that the request brought. Of names that it had before a
/// renaming, only what is a refresh token of ours: anything may be called so by now.
pub(crate) fn refresh_cookies<'a, S: Store>(
    hardtack: &'a Hardtack<S>,
    headers: &'a HeaderMap,
) -> Vec<&'a str> {
    let cookies = hardtack.cookies();
    let former = cookies.believed_former_names().iter();
    let former = former
        .flat_map(|name| cookie_values(headers, name))
        .filter(|value| RefreshToken::verify(hardtack.pepper(), value).is_ok());
    cookie_values(headers, cookies.refresh_name())
        .chain(former)
        .collect()
}

/// Like [`refresh_cookies`], for what ends sessions: with the names from before a change of prefix,
/// which nothing else listens to. Whoever holds a token may end its session, wherever it stood.
pub(crate) fn refresh_cookies_to_end<'a, S: Store>(
    hardtack: &'a Hardtack<S>,
    headers: &'a HeaderMap,
) -> Vec<&'a str> {
    let former = hardtack.cookies().ended_former_names().iter();
    let mut values = refresh_cookies(hardtack, headers);
    values.extend(former.flat_map(|name| cookie_values(headers, name)));
    values
}

/// The double-submit token, where it is demanded, must be that of a session that these cookies name.
///
/// Of one of them, not of each: a cookie left in another place, whose session is over, would
/// otherwise refuse its owner for as long as the browser keeps it. Which session counts is decided
/// afterwards, and of two live ones neither does.
pub(crate) fn check_csrf_of_one<S: Store>(
    hardtack: &Hardtack<S>,
    headers: &HeaderMap,
    presented: &[&str],
) -> Result<(), Refusal> {
    // Where the request comes from was the edge's question, and whose session it is takes an HMAC
    // for each cookie to find out.
    if !hardtack.settings().csrf.double_submit {
        return Ok(());
    }
    let mut decision = Ok(());
    for (session, _) in hardtack.recognise(presented.iter().copied()) {
        decision = hardtack
            .guard()
            .check_csrf(&Method::POST, headers, Some(session));
        if decision.is_ok() {
            break;
        }
    }
    decision
}
