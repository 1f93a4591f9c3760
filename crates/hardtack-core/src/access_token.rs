//! Access tokens: what they say, how they are made, and when they are believed (RFC 9068).
//!
//! A token is believed by what it says and by nothing else: no store is asked. Whether its session
//! was ended since is the question of a revocation set, which `hardtack-guard` keeps.

mod claims;
mod ends;

use std::time::Duration;

use crate::jws::{self, MediaType, NotSigned, Segments, Unverified};
use crate::key::{Algorithm, KeyError, KeySet, SigningKey};
use crate::rotation::Position;
use crate::secret::{Entropy, Secret};
use crate::{SessionId, Timestamp, UserId};
use claims::{Read, UserIdClaim, Written};

pub use ends::SessionEnds;

/// How far two clocks may be apart (docs/threat-model.md TK-4): a token is believed this much longer, and
/// this much before it was made.
pub const LEEWAY: Duration = Duration::from_secs(5);

/// An access token, ready to be handed out.
#[derive(Debug)]
pub struct AccessToken(Secret<String>);

impl AccessToken {
    /// The bytes that go into the cookie.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }
}

/// What an access token is made for. Times are cut to whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// Who.
    pub user: UserId,
    /// Which session.
    pub session: SessionId,
    /// The refresh token that was handed out with it; it must be the current one at that commit
    /// (docs/rotation.md, I9).
    pub position: Position,
    /// Now, by the store's clock.
    pub issued_at: Timestamp,
    /// When it ends: never past the session's own end.
    pub expires_at: Timestamp,
    /// When the user last proved a credential.
    pub authenticated_at: Timestamp,
    /// When its session ends.
    pub ends: SessionEnds,
}

/// Makes an access token.
///
/// No name, address or right is in it (docs/threat-model.md TK-9): whoever reads it learns three numbers.
///
/// # Errors
/// [`KeyError::Crypto`], when the system's randomness fails.
pub fn issue(
    key: &SigningKey,
    grant: &Grant,
    issuer: &str,
    audience: Option<&str>,
    entropy: &dyn Entropy,
) -> Result<AccessToken, KeyError> {
    let mut id = [0; 16];
    entropy.fill(&mut id);
    let payload = Written {
        exp: grant.expires_at.unix_seconds(),
        iat: grant.issued_at.unix_seconds(),
        jti: id,
        user: grant.user,
        sid: grant.session,
        generation: grant.position.generation,
        branch: grant.position.branch,
        iss: issuer,
        aud: audience,
        auth_time: grant.authenticated_at.unix_seconds(),
        session_exp: far_time(grant.ends.absolute_at),
        idle_exp: far_time(grant.ends.idle_at),
        idle_timeout: grant.ends.idle_timeout.as_secs(),
    };
    let json = payload.to_json();
    Ok(AccessToken(Secret::new(jws::sign(key, "at+jwt", &json)?)))
}

/// Whole seconds, and never beyond what is read back: a session may be configured to end in the
/// year 12000, and its tokens are good all the same.
fn far_time(at: Timestamp) -> i64 {
    at.unix_seconds().clamp(0, claims::LAST_SECOND)
}

/// What a verifier believes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectations {
    /// The one `iss` that counts. A key is only believed together with its own issuer (Storm-0558
    /// was a good key of another one).
    pub issuer: String,
    /// Who the verifier is. With one, a token must name it; without, a token that is meant for
    /// somebody is not meant for us (RFC 7519 §4.1.3).
    pub audience: Option<String>,
    /// Also believe access tokens that a Django site signed with the shared HS256 key. They name
    /// no session, so logging out does not end them.
    pub accept_simplejwt: bool,
}

/// What a token that is believed says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Who.
    pub user: UserId,
    /// Which session. `None` only for a token that a Django site signed.
    pub session: Option<SessionId>,
    /// Which refresh token it was handed out with.
    pub position: Option<Position>,
    /// When it was made.
    pub issued_at: Timestamp,
    /// When it ends, before [`LEEWAY`].
    pub expires_at: Timestamp,
    /// When the user last proved a credential.
    pub authenticated_at: Option<Timestamp>,
    /// When the session ends, as it was known when the token was made. `None` for a token that a
    /// Django site signed, or one from before these were told.
    pub ends: Option<SessionEnds>,
    /// The token's own name (`jti`).
    pub token_id: String,
}

