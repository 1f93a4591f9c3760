//! `DELETE user/` and `GET user/export/`: go, and take what is one's own.

use axum::extract::State;
use axum::response::Response;
use hardtack_core::audit::AuditEntry;
use hardtack_core::session::RememberMe;
use hardtack_core::user::{User, UserState};
use hardtack_guard::Refusal;
use hardtack_store::{HeldCode, HeldSession, QueuedMail, Store};
use http::header::CONTENT_DISPOSITION;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;

use super::dates::iso_date;
use super::error::{ApiError, done, json_response};
use super::extract::{Caller, refresh_cookies_to_end};
use super::fields::Fields;
use super::login::{clear_cookies, password};
use crate::client::Client;
use crate::flow::Export;
use crate::hardtack::Hardtack;

/// Demands the password, ends every session that the request brought and clears the cookies.
pub(super) async fn delete<S: Store>(
    State(hardtack): State<Hardtack<S>>,
    Caller(caller): Caller,
    client: Client,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, ApiError> {
    let password = password(&mut fields, "password");
    fields.finish()?;
    let password = password.ok_or(ApiError::Internal)?;
    hardtack
        .delete_account(caller.user, caller.session, password, &client)
        .await?;
    // Another user's session that the same cookies carried goes with them, as at a logout.
    let presented = refresh_cookies_to_end(&hardtack, &headers).into_iter();
    hardtack.log_out(presented, None, &client).await?;
    let mut response = done("Account deleted.");
    clear_cookies(&hardtack, &mut response);
    Ok(response)
}

/// A file to keep, not a page to look at.
pub(super) async fn export<S: Store>(
    State(hardtack): State<Hardtack<S>>,
    Caller(caller): Caller,
    client: Client,
) -> Result<Response, ApiError> {
    let export = hardtack.export(caller.user, &client).await?;
    let export = export.ok_or(ApiError::Refused(Refusal::UserNotFound))?;
    Ok(export_file(&export))
}

/// The file, for whichever page or route it was asked from.
pub(crate) fn export_file(export: &Export) -> Response {
    let mut response = json_response(StatusCode::OK, &ExportJson::of(export));
    response.headers_mut().insert(
        CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"account.json\""),
    );
    response
}

#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = Export))]
pub(super) struct ExportJson<'a> {
    user: HeldUserJson<'a>,
    sessions: Vec<HeldSessionJson<'a>>,
    known_devices: &'a [String],
    codes: Vec<HeldCodeJson<'a>>,
    mails: Vec<HeldMailJson<'a>>,
    events: Vec<EventJson<'a>>,
    events_cut: bool,
}

impl<'a> ExportJson<'a> {
    fn of(export: &'a Export) -> Self {
        let held = &export.holdings;
        Self {
            user: HeldUserJson::of(&held.user),
            sessions: held.sessions.iter().map(HeldSessionJson::of).collect(),
            known_devices: &held.known_devices,
            codes: held.codes.iter().map(HeldCodeJson::of).collect(),
            mails: held.mails.iter().map(HeldMailJson::of).collect(),
            events: export.events.iter().map(EventJson::of).collect(),
            events_cut: export.events_cut,
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = HeldUser))]
pub(super) struct HeldUserJson<'a> {
    pk: i64,
    username: &'a str,
    email: &'a str,
    email_verified: Option<String>,
    first_name: &'a str,
    last_name: &'a str,
    language: Option<&'a str>,
    active: bool,
    created: String,
    last_login: Option<String>,
}

impl<'a> HeldUserJson<'a> {
    fn of(user: &'a User) -> Self {
        Self {
            pk: user.id.as_i64(),
            username: user.username.as_str(),
            email: user.email.as_str(),
            email_verified: user.email_verified_at.map(iso_date),
            first_name: &user.first_name,
            last_name: &user.last_name,
            language: user.language.as_deref(),
            active: user.state == UserState::Active,
            created: iso_date(user.created_at),
            last_login: user.last_login_at.map(iso_date),
        }
    }
}

/// Here the client's own words are shown too: they are held, and this is for their owner.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = HeldSession))]
pub(super) struct HeldSessionJson<'a> {
    id: String,
    created: String,
    last_seen: String,
    ends: String,
    ended: Option<EndedJson>,
    remembered: bool,
    address: &'a str,
    device: String,
    user_agent: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = Ended))]
pub(super) struct EndedJson {
    at: String,
    reason: &'static str,
}

impl<'a> HeldSessionJson<'a> {
    fn of(held: &'a HeldSession) -> Self {
        let session = &held.session;
        Self {
            id: session.id.to_string(),
            created: iso_date(session.created_at),
            last_seen: iso_date(session.last_seen_at),
            ends: iso_date(session.ends_at),
            ended: held.ended.map(|ended| EndedJson {
                at: iso_date(ended.at),
                reason: ended.reason.code(),
            }),
            remembered: session.remember_me == RememberMe::Yes,
            address: &session.device.address,
            device: session.device.name(),
            user_agent: &session.device.user_agent,
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = HeldCode))]
pub(super) struct HeldCodeJson<'a> {
    purpose: &'static str,
    address: &'a str,
    created: String,
    ends: String,
}

impl<'a> HeldCodeJson<'a> {
    fn of(code: &'a HeldCode) -> Self {
        Self {
            purpose: code.purpose.code(),
            address: code.address.as_str(),
            created: iso_date(code.created_at),
            ends: iso_date(code.ends_at),
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = HeldMail))]
pub(super) struct HeldMailJson<'a> {
    kind: &'static str,
    to: &'a str,
    created: String,
    tries: u32,
}

impl<'a> HeldMailJson<'a> {
    fn of(queued: &'a QueuedMail) -> Self {
        Self {
            kind: queued.mail.kind.name(),
            to: queued.mail.to.as_str(),
            created: iso_date(queued.created_at),
            tries: queued.tries,
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = Event))]
pub(super) struct EventJson<'a> {
    at: String,
    event: &'a str,
    session: Option<String>,
    address: Option<&'a str>,
    reason: Option<&'a str>,
}

impl<'a> EventJson<'a> {
    fn of(entry: &'a AuditEntry) -> Self {
        Self {
            at: iso_date(entry.at),
            event: &entry.event,
            session: entry.session.map(|session| session.to_string()),
            address: entry.address.as_deref(),
            reason: entry.reason.as_deref(),
        }
    }
}
