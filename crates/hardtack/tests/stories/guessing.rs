//! Guessing passwords: how many tries a stranger gets, and what everybody else notices of it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use hardtack::core::Clock as _;
use hardtack::core::password::HashCost;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::kit::{Answer, Browser, PASSWORD, World};

const LOGIN: &str = "/api/auth/login/";
const CHANGE: &str = "/api/auth/password/change/";
const DAY: u64 = 86_400;

fn stranger(world: &World) -> Browser {
    let mut browser = world.browser();
    browser.address = "198.51.100.7".parse().unwrap();
    browser
}

fn change(old: &str) -> Value {
    let new = "a new and longer secret";
    json!({ "old_password": old, "new_password1": new, "new_password2": new })
}

fn wait_of(answer: &Answer) -> u64 {
    answer.headers[RETRY_AFTER]
        .to_str()
        .unwrap()
        .parse()
        .unwrap()
}

/// docs/threat-model.md AU-5; Authelia CVE-2025-24806 (name and address were counted apart) and
/// CVE-2026-47203 (upper and lower case were).
#[tokio::test]
async fn every_spelling_of_a_name_and_its_address_shares_one_bucket() {
    let full_width = |text: &str| -> String {
        let letters = text.chars();
        letters
            .map(|letter| char::from_u32(u32::from(letter) + 0xFEE0).unwrap())
            .collect()
    };
    let names = [
        "alice".to_owned(),
        "ALICE".to_owned(),
        "  alice\t".to_owned(),
        full_width("alice"),
        full_width("aLiCe"),
    ];
    let body =
        |field: &str, name: &str, password: &str| json!({ field: name, "password": password });
    let bodies = |password: &str| {
        let mut bodies: Vec<Value> = names
            .iter()
            .map(|name| body("username", name, password))
            .collect();
        bodies.extend([
            body("username", "alice@example.com", password),
            body("username", "Alice@EXAMPLE.com", password),
            body("email", "alice@example.com", password),
            body("email", "ALICE@Example.COM", password),
            json!({ "email": "alice@example.com", "username": "x", "password": password }),
        ]);
        bodies
    };
    let world = World::new().await;
    for body in bodies("wrong") {
        let answer = stranger(&world).post(LOGIN, &body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
    }
    for body in bodies(PASSWORD) {
        let answer = stranger(&world).post(LOGIN, &body).await;
        assert!(!answer.status.is_success(), "{body}");
    }
    world.advance(60);
    let answer = stranger(&world).log_in("alice", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}

/// docs/threat-model.md AU-4 and AU-5: a name that nobody has is counted in every spelling as well.
#[tokio::test]
async fn a_name_that_nobody_has_wears_out_like_any_other() {
    let world = World::new().await;
    for name in ["nobody", "NOBODY", " nobody "].iter().cycle().take(10) {
        let answer = stranger(&world).log_in(name, "wrong").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
    for name in ["nobody", "NoBody"] {
        let answer = stranger(&world).log_in(name, "wrong").await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    }
}

/// docs/threat-model.md AU-5: who hangs up before the answer has made the service hash all the
/// same; if that were free, one address could keep every hashing thread busy for ever.
#[tokio::test]
async fn tries_that_are_abandoned_count_for_their_address() {
    let world = World::with(|settings| settings.password.cost = HashCost::default()).await;
    for index in 0..60 {
        let mut browser = stranger(&world);
        let name = format!("user{index}");
        let mut login = std::pin::pin!(browser.log_in(&name, "x"));
        let begun = std::future::poll_fn(|context| Poll::Ready(login.as_mut().poll(context)));
        assert!(begun.await.is_pending());
    }
    let answer = stranger(&world).log_in("user60", "x").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
}

/// docs/threat-model.md AU-5: guesses from as many addresses at as many accounts, each of which is
/// within every other limit. The ones that are right are no way around it, and whoever is logged in
/// notices nothing.
#[tokio::test]
async fn guessers_everywhere_together_have_one_limit() {
    let world = World::with(|settings| {
        settings.rate_limit.login_total = 20;
        settings.password.queue = 60;
    })
    .await;
    let mut member = world.logged_in().await;
    let tries = (1..=60_u8).map(|index| {
        let mut browser = world.browser();
        browser.address = Ipv4Addr::new(198, 51, 100, index).into();
        tokio::spawn(async move { browser.log_in(&format!("user{index}"), "x").await.status })
    });
    let mut judged = 0;
    for one in tries.collect::<Vec<_>>() {
        judged += usize::from(one.await.unwrap() == StatusCode::BAD_REQUEST);
    }
    assert_eq!(judged, 20, "of sixty at once");
    let mut owner = world.browser();
    let right = owner.log_in("alice", PASSWORD).await;
    let wrong = owner.log_in("alice", "x").await;
    assert_eq!(right.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        (right.status, &right.headers),
        (wrong.status, &wrong.headers)
    );
    assert_eq!(right.text, wrong.text);
    assert!(member.is_logged_in().await);
    assert_eq!(member.refresh().await.status, StatusCode::OK);
    // A refused try counts nowhere, and the wait told is the wait meant.
    world.advance(wait_of(&right));
    assert_eq!(owner.log_in("alice", PASSWORD).await.status, StatusCode::OK);
}

/// However many people log in, they are no guessers.
#[tokio::test]
async fn logins_that_succeed_do_not_count_for_everybody() {
    let world = World::with(|settings| settings.rate_limit.login_total = 1).await;
    for _ in 0..20 {
        world.logged_in().await;
    }
    let mut browser = world.browser();
    assert_eq!(
        browser.log_in("alice", "x").await.status,
        StatusCode::BAD_REQUEST
    );
    let next = browser.log_in("alice", PASSWORD).await.status;
    assert_eq!(next, StatusCode::TOO_MANY_REQUESTS);
}

/// docs/threat-model.md AU-4: nothing about an answer tells whether somebody exists, is switched
/// off, or guessed right during a throttle.
#[tokio::test]
async fn refused_logins_differ_in_nothing() {
    let world = World::new().await;
    let bob = world.add_user("bob", "bob@example.com").await;
    world.switch_off(bob.id).await;
    let alike = |answers: &[Answer]| {
        for answer in &answers[1..] {
            assert_eq!(answer.status, answers[0].status);
            assert_eq!(answer.headers, answers[0].headers);
            assert_eq!(answer.text, answers[0].text);
        }
        answers[0].status
    };
    let everybody = ["alice", "alice@example.com", "bob", "nobody", "\u{202e}!"];
    let mut answers = Vec::new();
    for name in everybody {
        answers.push(stranger(&world).log_in(name, "wrong").await);
    }
    answers.push(stranger(&world).log_in("bob", PASSWORD).await);
    assert_eq!(alike(&answers), StatusCode::BAD_REQUEST);

    for name in everybody {
        let mut elsewhere = stranger(&world);
        elsewhere.address = "198.51.100.8".parse().unwrap();
        while elsewhere.log_in(name, "wrong").await.status == StatusCode::BAD_REQUEST {}
    }
    let mut answers = Vec::new();
    for name in everybody {
        answers.push(stranger(&world).log_in(name, "wrong").await);
        answers.push(stranger(&world).log_in(name, PASSWORD).await);
    }
    assert_eq!(alike(&answers), StatusCode::TOO_MANY_REQUESTS);
}

/// docs/threat-model.md AU-8: a stolen session is no way to guess the password without a limit, and
/// neither the thief's guesses nor a stranger's keep the owner from changing it elsewhere.
#[tokio::test]
async fn guesses_of_the_old_password_are_limited_for_each_session() {
    let world = World::new().await;
    let (mut thief, mut owner) = (world.logged_in().await, world.logged_in().await);
    for _ in 0..10 {
        let answer = thief.post(CHANGE, &change("wrong")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        stranger(&world).log_in("alice", "wrong").await;
    }
    assert_eq!(thief.refresh().await.status, StatusCode::OK);
    for password in ["wrong", PASSWORD] {
        let answer = thief.post(CHANGE, &change(password)).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{password}");
    }
    assert!(thief.is_logged_in().await, "a throttle ends no session");
    let answer = owner.post(CHANGE, &change(PASSWORD)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert!(!thief.is_logged_in().await, "and that is the remedy");
}

/// GHSA-cq42-vhv7-xr7p, lockout as denial of service: a stranger who guesses all day long ends no
/// session, and keeps the owner from logging in for an hour at most.
#[tokio::test]
async fn a_day_of_guessing_ends_no_session_and_locks_nobody_out() {
    let world = World::new().await;
    let mut owner = world.logged_in().await;
    let started_at = world.clock.now();
    let mut longest = 0;
    while world.clock.now().since(started_at) < Duration::from_secs(DAY) {
        let wait = match stranger(&world).log_in("alice", "wrong").await {
            answer if answer.status == StatusCode::TOO_MANY_REQUESTS => wait_of(&answer),
            _ => 0,
        };
        longest = longest.max(wait);
        world.advance(wait);
        assert_eq!(owner.refresh().await.status, StatusCode::OK);
        assert!(owner.is_logged_in().await);
    }
    assert_eq!(longest, 3_600);
    let mut elsewhere = world.browser();
    let mut answer = elsewhere.log_in("alice", PASSWORD).await;
    if answer.status == StatusCode::TOO_MANY_REQUESTS {
        world.advance(wait_of(&answer));
        answer = elsewhere.log_in("alice", PASSWORD).await;
    }
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        stranger(&world).log_in("alice", "wrong").await.status,
        StatusCode::BAD_REQUEST,
        "a success clears the failures before it (SP 800-63B-4 §3.2.2)"
    );
}

/// better-auth CVE-2026-45364: whoever has one IPv6 address has 2^64 of them.
#[tokio::test]
async fn one_ipv6_network_is_one_client() {
    let world = World::new().await;
    let mut browser = world.browser();
    let at = |network: u16, host: u16| {
        IpAddr::V6(Ipv6Addr::new(
            0x2001, 0xdb8, 0, network, host, !host, host, 1,
        ))
    };
    for host in 0..60 {
        browser.address = at(1, host);
        let answer = browser.log_in(&format!("user{host}"), "x").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
    browser.address = at(1, 999);
    let answer = browser.log_in("alice", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    browser.address = at(2, 0);
    assert_eq!(
        browser.log_in("alice", PASSWORD).await.status,
        StatusCode::OK
    );
}

/// docs/threat-model.md AU-6 (ASVS 5.0 §15.3.4): nobody writes their own address, neither as a
/// stranger nor behind a proxy that is trusted.
#[tokio::test]
async fn a_forged_forwarding_header_chooses_no_bucket() {
    let proxy: IpAddr = "10.0.0.1".parse().unwrap();
    let world = World::with(|settings| {
        settings.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    })
    .await;
    for behind_proxy in [false, true] {
        let mut limited = false;
        for index in 0..=60 {
            let mut browser = stranger(&world);
            let forged = format!("203.0.113.{index}");
            let mut request = browser.request(&Method::POST, LOGIN);
            for name in [
                "forwarded",
                "x-real-ip",
                "x-client-ip",
                "true-client-ip",
                "cf-connecting-ip",
                "fastly-client-ip",
                "x-cluster-client-ip",
            ] {
                request = request.header(name, &forged);
            }
            if behind_proxy {
                browser.address = proxy;
                request = browser
                    .request(&Method::POST, LOGIN)
                    .header("x-forwarded-for", format!("{forged}, 192.0.2.1"))
                    .header("x-forwarded-for", "192.0.2.77");
            } else {
                request = request.header("x-forwarded-for", &forged);
            }
            let body = json!({ "username": format!("user{index}"), "password": "x" });
            let request = request
                .header(CONTENT_TYPE, "application/json")
                .body(Body::from(body.to_string()));
            let answer = browser.send(request.unwrap()).await;
            limited = answer.status == StatusCode::TOO_MANY_REQUESTS;
            assert_eq!(limited, index == 60, "{behind_proxy} {index}");
        }
        assert!(limited);
    }
}

/// When each of a guesser's tries was judged, from the first one on. `one` makes a try; what is
/// answered 429 is tried again after the time that the answer names.
async fn judged(
    world: &World,
    wanted: usize,
    mut one: impl AsyncFnMut(usize) -> Option<Answer>,
) -> Vec<Duration> {
    let started_at = world.clock.now();
    let mut judged = Vec::new();
    while judged.len() < wanted {
        let Some(answer) = one(judged.len()).await else {
            break;
        };
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            world.advance(wait_of(&answer));
        } else {
            let is_refused = [StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND];
            assert!(is_refused.contains(&answer.status), "{}", answer.text);
            judged.push(world.clock.now().since(started_at));
        }
    }
    judged
}

fn row(guess: &str, judged: &[Duration]) -> String {
    let within = |seconds: u64| {
        let before = |at: &&Duration| **at < Duration::from_secs(seconds);
        match judged.iter().filter(before).count() {
            1_000 => "over 999".to_owned(),
            count => count.to_string(),
        }
    };
    let thousand = match judged.get(999).map(Duration::as_secs) {
        None => format!("never: the session ends after {}", judged.len()),
        Some(seconds) if seconds < DAY => format!("{} min {} s", seconds / 60, seconds % 60),
        Some(seconds) => format!("{} d {} h", seconds / DAY, seconds % DAY / 3_600),
    };
    format!(
        "| {guess} | {} | {} | {} | {thousand} |",
        within(60),
        within(3_600),
        within(DAY)
    )
}

/// The password is asked for at three doors, and wrong ones count together.
async fn guess_with_session(thief: &mut Browser, index: usize) -> Answer {
    let guess = json!({ "email": "mallory@example.com", "password": "wrong" });
    match index % 3 {
        0 => thief.post(CHANGE, &change("wrong")).await,
        1 => thief.post("/api/auth/email/change/", &guess).await,
        _ => {
            thief
                .send_json(Method::DELETE, "/api/auth/user/", &guess)
                .await
        }
    }
}

fn nth_address(index: usize) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(
        0xC612_0000 + u32::try_from(index).unwrap_or(u32::MAX),
    ))
}

/// What docs/threat-model.md says about guessing is what the routes do, with the limits that are
/// set by default and a guesser who tries at every moment that is allowed.
#[tokio::test]
async fn the_guessing_table_is_what_the_routes_do() {
    let world = World::new().await;
    let one_account = judged(&world, 1_000, async |index| {
        let mut bot = world.browser();
        bot.address = nth_address(index);
        Some(bot.log_in("alice", "wrong").await)
    })
    .await;

    let world = World::new().await;
    let one_address = judged(&world, 1_000, async |index| {
        let name = format!("user{index}");
        Some(stranger(&world).log_in(&name, "wrong").await)
    })
    .await;

    let world = World::new().await;
    let mut thief = world.logged_in().await;
    let stolen_session = judged(&world, 1_000, async |index| {
        let mut answer = guess_with_session(&mut thief, index).await;
        if answer.status == StatusCode::UNAUTHORIZED {
            if thief.refresh().await.status != StatusCode::OK {
                return None;
            }
            answer = guess_with_session(&mut thief, index).await;
        }
        Some(answer)
    })
    .await;

    let world = World::new().await;
    let one_address_registers = judged(&world, 1_000, async |index| {
        // The answer names the address or the name, and nobody comes into being.
        let form = json!({ "username": "alice", "email": format!("u{index}@example.com"), "password1": "a new and longer secret", "password2": "a new and longer secret" });
        Some(stranger(&world).post("/api/auth/registration/", &form).await)
    })
    .await;

    let world = World::new().await;
    let codes = judged(&world, 1_000, async |index| {
        let doors = [
            "/api/auth/password/reset/confirm/",
            "/api/auth/registration/verify-email/",
            "/api/auth/email/change/confirm/",
            "/api/auth/email/change/revert/",
        ];
        let guess = json!({
            "key": "AAAAAAAAAAAAAAAAAAAAAA", "uid": "1", "token": "t-00000000000000000000000000000000",
            "new_password1": "a new and longer secret", "new_password2": "a new and longer secret",
        });
        Some(stranger(&world).post(doors[index % doors.len()], &guess).await)
    })
    .await;

    let rows = [
        row(
            "`login/`: one account, from any number of addresses",
            &one_account,
        ),
        row(
            "`login/`: one guess for each account, from one address",
            &one_address,
        ),
        row(
            "`password/change/`, `email/change/` and `DELETE user/` together: the password, with a stolen session",
            &stolen_session,
        ),
        row(
            "`registration/`: is a name or an address taken, from one address",
            &one_address_registers,
        ),
        row(
            "`password/reset/confirm/`, `registration/verify-email/`, `email/change/…/` together: a code of 128 bits, from one address",
            &codes,
        ),
    ];
    let page = include_str!("../../../../docs/threat-model.md");
    for row in &rows {
        assert!(
            page.contains(row.as_str()),
            "docs/threat-model.md should say:\n{}",
            rows.join("\n")
        );
    }
}