/// Why a token is not believed. Everything cryptographic comes first, so that whoever learns more
/// than [`Invalid`](Self::Invalid) holds a token that was really signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message())]
#[non_exhaustive]
pub enum VerifyError {
    /// Not ours, broken, meant for somebody else, or not good yet.
    Invalid,
    /// It was good once.
    Expired,
    /// A refresh token, or another that is no access token.
    WrongType,
    /// No `jti`.
    NoId,
    /// No `token_type`.
    NoType,
    /// No `exp`.
    NoExpiry,
    /// No `user_id`.
    NoUser,
}

impl VerifyError {
    /// The contract's words (docs/contract.md §3).
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Invalid => "Token is invalid",
            Self::Expired => "Token is expired",
            Self::WrongType => "Token has wrong type",
            Self::NoId => "Token has no id",
            Self::NoType => "Token has no type",
            Self::NoExpiry => "Token has no 'exp' claim",
            Self::NoUser => "Token contained no recognizable user identification",
        }
    }
}

impl From<NotSigned> for VerifyError {
    fn from(_: NotSigned) -> Self {
        Self::Invalid
    }
}

/// Who signed a token, which decides what it must say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Signer {
    /// This house.
    Authority,
    /// A Django site that shares its HS256 key.
    Django,
}

/// Decides whether `token` is believed at `now`.
///
/// The kid leads to a key and the key to its one algorithm; the signature is checked before the
/// payload is opened; every claim has its type; and what must be there, is there.
///
/// # Errors
/// [`VerifyError`]. Nothing else comes of any input.
pub fn verify(
    token: &str,
    keys: &KeySet,
    expected: &Expectations,
    now: Timestamp,
) -> Result<Claims, VerifyError> {
    let (signer, payload) = payload(Segments::parse(token)?, keys, expected)?;
    let read: Read<'_> = jws::members::parse(&payload).map_err(|_| VerifyError::Invalid)?;
    if signer == Signer::Authority {
        check_parties(&read, expected)?;
    }
    let (issued_at, expires_at) = check_times(&read, now)?;
    let token_id = read
        .jti
        .as_deref()
        .filter(|id| !id.is_empty())
        .ok_or(VerifyError::NoId)?;
    match read.token_type.as_deref() {
        None => return Err(VerifyError::NoType),
        Some("access") => {}
        Some(_) => return Err(VerifyError::WrongType),
    }
    Ok(Claims {
        user: user(&read, signer)?,
        session: session(&read, signer)?,
        position: position(&read)?,
        issued_at,
        expires_at,
        authenticated_at: read.auth_time,
        ends: session_ends(&read, signer)?,
        token_id: token_id.to_owned(),
    })
}

/// What somebody we know has signed, and who that is.
fn payload(
    segments: Segments<'_>,
    keys: &KeySet,
    expected: &Expectations,
) -> Result<(Signer, Vec<u8>), VerifyError> {
    if let Some(key) = keys.find_by_header(segments.header) {
        return Ok((Signer::Authority, segments.verify(key)?));
    }
    let unverified = Unverified::of(segments)?;
    let header = unverified.header();
    let (signer, key) = match (header.media_type, &header.kid) {
        (MediaType::AccessToken, Some(kid)) => (Signer::Authority, keys.find(kid)),
        (MediaType::Jwt, None)
            if expected.accept_simplejwt && header.algorithm == Algorithm::Hs256 =>
        {
            (Signer::Django, keys.shared())
        }
        _ => return Err(VerifyError::Invalid),
    };
    let key = key.ok_or(VerifyError::Invalid)?;
    Ok((signer, unverified.verify(key)?))
}

/// Is it from the issuer we believe, and for us?
fn check_parties(read: &Read<'_>, expected: &Expectations) -> Result<(), VerifyError> {
    let meant_for_us = match (&expected.audience, &read.aud) {
        (Some(us), Some(audience)) => audience.includes(us),
        (None, None) => true,
        _ => false,
    };
    if read.iss.as_deref() == Some(expected.issuer.as_str()) && meant_for_us {
        Ok(())
    } else {
        Err(VerifyError::Invalid)
    }
}

