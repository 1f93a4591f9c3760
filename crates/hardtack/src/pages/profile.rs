//! The account page: who one is, and what of it one may change.

use axum::extract::State;
use axum::response::Response;
use hardtack_core::user::{NameError, Username};
use hardtack_store::{ProfileChange, Store};
use http::StatusCode;
use minijinja::context;

use super::Hosted;
use super::fault::{PageFault, redirect};
use super::form::{Faults, MemberForm};
use super::page::Page;
use super::visit::{Member, Visit};
use crate::flow::profile::ChangeProfileError;

/// First and last name, in characters.
const LONGEST_NAME: usize = 150;

/// What the form has in it.
struct Typed {
    username: String,
    first_name: String,
    last_name: String,
}

pub(super) async fn show<S: Store>(
    State(hosted): State<Hosted<S>>,
    visit: Visit,
) -> Result<Response, PageFault> {
    let member = visit.member(&hosted).await?;
    let typed = Typed {
        username: member.user.username.as_str().to_owned(),
        first_name: member.user.first_name.clone(),
        last_name: member.user.last_name.clone(),
    };
    form(&hosted, &visit, &member, &Faults::default(), &typed)
}

pub(super) async fn save<S: Store>(
    State(hosted): State<Hosted<S>>,
    MemberForm {
        visit,
        member,
        mut sent,
    }: MemberForm,
) -> Result<Response, PageFault> {
    let mut faults = Faults::default();
    let typed = Typed {
        username: sent.text("username"),
        first_name: sent.text("first_name"),
        last_name: sent.text("last_name"),
    };
    let username = username(&typed.username, &mut faults);
    for (field, text) in [
        ("first_name", &typed.first_name),
        ("last_name", &typed.last_name),
    ] {
        if text.chars().count() > LONGEST_NAME {
            too_long(field, LONGEST_NAME, &mut faults);
        }
    }
    let Some(username) = username.filter(|_| faults.is_empty()) else {
        return form(&hosted, &visit, &member, &faults, &typed);
    };
    let change = ProfileChange {
        username: Some(username),
        first_name: Some(typed.first_name.clone()),
        last_name: Some(typed.last_name.clone()),
    };
    let hardtack = &hosted.hardtack;
    match hardtack.change_profile(member.caller.user, change).await {
        Ok(_) => {
            let to = format!("{}/?done=profile-saved", hosted.base());
            Ok(redirect(StatusCode::SEE_OTHER, &to))
        }
        Err(ChangeProfileError::Taken(_)) => {
            faults.add("username", "error-username-taken");
            form(&hosted, &visit, &member, &faults, &typed)
        }
        Err(ChangeProfileError::UserGone) => Err(PageFault::see(hosted.base().to_owned() + "/")),
        Err(ChangeProfileError::Unavailable(unavailable)) => Err(unavailable.into()),
    }
}

/// A user name that may be one.
pub(super) fn username(typed: &str, faults: &mut Faults) -> Option<Username> {
    match Username::parse(typed) {
        Ok(username) => return Some(username),
        Err(_) if typed.is_empty() => faults.add("username", "error-required"),
        Err(NameError::TooLong) => too_long("username", Username::MAX_CHARS, faults),
        Err(_) => faults.add("username", "error-username-form"),
    }
    None
}

pub(super) fn too_long(field: &'static str, longest: usize, faults: &mut Faults) {
    let longest = u64::try_from(longest).unwrap_or(u64::MAX);
    faults.add_with(field, "error-too-long", vec![("longest", longest.into())]);
}

fn form<S: Store>(
    hosted: &Hosted<S>,
    visit: &Visit,
    member: &Member,
    faults: &Faults,
    typed: &Typed,
) -> Result<Response, PageFault> {
    let values = context! {
        tab => "profile",
        username => &typed.username,
        first_name => &typed.first_name,
        last_name => &typed.last_name,
    };
    let page = Page::of("profile", faults, values);
    hosted.show(visit, &page.for_user(&member.user))
}
