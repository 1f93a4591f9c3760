//! The links of mails that want a button pressed: verify an address, use a new one, take it back.
//!
//! Opening a link spends nothing, for programs that look for viruses open links too. The page that it
//! opens has one button, and the button posts to the same address.

use axum::extract::State;
use axum::response::Response;
use hardtack_store::Store;
use http::StatusCode;
use minijinja::context;

use super::Hosted;
use super::fault::{PageFault, redirect};
use super::form::{Faults, OpenForm};
use super::page::Page;
use super::visit::{Named, Visit};
use crate::flow::{CodeError, ConfirmEmailError};

pub(super) async fn show_verify<S: Store>(
    State(hosted): State<Hosted<S>>,
    visit: Visit,
) -> Result<Response, PageFault> {
    button(&hosted, &visit, "verify", &Faults::default())
}

pub(super) async fn verify<S: Store>(
    State(hosted): State<Hosted<S>>,
    Named(key): Named<String>,
    OpenForm { visit, .. }: OpenForm,
) -> Result<Response, PageFault> {
    match hosted.hardtack.verify_email(&key, &visit.client).await {
        Ok(_) => Ok(done(&hosted, &visit, "email-verified")),
        Err(error) => refused(&hosted, &visit, &error, "verify/"),
    }
}

pub(super) async fn show_confirm<S: Store>(
    State(hosted): State<Hosted<S>>,
    visit: Visit,
) -> Result<Response, PageFault> {
    button(&hosted, &visit, "confirm-email", &Faults::default())
}

pub(super) async fn confirm<S: Store>(
    State(hosted): State<Hosted<S>>,
    Named(key): Named<String>,
    OpenForm { visit, .. }: OpenForm,
) -> Result<Response, PageFault> {
    let confirmed = hosted.hardtack.confirm_email_change(&key, &visit.client);
    match confirmed.await {
        Ok(_) => Ok(done(&hosted, &visit, "email-changed")),
        Err(error) => unchanged(&hosted, &visit, &error, "confirm-email", "email/"),
    }
}

pub(super) async fn show_revert<S: Store>(
    State(hosted): State<Hosted<S>>,
    visit: Visit,
) -> Result<Response, PageFault> {
    button(&hosted, &visit, "revert-email", &Faults::default())
}

pub(super) async fn revert<S: Store>(
    State(hosted): State<Hosted<S>>,
    Named(key): Named<String>,
    OpenForm { visit, .. }: OpenForm,
) -> Result<Response, PageFault> {
    match hosted.hardtack.revert_email(&key, &visit.client).await {
        Ok(_) => {
            let to = format!("{}/login/?done=email-reverted", hosted.base());
            Ok(redirect(StatusCode::SEE_OTHER, &to))
        }
        Err(error) => unchanged(&hosted, &visit, &error, "revert-email", "forgot/"),
    }
}

fn button<S: Store>(
    hosted: &Hosted<S>,
    visit: &Visit,
    word: &str,
    faults: &Faults,
) -> Result<Response, PageFault> {
    hosted.show(visit, &Page::of("confirm", faults, context! { word }))
}

/// The mail may be opened anywhere: whoever is logged in here sees their address, and whoever is not,
/// the login.
fn done<S: Store>(hosted: &Hosted<S>, visit: &Visit, notice: &str) -> Response {
    let page = if visit.caller.is_some() {
        "email"
    } else {
        "login"
    };
    let to = format!("{}/{page}/?done={notice}", hosted.base());
    redirect(StatusCode::SEE_OTHER, &to)
}

/// The address is as it was: the page again, `word`'s, or the way to `another` link.
fn unchanged<S: Store>(
    hosted: &Hosted<S>,
    visit: &Visit,
    error: &ConfirmEmailError,
    word: &str,
    another: &str,
) -> Result<Response, PageFault> {
    match error {
        ConfirmEmailError::Code(error) => refused(hosted, visit, error, another),
        ConfirmEmailError::Taken => {
            let faults = Faults::whole("error-email-taken");
            button(hosted, visit, word, &faults)
        }
    }
}

fn refused<S: Store>(
    hosted: &Hosted<S>,
    visit: &Visit,
    error: &CodeError,
    another: &str,
) -> Result<Response, PageFault> {
    match error {
        CodeError::Refused => bad_link(hosted, visit, another),
        CodeError::Throttled(wait) => Err(PageFault::Throttled(*wait)),
        CodeError::Unavailable(unavailable) => Err((*unavailable).into()),
    }
}

/// The page for a link that is not good, or no longer, with the way to `another` one.
pub(super) fn bad_link<S: Store>(
    hosted: &Hosted<S>,
    visit: &Visit,
    another: &str,
) -> Result<Response, PageFault> {
    let faults = Faults::default();
    let link = format!("{}/{another}", hosted.base());
    let page = Page {
        status: StatusCode::NOT_FOUND,
        ..Page::of("message", &faults, context! { word => "bad-link", link })
    };
    hosted.show(visit, &page)
}
