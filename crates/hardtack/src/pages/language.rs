//! `POST language/`: the language of the pages on this browser, and of the mails to who is logged in.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hardtack_store::Store;
use http::StatusCode;
use http::header::SET_COOKIE;

use super::Hosted;
use super::fault::{PageFault, redirect};
use super::form::OpenForm;
use crate::flow::Unavailable;
use crate::translation::Language;

/// The cookie that keeps the choice. It says nothing about anybody.
pub(crate) const LANGUAGE_COOKIE: &str = "pages_language";

/// A form of buttons, not a link: `GET` changes nothing (docs/threat-model.md CS-4).
pub(super) async fn choose<S: Store>(
    State(hosted): State<Hosted<S>>,
    OpenForm { visit, mut sent }: OpenForm,
) -> Result<Response, PageFault> {
    let hardtack = &hosted.hardtack;
    // A stranger who could set it would only annoy, and a page that tells a fault has no token.
    let language = Language::parse(&sent.text("language")).ok_or(PageFault::NotFound)?;
    // Back to the page on which the button was, and never out of the pages.
    let to = Some(sent.text("to")).filter(|to| hosted.is_page(to));
    let to = to.unwrap_or_else(|| format!("{}/", hosted.base()));
    if let Some(caller) = &visit.caller {
        // Whoever chooses a language to read wants to be written to in it. Somebody who was deleted
        // a moment ago still gets the page.
        let chosen = Some(language.tag().to_owned());
        let written = hardtack.store().set_language(caller.user, chosen).await;
        // The conversion tells the log why.
        written.map_err(Unavailable::from)?;
    }
    let mut response = redirect(StatusCode::SEE_OTHER, &to).into_response();
    let cookie = hardtack.cookies().set_language(
        LANGUAGE_COOKIE,
        language.tag(),
        hosted.base(),
        hardtack.clock().now(),
    );
    response.headers_mut().append(SET_COOKIE, cookie);
    Ok(response)
}

impl<S: Store> Hosted<S> {
    /// Is it the address of a page here? Not so with `..` in its path, which browsers resolve: it
    /// would lead from the pages to any path of the host (URL standard, "double-dot URL path segment").
    pub(super) fn is_page(&self, address: &str) -> bool {
        let settings = self.hardtack.settings();
        let rest = address.strip_prefix(self.base());
        let path = address.split(['?', '#']).next().unwrap_or_default();
        rest.is_some_and(|rest| rest.starts_with('/'))
            && !path.split('/').any(is_dots)
            && settings
                .pages
                .leads_to_allowed(&settings.public_url, address)
    }
}

/// `.` and `..`, in every spelling that browsers take for them.
fn is_dots(segment: &str) -> bool {
    let plain = segment.to_ascii_lowercase().replace("%2e", ".");
    plain == "." || plain == ".."
}
