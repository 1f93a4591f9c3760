//! Every page on one screen.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use hardtack_store::Store;

use super::fault::{method_not_allowed, not_found};
use super::{
    Hosted, assets, code, data, devices, edge, email, language, login, logout, password, profile,
    recover, register, renewal, strength,
};
use crate::hardtack::Hardtack;

impl<S: Store> Hardtack<S> {
    /// The hosted pages at `pages.base_path`: `app.merge(hardtack.pages_router())`. Nothing, where
    /// they are off.
    ///
    /// They are written out at their place, for they link to each other, and to
    /// [`router`](Self::router) at `routes.base_path`.
    pub fn pages_router(&self) -> Router {
        let Some(hosted) = self.hosted() else {
            return Router::new();
        };
        let base = hosted.base().to_owned();
        [
            ("", get(profile::show::<S>).post(profile::save::<S>)),
            ("/login", get(login::show::<S>).post(login::log_in::<S>)),
            ("/logout", get(logout::ask::<S>).post(logout::log_out::<S>)),
            (
                "/register",
                get(register::show::<S>).post(register::register::<S>),
            ),
            ("/register/check-mail", get(register::check_mail::<S>)),
            (
                "/register/{key}",
                get(register::show_invited::<S>).post(register::register_invited::<S>),
            ),
            (
                "/verify",
                get(email::ask_again::<S>).post(email::send_again::<S>),
            ),
            ("/verify/check-mail", get(email::check_mail::<S>)),
            (
                "/verify/{key}",
                get(code::show_verify::<S>).post(code::verify::<S>),
            ),
            ("/forgot", get(recover::ask::<S>).post(recover::send::<S>)),
            ("/forgot/check-mail", get(recover::check_mail::<S>)),
            (
                "/reset/{uid}/{token}",
                get(recover::show_reset::<S>).post(recover::reset::<S>),
            ),
            ("/email", get(email::show::<S>).post(email::change::<S>)),
            (
                "/email/confirm/{key}",
                get(code::show_confirm::<S>).post(code::confirm::<S>),
            ),
            (
                "/email/revert/{key}",
                get(code::show_revert::<S>).post(code::revert::<S>),
            ),
            ("/data", get(data::show::<S>).post(data::export::<S>)),
            (
                "/delete",
                get(data::ask_delete::<S>).post(data::delete::<S>),
            ),
            (
                "/password",
                get(password::show::<S>).post(password::change::<S>),
            ),
            ("/devices", get(devices::show::<S>).post(devices::end::<S>)),
            ("/language", post(language::choose::<S>)),
            ("/strength", post(strength::measure::<S>)),
        ]
        .into_iter()
        .fold(Router::new(), |router, (path, methods)| {
            let methods = methods.fallback(method_not_allowed);
            router
                .route(&format!("{base}{path}"), methods.clone())
                .route(&format!("{base}{path}/"), methods)
        })
        .route(&format!("{base}/assets/{{name}}"), get(assets::show::<S>))
        .route(&format!("{base}/{{*rest}}"), get(not_found).post(not_found))
        .layer(from_fn_with_state(hosted.clone(), edge::pass::<S>))
        .with_state(hosted)
    }

    /// The one route of the pages that must stand among the routes, where the refresh cookie comes.
    pub(crate) fn renewal_routes(&self, base: &str) -> Router<Self> {
        let Some(hosted) = self.hosted() else {
            return Router::new();
        };
        let renew = get(renewal::renew::<S>)
            .post(renewal::renew::<S>)
            .fallback(method_not_allowed);
        Router::new()
            .route(&format!("{base}{}", renewal::PATH), renew.clone())
            .route(&format!("{base}{}/", renewal::PATH), renew)
            .layer(from_fn_with_state(hosted.clone(), edge::pass::<S>))
            .with_state(hosted)
    }

    fn hosted(&self) -> Option<Hosted<S>> {
        let pages = self.pages()?;
        Some(Hosted {
            hardtack: self.clone(),
            pages,
        })
    }
}
