//! `password/`: a new password for the old one.

use axum::extract::State;
use axum::response::Response;
use hardtack_store::Store;
use http::StatusCode;
use minijinja::context;

use super::Hosted;
use super::fault::{PageFault, redirect};
use super::form::{Faults, MemberForm};
use super::page::Page;
use super::visit::{Member, Visit};
use crate::flow::password::ChangePasswordError;
use crate::http::login::set_cookies;

pub(super) async fn show<S: Store>(
    State(hosted): State<Hosted<S>>,
    visit: Visit,
) -> Result<Response, PageFault> {
    let member = visit.member(&hosted).await?;
    form(&hosted, &visit, &member, &Faults::default())
}

pub(super) async fn change<S: Store>(
    State(hosted): State<Hosted<S>>,
    MemberForm {
        visit,
        member,
        mut sent,
    }: MemberForm,
) -> Result<Response, PageFault> {
    let mut faults = Faults::default();
    let old = sent.password("old_password", &mut faults);
    let new = sent.new_password(&mut faults);
    let (Some(old), Some(new)) = (old, new) else {
        return form(&hosted, &visit, &member, &faults);
    };
    let hardtack = &hosted.hardtack;
    let changed = hardtack
        .change_password(
            member.caller.user,
            member.caller.session,
            old,
            new,
            &visit.client,
        )
        .await;
    let base = hosted.base();
    match changed {
        Ok(grant) => {
            let to = format!("{base}/password/?done=password-changed");
            let mut response = redirect(StatusCode::SEE_OTHER, &to);
            set_cookies(hardtack, &mut response, &grant);
            return Ok(response);
        }
        Err(ChangePasswordError::WrongOldPassword) => {
            faults.add("old_password", "error-old-password");
        }
        Err(ChangePasswordError::Faults(found)) => {
            faults.add_password_faults("new_password", &found);
        }
        // The other change ended this session as well.
        Err(ChangePasswordError::Superseded) => {
            return Err(PageFault::see(format!("{base}/password/")));
        }
        Err(ChangePasswordError::Throttled(wait)) => return Err(PageFault::Throttled(wait)),
        Err(ChangePasswordError::Unavailable(unavailable)) => return Err(unavailable.into()),
    }
    form(&hosted, &visit, &member, &faults)
}

fn form<S: Store>(
    hosted: &Hosted<S>,
    visit: &Visit,
    member: &Member,
    faults: &Faults,
) -> Result<Response, PageFault> {
    let page = Page::of("password", faults, context! { tab => "password" });
    hosted.show(visit, &page.for_user(&member.user))
}
