//! A forgotten password: a mail with a code, and a new password for it.

use std::time::Duration;

use hardtack_core::event::Event;
use hardtack_core::one_time_code::{CodePurpose, PresentedCode, parse_uid};
use hardtack_core::password::{Password, PasswordFault};
use hardtack_core::session::RevokeReason;
use hardtack_core::user::{EmailAddress, User};
use hardtack_store::{NewReset, PasswordReset, Store};

use super::code::MailRequestError;
use super::password::password_notices;
use super::{Unavailable, see_through};
use crate::client::Client;
use crate::hardtack::Hardtack;

/// Why the password is as it was. The code, if there was one, is still good.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResetPasswordError {
    /// The `uid` is no user's number in base 36.
    #[error("the uid cannot be read")]
    InvalidUid,
    /// The `token` is none, or good no longer, or another user's; or there is no such user.
    #[error("the token is not good, or no longer")]
    InvalidToken,
    /// The new password is refused, for these reasons.
    #[error("the new password is refused")]
    Faults(Vec<PasswordFault>),
    /// Too many tokens that were none.
    #[error("too many tries; wait {0:?}")]
    Throttled(Duration),
    /// Try again.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl<S: Store> Hardtack<S> {
    /// Mails the active user of this address a link to a new password, if there is one. The answer
    /// and the time that it takes are the same for everybody, and so is the work up to it.
    ///
    /// Another link makes the one before void.
    ///
    /// # Errors
    /// [`MailRequestError`].
    pub async fn request_password_reset(
        &self,
        email: &EmailAddress,
        client: &Client,
    ) -> Result<(), MailRequestError> {
        let everybody = |_: &User| true;
        let user = self
            .mail_code(CodePurpose::ResetPassword, email, everybody, client)
            .await?;
        self.report(&Event::PasswordResetRequested { user }, client);
        Ok(())
    }

    /// Would this link lead to a new password at this moment? For a page to say so before anybody
    /// has chosen one.
    ///
    /// # Errors
    /// [`ResetPasswordError`], as [`confirm_password_reset`](Self::confirm_password_reset) would
    /// give it.
    pub async fn find_password_reset(
        &self,
        uid: &str,
        token: &str,
        client: &Client,
    ) -> Result<User, ResetPasswordError> {
        let (_, user) = self.parse_reset(uid, token, client).await?;
        Ok(user)
    }

    /// Trades the link of a mail for a new password: the code is spent, the password set and every
    /// session ended in one act. **Nobody is logged in**, and the address counts as verified, for
    /// the link went there.
    ///
    /// Whoever guessed at the old password in vain guessed at what is no more: the user's failed
    /// logins are forgotten.
    ///
    /// # Errors
    /// [`ResetPasswordError`]; nothing was changed.
    pub async fn confirm_password_reset(
        &self,
        uid: &str,
        token: &str,
        new: Password,
        client: &Client,
    ) -> Result<User, ResetPasswordError> {
        let (code, user) = self.parse_reset(uid, token, client).await?;
        let faults = self.judge_password_of(&new, &user).await;
        if !faults.is_empty() {
            return Err(ResetPasswordError::Faults(faults));
        }
        let place = self.hash_pool().enter().map_err(Unavailable::from)?;
        let hash = self.hash_password(&place, new).await?;
        drop(place);
        let reset = NewReset {
            code,
            hash,
            mails: password_notices(&user, client),
        };
        let (hardtack, client) = (self.clone(), client.clone());
        let reset = see_through(async move {
            let revoke = hardtack.revoke(RevokeReason::PasswordChanged);
            let reset = hardtack.store().reset_password(reset, revoke).await?;
            if let Some(reset) = &reset {
                hardtack.note_reset(reset, &client);
            }
            Ok(reset)
        });
        // None when somebody was faster with the same link, or the password changed meanwhile.
        let reset = reset.await?.ok_or(ResetPasswordError::InvalidToken)?;
        Ok(reset.user)
    }

    fn note_reset(&self, reset: &PasswordReset, client: &Client) {
        let PasswordReset { user, ended } = reset;
        self.throttles().forget_failed_logins(user);
        self.note_revoked(user.id, ended, RevokeReason::PasswordChanged, client);
        let event = Event::PasswordReset {
            user: user.id,
            sessions_ended: ended.len(),
        };
        self.report(&event, client);
    }

    /// The code of a link, and whose it is, if it is good. It is not spent.
    async fn parse_reset(
        &self,
        uid: &str,
        token: &str,
        client: &Client,
    ) -> Result<(PresentedCode, User), ResetPasswordError> {
        let showing = self
            .count_code(client)
            .map_err(ResetPasswordError::Throttled)?;
        let Ok(user) = parse_uid(uid) else {
            self.refuse_code(CodePurpose::ResetPassword, showing, client);
            return Err(ResetPasswordError::InvalidUid);
        };
        if let Ok(code) = PresentedCode::parse_token(user, token) {
            let found = self.store().find_code(code).await;
            let found = found.map_err(Unavailable::from)?;
            if let Some(user) = found.and_then(|found| found.user) {
                showing.was_good();
                return Ok((code, user));
            }
        }
        self.refuse_code(CodePurpose::ResetPassword, showing, client);
        Err(ResetPasswordError::InvalidToken)
    }
}
