//! Presets are settings and nothing else: whatever one says, the operator may say otherwise.

use hardtack::settings::{
    ErrorShape, MissingRefreshStatus, Preset, TokenShape, TokensInBody, UserFields, UserKey,
};
use http::StatusCode;
use serde_json::{Value, json};

use super::told;
use crate::kit::{PASSWORD, World};

/// Every shape alone, over the defaults.
#[tokio::test]
async fn a_shape_needs_no_preset() {
    let world = World::with(|settings| {
        settings.tokens.in_body = TokensInBody::Access;
        settings.response.login = TokenShape::AccessToken;
        settings.response.refresh = TokenShape::Empty;
        settings.response.missing_refresh_status = MissingRefreshStatus::BadRequest;
        settings.response.user_key = UserKey::Id;
        settings.response.user_fields = UserFields::of(["email"]).unwrap();
    })
    .await;
    let mut browser = world.browser();
    assert_eq!(
        told(&browser.refresh().await),
        (
            400,
            r#"{"detail":"No valid refresh token found.","code":"token_not_valid"}"#
        )
    );
    let answer = browser.log_in("alice", PASSWORD).await;
    let token = browser.cookie("access");
    assert_eq!(answer.json(), json!({ "access_token": token }));
    assert_eq!(told(&browser.refresh().await), (200, "{}"));
    assert_eq!(
        told(&browser.get("/api/auth/user/").await),
        (200, r#"{"id":1,"email":"alice@example.com"}"#)
    );
}

/// What stays when everything that a preset changes is changed back: a front-end of Hardtack's own
/// beside the old one.
#[tokio::test]
async fn a_preset_can_be_given_full_bodies() {
    let world = World::with(|settings| {
        *settings = settings.clone().with_preset(Preset::DrfJwtHttponlyCookie);
        settings.response.login = TokenShape::Full;
        settings.response.refresh = TokenShape::Full;
        settings.response.error = ErrorShape::Error;
    })
    .await;
    let mut browser = world.browser();
    let answer = browser
        .post(
            "/accounts/auth/login/",
            &json!({ "username": "alice", "password": PASSWORD }),
        )
        .await;
    let body = answer.json();
    assert_eq!(body["access"], "", "tokens.in_body is still the default");
    assert_eq!(body["user"]["id"], 1);
    assert!(body["access_expiration"].is_string());
    let mut browser = world.browser();
    assert_eq!(
        told(&browser.post_nothing("/accounts/auth/refresh_token/").await),
        (403, r#"{"error":"Refresh token missing"}"#)
    );
}

#[tokio::test]
async fn a_route_with_an_empty_name_is_not_served() {
    let world = World::with(|settings| {
        settings.routes.verify = String::new();
        settings.routes.login = String::new();
    })
    .await;
    let mut browser = world.browser();
    for path in [
        "/api/auth/token/verify/",
        "/api/auth/login",
        "/api/auth/login/",
    ] {
        let answer = browser.post_nothing(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(
        browser.get("/api/auth/session/").await.status,
        StatusCode::OK
    );
    let described = browser.get("/api/auth/openapi.json").await.json();
    for gone in ["/token/verify/", "/login/"] {
        assert_eq!(described["paths"][gone], Value::Null, "{gone}");
    }
    assert!(described["paths"]["/session/"]["get"].is_object());
}

/// What is served is described, whatever else it is called: clients that were written from the
/// document work with every preset.
#[tokio::test]
async fn the_document_describes_the_routes_that_are_there() {
    let world = World::with(|settings| {
        *settings = settings.clone().with_preset(Preset::SimplejwtActivity);
        settings.routes.logout = String::new();
    })
    .await;
    let mut browser = world.browser();
    let described = browser.get("/api/auth/openapi.json").await.json();
    let whole: Value = serde_json::from_str(include_str!("../../../openapi.json")).unwrap();
    let paths = |document: &Value| -> Vec<String> {
        document["paths"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    let mut expected = paths(&whole);
    expected.retain(|path| path != "/logout/");
    assert_eq!(paths(&described), expected);
    for path in expected {
        let path = path.replace("{session}", "00000000-0000-0000-0000-000000000000");
        let answer = browser.get(&format!("/api/auth{path}")).await;
        assert_ne!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    let unchanged = ["info", "servers", "components"];
    for part in unchanged {
        assert_eq!(described[part], whole[part], "{part}");
    }
}
