//! The password once more, for what cannot be taken back lightly (ASVS 5.0 §7.5.1).

use std::time::Duration;

use hardtack_core::event::Event;
use hardtack_core::password::{Password, Verification};
use hardtack_core::user::User;
use hardtack_core::{SessionId, UserId};
use hardtack_store::{Store, UserWithPassword};

use super::Unavailable;
use super::attempt::Attempt;
use crate::client::Client;
use crate::hardtack::Hardtack;
use crate::hash_pool::Place;

/// Why the password does not count.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// It is another one. The guess is counted.
    #[error("the password is wrong")]
    Wrong,
    /// There is no such user any more.
    #[error("the user is gone")]
    UserGone,
    /// Too many wrong ones.
    #[error("too many tries; wait {0:?}")]
    Throttled(Duration),
    /// Try again.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl<S: Store> Hardtack<S> {
    /// The user, whose password this is. Wrong ones are counted for each session, whatever they are
    /// asked for: a stolen session must not become a way to guess the password, and a stranger who
    /// guesses at the login must not keep its owner from anything.
    ///
    /// What was `refused` is reported as that.
    pub(crate) async fn prove_password(
        &self,
        place: &Place<'_>,
        user: UserId,
        session: Option<SessionId>,
        password: Password,
        refused: &Event,
        client: &Client,
    ) -> Result<User, ProofError> {
        let attempt = Attempt::reserve(
            &self.throttles().old_password,
            (user, session),
            self.clock().now(),
        );
        let attempt = attempt.map_err(|wait| {
            self.report(refused, client);
            ProofError::Throttled(wait)
        })?;
        let found = self.store().find_user(user).await;
        let Some(UserWithPassword {
            user,
            password_hash,
        }) = found.map_err(Unavailable::from)?
        else {
            return Err(ProofError::UserGone);
        };
        let verification = place
            .run(move |hasher| hasher.verify(&password, Some(&password_hash)))
            .await
            .map_err(Unavailable::from)?;
        if matches!(verification, Verification::Wrong | Verification::Unusable) {
            attempt.failed();
            self.report(refused, client);
            return Err(ProofError::Wrong);
        }
        attempt.succeeded();
        Ok(user)
    }
}
