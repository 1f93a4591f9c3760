//! What requests are made of.

use hardtack_fuzz::bolero::TypeGenerator;
use hardtack_fuzz::forge::ISSUER;
use hardtack_fuzz::text::{Edit, Few, Piece, edited, spell};
use hardtack_fuzz::world::{LISTED, PASSWORD};
use http::{HeaderName, HeaderValue, Method};
use serde_json::Value;

use crate::body::{Content, Format, Json};
use crate::jar::Jar;

const PATHS: [&str; 11] = [
    "/api/auth/login",
    "/api/auth/logout",
    "/api/auth/token/refresh",
    "/api/auth/token/verify",
    "/api/auth/session",
    "/api/auth/csrf",
    "/api/auth/user",
    "/api/auth/password/change",
    "/.well-known/jwks.json",
    "/healthz",
    "/readyz",
];
/// What alice changes her password to.
pub(crate) const OTHER_PASSWORD: &str = "another-Passw0rd";
pub(crate) const WORDS: &[&str] = &[
    "alice",
    "alice@example.com",
    PASSWORD,
    OTHER_PASSWORD,
    "bob",
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "null",
    "true",
    "1e999",
    "\\ud800",
    "\\u0000",
    "\0",
    "&",
    "=",
    "%",
    "%00",
    "+",
    "--",
    "\r\n",
    "--b",
    "--b--",
    "Content-Disposition: form-data; name=\"username\"\r\n\r\n",
    "é",
    "\u{202e}",
    "/",
    "..",
    "//",
    "%2f",
    "?",
    "#",
    ";",
    "https://evil.example",
    ISSUER,
    LISTED,
    "Bearer ",
    "access=",
    "refresh=",
    "csrftoken=",
    "application/json",
    "multipart/form-data; boundary=b",
    "charset=utf-7",
];

#[derive(Debug, TypeGenerator)]
pub(crate) enum Step {
    /// A request as a front-end sends it.
    Ask(Act, Few<Header>),
    /// Anything else.
    Send {
        method: Verb,
        path: Path,
        headers: Few<Header>,
        body: Content,
    },
    Wait(u16),
}

#[derive(Debug, TypeGenerator)]
pub(crate) enum Act {
    LogIn(Format),
    Refresh,
    LogOut,
    ShowUser,
    ChangeUser(Few<(u8, Json)>),
    ChangePassword,
    Verify(Token),
}

#[derive(Debug, TypeGenerator)]
pub(crate) enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
    Options,
    Head,
    Trace,
    Other(Vec<Piece>),
}

#[derive(Debug, TypeGenerator)]
pub(crate) enum Path {
    Known(u8, bool),
    Edited(u8, Few<Edit>),
}

#[derive(Debug, TypeGenerator)]
pub(crate) enum Header {
    /// What a browser would send back.
    Jar,
    AccessCookie(Token),
    RefreshCookie(Token),
    Bearer(Token),
    Cookie(Vec<Piece>),
    Authorization(Vec<Piece>),
    Origin(Site),
    Referer(Site),
    FetchSite(Vec<Piece>),
    ContentType(Kind),
    Preflight,
    Any(u8, Vec<Piece>),
}

#[derive(Debug, TypeGenerator)]
pub(crate) enum Site {
    Own,
    Listed,
    Evil,
    Spelt(Vec<Piece>),
}

#[derive(Debug, TypeGenerator)]
pub(crate) enum Token {
    /// One that was handed out, counted around, with edits.
    Issued(u8, Few<Edit>),
    Spelt(Vec<Piece>),
}

#[derive(Debug, TypeGenerator)]
pub(crate) enum Kind {
    Json,
    Form,
    Multipart,
    Text,
    Spelt(Vec<Piece>),
}

