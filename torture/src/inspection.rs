//! After each restart: is everything that was promised there?
//!
//! Nothing is under way now, so what was never answered has either happened or not. Each session
//! is asked once, and what it says then is held against it from there on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::browser::Browser;
use crate::promise::{Dead, PasswordNumber};
use crate::wire::{Fate, Request, Wire};
use crate::world::World;

/// Dead sessions tried for each user, besides those that ended last.
const LAST_ENDED: usize = 8;

/// How long a restarted or relieved server may take to give a good answer.
pub(crate) const RECOVERY: Duration = Duration::from_secs(5);

/// The checks, each counted under what it shows.
mod shown {
    pub(super) const JAR_LIVES: &str = "jars that nobody ended, and that refreshed";
    pub(super) const UNANSWERED_LIVES: &str =
        "unanswered ends that turned out not to have happened";
    pub(super) const UNANSWERED_OVER: &str = "unanswered ends that turned out to have happened";
    pub(super) const REFRESH_DEAD: &str = "refresh tokens of ended sessions, refused";
    pub(super) const ACCESS_DEAD: &str = "access tokens of ended sessions, refused";
    pub(super) const OLD_PASSWORD: &str = "replaced passwords, refused";
    pub(super) const NEW_PASSWORD: &str = "changed passwords, accepted";
}

/// Asks for everything. `inspectors` is one browser for each user, with an empty jar.
pub(crate) async fn inspect(
    world: &Arc<World>,
    browsers: &[Arc<Browser>],
    inspectors: &[Arc<Browser>],
    wire: &Arc<Wire>,
    seed: u64,
) {
    // Passwords first: whether an unanswered change happened decides which sessions may live.
    let mut asking = JoinSet::new();
    for inspector in inspectors {
        let inspection = Inspection::new(world, inspector, wire);
        asking.spawn(async move { inspection.passwords().await });
    }
    while asking.join_next().await.is_some() {}
    for browser in browsers {
        let inspection = Inspection::new(world, browser, wire);
        asking.spawn(async move { inspection.jar().await });
    }
    while asking.join_next().await.is_some() {}
    for (index, inspector) in (0_u64..).zip(inspectors) {
        let inspection = Inspection::new(world, inspector, wire);
        let rng = fastrand::Rng::with_seed(seed ^ index);
        asking.spawn(async move { inspection.dead(rng).await });
    }
    while asking.join_next().await.is_some() {}
}

/// What is asked for until there is an answer.
#[derive(Debug, Clone, Copy)]
enum Asked {
    LogIn(PasswordNumber),
    LogOut,
    Refresh,
}

struct Inspection {
    world: Arc<World>,
    browser: Arc<Browser>,
    wire: Arc<Wire>,
}

impl Inspection {
    fn new(world: &Arc<World>, browser: &Arc<Browser>, wire: &Arc<Wire>) -> Self {
        Self {
            world: Arc::clone(world),
            browser: Arc::clone(browser),
            wire: Arc::clone(wire),
        }
    }

    async fn passwords(&self) {
        let promises = &self.browser.user.promises;
        let name = &self.browser.user.name;
        if let Some(to) = promises.unanswered_password() {
            match self.log_in(to).await {
                Some(200) => self.world.tally.checked(shown::UNANSWERED_OVER),
                Some(400) => {
                    promises.change_did_not_happen();
                    self.world.tally.checked(shown::UNANSWERED_LIVES);
                    if self.log_in(promises.password()).await != Some(200) {
                        self.browser.violated(&format!(
                            "after an unanswered password change {name} can log in with neither password"
                        ));
                    }
                }
                _ => {}
            }
        }
        if let Some(replaced) = promises.take_replaced_password() {
            match self.log_in(replaced).await {
                Some(400) => self.world.tally.checked(shown::OLD_PASSWORD),
                Some(200) => self.browser.violated(&format!(
                    "{name}'s password {replaced} was replaced and is still accepted"
                )),
                _ => {}
            }
            if self.log_in(promises.password()).await == Some(200) {
                self.world.tally.checked(shown::NEW_PASSWORD);
            } else {
                self.browser
                    .violated(&format!("{name}'s changed password is not accepted"));
            }
        }
    }

