//! Sliding renewal: new cookies with the answer to an ordinary request.
//!
//! For front-ends that cannot refresh by themselves. It is the ordinary refresh, called by the server
//! in the browser's place; there is no second way to new tokens.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hardtack_core::{SessionId, Timestamp};
use hardtack_guard::{Authenticated, Guard, Refusal, activity_of, replace_cookie};
use hardtack_store::Store;
use http::header::{CACHE_CONTROL, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use super::extract::{client_of, refresh_cookies};
use crate::flow::Grant;
use crate::flow::refresh::DeadCookies;
use crate::hardtack::Hardtack;

/// A token is renewed in the last of so many equal parts of its life.
///
/// Two thirds of the shortest life that is allowed are longer than the window of rotation, so a
/// renewal rotates and is no repeat; and a page that asks for anything in every third of a life never
/// shows a dead token to a back-end that cannot renew it.
const PARTS_OF_A_LIFE: u32 = 3;

/// Where the layer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Around an application, which may hold our own routes too: they decide for themselves.
    Application,
    /// Around one of our own routes.
    OwnRoute,
}

/// Renews a browser's cookies on its way: made by [`Hardtack::sliding_layer`].
pub struct SlidingLayer<S> {
    hardtack: Hardtack<S>,
    place: Place,
}

impl<S: Store> Hardtack<S> {
    /// The tower layer that renews cookies with the application's own answers, where
    /// `session.sliding` is on; otherwise it changes nothing. It stands outside of the guard:
    ///
    /// `app.layer(hardtack.guard().layer()).layer(hardtack.sliding_layer())`
    ///
    /// When the access cookie is missing, or in the last third of its life, and a refresh cookie is
    /// there, it refreshes before the handler runs. The request goes on with the new access cookie,
    /// and the answer gets both cookies and `Cache-Control: no-store`, whatever its status.
    ///
    /// Not renewed is: what `Authorization: Bearer` decides; `OPTIONS`, `TRACE` and `CONNECT`; what can
    /// change something and has not passed the CSRF rule; and what goes to
    /// `settings.base_path`, whose routes renew by themselves where that makes sense. A request that
    /// is not renewed, or whose refresh is refused, goes on as it came. An answer that writes a token
    /// cookie itself, and one whose session was ended meanwhile, gets none from here.
    #[must_use]
    pub fn sliding_layer(&self) -> SlidingLayer<S> {
        SlidingLayer {
            hardtack: self.clone(),
            place: Place::Application,
        }
    }

    /// The same for one of our own routes.
    pub(super) fn sliding_layer_of_own_route(&self) -> SlidingLayer<S> {
        SlidingLayer {
            hardtack: self.clone(),
            place: Place::OwnRoute,
        }
    }

    /// Is the request one that is renewed?
    fn find_due(&self, request: &Head<'_>, place: Place) -> Option<Due> {
        if !self.settings().session.sliding
            || matches!(
                *request.method,
                Method::OPTIONS | Method::TRACE | Method::CONNECT
            )
            || place == Place::Application && self.is_own(request.path)
            || Guard::presents_bearer(request.headers)
        {
            return None;
        }
        let named = match self.guard().identify(request.headers) {
            // Nobody is vouched for until it is known again who was logged out.
            Err(Refusal::RevocationsStale) => return None,
            Ok(caller) if !self.ends_soon(&caller, self.clock().now()) => return None,
            Ok(caller) => caller.session,
            Err(_) => None,
        };
        let presented = refresh_cookies(self, request.headers);
        let sessions = self.recognise(presented.into_iter());
        // Whose refresh cookie is another's must not become that other on the way.
        let is_anybodys = match named {
            Some(_) => sessions.iter().any(|(session, _)| Some(*session) == named),
            None => !sessions.is_empty(),
        };
        let may = sessions.iter().any(|(session, _)| {
            self.guard()
                .check_csrf(request.method, request.headers, Some(*session))
                .is_ok()
        });
        (is_anybodys && may).then_some(Due { named })
    }

    /// Is the token in the last part of its life, and can another live longer?
    fn ends_soon(&self, caller: &Authenticated, now: Timestamp) -> bool {
        let left = caller.expires_at.since(now);
        let session_goes_on = caller
            .session_expires_at
            .is_none_or(|end| caller.expires_at < end);
        session_goes_on && left <= self.settings().tokens.access_lifetime / PARTS_OF_A_LIFE
    }

