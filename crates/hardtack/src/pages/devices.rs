//! `devices/`: where one is logged in, and the buttons that end it.

use axum::extract::State;
use axum::response::Response;
use hardtack_core::session::Session;
use hardtack_core::{SessionId, Timestamp};
use hardtack_store::Store;
use http::StatusCode;
use minijinja::{Value, context};

use super::Hosted;
use super::fault::{PageFault, redirect};
use super::form::{Faults, MemberForm};
use super::page::Page;
use super::visit::Visit;
use crate::flow::Ending;
use crate::http::dates::iso_date;

pub(super) async fn show<S: Store>(
    State(hosted): State<Hosted<S>>,
    visit: Visit,
) -> Result<Response, PageFault> {
    let member = visit.member(&hosted).await?;
    let sessions = hosted.hardtack.list_sessions(member.caller.user).await?;
    let is_current = |session: &Session| member.caller.session == Some(session.id);
    // The one that is looked at first: every other is compared with it.
    let (current, others): (Vec<_>, Vec<_>) = sessions.iter().partition(|one| is_current(one));
    let others_count = others.len();
    let devices: Vec<Value> = current
        .into_iter()
        .chain(others)
        .map(|session| device(session, is_current(session)))
        .collect();
    let faults = Faults::default();
    let values = context! { tab => "devices", devices, others => others_count };
    let page = Page::of("devices", &faults, values);
    hosted.show(&visit, &page.for_user(&member.user))
}

/// Ends the one named in `session`, or with `others` every other one. The one that is asked from is
/// ended by logging out, which clears its cookies.
pub(super) async fn end<S: Store>(
    State(hosted): State<Hosted<S>>,
    MemberForm {
        visit,
        member,
        mut sent,
    }: MemberForm,
) -> Result<Response, PageFault> {
    let hardtack = &hosted.hardtack;
    let (user, current) = (member.caller.user, member.caller.session);
    let named: Option<SessionId> = sent.text("session").parse().ok();
    let notice = if !sent.text("others").is_empty() && current.is_some() {
        hardtack
            .log_out_everywhere(user, current, &visit.client)
            .await?;
        "other-sessions-ended"
    } else if let Some(session) = named.filter(|session| Some(*session) != current) {
        match hardtack.end_session(user, session, &visit.client).await? {
            Ending::Ended => "session-ended",
            Ending::NotFound => "session-not-found",
        }
    } else {
        "session-not-found"
    };
    let to = format!("{}/devices/?done={notice}", hosted.base());
    Ok(redirect(StatusCode::SEE_OTHER, &to))
}

/// What the client wrote about itself stays inside; the name is made of words of ours.
fn device(session: &Session, current: bool) -> Value {
    context! {
        id => session.id.to_string(),
        name => session.device.name(),
        address => &session.device.address,
        seen_at => moment(session.last_seen_at),
        created_at => moment(session.created_at),
        current,
    }
}

/// A time twice: as machines read it, and as anybody can without their time zone being known.
pub(super) fn moment(at: Timestamp) -> Value {
    let iso = iso_date(at);
    let day_and_minute = iso.get(..16).unwrap_or_default().replace('T', " ");
    context! { iso, text => format!("{day_and_minute} UTC") }
}
