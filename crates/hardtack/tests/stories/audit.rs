//! What is kept of what happened.

use std::time::Duration;

use axum::body::Body;
use hardtack::core::audit::AuditEntry;
use hardtack::core::event::Event;
use hardtack::store::{AuditFilter, AuditStore};
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, StatusCode};
use serde_json::json;

use crate::kit::{PASSWORD, World};

impl World {
    /// Does the housekeeping of one shutdown, and tells what is kept then.
    async fn audit(&self) -> Vec<AuditEntry> {
        let hardtack = self.hardtack.clone();
        hardtack.run_housekeeping(std::future::ready(())).await;
        let store = self.hardtack.store();
        let rows = store.list_audit(AuditFilter::default(), None, u32::MAX);
        let rows = rows.await.unwrap().into_iter();
        rows.map(|(_, entry)| entry).collect()
    }
}

/// Each as `event reason`.
fn words(entries: &[AuditEntry]) -> Vec<String> {
    let word = |entry: &AuditEntry| {
        let reason = entry.reason.as_deref().unwrap_or_default();
        format!("{} {reason}", entry.event).trim_end().to_owned()
    };
    entries.iter().map(word).collect()
}

/// docs/threat-model.md SV-4, ASVS 5.0 §16.3.
#[tokio::test]
async fn who_did_what_from_where_can_be_told_afterwards() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let mut stranger = world.browser();
    stranger.log_in("alice", "not her password").await;
    stranger.log_in("nobody", "whatever it is").await;
    world.advance(3_600);
    assert_eq!(browser.refresh().await.status, StatusCode::OK);
    let change = json!({
        "old_password": PASSWORD,
        "new_password1": "a biscuit that keeps",
        "new_password2": "a biscuit that keeps",
    });
    let changed = browser.post("/api/auth/password/change/", &change).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    browser.log_out().await;

    let entries = world.audit().await;
    assert_eq!(
        words(&entries),
        [
            "logged_in",
            "login_refused wrong_password",
            "login_refused unknown_user",
            "session_revoked password_changed",
            "password_changed",
            "session_revoked logout",
        ],
        "and not the refresh, which is routine"
    );
    let alice = entries[0].user;
    assert!(alice.is_some());
    let users: Vec<_> = entries.iter().map(|entry| entry.user).collect();
    assert_eq!(users, [alice, alice, None, alice, alice, alice]);
    assert!(
        entries
            .iter()
            .all(|entry| entry.address.as_deref() == Some("203.0.113.9"))
    );
    assert_eq!(entries[0].session, entries[3].session);
    assert_ne!(entries[0].session, entries[5].session, "it was issued anew");
    assert!(entries[3].at > entries[2].at + Duration::from_secs(3_599));
}

/// A browser that logs in as somebody else ends the session that it carried, which is the first
/// user's: their trail tells it.
#[tokio::test]
async fn a_session_that_somebody_elses_login_ended_is_in_its_owners_trail() {
    let world = World::new().await;
    let bob = world.add_user("bob", "bob@example.com").await;
    let mut browser = world.logged_in().await;
    browser.log_in("bob", PASSWORD).await;
    let entries = world.audit().await;
    assert_eq!(
        words(&entries),
        ["logged_in", "session_revoked replaced", "logged_in"]
    );
    assert_eq!(entries[1].user, entries[0].user);
    assert_eq!(entries[2].user, Some(bob.id));
}

/// Ready for a mail: whom, with what, from where.
#[tokio::test]
async fn a_login_from_a_new_device_is_told() {
    let world = World::new().await;
    world.logged_in().await;
    let mut phone = world.browser();
    let request = phone
        .request(&Method::POST, "/api/auth/login/")
        .header(CONTENT_TYPE, "application/json");
    let body = json!({ "username": "alice", "password": PASSWORD }).to_string();
    let mut request = request.body(Body::from(body)).unwrap();
    let user_agent = "Mozilla/5.0 (iPhone) Version/26.0 Safari/604.1";
    let user_agent = HeaderValue::from_static(user_agent);
    request.headers_mut().insert(USER_AGENT, user_agent);
    assert_eq!(phone.send(request).await.status, StatusCode::OK);
    world.logged_in().await;
    let devices = world.events().into_iter().filter_map(|event| match event {
        Event::NewDevice { device, .. } => Some(device),
        _ => None,
    });
    assert_eq!(devices.collect::<Vec<_>>(), ["Safari on iPhone"]);
    let entries = world.audit().await;
    assert_eq!(
        words(&entries),
        ["logged_in", "logged_in", "new_device", "logged_in"]
    );
    assert_eq!(entries[2].session, entries[1].session);
}

#[tokio::test]
async fn a_copied_token_is_in_the_trail() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let mut thief = browser.clone();
    for _ in 0..2 {
        world.advance(3_600);
        browser.refresh().await;
    }
    thief.refresh().await;
    assert_eq!(
        words(&world.audit().await),
        [
            "logged_in",
            "token_reused",
            "session_revoked reuse",
            "refresh_refused revoked"
        ]
    );
}

#[tokio::test]
async fn an_entry_is_kept_for_as_long_as_is_set() {
    let world = World::with(|settings| settings.audit.kept_for = Duration::from_secs(60)).await;
    world.logged_in().await;
    assert_eq!(world.audit().await.len(), 1);
    world.advance(61);
    let housekeeping = world.hardtack.clone();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let house = tokio::spawn(housekeeping.run_housekeeping(async {
        stopped.await.ok();
    }));
    // The first round looks for old rows.
    while !world.audit().await.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stop.send(()).unwrap();
    house.await.unwrap();
}

#[tokio::test]
async fn nothing_is_kept_where_nothing_shall_be() {
    let world = World::with(|settings| settings.audit.kept_for = Duration::ZERO).await;
    world.logged_in().await;
    assert_eq!(words(&world.audit().await), Vec::<String>::new());
}
