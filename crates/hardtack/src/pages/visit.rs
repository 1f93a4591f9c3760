//! Who is asking for a page, in which language, and what the address says.

use axum::extract::{FromRequestParts, Path};
use hardtack_core::session::RememberMe;
use hardtack_core::user::{User, UserState};
use hardtack_guard::{Authenticated, Refusal, cookie_values};
use hardtack_store::Store;
use http::header::ACCEPT_LANGUAGE;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, Uri};
use serde::de::DeserializeOwned;

use super::Hosted;
use super::fault::PageFault;
use super::language::LANGUAGE_COOKIE;
use crate::client::Client;
use crate::http::extract::client_of;
use crate::translation::Language;

/// How long the mark of a renewal counts, in seconds. It ends a circle, and a page that was kept
/// with its mark renews again another day.
const MARK_COUNTS_FOR: u64 = 60;

/// One request for a page.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(super) headers: HeaderMap,
    pub(super) client: Client,
    pub(super) method: Method,
    /// Path and query, without the mark of a renewal.
    pub(super) address: String,
    pub(super) language: Language,
    /// Who the access cookie says it is.
    pub(super) caller: Option<Authenticated>,
    /// The refresh cookie was asked a moment ago.
    renewed: bool,
    query: Vec<(String, String)>,
}

/// What the path of a link has in it. Bytes that are no text are a link that leads nowhere.
#[derive(Debug)]
pub(super) struct Named<T>(pub(super) T);

impl<T, S> FromRequestParts<S> for Named<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = PageFault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageFault> {
        let named = Path::from_request_parts(parts, state).await;
        named
            .map(|Path(named)| Self(named))
            .map_err(|_| PageFault::NotFound)
    }
}

/// Somebody who is logged in.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) caller: Authenticated,
    pub(super) user: User,
}

impl<S: Store> FromRequestParts<Hosted<S>> for Visit {
    type Rejection = PageFault;

    async fn from_request_parts(parts: &mut Parts, hosted: &Hosted<S>) -> Result<Self, PageFault> {
        let hardtack = &hosted.hardtack;
        let caller = match hardtack.guard().authenticate(&parts.headers) {
            // Perhaps somebody, perhaps nobody any more: both pages would be wrong.
            Err(Refusal::RevocationsStale) => return Err(PageFault::Unavailable),
            answer => answer.ok(),
        };
        let query: Vec<(String, String)> =
            form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect();
        let now = hardtack.clock().now().unix_seconds();
        let renewed = query.iter().any(|(name, value)| {
            let marked: Option<i64> = value.parse().ok().filter(|_| name == MARK);
            // Of another process its clock may be a little ahead.
            marked.is_some_and(|at| now.abs_diff(at) <= MARK_COUNTS_FOR)
        });
        let language = language_of(&parts.headers);
        let client = Client {
            // A mail speaks the language of the page that asked for it.
            accept_language: language.tag().to_owned(),
            ..client_of(hardtack, &parts.headers, &parts.extensions)
        };
        Ok(Self {
            client,
            method: parts.method.clone(),
            address: unmarked(&parts.uri),
            language,
            caller,
            renewed,
            query,
            headers: parts.headers.clone(),
        })
    }
}

/// The choice made on a page, else the browser's.
pub(super) fn language_of(headers: &HeaderMap) -> Language {
    let chosen = cookie_values(headers, LANGUAGE_COOKIE).next();
    let accepted = headers.get(ACCEPT_LANGUAGE);
    Language::choose(chosen, accepted.and_then(|value| value.to_str().ok()))
}

/// The query field that says that the refresh cookie has been asked, and when.
const MARK: &str = "renewed";

/// `address` with the mark of a renewal at `now`, in seconds.
pub(super) fn marked(address: &str, now: i64) -> String {
    let (address, fragment) = address.split_once('#').unwrap_or((address, ""));
    let joint = if address.contains('?') { '&' } else { '?' };
    let hash = if fragment.is_empty() { "" } else { "#" };
    format!("{address}{joint}{MARK}={now}{hash}{fragment}")
}

