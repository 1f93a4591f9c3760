//! Who was logged out at an authority elsewhere, over HTTP, from a real listener on this machine.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use hardtack_core::Clock;
use hardtack_guard::{
    FeedError, FollowedFeed, Freshness, Refusal, RemoteKeys, RevocationFeed, Verifier,
};
use serde_json::{Value, json};

use crate::authority::{Authority, NOW, expected, session_id};
use crate::feed_authority::{Mood, TOKEN, Told};
use crate::remote::{Published, eventually};

async fn follow(authority: &Authority, url: &str) -> Result<FollowedFeed, FeedError> {
    let clock: Arc<dyn Clock> = authority.clock.clone();
    RevocationFeed::new(url, TOKEN)?.follow(clock).await
}

fn verifier(authority: &Authority, feed: &FollowedFeed) -> Verifier {
    let clock: Arc<dyn Clock> = authority.clock.clone();
    Verifier::new(authority.keys(), expected(), clock, feed.revoked())
        .with_use_reporter(feed.use_reporter(), Duration::from_secs(60))
}

fn is_refused(verifier: &Verifier, token: &str) -> bool {
    matches!(verifier.verify(token), Err(Refusal::SessionEnded(_)))
}

#[tokio::test]
async fn everything_that_is_ended_is_known_before_the_first_request() {
    let (authority, told) = (Authority::new(), Told::new());
    (1..=10).for_each(|number| told.revoke(session_id(number)));
    let (url, _serving) = told.serve(0).await;
    let feed = follow(&authority, &url).await.unwrap();
    assert_eq!(
        (feed.revoked().len(), feed.freshness()),
        (10, Freshness::Fresh)
    );
    let verifier = verifier(&authority, &feed);
    assert!(is_refused(&verifier, &authority.token(10, 0)));
    assert!(verifier.verify(&authority.token(11, 0)).is_ok());
}

/// docs/threat-model.md SE-5: a logout at the authority reaches a process that has only keys.
#[tokio::test]
async fn a_session_that_is_ended_elsewhere_is_refused_here_within_the_bound() {
    let (authority, told) = (Authority::new(), Told::new());
    let (url, _serving) = told.serve(0).await;
    let feed = follow(&authority, &url).await.unwrap();
    let verifier = verifier(&authority, &feed);
    for number in 1..=5 {
        let token = authority.token(number, 0);
        assert!(
            verifier.verify(&token).is_ok(),
            "and it is in the cache now"
        );
        let ended_at = Instant::now();
        told.revoke(session_id(number));
        eventually(|| is_refused(&verifier, &token)).await;
        eprintln!("refused {:?} after its end", ended_at.elapsed());
    }
}

