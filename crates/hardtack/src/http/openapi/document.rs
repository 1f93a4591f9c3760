//! The routes, one line each, with the types that they take and answer.

mod accounts;

use std::path::Path;

use utoipa::openapi::path::{OperationBuilder, ParameterBuilder, ParameterIn, PathItemBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::{
    ComponentsBuilder, Content, ContentBuilder, HttpMethod, InfoBuilder, ObjectBuilder, OpenApi,
    OpenApiBuilder, PathItem, PathsBuilder, Ref, Required, Server, Type,
};
use utoipa::{PartialSchema, ToSchema};

use super::super::{login, refresh, session, sessions, user};

/// What a login asks for: a name or an address, and the password.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "only its schema is wanted: bodies are read field by field"
)]
struct LoginRequest {
    username: Option<String>,
    email: Option<String>,
    password: String,
    /// `true`: longer timeouts; `false`: cookies that end with the browser.
    remember_me: Option<bool>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "as above")]
struct LogoutAllRequest {
    /// Leave the session that asks alone.
    keep_current: Option<bool>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "as above")]
struct LoggedOutEverywhere {
    detail: String,
    sessions_ended: u64,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "as above")]
struct RefreshRequest {
    /// Without it the cookie is used.
    refresh: Option<String>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "as above")]
struct VerifyRequest {
    token: String,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "as above")]
struct ProfileChange {
    /// PUT demands it.
    username: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "as above")]
struct PasswordChange {
    old_password: String,
    new_password1: String,
    new_password2: String,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "as above")]
struct CsrfToken {
    /// To be sent as `X-CSRFToken`.
    token: String,
}

#[derive(ToSchema)]
struct Nothing {}

/// One sentence for a person, and for some a word for programs.
#[derive(ToSchema)]
#[expect(dead_code, reason = "as above")]
struct Detail {
    detail: String,
    code: Option<String>,
}

/// The document. Errors are the same everywhere: `Detail`, and `Faults` by field for 400.
fn document() -> OpenApi {
    let paths = routes()
        .into_iter()
        .chain(accounts::routes())
        .fold(PathsBuilder::new(), |paths, (path, item)| {
            paths.path(path, item)
        });
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Hardtack")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(
                    "Cookie sessions on dj-rest-auth's wire. docs/contract.md has the rest. \
                     Every path answers whatever `routes.*` adds to it; bodies are those of the \
                     default settings, which a preset and `response.*` change \
                     (docs/compatibility.md).",
                ))
                .build(),
        )
        .servers(Some([Server::new(".")]))
        .paths(paths.build())
        .components(Some(schemas().build()))
        .build()
}

/// For browsers, by path; `router.rs` has the same list.
#[expect(clippy::too_many_lines, reason = "one table, as in the router")]
fn routes() -> Vec<(&'static str, PathItem)> {
    use HttpMethod::{Delete, Get, Patch, Post, Put};
    vec![
        path(
            "/csrf/",
            [(Get, op("A double-submit token", None, "CsrfToken"))],
        ),
        path(
            "/login/",
            [(
                Post,
                op(
                    "Trade a password for a session",
                    Some("LoginRequest"),
                    "Login",
                ),
            )],
        ),
        path(
            "/logout/",
            [(
                Post,
                op(
                    "End the session; 200 whether there is one or not",
                    None,
                    "Detail",
                ),
            )],
        ),
        path(
            "/logout/all/",
            [(
                Post,
                op(
                    "End every session of the user",
                    Some("LogoutAllRequest"),
                    "LoggedOutEverywhere",
                ),
            )],
        ),
        path(
            "/password/change/",
            [(
                Post,
                op(
                    "A new password for the old one",
                    Some("PasswordChange"),
                    "Detail",
                ),
            )],
        ),
        path(
            "/session/",
            [(
                Get,
                op(
                    "Who am I, and until when? 200 for nobody too",
                    None,
                    "Session",
                ),
            )],
        ),
        path(
            "/sessions/",
            [(
                Get,
                op("Where the user is logged in, newest first", None, "Devices"),
            )],
        ),
        (
            "/sessions/{session}/",
            PathItemBuilder::new()
                .parameters(Some([ParameterBuilder::new()
                    .name("session")
                    .parameter_in(ParameterIn::Path)
                    .required(Required::True)
                    .schema(Some(String::schema()))
                    .build()]))
                .operation(Delete, op("End one session of the user", None, "Detail"))
                .build(),
        ),
        path(
            "/token/refresh/",
            [(
                Post,
                op(
                    "Trade the refresh token for a new pair",
                    Some("RefreshRequest"),
                    "Refresh",
                ),
            )],
        ),
        path(
            "/token/verify/",
            [(
                Post,
                op("Is this token good now?", Some("VerifyRequest"), "Nothing"),
            )],
        ),
        path(
            "/user/",
            [
                (Get, op("Who am I?", None, "User")),
                (Put, op("Change the profile", Some("ProfileChange"), "User")),
                (
                    Patch,
                    op(
                        "Change what is there of the profile",
                        Some("ProfileChange"),
                        "User",
                    ),
                ),
                accounts::deletion(),
            ],
        ),
    ]
}

