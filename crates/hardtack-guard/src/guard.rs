//! Who is there, and may they change something: the two questions, over a request's headers.

use std::fmt;
use std::sync::Arc;

use hardtack_core::csrf::token::{CsrfToken, CsrfTokenRefusal};
use hardtack_core::csrf::{self, HeaderValues, Provenance, TrustedOrigins};
use hardtack_core::{Secret, SessionId, Timestamp};
use http::header::{HeaderName, ORIGIN, REFERER, UPGRADE};
use http::{HeaderMap, HeaderValue, Method};

use crate::activity::{self, ActivityReporter};
use crate::layer::{Admission, GuardLayer};
use crate::{Authenticated, Refusal, Verified, Verifier, Via, cookie_values, credential};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Protects routes. Cloning shares it.
///
/// It needs no store and does no IO: keys, the names of ended sessions and trusted origins are in
/// memory.
#[derive(Clone)]
pub struct Guard(Arc<Inner>);

struct Inner {
    verifier: Arc<Verifier>,
    access_cookie: String,
    trusted: TrustedOrigins,
    double_submit: Option<DoubleSubmit>,
}

/// The double-submit token, to be demanded besides (docs/contract.md §8, `JWT_AUTH_COOKIE_USE_CSRF`).
pub struct DoubleSubmit {
    /// What the tokens are made with.
    pub key: Secret<[u8; 32]>,
    /// The cookie that scripts read: `csrftoken`.
    pub cookie_name: String,
    /// The header that they send it back in: `x-csrftoken`.
    pub header_name: HeaderName,
}

impl Guard {
    /// Reads tokens from `Authorization: Bearer` and from the cookie `access_cookie`, and lets
    /// pages of `trusted` origins change something.
    #[must_use]
    pub fn new(
        verifier: impl Into<Arc<Verifier>>,
        access_cookie: impl Into<String>,
        trusted: TrustedOrigins,
    ) -> Self {
        Self(Arc::new(Inner {
            verifier: verifier.into(),
            access_cookie: access_cookie.into(),
            trusted,
            double_submit: None,
        }))
    }

    /// The same guard, which also demands the double-submit token of what a cookie authenticates.
    #[must_use]
    pub fn with_double_submit(self, double_submit: DoubleSubmit) -> Self {
        Self(Arc::new(Inner {
            verifier: Arc::clone(&self.0.verifier),
            access_cookie: self.0.access_cookie.clone(),
            trusted: self.0.trusted.clone(),
            double_submit: Some(double_submit),
        }))
    }

    /// What it verifies with.
    #[must_use]
    pub fn verifier(&self) -> &Arc<Verifier> {
        &self.0.verifier
    }

    /// The tower layer, which lets requests without a good credential pass: the handlers that need
    /// one refuse them ([`Authenticated`] as an argument does).
    #[must_use]
    pub fn layer(&self) -> GuardLayer {
        GuardLayer::new(self.clone(), Admission::Everybody)
    }

    /// The tower layer, which refuses every request without a good credential, preflights
    /// included: put the layer that answers CORS outside of it.
    #[must_use]
    pub fn require(&self) -> GuardLayer {
        GuardLayer::new(self.clone(), Admission::AuthenticatedOnly)
    }

    /// May pages of this origin, as `Origin` names it, change something?
    #[must_use]
    pub fn trusts(&self, origin: &str) -> bool {
        self.0.trusted.contains(origin)
    }

    /// Who sent a request with these headers? That somebody was there is noted, unless the request
    /// says that it does not count.
    ///
    /// # Errors
    /// A 401 [`Refusal`], which public endpoints ignore (docs/contract.md §10.2), or
    /// [`Refusal::RevocationsStale`].
    pub fn authenticate(&self, headers: &HeaderMap) -> Result<Authenticated, Refusal> {
        self.find(headers).map(|found| found.admit(headers))
    }

    /// Who sent a request of this method and these headers, if it may change something? That is
    /// [`authenticate`](Self::authenticate), and [`check_csrf`](Self::check_csrf) where a cookie says who
    /// it is. It is noted that somebody was there only when both let the request through: what is
    /// refused is nobody's activity.
    ///
    /// # Errors
    /// A [`Refusal`] of either.
    pub fn admit(&self, method: &Method, headers: &HeaderMap) -> Result<Authenticated, Refusal> {
        self.let_through(self.find(headers)?, method, headers)
    }

    /// The second half of [`admit`](Self::admit), for whoever treats the refusals of both apart.
    pub(crate) fn let_through(
        &self,
        found: Found<'_>,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Authenticated, Refusal> {
        if found.via == Via::Cookie {
            self.check_csrf(method, headers, found.token.claims().session)?;
        }
        // Not before: what another site made the browser send is nobody's activity.
        Ok(found.admit(headers))
    }

