//! Every route on one screen.

use std::fmt::Display;

use axum::Router;
use axum::extract::State;
use axum::handler::Handler;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, any, any_service, delete, get, post};
use hardtack_store::Store;
use http::header::ALLOW;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::edge::{AtOnce, AtOnceRoutes, EdgeLayer, HandlerEdge, Tell};
use super::error::ApiError;
use super::{
    account, csrf, email, health, jwks, login, logout, logout_all, openapi, password,
    password_reset, refresh, registration, revocations, session, sessions, user, uses, verify,
};
use crate::hardtack::Hardtack;
use crate::settings::NamedRoute;

impl<S: Store> Hardtack<S> {
    /// The routes, relative to `settings.base_path`: `app.nest("/api/auth", hardtack.router())`.
    ///
    /// Each answers with and without a trailing slash. Serve the application with
    /// `into_make_service_with_connect_info::<SocketAddr>()`, so that limits can be kept by
    /// address.
    pub fn router(&self) -> Router {
        routes(self, "")
            .fallback(HandlerEdge::of_base_path().around(|| async { ApiError::NotFound }))
            .merge(self.feed_routes(""))
            .merge(self.renewal_routes(""))
            .with_state(self.clone())
    }

    /// What verifiers in other processes ask, where anybody may: no page of any origin does, so the
    /// rules for browsers do not apply, and nothing is allowed to other origins.
    fn feed_routes(&self, base: &str) -> Router<Self> {
        if self.settings().revocations.service_tokens.is_empty() {
            return Router::new();
        }
        let edge = HandlerEdge::further_out();
        let feed = public(edge, GET, edge.get(revocations::show::<S>));
        let uses = public(edge, POST, edge.post(uses::note::<S>));
        with_and_without_slash(base, [("/revocations", feed), ("/uses", uses)])
            .layer(EdgeLayer::of_root(self))
    }

    /// What belongs at the root of the host: `/.well-known/jwks.json`, `/healthz`, `/readyz`, and
    /// routes whose names in `settings.routes` begin with a slash.
    pub fn root_router(&self) -> Router {
        Router::new()
            .route("/.well-known/jwks.json", get(jwks::show::<S>))
            .route("/healthz", get(health::alive))
            .route("/readyz", get(health::ready::<S>))
            .layer(EdgeLayer::of_root(self))
            .merge(named_from_root(self))
            .with_state(self.clone())
    }

    /// The whole service: [`router`](Self::router) under the base path, with
    /// [`pages_router`](Self::pages_router) and [`root_router`](Self::root_router) beside it.
    pub fn service_router(&self) -> Router {
        // Written out and not nested: that would rewrite the path of every request.
        let base = &self.settings().base_path;
        let not_found = || async { ApiError::NotFound };
        let not_found_here = HandlerEdge::of_base_path().around(not_found);
        let router = routes(self, base)
            .route(base, any(not_found_here.clone()))
            .route(&format!("{base}/"), any(not_found_here.clone()))
            .route(&format!("{base}/{{*rest}}"), any(not_found_here))
            .merge(self.feed_routes(base))
            .merge(self.renewal_routes(base))
            .with_state(self.clone());
        router
            .merge(self.pages_router())
            .merge(self.root_router())
            .fallback(not_found.layer(EdgeLayer::of_root(self)))
    }

    /// The routes of [`service_router`](Self::service_router) below the base path that are answered
    /// without waiting, for a server that asks them first.
    #[must_use]
    pub fn at_once(&self) -> AtOnceRoutes<S> {
        let base = &self.settings().base_path;
        let at_once = |(path, route)| match route {
            Route::Handlers(_) => None,
            Route::AtOnce(route) => Some((format!("{base}{path}"), route)),
        };
        AtOnceRoutes::new(below_base(self).into_iter().filter_map(at_once))
    }
}

/// The routes below `base`, each with and without a slash at its end.
fn routes<S: Store>(hardtack: &Hardtack<S>, base: &str) -> Router<Hardtack<S>> {
    with_and_without_slash(base, below_base(hardtack))
}

