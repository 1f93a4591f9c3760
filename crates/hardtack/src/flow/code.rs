//! What the flows of one-time codes have in common: asking for one, and showing one.

use std::time::Duration;

use hardtack_core::UserId;
use hardtack_core::event::Event;
use hardtack_core::one_time_code::{CodePurpose, NewCode};
use hardtack_core::throttle::ClientKey;
use hardtack_core::user::{CanonicalName, EmailAddress, LoginName, User, UserState};
use hardtack_store::Store;

use super::Unavailable;
use super::attempt::Attempt;
use crate::client::Client;
use crate::hardtack::Hardtack;

/// Why no mail was asked for. Whether anybody has the address is not among the reasons.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MailRequestError {
    /// Too many from one address.
    #[error("too many mails were asked for; wait {0:?}")]
    Throttled(Duration),
    /// Try again.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why a code bought nothing. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodeError {
    /// It is none, was spent or voided, has ended, is for something else, or its user is not what
    /// they were when it was made: from outside all the same.
    #[error("the code is not good, or no longer")]
    Refused,
    /// Too many that were none.
    #[error("too many tries; wait {0:?}")]
    Throttled(Duration),
    /// Try again.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// One code that somebody shows, counted by their address unless it turns out good. Codes are not
/// to be guessed; what is counted is what a storm of them costs.
pub(crate) struct Showing<'a>(Option<Attempt<'a, ClientKey>>);

impl Showing<'_> {
    pub(crate) fn was_good(self) {
        if let Some(attempt) = self.0 {
            attempt.succeeded();
        }
    }
}

impl<S: Store> Hardtack<S> {
    /// A fresh code for `purpose`.
    pub(crate) fn draw_code(&self, purpose: CodePurpose) -> NewCode {
        NewCode::draw(self.code_key(), purpose, self.entropy())
    }

    /// Counts a code before it is looked at.
    pub(crate) fn count_code(&self, client: &Client) -> Result<Showing<'_>, Duration> {
        let throttle = &self.throttles().codes;
        let now = self.clock().now();
        let address = client.address.map(ClientKey::of);
        let attempt = address.map(|address| Attempt::reserve(throttle, address, now));
        Ok(Showing(attempt.transpose()?))
    }

    /// A code was not good. It stays counted.
    pub(crate) fn refuse_code(&self, purpose: CodePurpose, showing: Showing<'_>, client: &Client) {
        if let Some(attempt) = showing.0 {
            attempt.failed();
        }
        let purpose = purpose.code();
        self.report(&Event::CodeRefused { purpose }, client);
    }

    /// Counts a mail that somebody asks for, by where they are.
    pub(crate) fn count_mail_from(&self, client: &Client) -> Result<(), Duration> {
        let Some(address) = client.address.map(ClientKey::of) else {
            return Ok(());
        };
        self.throttles()
            .mails_from
            .try_at(&address, self.clock().now())
    }

    /// Counts a mail to a mailbox, by the address that was typed: whether it is anybody's must not
    /// be told by the count. Beyond the limit there is no mail, and the last one is still good.
    pub(crate) fn may_mail_to(&self, purpose: CodePurpose, typed: CanonicalName) -> bool {
        let key = (purpose, typed);
        let throttle = &self.throttles().mails_to;
        throttle.try_at(&key, self.clock().now()).is_ok()
    }

    /// Finds the active user of the address that was typed, if `wanted`, and mails them a code
    /// beside the answer. Whether there is one cannot be told from outside: the same lookup, the
    /// same answer, and no wait.
    ///
    /// The mail goes to the **stored** address, never to the typed one (CVE-2019-19844).
    pub(crate) async fn mail_code(
        &self,
        purpose: CodePurpose,
        typed: &EmailAddress,
        wanted: fn(&User) -> bool,
        client: &Client,
    ) -> Result<Option<UserId>, MailRequestError> {
        self.count_mail_from(client)
            .map_err(MailRequestError::Throttled)?;
        let Some(typed) = typed.canonical() else {
            return Ok(None);
        };
        self.background().admit().map_err(Unavailable::from)?;
        let may_be_mailed = self.may_mail_to(purpose, typed.clone());
        let name = LoginName::Email(typed);
        let found = self.store().find_user_by_login(&name).await;
        let found = found.map_err(Unavailable::from)?;
        let user = found
            .map(|found| found.user)
            .filter(|user| user.state == UserState::Active && wanted(user));
        let Some(user) = user.map(|user| user.id) else {
            return Ok(None);
        };
        if may_be_mailed {
            let (hardtack, language) = (self.clone(), client.language());
            self.background().spawn(async move {
                let code = hardtack.draw_code(purpose);
                if let Err(error) = hardtack.store().insert_code(user, code, language).await {
                    tracing::error!(%error, %user, "a mail that was asked for could not be queued");
                }
            });
        }
        Ok(Some(user))
    }
}
