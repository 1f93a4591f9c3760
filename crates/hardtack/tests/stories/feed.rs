//! The feed of ended sessions, and what verifiers report back (docs/revocation.md).

use std::time::Duration;

use axum::body::Body;
use hardtack::core::key::ring::KeyRing;
use hardtack::core::key::{Algorithm, KeySet, SigningKey};
use hardtack::core::session::{Device, NewSession, RememberMe, RevokeReason, SessionLifetime};
use hardtack::core::{Clock as _, SessionId};
use hardtack::settings::ServiceToken;
use hardtack::store::{Revoke, SessionStore as _};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, StatusCode};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::kit::{Answer, World};

const TOKEN: &str = "8sM0YpWkzR5uXbJ3vQe7LhT1cNfA6gDiOoK9yZ2tGxE=";
const FEED: &str = "/api/auth/revocations/";

/// As long as a test waits for what happens at once: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(20);

async fn world() -> World {
    World::with(|settings| {
        settings.revocations.service_tokens = vec![ServiceToken::parse(TOKEN).unwrap()];
    })
    .await
}

fn question(method: Method, uri: &str, token: &str) -> http::request::Builder {
    Request::builder()
        .method(method)
        .uri(uri)
        .header(AUTHORIZATION, format!("Bearer {token}"))
}

async fn ask(world: &World, query: impl AsRef<str>) -> Answer {
    let query = query.as_ref();
    let request = question(Method::GET, &format!("{FEED}{query}"), TOKEN);
    world
        .browser()
        .send(request.body(Body::empty()).unwrap())
        .await
}

async fn cursor(world: &World) -> String {
    let whole = ask(world, "").await.json();
    whole["cursor"].as_str().unwrap().to_owned()
}