    /// As [`authenticate`](Self::authenticate), and nothing is noted: for whoever only looks, such as
    /// a layer before the one that admits.
    ///
    /// # Errors
    /// A [`Refusal`], as there.
    pub fn identify(&self, headers: &HeaderMap) -> Result<Authenticated, Refusal> {
        self.find(headers)
            .map(|found| Authenticated::new(&found.token, found.via))
    }

    /// As [`authenticate`](Self::authenticate), for whoever wants to look at more of the request
    /// before it counts.
    pub(crate) fn find(&self, headers: &HeaderMap) -> Result<Found<'_>, Refusal> {
        let verifier = &*self.0.verifier;
        let now = verifier.now();
        let (token, via) = credential::find(verifier, &self.0.access_cookie, headers, now)?;
        Ok(Found {
            reporter: verifier.activity_reporter(),
            token,
            via,
            now,
        })
    }

    /// Does `Authorization` decide who is there, well or badly, so that cookies do not count?
    #[must_use]
    pub fn presents_bearer(headers: &HeaderMap) -> bool {
        !matches!(credential::bearer(headers), Ok(None))
    }

    /// May a request of this method and these headers change something, as far as one can say
    /// without knowing who sent it? For endpoints that set cookies or that a cookie reaches,
    /// public ones like login included (docs/threat-model.md CS-2).
    ///
    /// Safe methods always may, save for the handshake of a WebSocket: it is a `GET` that opens a
    /// door for changes and that browsers let every site send.
    ///
    /// # Errors
    /// [`Refusal::Csrf`].
    pub fn check_origin(&self, method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
        if !is_unsafe(method, headers) {
            return Ok(());
        }
        let values =
            |name| HeaderValues::of(headers.get_all(name).iter().map(HeaderValue::as_bytes));
        let provenance = Provenance {
            origin: values(ORIGIN),
            sec_fetch_site: values(SEC_FETCH_SITE),
            referer: values(REFERER),
        };
        csrf::decide(&self.0.trusted, &provenance).map_err(Refusal::Csrf)
    }

    /// May a request that a cookie authenticates as `session` change something? That is
    /// [`check_origin`](Self::check_origin), and the double-submit token where it is demanded.
    ///
    /// # Errors
    /// [`Refusal::Csrf`] or [`Refusal::CsrfToken`].
    pub fn check_csrf(
        &self,
        method: &Method,
        headers: &HeaderMap,
        session: Option<SessionId>,
    ) -> Result<(), Refusal> {
        self.check_origin(method, headers)?;
        match &self.0.double_submit {
            Some(double_submit) if is_unsafe(method, headers) => double_submit
                .verify(headers, session)
                .map_err(Refusal::CsrfToken),
            _ => Ok(()),
        }
    }
}

/// A token that is believed, on a request that is not yet let through.
pub(crate) struct Found<'g> {
    reporter: Option<&'g ActivityReporter>,
    token: Arc<Verified>,
    via: Via,
    now: Timestamp,
}

impl Found<'_> {
    /// The request is let through, and counts.
    fn admit(self, headers: &HeaderMap) -> Authenticated {
        if let Some(reporter) = self.reporter {
            activity::note(reporter, &self.token, headers, self.now);
        }
        Authenticated::new(&self.token, self.via)
    }
}

impl DoubleSubmit {
    /// Of several cookies one that counts is enough: a planted one beside it proves nothing.
    fn verify(
        &self,
        headers: &HeaderMap,
        session: Option<SessionId>,
    ) -> Result<(), CsrfTokenRefusal> {
        let mut tokens = headers.get_all(&self.header_name).iter();
        let token = match (tokens.next(), tokens.next()) {
            (Some(token), None) => token.to_str().map_err(|_| CsrfTokenRefusal::Incorrect)?,
            (None, _) => "",
            (Some(_), Some(_)) => return Err(CsrfTokenRefusal::Incorrect),
        };
        let mut decision = Err(CsrfTokenRefusal::CookieMissing);
        for cookie in cookie_values(headers, &self.cookie_name) {
            decision = CsrfToken::verify(self.key.expose_secret(), session, cookie, token);
            if decision.is_ok() {
                break;
            }
        }
        decision
    }
}

/// Can it change something? Methods that nobody knows can.
fn is_unsafe(method: &Method, headers: &HeaderMap) -> bool {
    !matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE
    ) || headers.contains_key(UPGRADE)
}

impl fmt::Debug for Guard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Guard")
            .field("verifier", &self.0.verifier)
            .field("access_cookie", &self.0.access_cookie)
            .field("trusted", &self.0.trusted)
            .finish_non_exhaustive()
    }
}
