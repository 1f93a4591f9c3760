//! `GET pages/renew/` and `POST pages/renew/`, among the routes: the refresh cookie for a page that
//! found no access cookie.
//!
//! The browser sends the refresh cookie to the routes alone. A page that needs to know who is there
//! therefore sends the browser here, and this route sends it back with fresh cookies, or without.
//!
//! * It is the one `GET` that rotates a session, and it is safe to be started by a stranger: it
//!   answers navigations of whole tabs alone, changes nothing but what any refresh changes, hands
//!   out nothing but `HttpOnly` cookies, and leads to pages of ours alone.
//! * It never goes in circles: whatever happens here, the address that it leads back to is marked
//!   with the time, and a page that is asked for with such a mark does not send anybody here.

use axum::extract::{Request, State};
use axum::response::Response;
use hardtack_core::Activity;
use hardtack_store::Store;
use http::{HeaderMap, Method, StatusCode};

use super::Hosted;
use super::fault::{PageFault, redirect};
use super::visit::marked;
use crate::flow::refresh::{DeadCookies, RefreshError};
use crate::http::extract::{client_of, refresh_cookies};
use crate::http::login::{clear_cookies, set_cookies};

/// Below the base path of the routes.
pub(super) const PATH: &str = "/pages/renew";

pub(super) async fn renew<S: Store>(
    State(hosted): State<Hosted<S>>,
    request: Request,
) -> Result<Response, PageFault> {
    let hardtack = &hosted.hardtack;
    let headers = request.headers();
    let query = request.uri().query().unwrap_or_default();
    let to = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "to")
        .map(|(_, to)| to.into_owned())
        .filter(|to| hosted.is_page(to))
        .ok_or(PageFault::NotFound)?;
    if !is_navigation(headers) {
        return Err(PageFault::Forged);
    }
    // 307 repeats the form that was under way, with all that was typed.
    let status = if request.method() == Method::GET {
        StatusCode::SEE_OTHER
    } else {
        StatusCode::TEMPORARY_REDIRECT
    };
    let back = marked(&to, hardtack.clock().now().unix_seconds());
    let mut response = redirect(status, &back);
    let presented = refresh_cookies(hardtack, headers);
    // Nobody at all: no refusal that would count against their address.
    if presented.is_empty() {
        return Ok(response);
    }
    let client = client_of(hardtack, headers, request.extensions());
    let refreshed = hardtack
        .refresh(&presented, &client, Activity::Counts)
        .await;
    match refreshed {
        Ok(grant) => set_cookies(hardtack, &mut response, &grant),
        Err(refused) if refused.dead_cookies() == DeadCookies::Clear => {
            clear_cookies(hardtack, &mut response);
        }
        // The session is good: a login form would be a lie.
        Err(RefreshError::Wait(wait)) => return Err(PageFault::Throttled(wait)),
        Err(RefreshError::Unavailable(unavailable)) => return Err(unavailable.into()),
        Err(_) => {}
    }
    Ok(response)
}

/// A tab that goes somewhere, as far as the browser tells: no picture, frame or script of a page
/// (Fetch Metadata §2). Browsers that do not tell are believed; `SameSite` is what holds there.
fn is_navigation(headers: &HeaderMap) -> bool {
    let says = |name: &str, wanted: &str| {
        let mut values = headers.get_all(name).iter();
        values.all(|value| value.as_bytes() == wanted.as_bytes())
    };
    says("sec-fetch-mode", "navigate") && says("sec-fetch-dest", "document")
}