    fn is_own(&self, path: &str) -> bool {
        let below_base = path
            .strip_prefix(self.settings().base_path.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let named = self.settings().routes.named();
        let path = path.strip_suffix('/').unwrap_or(path);
        below_base || named.iter().any(|named| named.below_root() == Some(path))
    }

    /// Refreshes for the request, which then carries the new access cookie.
    async fn renew(&self, parts: &mut Parts, due: &Due) -> Renewal {
        let client = client_of(self, &parts.headers, &parts.extensions);
        let presented = refresh_cookies(self, &parts.headers);
        let activity = activity_of(&parts.headers);
        match self.refresh(&presented, &client, activity).await {
            Ok(grant) if due.named.is_none_or(|session| session == grant.session) => {
                let access = grant.access.expose_secret();
                replace_cookie(&mut parts.headers, self.cookies().access_name(), access);
                Renewal::Granted(Box::new(grant))
            }
            // As after a refused refresh: dead cookies would be presented with every request.
            Err(refused) if refused.dead_cookies() == DeadCookies::Clear => Renewal::Dead,
            _ => Renewal::Nothing,
        }
    }

    /// Adds to the answer what the renewal came to.
    fn hand_out(&self, renewal: &Renewal, headers: &mut HeaderMap) {
        let answers_itself = headers
            .get_all(SET_COOKIE)
            .iter()
            .any(|line| self.cookies().writes_token(line));
        if answers_itself {
            // A login or a logout in the application, and what it says is newer.
            return;
        }
        let cookies = match renewal {
            Renewal::Nothing => return,
            // A logout came while the handler ran: its cleared cookies must not be filled again.
            Renewal::Granted(grant) if self.verifier().revoked().contains(grant.session) => return,
            Renewal::Granted(grant) => self.cookies().set(grant).into(),
            Renewal::Dead => self.cookies().clear(),
        };
        for cookie in cookies {
            headers.append(SET_COOKIE, cookie);
        }
        // Whatever the handler thought: a cache must not keep the tokens (CVE-2025-48947).
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// What the decision looks at.
struct Head<'r> {
    method: &'r Method,
    path: &'r str,
    headers: &'r HeaderMap,
}

/// A request to renew for.
struct Due {
    /// The session that the access cookie names, if it is still good.
    named: Option<SessionId>,
}

/// What came of a renewal.
enum Renewal {
    /// A new pair.
    Granted(Box<Grant>),
    /// The session ended long ago.
    Dead,
    /// Neither: the request goes on as it came.
    Nothing,
}

impl<S> Clone for SlidingLayer<S> {
    fn clone(&self) -> Self {
        Self {
            hardtack: self.hardtack.clone(),
            place: self.place,
        }
    }
}

impl<S, Inner> Layer<Inner> for SlidingLayer<S> {
    type Service = Sliding<S, Inner>;

    fn layer(&self, inner: Inner) -> Sliding<S, Inner> {
        Sliding {
            layer: self.clone(),
            inner,
        }
    }
}

/// A service whose answers renew cookies.
pub struct Sliding<S, Inner> {
    layer: SlidingLayer<S>,
    inner: Inner,
}

impl<S, Inner: Clone> Clone for Sliding<S, Inner> {
    fn clone(&self) -> Self {
        Self {
            layer: self.layer.clone(),
            inner: self.inner.clone(),
        }
    }
}

impl<S, Inner, RequestBody, ResponseBody> Service<Request<RequestBody>> for Sliding<S, Inner>
where
    S: Store,
    Inner:
        Service<Request<RequestBody>, Response = Response<ResponseBody>> + Clone + Send + 'static,
    Inner::Future: Send,
    Inner::Error: 'static,
    RequestBody: Send + 'static,
    ResponseBody: 'static,
{
    type Response = Response<ResponseBody>;
    type Error = Inner::Error;
    type Future = SlidingFuture<Inner::Future, Response<ResponseBody>, Inner::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Inner::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        let SlidingLayer { hardtack, place } = &self.layer;
        let head = Head {
            method: request.method(),
            path: request.uri().path(),
            headers: request.headers(),
        };
        let Some(due) = hardtack.find_due(&head, *place) else {
            return SlidingFuture {
                state: State::Plain {
                    answering: self.inner.call(request),
                },
            };
        };
        let hardtack = hardtack.clone();
        // The one that said it was ready, and not its copy.
        let copy = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, copy);
        let renewing = Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let renewal = hardtack.renew(&mut parts, &due).await;
            let mut response = inner.call(Request::from_parts(parts, body)).await?;
            hardtack.hand_out(&renewal, response.headers_mut());
            Ok(response)
        });
        SlidingFuture {
            state: State::Renewing { renewing },
        }
    }
}

pin_project! {
    /// The answer of the service, with or without new cookies.
    pub struct SlidingFuture<F, R, E> {
        #[pin]
        state: State<F, R, E>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, R, E> {
        /// Nothing to renew, and nothing to pay for it.
        Plain {
            #[pin]
            answering: F,
        },
        Renewing {
            renewing: Pin<Box<dyn Future<Output = Result<R, E>> + Send>>,
        },
    }
}

impl<F, R, E> Future for SlidingFuture<F, R, E>
where
    F: Future<Output = Result<R, E>>,
{
    type Output = Result<R, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Plain { answering } => Poll::Ready(ready!(answering.poll(context))),
            StateProjection::Renewing { renewing } => renewing.as_mut().poll(context),
        }
    }
}
