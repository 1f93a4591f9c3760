//! Which credential a request presents, and who it says is there (docs/contract.md §3 and §10.22).
//!
//! `Authorization: Bearer` counts alone when it is there, broken or not: whoever takes the trouble
//! to send one means it. Every other scheme, and an empty header, leaves the cookie to speak.

use std::sync::Arc;

use hardtack_core::access_token::VerifyError;
use hardtack_core::jws::Unverified;
use hardtack_core::rotation::Position;
use hardtack_core::{SessionId, Timestamp, UserId};
use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::cookie_header::cookie_bytes;
use crate::{Refusal, Verified, Verifier};

/// As many cookies of one name as are worth a signature check each. Rubbish that a sibling host
/// planted costs none, so it does not count.
const MAX_CHECKED_COOKIES: usize = 64;

/// How the token came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// In a cookie, which browsers send along whoever asks them to: the request may be forged.
    Cookie,
    /// In `Authorization`, which only the application's own code sets.
    Bearer,
}

/// Who sent the request, as a token that is believed says.
///
/// It is made from a verified token and from nothing else; no header that a client or a proxy
/// wrote changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Authenticated {
    /// Who.
    pub user: UserId,
    /// Which session. `None` only for a token that a Django site signed.
    pub session: Option<SessionId>,
    /// Which refresh token the access token was handed out with.
    pub position: Option<Position>,
    /// When the access token was made.
    pub issued_at: Timestamp,
    /// When the access token ends.
    pub expires_at: Timestamp,
    /// When the user last proved a credential.
    pub authenticated_at: Option<Timestamp>,
    /// The absolute end of the session. `None`, as the next two, where the token does not tell.
    pub session_expires_at: Option<Timestamp>,
    /// When the session ends if nobody uses it again, as far as is known here: never later than the
    /// truth, and earlier where it was used elsewhere since the token was made.
    pub idle_expires_at: Option<Timestamp>,
    /// When the refresh token ends that was handed out with the access token, if nobody uses the
    /// session.
    pub refresh_expires_at: Option<Timestamp>,
    /// How the token came.
    pub via: Via,
}

impl Authenticated {
    pub(crate) fn new(verified: &Verified, via: Via) -> Self {
        let claims = verified.claims();
        let ends = claims.ends;
        Self {
            session_expires_at: ends.map(|ends| ends.absolute_at),
            idle_expires_at: ends.map(|ends| ends.idle_at_after_use(verified.seen().at())),
            refresh_expires_at: ends.map(|ends| ends.idle_at),
            user: claims.user,
            session: claims.session,
            position: claims.position,
            issued_at: claims.issued_at,
            expires_at: claims.expires_at,
            authenticated_at: claims.authenticated_at,
            via,
        }
    }
}

/// The token that says who sent a request with these headers.
///
/// # Errors
/// [`Refusal::NotProvided`], [`Refusal::BadAuthorizationHeader`], or what [`Verifier::verify`] says.
pub(crate) fn find(
    verifier: &Verifier,
    access_cookie: &str,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<(Arc<Verified>, Via), Refusal> {
    if let Some(token) = bearer(headers)? {
        return Ok((verifier.verify_at(token, now)?, Via::Bearer));
    }
    let newest = newest(verifier, cookie_bytes(headers, access_cookie), now)?;
    Ok((newest, Via::Cookie))
}

/// The token of `Authorization: Bearer`; `None` when the header leaves the cookie to speak.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<Option<&[u8]>, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    // Parsers differ on which of two counts.
    if values.next().is_some() {
        return Err(Refusal::BadAuthorizationHeader);
    }
    let mut words = value
        .as_bytes()
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    match words.next() {
        Some(scheme) if scheme.eq_ignore_ascii_case(b"bearer") => {}
        _ => return Ok(None),
    }
    match (words.next(), words.next()) {
        (Some(token), None) => Ok(Some(token)),
        _ => Err(Refusal::BadAuthorizationHeader),
    }
}

/// The newest of several access cookies (docs/threat-model.md CK-3).
///
/// A sibling host can set a cookie of the same name for the whole domain, so there may be several.
/// Those that are not believed are ignored; of one session the newest counts; of two live ones
/// neither does, for the attacker's own would be as good as the victim's. Nothing is revoked by
/// it: a planted cookie must not be able to log anybody out.
fn newest<'h>(
    verifier: &Verifier,
    tokens: impl Iterator<Item = &'h [u8]>,
    now: Timestamp,
) -> Result<Arc<Verified>, Refusal> {
    let mut newest: Option<Arc<Verified>> = None;
    let mut refusal = Refusal::NotProvided;
    let mut checked = 0;
    for token in tokens {
        match (verifier.verify_at(token, now), &newest) {
            // It may be the one that counts: no other can stand in for it.
            (Err(Refusal::RevocationsStale), _) => return Err(Refusal::RevocationsStale),
            (Err(error), _) => {
                // Passed over, as everywhere: no value of ours ever was anything but text.
                let Ok(token) = std::str::from_utf8(token) else {
                    continue;
                };
                checked += usize::from(Unverified::parse(token).is_ok());
                if checked == MAX_CHECKED_COOKIES {
                    return Err(error);
                }
                refusal = error;
            }
            (Ok(first), None) => newest = Some(first),
            (Ok(another), Some(present)) => {
                let whose = |token: &Verified| (token.claims().user, token.claims().session);
                if whose(&another) != whose(present) {
                    return Err(Refusal::TokenNotValid(VerifyError::Invalid));
                }
                let age = |token: &Verified| (token.claims().position, token.claims().issued_at);
                if age(&another) > age(present) {
                    newest = Some(another);
                }
            }
        }
    }
    newest.ok_or(refusal)
}