/// The routes below the base path, under Hardtack's own names and under those of `settings.routes`.
fn below_base<S: Store>(hardtack: &Hardtack<S>) -> Vec<(String, Route<S>)> {
    let named = hardtack.settings().routes.named();
    let mut routes = Vec::new();
    for (path, route) in all(hardtack) {
        let named = named.iter().find(|named| named.own == path);
        if named.is_some_and(|named| !named.is_served()) {
            continue;
        }
        if let Some(name) = named.and_then(NamedRoute::below_base) {
            routes.push((name, route.clone()));
        }
        routes.push((path.to_owned(), route));
    }
    routes
}

/// The routes of `settings.routes` whose names are relative to the root of the host.
fn named_from_root<S: Store>(hardtack: &Hardtack<S>) -> Router<Hardtack<S>> {
    let named = hardtack.settings().routes.named();
    let named = all(hardtack).into_iter().filter_map(|(path, route)| {
        let named = named.iter().find(|named| named.own == path)?;
        Some((named.below_root()?.to_owned(), route))
    });
    with_and_without_slash("", named)
}

/// The methods of most routes, as `Allow` names them.
const GET: &str = "GET, HEAD, OPTIONS";
const POST: &str = "POST, OPTIONS";

/// What answers at a path.
enum Route<S> {
    Handlers(Box<MethodRouter<Hardtack<S>>>),
    AtOnce(AtOnce<S>),
}

impl<S> Clone for Route<S> {
    fn clone(&self) -> Self {
        match self {
            Self::Handlers(methods) => Self::Handlers(methods.clone()),
            Self::AtOnce(service) => Self::AtOnce(service.clone()),
        }
    }
}

impl<S: Store> Route<S> {
    fn add_to(self, router: Router<Hardtack<S>>, path: &str) -> Router<Hardtack<S>> {
        match self {
            Self::Handlers(methods) => router.route(path, *methods),
            Self::AtOnce(service) => router.route_service(path, service),
        }
    }
}

/// Every route under Hardtack's own name, below the base path.
fn all<S: Store>(hardtack: &Hardtack<S>) -> [(&'static str, Route<S>); 21] {
    let at = HandlerEdge::of_base_path();
    // What the layer adds that renews, must pass the edge as well.
    let sliding = hardtack.settings().session.sliding;
    let by = if sliding {
        HandlerEdge::further_out()
    } else {
        at
    };
    let routes = [
        ("/login", public(at, POST, at.post(login::log_in::<S>))),
        ("/logout", public(at, POST, at.post(logout::log_out::<S>))),
        (
            "/logout/all",
            protected(at, POST, at.post(logout_all::log_out::<S>)),
        ),
        (
            "/token/refresh",
            public(at, POST, at.post(refresh::refresh::<S>)),
        ),
        (
            "/token/verify",
            public(at, POST, at.post(verify::verify::<S>)),
        ),
        ("/session", at_once(hardtack, by, session::tell::<S>)),
        ("/sessions", protected(by, GET, by.get(sessions::list::<S>))),
        (
            "/sessions/{session}",
            protected(by, "DELETE, OPTIONS", by.delete(sessions::end::<S>)),
        ),
        (
            "/openapi.json",
            public(at, GET, at.get(openapi::shown(&hardtack.settings().routes))),
        ),
        ("/csrf", public(by, GET, by.get(csrf::issue::<S>))),
        (
            "/user",
            protected(
                by,
                "GET, PUT, PATCH, DELETE, HEAD, OPTIONS",
                by.get(user::show::<S>)
                    .put(by.around(user::replace::<S>))
                    .patch(by.around(user::change::<S>))
                    .delete(by.around(account::delete::<S>)),
            ),
        ),
        (
            "/user/export",
            protected(at, GET, at.get(account::export::<S>)),
        ),
        (
            "/registration",
            public(at, POST, at.post(registration::register::<S>)),
        ),
        (
            "/registration/verify-email",
            public(at, POST, at.post(registration::verify_email::<S>)),
        ),
        (
            "/registration/resend-email",
            public(at, POST, at.post(registration::resend_email::<S>)),
        ),
        (
            "/password/reset",
            public(at, POST, at.post(password_reset::request::<S>)),
        ),
        (
            "/password/reset/confirm",
            public(at, POST, at.post(password_reset::confirm::<S>)),
        ),
        (
            "/email/change",
            protected(at, POST, at.post(email::change::<S>)),
        ),
        (
            "/email/change/confirm",
            public(at, POST, at.post(email::confirm::<S>)),
        ),
        (
            "/email/change/revert",
            public(at, POST, at.post(email::revert::<S>)),
        ),
        (
            "/password/change",
            protected(at, POST, at.post(password::change::<S>)),
        ),
    ];
    routes.map(|(path, route)| (path, renewing(hardtack, path, route)))
}

/// The routes that also renew cookies, where `session.sliding` is on. Not those that write or clear
/// them by themselves, nor `token/verify/`, which looks at none.
const RENEWING: [&str; 5] = [
    "/session",
    "/sessions",
    "/sessions/{session}",
    "/csrf",
    "/user",
];

fn renewing<S: Store>(hardtack: &Hardtack<S>, path: &str, route: Route<S>) -> Route<S> {
    if !hardtack.settings().session.sliding || !RENEWING.contains(&path) {
        return route;
    }
    let methods = match route {
        Route::Handlers(methods) => *methods,
        Route::AtOnce(service) => any_service(service),
    };
    let edge = EdgeLayer::of_base_path(hardtack);
    let methods = methods.layer((edge, hardtack.sliding_layer_of_own_route()));
    Route::Handlers(Box::new(methods))
}

fn with_and_without_slash<S: Store>(
    base: &str,
    routes: impl IntoIterator<Item = (impl Display, Route<S>)>,
) -> Router<Hardtack<S>> {
    routes
        .into_iter()
        .fold(Router::new(), |router, (path, route)| {
            let without = route.clone().add_to(router, &format!("{base}{path}"));
            route.add_to(without, &format!("{base}{path}/"))
        })
}

/// Single methods, with the edge around their handlers.
impl HandlerEdge {
    fn get<S: Store, T: 'static>(
        self,
        handler: impl Handler<T, Hardtack<S>>,
    ) -> MethodRouter<Hardtack<S>> {
        get(self.around(handler))
    }

    fn post<S: Store, T: 'static>(
        self,
        handler: impl Handler<T, Hardtack<S>>,
    ) -> MethodRouter<Hardtack<S>> {
        post(self.around(handler))
    }

    fn delete<S: Store, T: 'static>(
        self,
        handler: impl Handler<T, Hardtack<S>>,
    ) -> MethodRouter<Hardtack<S>> {
        delete(self.around(handler))
    }
}