fn unmarked(uri: &Uri) -> String {
    let fields = uri.query().unwrap_or_default().split('&');
    let is_mark = |field: &&str| field.split('=').next() == Some(MARK);
    let kept: Vec<&str> = fields
        .filter(|field| !field.is_empty() && !is_mark(field))
        .collect();
    if kept.is_empty() {
        return uri.path().to_owned();
    }
    format!("{}?{}", uri.path(), kept.join("&"))
}

/// `text` as the value of a query field.
pub(super) fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

impl Visit {
    /// A field of the query.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        let mut fields = self.query.iter();
        fields
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }

    /// Where `next` says to go, if people may be sent there.
    pub(super) fn next<S: Store>(&self, hosted: &Hosted<S>) -> Option<&str> {
        let settings = hosted.hardtack.settings();
        self.query("next")
            .filter(|next| settings.pages.leads_to_allowed(&settings.public_url, next))
    }

    /// The user whom the access cookie names, if they may still come in.
    pub(super) async fn user<S: Store>(
        &self,
        hosted: &Hosted<S>,
    ) -> Result<Option<Member>, PageFault> {
        let Some(caller) = self.caller else {
            return Ok(None);
        };
        let user = hosted.hardtack.find_user(caller.user).await?;
        Ok(user
            .filter(|user| user.state == UserState::Active)
            .map(|user| Member { caller, user }))
    }

    /// The user, for a page that is for users: whoever is none goes to the login, and whoever may
    /// have a refresh cookie is renewed first.
    ///
    /// The browser does not send the refresh cookie here, since its path is that of the routes. So
    /// it is sent there and comes back; a form keeps what was typed, for 307 repeats the `POST`
    /// with its body (RFC 9110 §15.4.8).
    pub(super) async fn member<S: Store>(&self, hosted: &Hosted<S>) -> Result<Member, PageFault> {
        if let Some(member) = self.user(hosted).await? {
            return Ok(member);
        }
        // Who has a good access token and is no user any more has nothing to renew.
        if self.caller.is_none() && self.may_renew() {
            let status = if self.method == Method::GET {
                StatusCode::SEE_OTHER
            } else {
                StatusCode::TEMPORARY_REDIRECT
            };
            return Err(PageFault::Elsewhere(status, self.renewal(hosted)));
        }
        let base = hosted.base();
        // What was sent to a form is not sent again after a login: they look at its page first.
        let next = escaped(&self.address);
        let login = format!("{base}/login/?next={next}");
        let now = hosted.hardtack.clock().now().unix_seconds();
        Err(PageFault::see(marked(&login, now)))
    }

    /// Could the browser have a refresh cookie that was not asked yet?
    pub(super) fn may_renew(&self) -> bool {
        !self.renewed
    }

    /// The address that renews and comes back here.
    pub(super) fn renewal<S: Store>(&self, hosted: &Hosted<S>) -> String {
        let routes = &hosted.hardtack.settings().base_path;
        let to = escaped(&self.address);
        format!("{routes}{}/?to={to}", super::renewal::PATH)
    }
}

impl<S: Store> Hosted<S> {
    /// Where the pages are: `/account`.
    pub(super) fn base(&self) -> &str {
        &self.hardtack.settings().pages.base_path
    }

    /// Where one goes after a login that names no place.
    pub(super) fn home(&self) -> String {
        let home = self.hardtack.settings().pages.home.clone();
        home.unwrap_or_else(|| format!("{}/", self.base()))
    }
}

/// What a ticked box, or none, says about a login. Whoever was asked and did not tick it wants to be
/// forgotten when the browser closes.
pub(super) fn remember_me(ticked: bool) -> RememberMe {
    if ticked {
        RememberMe::Yes
    } else {
        RememberMe::No
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_comes_and_goes_and_leaves_the_rest_alone() {
        for (address, with_mark) in [
            ("/account/", "/account/?renewed=7"),
            ("/account/?a=b", "/account/?a=b&renewed=7"),
            ("/account/?a=b#c", "/account/?a=b&renewed=7#c"),
        ] {
            let marked = marked(address, 7);
            assert_eq!(marked, with_mark);
            let uri: Uri = marked.parse().unwrap();
            assert_eq!(unmarked(&uri), address.split('#').next().unwrap());
        }
        let uri: Uri = "/a?renewed=1&b=renewed&renewed=2".parse().unwrap();
        assert_eq!(unmarked(&uri), "/a?b=renewed");
    }
}
