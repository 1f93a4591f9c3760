//! How the end of a session travels, in real processes: the command line ends it, the server and a
//! guard elsewhere notice (docs/revocation.md).

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hardtack_core::access_token::Expectations;
use hardtack_guard::{FollowedFeed, Freshness, RemoteKeys, RevocationFeed, SystemClock, Verifier};

use crate::house::{House, PASSWORD, Server};

const TOKEN: &str = "8sM0YpWkzR5uXbJ3vQe7LhT1cNfA6gDiOoK9yZ2tGxE=";

/// Far beyond the two seconds that are promised: the machine may be busy. What it took is printed.
const PATIENCE: Duration = Duration::from_secs(20);

fn house() -> House {
    let house = House::public().with("revocations.service_token_file", "service-token");
    house.write_private(
        "hardtack-data/service-token",
        &format!("# orders\n{TOKEN}\n"),
    );
    house
}

/// Another process: it has the published keys and a service token.
struct Elsewhere {
    feed: FollowedFeed,
    verifier: Arc<Verifier>,
}

impl Elsewhere {
    async fn beside(server: &Server) -> Self {
        let clock = Arc::new(SystemClock);
        let feed = RevocationFeed::new(&format!("{}/api/auth", server.url), TOKEN)
            .unwrap()
            .follow(clock.clone())
            .await
            .unwrap();
        let expected = Expectations {
            issuer: "https://app.example.com".to_owned(),
            audience: None,
            accept_simplejwt: false,
        };
        let verifier = RemoteKeys::new(&format!("{}/.well-known/jwks.json", server.url))
            .unwrap()
            .with_key_changes(feed.key_changes())
            .with_use_reporter(feed.use_reporter(), Duration::from_secs(60))
            .fetch(expected, clock, feed.revoked())
            .await
            .unwrap();
        Self { feed, verifier }
    }

    fn believes(&self, cookies: &str) -> bool {
        let mut cookies = cookies.split("; ");
        let access = cookies.find_map(|cookie| cookie.strip_prefix("access="));
        self.verifier.verify(access.unwrap()).is_ok()
    }
}

/// Waits until it is so, and gives how long that took.
async fn until(since: Instant, mut is_so: impl AsyncFnMut() -> bool) -> Duration {
    while !is_so().await {
        assert!(since.elapsed() < PATIENCE, "it never happened");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    since.elapsed()
}

/// docs/threat-model.md SE-5 and SE-6: every way to end a session reaches the server that runs and a
/// process that has only its keys. CVE-2024-22513: switched-off users went on working.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_ends_a_session_reaches_the_server_and_a_guard_elsewhere() {
    let house = house();
    house.ok(&["migrate"]);
    let server = house.serve(&[]);
    let elsewhere = Elsewhere::beside(&server).await;
    let ways: [(&str, &[&str]); 6] = [
        ("one", &["session", "revoke"]),
        ("all", &["session", "revoke", "--user", "all"]),
        (
            "password",
            &["user", "set-password", "password", "--password-stdin"],
        ),
        ("disabled", &["user", "disable", "disabled"]),
        ("deleted", &["user", "delete", "deleted", "--yes"]),
        ("key", &["key", "retire"]),
    ];
    for (user, way) in ways {
        house.add_user(user);
        let cookies = server.log_in(user, PASSWORD).await.unwrap();
        assert_eq!(server.get("/api/auth/user/", &cookies).await.0, 200);
        assert!(elsewhere.believes(&cookies), "{user}");
        let mut way = way.to_vec();
        let (sessions, rotated);
        if user == "one" {
            sessions = house.json(&["session", "list", user]);
            way.push(sessions[0]["id"].as_str().unwrap());
        } else if user == "key" {
            rotated = house.json(&["key", "rotate", "--now"]);
            way.push(rotated["still_believed"][0].as_str().unwrap());
        }
        let run = house.run_with(&way, "another biscuit that keeps");
        let ended_at = Instant::now();
        assert_eq!(run.code, 0, "{}", run.stderr);
        let (here, there) = tokio::join!(
            until(ended_at, async || {
                server.get("/api/auth/user/", &cookies).await.0 == 401
            }),
            until(ended_at, async || !elsewhere.believes(&cookies)),
        );
        eprintln!("{user}: the server after {here:?}, the guard after {there:?}");
    }

    house.add_user("logout");
    let cookies = server.log_in("logout", PASSWORD).await.unwrap();
    until(Instant::now(), async || elsewhere.believes(&cookies)).await;
    assert_eq!(server.log_out(&cookies).await, 200);
    let ended_at = Instant::now();
    assert_eq!(
        server.get("/api/auth/user/", &cookies).await.0,
        401,
        "at once"
    );
    let there = until(ended_at, async || !elsewhere.believes(&cookies)).await;
    eprintln!("logout: the guard after {there:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guard_survives_a_restart_of_the_server_and_holds_up_no_end() {
    let house = house();
    house.ok(&["migrate"]);
    house.add_user("ada");
    let server = house.serve(&[]);
    let address = server.address().to_string();
    let elsewhere = Elsewhere::beside(&server).await;
    let (one, other) = (
        server.log_in("ada", PASSWORD).await.unwrap(),
        server.log_in("ada", PASSWORD).await.unwrap(),
    );
    assert_eq!(server.log_out(&one).await, 200);
    until(Instant::now(), async || !elsewhere.believes(&one)).await;

    // Its question is under way and would wait for seconds.
    let signalled_at = Instant::now();
    server.signal("-TERM");
    let (code, log) = server.ended();
    eprintln!("ended after {:?}", signalled_at.elapsed());
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("cut off"), "{log}");
    assert!(!log.contains(TOKEN), "{log}");
    assert!(!elsewhere.believes(&one) && elsewhere.believes(&other));

    house.ok(&["session", "revoke", "--user", "ada"]);
    let _server = house.serve_at(&address, &[]);
    until(Instant::now(), async || !elsewhere.believes(&other)).await;
    assert_eq!(elsewhere.feed.freshness(), Freshness::Fresh);
    assert!(!elsewhere.believes(&one));
}

#[test]
fn a_service_token_that_others_can_read_or_guess_stops_the_start() {
    let house = house();
    let path = house.path("hardtack-data/service-token");
    assert_eq!(
        house.ok(&["config", "check"]),
        "the configuration is good\n"
    );
    let readable = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&path, readable).unwrap();
    for command in [&["config", "check"][..], &["serve"]] {
        let complaint = house.fails(command);
        assert!(complaint.contains("others can read"), "{complaint}");
    }
    house.write_private("hardtack-data/service-token", "changeme\n");
    let complaint = house.fails(&["serve"]);
    assert!(
        complaint.contains("revocations.service_token_file"),
        "{complaint}"
    );
    assert!(!complaint.contains("changeme"), "{complaint}");
    std::fs::remove_file(&path).unwrap();
    assert!(house.fails(&["serve"]).contains("openssl rand -base64 32"));
}