fn sids(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let entries = json["revocations"].as_array().unwrap().iter();
    entries
        .map(|entry| entry["sid"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn what_was_ended_is_told_once_and_the_cursor_goes_on_from_there() {
    let world = world().await;
    let mut browser = world.logged_in().await;
    let sid = browser.get("/api/auth/session/").await.json()["session"].clone();
    let sid = sid.as_str().unwrap().to_owned();
    let before = cursor(&world).await;
    browser.log_out().await;

    let answer = ask(&world, format!("?since={before}")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert!(answer.set_cookies().is_empty());
    let after = answer.json()["cursor"].as_str().unwrap().to_owned();
    let keys = answer.json()["keys"].as_str().unwrap().to_owned();
    let etag = format!("\"{after}.{keys}\"");
    assert_eq!(answer.headers["etag"], etag.as_str());
    let text = answer
        .text
        .replace(&after, "[cursor]")
        .replace(&keys, "[keys]")
        .replace(&sid, "[sid]");
    assert_snapshot!(text, @r#"{"cursor":"[cursor]","revocations":[{"sid":"[sid]","expires_at":1795309488}],"keys":"[keys]","more":false,"now":1795308527.652421}"#);
    assert_eq!(sids(&ask(&world, "").await), [sid.as_str()]);
    assert_eq!(sids(&ask(&world, format!("?since={after}")).await), [""; 0]);

    world.advance(961);
    assert_eq!(sids(&ask(&world, "").await), [""; 0], "its tokens are over");
}

#[tokio::test]
async fn who_knows_it_all_is_answered_304() {
    let world = world().await;
    let mut browser = world.logged_in().await;
    browser.log_out().await;
    let whole = ask(&world, "").await;
    let known = whole.headers["etag"].to_str().unwrap();
    let since = whole.json()["cursor"].as_str().unwrap().to_owned();
    for query in [String::new(), format!("?since={since}")] {
        let request = question(Method::GET, &format!("{FEED}{query}"), TOKEN)
            .header("if-none-match", format!("W/\"other\", {known}"));
        let request = request.body(Body::empty()).unwrap();
        let answer = world.browser().send(request).await;
        assert_eq!(answer.status, StatusCode::NOT_MODIFIED, "{query}");
        assert_eq!(answer.text, "");
    }
    world.logged_in().await.log_out().await;
    let request = question(Method::GET, FEED, TOKEN).header("if-none-match", known);
    let answer = world
        .browser()
        .send(request.body(Body::empty()).unwrap())
        .await;
    assert_eq!((answer.status, sids(&answer).len()), (StatusCode::OK, 2));
}

/// Attack: a stranger, a user, or a page in a user's browser asks who was logged out, or says that a
/// token was used so that its owner is taken for a thief. RFC 7009 §2 wants the caller known.
#[tokio::test]
async fn nobody_but_a_verifier_is_told_or_believed_anything() {
    let world = world().await;
    let mut browser = world.logged_in().await;
    let access = browser.cookie("access");
    let guesses = [
        String::new(),
        access,
        TOKEN[..TOKEN.len() - 1].to_owned(),
        format!("{TOKEN}="),
        format!(" {TOKEN}"),
        TOKEN.to_lowercase(),
        TOKEN.replace('8', "9"),
        "\u{e4}".repeat(32),
    ];
    for (method, uri) in [(Method::GET, FEED), (Method::POST, "/api/auth/uses/")] {
        for guess in &guesses {
            let request = question(method.clone(), uri, guess);
            let answer = browser.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{guess}");
            assert_eq!(
                answer.text,
                r#"{"detail":"Token is invalid","code":"token_not_valid"}"#
            );
            assert!(
                answer.headers["www-authenticate"]
                    .to_str()
                    .unwrap()
                    .starts_with("Bearer")
            );
        }
        // By cookie, by another scheme, by two headers of which one is right.
        let cookie_only = browser.request(&method, uri);
        let basic = Request::builder()
            .method(&method)
            .uri(uri)
            .header(AUTHORIZATION, "Basic Og==");
        let both = question(method.clone(), uri, TOKEN).header(AUTHORIZATION, "Bearer x");
        for request in [cookie_only, basic, both] {
            let answer = browser.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
            assert_eq!(
                answer.text,
                r#"{"detail":"Authentication credentials were not provided."}"#
            );
        }
    }
    let request = question(Method::GET, FEED, TOKEN).header("origin", crate::kit::PUBLIC_URL);
    let answer = browser.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn without_a_service_token_there_is_no_feed() {
    let world = World::new().await;
    for (method, uri) in [
        (Method::GET, FEED),
        (Method::POST, FEED),
        (Method::OPTIONS, FEED),
        (Method::POST, "/api/auth/uses/"),
    ] {
        let request = question(method, uri, TOKEN).body(Body::empty()).unwrap();
        let answer = world.browser().send(request).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (StatusCode::NOT_FOUND, r#"{"detail":"Not found."}"#)
        );
    }
}

#[tokio::test]
async fn who_waits_is_told_as_soon_as_somebody_logs_out_here() {
    let world = world().await;
    let mut browser = world.logged_in().await;
    let known = cursor(&world).await;
    let waiting = ask(&world, format!("?since={known}&wait=25"));
    let logging_out = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        browser.log_out().await;
    };
    let both = async { tokio::join!(waiting, logging_out) };
    let (answer, ()) = tokio::time::timeout(PATIENCE, both)
        .await
        .expect("told at once");
    assert_eq!(sids(&answer).len(), 1);
}

#[tokio::test]
async fn who_waits_is_told_what_another_process_ended_as_soon_as_this_one_knows() {
    let world = world().await;
    let other = world.restarted(|_| {}).await;
    let mut browser = other.logged_in().await;
    let known = cursor(&world).await;
    let waiting = ask(&world, format!("?since={known}&wait=25"));
    let elsewhere = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        browser.log_out().await;
        let house = world
            .hardtack
            .clone()
            .run_housekeeping(std::future::pending());
        tokio::time::timeout(Duration::from_secs(3), house).await
    };
    let answer = tokio::select! {
            answer = waiting => answer,
    () = async {
                let _ = elsewhere.await;
                tokio::time::sleep(PATIENCE).await;
            } => panic!("never told"),
        };
    assert_eq!(sids(&answer).len(), 1);
}

/// docs/threat-model.md SE-5: verifiers that have the keys learn in the same moment that one of them is
/// not believed any more.
#[tokio::test]
async fn who_waits_is_told_that_the_keys_are_others() {
    let world = world().await;
    let whole = ask(&world, "").await.json();
    let (known, keys) = (
        whole["cursor"].as_str().unwrap(),
        whole["keys"].as_str().unwrap(),
    );
    let jwks = world.browser().get("/.well-known/jwks.json").await;
    assert_eq!(keys, KeySet::name_of_jwks(jwks.text.as_bytes()));

    let waiting = ask(&world, format!("?since={known}&keys={keys}&wait=25"));
    let changing = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let ring = KeyRing::new(key, world.clock.now());
        world.hardtack.replace_keys(ring);
    };
    let both = async { tokio::join!(waiting, changing) };
    let (answer, ()) = tokio::time::timeout(PATIENCE, both)
        .await
        .expect("told at once");
    let jwks = world.browser().get("/.well-known/jwks.json").await;
    let renamed = answer.json()["keys"].as_str().unwrap().to_owned();
    assert_eq!(renamed, KeySet::name_of_jwks(jwks.text.as_bytes()));
    assert_ne!(renamed, keys);
    assert_eq!(answer.json()["cursor"], known, "nobody was logged out");

    let late = ask(&world, format!("?since={known}&keys={keys}&wait=25"));
    let late = tokio::time::timeout(PATIENCE, late).await;
    assert_eq!(late.expect("told at once").json()["keys"], json!(renamed));
}

#[tokio::test]
async fn a_wait_without_news_ends_with_an_answer_that_is_true_then() {
    let world = world().await;
    let known = cursor(&world).await;
    let begun = std::time::Instant::now();
    let answer = ask(&world, format!("?since={known}&wait=1")).await;
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(answer.json()["cursor"], json!(known));
    assert_eq!(sids(&answer), [""; 0]);
}

#[tokio::test]
async fn nobody_waits_for_a_process_that_ends() {
    let world = world().await;
    let known = cursor(&world).await;
    let waiting = ask(&world, format!("?since={known}&wait=25"));
    let ending = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        world.hardtack.release_waiting_verifiers();
    };
    let both = async { tokio::join!(waiting, ending) };
    let (answer, ()) = tokio::time::timeout(PATIENCE, both)
        .await
        .expect("answered at once");
    assert_eq!(answer.status, StatusCode::OK);
    let late = tokio::time::timeout(PATIENCE, ask(&world, format!("?since={known}&wait=25")));
    assert_eq!(late.await.expect("answered at once").status, StatusCode::OK);
}

/// Attack: a database from before a logout is put back. Who asks for what came after the place that
/// they know must not miss what is ended until the log has grown to there again.
#[tokio::test]
async fn a_cursor_of_another_log_is_answered_with_everything() {
    let world = world().await;
    world.logged_in().await.log_out().await;
    let older = self::world().await;
    older.logged_in().await.log_out().await;
    let known = cursor(&world).await;
    let answer = ask(&older, format!("?since={known}&wait=25")).await;
    assert_eq!(sids(&answer).len(), 1, "at once, and whole");
    assert_ne!(answer.json()["cursor"], json!(known));
    for broken in ["?since=7", "?since=", "?wait=x"] {
        assert_eq!(ask(&world, broken).await.status, StatusCode::BAD_REQUEST);
    }
}

/// A verifier that starts after a mass logout: no answer is larger than a reader may bound it.
#[tokio::test]
async fn a_long_log_comes_in_pages() {
    let world = world().await;
    let user = world.add_user("bob", "bob@example.com").await;
    let store = world.hardtack.store();
    let revoke = Revoke {
        reason: RevokeReason::Operator,
        remembered_for: Duration::from_secs(960),
    };
    for number in 0..6_000_u32 {
        let mut id = [0; 16];
        id[..4].copy_from_slice(&number.to_le_bytes());
        let new = NewSession {
            id: SessionId::from_bytes(id),
            user: user.id,
            password_version: user.password_version,
            lifetime: SessionLifetime {
                idle_timeout: Duration::from_secs(3600),
                absolute_timeout: Duration::from_secs(3600),
            },
            remember_me: RememberMe::Unsaid,
            device: Device::default(),
        };
        let window = Duration::from_secs(60);
        store
            .insert_session(new, Vec::new(), None, revoke, window)
            .await
            .unwrap();
    }
    store
        .revoke_user_sessions(user.id, None, revoke)
        .await
        .unwrap();
    let (mut read, mut since) = (Vec::new(), String::new());
    loop {
        let page = ask(&world, format!("?wait=25{since}")).await;
        assert!(page.text.len() < 512 * 1024, "{}", page.text.len());
        read.extend(sids(&page));
        since = format!("&since={}", page.json()["cursor"].as_str().unwrap());
        if page.json()["more"] == json!(false) {
            break;
        }
    }
    read.sort_unstable();
    read.dedup();
    assert_eq!(read.len(), 6_000);
}

async fn report(world: &World, body: &Value) -> Answer {
    let request = question(Method::POST, "/api/auth/uses/", TOKEN)
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()));
    world.browser().send(request.unwrap()).await
}

