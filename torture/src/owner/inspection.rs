//! After a restart: what was never answered has happened or not, and everything else has to hold.

use std::time::{Duration, Instant};

use super::{Owner, REMEMBERED, request};
use crate::account::{Account, Act, Code, Stage};
use crate::inspection::RECOVERY;
use crate::post::Kind;
use crate::promise::PasswordNumber;
use crate::wire::{Answer, Fate, Request, Wire};

/// Accounts that nobody touched lately and that are looked at all the same.
const OLD: usize = 2;

/// The checks, each counted under what it shows.
mod shown {
    pub(super) const HAPPENED: &str =
        "unanswered changes of accounts that turned out to have happened";
    pub(super) const DID_NOT: &str =
        "unanswered changes of accounts that turned out not to have happened";
    pub(super) const SPENT: &str = "one-time codes that were spent, refused";
    pub(super) const HOLDS: &str = "accounts with the password and the address that were promised";
    pub(super) const UNVERIFIED: &str = "accounts that were registered and wait for their address";
    pub(super) const DELETED: &str = "deleted accounts that nobody can log in to";
    pub(super) const OLD_PASSWORD: &str = "passwords that a reset replaced, refused";
    pub(super) const ENDED: &str = "tokens of sessions that a reset or a deletion ended, refused";
    pub(super) const MAIL: &str = "mails of acknowledged changes, sent or queued";
}

impl Owner {
    /// Asks for everything that was promised. Nothing else of this owner's is under way.
    pub(crate) async fn inspect(mut self, wire: &Wire) -> Self {
        let mut accounts = std::mem::take(&mut self.accounts);
        let touched = accounts.len().saturating_sub(self.touched);
        for (index, account) in accounts.iter_mut().enumerate() {
            if index >= touched || (account.open.is_some()) {
                self.settle(account, wire).await;
                self.holds(account, wire).await;
            }
        }
        for _ in 0..OLD.min(touched) {
            let index = self.rng.usize(..touched);
            if let Some(account) = accounts.get_mut(index) {
                self.holds(account, wire).await;
            }
        }
        accounts.drain(..accounts.len().saturating_sub(REMEMBERED));
        self.accounts = accounts;
        self
    }

    /// Finds out whether the open act has happened; one that has not happens now.
    async fn settle(&mut self, account: &mut Account, wire: &Wire) {
        let Some(act) = account.open.take() else {
            return;
        };
        let has_happened = match &act {
            Act::Reset(_, to) => self.status_of_login(account, *to, wire).await == Some(200),
            Act::Delete => self.status_of_login(account, account.password, wire).await == Some(400),
            Act::Move(_, to) => self.address(account, wire).await.as_ref() == Some(to),
            // The answer to a second time tells.
            Act::Register | Act::Verify(_) => {
                let Some(again) = self.insist(account, request(account, &act), wire).await else {
                    return;
                };
                match (again.status, &act) {
                    (200 | 201, _) => false,
                    (400, Act::Register) | (404, Act::Verify(_)) => true,
                    (status, _) => {
                        let what =
                            format!("{} again was answered {status}: {}", act.kind(), again.text);
                        account.violated(&self.world.tally, &what);
                        true
                    }
                }
            }
        };
        self.world.tally.checked(if has_happened {
            shown::HAPPENED
        } else {
            shown::DID_NOT
        });
        match &act {
            // What did not happen did not spend the code. A newer one may have taken its place.
            Act::Reset(code, _) | Act::Move(code, _) if !has_happened => {
                let is_newest = account.asked <= 1;
                match self.insist(account, code.request(), wire).await {
                    Some(Answer { status: 200, .. }) => account.has_happened(&act),
                    Some(answer) if is_newest => {
                        let what = format!(
                            "{} did not happen, and its code is not good: {}",
                            act.kind(),
                            answer.text
                        );
                        account.violated(&self.world.tally, &what);
                    }
                    _ => {}
                }
            }
            Act::Delete if !has_happened => {}
            _ => account.has_happened(&act),
        }
    }

