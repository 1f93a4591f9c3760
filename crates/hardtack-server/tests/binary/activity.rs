//! Who is there: what a running server knows of it, and what is left when it has ended.

use crate::house::{House, PASSWORD};

const USER: &str = "/api/auth/user/";

/// When the only session of ada was last used, as the command line tells it.
fn last_seen_at(house: &House) -> String {
    let sessions = house.json(&["session", "list", "ada"]);
    sessions[0]["last_seen_at"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_was_not_written_yet_is_written_when_the_server_ends() {
    let house = House::public();
    house.add_user("ada");
    let server = house.serve(&[]);
    let cookies = server.log_in("ada", PASSWORD).await.unwrap();
    let logged_in_at = last_seen_at(&house);
    // Uses of one second count as one: in the next it is another.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    assert_eq!(server.get(USER, &cookies).await.0, 200);
    server.signal("-TERM");
    assert_eq!(server.ended().0, Some(0));
    let seen_at = last_seen_at(&house);
    assert!(seen_at > logged_in_at, "{seen_at} after {logged_in_at}");
}

/// A front-end that does nothing but ask, with the cookie that outlives the other.
#[tokio::test]
async fn a_server_that_slides_answers_whoever_has_only_the_refresh_cookie() {
    let house = House::public()
        .with("session.sliding", "true")
        .with("cookies.refresh_path", "/");
    house.add_user("ada");
    let server = house.serve(&[]);
    let cookies = server.log_in("ada", PASSWORD).await.unwrap();
    let refresh = cookies.split("; ").last().unwrap().to_owned();
    assert_eq!(server.get(USER, &refresh).await.0, 200);
    server.signal("-TERM");
    assert_eq!(server.ended().0, Some(0));

    let server = house.with("session.sliding", "false").serve(&[]);
    assert_eq!(server.get(USER, &refresh).await.0, 401);
}

#[test]
fn sliding_needs_the_refresh_cookie_everywhere() {
    let house = House::public().with("session.sliding", "true");
    assert_eq!(
        house.fails(&["serve"]),
        "hardtack: the configuration cannot be used
  HARDTACK__SESSION__SLIDING: session.sliding: needs cookies.refresh_path = \"/\": from elsewhere the browser does not send the refresh cookie with ordinary requests\n"
    );
}
