//! `GET session/`: who am I, and until when? 200 for nobody too, so that a page may ask freely.

use hardtack_core::time::DateText;
use hardtack_core::{SessionId, Timestamp, UserId};
use hardtack_guard::{Authenticated, Refusal};
use hardtack_store::Store;
use http::HeaderMap;

use super::error::ApiError;
use super::extract::refresh_cookies;
use crate::hardtack::Hardtack;

/// Told by the token alone: no row is read.
// `Told::to_json` writes it.
#[cfg(test)]
#[derive(serde::Serialize, utoipa::ToSchema)]
#[schema(as = Session)]
pub(super) struct SessionJson {
    authenticated: bool,
    user: Option<SubjectJson>,
    session: Option<String>,
    access_expiration: Option<String>,
    /// When the refresh cookie that came with the access cookie ends, if nobody uses the session.
    refresh_expiration: Option<String>,
    /// When the session ends, if nobody uses it after this request.
    idle_expiration: Option<String>,
    /// When it ends whatever happens.
    absolute_expiration: Option<String>,
    /// Told to nobody: whether a refresh cookie came along, good or not. Without one a refresh would be refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    renewable: Option<bool>,
}

#[cfg(test)]
#[derive(serde::Serialize, utoipa::ToSchema)]
#[schema(as = Subject)]
pub(super) struct SubjectJson {
    pk: i64,
}

/// What a token tells of its owner.
struct Told {
    user: UserId,
    session: Option<SessionId>,
    access_expires_at: Timestamp,
    refresh_expires_at: Option<Timestamp>,
    idle_expires_at: Option<Timestamp>,
    session_expires_at: Option<Timestamp>,
}

const NOBODY: &str = concat!(
    r#"{"authenticated":false,"user":null,"session":null,"access_expiration":null,"#,
    r#""refresh_expiration":null,"idle_expiration":null,"absolute_expiration":null,"renewable":"#,
);

fn to_nobody(renewable: bool) -> Vec<u8> {
    let end = if renewable { "true}" } else { "false}" };
    [NOBODY, end].concat().into_bytes()
}

pub(super) fn tell<S: Store>(
    hardtack: &Hardtack<S>,
    headers: &HeaderMap,
) -> Result<Vec<u8>, ApiError> {
    match hardtack.guard().authenticate(headers) {
        Ok(caller) => Ok(Told::by(&caller).to_json()),
        // Perhaps somebody: a page that is told "nobody" logs its user out.
        Err(refusal @ Refusal::RevocationsStale) => Err(refusal.into()),
        Err(_) => {
            let renewable = !refresh_cookies(hardtack, headers).is_empty();
            Ok(to_nobody(renewable))
        }
    }
}

impl Told {
    fn by(caller: &Authenticated) -> Self {
        Self {
            user: caller.user,
            session: caller.session,
            access_expires_at: caller.expires_at,
            refresh_expires_at: caller.refresh_expires_at,
            idle_expires_at: caller.idle_expires_at,
            session_expires_at: caller.session_expires_at,
        }
    }

