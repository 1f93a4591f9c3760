//! The routes by which an account begins, is recovered, changes its address and ends.

use utoipa::ToSchema;
use utoipa::openapi::path::OperationBuilder;
use utoipa::openapi::{ComponentsBuilder, HttpMethod, PathItem};

use super::super::super::account;
use super::{op, path, says};

/// Who registers.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "only its schema is wanted: bodies are read field by field"
)]
struct RegistrationRequest {
    username: String,
    /// Without it the address that the invitation was sent to.
    email: Option<String>,
    password1: String,
    password2: String,
    /// The `key` of an invitation.
    invitation: Option<String>,
    /// As at a login.
    remember_me: Option<bool>,
}

/// The `key` of a link in a mail.
#[derive(ToSchema)]
#[expect(dead_code, reason = "as above")]
struct KeyRequest {
    key: String,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "as above")]
struct EmailRequest {
    email: String,
}

/// What stands in the link of a mail, and the new password.
#[derive(ToSchema)]
#[expect(dead_code, reason = "as above")]
struct PasswordResetRequest {
    uid: String,
    token: String,
    new_password1: String,
    new_password2: String,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "as above")]
struct EmailChangeRequest {
    /// The new address.
    email: String,
    password: String,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "as above")]
struct DeletionRequest {
    password: String,
}

fn post(route: &'static str, summary: &str, request: &str) -> (&'static str, PathItem) {
    let operation = op(summary, Some(request), "Detail");
    path(route, [(HttpMethod::Post, operation)])
}

/// `DELETE user/`, which stands beside the other methods of that route.
pub(super) fn deletion() -> (HttpMethod, OperationBuilder) {
    let summary = "Delete the account, with the password";
    (
        HttpMethod::Delete,
        op(summary, Some("DeletionRequest"), "Detail"),
    )
}

/// The rest.
pub(super) fn routes() -> Vec<(&'static str, PathItem)> {
    let registration = op(
        "Become a user: where the address must be verified first, only `detail`",
        Some("RegistrationRequest"),
        "Detail",
    );
    let export = op("All that is held about the user", None, "Export");
    vec![
        path(
            "/registration/",
            [(
                HttpMethod::Post,
                registration.response("201", says("Registered and logged in", "Login")),
            )],
        ),
        post(
            "/registration/verify-email/",
            "Show that the address works",
            "KeyRequest",
        ),
        post(
            "/registration/resend-email/",
            "Another mail to verify the address; 200 for everybody",
            "EmailRequest",
        ),
        post(
            "/password/reset/",
            "A mail that leads to a new password; 200 for everybody",
            "EmailRequest",
        ),
        post(
            "/password/reset/confirm/",
            "A new password for the link of that mail",
            "PasswordResetRequest",
        ),
        post(
            "/email/change/",
            "Ask at a new address whether it is the user's",
            "EmailChangeRequest",
        ),
        post(
            "/email/change/confirm/",
            "It is: the new address for the link of that mail",
            "KeyRequest",
        ),
        post(
            "/email/change/revert/",
            "It is not: the old address for the link of the mail there",
            "KeyRequest",
        ),
        path("/user/export/", [(HttpMethod::Get, export)]),
    ]
}

pub(super) fn schemas(components: ComponentsBuilder) -> ComponentsBuilder {
    components
        .schema_from::<DeletionRequest>()
        .schema_from::<EmailChangeRequest>()
        .schema_from::<EmailRequest>()
        .schema_from::<KeyRequest>()
        .schema_from::<PasswordResetRequest>()
        .schema_from::<RegistrationRequest>()
        .schema_from::<account::ExportJson<'_>>()
        .schema_from::<account::HeldUserJson<'_>>()
        .schema_from::<account::HeldSessionJson<'_>>()
        .schema_from::<account::EndedJson>()
        .schema_from::<account::HeldCodeJson<'_>>()
        .schema_from::<account::HeldMailJson<'_>>()
        .schema_from::<account::EventJson<'_>>()
}
