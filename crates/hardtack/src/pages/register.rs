//! `register/`: become a user, where anybody may or with an invitation.

use axum::extract::State;
use axum::response::Response;
use hardtack_core::session::RememberMe;
use hardtack_core::user::{EmailAddress, NameError};
use hardtack_store::Store;
use http::StatusCode;
use minijinja::context;

use super::Hosted;
use super::fault::{PageFault, redirect};
use super::form::{Faults, OpenForm, WHOLE};
use super::login::{end_former, next_or_home, next_query};
use super::page::Page;
use super::profile::{too_long, username};
use super::visit::{Named, Visit};
use crate::flow::{RegisterError, Registered, Registration, RegistrationFault};
use crate::http::extract::refresh_cookies_to_end;
use crate::http::login::set_cookies;
use crate::settings::RegistrationMode;

pub(super) async fn show<S: Store>(
    State(hosted): State<Hosted<S>>,
    visit: Visit,
) -> Result<Response, PageFault> {
    if visit.user(&hosted).await?.is_some() {
        return Ok(redirect(
            StatusCode::SEE_OTHER,
            &next_or_home(&hosted, &visit),
        ));
    }
    match hosted.hardtack.settings().registration.mode {
        RegistrationMode::Open => form(&hosted, &visit, &Faults::default(), "", "", None),
        RegistrationMode::Invite => closed(&hosted, &visit, "closed-invitation"),
        RegistrationMode::Closed => closed(&hosted, &visit, "closed-text"),
    }
}

fn closed<S: Store>(hosted: &Hosted<S>, visit: &Visit, text: &str) -> Result<Response, PageFault> {
    let faults = Faults::default();
    hosted.show(visit, &Page::of("closed", &faults, context! { text }))
}

/// The link of an invitation. Whether it is good is found out when the form is sent.
pub(super) async fn show_invited<S: Store>(
    State(hosted): State<Hosted<S>>,
    visit: Visit,
    Named(key): Named<String>,
) -> Result<Response, PageFault> {
    if hosted.hardtack.settings().registration.mode == RegistrationMode::Closed {
        return closed(&hosted, &visit, "closed-text");
    }
    form(&hosted, &visit, &Faults::default(), "", "", Some(&key))
}

pub(super) async fn register<S: Store>(
    State(hosted): State<Hosted<S>>,
    form: OpenForm,
) -> Result<Response, PageFault> {
    send(&hosted, form, None).await
}

pub(super) async fn register_invited<S: Store>(
    State(hosted): State<Hosted<S>>,
    Named(key): Named<String>,
    form: OpenForm,
) -> Result<Response, PageFault> {
    send(&hosted, form, Some(key)).await
}

async fn send<S: Store>(
    hosted: &Hosted<S>,
    OpenForm { visit, mut sent }: OpenForm,
    invitation: Option<String>,
) -> Result<Response, PageFault> {
    let hardtack = &hosted.hardtack;
    let mut faults = Faults::default();
    let typed_name = sent.text("username");
    let typed_email = sent.text("email");
    let username = username(&typed_name, &mut faults);
    let email = match &invitation {
        // The invitation was sent to an address, and that is the one.
        Some(_) if typed_email.is_empty() => Some(EmailAddress::none()),
        _ => email(&typed_email, &mut faults),
    };
    let password = sent.new_password(&mut faults);
    let again = |faults: &Faults| {
        form(
            hosted,
            &visit,
            faults,
            &typed_name,
            &typed_email,
            invitation.as_deref(),
        )
    };
    let (Some(username), Some(email), Some(password)) = (username, email, password) else {
        return again(&faults);
    };
    let registration = Registration {
        username,
        email,
        password,
        password_again: None,
        invitation: invitation.clone(),
    };
    let presented = refresh_cookies_to_end(hardtack, &visit.headers).into_iter();
    let registered = hardtack
        .register(registration, RememberMe::Unsaid, presented, &visit.client)
        .await;
    match registered {
        Ok(Registered::LoggedIn { grant, .. }) => {
            end_former(hosted, &visit).await;
            let to = match visit.next(hosted) {
                Some(next) => next.to_owned(),
                None => format!("{}/?done=registered", hosted.base()),
            };
            let mut response = redirect(StatusCode::SEE_OTHER, &to);
            set_cookies(hardtack, &mut response, &grant);
            Ok(response)
        }
        Ok(Registered::MailSent) => {
            let to = format!("{}/register/check-mail/", hosted.base());
            Ok(redirect(StatusCode::SEE_OTHER, &to))
        }
        Err(RegisterError::Closed) => {
            let to = format!("{}/register/", hosted.base());
            Ok(redirect(StatusCode::SEE_OTHER, &to))
        }
        Err(RegisterError::Faults(found)) => {
            if found.contains(&RegistrationFault::NotInvited) {
                return bad_invitation(hosted, &visit);
            }
            tell(&mut faults, &found);
            again(&faults)
        }
        Err(RegisterError::Throttled(wait)) => Err(PageFault::Throttled(wait)),
        Err(RegisterError::Unavailable(unavailable)) => Err(unavailable.into()),
    }
}

fn tell(faults: &mut Faults, found: &[RegistrationFault]) {
    for fault in found {
        match fault {
            RegistrationFault::UsernameTaken => faults.add("username", "error-username-taken"),
            RegistrationFault::EmailTaken => faults.add("email", "error-email-taken"),
            RegistrationFault::EmailMissing => faults.add("email", "error-required"),
            RegistrationFault::Password(fault) => {
                faults.add_password_faults("new_password", std::slice::from_ref(fault));
            }
            RegistrationFault::InvitationMissing => faults.add(WHOLE, "closed-invitation"),
            RegistrationFault::PasswordsDiffer | RegistrationFault::NotInvited => {
                faults.add(WHOLE, "error-unreadable");
            }
        }
    }
}

fn bad_invitation<S: Store>(hosted: &Hosted<S>, visit: &Visit) -> Result<Response, PageFault> {
    let faults = Faults::default();
    let link = format!("{}/login/", hosted.base());
    let values = context! { word => "bad-invitation", link };
    let page = Page {
        status: StatusCode::NOT_FOUND,
        ..Page::of("message", &faults, values)
    };
    hosted.show(visit, &page)
}

/// `register/check-mail/`
pub(super) async fn check_mail<S: Store>(
    State(hosted): State<Hosted<S>>,
    visit: Visit,
) -> Result<Response, PageFault> {
    hosted.show_check_mail(&visit, "registered", "verify/")
}

/// An address, in lower case, as the route keeps it.
pub(super) fn email(typed: &str, faults: &mut Faults) -> Option<EmailAddress> {
    match EmailAddress::parse(&typed.to_lowercase()) {
        Ok(email) if !email.is_none() => return Some(email),
        Ok(_) => faults.add("email", "error-required"),
        Err(NameError::TooLong) => too_long("email", EmailAddress::MAX_CHARS, faults),
        Err(_) => faults.add("email", "error-email-form"),
    }
    None
}

fn form<S: Store>(
    hosted: &Hosted<S>,
    visit: &Visit,
    faults: &Faults,
    username: &str,
    email: &str,
    invitation: Option<&str>,
) -> Result<Response, PageFault> {
    let values = context! {
        username,
        email,
        invited => invitation.is_some(),
        next => next_query(hosted, visit),
    };
    hosted.show(visit, &Page::of("register", faults, values))
}
