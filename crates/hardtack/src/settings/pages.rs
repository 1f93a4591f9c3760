//! The hosted pages: where they are, where they may send people, and how they look.

use std::path::PathBuf;

use super::place::{self, is_below};
use super::{CookieSettings, PublicUrl, SettingsError};

mod colour;

pub use colour::{Colour, ParseColourError};

/// The hosted pages (docs/pages.md).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageSettings {
    /// Are they served at all?
    pub enabled: bool,
    /// Where they are, as a browser sees it: `/account`.
    pub base_path: String,
    /// Origins that `next` may lead to, besides our own: `https://app.example.com`.
    pub next: Vec<String>,
    /// Where one goes after a login that says nothing else, and where the name leads: a path, or
    /// an address below an origin of [`next`](Self::next). `None` is the account page.
    pub home: Option<String>,
    /// What the service is called. `None` is the host of the public URL.
    pub name: Option<String>,
    /// The picture beside the name: a path, or an `https` address.
    pub logo: Option<String>,
    /// Buttons and links on light ground.
    pub accent: Colour,
    /// Buttons and links on dark ground. `None` is [`accent`](Self::accent), as much lighter as it
    /// must be.
    pub accent_dark: Option<Colour>,
    /// Where the terms of use are; shown with the registration.
    pub terms: Option<String>,
    /// Where it says what becomes of people's data.
    pub privacy: Option<String>,
    /// Where somebody helps: an `https` address, a path, or `mailto:`.
    pub support: Option<String>,
    /// A folder whose files stand in for the templates of the same name.
    pub templates_dir: Option<PathBuf>,
}

impl Default for PageSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            base_path: "/account".to_owned(),
            next: Vec::new(),
            home: None,
            name: None,
            logo: None,
            accent: Colour::new(0x0d, 0x5c, 0x69),
            accent_dark: None,
            terms: None,
            privacy: None,
            support: None,
            templates_dir: None,
        }
    }
}

/// WCAG 2.2 §1.4.3, level AA, for text of ordinary size.
const LEAST_CONTRAST: f64 = 4.5;

impl PageSettings {
    /// What text stands on in the light: the page and the cards on it. Both colours of the accent
    /// are held to the less favourable one.
    pub(crate) const LIGHT: [Colour; 2] =
        [Colour::new(0xf4, 0xf2, 0xee), Colour::new(0xff, 0xff, 0xff)];
    /// In the dark.
    pub(crate) const DARK: [Colour; 2] =
        [Colour::new(0x12, 0x18, 0x1c), Colour::new(0x1a, 0x22, 0x27)];
    /// What stands on a button of the accent in the dark.
    pub(crate) const DARK_INK: Colour = Colour::new(0x0d, 0x1b, 0x1f);

    /// The accent in the dark: as it was set, or as near to the light one as can be read.
    #[must_use]
    pub fn accent_in_the_dark(&self) -> Colour {
        self.accent_dark.unwrap_or_else(|| {
            let steps = (0..=20_u8).map(|step| self.accent.lightened(step * 5));
            let readable = |colour: &Colour| worst_contrast(*colour, &Self::DARK) >= 7.0;
            steps
                .into_iter()
                .find(readable)
                .unwrap_or(Colour::new(0xff, 0xff, 0xff))
        })
    }

    pub(super) fn verify(
        &self,
        public_url: &PublicUrl,
        routes: &str,
        cookies: &CookieSettings,
    ) -> Result<(), SettingsError> {
        if !self.enabled {
            return Ok(());
        }
        let base = self.base_path.as_str();
        place::verify("pages.base_path", base, "/account")?;
        if is_below(base, routes) || is_below(routes, base) {
            return wrong(
                "pages.base_path",
                "cannot be inside routes.base_path, nor around it; move one of them, or set pages.enabled = false",
            );
        }
        if !is_below(base, &cookies.access_path) {
            return wrong(
                "pages.base_path",
                "must be below cookies.access_path, or the browser does not bring the access cookie; move the pages, or set pages.enabled = false",
            );
        }
        for origin in &self.next {
            let normal = PublicUrl::parse(origin).ok();
            if normal.is_none_or(|normal| normal.origin() != origin) {
                return wrong(
                    "pages.next",
                    "must be origins as a browser writes them, as in https://app.example.com",
                );
            }
        }
        self.verify_addresses(public_url)?;
        self.verify_colours()
    }

