//! Who registers, proves an address, forgets a password, moves and leaves: one account after the
//! other, with the codes of real mails.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::account::{Account, Act, Awaited, Code, Stage};
use crate::post::{Kind, Post};
use crate::tally::{Outcome, outcome};
use crate::wire::{Answer, Fate, Heard, Request, Wire};
use crate::world::{World, password_text};

mod inspection;

/// How long is waited for a mail. One that was under way when the server was killed comes half a
/// minute later; meanwhile there is something else to do.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often the directory of mails is looked at.
const POLL: Duration = Duration::from_millis(20);

/// About what a request takes that hashes a password, or waits for the disk.
const WORK: Duration = Duration::from_millis(120);

/// Accounts that are looked at again later.
const REMEMBERED: usize = 30;

pub(crate) struct Owner {
    name: String,
    world: Arc<World>,
    post: Arc<Post>,
    rng: fastrand::Rng,
    registered: u32,
    /// With what may go on, the newest last.
    accounts: Vec<Account>,
    /// Touched since the last restart.
    touched: usize,
}

impl Owner {
    pub(crate) fn new(name: String, world: &Arc<World>, post: &Arc<Post>, seed: u64) -> Self {
        Self {
            name,
            world: Arc::clone(world),
            post: Arc::clone(post),
            rng: fastrand::Rng::with_seed(seed),
            registered: 0,
            accounts: Vec::new(),
            touched: 0,
        }
    }

    /// Lives until the wire is over, and gives itself back.
    pub(crate) async fn live(mut self, wire: Arc<Wire>) -> Self {
        self.touched = 0;
        while !wire.is_over() {
            let mut account = self.next();
            self.touched += 1;
            // A few things with each, so that all ages are there when the server is killed.
            for _ in 0..self.rng.u32(2..9) {
                if wire.is_over() || account.open.is_some() || account.stage == Stage::Deleted {
                    break;
                }
                self.step(&mut account, &wire).await;
            }
            self.accounts.push(account);
        }
        self
    }

    /// An account that can go on, or a new one.
    fn next(&mut self) -> Account {
        let may_go_on = |account: &Account| {
            account.open.is_none() && !matches!(account.stage, Stage::Planned | Stage::Deleted)
        };
        if self.rng.u32(..4) > 0
            && let Some(index) = self.accounts.iter().rposition(may_go_on)
        {
            return self.accounts.remove(index);
        }
        self.registered += 1;
        Account::planned(format!("{}-{}", self.name, self.registered))
    }

    async fn step(&mut self, account: &mut Account, wire: &Wire) {
        if let Some(awaited) = account.awaited.take() {
            return self.wait_for(account, wire, awaited).await;
        }
        match account.stage {
            Stage::Planned => self.act(account, wire, Act::Register).await,
            Stage::Registered => {
                let recipient = account.email.clone();
                account.awaited = Some(Awaited {
                    kind: Kind::VerifyEmail,
                    recipient,
                    after: 0,
                });
            }
            Stage::Verified if account.tokens.is_none() => self.log_in(account, wire).await,
            Stage::Verified => match self.rng.u32(..100) {
                0..45 => self.forget_password(account, wire).await,
                45..85 => self.plan_to_move(account, wire).await,
                85..92 => self.act(account, wire, Act::Delete).await,
                _ => self.look(account, wire).await,
            },
            Stage::Deleted => {}
        }
    }

    async fn log_in(&mut self, account: &mut Account, wire: &Wire) {
        let request = account.login(account.password);
        let fate = self.fate();
        let Some(answer) = self.ask(account, wire, "login", request, fate).await else {
            return;
        };
        match answer.status {
            200 => account.tokens = answer.tokens,
            429 | 503 => {}
            _ => account.violated(&self.world.tally, "cannot log in"),
        }
    }

    async fn look(&self, account: &mut Account, wire: &Wire) {
        let request = account.authenticated(Request::get("/api/auth/user/"));
        let answer = self.ask(account, wire, "read", request, Fate::Delivered);
        // Its access token has run out. The session has not.
        if answer.await.is_some_and(|answer| answer.status == 401) {
            account.tokens = None;
        }
    }

    async fn forget_password(&self, account: &mut Account, wire: &Wire) {
        let request = Request {
            body: Some(json!({ "email": account.email })),
            ..Request::post("/api/auth/password/reset/")
        };
        let recipient = account.email.clone();
        let kind = Kind::ResetPassword;
        self.ask_for_code(account, wire, request, kind, recipient)
            .await;
    }

    async fn plan_to_move(&mut self, account: &mut Account, wire: &Wire) {
        let number = self.rng.u32(1..1_000_000);
        let to = format!("{}.{number}@example.org", account.name);
        let request = account.authenticated(Request {
            body: Some(json!({ "email": to, "password": password_text(account.password) })),
            ..Request::post("/api/auth/email/change/")
        });
        self.ask_for_code(account, wire, request, Kind::ConfirmNewEmail, to)
            .await;
    }

