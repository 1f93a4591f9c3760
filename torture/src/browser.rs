//! An honest browser: one cookie jar, several tabs, and answers that get lost.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use crate::promise::{PasswordNumber, SessionNumber};
use crate::wire::{Fate, Request, Tokens, Wire};
use crate::world::{User, World, password_text};

mod story;

/// An access token this close to its end may be refused: the clocks of two processes are read.
const NEARLY_EXPIRED: Duration = Duration::from_secs(3);

/// About what a request takes that waits for the disk.
const WRITING: Duration = Duration::from_millis(8);

/// About what a request takes that hashes a password.
const HASHING: Duration = Duration::from_millis(120);

#[derive(Debug, Clone)]
struct Jar {
    session: SessionNumber,
    tokens: Tokens,
    received: Instant,
}

#[derive(Debug)]
pub(crate) struct Browser {
    name: String,
    pub(crate) user: Arc<User>,
    world: Arc<World>,
    rng: Mutex<fastrand::Rng>,
    jar: Mutex<Option<Jar>>,
    story: Mutex<VecDeque<String>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Browser {
    pub(crate) fn new(name: String, user: Arc<User>, world: Arc<World>, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            name,
            user,
            world,
            rng: Mutex::new(fastrand::Rng::with_seed(seed)),
            jar: Mutex::new(None),
            story: Mutex::new(VecDeque::new()),
        })
    }

    /// What is done next follows from the seed and from what came before; when, from the machine.
    pub(crate) async fn live(self: Arc<Self>, wire: Arc<Wire>) {
        while !wire.is_over() {
            let (choice, pause) = {
                let mut rng = locked(&self.rng);
                (rng.u32(..100), rng.u64(..15))
            };
            let tabs = usize::try_from(choice % 3).unwrap_or_default() + 2;
            if locked(&self.jar).is_none() {
                self.log_in(&wire, self.password(), self.fate(15, HASHING))
                    .await;
            } else {
                match choice {
                    0..45 => self.refresh_in_tabs(&wire, tabs).await,
                    45..80 => self.read(&wire).await,
                    80..86 => self.log_out(&wire, self.fate(25, WRITING)).await,
                    86..90 => {
                        let last = self.fate(0, WRITING);
                        tokio::join!(self.refresh_in_tabs(&wire, 2), self.log_out(&wire, last));
                    }
                    90..96 => self.change_password(&wire, self.fate(20, HASHING)).await,
                    _ => {
                        self.log_in(&wire, self.password(), self.fate(15, HASHING))
                            .await;
                    }
                }
            }
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    /// `percent` of the answers never arrive, half of them because the browser hangs up, at any
    /// moment of the time that `work` takes.
    fn fate(&self, percent: u32, work: Duration) -> Fate {
        let mut rng = locked(&self.rng);
        match (rng.u32(..100) < percent, rng.bool()) {
            (false, _) => Fate::Delivered,
            (true, false) => Fate::Lost,
            (true, true) => Fate::HungUpAfter(work.mul_f64(rng.f64())),
        }
    }

    /// Whoever changed a password and heard nothing tries both.
    fn password(&self) -> PasswordNumber {
        let known = self.user.promises.password();
        let unanswered = self.user.promises.unanswered_password();
        unanswered
            .filter(|_| locked(&self.rng).bool())
            .unwrap_or(known)
    }

    async fn refresh_in_tabs(self: &Arc<Self>, wire: &Arc<Wire>, count: usize) {
        let mut tabs = JoinSet::new();
        for _ in 0..count {
            let (browser, wire) = (Arc::clone(self), Arc::clone(wire));
            let fate = self.fate(30, WRITING);
            let start = Duration::from_millis(locked(&self.rng).u64(..12));
            tabs.spawn(async move {
                tokio::time::sleep(start).await;
                browser.refresh(&wire, fate).await;
            });
        }
        while tabs.join_next().await.is_some() {}
    }

    /// Trades the jar's refresh token, if there is one. Gives the status.
    pub(crate) async fn refresh(&self, wire: &Wire, fate: Fate) -> Option<u16> {
        let jar = locked(&self.jar).clone()?;
        let shown = shown(&jar.tokens);
        let request = Request {
            refresh: Some(jar.tokens.refresh.clone()),
            ..Request::post("/api/auth/token/refresh/")
        };
        let sent = Instant::now();
        let answer = self.ask(wire, "refresh", &shown, request, fate).await?;
        match (answer.status, answer.tokens) {
            (200, Some(tokens)) => {
                self.hand_out(jar.session, &tokens);
                self.judge(wire, jar.session, sent, true, "a refresh");
                let mut kept = locked(&self.jar);
                // A logout in another tab may have emptied it meanwhile.
                if let Some(kept) = kept.as_mut().filter(|kept| kept.session == jar.session) {
                    kept.tokens = tokens;
                    kept.received = Instant::now();
                }
            }
            (401, _) => self.judge(wire, jar.session, sent, false, "a refresh"),
            // 429 asks a jar whose every answer was lost to wait for the end of the window.
            (429 | 503, _) => {}
            _ => self.odd("a refresh", answer.status, &answer.text),
        }
        Some(answer.status)
    }

    /// Does the service know the jar's access token? It can tell without its disk.
    pub(crate) async fn is_logged_in(&self, wire: &Wire) -> bool {
        let Some(jar) = locked(&self.jar).clone() else {
            return false;
        };
        let request = Request {
            access: Some(jar.tokens.access.clone()),
            ..Request::get("/api/auth/session/")
        };
        let about = shown(&jar.tokens);
        let answer = self
            .ask(wire, "session", &about, request, Fate::Delivered)
            .await;
        answer.is_some_and(|answer| answer.text.contains("\"authenticated\":true"))
    }

    pub(crate) async fn read(&self, wire: &Wire) {
        let Some(jar) = locked(&self.jar).clone() else {
            return;
        };
        let request = Request {
            access: Some(jar.tokens.access.clone()),
            ..Request::get("/api/auth/user/")
        };
        let sent = Instant::now();
        let Some(answer) = self
            .ask(wire, "read", &shown(&jar.tokens), request, Fate::Delivered)
            .await
        else {
            return;
        };
        match answer.status {
            200 if !answer
                .text
                .contains(&format!("\"username\":\"{}\"", self.user.name)) =>
            {
                self.violated(&format!(
                    "{} was answered as somebody else: {}",
                    self.name, answer.text
                ));
            }
            200 => self.judge(wire, jar.session, sent, true, "a read"),
            401 if jar.received.elapsed() + NEARLY_EXPIRED < self.world.access_lifetime => {
                self.judge(wire, jar.session, sent, false, "a read");
            }
            401 => {
                self.refresh(wire, Fate::Delivered).await;
            }
            503 => {}
            status => self.odd("a read", status, &answer.text),
        }
    }

    pub(crate) async fn log_out(&self, wire: &Wire, fate: Fate) {
        let Some(jar) = locked(&self.jar).clone() else {
            return;
        };
        self.user.promises.may_end(jar.session);
        let request = Request {
            access: Some(jar.tokens.access.clone()),
            refresh: Some(jar.tokens.refresh.clone()),
            ..Request::post("/api/auth/logout/")
        };
        let Some(answer) = self
            .ask(wire, "logout", &shown(&jar.tokens), request, fate)
            .await
        else {
            return;
        };
        match answer.status {
            200 => {
                self.user
                    .promises
                    .ended(jar.session, "an acknowledged logout");
                self.empty_jar_of(jar.session);
            }
            503 => {}
            status => self.odd("a logout", status, &answer.text),
        }
    }

    /// Logs in, over whatever session the jar holds. Gives the status.
    pub(crate) async fn log_in(
        &self,
        wire: &Wire,
        password: PasswordNumber,
        fate: Fate,
    ) -> Option<u16> {
        let Ok(_place) = self.world.hashing.acquire().await else {
            return None;
        };
        let promises = &self.user.promises;
        let was_right = password == promises.password();
        let replaced = locked(&self.jar).clone();
        let act = replaced.as_ref().map(|jar| promises.may_end(jar.session));
        let request = Request {
            refresh: replaced.as_ref().map(|jar| jar.tokens.refresh.clone()),
            body: Some(json!({ "username": self.user.name, "password": password_text(password) })),
            ..Request::post("/api/auth/login/")
        };
        let shown = format!("password {password}");
        let answer = self.ask(wire, "login", &shown, request, fate).await?;
        match (answer.status, answer.tokens) {
            (200, Some(tokens)) => {
                if let Some(jar) = replaced {
                    promises.ended(jar.session, "a later login of the same browser");
                }
                self.open(promises.opened(password), tokens);
            }
            (400, _) => {
                if let Some(act) = act {
                    promises.did_not_happen(act);
                }
                // Against it speaks only a change that is happening, or happened meanwhile.
                let is_right = password == promises.password();
                if was_right && is_right && promises.unanswered_password().is_none() {
                    self.violated(&format!(
                        "{} was refused with the right password: {}",
                        self.name, answer.text
                    ));
                }
            }
            (503, _) => {}
            _ => self.odd("a login", answer.status, &answer.text),
        }
        Some(answer.status)
    }

    async fn change_password(&self, wire: &Wire, fate: Fate) {
        let Some(jar) = locked(&self.jar).clone() else {
            return;
        };
        if jar.received.elapsed() > self.world.access_lifetime / 2 {
            self.refresh(wire, Fate::Delivered).await;
            return;
        }
        let Ok(_place) = self.world.hashing.acquire().await else {
            return;
        };
        let promises = &self.user.promises;
        let Some((to, act)) = promises.may_change_password() else {
            return;
        };
        let new = password_text(to);
        let old = promises.password();
        let request = Request {
            access: Some(jar.tokens.access.clone()),
            refresh: Some(jar.tokens.refresh.clone()),
            body: Some(json!({
                "old_password": password_text(old), "new_password1": new, "new_password2": new,
            })),
            ..Request::post("/api/auth/password/change/")
        };
        let shown = format!("{} password {old} to {to}", shown(&jar.tokens));
        let sent = Instant::now();
        let Some(answer) = self
            .ask(wire, "password change", &shown, request, fate)
            .await
        else {
            return;
        };
        match (answer.status, answer.tokens) {
            (200, Some(tokens)) => {
                promises.password_changed(to, "an acknowledged password change");
                self.open(promises.opened(to), tokens);
            }
            (401, _) => {
                promises.did_not_happen(act);
                self.judge(wire, jar.session, sent, false, "a password change");
            }
            (503, _) => {}
            _ => {
                promises.did_not_happen(act);
                self.odd("a password change", answer.status, &answer.text);
            }
        }
    }

    fn open(&self, session: SessionNumber, tokens: Tokens) {
        self.note(&format!("session {session} is {}", self::shown(&tokens)));
        self.hand_out(session, &tokens);
        *locked(&self.jar) = Some(Jar {
            session,
            tokens,
            received: Instant::now(),
        });
    }

    fn hand_out(&self, session: SessionNumber, tokens: &Tokens) {
        self.user
            .promises
            .handed_out(session, &tokens.access, &tokens.refresh);
    }

    /// The session in the jar, if there is one.
    pub(crate) fn session(&self) -> Option<SessionNumber> {
        locked(&self.jar).as_ref().map(|jar| jar.session)
    }

    fn empty_jar_of(&self, session: SessionNumber) {
        let mut jar = locked(&self.jar);
        if jar.as_ref().is_some_and(|jar| jar.session == session) {
            *jar = None;
        }
    }
}

/// Which token it is, without its tag.
fn shown(tokens: &Tokens) -> String {
    let mut parts = tokens.refresh.split('.').skip(1);
    let mut next = || parts.next().unwrap_or("?");
    let (session, generation, branch) = (next(), next(), next());
    format!(
        "{}:{generation}.{branch}",
        session.get(..6).unwrap_or(session)
    )
}
