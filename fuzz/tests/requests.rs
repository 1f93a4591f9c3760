//! Whole requests by grammar, several in a row, against the whole service.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use hardtack_fuzz::world::{World, block_on};
use http::{Request, Uri};

// Beside this file they would be targets of their own.
#[path = "requests/grammar.rs"]
mod grammar;
#[path = "requests/jar.rs"]
mod jar;
#[path = "requests/rules.rs"]
mod rules;

use grammar::{Header, Kind, Step};
use jar::Jar;

/// SECURITY.md SV-3, HD-1, CK-1, CK-5, CS-1, CS-4: whatever is sent, the answer keeps the rules.
#[test]
fn whatever_is_asked_the_answer_keeps_the_rules() {
    hardtack_fuzz::target!()
        .with_type::<Vec<Step>>()
        .for_each(|steps| block_on(tell(steps)));
}

async fn tell(steps: &[Step]) {
    let world = World::new(|_| {}).await;
    let mut jar = Jar::default();
    // Each step of a long story costs as much as the first.
    for step in steps.iter().take(24) {
        let (method, path, headers, body) = match step {
            Step::Wait(seconds) => {
                world
                    .clock
                    .advance(Duration::from_secs(u64::from(*seconds)));
                continue;
            }
            Step::Ask(act, headers) => {
                let (method, path, body) = act.request(&jar);
                (method, path.to_owned(), headers, body)
            }
            Step::Send {
                method,
                path,
                headers,
                body,
            } => match method.method() {
                Some(method) => (method, path.text(), headers, body.bytes(&jar)),
                None => continue,
            },
        };
        let Ok(uri) = path.parse::<Uri>() else {
            continue;
        };
        // The HTTP library gives us no other.
        if uri.path().is_empty() || uri.path_and_query().is_none() {
            continue;
        }
        let mut request = Request::new(Body::from(body.clone()));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        if matches!(step, Step::Ask(..)) {
            Header::Jar.add(&jar, request.headers_mut());
            Header::ContentType(Kind::Json).add(&jar, request.headers_mut());
        }
        for header in headers {
            header.add(&jar, request.headers_mut());
        }
        let (parts, body_) = request.into_parts();
        let asked = parts.clone();
        let peer = SocketAddr::from(([203, 0, 113, 9], 40_000));
        let answer = world.send(Request::from_parts(parts, body_), peer).await;
        rules::check(&asked, &body, &answer, &jar);
        jar.take(&answer);
    }
}