/// Is it good at `now`? Gives `iat` and `exp`.
fn check_times(read: &Read<'_>, now: Timestamp) -> Result<(Timestamp, Timestamp), VerifyError> {
    let issued_at = read.iat.ok_or(VerifyError::Invalid)?;
    if issued_at > now + LEEWAY || read.nbf.is_some_and(|nbf| nbf > now + LEEWAY) {
        return Err(VerifyError::Invalid);
    }
    let expires_at = read.exp.ok_or(VerifyError::NoExpiry)?;
    if now >= expires_at + LEEWAY {
        return Err(VerifyError::Expired);
    }
    Ok((issued_at, expires_at))
}

/// Our own tokens say it twice, alike, as a string.
fn user(read: &Read<'_>, signer: Signer) -> Result<UserId, VerifyError> {
    match (read.user_id.as_ref().ok_or(VerifyError::NoUser)?, signer) {
        (UserIdClaim::Text(text), Signer::Authority) if read.sub.as_ref() != Some(text) => {
            Err(VerifyError::Invalid)
        }
        (UserIdClaim::Text(text), _) => text.parse().map_err(|_| VerifyError::Invalid),
        (UserIdClaim::Number(number), Signer::Django) => Ok(UserId::new(*number)),
        (UserIdClaim::Number(_), Signer::Authority) => Err(VerifyError::Invalid),
    }
}

/// Our own tokens name a session. One of Django's that does was made to look like ours.
fn session(read: &Read<'_>, signer: Signer) -> Result<Option<SessionId>, VerifyError> {
    match (read.sid.as_deref(), signer) {
        (Some(sid), Signer::Authority) => sid.parse().map(Some).map_err(|_| VerifyError::Invalid),
        (None, Signer::Django) => Ok(None),
        _ => Err(VerifyError::Invalid),
    }
}

/// Both halves or neither.
fn position(read: &Read<'_>) -> Result<Option<Position>, VerifyError> {
    match (read.generation, read.branch) {
        (Some(generation), Some(branch)) => Ok(Some(Position::new(generation, branch))),
        (None, None) => Ok(None),
        _ => Err(VerifyError::Invalid),
    }
}

