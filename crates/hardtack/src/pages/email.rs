//! `email/`: one's address, and another one; `verify/`: the mail that verifies it, once more.

use axum::extract::State;
use axum::response::Response;
use hardtack_store::Store;
use http::StatusCode;
use minijinja::context;

use super::Hosted;
use super::fault::{PageFault, redirect};
use super::form::{Faults, MemberForm, OpenForm};
use super::page::Page;
use super::register;
use super::visit::{Member, Visit};
use crate::flow::ChangeEmailError;
use crate::settings::EmailVerification;

pub(super) async fn show<S: Store>(
    State(hosted): State<Hosted<S>>,
    visit: Visit,
) -> Result<Response, PageFault> {
    let member = visit.member(&hosted).await?;
    form(&hosted, &visit, &member, &Faults::default(), "")
}

/// Asks at the new address. The answer is the same whether somebody else has it or not.
pub(super) async fn change<S: Store>(
    State(hosted): State<Hosted<S>>,
    MemberForm {
        visit,
        member,
        mut sent,
    }: MemberForm,
) -> Result<Response, PageFault> {
    let mut faults = Faults::default();
    let typed = sent.text("email");
    let email = register::email(&typed, &mut faults);
    let password = sent.password("password", &mut faults);
    let (Some(email), Some(password)) = (email, password) else {
        return form(&hosted, &visit, &member, &faults, &typed);
    };
    let (user, session) = (member.caller.user, member.caller.session);
    let asked = hosted
        .hardtack
        .request_email_change(user, session, password, email, &visit.client)
        .await;
    match asked {
        Ok(()) => {
            let to = format!("{}/email/?done=email-change-sent", hosted.base());
            Ok(redirect(StatusCode::SEE_OTHER, &to))
        }
        Err(ChangeEmailError::Proof(error)) => {
            faults.add_proof(&error)?;
            form(&hosted, &visit, &member, &faults, &typed)
        }
        Err(ChangeEmailError::Throttled(wait)) => Err(PageFault::Throttled(wait)),
    }
}

pub(super) async fn ask_again<S: Store>(
    State(hosted): State<Hosted<S>>,
    visit: Visit,
) -> Result<Response, PageFault> {
    ask_form(&hosted, &visit, &Faults::default(), "")
}

/// The same answer for everybody, whether there is such a user or not.
pub(super) async fn send_again<S: Store>(
    State(hosted): State<Hosted<S>>,
    OpenForm { visit, mut sent }: OpenForm,
) -> Result<Response, PageFault> {
    let mut faults = Faults::default();
    let typed = sent.text("email");
    let Some(email) = register::email(&typed, &mut faults) else {
        return ask_form(&hosted, &visit, &faults, &typed);
    };
    hosted
        .hardtack
        .resend_verification(&email, &visit.client)
        .await?;
    let base = hosted.base();
    let to = if visit.caller.is_some() {
        format!("{base}/email/?done=verification-sent")
    } else {
        format!("{base}/verify/check-mail/")
    };
    Ok(redirect(StatusCode::SEE_OTHER, &to))
}

/// `verify/check-mail/`
pub(super) async fn check_mail<S: Store>(
    State(hosted): State<Hosted<S>>,
    visit: Visit,
) -> Result<Response, PageFault> {
    hosted.show_check_mail(&visit, "verify", "verify/")
}

fn ask_form<S: Store>(
    hosted: &Hosted<S>,
    visit: &Visit,
    faults: &Faults,
    email: &str,
) -> Result<Response, PageFault> {
    hosted.show(visit, &Page::of("resend", faults, context! { email }))
}

fn form<S: Store>(
    hosted: &Hosted<S>,
    visit: &Visit,
    member: &Member,
    faults: &Faults,
    email: &str,
) -> Result<Response, PageFault> {
    let verified = member.user.email_verified_at.is_some();
    let settings = hosted.hardtack.settings().registration;
    let offers_verification = !verified && settings.email_verification != EmailVerification::None;
    let values = context! { tab => "email", email, verified, offers_verification };
    let page = Page::of("email", faults, values);
    hosted.show(visit, &page.for_user(&member.user))
}