    fn verify_addresses(&self, public_url: &PublicUrl) -> Result<(), SettingsError> {
        let home = self.home.as_deref();
        if home.is_some_and(|home| !self.leads_to_allowed(public_url, home)) {
            return wrong(
                "pages.home",
                "must be a path, or an address below an origin of pages.next",
            );
        }
        if home.is_some_and(|home| self.sends_on(public_url, home)) {
            return wrong(
                "pages.home",
                "is a page that sends those who are logged in on to pages.home, in circles; name one that they stay on, or leave it out",
            );
        }
        for (key, text, fits) in [
            ("pages.logo", &self.logo, is_web as fn(&str) -> bool),
            ("pages.terms", &self.terms, is_web),
            ("pages.privacy", &self.privacy, is_web),
            ("pages.support", &self.support, is_help),
        ] {
            if text.as_deref().is_some_and(|text| !fits(text)) {
                let problem = if key == "pages.support" {
                    "must be a path such as /help, an https address, or mailto: with an address behind it"
                } else {
                    "must be a path such as /static/logo.svg, or an https address"
                };
                return wrong(key, problem);
            }
        }
        Ok(())
    }

    /// Is it one of our pages that whoever is logged in does not stay on?
    fn sends_on(&self, public_url: &PublicUrl, target: &str) -> bool {
        let path = target.strip_prefix(public_url.origin()).unwrap_or(target);
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let page = path.strip_prefix(&self.base_path);
        page.is_some_and(|page| ["/login", "/register"].contains(&page.trim_end_matches('/')))
    }

    fn verify_colours(&self) -> Result<(), SettingsError> {
        if worst_contrast(self.accent, &Self::LIGHT) < LEAST_CONTRAST {
            return wrong(
                "pages.accent",
                "is too light: white text on it, and it as text on white, must have a contrast of 4.5 to 1 (WCAG 2.2 §1.4.3); take a darker one",
            );
        }
        let dark = self.accent_in_the_dark();
        if worst_contrast(dark, &Self::DARK) < LEAST_CONTRAST
            || dark.contrast(Self::DARK_INK) < LEAST_CONTRAST
        {
            return wrong(
                "pages.accent_dark",
                "is too dark: on dark ground it must have a contrast of 4.5 to 1 (WCAG 2.2 §1.4.3); take a lighter one, or leave it out",
            );
        }
        Ok(())
    }

    /// May a person be sent to `target` by a link or form of a stranger's?
    ///
    /// A path of our own, or an address whose origin is listed, byte for byte. Nothing is parsed
    /// and nothing is put right: what browsers read in more ways than one (`//`, `\`, `@`, white
    /// space, a scheme left out) is refused (CVE-2025-27143, GHSA-vp58-j275-797x).
    #[must_use]
    pub fn leads_to_allowed(&self, public_url: &PublicUrl, target: &str) -> bool {
        if is_path(target) {
            return true;
        }
        let own = public_url.origin();
        let mut origins = std::iter::once(own).chain(self.next.iter().map(String::as_str));
        is_plain(target)
            && origins.any(|origin| {
                target
                    .strip_prefix(origin)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
            })
    }
}

/// A path on the same origin, which no browser takes for another host.
fn is_path(text: &str) -> bool {
    text.starts_with('/') && !text.starts_with("//") && is_plain(text)
}

/// A path of ours, or a page that nobody on the way can change.
fn is_web(text: &str) -> bool {
    is_path(text) || text.starts_with("https://") && is_plain(text)
}

fn is_help(text: &str) -> bool {
    is_web(text) || text.starts_with("mailto:") && is_plain(text)
}

/// The longest that is looked at; browsers and proxies take no more either.
const LONGEST: usize = 2000;

/// Visible ASCII that means the same to every parser of URLs.
fn is_plain(text: &str) -> bool {
    text.len() <= LONGEST
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\\\"<>`^{}|".contains(&byte))
}

fn worst_contrast(colour: Colour, grounds: &[Colour]) -> f64 {
    let contrasts = grounds.iter().map(|ground| ground.contrast(colour));
    contrasts.fold(f64::INFINITY, f64::min)
}

fn wrong(key: &'static str, problem: &str) -> Result<(), SettingsError> {
    Err(SettingsError {
        key,
        problem: problem.to_owned(),
    })
}

#[cfg(test)]
mod tests;
