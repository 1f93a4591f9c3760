//! `login/`: the form, and what it sends.

use axum::extract::State;
use axum::response::Response;
use hardtack_core::user::{CanonicalName, EmailAddress, LoginName};
use hardtack_store::Store;
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use minijinja::context;

use super::Hosted;
use super::fault::{PageFault, redirect, whole_seconds};
use super::form::{Faults, OpenForm, WHOLE};
use super::page::Page;
use super::visit::{Visit, escaped, remember_me};
use crate::flow::login::{Credentials, LoginError};
use crate::http::extract::refresh_cookies_to_end;
use crate::http::login::set_cookies;

/// Whoever is logged in goes on at once, so that an application sends everybody here and those who
/// need not log in see no form.
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
    if visit.caller.is_none() && visit.may_renew() {
        return Err(PageFault::see(visit.renewal(&hosted)));
    }
    form(&hosted, &visit, &Faults::default(), "", false)
}

pub(super) async fn log_in<S: Store>(
    State(hosted): State<Hosted<S>>,
    OpenForm { visit, mut sent }: OpenForm,
) -> Result<Response, PageFault> {
    let hardtack = &hosted.hardtack;
    let mut faults = Faults::default();
    // Longer than any name or address; what cannot be anybody's is not normalised, hashed and logged.
    let mut username = sent.text("username");
    username = username.chars().take(EmailAddress::MAX_CHARS).collect();
    if username.is_empty() {
        faults.add("username", "error-required");
    }
    let password = sent.password("password", &mut faults);
    let remembered = sent.ticked("remember_me");
    let Some(password) = password.filter(|_| faults.is_empty()) else {
        return form(&hosted, &visit, &faults, &username, remembered);
    };
    let credentials = Credentials {
        name: LoginName::NameOrEmail(CanonicalName::of(&username)),
        password,
    };
    let presented = refresh_cookies_to_end(hardtack, &visit.headers);
    let outcome = hardtack
        .log_in(
            credentials,
            remember_me(remembered),
            presented.into_iter(),
            &visit.client,
        )
        .await;
    let grant = match outcome {
        Ok((_, grant)) => grant,
        // Which of the two was wrong is not said, nor whether there is such a user.
        Err(LoginError::Refused) => {
            let faults = Faults::whole("login-refused");
            return form(&hosted, &visit, &faults, &username, remembered);
        }
        // The password was right.
        Err(LoginError::EmailNotVerified) => {
            let faults = Faults::whole("login-unverified");
            return form(&hosted, &visit, &faults, &username, remembered);
        }
        Err(LoginError::Throttled(wait)) => {
            let seconds = whole_seconds(wait);
            let mut faults = Faults::default();
            faults.add_with(
                WHOLE,
                "login-throttled",
                vec![("minutes", seconds.div_ceil(60).into())],
            );
            let mut response = form(&hosted, &visit, &faults, &username, remembered)?;
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
            return Ok(response);
        }
        Err(LoginError::Unavailable(unavailable)) => return Err(unavailable.into()),
    };
    end_former(&hosted, &visit).await;
    let mut response = redirect(StatusCode::SEE_OTHER, &next_or_home(&hosted, &visit));
    set_cookies(hardtack, &mut response, &grant);
    Ok(response)
}

/// Ends the session that the cookies of a new one take the place of. Its refresh cookie does not come
/// here, so the flow could not. The new one stands whatever becomes of it.
pub(super) async fn end_former<S: Store>(hosted: &Hosted<S>, visit: &Visit) {
    let Some(former) = visit.caller.and_then(|caller| caller.session) else {
        return;
    };
    let ended = hosted
        .hardtack
        .log_out(std::iter::empty(), Some(former), &visit.client)
        .await;
    if let Err(error) = ended {
        tracing::warn!(%error, "the session before this one lives on");
    }
}

/// Where `next` leads, if people may be sent there.
pub(super) fn next_or_home<S: Store>(hosted: &Hosted<S>, visit: &Visit) -> String {
    let next = visit.next(hosted).map(str::to_owned);
    next.unwrap_or_else(|| hosted.home())
}

/// `?next=…`, for forms and links that must not lose it; nothing where it leads nowhere.
pub(super) fn next_query<S: Store>(hosted: &Hosted<S>, visit: &Visit) -> String {
    let next = visit.next(hosted);
    next.map_or_else(String::new, |next| format!("?next={}", escaped(next)))
}

fn form<S: Store>(
    hosted: &Hosted<S>,
    visit: &Visit,
    faults: &Faults,
    username: &str,
    remember_me: bool,
) -> Result<Response, PageFault> {
    let next = next_query(hosted, visit);
    let unverified = faults.has("login-unverified");
    let values = context! { username, remember_me, next, unverified };
    hosted.show(visit, &Page::of("login", faults, values))
}