fn schemas() -> ComponentsBuilder {
    let faults = ObjectBuilder::new()
        .description(Some(
            "What is wrong with a form, by field; `non_field_errors` for the whole",
        ))
        .additional_properties(Some(Vec::<String>::schema()))
        .schema_type(Type::Object);
    accounts::schemas(ComponentsBuilder::new())
        .schema("Faults", faults)
        .schema_from::<CsrfToken>()
        .schema_from::<Detail>()
        .schema_from::<LoggedOutEverywhere>()
        .schema_from::<LoginRequest>()
        .schema_from::<LogoutAllRequest>()
        .schema_from::<Nothing>()
        .schema_from::<PasswordChange>()
        .schema_from::<ProfileChange>()
        .schema_from::<RefreshRequest>()
        .schema_from::<VerifyRequest>()
        .schema_from::<login::LoginJson<'_>>()
        .schema_from::<refresh::RefreshJson<'_>>()
        .schema_from::<session::SessionJson>()
        .schema_from::<session::SubjectJson>()
        .schema_from::<sessions::SessionsJson<'_>>()
        .schema_from::<sessions::SessionJson<'_>>()
        .schema_from::<user::UserJson<'_>>()
}

fn path<const N: usize>(
    path: &'static str,
    operations: [(HttpMethod, OperationBuilder); N],
) -> (&'static str, PathItem) {
    let item = operations
        .into_iter()
        .fold(PathItemBuilder::new(), |item, (method, operation)| {
            item.operation(method, operation)
        });
    (path, item.build())
}

/// One operation: what it takes as JSON, what 200 answers, and the errors that every route shares.
fn op(summary: &str, request: Option<&str>, answer: &str) -> OperationBuilder {
    let body = request.map(|schema| {
        RequestBodyBuilder::new()
            .content("application/json", json(schema))
            .build()
    });
    OperationBuilder::new()
        .summary(Some(summary))
        .request_body(body)
        .response("200", says("Done", answer))
        .response("400", says("What is wrong with the form", "Faults"))
        .response("default", says("Refused: docs/errors.md", "Detail"))
}

fn json(schema: &str) -> Content {
    ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(schema)))
        .build()
}

/// An answer in JSON.
fn says(description: &str, schema: &str) -> ResponseBuilder {
    ResponseBuilder::new()
        .description(description)
        .content("application/json", json(schema))
}

const UPDATE: &str = "HARDTACK_UPDATE";

#[test]
fn the_document_is_what_the_routes_answer() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let written = document().to_pretty_json().unwrap() + "\n";
    if std::env::var_os(UPDATE).is_some() {
        return std::fs::write(&file, &written).unwrap();
    }
    assert!(
        super::DOCUMENT == written,
        "openapi.json is not up to date; write it anew with\n\
         {UPDATE}=1 cargo test -p hardtack --lib openapi\n\
         and the client's types from it with: cd clients/typescript && npm run wire"
    );
}

/// Routes for browsers: what `router.rs` lists, less the document itself.
#[test]
fn every_route_is_in_the_document_and_nothing_else() {
    let source = include_str!("../router.rs");
    let from = source.find("fn all<").unwrap();
    let table = source.get(from..).unwrap();
    let table = table.get(..table.find("routes.map(").unwrap()).unwrap();
    let mut routes: Vec<String> = table
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|text| text.starts_with('/') && *text != "/openapi.json")
        .map(|path| format!("{path}/"))
        .collect();
    routes.sort();
    let described: Vec<String> = document().paths.paths.keys().cloned().collect();
    assert_eq!(described, routes);
}