    async fn holds(&mut self, account: &mut Account, wire: &Wire) {
        let tally = std::sync::Arc::clone(&self.world.tally);
        match account.stage {
            Stage::Planned => return,
            Stage::Registered => {
                match self.log_in_with(account, account.password, wire).await {
                    Some(Answer {
                        status: 400, text, ..
                    }) if text.contains("not verified") => {
                        tally.checked(shown::UNVERIFIED);
                    }
                    Some(answer) => account.violated(
                        &tally,
                        &format!("was registered, and a login is answered {}", answer.text),
                    ),
                    None => {}
                }
                self.was_told(account, &account.email.clone(), Kind::VerifyEmail);
            }
            Stage::Verified => {
                match self.address(account, wire).await {
                    Some(email) if email == account.email => tally.checked(shown::HOLDS),
                    Some(email) => account.violated(
                        &tally,
                        &format!("has the address {email} instead of {}", account.email),
                    ),
                    None => account
                        .violated(&tally, "cannot log in with the password that was promised"),
                }
                if let Some(address) = account.reset_told_at.take() {
                    self.was_told(account, &address, Kind::PasswordChanged);
                    match self
                        .status_of_login(account, account.password - 1, wire)
                        .await
                    {
                        Some(400) => tally.checked(shown::OLD_PASSWORD),
                        Some(_) => {
                            account.violated(&tally, "the password before the reset is accepted");
                        }
                        None => {}
                    }
                }
                if let Some(old) = account.moved_from.take() {
                    self.was_told(account, &old, Kind::EmailChanged);
                }
            }
            Stage::Deleted => match self.status_of_login(account, account.password, wire).await {
                Some(400) => tally.checked(shown::DELETED),
                Some(_) => account.violated(&tally, "was deleted, and can log in"),
                None => {}
            },
        }
        for code in account.spent.clone() {
            self.is_spent(account, &code, wire).await;
        }
        for tokens in account.ended.clone() {
            let access = Request {
                access: Some(tokens.access),
                ..Request::get("/api/auth/user/")
            };
            let refresh = Request {
                refresh: Some(tokens.refresh),
                ..Request::post("/api/auth/token/refresh/")
            };
            for request in [access, refresh] {
                match self.insist(account, request, wire).await {
                    Some(Answer { status: 401, .. }) => tally.checked(shown::ENDED),
                    Some(_) => account.violated(&tally, "an ended session lives"),
                    None => {}
                }
            }
        }
    }

    /// A code is never spent twice, by whatever the server remembers of the first time.
    async fn is_spent(&self, account: &mut Account, code: &Code, wire: &Wire) {
        match self.insist(account, code.request(), wire).await {
            Some(Answer {
                status: 400 | 404, ..
            }) => self.world.tally.checked(shown::SPENT),
            Some(_) => account.violated(
                &self.world.tally,
                &format!("a code was spent twice at {}", code.path),
            ),
            None => {}
        }
    }

    fn was_told(&self, account: &Account, recipient: &str, kind: Kind) {
        match self.post.knows(recipient, kind) {
            Ok(true) => self.world.tally.checked(shown::MAIL),
            Ok(false) => account.violated(
                &self.world.tally,
                &format!("{kind:?} to {recipient} was forgotten"),
            ),
            Err(error) => account.violated(
                &self.world.tally,
                &format!("the outbox cannot be read: {error}"),
            ),
        }
    }

    /// The address that the account has, after a login with the password that was promised.
    async fn address(&self, account: &mut Account, wire: &Wire) -> Option<String> {
        let answer = self.log_in_with(account, account.password, wire).await?;
        let (_, rest) = answer.text.split_once("\"email\":\"")?;
        let (email, _) = rest.split_once('"')?;
        (answer.status == 200).then(|| email.to_owned())
    }

    async fn status_of_login(
        &self,
        account: &mut Account,
        password: PasswordNumber,
        wire: &Wire,
    ) -> Option<u16> {
        let answer = self.log_in_with(account, password, wire).await;
        answer.map(|answer| answer.status)
    }

    async fn log_in_with(
        &self,
        account: &mut Account,
        password: PasswordNumber,
        wire: &Wire,
    ) -> Option<Answer> {
        self.insist(account, account.login(password), wire).await
    }

    /// Asks until there is an answer that does not put it off.
    async fn insist(&self, account: &mut Account, request: Request, wire: &Wire) -> Option<Answer> {
        let started = Instant::now();
        loop {
            let asked = self.ask(
                account,
                wire,
                "inspection",
                request.clone(),
                Fate::Delivered,
            );
            if let Some(answer) = asked
                .await
                .filter(|answer| ![429, 503].contains(&answer.status))
            {
                return Some(answer);
            }
            if started.elapsed() > RECOVERY {
                account.violated(&self.world.tally, "no good answer to an inspection");
                return None;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
