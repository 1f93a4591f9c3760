//! `data/` and `delete/`: take what is one's own, and go.

use axum::extract::State;
use axum::response::Response;
use hardtack_store::Store;
use minijinja::context;

use super::Hosted;
use super::fault::PageFault;
use super::form::{Faults, MemberForm};
use super::logout::logged_out;
use super::page::Page;
use super::visit::{Member, Visit};
use crate::http::account::export_file;
use crate::http::login::clear_cookies;

pub(super) async fn show<S: Store>(
    State(hosted): State<Hosted<S>>,
    visit: Visit,
) -> Result<Response, PageFault> {
    let member = visit.member(&hosted).await?;
    let faults = Faults::default();
    let page = Page::of("data", &faults, context! { tab => "data" });
    hosted.show(&visit, &page.for_user(&member.user))
}

/// A file to keep. By `POST`, for that it was taken is noted.
pub(super) async fn export<S: Store>(
    State(hosted): State<Hosted<S>>,
    MemberForm { visit, member, .. }: MemberForm,
) -> Result<Response, PageFault> {
    let exported = hosted
        .hardtack
        .export(member.caller.user, &visit.client)
        .await?;
    let exported = exported.ok_or(PageFault::NotFound)?;
    Ok(export_file(&exported))
}

pub(super) async fn ask_delete<S: Store>(
    State(hosted): State<Hosted<S>>,
    visit: Visit,
) -> Result<Response, PageFault> {
    let member = visit.member(&hosted).await?;
    delete_form(&hosted, &visit, &member, &Faults::default())
}

pub(super) async fn delete<S: Store>(
    State(hosted): State<Hosted<S>>,
    MemberForm {
        visit,
        member,
        mut sent,
    }: MemberForm,
) -> Result<Response, PageFault> {
    let mut faults = Faults::default();
    let Some(password) = sent.password("password", &mut faults) else {
        return delete_form(&hosted, &visit, &member, &faults);
    };
    let hardtack = &hosted.hardtack;
    let (user, session) = (member.caller.user, member.caller.session);
    let deleted = hardtack
        .delete_account(user, session, password, &visit.client)
        .await;
    if let Err(error) = deleted {
        faults.add_proof(&error)?;
        return delete_form(&hosted, &visit, &member, &faults);
    }
    let mut response = logged_out(&hosted, "deleted");
    clear_cookies(hardtack, &mut response);
    Ok(response)
}

fn delete_form<S: Store>(
    hosted: &Hosted<S>,
    visit: &Visit,
    member: &Member,
    faults: &Faults,
) -> Result<Response, PageFault> {
    let page = Page::of("delete", faults, context! { tab => "data" });
    hosted.show(visit, &page.for_user(&member.user))
}
