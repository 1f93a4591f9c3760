//! Another address: asked for with the password, confirmed at the new one, and for a week taken
//! back at the old one.

use std::time::Duration;

use hardtack_core::event::Event;
use hardtack_core::one_time_code::{CodePurpose, PresentedCode};
use hardtack_core::password::Password;
use hardtack_core::session::RevokeReason;
use hardtack_core::user::{EmailAddress, User};
use hardtack_core::{SessionId, UserId};
use hardtack_store::{EmailRefusal, EmailReverted, NewEmailChange, Store, WayBack};

use super::code::CodeError;
use super::proof::ProofError;
use super::{Unavailable, see_through};
use crate::client::Client;
use crate::hardtack::Hardtack;

/// Why nobody was asked at the new address. Whether somebody else has it is not among the reasons.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeEmailError {
    /// The password does not count.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// Too many mails were asked for.
    #[error("too many mails were asked for; wait {0:?}")]
    Throttled(Duration),
}

/// Why the address is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfirmEmailError {
    /// The code bought nothing.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// Somebody else has the address by now. It is told, because who reads its mails may know.
    #[error("a user is already registered with this e-mail address")]
    Taken,
}

impl<S: Store> Hardtack<S> {
    /// Asks at the new address whether it belongs to `user`, who proves their password once more.
    /// Nothing changes until the answer.
    ///
    /// When somebody else has the address, nobody is asked and nobody is told.
    ///
    /// # Errors
    /// [`ChangeEmailError`]; nothing was changed. A wrong password is counted.
    pub async fn request_email_change(
        &self,
        user: UserId,
        session: Option<SessionId>,
        password: Password,
        to: EmailAddress,
        client: &Client,
    ) -> Result<(), ChangeEmailError> {
        let place = self.hash_pool().enter();
        let place = place.map_err(|busy| ProofError::from(Unavailable::from(busy)))?;
        let room = self.background().admit();
        room.map_err(|full| ProofError::from(Unavailable::from(full)))?;
        let refused = Event::PasswordRefused { user };
        let user = self
            .prove_password(&place, user, session, password, &refused, client)
            .await?;
        self.throttles()
            .email_changes
            .try_at(&user.id, self.clock().now())
            .map_err(ChangeEmailError::Throttled)?;
        let typed = to.canonical();
        if typed.is_some_and(|typed| self.may_mail_to(CodePurpose::ChangeEmail, typed)) {
            let change = NewEmailChange {
                user: user.id,
                version: user.password_version,
                to,
                code: self.draw_code(CodePurpose::ChangeEmail),
                language: client.language(),
            };
            let (hardtack, user) = (self.clone(), user.id);
            self.background().spawn(async move {
                if let Err(error) = hardtack.store().insert_email_change(change).await {
                    tracing::error!(%error, %user, "a mail that was asked for could not be queued");
                }
            });
        }
        self.report(&Event::EmailChangeRequested { user: user.id }, client);
        Ok(())
    }

    /// Trades the `key` of a mail to the new address for that address. The old one is told, with a
    /// way back. Sessions live on: the password was proven when the change was asked for.
    ///
    /// # Errors
    /// [`ConfirmEmailError`]; nothing was changed.
    pub async fn confirm_email_change(
        &self,
        key: &str,
        client: &Client,
    ) -> Result<User, ConfirmEmailError> {
        let spend = |code| self.spend_change(code, client);
        self.trade_for_address(CodePurpose::ChangeEmail, key, client, spend)
            .await
    }

    async fn spend_change(
        &self,
        code: PresentedCode,
        client: &Client,
    ) -> Result<Result<User, EmailRefusal>, Unavailable> {
        let (hardtack, client) = (self.clone(), client.clone());
        see_through(async move {
            let way_back = hardtack.draw_code(CodePurpose::RevertEmail);
            let changed = hardtack
                .store()
                .change_email(code, way_back, client.language())
                .await?;
            if let Ok(changed) = &changed {
                let user = changed.user.id;
                hardtack.report(&Event::EmailChanged { user }, &client);
            }
            Ok(changed.map(|changed| changed.user))
        })
        .await
    }

    /// Trades the `key` of a mail to the old address for that address: it is the user's again,
    /// every session ends, no password opens the account, and a link to a new one is mailed there.
    /// Whoever changed the address had proven the password, so it is not the owner's alone.
    ///
    /// # Errors
    /// [`ConfirmEmailError`]; nothing was changed.
    pub async fn revert_email(
        &self,
        key: &str,
        client: &Client,
    ) -> Result<User, ConfirmEmailError> {
        let spend = |code| self.spend_way_back(code, client);
        self.trade_for_address(CodePurpose::RevertEmail, key, client, spend)
            .await
    }

    async fn spend_way_back(
        &self,
        code: PresentedCode,
        client: &Client,
    ) -> Result<Result<User, EmailRefusal>, Unavailable> {
        let (hardtack, client) = (self.clone(), client.clone());
        see_through(async move {
            let way_back = WayBack {
                code,
                reset: hardtack.draw_code(CodePurpose::ResetPassword),
                language: client.language(),
            };
            let reason = RevokeReason::EmailReverted;
            let revoke = hardtack.revoke(reason);
            let reverted = hardtack.store().revert_email(way_back, revoke).await?;
            Ok(reverted.map(|EmailReverted { user, ended, .. }| {
                hardtack.note_revoked(user.id, &ended, reason, &client);
                let event = Event::EmailReverted {
                    user: user.id,
                    sessions_ended: ended.len(),
                };
                hardtack.report(&event, &client);
                user
            }))
        })
        .await
    }

    /// Counts the showing of a code, has it spent where it is one, and tells what it bought.
    async fn trade_for_address<F>(
        &self,
        purpose: CodePurpose,
        key: &str,
        client: &Client,
        spend: impl FnOnce(PresentedCode) -> F,
    ) -> Result<User, ConfirmEmailError>
    where
        F: Future<Output = Result<Result<User, EmailRefusal>, Unavailable>>,
    {
        let showing = self.count_code(client).map_err(CodeError::Throttled)?;
        let bought = match PresentedCode::parse_key(purpose, key) {
            Ok(code) => spend(code).await,
            Err(_) => Ok(Err(EmailRefusal::CodeRefused)),
        };
        match bought.map_err(CodeError::from)? {
            Ok(user) => {
                showing.was_good();
                Ok(user)
            }
            Err(EmailRefusal::Taken) => {
                showing.was_good();
                Err(ConfirmEmailError::Taken)
            }
            Err(EmailRefusal::CodeRefused) => {
                self.refuse_code(purpose, showing, client);
                Err(CodeError::Refused.into())
            }
        }
    }
}