    async fn ask_for_code(
        &self,
        account: &mut Account,
        wire: &Wire,
        request: Request,
        kind: Kind,
        recipient: String,
    ) {
        account.asked += 1;
        let after = self.post.count(&recipient, kind);
        let asked = self.ask(account, wire, "ask for a code", request, Fate::Delivered);
        match asked.await.map(|answer| answer.status) {
            Some(200) => {
                account.awaited = Some(Awaited {
                    kind,
                    recipient,
                    after,
                });
            }
            // Its access token has run out. The session has not.
            Some(401) => account.tokens = None,
            None | Some(429 | 503) => {}
            Some(status) => account.violated(&self.world.tally, &format!("no code: {status}")),
        }
    }

    /// Spends the code when the mail has come. One that was asked for shortly before a kill may never come.
    async fn wait_for(&mut self, account: &mut Account, wire: &Wire, awaited: Awaited) {
        let started = Instant::now();
        let Awaited {
            kind,
            recipient,
            after,
        } = &awaited;
        while self.post.count(recipient, *kind) <= *after {
            if wire.is_over() {
                account.awaited = Some(awaited);
                return;
            }
            if started.elapsed() > PATIENCE {
                account.note("no mail yet".to_owned());
                return;
            }
            tokio::time::sleep(POLL).await;
        }
        let code = self.post.code(recipient, *kind);
        let Some(act) = code.and_then(|code| act_with(account, *kind, &code, recipient)) else {
            return account.violated(&self.world.tally, "a mail without a link");
        };
        self.act(account, wire, act).await;
    }

    /// Does what changes the account, and keeps in mind what the answer promised.
    async fn act(&mut self, account: &mut Account, wire: &Wire, act: Act) {
        let request = request(account, &act);
        let fate = self.fate();
        account.open = Some(act.clone());
        let Some(answer) = self.ask(account, wire, act.kind(), request, fate).await else {
            return;
        };
        match answer.status {
            200 | 201 => {
                account.open = None;
                account.has_happened(&act);
            }
            // It may have been done all the same: 503 says only that nobody knows.
            503 => {}
            401 if matches!(act, Act::Delete) => {
                account.open = None;
                account.tokens = None;
            }
            // Of several codes only the newest is good, and mails may come in any order.
            400 | 404 if act.code().is_some() && account.asked > 1 => account.open = None,
            status => {
                account.open = None;
                let what = format!("{} was answered {status}: {}", act.kind(), answer.text);
                account.violated(&self.world.tally, &what);
            }
        }
    }

    fn fate(&mut self) -> Fate {
        match (self.rng.u32(..100), self.rng.bool()) {
            (20.., _) => Fate::Delivered,
            (_, false) => Fate::Lost,
            (_, true) => Fate::HungUpAfter(WORK.mul_f64(self.rng.f64())),
        }
    }

    async fn ask(
        &self,
        account: &mut Account,
        wire: &Wire,
        kind: &'static str,
        request: Request,
        fate: Fate,
    ) -> Option<Answer> {
        let about = format!(
            "{kind} {}",
            request
                .body
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default()
        );
        let heard = wire.ask(request, fate).await;
        let at = self.world.tally.elapsed().as_secs_f64();
        account.note(format!("{at:9.3} s  {about} -> {}", told(&heard)));
        match heard {
            Heard::Answer(answer) => {
                self.world.tally.count(kind, outcome(answer.status));
                Some(answer)
            }
            Heard::Lost(_) | Heard::Nothing(_) => {
                self.world.tally.count(kind, Outcome::Unanswered);
                None
            }
        }
    }
}

/// What the code of a mail is good for.
fn act_with(account: &Account, kind: Kind, code: &[String], recipient: &str) -> Option<Act> {
    match (kind, code) {
        (Kind::VerifyEmail, [key]) => {
            let path = "/api/auth/registration/verify-email/";
            Some(Act::Verify(Code::key(path, key)))
        }
        (Kind::ConfirmNewEmail, [key]) => {
            let path = "/api/auth/email/change/confirm/";
            Some(Act::Move(Code::key(path, key), recipient.to_owned()))
        }
        (Kind::ResetPassword, [uid, token]) => {
            let to = account.password + 1;
            let password = password_text(to);
            let body = json!({
                "uid": uid, "token": token, "new_password1": password, "new_password2": password,
            });
            let path = "/api/auth/password/reset/confirm/";
            Some(Act::Reset(Code { path, body }, to))
        }
        _ => None,
    }
}

fn told(heard: &Heard) -> String {
    match heard {
        Heard::Answer(answer) => format!("{} {}", answer.status, answer.text),
        Heard::Lost(status) => format!("{status}, lost on the way"),
        Heard::Nothing(reason) => format!("no answer: {reason}"),
    }
}

fn request(account: &Account, act: &Act) -> Request {
    match act {
        Act::Register => account.registration(),
        Act::Verify(code) | Act::Reset(code, _) | Act::Move(code, _) => code.request(),
        Act::Delete => account.authenticated(Request {
            body: Some(json!({ "password": password_text(account.password) })),
            ..Request::delete("/api/auth/user/")
        }),
    }
}