    /// Logs in and out again: the inspector leaves nothing behind but dead sessions.
    async fn log_in(&self, password: PasswordNumber) -> Option<u16> {
        let status = self.insist(Asked::LogIn(password)).await;
        if status == Some(200) {
            self.insist(Asked::LogOut).await;
        }
        status
    }

    async fn jar(&self) {
        let Some(session) = self.browser.session() else {
            return;
        };
        let promises = &self.browser.user.promises;
        let was_certain = promises.is_certain(session);
        match self.insist(Asked::Refresh).await {
            Some(200) => {
                promises.found_alive(session);
                self.browser.read(&self.wire).await;
                self.world.tally.checked(if was_certain {
                    shown::JAR_LIVES
                } else {
                    shown::UNANSWERED_LIVES
                });
            }
            Some(401) if !was_certain => self.world.tally.checked(shown::UNANSWERED_OVER),
            _ => {}
        }
    }

    /// The sessions that ended last, and some that ended long ago.
    async fn dead(&self, mut rng: fastrand::Rng) {
        let dead = self.browser.user.promises.dead();
        for (index, session) in dead.iter().enumerate() {
            if index >= LAST_ENDED && rng.u32(..10) > 0 {
                continue;
            }
            self.stays_dead(session).await;
        }
    }

    async fn stays_dead(&self, session: &Dead) {
        for token in session
            .refresh
            .last()
            .into_iter()
            .chain(session.refresh.first())
        {
            let request = Request {
                refresh: Some(token.clone()),
                ..Request::post("/api/auth/token/refresh/")
            };
            self.is_refused(session, "refresh token", request, shown::REFRESH_DEAD)
                .await;
        }
        for token in &session.access {
            let request = Request {
                access: Some(token.clone()),
                ..Request::get("/api/auth/user/")
            };
            self.is_refused(session, "access token", request, shown::ACCESS_DEAD)
                .await;
        }
    }

    async fn is_refused(&self, session: &Dead, what: &str, request: Request, shown: &'static str) {
        let about = format!("the {what} of ended session {}", session.number);
        let answer = self
            .browser
            .ask(&self.wire, "try the dead", &about, request, Fate::Delivered)
            .await;
        match answer.map(|answer| answer.status) {
            Some(401) => self.world.tally.checked(shown),
            Some(200) => self.browser.violated(&format!(
                "an ended session lives: the {what} of {}'s session {} is accepted after {}",
                self.browser.user.name, session.number, session.why
            )),
            status => self.browser.violated(&format!(
                "{about} was answered {status:?} instead of being refused"
            )),
        }
    }

    async fn ask(&self, asked: Asked) -> Option<u16> {
        let (browser, wire) = (&self.browser, &self.wire);
        match asked {
            Asked::LogIn(password) => browser.log_in(wire, password, Fate::Delivered).await,
            Asked::Refresh => browser.refresh(wire, Fate::Delivered).await,
            Asked::LogOut => {
                browser.log_out(wire, Fate::Delivered).await;
                browser.session().is_none().then_some(200)
            }
        }
    }

    /// Asks until there is an answer that does not put it off. A server that gives none has not recovered.
    async fn insist(&self, asked: Asked) -> Option<u16> {
        let started = Instant::now();
        loop {
            if let Some(status) = self
                .ask(asked)
                .await
                .filter(|status| ![429, 503].contains(status))
            {
                return Some(status);
            }
            if started.elapsed() > RECOVERY {
                self.browser.violated(&format!(
                    "no good answer within {} s of a restart",
                    RECOVERY.as_secs()
                ));
                return None;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