/// The authority dies, hangs, or what answers in its place is none of it.
#[tokio::test]
async fn what_is_known_stays_and_grows_old_while_the_authority_tells_nothing() {
    let huge = format!(r#"{{"cursor":"{}"}}"#, "x".repeat(2_000_000));
    let far = r#"{"cursor":"9-9","revocations":[{"sid":"x","expires_at":1}],"more":false,"now":1}"#;
    for mood in [
        Mood::Hangs,
        Mood::Status(401),
        Mood::Status(500),
        Mood::Status(204),
        Mood::Says("<html>".into()),
        Mood::Says("{}".into()),
        Mood::Says(far.into()),
        Mood::Says(huge),
        Mood::NeverEnds,
    ] {
        let (authority, told) = (Authority::new(), Told::new());
        told.revoke(session_id(1));
        let (url, _serving) = told.serve(0).await;
        let feed = follow(&authority, &url).await.unwrap();
        let verifier = verifier(&authority, &feed);
        let (ended, live) = (authority.token(1, 0), authority.token(2, 0));
        told.set(mood);
        // The question that was under way is answered, and another one not.
        let asked = told.asked.load(Ordering::SeqCst);
        eventually(|| told.asked.load(Ordering::SeqCst) > asked).await;

        authority.clock.advance(Duration::from_secs(11));
        assert_eq!(feed.freshness(), Freshness::Stale);
        assert!(verifier.verify(&live).is_ok());
        authority.clock.advance(Duration::from_secs(60));
        assert_eq!(feed.freshness(), Freshness::Closed);
        assert_eq!(
            verifier.verify(&live).unwrap_err(),
            Refusal::RevocationsStale
        );
        assert!(is_refused(&verifier, &ended));
    }
}

#[tokio::test]
async fn an_authority_that_comes_back_is_followed_again() {
    let (authority, told) = (Authority::new(), Told::new());
    let (url, serving) = told.serve(0).await;
    let feed = follow(&authority, &url).await.unwrap();
    let verifier = verifier(&authority, &feed);
    serving.abort();
    let _ = serving.await;
    authority.clock.advance(Duration::from_secs(71));
    let token = authority.token(2, 0);
    eventually(|| feed.freshness() == Freshness::Closed).await;
    assert!(verifier.verify(&token).is_err());

    told.revoke(session_id(1));
    let port = url.rsplit(':').next().unwrap().split('/').next().unwrap();
    let _serving = told.serve(port.parse().unwrap()).await;
    eventually(|| verifier.verify(&token).is_ok()).await;
    assert!(
        is_refused(&verifier, &authority.token(1, 0)),
        "told before it counts as fresh"
    );
}

/// Attack: a database from before a logout is put back behind the authority.
#[tokio::test]
async fn a_feed_of_an_older_database_brings_nobody_back_and_hides_nothing() {
    let (authority, told) = (Authority::new(), Told::new());
    (1..=5).for_each(|number| told.revoke(session_id(number)));
    let (url, _serving) = told.serve(0).await;
    let feed = follow(&authority, &url).await.unwrap();
    let verifier = verifier(&authority, &feed);
    told.restart_with(vec![session_id(1), session_id(9)]);
    eventually(|| is_refused(&verifier, &authority.token(9, 0))).await;
    for number in 1..=5 {
        assert!(
            is_refused(&verifier, &authority.token(number, 0)),
            "{number}"
        );
    }
}

/// Our clock is ahead for a while: what is old by it is dropped, and is not old when it is right again.
#[tokio::test]
async fn everything_is_heard_again_by_a_clock_that_went_back() {
    let (authority, told) = (Authority::new(), Told::new());
    told.revoke(session_id(1));
    let (url, _serving) = told.serve(0).await;
    let feed = follow(&authority, &url).await.unwrap();
    let started_at = authority.clock.now();
    for number in 2..=4 {
        authority.clock.advance(Duration::from_secs(3_600));
        told.revoke(session_id(number));
        eventually(|| feed.revoked().contains(session_id(number))).await;
    }
    assert!(!feed.revoked().contains(session_id(1)));
    authority.clock.set(started_at);
    eventually(|| feed.revoked().contains(session_id(1))).await;
    assert!(is_refused(
        &verifier(&authority, &feed),
        &authority.token(1, 0)
    ));
}

/// The authority's clock is ahead when we start, and leaves out what has expired by it.
#[tokio::test]
async fn everything_is_heard_again_when_the_authoritys_clock_went_back() {
    let (authority, told) = (Authority::new(), Told::new());
    told.revoke(session_id(1));
    told.ahead.store(3_600, Ordering::SeqCst);
    let (url, _serving) = told.serve(0).await;
    let feed = follow(&authority, &url).await.unwrap();
    assert!(!feed.revoked().contains(session_id(1)));
    told.ahead.store(0, Ordering::SeqCst);
    eventually(|| feed.revoked().contains(session_id(1))).await;
}

#[tokio::test]
async fn tokens_that_are_seen_here_are_reported_once_by_the_authoritys_clock() {
    let (authority, told) = (Authority::new(), Told::new());
    let (url, _serving) = told.serve(0).await;
    let feed = follow(&authority, &url).await.unwrap();
    let verifier = verifier(&authority, &feed);
    // Its clock is an hour behind ours.
    authority.clock.advance(Duration::from_secs(3_600));
    authority_knows_the_time(&feed, &told).await;
    let tokens: Vec<String> = (1..=3).map(|number| authority.token(number, 2)).collect();
    for _ in 0..50 {
        for token in &tokens {
            verifier.verify(token).unwrap();
        }
    }
    let reported = || {
        let reports = told.reports.lock().unwrap();
        let uses = reports
            .iter()
            .map(|report| report["uses"].as_array().unwrap().clone());
        uses.flatten().collect::<Vec<Value>>()
    };
    eventually(|| reported().len() >= 3).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let mut uses = reported();
    uses.sort_by_key(|seen| seen["sid"].to_string());
    let expected: Vec<Value> = (1..=3)
        .map(|number| {
            let sid = session_id(number).to_string();
            json!({ "sid": sid, "gen": 2, "branch": 0, "used_at": NOW.to_numeric_date() })
        })
        .collect();
    assert_eq!(uses, expected, "each once");
}

/// Waits until an answer was compared with our clock as it is now.
async fn authority_knows_the_time(feed: &FollowedFeed, told: &Told) {
    told.revoke(session_id(200));
    eventually(|| feed.revoked().contains(session_id(200))).await;
}

#[tokio::test]
async fn who_cannot_know_who_was_logged_out_does_not_begin() {
    let (authority, told) = (Authority::new(), Told::new());
    let (url, _serving) = told.serve(0).await;
    let begin = async || follow(&authority, &url).await.unwrap_err();
    told.set(Mood::Status(404));
    assert_eq!(begin().await, FeedError::Status(404));
    told.set(Mood::Says("{}".into()));
    assert!(matches!(begin().await, FeedError::Malformed(_)));
    told.set(Mood::NeverEnds);
    assert!(matches!(begin().await, FeedError::Malformed(_)));
    let wrong = RevocationFeed::new(&url, "guessed").unwrap();
    let clock: Arc<dyn Clock> = authority.clock.clone();
    assert_eq!(wrong.follow(clock).await.unwrap_err(), FeedError::Refused);
    let nowhere = follow(&authority, "http://127.0.0.1:1/api/auth").await;
    assert!(matches!(nowhere, Err(FeedError::Unreachable(_))));
    for (url, token) in [
        ("http://app.example.com/api/auth", TOKEN),
        ("https://app.example.com/api/auth", " \n"),
        ("https://app.example.com/api/auth", "a\nb"),
    ] {
        assert!(RevocationFeed::new(url, token).is_err(), "{url} {token:?}");
    }
    let shown = format!("{:?}", RevocationFeed::new(&url, TOKEN).unwrap());
    assert!(!shown.contains(TOKEN), "{shown}");
}

/// An authority in front of which something answers at once, always the same, must not be asked a
/// thousand times a second.
#[tokio::test]
async fn answers_that_come_too_early_are_not_asked_for_at_once_again() {
    let (authority, told) = (Authority::new(), Told::new());
    let (url, _serving) = told.serve(0).await;
    let feed = follow(&authority, &url).await.unwrap();
    let nothing = r#"{"cursor":"1-0","revocations":[],"more":false,"now":1700000000}"#;
    told.set(Mood::Says(nothing.into()));
    let asked = told.asked.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let more = told.asked.load(Ordering::SeqCst) - asked;
    assert!(more <= 5, "{more}");
    drop(feed);
}

#[tokio::test]
async fn when_nobody_holds_the_set_the_following_ends() {
    let (authority, told) = (Authority::new(), Told::new());
    let (url, _serving) = told.serve(0).await;
    let feed = follow(&authority, &url).await.unwrap();
    let reporter = feed.use_reporter();
    drop(feed);
    // What wakes the question that waits.
    told.revoke(session_id(1));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let asked = told.asked.load(Ordering::SeqCst);
    told.revoke(session_id(2));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(told.asked.load(Ordering::SeqCst), asked);
    drop(reporter);
}

/// A verifier with the keys of `published`, which it would not fetch again within this test but for
/// the feed.
async fn remote(authority: &Authority, feed: &FollowedFeed, url: &str) -> Arc<Verifier> {
    let clock: Arc<dyn Clock> = authority.clock.clone();
    let keys = RemoteKeys::new(url)
        .unwrap()
        .with_key_changes(feed.key_changes());
    keys.fetch(expected(), clock, feed.revoked()).await.unwrap()
}

/// docs/threat-model.md SE-5: whoever retires a key that leaked wants its tokens refused now, and a
/// guard elsewhere fetches the keys every five minutes.
#[tokio::test]
async fn a_key_that_is_retired_elsewhere_is_refused_here_within_the_bound() {
    let (leaked, new) = (Authority::new(), Authority::new());
    let (told, published) = (Told::new(), Published::default());
    let (url, _serving) = told.serve(0).await;
    let jwks_url = published.serve().await;
    let publish = |authority: &Authority| {
        let jwks = authority.keys().to_jwks_json();
        // What lies between may go on giving the old ones to whoever asks as usual.
        published.keep_in_a_cache(leaked.keys().to_jwks_json());
        told.name_keys(&jwks);
        published.publish(jwks);
    };
    publish(&leaked);
    let feed = follow(&leaked, &url).await.unwrap();
    let verifier = remote(&leaked, &feed, &jwks_url).await;
    let (old_token, new_token) = (leaked.token(1, 0), new.token(1, 0));
    assert!(verifier.verify(&old_token).is_ok());
    // Strangers' tokens make the guard wait before it fetches; that must not hold this up.
    for number in 0..5 {
        assert!(verifier.verify(&Authority::new().token(number, 0)).is_err());
    }
    let retired_at = Instant::now();
    publish(&new);
    eventually(|| verifier.verify(&old_token).is_err()).await;
    eprintln!("refused after {:?}", retired_at.elapsed());
    assert!(verifier.verify(&new_token).is_ok());
}

/// Of two processes on one database the one that is asked for the keys may learn of the change after
/// the one that told the feed.
#[tokio::test]
async fn keys_that_are_not_yet_those_of_the_feed_are_asked_for_again() {
    let (old, new) = (Authority::new(), Authority::new());
    let (told, published) = (Told::new(), Published::default());
    let (url, _serving) = told.serve(0).await;
    let jwks_url = published.serve().await;
    told.name_keys(&old.keys().to_jwks_json());
    published.publish(old.keys().to_jwks_json());
    let feed = follow(&old, &url).await.unwrap();
    let verifier = remote(&old, &feed, &jwks_url).await;
    let token = new.token(1, 0);
    told.name_keys(&new.keys().to_jwks_json());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(verifier.verify(&token).is_err());
    published.publish(new.keys().to_jwks_json());
    eventually(|| verifier.verify(&token).is_ok()).await;
}

/// A guard that starts while something on the way has old keys would believe them for minutes.
#[tokio::test]
async fn keys_from_a_cache_at_the_start_are_fetched_anew() {
    let (old, new) = (Authority::new(), Authority::new());
    let (told, published) = (Told::new(), Published::default());
    let (url, _serving) = told.serve(0).await;
    let jwks_url = published.serve().await;
    published.keep_in_a_cache(old.keys().to_jwks_json());
    published.publish(new.keys().to_jwks_json());
    told.name_keys(&new.keys().to_jwks_json());
    let feed = follow(&old, &url).await.unwrap();
    let verifier = remote(&old, &feed, &jwks_url).await;
    let (old_token, new_token) = (old.token(1, 0), new.token(1, 0));
    eventually(|| verifier.verify(&old_token).is_err()).await;
    assert!(verifier.verify(&new_token).is_ok());
}
