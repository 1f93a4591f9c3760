//! Whole requests by grammar, several in a row, against the whole service.

use std::time::Duration;

use axum::body::Body;
use hardtack_fuzz::world::{World, with_world};
use http::{Request, Uri};

// Beside this file they would be targets of their own.
#[path = "requests/body.rs"]
mod body;
#[path = "requests/grammar.rs"]
mod grammar;
#[path = "requests/jar.rs"]
mod jar;
#[path = "requests/rules.rs"]
mod rules;

use grammar::{Header, Step};
use jar::Jar;

/// docs/threat-model.md SV-3, HD-1, CK-1, CK-5, CS-1, CS-4: whatever is sent, the answer keeps the rules.
#[test]
fn whatever_is_asked_the_answer_keeps_the_rules() {
    hardtack_fuzz::target!()
        .with_type::<Vec<Step>>()
        .for_each(|steps| with_world(async |world| tell(world, steps).await));
}

async fn tell(world: &World, steps: &[Step]) {
    let visitor = world.visitor().await;
    let mut jar = Jar::new(&visitor.name);
    // Each step of a long story costs as much as the first.
    for step in steps.iter().take(24) {
        let mut used = Vec::new();
        let (method, path, headers, body) = match step {
            Step::Wait(seconds) => {
                world
                    .clock
                    .advance(Duration::from_secs(u64::from(*seconds)));
                continue;
            }
            Step::Ask(act, headers) => {
                let (method, path, kind, body) = act.request(&jar);
                used.extend([Header::Jar, Header::ContentType(kind)]);
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
        for header in used.iter().chain(headers) {
            header.add(&jar, request.headers_mut());
        }
        let (parts, body_) = request.into_parts();
        let asked = parts.clone();
        let answer = world
            .send(Request::from_parts(parts, body_), visitor.address)
            .await;
        jar.note(&body);
        rules::check(&asked, &body, &answer, &jar);
        jar.take(&answer);
    }
}