impl Act {
    pub(crate) fn request(&self, jar: &Jar) -> (Method, &'static str, Kind, Vec<u8>) {
        let json = |value: Value| (Kind::Json, value.to_string().into_bytes());
        let (method, path, (kind, body)) = match self {
            Self::LogIn(format) => {
                let fields = [("username", jar.name.as_str()), ("password", PASSWORD)];
                (Method::POST, "/api/auth/login/", format.write(&fields))
            }
            Self::Refresh => (Method::POST, "/api/auth/token/refresh/", json(Value::Null)),
            Self::LogOut => (Method::POST, "/api/auth/logout/", json(Value::Null)),
            Self::ShowUser => (Method::GET, "/api/auth/user/", json(Value::Null)),
            Self::ChangeUser(fields) => {
                let body = Content::object(fields, jar).into_bytes();
                (Method::PATCH, "/api/auth/user/", (Kind::Json, body))
            }
            Self::ChangePassword => {
                let new = OTHER_PASSWORD;
                let body = serde_json::json!({
                    "old_password": PASSWORD, "new_password1": new, "new_password2": new,
                });
                (Method::POST, "/api/auth/password/change/", json(body))
            }
            Self::Verify(token) => {
                let body = serde_json::json!({"token": token.text(jar)});
                (Method::POST, "/api/auth/token/verify/", json(body))
            }
        };
        // These three are asked without a body.
        let bare = matches!(self, Self::Refresh | Self::LogOut | Self::ShowUser);
        (method, path, kind, if bare { Vec::new() } else { body })
    }
}

impl Verb {
    pub(crate) fn method(&self) -> Option<Method> {
        Some(match self {
            Self::Get => Method::GET,
            Self::Post => Method::POST,
            Self::Put => Method::PUT,
            Self::Patch => Method::PATCH,
            Self::Delete => Method::DELETE,
            Self::Options => Method::OPTIONS,
            Self::Head => Method::HEAD,
            Self::Trace => Method::TRACE,
            Self::Other(pieces) => Method::from_bytes(spell(pieces, WORDS).as_bytes()).ok()?,
        })
    }
}

impl Path {
    pub(crate) fn text(&self) -> String {
        let known = |which: &u8| PATHS[usize::from(*which) % PATHS.len()];
        match self {
            Self::Known(which, slash) => {
                format!("{}{}", known(which), if *slash { "/" } else { "" })
            }
            Self::Edited(which, edits) => edited(known(which), edits, WORDS),
        }
    }
}

impl Token {
    pub(crate) fn text(&self, jar: &Jar) -> String {
        match self {
            Self::Issued(which, edits) => {
                let count = jar.issued.len().max(1);
                let token = jar.issued.get(usize::from(*which) % count);
                edited(token.map_or("", String::as_str), edits, WORDS)
            }
            Self::Spelt(pieces) => spell(pieces, WORDS),
        }
    }
}

impl Site {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Own => ISSUER.to_owned(),
            Self::Listed => LISTED.to_owned(),
            Self::Evil => "https://evil.example".to_owned(),
            Self::Spelt(pieces) => spell(pieces, WORDS),
        }
    }
}

impl Header {
    pub(crate) fn add(&self, jar: &Jar, headers: &mut http::HeaderMap) {
        const OTHERS: [&str; 10] = [
            "x-csrftoken",
            "x-http-method-override",
            "x-forwarded-host",
            "x-forwarded-for",
            "host",
            "upgrade",
            "accept",
            "content-length",
            "user-agent",
            "x-hardtack-background",
        ];
        let (name, text) = match self {
            Self::Jar if jar.access.is_empty() => return,
            Self::Jar => (
                "cookie",
                format!("access={}; refresh={}", jar.access, jar.refresh),
            ),
            Self::AccessCookie(token) => ("cookie", format!("access={}", token.text(jar))),
            Self::RefreshCookie(token) => ("cookie", format!("refresh={}", token.text(jar))),
            Self::Bearer(token) => ("authorization", format!("Bearer {}", token.text(jar))),
            Self::Cookie(pieces) => ("cookie", spell(pieces, WORDS)),
            Self::Authorization(pieces) => ("authorization", spell(pieces, WORDS)),
            Self::Origin(site) => ("origin", site.text()),
            Self::Referer(site) => ("referer", site.text()),
            Self::FetchSite(pieces) => (
                "sec-fetch-site",
                spell(pieces, &["same-origin", "same-site", "cross-site", "none"]),
            ),
            Self::ContentType(kind) => ("content-type", kind.text()),
            Self::Preflight => ("access-control-request-method", "POST".to_owned()),
            Self::Any(which, pieces) => (
                OTHERS[usize::from(*which) % OTHERS.len()],
                spell(pieces, WORDS),
            ),
        };
        // What cannot be in a header never reaches us.
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
}

impl Kind {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Json => "application/json".to_owned(),
            Self::Form => "application/x-www-form-urlencoded".to_owned(),
            Self::Multipart => "multipart/form-data; boundary=b".to_owned(),
            Self::Text => "text/plain".to_owned(),
            Self::Spelt(pieces) => spell(pieces, WORDS),
        }
    }
}