    /// As serde would write [`SessionJson`]. Nothing in it needs an escape, and it is the answer that
    /// pages ask for most often: by way of serde it would take a fifth of all that a request costs
    /// (budget B1 of the design).
    fn to_json(&self) -> Vec<u8> {
        let mut json = Vec::with_capacity(self.length());
        json.extend_from_slice(br#"{"authenticated":true,"user":{"pk":"#);
        // Without the machinery of `Display`. A number always has its JSON, and a `Vec` takes it.
        let _ = serde_json::to_writer(&mut json, &self.user.as_i64());
        let session = self.session.map(|session| session.to_ascii());
        push_text(&mut json, br#"},"session":"#, session.as_ref());
        push_date(
            &mut json,
            br#","access_expiration":"#,
            Some(self.access_expires_at),
        );
        push_date(
            &mut json,
            br#","refresh_expiration":"#,
            self.refresh_expires_at,
        );
        push_date(&mut json, br#","idle_expiration":"#, self.idle_expires_at);
        push_date(
            &mut json,
            br#","absolute_expiration":"#,
            self.session_expires_at,
        );
        json.push(b'}');
        json
    }

    /// The length of the JSON to the byte. What has room to spare would be allocated once more when
    /// it becomes a body.
    fn length(&self) -> usize {
        const NULLS: &str = r#"{"authenticated":true,"user":{"pk":},"session":null,"access_expiration":null,"refresh_expiration":null,"idle_expiration":null,"absolute_expiration":null}"#;
        // A text with its quotes, in the place of `null`.
        const SESSION: usize = 22 + 2 - 4;
        const DATE: usize = 27 + 2 - 4;
        let user = self.user.as_i64();
        let digits = user.unsigned_abs().checked_ilog10().unwrap_or(0) as usize + 1;
        let further_dates = [
            self.refresh_expires_at,
            self.idle_expires_at,
            self.session_expires_at,
        ];
        NULLS.len()
            + digits
            + usize::from(user < 0)
            + usize::from(self.session.is_some()) * SESSION
            + (1 + further_dates.iter().flatten().count()) * DATE
    }
}

fn push_date<const NAME: usize>(json: &mut Vec<u8>, name: &[u8; NAME], at: Option<Timestamp>) {
    let date = at.map(Timestamp::iso_date);
    push_text(json, name, date.as_ref().map(DateText::as_bytes));
}

/// A member whose text, if it has one, is of letters, digits, `-`, `_`, `:` and `.` alone. All lengths
/// are known beforehand, so that nothing is left of it but a few stores.
fn push_text<const NAME: usize, const TEXT: usize>(
    json: &mut Vec<u8>,
    name: &[u8; NAME],
    text: Option<&[u8; TEXT]>,
) {
    json.extend_from_slice(name);
    match text {
        Some(text) => {
            json.push(b'"');
            json.extend_from_slice(text);
            json.push(b'"');
        }
        None => json.extend_from_slice(b"null"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::dates::iso_date;
    use super::*;

    #[test]
    fn the_answer_is_what_its_type_says() {
        let at = Timestamp::from_unix_micros(1_795_308_527_652_421);
        let told = |user, session, ends| Told {
            user: UserId::new(user),
            session,
            access_expires_at: at,
            refresh_expires_at: ends,
            idle_expires_at: ends,
            session_expires_at: ends,
        };
        for told in [
            told(i64::MAX, Some(SessionId::from_bytes([0xfb; 16])), Some(at)),
            told(i64::MIN, None, None),
            told(0, None, Some(at)),
            told(10, Some(SessionId::from_bytes([0; 16])), None),
        ] {
            let json = SessionJson {
                authenticated: true,
                user: Some(SubjectJson {
                    pk: told.user.as_i64(),
                }),
                session: told.session.map(|session| session.to_string()),
                access_expiration: Some(iso_date(told.access_expires_at)),
                refresh_expiration: told.refresh_expires_at.map(iso_date),
                idle_expiration: told.idle_expires_at.map(iso_date),
                absolute_expiration: told.session_expires_at.map(iso_date),
                renewable: None,
            };
            let written = told.to_json();
            assert_eq!(written.len(), told.length());
            let written = String::from_utf8(written).unwrap();
            assert_eq!(written, serde_json::to_string(&json).unwrap());
        }
        for renewable in [true, false] {
            let nobody = SessionJson {
                authenticated: false,
                user: None,
                session: None,
                access_expiration: None,
                refresh_expiration: None,
                idle_expiration: None,
                absolute_expiration: None,
                renewable: Some(renewable),
            };
            let written = String::from_utf8(to_nobody(renewable)).unwrap();
            assert_eq!(written, serde_json::to_string(&nobody).unwrap());
        }
    }
}
