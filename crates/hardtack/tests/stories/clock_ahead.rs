//! A clock that was ahead for a while and is right again: what was ended stays ended.

use std::time::Duration;

use hardtack::core::Clock as _;
use hardtack::store::SessionStore as _;
use http::StatusCode;

use crate::kit::{Browser, World};

const AHEAD: u64 = 3_600;
const WEEK: Duration = Duration::from_secs(7 * 86_400);
const PATIENCE: Duration = Duration::from_secs(20);

impl World {
    fn step_back(&self, seconds: u64) {
        self.clock
            .set(self.clock.now() - Duration::from_secs(seconds));
    }

    /// Until the housekeeping has read the log of revocations by the present clock.
    async fn has_read(&self) {
        let read = tokio::time::timeout(PATIENCE, async {
            while self.browser().get("/readyz").await.status != StatusCode::OK {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        read.await.expect("it reads once a second");
    }
}

async fn logged_out(world: &World) -> Browser {
    let mut browser = world.logged_in().await;
    let copy = browser.clone();
    browser.log_out().await;
    copy
}

/// By the clock that was ahead the entry had expired, and its access token as well; by the right one
/// neither has.
#[tokio::test]
async fn after_a_restart_a_logged_out_token_is_still_refused() {
    let world = World::new().await;
    let mut copy = logged_out(&world).await;
    world.advance(AHEAD);
    while world.hardtack.store().purge_ended(WEEK).await.unwrap() > 0 {}
    // Whether it starts while the clock is ahead, or when it is right again.
    let started_ahead = world.restarted(|_| {}).await;
    world.step_back(AHEAD);
    copy.meets(&world.restarted(|_| {}).await);
    assert!(!copy.is_logged_in().await);

    let house = tokio::spawn(
        started_ahead
            .hardtack
            .clone()
            .run_housekeeping(std::future::pending()),
    );
    copy.meets(&started_ahead);
    refused(&mut copy).await;
    house.abort();
}

#[tokio::test]
async fn a_process_that_lived_through_it_has_forgotten_nobody() {
    let world = World::new().await;
    let mut copy = logged_out(&world).await;
    let hardtack = world.hardtack.clone();
    let house = tokio::spawn(hardtack.run_housekeeping(std::future::pending()));
    // Whoever is ended later pushes out of memory what is old by this clock.
    for _ in 0..3 {
        world.advance(AHEAD);
        world.has_read().await;
        logged_out(&world).await;
    }
    world.step_back(3 * AHEAD);
    refused(&mut copy).await;
    house.abort();
}

/// Waits for the next second's read.
async fn refused(copy: &mut Browser) {
    let refused = tokio::time::timeout(PATIENCE, async {
        while copy.is_logged_in().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    refused.await.expect("an ended session is accepted");
}
