//! Presets: what front-ends of other systems find, row by row of docs/contract.md.

#[cfg(test)]
mod dj_rest_auth;
#[cfg(test)]
mod drf_jwt_httponly_cookie;
#[cfg(test)]
mod overridden;
#[cfg(test)]
mod simplejwt_activity;

use axum::body::Body;
use hardtack::settings::Preset;
use http::Method;
use http::header::COOKIE;

use crate::kit::{Answer, Browser, World};

async fn world_of(preset: Preset) -> World {
    World::with(|settings| *settings = settings.clone().with_preset(preset)).await
}

/// `POST path` with this `Cookie` header alone.
async fn post_with_cookies(browser: &mut Browser, path: &str, cookies: &str) -> Answer {
    let mut request = browser
        .request(&Method::POST, path)
        .body(Body::empty())
        .unwrap();
    request
        .headers_mut()
        .insert(COOKIE, cookies.parse().unwrap());
    browser.send(request).await
}

/// Status and body.
fn told(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), &answer.text)
}
