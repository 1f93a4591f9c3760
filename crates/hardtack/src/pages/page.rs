//! A page: what all have in common, around what is its own.

use axum::response::{Html, IntoResponse, Response};
use hardtack_core::csrf::token::CsrfToken;
use hardtack_core::user::User;
use hardtack_store::Store;
use http::StatusCode;
use minijinja::{Value, context};

use super::Hosted;
use super::fault::PageFault;
use super::form::Faults;
use super::notice;
use super::visit::Visit;
use crate::settings::RegistrationMode;
use crate::translation::Language;

/// What a page adds to what all have.
pub(super) struct Page<'a> {
    /// The template, `login` for `login.html`.
    pub(super) name: &'static str,
    pub(super) status: StatusCode,
    /// Who is logged in, for the pages that say so.
    pub(super) user: Option<&'a User>,
    /// What is wrong with what was sent.
    pub(super) faults: &'a Faults,
    /// The values that its template names.
    pub(super) values: Value,
}

impl<'a> Page<'a> {
    /// The page as it is asked for.
    pub(super) fn of(name: &'static str, faults: &'a Faults, values: Value) -> Self {
        let status = if faults.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::BAD_REQUEST
        };
        Self {
            name,
            status,
            user: None,
            faults,
            values,
        }
    }

    /// The same for somebody who is logged in.
    pub(super) fn for_user(self, user: &'a User) -> Self {
        Self {
            user: Some(user),
            ..self
        }
    }
}

impl<S: Store> Hosted<S> {
    /// Renders a page. One that cannot be rendered is our fault, or that of an operator's template;
    /// the log says where.
    pub(super) fn show(&self, visit: &Visit, page: &Page<'_>) -> Result<Response, PageFault> {
        let csrf = self.hardtack.settings().csrf.double_submit.then(|| {
            let session = visit.caller.and_then(|caller| caller.session);
            let key = self.hardtack.csrf_key();
            let token = CsrfToken::issue(key, session, self.hardtack.entropy());
            token.expose_secret().to_owned()
        });
        let common = context! {
            csrf,
            address => &visit.address,
            notice => notice::of(visit.query("done")),
            errors => page.faults.told(&self.pages.templates, visit.language),
            user => page.user.map(user_value),
            ..self.frame(visit.language)
        };
        let values = context! { ..page.values.clone(), ..common };
        let html = self.fill(page.name, values)?;
        Ok((page.status, Html(html)).into_response())
    }

    /// What to do after a mail was sent: `word` says which, and the form at `again` sends another.
    pub(super) fn show_check_mail(
        &self,
        visit: &Visit,
        word: &str,
        again: &str,
    ) -> Result<Response, PageFault> {
        let again = format!("{}/{again}", self.base());
        let values = context! { word, again };
        self.show(visit, &Page::of("check-mail", &Faults::default(), values))
    }

    /// What is the same for everybody.
    fn frame(&self, language: Language) -> Value {
        let settings = self.hardtack.settings();
        let pages = &settings.pages;
        let public_url = settings.public_url.origin();
        let host = public_url.split_once("://").map_or("", |(_, host)| host);
        let languages: Vec<Value> = Language::ALL
            .into_iter()
            .map(|other| {
                context! {
                    tag => other.tag(),
                    name => other.endonym(),
                    direction => other.direction().as_str(),
                    current => other == language,
                }
            })
            .collect();
        context! {
            language => language.tag(),
            direction => language.direction().as_str(),
            languages,
            base => self.base(),
            home => self.home(),
            service => pages.name.as_deref().unwrap_or(host),
            logo => pages.logo.as_deref(),
            terms => pages.terms.as_deref(),
            privacy => pages.privacy.as_deref(),
            support => pages.support.as_deref(),
            assets => self.pages.assets.addresses(self.base()),
            shortest_password => settings.password.min_length,
            registration_is_open => settings.registration.mode == RegistrationMode::Open,
        }
    }

    fn fill(&self, name: &str, values: Value) -> Result<String, PageFault> {
        self.pages.templates.render(name, values).map_err(|error| {
            tracing::error!(%error, name, "a page could not be rendered");
            PageFault::Internal
        })
    }

    /// The page that tells a fault. Where even that cannot be rendered, its status alone.
    pub(super) fn tell(
        &self,
        language: Language,
        address: &str,
        fault: &PageFault,
    ) -> Option<String> {
        let values = context! {
            address,
            errors => Faults::default().told(&self.pages.templates, language),
            word => fault.word(),
            wait => fault.retry_after(),
            ..self.frame(language)
        };
        self.fill("fault", values).ok()
    }
}

fn user_value(user: &User) -> Value {
    context! {
        username => user.username.as_str(),
        email => user.email.as_str(),
        first_name => &user.first_name,
        last_name => &user.last_name,
    }
}
