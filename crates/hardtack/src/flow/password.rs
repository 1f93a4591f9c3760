//! Change a password: every other session ends, this one goes on under a new name.

use std::time::Duration;

use hardtack_core::event::Event;
use hardtack_core::mail::{MailKind, NewMail};
use hardtack_core::password::{Password, PasswordFault, PersonalTexts};
use hardtack_core::session::{RememberMe, RevokeReason};
use hardtack_core::user::User;
use hardtack_core::{SessionId, UserId};
use hardtack_store::{NewPassword, PasswordChange, Store};

use super::proof::ProofError;
use super::{Grant, Unavailable, see_through};
use crate::client::Client;
use crate::hardtack::Hardtack;
use crate::hash_pool::Place;

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

impl From<ProofError> for ChangePasswordError {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Wrong => Self::WrongOldPassword,
            ProofError::UserGone => Self::Superseded,
            ProofError::Throttled(wait) => Self::Throttled(wait),
            ProofError::Unavailable(unavailable) => Self::Unavailable(unavailable),
        }
    }
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
        let refused = Event::PasswordChangeRefused { user };
        let user = self
            .prove_password(&place, user, session, old, &refused, client)
            .await?;
        let faults = self.judge_password_of(&new, &user).await;
        if !faults.is_empty() {
            return Err(ChangePasswordError::Faults(faults));
        }
        let hash = self.hash_password(&place, new).await?;
        let remember_me = self.remember_me_of(session).await?;
        let successor = self.new_session(&user, remember_me, client);
        let mails = password_notices(&user, client);
        let (hardtack, client) = (self.clone(), client.clone());
        let successor = see_through(async move {
            let change = hardtack
                .store()
                .change_password(
                    NewPassword {
                        user: user.id,
                        version: Some(user.password_version),
                        hash,
                        mails,
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

    /// What is wrong with `new` as the password of `user`.
    pub(super) async fn judge_password_of(
        &self,
        new: &Password,
        user: &User,
    ) -> Vec<PasswordFault> {
        let about = PersonalTexts {
            username: user.username.as_str(),
            first_name: &user.first_name,
            last_name: &user.last_name,
            email: user.email.as_str(),
        };
        self.judge_new_password(new, &about).await
    }

    /// Hashes a new password under today's cost.
    pub(super) async fn hash_password(
        &self,
        place: &Place<'_>,
        new: Password,
    ) -> Result<String, Unavailable> {
        let entropy = self.shared_entropy();
        let hash = place
            .run(move |hasher| hasher.hash(&new, &*entropy))
            .await?;
        hash.map_err(|error| {
            tracing::error!(%error, "a password could not be hashed");
            Unavailable::HashingBusy
        })
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

/// What tells a user of their new password: whoever did not choose it must learn of it
/// (ASVS 5.0 §6.3.7).
pub(super) fn password_notices(user: &User, client: &Client) -> Vec<NewMail> {
    if user.email.is_none() {
        return Vec::new();
    }
    vec![NewMail {
        to: user.email.clone(),
        user: Some(user.id),
        language: user.language.clone().or_else(|| client.language()),
        kind: MailKind::PasswordChanged,
    }]
}
