//! `/dev/mail`: the mails that a service of `--dev` wrote, to read in the browser.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use minijinja::{AutoEscape, Environment, context};
use serde::Serialize;

use super::{CSS, HTML, asset};
use crate::mail::DevMailbox;

/// As the demo page's, and the frame that shows a mail.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; frame-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What a mail may do: look. Its styles are inline, and it has an origin of its own, so that no
/// mail can act as a page of this service, whatever is in it.
const MAIL_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'self'; \
    sandbox allow-popups allow-popups-to-escape-sandbox";

/// The list, each mail, its HTML part alone, and the whole as a file.
pub(super) fn router(mailbox: DevMailbox) -> Router {
    Router::new()
        .route("/dev/mail", get(list))
        .route("/dev/mail/{name}", get(view))
        .route("/dev/mail/{name}/html", get(html))
        .route("/dev/mail/{name}/eml", get(eml))
        .with_state(mailbox)
        .route(
            "/dev/mails.css",
            get(async || asset(CSS, include_str!("mails.css"))),
        )
}

#[derive(Serialize)]
struct Row {
    name: String,
    to: String,
    subject: String,
    at: String,
    language: String,
}

async fn list(State(mailbox): State<DevMailbox>) -> Response {
    let rows: Vec<Row> = mailbox
        .names()
        .into_iter()
        .filter_map(|name| {
            let mail = mailbox.read(&name)?;
            Some(Row {
                name,
                to: mail.to,
                subject: mail.subject,
                at: mail.at,
                language: mail.language,
            })
        })
        .collect();
    page(context! { mails => minijinja::value::Serde(rows) })
}

async fn view(State(mailbox): State<DevMailbox>, Path(name): Path<String>) -> Response {
    let Some(mail) = mailbox.read(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // Links of the HTML part open in a new window; these open here.
    let links: Vec<String> = mail
        .text
        .lines()
        .filter(|line| line.starts_with("http://") || line.starts_with("https://"))
        .map(ToOwned::to_owned)
        .collect();
    page(context! { mail => minijinja::value::Serde(mail), name, links })
}

async fn html(State(mailbox): State<DevMailbox>, Path(name): Path<String>) -> Response {
    let Some(mail) = mailbox.read(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // In a frame without the right to navigate, links must go elsewhere.
    let html = mail
        .html
        .replacen("<head>", "<head><base target=\"_blank\">", 1);
    let headers = [
        (CONTENT_TYPE, HTML),
        (CONTENT_SECURITY_POLICY, MAIL_POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, html).into_response()
}

async fn eml(State(mailbox): State<DevMailbox>, Path(name): Path<String>) -> Response {
    let Some(bytes) = mailbox.read_eml(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (CONTENT_TYPE, "message/rfc822"),
        (CONTENT_DISPOSITION, "attachment"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, bytes).into_response()
}

fn page(values: minijinja::Value) -> Response {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    match environment.render_str(include_str!("mails.html"), values) {
        Ok(page) => {
            let headers = [
                (CONTENT_TYPE, HTML),
                (CONTENT_SECURITY_POLICY, PAGE_POLICY),
                (X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (REFERRER_POLICY, "same-origin"),
                (CACHE_CONTROL, "no-store"),
            ];
            (headers, page).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a page of --dev could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;
    use crate::mail::tests::mailbox_with_a_mail;

    async fn answer(mailbox: &DevMailbox, path: &str) -> (StatusCode, String, String) {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let response = router(mailbox.clone()).oneshot(request).await.unwrap();
        let status = response.status();
        let policy = response
            .headers()
            .get(CONTENT_SECURITY_POLICY)
            .map(|policy| policy.to_str().unwrap().to_owned());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        (status, policy.unwrap_or_default(), text)
    }

    /// A mail shows what strangers chose (a name, an address): in the page of the mailbox it would
    /// be script on the origin that holds the session (ASVS 5.0 §3.2.1).
    #[tokio::test]
    async fn a_mail_is_shown_in_a_sandbox_and_never_inside_the_page() {
        let root = tempfile::tempdir().unwrap();
        let mailbox = mailbox_with_a_mail(root.path(), "<script>alert(1)</script>").await;
        let name = mailbox.names().remove(0);

        let (status, policy, list) = answer(&mailbox, "/dev/mail").await;
        assert_eq!(status, StatusCode::OK);
        assert!(list.contains(&name), "{list}");
        assert!(!policy.contains("unsafe") && !policy.contains("script-src"));

        let (_, policy, view) = answer(&mailbox, &format!("/dev/mail/{name}")).await;
        assert!(!view.contains("<script>"), "{view}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(view.contains("<iframe class=\"html\" sandbox=\"allow-popups"));

        let (_, policy, html) = answer(&mailbox, &format!("/dev/mail/{name}/html")).await;
        assert!(html.contains("<script>"), "as it is: {html}");
        assert!(
            policy.starts_with("default-src 'none'; style-src"),
            "{policy}"
        );
        assert!(policy.contains("sandbox allow-popups"), "{policy}");
        assert!(!policy.contains("allow-scripts") && !policy.contains("allow-same-origin"));

        let (_, _, eml) = answer(&mailbox, &format!("/dev/mail/{name}/eml")).await;
        assert!(eml.contains("Auto-Submitted"), "{eml}");
        let (status, ..) = answer(&mailbox, "/dev/mail/nothing").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
}