/// All of it or nothing. What Django calls so means something else.
fn session_ends(read: &Read<'_>, signer: Signer) -> Result<Option<SessionEnds>, VerifyError> {
    if signer == Signer::Django {
        return Ok(None);
    }
    match (read.session_exp, read.idle_exp, read.idle_timeout) {
        (Some(absolute_at), Some(idle_at), Some(seconds)) => Ok(Some(SessionEnds {
            absolute_at,
            idle_at,
            idle_timeout: Duration::from_secs(seconds),
        })),
        (None, None, None) => Ok(None),
        _ => Err(VerifyError::Invalid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

    const ENDS: SessionEnds = SessionEnds {
        absolute_at: Timestamp::from_unix_seconds(1_702_591_940),
        idle_at: Timestamp::from_unix_seconds(1_700_604_800),
        idle_timeout: Duration::from_secs(604_800),
    };

    struct Counting;

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for (byte, value) in bytes.iter_mut().zip(0..) {
                *byte = value;
            }
        }
    }

    fn grant() -> Grant {
        Grant {
            user: UserId::new(7),
            session: SessionId::from_bytes([1; 16]),
            position: Position::new(3, 1),
            issued_at: NOW,
            expires_at: NOW + Duration::from_secs(900),
            authenticated_at: NOW - Duration::from_secs(60),
            ends: ENDS,
        }
    }

    fn expected() -> Expectations {
        Expectations {
            issuer: "https://a.example".into(),
            audience: None,
            accept_simplejwt: false,
        }
    }

    fn key_and_set() -> (SigningKey, KeySet) {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let set = KeySet::new(vec![key.verifying_key().clone()]).unwrap();
        (key, set)
    }

    fn issue_for(key: &SigningKey, audience: Option<&str>) -> AccessToken {
        issue(key, &grant(), "https://a.example", audience, &Counting).unwrap()
    }

    #[test]
    fn a_token_says_what_was_granted() {
        let (key, set) = key_and_set();
        let token = issue_for(&key, None);
        assert_eq!(
            verify(token.expose_secret(), &set, &expected(), NOW),
            Ok(Claims {
                user: UserId::new(7),
                session: Some(SessionId::from_bytes([1; 16])),
                position: Some(Position::new(3, 1)),
                issued_at: NOW,
                expires_at: NOW + Duration::from_secs(900),
                authenticated_at: Some(NOW - Duration::from_secs(60)),
                ends: Some(ENDS),
                token_id: "000102030405060708090a0b0c0d0e0f".into(),
            })
        );
    }

    #[test]
    fn the_claims_are_written_in_the_order_of_the_contract() {
        let (key, _) = key_and_set();
        let token = issue_for(&key, Some("api"));
        let payload = token.expose_secret().split('.').nth(1).unwrap();
        let payload = data_encoding::BASE64URL_NOPAD
            .decode(payload.as_bytes())
            .unwrap();
        assert_eq!(
            String::from_utf8(payload).unwrap(),
            concat!(
                r#"{"token_type":"access","exp":1700000900,"iat":1700000000,"#,
                r#""jti":"000102030405060708090a0b0c0d0e0f","user_id":"7","sub":"7","#,
                r#""sid":"AQEBAQEBAQEBAQEBAQEBAQ","gen":3,"branch":1,"#,
                r#""iss":"https://a.example","aud":"api","auth_time":1699999940,"amr":["pwd"],"#,
                r#""session_exp":1702591940,"idle_exp":1700604800,"idle_timeout":604800}"#,
            )
        );
    }

    #[test]
    fn a_token_is_good_from_iat_to_exp_and_the_leeway_around_it() {
        let (key, set) = key_and_set();
        let token = issue_for(&key, None);
        let at = |now| verify(token.expose_secret(), &set, &expected(), now).map(|_| ());
        let end = NOW + Duration::from_secs(900);
        assert_eq!(at(NOW - Duration::from_secs(5)), Ok(()));
        assert_eq!(at(NOW - Duration::from_secs(6)), Err(VerifyError::Invalid));
        assert_eq!(at(end + Duration::from_micros(4_999_999)), Ok(()));
        assert_eq!(at(end + Duration::from_secs(5)), Err(VerifyError::Expired));
    }

    #[test]
    fn a_token_is_for_its_audience_only() {
        let (key, set) = key_and_set();
        for (written, wanted, good) in [
            (None, None, true),
            (Some("api"), Some("api"), true),
            (Some("api"), Some("other"), false),
            (Some("api"), None, false),
            (None, Some("api"), false),
        ] {
            let token = issue_for(&key, written);
            let expected = Expectations {
                audience: wanted.map(str::to_owned),
                ..expected()
            };
            let verified = verify(token.expose_secret(), &set, &expected, NOW);
            assert_eq!(verified.is_ok(), good, "{written:?} {wanted:?}");
        }
    }

    /// Storm-0558 (2023): a key that is good for one issuer signed for another.
    #[test]
    fn another_issuer_is_refused_even_with_a_key_of_ours() {
        let (key, set) = key_and_set();
        let token = issue(&key, &grant(), "https://b.example", None, &Counting).unwrap();
        assert_eq!(
            verify(token.expose_secret(), &set, &expected(), NOW),
            Err(VerifyError::Invalid)
        );
    }

    #[test]
    fn a_session_without_an_end_in_sight_has_tokens_too() {
        let (key, set) = key_and_set();
        let never = SessionEnds {
            absolute_at: Timestamp::from_unix_micros(i64::MAX),
            idle_at: Timestamp::from_unix_micros(i64::MAX),
            idle_timeout: Duration::MAX,
        };
        let grant = Grant {
            ends: never,
            ..grant()
        };
        let token = issue(&key, &grant, "https://a.example", None, &Counting).unwrap();
        let claims = verify(token.expose_secret(), &set, &expected(), NOW).unwrap();
        let ends = claims.ends.unwrap();
        assert_eq!(ends.absolute_at.unix_seconds(), claims::LAST_SECOND);
        assert_eq!(ends.idle_at_after_use(NOW), ends.absolute_at);
    }

    #[test]
    fn a_token_does_not_print_itself() {
        let (key, _) = key_and_set();
        assert_eq!(
            format!("{:?}", issue_for(&key, None)),
            "AccessToken([redacted])"
        );
    }
}
