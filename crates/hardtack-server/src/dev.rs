//! What only `--dev` serves: a page to log in on, the mails that were sent, and the last requests
//! to learn from.

use axum::Router;
use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::IntoResponse;
use axum::routing::get;
use hardtack::Settings;

use crate::mail::DevMailbox;

mod mails;
mod request_log;
mod set_cookie;

pub(crate) use request_log::RequestLog;

/// Everything the page loads comes from this binary. `'self'` for scripts and styles, nothing
/// inline: the page is an example to copy, so it keeps the rules that the documentation preaches.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

/// The demo page at `/`, its assets, what it must know of `settings`, `GET /dev/requests`, and the
/// mails at `/dev/mail`.
///
/// Merge it beside the routes of the service and put `log` around all of them. The caller refuses
/// every `Host` that is not loopback, so that a page of another site cannot be rebound to it.
pub(crate) fn router(log: RequestLog, settings: &Settings, mailbox: DevMailbox) -> Router {
    let settings = settings_module(settings);
    Router::new()
        .route("/", get(page))
        .route(
            "/dev/demo.css",
            get(async || asset(CSS, include_str!("dev/demo.css"))),
        )
        .route(
            "/dev/demo.js",
            get(async || asset(JAVASCRIPT, include_str!("dev/demo.js"))),
        )
        .route(
            "/dev/client.js",
            get(async || asset(JAVASCRIPT, include_str!("dev/client.js"))),
        )
        .route(
            "/dev/devices.js",
            get(async || asset(JAVASCRIPT, include_str!("dev/devices.js"))),
        )
        .route(
            "/dev/requests.js",
            get(async || asset(JAVASCRIPT, include_str!("dev/requests.js"))),
        )
        .route(
            "/dev/settings.js",
            get(async move || asset(JAVASCRIPT, settings)),
        )
        .route("/dev/requests", get(requests))
        .with_state(log)
        .merge(mails::router(mailbox))
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

async fn page() -> impl IntoResponse {
    asset(HTML, include_str!("dev/demo.html"))
}

async fn requests(State(log): State<RequestLog>) -> impl IntoResponse {
    asset("application/json", log.to_json())
}

/// What a front-end is built with elsewhere. None of it is secret: it shows in every request.
fn settings_module(settings: &Settings) -> String {
    // With --dev no cookie has a prefix, so that its name is the one that was set.
    let csrf_cookie = settings
        .csrf
        .double_submit
        .then_some(&settings.cookies.csrf_name);
    let settings = serde_json::json!({
        "basePath": settings.base_path,
        "csrfCookie": csrf_cookie,
        "pagesPath": settings.pages.enabled.then_some(&settings.pages.base_path),
    });
    format!("export const settings = {settings};\n")
}

fn asset(content_type: &'static str, body: impl IntoResponse) -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, content_type),
        (CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
        // A rebuilt binary must show its own page, not the one from before.
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, body)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::body::Body;
    use axum::http::{Request, Response, StatusCode};
    use hardtack_core::time::{SettableClock, Timestamp};
    use http_body_util::BodyExt;
    use tower::{Layer, ServiceExt};

    use super::*;

    /// The page and one route that answers with cookies, as `serve --dev` puts them together.
    async fn answer(log: &RequestLog, request: Request<Body>) -> Response<Body> {
        let login = axum::routing::post(async || {
            let cookies = axum::response::AppendHeaders([
                (
                    "set-cookie",
                    "access=eyJ.secret.one; Path=/; HttpOnly; SameSite=Lax; Max-Age=900",
                ),
                (
                    "set-cookie",
                    "refresh=secret-two; Path=/api/auth; HttpOnly; Secure; Max-Age=604800",
                ),
            ]);
            (cookies, "{}")
        });
        let app = router(log.clone(), &settings(), nothing()).route("/api/auth/login/", login);
        log.layer(app).oneshot(request).await.unwrap()
    }

    fn settings() -> Settings {
        Settings::new(hardtack::PublicUrl::parse("http://127.0.0.1:8000").unwrap())
    }

    fn nothing() -> DevMailbox {
        let data_dir = crate::data_dir::DataDir::look_at("/nowhere".as_ref()).unwrap();
        crate::mail::dev_mailbox(&data_dir)
    }

    fn log() -> RequestLog {
        RequestLog::new(Arc::new(SettableClock::new(Timestamp::from_unix_seconds(
            1_800_000_000,
        ))))
    }

    fn request(method: &str, path: &str) -> Request<Body> {
        let cookies = "refresh=secret-three; access=eyJ.secret.four";
        Request::builder()
            .method(method)
            .uri(path)
            .header("cookie", cookies)
            .body(Body::empty())
            .unwrap()
    }

    async fn text(response: Response<Body>) -> String {
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn the_log_names_cookies_and_never_shows_their_values() {
        let log = log();
        answer(&log, request("POST", "/api/auth/login/?next=secret-five")).await;
        let shown = text(answer(&log, request("GET", "/dev/requests")).await).await;

        assert!(!shown.contains("secret"), "{shown}");
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        let login = &shown["requests"][0];
        assert_eq!(login["method"], "POST");
        assert_eq!(login["path"], "/api/auth/login/");
        assert_eq!(login["status"], 200);
        assert_eq!(login["at"], "2027-01-15T08:00:00.000Z");
        assert_eq!(login["sent"], serde_json::json!(["refresh", "access"]));
        assert_eq!(
            login["set"],
            serde_json::json!([
                {"name": "access", "path": "/", "max_age": 900, "http_only": true, "secure": false, "same_site": "Lax"},
                {"name": "refresh", "path": "/api/auth", "max_age": 604_800, "http_only": true, "secure": true, "same_site": null},
            ])
        );
    }

    #[tokio::test]
    async fn the_page_does_not_log_its_own_assets() {
        let log = log();
        for path in [
            "/dev/demo.css",
            "/dev/demo.js",
            "/dev/client.js",
            "/dev/devices.js",
            "/dev/requests.js",
            "/dev/settings.js",
            "/dev/requests",
        ] {
            assert_eq!(
                answer(&log, request("GET", path)).await.status(),
                StatusCode::OK,
                "{path}"
            );
        }
        let shown = text(answer(&log, request("GET", "/dev/requests")).await).await;
        assert_eq!(shown, r#"{"requests":[]}"#);
    }

    #[test]
    fn the_page_is_told_where_the_routes_are_and_which_cookie_to_repeat() {
        let mut settings = settings();
        settings.base_path = "/accounts".to_owned();
        settings.cookies.csrf_name = "xsrf".to_owned();
        assert_eq!(
            settings_module(&settings),
            "export const settings = {\"basePath\":\"/accounts\",\"csrfCookie\":null,\"pagesPath\":\"/account\"};\n"
        );
        settings.csrf.double_submit = true;
        settings.pages.enabled = false;
        assert_eq!(
            settings_module(&settings),
            "export const settings = {\"basePath\":\"/accounts\",\"csrfCookie\":\"xsrf\",\"pagesPath\":null};\n"
        );
    }

    #[tokio::test]
    async fn the_log_forgets_what_is_old() {
        let log = log();
        for n in 0..60 {
            answer(&log, request("GET", &format!("/nothing/{n}"))).await;
        }
        let shown = text(answer(&log, request("GET", "/dev/requests")).await).await;
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        let shown = shown["requests"].as_array().unwrap();
        assert_eq!(shown.len(), 50);
        assert_eq!(shown[0]["path"], "/nothing/59", "the newest comes first");
        assert_eq!(shown[0]["id"], 60);
    }

    #[tokio::test]
    async fn a_long_path_is_cut() {
        let log = log();
        answer(&log, request("GET", &format!("/{}", "x".repeat(5000)))).await;
        let shown = text(answer(&log, request("GET", "/dev/requests")).await).await;
        assert!(shown.len() < 1000);
    }

    /// An example that others copy must not need `unsafe-inline` (ASVS 5.0 §3.4.3).
    #[tokio::test]
    async fn the_page_runs_no_inline_script_and_no_inline_style() {
        let response = answer(&log(), request("GET", "/")).await;
        let policy = response.headers()[CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(
            policy.starts_with("default-src 'none';") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(response.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        let page = text(response).await;
        assert_eq!(
            page.matches("<script").count(),
            page.matches("<script type=\"module\" src=").count()
        );
        assert!(!page.contains("style="));
        assert!(!page.contains("<style"));
    }
}
