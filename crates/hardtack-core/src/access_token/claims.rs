//! What the payload of an access token says, each claim in its own JSON type.
//!
//! A claim of another type is an error and never "absent": CVE-2026-25537 was an `exp` in quotes
//! that counted as none.

use std::borrow::Cow;
use std::fmt;

use data_encoding::HEXLOWER;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::jws::members::{Members, Text};
use crate::{SessionId, Timestamp, UserId};

/// What is different from token to token of this house.
pub(super) struct Written<'a> {
    pub(super) exp: i64,
    pub(super) iat: i64,
    pub(super) jti: [u8; 16],
    pub(super) user: UserId,
    pub(super) sid: SessionId,
    pub(super) generation: u32,
    pub(super) branch: u32,
    pub(super) iss: &'a str,
    pub(super) aud: Option<&'a str>,
    pub(super) auth_time: i64,
    pub(super) session_exp: i64,
    pub(super) idle_exp: i64,
    pub(super) idle_timeout: u64,
}

/// As many bytes as the claims of nearly every token stay below: they are allocated once.
const USUAL_PAYLOAD: usize = 512;

impl Written<'_> {
    /// The claims, in the order of the contract. Every refresh writes them: what is always the same
    /// is written in one piece, for a derived `Serialize` looks for escapes in each name.
    pub(super) fn to_json(&self) -> Vec<u8> {
        let mut json = Vec::with_capacity(USUAL_PAYLOAD);
        let mut id = [0; 32];
        HEXLOWER.encode_mut(&self.jti, &mut id);
        push(&mut json, r#"{"token_type":"access","exp":"#, &self.exp);
        push(&mut json, r#","iat":"#, &self.iat);
        json.extend_from_slice(br#","jti":""#);
        json.extend_from_slice(&id);
        push(&mut json, r#"","user_id":""#, &self.user.as_i64());
        push(&mut json, r#"","sub":""#, &self.user.as_i64());
        json.extend_from_slice(br#"","sid":""#);
        json.extend_from_slice(&self.sid.to_ascii());
        push(&mut json, r#"","gen":"#, &self.generation);
        push(&mut json, r#","branch":"#, &self.branch);
        push(&mut json, r#","iss":"#, self.iss);
        if let Some(audience) = self.aud {
            push(&mut json, r#","aud":"#, audience);
        }
        push(&mut json, r#","auth_time":"#, &self.auth_time);
        push(
            &mut json,
            r#","amr":["pwd"],"session_exp":"#,
            &self.session_exp,
        );
        push(&mut json, r#","idle_exp":"#, &self.idle_exp);
        push(&mut json, r#","idle_timeout":"#, &self.idle_timeout);
        json.push(b'}');
        json
    }
}

/// What comes next, as it is, and a string or a number.
fn push<T: Serialize + ?Sized>(json: &mut Vec<u8>, next: &str, value: &T) {
    json.extend_from_slice(next.as_bytes());
    // Strings and numbers always have a JSON form.
    let _ = serde_json::to_writer(json, value);
}

/// The claims of a token whose signature is good, none of them weighed yet.
#[derive(Default)]
pub(super) struct Read<'de> {
    pub(super) token_type: Option<Cow<'de, str>>,
    pub(super) exp: Option<Timestamp>,
    pub(super) iat: Option<Timestamp>,
    pub(super) nbf: Option<Timestamp>,
    pub(super) jti: Option<Cow<'de, str>>,
    pub(super) user_id: Option<UserIdClaim<'de>>,
    pub(super) sub: Option<Cow<'de, str>>,
    pub(super) sid: Option<Cow<'de, str>>,
    pub(super) generation: Option<u32>,
    pub(super) branch: Option<u32>,
    pub(super) iss: Option<Cow<'de, str>>,
    pub(super) aud: Option<Audience>,
    pub(super) auth_time: Option<Timestamp>,
    pub(super) session_exp: Option<Timestamp>,
    pub(super) idle_exp: Option<Timestamp>,
    pub(super) idle_timeout: Option<u64>,
}

/// A user id as either system writes it (docs/contract.md §3: a string since 5.5, a number before).
pub(super) enum UserIdClaim<'de> {
    Text(Cow<'de, str>),
    Number(i64),
}

/// By hand: an untagged enum of serde's is read twice.
struct UserIdSeed;

impl<'de> DeserializeSeed<'de> for UserIdSeed {
    type Value = UserIdClaim<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for UserIdSeed {
    type Value = UserIdClaim<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string or a whole number")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(UserIdClaim::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(UserIdClaim::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(UserIdClaim::Number(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        let number = number.try_into().map_err(E::custom)?;
        Ok(UserIdClaim::Number(number))
    }
}

/// One audience or several (RFC 7519 §4.1.3).
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    pub(super) fn includes(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Several(several) => several.iter().any(|one| one == audience),
        }
    }
}

impl<'de> Members<'de> for Read<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "token_type" => self.token_type = Some(map.next_value_seed(Text)?),
            "exp" => self.exp = Some(time(map)?),
            "iat" => self.iat = Some(time(map)?),
            "nbf" => self.nbf = Some(time(map)?),
            "jti" => self.jti = Some(map.next_value_seed(Text)?),
            "user_id" => self.user_id = Some(map.next_value_seed(UserIdSeed)?),
            "sub" => self.sub = Some(map.next_value_seed(Text)?),
            "sid" => self.sid = Some(map.next_value_seed(Text)?),
            "gen" => self.generation = Some(map.next_value()?),
            "branch" => self.branch = Some(map.next_value()?),
            "iss" => self.iss = Some(map.next_value_seed(Text)?),
            "aud" => self.aud = Some(map.next_value()?),
            "auth_time" => self.auth_time = Some(time(map)?),
            "session_exp" => self.session_exp = Some(time(map)?),
            "idle_exp" => self.idle_exp = Some(time(map)?),
            "idle_timeout" => self.idle_timeout = Some(map.next_value()?),
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

/// The end of the year 9999.
pub(super) const LAST_SECOND: i64 = 253_402_300_799;

/// Whole seconds between 1970 and 9999. What lies outside is nobody's expiry, and arithmetic with
/// it would only saturate.
fn time<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Timestamp, A::Error> {
    let seconds: i64 = map.next_value()?;
    if (0..=LAST_SECOND).contains(&seconds) {
        Ok(Timestamp::from_unix_seconds(seconds))
    } else {
        Err(A::Error::custom("not a time"))
    }
}
