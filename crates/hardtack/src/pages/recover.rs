//! `forgot/` and `reset/`: a link for a new password, and the new password for the link.

use axum::extract::State;
use axum::response::Response;
use hardtack_store::Store;
use http::StatusCode;
use minijinja::context;

use super::Hosted;
use super::code::bad_link;
use super::fault::{PageFault, redirect};
use super::form::{Faults, OpenForm};
use super::page::Page;
use super::register::email;
use super::visit::{Named, Visit};
use crate::flow::{MailRequestError, ResetPasswordError};

pub(super) async fn ask<S: Store>(
    State(hosted): State<Hosted<S>>,
    visit: Visit,
) -> Result<Response, PageFault> {
    ask_form(&hosted, &visit, &Faults::default(), "")
}

/// The same answer for everybody, whether there is such a user or not.
pub(super) async fn send<S: Store>(
    State(hosted): State<Hosted<S>>,
    OpenForm { visit, mut sent }: OpenForm,
) -> Result<Response, PageFault> {
    let mut faults = Faults::default();
    let typed = sent.text("email");
    let Some(email) = email(&typed, &mut faults) else {
        return ask_form(&hosted, &visit, &faults, &typed);
    };
    hosted
        .hardtack
        .request_password_reset(&email, &visit.client)
        .await?;
    let to = format!("{}/forgot/check-mail/", hosted.base());
    Ok(redirect(StatusCode::SEE_OTHER, &to))
}

pub(super) async fn check_mail<S: Store>(
    State(hosted): State<Hosted<S>>,
    visit: Visit,
) -> Result<Response, PageFault> {
    hosted.show_check_mail(&visit, "reset", "forgot/")
}

/// The link of the mail. Opening it spends nothing: programs that look for viruses open links too.
pub(super) async fn show_reset<S: Store>(
    State(hosted): State<Hosted<S>>,
    visit: Visit,
    Named((uid, token)): Named<(String, String)>,
) -> Result<Response, PageFault> {
    let found = hosted
        .hardtack
        .find_password_reset(&uid, &token, &visit.client)
        .await;
    match found {
        Ok(_) => reset_form(&hosted, &visit, &Faults::default()),
        Err(error) => refused(&hosted, &visit, error),
    }
}

/// Nobody is logged in by it, and everybody is logged out.
pub(super) async fn reset<S: Store>(
    State(hosted): State<Hosted<S>>,
    Named((uid, token)): Named<(String, String)>,
    OpenForm { visit, mut sent }: OpenForm,
) -> Result<Response, PageFault> {
    let mut faults = Faults::default();
    let Some(new) = sent.new_password(&mut faults) else {
        return reset_form(&hosted, &visit, &faults);
    };
    let reset = hosted
        .hardtack
        .confirm_password_reset(&uid, &token, new, &visit.client)
        .await;
    match reset {
        Ok(_) => {
            let to = format!("{}/login/?done=password-reset", hosted.base());
            Ok(redirect(StatusCode::SEE_OTHER, &to))
        }
        Err(error) => refused(&hosted, &visit, error),
    }
}

fn refused<S: Store>(
    hosted: &Hosted<S>,
    visit: &Visit,
    error: ResetPasswordError,
) -> Result<Response, PageFault> {
    match error {
        ResetPasswordError::InvalidUid | ResetPasswordError::InvalidToken => {
            bad_link(hosted, visit, "forgot/")
        }
        ResetPasswordError::Faults(found) => {
            let mut faults = Faults::default();
            faults.add_password_faults("new_password", &found);
            reset_form(hosted, visit, &faults)
        }
        ResetPasswordError::Throttled(wait) => Err(PageFault::Throttled(wait)),
        ResetPasswordError::Unavailable(unavailable) => Err(unavailable.into()),
    }
}

fn ask_form<S: Store>(
    hosted: &Hosted<S>,
    visit: &Visit,
    faults: &Faults,
    email: &str,
) -> Result<Response, PageFault> {
    hosted.show(visit, &Page::of("forgot", faults, context! { email }))
}

fn reset_form<S: Store>(
    hosted: &Hosted<S>,
    visit: &Visit,
    faults: &Faults,
) -> Result<Response, PageFault> {
    hosted.show(visit, &Page::of("reset", faults, context! {}))
}

impl From<MailRequestError> for PageFault {
    fn from(error: MailRequestError) -> Self {
        match error {
            MailRequestError::Throttled(wait) => Self::Throttled(wait),
            MailRequestError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}
