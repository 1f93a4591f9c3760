//! What becomes of the cookies of a session that is over, when something befell its user as well.

use std::time::Duration;

use hardtack::core::session::RevokeReason;
use hardtack::core::{Clock as _, UserId};
use hardtack::store::{NewPassword, Revoke, UserStore};
use http::StatusCode;

use crate::kit::{Browser, World};

const DAY: u64 = 86_400;
const ALICE: UserId = UserId::new(1);

const DISABLED: &str = r#"{"detail":"No active account found for the given token."}"#;
const BLACKLISTED: &str = r#"{"detail":"Token is blacklisted","code":"token_not_valid"}"#;
const EXPIRED: &str = r#"{"detail":"Token is expired","code":"token_not_valid"}"#;

impl World {
    /// As an operator does it.
    async fn give_alice_a_new_password(&self) {
        let revoke = Revoke {
            reason: RevokeReason::PasswordChanged,
            remembered_for: Duration::from_secs(960),
        };
        let new = NewPassword {
            user: ALICE,
            version: None,
            hash: "a hash of another password".to_owned(),
            mails: Vec::new(),
        };
        let window = Duration::from_secs(60);
        let store = self.hardtack.store();
        let changed = store.change_password(new, None, revoke, window).await;
        changed.unwrap();
    }
}

/// What a refresh is told, and whether its cookies are cleared.
async fn told(mut browser: Browser) -> (String, bool) {
    let answer = browser.refresh().await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    (answer.text, browser.jar.is_empty())
}

/// The browser would come back with them for as long as the cookies live.
#[tokio::test]
async fn a_disabled_users_cookies_are_cleared_when_the_session_ended_long_ago() {
    let world = World::new().await;
    let browser = world.logged_in().await;
    world.switch_off(ALICE).await;
    world.advance(120);
    // Somebody else may have logged in here meanwhile.
    assert_eq!(told(browser.clone()).await, (DISABLED.to_owned(), false));
    world.advance(1);
    assert_eq!(told(browser).await, (DISABLED.to_owned(), true));
}

#[tokio::test]
async fn of_a_session_that_ran_out_before_the_user_was_disabled_the_cookies_go_too() {
    let world = World::new().await;
    let browser = world.logged_in().await;
    world.advance(7 * DAY);
    world.switch_off(ALICE).await;
    assert_eq!(told(browser.clone()).await, (DISABLED.to_owned(), false));
    world.advance(121);
    assert_eq!(told(browser).await, (DISABLED.to_owned(), true));
}

#[tokio::test]
async fn a_session_that_ran_out_before_a_new_password_has_expired_and_its_cookies_go() {
    let world = World::new().await;
    let old = world.logged_in().await;
    world.advance(7 * DAY);
    let open = world.logged_in().await;
    world.give_alice_a_new_password().await;
    assert_eq!(told(old.clone()).await, (EXPIRED.to_owned(), false));
    assert_eq!(told(open).await, (BLACKLISTED.to_owned(), false));
    world.advance(121);
    assert_eq!(told(old).await, (EXPIRED.to_owned(), true));
}

/// What had run out is alive again by a clock that stepped back; the new password holds it down,
/// and nobody can tell whether the cookies are dead.
#[tokio::test]
async fn by_a_clock_that_stepped_back_the_cookies_of_an_old_password_stay() {
    let world = World::new().await;
    let old = world.logged_in().await;
    world.advance(8 * DAY);
    world.give_alice_a_new_password().await;
    world
        .clock
        .set(world.clock.now() - Duration::from_secs(8 * DAY));
    assert_eq!(told(old).await, (BLACKLISTED.to_owned(), false));
}
