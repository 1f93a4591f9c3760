//! Change a password: every other session ends, this one goes on under a new name.

use std::time::Duration;

use hardtack_core::event::Event;
use hardtack_core::password::{Password, PasswordFault, PersonalTexts, Verification};
use hardtack_core::session::{RememberMe, RevokeReason};
use hardtack_core::{SessionId, UserId};
use hardtack_store::{NewPassword, PasswordChange, Store, UserWithPassword};

use super::attempt::Attempt;
use super::{Grant, Unavailable, see_through};
use crate::client::Client;
use crate::hardtack::Hardtack;

/// Why the password is still the old one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangePasswordError {
    /// The old password is another one. The guess is counted.
    #[error("the old password is wrong")]
    WrongOldPassword,
    /// The new one is refused, for these reasons.
    #[error("the new password is refused")]
    Faults(Vec<PasswordFault>),
    /// The user is gone, switched off, or got another password meanwhile: log in again.
    #[error("the user changed meanwhile")]
    Superseded,
    /// Too many wrong old passwords.
    #[error("too many tries; wait {0:?}")]
    Throttled(Duration),
    /// Try again.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl<S: Store> Hardtack<S> {
    /// Gives `user` a new password, asked for by `session`, whose wrong guesses are counted. Every session of theirs ends in the same commit, and the
    /// caller's browser gets a new one (ASVS 5.0 §7.4.3), so that a copied token dies too.
    ///
    /// The new one remembers what the login of `session` said, and ends when a login at this
    /// moment would: the old password has just been proven, as a login proves it. That is a new
    /// absolute end of a new session, never a moved one.
    ///
    /// # Errors
    /// [`ChangePasswordError`]; nothing was changed.
    pub async fn change_password(
        &self,
        user: UserId,
        session: Option<SessionId>,
        old: Password,
        new: Password,
        client: &Client,
    ) -> Result<Grant, ChangePasswordError> {
        let place = self.hash_pool().enter().map_err(Unavailable::from)?;
        let attempt = Attempt::reserve(
            &self.throttles().old_password,
            (user, session),
            self.clock().now(),
        );
        let attempt = attempt.map_err(|wait| {
            self.report(&Event::PasswordChangeRefused { user }, client);
            ChangePasswordError::Throttled(wait)
        })?;
        let found = self
            .store()
            .find_user(user)
            .await
            .map_err(Unavailable::from)?;
        let Some(UserWithPassword {
            user,
            password_hash,
        }) = found
        else {
            return Err(ChangePasswordError::Superseded);
        };
        let verification = place
            .run(move |hasher| hasher.verify(&old, &password_hash))
            .await
            .map_err(Unavailable::from)?;
        if matches!(verification, Verification::Wrong | Verification::Unusable) {
            attempt.failed();
            self.report(&Event::PasswordChangeRefused { user: user.id }, client);
            return Err(ChangePasswordError::WrongOldPassword);
        }
        attempt.succeeded();

        let about = PersonalTexts {
            username: user.username.as_str(),
            first_name: &user.first_name,
            last_name: &user.last_name,
            email: user.email.as_str(),
        };
        let faults = self.judge_new_password(&new, &about).await;
        if !faults.is_empty() {
            return Err(ChangePasswordError::Faults(faults));
        }
        let entropy = self.shared_entropy();
        let hash = place
            .run(move |hasher| hasher.hash(&new, &*entropy))
            .await
            .map_err(Unavailable::from)?;
        let hash = hash.map_err(|error| {
            tracing::error!(%error, "a password could not be hashed");
            Unavailable::HashingBusy
        })?;
        let remember_me = self.remember_me_of(session).await?;
        let successor = self.new_session(&user, remember_me, client);
        let (hardtack, client) = (self.clone(), client.clone());
        let successor = see_through(async move {
            let change = hardtack
                .store()
                .change_password(
                    NewPassword {
                        user: user.id,
                        version: Some(user.password_version),
                        hash,
                        mails: Vec::new(),
                    },
                    Some(successor),
                    hardtack.revoke(RevokeReason::PasswordChanged),
                    hardtack.settings().session.rotation_window,
                )
                .await?;
            let PasswordChange::Changed { ended, successor } = change else {
                return Ok(None);
            };
            hardtack.note_ended_by_password(user.id, &ended, &client);
            Ok(successor)
        });
        let successor = successor.await?.ok_or(ChangePasswordError::Superseded)?;
        Ok(self.grant(&successor.family, successor.now)?)
    }

    /// What the login of a session said; nothing, if there is none, as with the token of a Django
    /// site.
    async fn remember_me_of(&self, session: Option<SessionId>) -> Result<RememberMe, Unavailable> {
        let Some(session) = session else {
            return Ok(RememberMe::Unsaid);
        };
        let found = self.store().find_family(session).await?;
        Ok(found.map_or(RememberMe::Unsaid, |found| found.family.remember_me))
    }

    fn note_ended_by_password(&self, user: UserId, ended: &[SessionId], client: &Client) {
        self.note_revoked(user, ended, RevokeReason::PasswordChanged, client);
        self.report(
            &Event::PasswordChanged {
                user,
                sessions_ended: ended.len(),
            },
            client,
        );
    }
}
