//! Style, script and mark: files with names of their own for each content, so that browsers may
//! keep them for ever.

use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use hardtack_store::Store;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use minijinja::{Value, context};

use super::Hosted;
use super::fault::PageFault;
use super::visit::Named;
use crate::settings::{Colour, PageSettings};

const STYLE: &str = include_str!("../../templates/pages/pages.css");
const SCRIPT: &str = include_str!("../../templates/pages/pages.js");
const MARK: &str = include_str!("../../templates/pages/mark.svg");

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

#[derive(Debug)]
pub(super) struct Assets {
    style: Asset,
    script: Asset,
    mark: Asset,
}

#[derive(Debug)]
struct Asset {
    name: String,
    content_type: &'static str,
    content: String,
}

impl Asset {
    fn new(stem: &str, ending: &str, content_type: &'static str, content: String) -> Self {
        let hash = digest(&SHA256, content.as_bytes());
        let short = hash.as_ref().get(..8).unwrap_or_default();
        Self {
            name: format!("{stem}-{}.{ending}", HEXLOWER.encode(short)),
            content_type,
            content,
        }
    }
}

impl Assets {
    pub(super) fn new(pages: &PageSettings) -> Self {
        let style = format!("{}{STYLE}", palette(pages));
        let mark = MARK.replace("#0d5c69", &pages.accent.to_string());
        Self {
            style: Asset::new("pages", "css", "text/css; charset=utf-8", style),
            script: Asset::new(
                "pages",
                "js",
                "text/javascript; charset=utf-8",
                SCRIPT.to_owned(),
            ),
            mark: Asset::new("mark", "svg", "image/svg+xml", mark),
        }
    }

    /// Where they are, for templates.
    pub(super) fn addresses(&self, base: &str) -> Value {
        let address = |asset: &Asset| format!("{base}/assets/{}", asset.name);
        context! {
            style => address(&self.style),
            script => address(&self.script),
            mark => address(&self.mark),
        }
    }

    fn find(&self, name: &str) -> Option<&Asset> {
        let mut assets = [&self.style, &self.script, &self.mark].into_iter();
        assets.find(|asset| asset.name == name)
    }
}

/// The colours that are set, and those that contrast was checked against.
fn palette(pages: &PageSettings) -> String {
    let set = |ground: Colour, card: Colour, accent: Colour, ink: Colour| {
        format!("--ground: {ground}; --card: {card}; --accent: {accent}; --accent-ink: {ink};")
    };
    let [ground, card] = PageSettings::LIGHT;
    let light = set(ground, card, pages.accent, Colour::new(0xff, 0xff, 0xff));
    let [ground, card] = PageSettings::DARK;
    let ink = PageSettings::DARK_INK;
    let dark = set(ground, card, pages.accent_in_the_dark(), ink);
    format!(":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n")
}

/// `GET assets/…`
pub(super) async fn show<S: Store>(
    State(hosted): State<Hosted<S>>,
    Named(name): Named<String>,
) -> Result<Response, PageFault> {
    let asset = hosted.pages.assets.find(&name);
    let asset = asset.ok_or(PageFault::NotFound)?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
        (CACHE_CONTROL, FOR_EVER),
    ];
    Ok((headers, asset.content.clone()).into_response())
}