/// A route for everybody.
fn public<S: Store>(
    edge: HandlerEdge,
    allow: &'static str,
    methods: MethodRouter<Hardtack<S>>,
) -> Route<S> {
    Route::Handlers(Box::new(open(edge, allow, methods)))
}

/// A route for everybody that only tells something, and need not wait to know it.
fn at_once<S: Store>(hardtack: &Hardtack<S>, edge: HandlerEdge, tell: Tell<S>) -> Route<S> {
    let others = open(edge, GET, MethodRouter::new());
    Route::AtOnce(edge.tell(hardtack, tell, others))
}

/// Other methods are 405, and OPTIONS tells which there are.
fn open<S: Store>(
    edge: HandlerEdge,
    allow: &'static str,
    methods: MethodRouter<Hardtack<S>>,
) -> MethodRouter<Hardtack<S>> {
    let allow = [(ALLOW, HeaderValue::from_static(allow))];
    let options = allow.clone();
    methods.options(edge.around(|| async { options })).fallback(
        edge.around(|method: Method| async { (allow, ApiError::MethodNotAllowed(method)) }),
    )
}

/// A route for users: who is nobody learns that first, before which methods there are
/// (docs/contract.md §1, order of checks).
fn protected<S: Store>(
    edge: HandlerEdge,
    allow: &'static str,
    methods: MethodRouter<Hardtack<S>>,
) -> Route<S> {
    let other = move |State(hardtack): State<Hardtack<S>>, method: Method, headers: HeaderMap| async move {
        let allow = [(ALLOW, HeaderValue::from_static(allow))];
        let response: Response = match hardtack.guard().authenticate(&headers) {
            Err(refusal) => ApiError::from(refusal).into_response(),
            Ok(_) if method == Method::OPTIONS => StatusCode::OK.into_response(),
            Ok(_) => ApiError::MethodNotAllowed(method).into_response(),
        };
        (allow, response)
    };
    Route::Handlers(Box::new(methods.fallback(edge.around(other))))
}
