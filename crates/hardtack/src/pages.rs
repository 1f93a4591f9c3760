//! The hosted pages: forms for everything that a user does with an account, so that an application
//! sends people there and writes none (docs/pages.md).
//!
//! Each page is a file, and each form works without JavaScript: it is posted, and the answer is a
//! redirect, or the form again with its errors beside the fields. Nothing is decided here; the
//! pages call the same flows as the JSON routes.

mod assets;
mod code;
mod data;

mod devices;
mod edge;
mod email;
mod fault;
mod form;
mod language;
mod login;
mod logout;
mod notice;
mod page;
mod password;
mod profile;
mod recover;
mod register;
mod renewal;
mod router;
mod strength;
mod templates;
mod visit;

use std::sync::Arc;

use axum::extract::FromRef;
use hardtack_core::Entropy;
use http::HeaderValue;

use crate::hardtack::Hardtack;
use crate::settings::{Settings, SettingsError};
use assets::Assets;
use strength::StrengthMeter;
use templates::Templates;

/// What the pages are made of, put together once.
#[derive(Debug)]
pub(crate) struct Pages {
    templates: Templates,
    assets: Assets,
    policy: HeaderValue,
    meter: StrengthMeter,
}

impl Pages {
    /// Reads the templates and refuses those that cannot be used. `None` where the pages are off.
    pub(crate) fn build(
        settings: &Settings,
        entropy: &dyn Entropy,
    ) -> Result<Option<Arc<Self>>, SettingsError> {
        if !settings.pages.enabled {
            return Ok(None);
        }
        Ok(Some(Arc::new(Self {
            templates: Templates::load(settings.pages.templates_dir.as_deref())?,
            assets: Assets::new(&settings.pages),
            policy: content_policy(settings),
            meter: StrengthMeter::new(entropy),
        })))
    }
}

/// Nothing inline, nothing from elsewhere but the logo. Forms may lead to the listed origins, for a
/// browser holds the redirect after a login to this line too.
fn content_policy(settings: &Settings) -> HeaderValue {
    let pages = &settings.pages;
    let logo_origin = pages.logo.as_deref().and_then(|logo| {
        let rest = logo.strip_prefix("https://")?;
        let host = rest.split(['/', '?', '#']).next()?;
        Some(format!(" https://{host}"))
    });
    let mut sources = vec!["'self'"];
    sources.extend(pages.next.iter().map(String::as_str));
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
         img-src 'self'{}; form-action {}; base-uri 'none'; frame-ancestors 'none'",
        logo_origin.unwrap_or_default(),
        sources.join(" "),
    );
    // Both were verified at start to be visible ASCII.
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// The authority and its pages: what every handler here is given.
pub(crate) struct Hosted<S> {
    hardtack: Hardtack<S>,
    pages: Arc<Pages>,
}

impl<S> Clone for Hosted<S> {
    fn clone(&self) -> Self {
        Self {
            hardtack: self.hardtack.clone(),
            pages: Arc::clone(&self.pages),
        }
    }
}

impl<S> FromRef<Hosted<S>> for Hardtack<S> {
    fn from_ref(hosted: &Hosted<S>) -> Self {
        hosted.hardtack.clone()
    }
}