/// A use that a verifier reports settles a generation as one that is seen here does: the parent that
/// comes after that is a copy.
#[tokio::test]
async fn reported_uses_settle_a_generation() {
    let world = world().await;
    let mut browser = world.logged_in().await;
    let sid = browser.get("/api/auth/session/").await.json()["session"].clone();
    world.advance(60);
    let mut copy = browser.clone();
    browser.refresh().await;
    let used = async |seconds: u64| {
        world.advance(seconds);
        let now = ask(&world, "").await.json()["now"].clone();
        let seen = json!({ "sid": sid, "gen": 1, "branch": 0, "used_at": now });
        let answer = report(&world, &json!({ "uses": [seen] })).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (StatusCode::OK, r#"{"noted":1}"#)
        );
        world.hardtack.flush_uses().await.unwrap();
    };
    used(1).await;
    used(60).await;
    assert_eq!(copy.refresh().await.status, StatusCode::UNAUTHORIZED);
    assert!(!browser.is_logged_in().await, "a copy was found");
}

/// docs/rotation.md §5, "a use counts only when it is fresh": a report that lay about somewhere.
#[tokio::test]
async fn a_report_that_comes_late_settles_nothing() {
    let world = world().await;
    let mut browser = world.logged_in().await;
    let sid = browser.get("/api/auth/session/").await.json()["session"].clone();
    world.advance(60);
    let mut lost = browser.clone();
    browser.refresh().await;
    for _ in 0..3 {
        let then = ask(&world, "").await.json()["now"].clone();
        world.advance(61);
        let seen = json!({ "sid": sid, "gen": 1, "branch": 0, "used_at": then });
        report(&world, &json!({ "uses": [seen] })).await;
        world.hardtack.flush_uses().await.unwrap();
    }
    assert_eq!(
        lost.refresh().await.status,
        StatusCode::OK,
        "nobody is taken for a thief"
    );
}

#[tokio::test]
async fn a_report_of_anything_else_is_refused_whole() {
    let world = world().await;
    let good = json!({ "sid": "q83vEjRWeJCrze8SNFZ4kA", "gen": 1, "branch": 0, "used_at": 1.5 });
    let with = |name: &str, value: Value| {
        let mut changed = good.clone();
        changed[name] = value;
        json!({ "uses": [good, changed] })
    };
    for body in [
        json!({}),
        json!({ "uses": {} }),
        json!({ "uses": [1] }),
        json!({ "uses": vec![good.clone(); 501] }),
        with("sid", json!("q83vEjRWeJCrze8SNFZ4k")),
        with("gen", json!(-1)),
        with("branch", json!(4_294_967_296_u64)),
        with("used_at", json!(-1)),
        with("used_at", json!("now")),
        with("user", json!(1)),
    ] {
        let answer = report(&world, &body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
    }
    let answer = report(&world, &json!({ "uses": vec![good; 500] })).await;
    assert_eq!(answer.status, StatusCode::OK);
}
